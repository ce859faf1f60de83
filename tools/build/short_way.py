"""The short way through the book: which sections are on it, and which tasks.

book/short_way.yml says so, and nothing else: a page with its sections, by their
titles, or "all"; every other section of the chapters is a side path, and so are the
closing questions that it names. What stands above a page's first section belongs to
the way wherever the page does.
"""

import re
from pathlib import Path
from typing import NamedTuple

import yaml

TABLE = "short_way.yml"
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
ALL = "all"
# The closing sections of each page go with their page.
WITH_ITS_PAGE = {"In three sentences", "Check yourself", "Exercises", "Read next"}
QUESTION = re.compile(r"^:::\{dropdown\} (\d+)\. .*?^:::\n", re.DOTALL | re.MULTILINE)
FENCED = re.compile(r"^(`{3,}|:{3,}).*?^\1", re.DOTALL | re.MULTILINE)


class Section(NamedTuple):
    """A section of a page: its title, and where its heading is in the text."""

    title: str
    start: int
    end: int


class ShortWay(NamedTuple):
    """The sections of each page that is on the way, its tasks, and its hours.

    `aside` has the numbers of the closing questions that need a side path.
    """

    sections: dict[str, list[str] | str]
    tasks: dict[str, list[int]]
    hours: int
    aside: dict[str, list[int]]

    def holds(self, page: str, title: str) -> bool:
        """Whether a section is on the way."""
        titles = self.sections.get(page, [])
        return titles == ALL or title in titles

    def on_it(self, page: str, text: str) -> str:
        """The page's text without its side paths."""
        for section in reversed(list_sections(text)):
            if section.title in WITH_ITS_PAGE or self.holds(page, section.title):
                continue
            text = text[: section.start] + text[section.end :]
        aside = self.aside.get(page, [])
        return QUESTION.sub(lambda m: "" if int(m[1]) in aside else m[0], text)


def list_sections(text: str) -> list[Section]:
    """The sections of a page, in order."""
    blank = FENCED.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    starts = [(m[1], m.start()) for m in HEADING.finditer(blank)]
    ends = [start for _, start in starts[1:]] + [len(text)]
    return [
        Section(title, start, end)
        for (title, start), end in zip(starts, ends, strict=True)
    ]


def read(book: Path) -> ShortWay:
    """The table in a book's folder, of the pages that it has.

    A course may leave pages out; a book without a table has no short way.

    Raises ValueError for a section or a closing question that its page does
    not have, and for anything else that is no such table.
    """
    path = book / TABLE
    if not path.exists():
        return ShortWay({}, {}, 0, {})
    table = yaml.safe_load(path.read_text("utf8"))
    expected = {"hours": int, "sections": dict, "tasks": dict, "aside": dict}
    got = {key: type(value) for key, value in {"aside": {}, **table}.items()}
    if got != expected:
        raise ValueError(f"{path.name}: expected {expected}, got {got}")
    there = {
        page: titles
        for page, titles in table["sections"].items()
        if (book / f"{page}.md").exists()
    }
    aside = table.get("aside", {})
    for page, titles in there.items():
        text = (book / f"{page}.md").read_text("utf8")
        known = [section.title for section in list_sections(text)]
        lost = [] if titles == ALL else [t for t in titles if t not in known]
        if lost:
            raise ValueError(f"{path.name}: {page} has no section {lost[0]!r}")
        asked = {int(number) for number in QUESTION.findall(text)}
        if unasked := set(aside.get(page, [])) - asked:
            raise ValueError(f"{path.name}: {page} has no question {min(unasked)}")
    tasks = {page: table["tasks"].get(page, []) for page in there}
    return ShortWay(there, tasks, table["hours"], aside)
