"""Slides of a page, with notes: its questions, sections, figures, predictions.

What is shown is short: the first sentences of a section, of a caption. The rest
of the page's text is the speaker's notes of the slide before it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import NamedTuple

from bs4 import Tag

from tools.teach.pages import (
    FLIPBOOK,
    MARKED,
    Page,
    cut_after,
    cut_html,
    find_answered,
    find_questions,
    find_sections,
    make_summary,
    to_bare_html,
)

SPOKEN = {"Exercises", "Read next", "Check yourself"}  # without slides
SUMMARY = "In three sentences"  # the section that every page ends with
PICTURE = "The picture to remember"  # begins a caption
LINES = 14  # of text on a slide, in letters that the last row of a room can read
LETTERS = 75  # in a line
COLUMNS = 58  # of a line of typewriter's letters
FORMULA = 1.4  # lines that a row of a displayed formula takes, and one around it
LISTS = ("ul", "ol", "dl")
BLOCKS = ("p", "li", "dt", "dd", "tr")
LARGEST = 12  # rows of a table that is shown at all
LEAD = 300  # letters of a section's first words
CAPTION = 150  # letters
TEXT = 8  # lines of a marked text
SHOWN = "figure, table, .cell_output pre"


class Slide(NamedTuple):
    """One screen; `kind` stands above its title, `body` and `notes` are HTML.

    `what` it shows: title, words, equations, picture (the one to remember),
    figure, folded, animation, live, table, output, box, prediction, summary or question.
    `box` names the prediction that it asks or answers; `page` is the title of the
    page that it is from.
    """

    what: str
    kind: str
    title: str
    body: str
    notes: str = ""
    box: str = ""
    page: str = ""


class _Group(NamedTuple):
    """Blocks for one slide, or for several if one does not hold them."""

    what: str
    kind: str
    title: str
    blocks: list[Tag]
    notes: list[Tag]
    box: str = ""


def make_slides(page: Page) -> list[Slide]:
    """All slides of a page, in its order."""
    items = "".join(f"<li>{text}</li>" for text in find_answered(page))
    found = [Slide("title", "", page.title, f"<ol>{items}</ol>")]
    for title, section in find_sections(page):
        if title not in SPOKEN:
            found += _make_section(title, section)
    for number, one in enumerate(find_questions(page), 1):
        body = (
            f"<details><summary>Answer</summary>{cut_html(one.answer, LEAD)}</details>"
        )
        wrong = "".join(f"<p>“{w.says}”</p>{w.reply}" for w in one.wrong)
        found.append(
            Slide(
                "question",
                "Check yourself",
                f"Question {number}",
                f"<p>{one.asked}</p>{body}",
                one.answer + wrong,
            )
        )
    return [slide._replace(page=page.title) for slide in found]


def _make_section(title: str, section: Tag) -> Iterator[Slide]:
    """A section's slides, in its order."""
    groups: list[_Group] = []
    for part, name, box in _flatten(title, section):
        _add_part(groups, part, name, box)
    for group in groups:
        notes = "".join(map(to_bare_html, group.notes))
        kind = group.kind or ("What came" if group.box else "")
        for body in _paginate(group.blocks):
            yield Slide(group.what, kind, group.title, body, notes, group.box)
            notes = ""


def _flatten(title: str, section: Tag, box: str = "") -> Iterator[tuple[Tag, str, str]]:
    """The parts of a section and those inside it: each with its title and box."""
    for part in section.find_all(True, recursive=False):
        if part.name in ("h2", "h3"):
            continue
        if part.name == "section":
            heading = part.find("h3", recursive=False)
            yield from _flatten(
                heading.get_text().strip() if heading else title, part, box
            )
        elif "predict-result" in part.get_attribute_list("class"):
            yield from _flatten(title, part, str(part["data-box"]))
        else:
            yield part, title, box


