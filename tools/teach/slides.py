"""Slides of a page: its questions, sections, figures, predictions and what it asks."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import NamedTuple

from bs4 import Tag

from tools.teach.documents import render_document
from tools.teach.pages import (
    Page,
    find_answered,
    find_questions,
    find_sections,
    to_bare_html,
)

SPOKEN = {"Exercises", "Read next", "Check yourself"}  # without slides
SIDE_PATH = "Side path."  # how the book marks a section that can be left out
LINES = 13  # of text on a slide, in letters that the last row of a room can read
LETTERS = 75  # in a line
FORMULA = 3  # lines that a displayed formula, or a row of one, takes
BLOCKS = ("p", "li", "dt", "dd", "tr")
LARGEST = 12  # rows of a table that is shown at all


class Slide(NamedTuple):
    """One screen; `kind` is printed above its title, and its body is HTML."""

    kind: str
    title: str
    body: str


def make_slides(page: Page) -> list[Slide]:
    """All slides of a page, in its order."""
    items = "".join(f"<li>{text}</li>" for text in find_answered(page))
    found = [Slide("", page.title, f"<ol>{items}</ol>")]
    for title, section in find_sections(page):
        if title not in SPOKEN:
            found += _make_section(title, section)
    for number, question in enumerate(find_questions(page), 1):
        body = f"<details><summary>Answer</summary>{question.answer}</details>"
        asked = f"<p>{question.asked}</p>"
        found.append(Slide("Check yourself", f"Question {number}", asked + body))
    return found


def _make_section(title: str, section: Tag) -> Iterator[Slide]:
    """A section: its first words and formulas, then a slide for each of the rest."""
    opening: list[Tag] = []
    rest: list[Slide] = []
    kind = ""
    for part in section.find_all(True, recursive=False):
        if part.name == "p" and part.get_text(strip=True) == SIDE_PATH:
            kind = SIDE_PATH.rstrip(".")
            continue
        formula = part.name == "div" and "math" in part.get_attribute_list("class")
        if formula or (part.name == "p" and not opening):
            opening.append(part)
        elif part.name in ("p", "h2", "section"):
            continue
        else:
            rest += _convert_element(title, part)
    yield from (Slide(kind, title, body) for body in _paginate(opening))
    yield from rest


def _paginate(blocks: list[Tag]) -> list[str]:
    """Blocks as the HTML of as few slides as hold LINES lines each.

    A list or a table is broken between its items.
    """
    pages: list[list[Tag]] = []
    room = 0
    for block in (part for whole in blocks for part in _break_block(whole)):
        lines = _count_lines(block)
        if not pages or lines > room:
            pages.append([])
            room = LINES
        pages[-1].append(block)
        room -= lines
    return ["".join(map(to_bare_html, page)) for page in pages]


def _break_block(block: Tag) -> list[Tag]:
    """A block, or its items in parts of like size if they fill over a slide."""
    rows = block.select(":scope > li") or block.select("tbody > tr")
    count = -(-_count_lines(block) // LINES)
    if count < 2 or len(rows) < 2:
        return [block]
    sizes = [_count_lines(row) for row in rows]
    ends = [sum(sizes[: k + 1]) for k in range(len(rows))]
    parts = []
    for k in range(count):
        kept = [
            (end - size / 2) * count // (ends[-1] + 1) == k
            for end, size in zip(ends, sizes, strict=True)
        ]
        part = copy.copy(block)
        copies = part.select(":scope > li") or part.select("tbody > tr")
        for row, keep in zip(copies, kept, strict=True):
            if not keep:
                row.decompose()
        if any(kept):
            if part.name == "ol":
                part["start"] = str(kept.index(True) + 1)
            parts.append(part)
    return parts


def _count_lines(block: Tag) -> int:
    """The lines of a screen that a block takes, about."""
    formulas = block.select("math[display=block]")
    rows = sum(max(1, len(one.select("mtr"))) for one in formulas)
    inner = [one for one in block.find_all(BLOCKS) if not one.find(BLOCKS)]
    words = [len(one.get_text(" ", strip=True)) for one in inner or [block]]
    return FORMULA * rows + sum(-(-count // LETTERS) for count in words)


def _convert_element(title: str, part: Tag) -> Iterator[Slide]:
    """What one element of a section has to show."""
    if "admonition" in part.get_attribute_list("class"):
        head = part.find("p", class_="admonition-title")
        name = head.get_text().strip() if head else ""
        blocks = [
            one for one in part.find_all(True, recursive=False) if one is not head
        ]
        inner = [
            one.find(["ul", "ol"]) or one
            if "predict-field" in one.get_attribute_list("class")
            else one
            for one in blocks
        ]
        yield from (Slide(title, name, body) for body in _paginate(inner))
    elif part.name == "table" or part.find("table"):
        table = part if part.name == "table" else part.find("table")
        if isinstance(table, Tag) and len(table.find_all("tr")) <= LARGEST:
            yield from (Slide("", title, body) for body in _paginate([table]))
    elif part.name == "figure" or part.find("figure"):
        figures = [part] if part.name == "figure" else part.find_all("figure")
        for figure in figures:
            pictures = figure.select("img")
            if len(pictures) < 2:
                yield Slide("", title, to_bare_html(figure))
            else:  # to be turned over, one by one
                for number, one in enumerate(pictures, 1):
                    yield Slide(
                        f"{number} of {len(pictures)}", title, to_bare_html(one)
                    )
    elif part.name and part.name.startswith("live-"):
        asked, still = part.find("p"), part.find("img")
        if asked and still:
            yield Slide(
                "Live in the book", title, to_bare_html(asked) + to_bare_html(still)
            )
    else:
        for output in part.select(".cell_output pre"):
            if output.get_text().count("\n") <= LINES:
                yield Slide("What came", title, to_bare_html(output))


def slides_document(page: Page, course: str) -> str:
    """The slides as one HTML file, for a screen and for paper."""
    return render_document(
        "slides.html", page.title, slides=make_slides(page), course=course
    )
