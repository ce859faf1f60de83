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
    to_inner_html,
)

SPOKEN = {"Exercises", "Read next", "Check yourself"}  # without slides
LINES = 16  # of an output that a slide holds
LARGEST = 12  # rows of a table
LONGEST = 800  # letters of a list's or a table's part: more go onto a second slide


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
    opening: list[str] = []
    rest: list[Slide] = []
    for part in section.find_all(True, recursive=False):
        formula = part.name == "div" and "math" in part.get_attribute_list("class")
        if formula or (part.name == "p" and not opening):
            opening.append(to_bare_html(part))
        elif part.name in ("p", "h2", "section"):
            continue
        else:
            rest += _convert_element(title, part)
    if opening:
        yield Slide("", title, "".join(opening))
    yield from rest


def _convert_element(title: str, part: Tag) -> Iterator[Slide]:
    """What one element of a section has to show."""
    classes = part.get_attribute_list("class")
    if "admonition" in classes:
        part = copy.copy(part)
        head = part.find("p", class_="admonition-title")
        name = head.get_text().strip() if head else ""
        if head:
            head.extract()
        listed = part.find("ul", recursive=False)
        after = listed and listed.find_next_sibling()
        if isinstance(listed, Tag) and not after and _is_long(listed):
            items = listed.select(":scope > li")
            for some in _pack_items(items):
                for item in items:
                    item.extract()
                listed.extend(some)
                yield Slide(title, name, to_inner_html(part))
                for said in listed.find_previous_siblings():
                    said.extract()  # what introduces the list is said once
        else:
            yield Slide(title, name, to_inner_html(part))
    elif part.name == "table" or part.find("table"):
        table = part if part.name == "table" else part.find("table")
        if isinstance(table, Tag) and len(table.find_all("tr")) <= LARGEST:
            rows = table.select("tbody > tr")
            for some in _pack_items(rows):
                for row in rows:
                    row.extract()
                (table.tbody or table).extend(some)
                yield Slide("", title, to_bare_html(table))
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


def _is_long(part: Tag) -> bool:
    return len(part.get_text()) > LONGEST


def _pack_items(items: list[Tag]) -> list[list[Tag]]:
    """Items in as few parts as hold LONGEST letters each, evenly filled."""
    sizes = [len(item.get_text()) for item in items]
    total = sum(sizes)
    count = -(-total // LONGEST) or 1
    parts: list[list[Tag]] = [[] for _ in range(count)]
    before = 0
    for item, size in zip(items, sizes, strict=True):
        parts[min(count - 1, (before + size // 2) * count // max(total, 1))].append(
            item
        )
        before += size
    return [part for part in parts if part]


def slides_document(page: Page, course: str) -> str:
    """The slides as one HTML file, for a screen and for paper."""
    return render_document(
        "slides.html", page.title, slides=make_slides(page), course=course
    )