def _add_part(groups: list[_Group], part: Tag, title: str, box: str) -> None:
    """Add what one part shows to groups, or its text to the notes of the last."""
    last = groups[-1] if groups else None
    long = part.name in LISTS and _count_lines(part) > LINES
    if part.name == "p" or long:
        asked = last is not None and last.what == "prediction" and box == last.box
        if last and (long or not asked):
            last.notes.append(part)
            return
        short = cut_after(part, LEAD)
        rest = [part] if short.get_text() != part.get_text() else []
        what = "summary" if title == SUMMARY else "words"
        groups.append(_Group(what, "", title, [short], rest, box))
    elif part.name == "div" and "math" in part.get_attribute_list("class"):
        if last and last.what in ("words", "equations"):
            groups[-1] = last._replace(what="equations", blocks=[*last.blocks, part])
        else:
            said = [cut_after(last.notes.pop(), LEAD)] if last and last.notes else []
            groups.append(_Group("equations", "", title, [*said, part], [], box))
    else:
        groups += _convert_part(title, part, box)


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
    count_row = _count_row_lines if block.name == "table" else _count_lines
    sizes = [count_row(row) for row in rows]
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
    if block.name == "table":
        rows = block.find_all("tr")
        return sum(map(_count_row_lines, rows)) + len(rows) // 4  # between them
    formulas = block.select("math[display=block]")
    high = sum(max(1, len(one.select("mtr"))) for one in formulas)
    inner = [one for one in block.find_all(BLOCKS) if not one.find(BLOCKS)]
    if block.name == "pre":
        printed = block.get_text().rstrip().split("\n")
        return sum(max(1, -(-len(line) // COLUMNS)) for line in printed)
    lines = inner or ([] if formulas else [block])
    words = [len(one.get_text(" ", strip=True)) for one in lines]
    told = sum(-(-count // LETTERS) for count in words)
    return told + math.ceil(FORMULA * high) + len(formulas)


def _count_row_lines(row: Tag) -> int:
    """The lines of a table's row, about: its columns are of one width."""
    cells = [len(one.get_text(" ", strip=True)) for one in row.find_all(["td", "th"])]
    return max((-(-count * len(cells) // LETTERS) for count in cells), default=1) or 1


def _convert_part(title: str, part: Tag, box: str) -> Iterator[_Group]:
    """What one part of a section has to show."""
    classes = part.get_attribute_list("class")
    if "admonition" in classes:
        yield _convert_box(title, part, box)
    elif part.name.startswith("live-"):
        yield _convert_live(title, part, box)
    elif part.name in LISTS:
        yield _Group("words", "", title, [part], [], box)
    else:
        every = [part] if part.name in ("figure", "table") else part.select(SHOWN)
        for one in every:
            if one.find_parent(["figure", "table"]) is None:
                yield from _convert_shown(title, one, box)


def _convert_box(title: str, part: Tag, box: str) -> _Group:
    """A note, a warning or a prediction, under the name that the page gives it."""
    head = part.find("p", class_="admonition-title")
    name = head.get_text().strip() if head else ""
    predicts = "predict" in part.get_attribute_list("class")
    blocks = [
        one.find(["ul", "ol"])
        if "predict-field" in one.get_attribute_list("class")
        else one
        for one in part.find_all(True, recursive=False)
        if one is not head
    ]
    shown = [one for one in blocks if one is not None and one.get_text(strip=True)]
    if not predicts:
        return _Group("box", title, name, shown, [], box)
    return _Group("prediction", title, name, shown, [], str(part.get("id", "")))


def _convert_live(title: str, part: Tag, box: str) -> _Group:
    """A live figure, below what it asks."""
    asked = part.find("p")
    figure = copy.copy(part)
    if question := figure.find("p"):
        question.decompose()
    return _Group("live", "Live", title, [*([asked] if asked else []), figure], [], box)


def _convert_shown(title: str, one: Tag, box: str) -> Iterator[_Group]:
    """A figure, a table or what a cell printed."""
    folded = one.find_parent("details")
    if one.name == "table":
        if len(one.find_all("tr")) <= LARGEST:
            yield _Group("table", "", title, [one], [], box)
    elif one.name == "pre":
        if _count_lines(one) <= LINES:
            yield _Group("output", "What came", title, [one], [], box)
    elif folded and (name := folded.find("summary")):
        shown = Tag(name="details")
        shown.extend([make_summary(name.get_text().strip()), copy.copy(one)])
        yield _Group("folded", "", title, [shown], [], box)
    elif FLIPBOOK in one.get_attribute_list("class"):
        yield _Group("animation", "", title, [one], [], box)
    elif MARKED in one.get_attribute_list("class"):
        yield _Group("figure", "", title, [_cut_marked(one)], [], box)
    elif len(pictures := one.select("img")) > 1:  # to be turned over, one by one
        for number, picture in enumerate(pictures, 1):
            kind = f"{number} of {len(pictures)}"
            yield _Group("figure", kind, title, [picture], [], box)
    else:
        yield _convert_figure(title, one, box)


def _cut_marked(figure: Tag) -> Tag:
    """The first lines of a marked text, without the table of its numbers."""
    made, ended = copy.copy(figure), 0
    for numbers in made.find_all("details"):
        numbers.decompose()
    for token in made.select("div > span"):
        if ended == TEXT:
            token.decompose()
        else:
            ended += token.get_text().count("\n")
    return made


def _convert_figure(title: str, figure: Tag, box: str) -> _Group:
    """A figure with the first words of its caption."""
    made = copy.copy(figure)
    notes: list[Tag] = []
    what = "figure"
    if caption := made.find("figcaption"):
        whole = copy.copy(caption)
        short = cut_after(caption, CAPTION)
        if short.get_text() != whole.get_text():
            notes = whole.find_all("p") or [whole]
        if PICTURE in whole.get_text():
            what = "picture"
        caption.replace_with(short)
    return _Group(what, "", title, [made], notes, box)
