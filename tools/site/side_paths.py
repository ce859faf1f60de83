"""A Sphinx extension that shows the short way and its side paths.

book/short_way.yml names the sections of the short way. Where a page of a chapter
states its minutes, it says how many of them are on the way; each of its sections
that is not says beneath its heading that it is a side path, and so does each closing
question about one. The directive {short-way} lists the entire short way, for the
first page.
"""

import re
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tools.build import short_way
from tools.build.short_way import ShortWay
from tools.site import reading

CHAPTER = re.compile(r"ch\d\d_")
READ = f"{reading.OWN} minutes to read"
TASK = 18  # minutes; what learners took for one
ASIDE = "*Side path.*"
ASKED_ASIDE = " *(side path)*"  # behind a question


def mark(way: ShortWay, page: str, text: str) -> str:
    """The page's text: its minutes on the way, and a line under each side path."""
    titles = way.sections.get(page)
    if titles is None:
        return text.replace(READ, f"{READ}, a side path", 1)
    aside = [
        section
        for section in short_way.list_sections(text)
        if section.title not in short_way.WITH_ITS_PAGE
        and not way.holds(page, section.title)
    ]
    minutes = reading.count_minutes(way.on_it(page, text))
    for section in reversed(aside):
        end = section.start + len(f"## {section.title}")
        text = f"{text[:end]}\n\n{ASIDE}\n{text[end:]}"
    questions = way.aside.get(page, [])
    text = short_way.QUESTION.sub(
        lambda match: (
            match[0].replace("\n", f"{ASKED_ASIDE}\n", 1)
            if int(match[1]) in questions
            else match[0]
        ),
        text,
    )
    part = f"{minutes} of them" if aside or questions else "all"
    return text.replace(READ, f"{READ}, {part} on the short way", 1)


def _mark_page(app: Sphinx, page: str, text: list[str]) -> None:
    way = short_way.read(Path(app.srcdir))
    if CHAPTER.match(page) and way.sections:
        text[0] = mark(way, page, text[0])


def count_minutes(book: Path) -> int:
    """What the short way takes: its reading and its tasks."""
    tasks = sum(map(len, short_way.read(book).tasks.values()))
    return sum(reading.count_times(book).short_way.values()) + TASK * tasks


def list_way(book: Path, pages: set[str]) -> list[str]:
    """The short way over those of its pages that a book has, as Markdown."""
    way, minutes = short_way.read(book), reading.count_times(book).short_way
    lines = []
    for page, titles in way.sections.items():
        if page not in pages:
            continue
        read = "all of it" if titles == short_way.ALL else "; ".join(titles)
        numbers = way.tasks[page]
        tasks = (
            " and ".join(map(str, numbers))
            if len(numbers) < 3
            else ", ".join(map(str, numbers))
        )
        stop = "" if read.endswith("?") else "."
        some = f"{stop} Then task{'s' * (len(numbers) > 1)} {tasks} of its assignment"
        lines.append(
            f"1. {{doc}}`{page}`, {minutes[page]} min: {read}{some * bool(tasks)}"
        )
    return lines


class ShortWayList(SphinxDirective):
    """The list of the short way."""

    def run(self) -> list[nodes.Node]:
        """One entry for each page."""
        self.env.note_reread()  # it changes with other pages
        lines = list_way(Path(self.env.srcdir), set(self.env.found_docs))
        node = nodes.container(classes=["short-way"])
        self.state.nested_parse(StringList(lines, self.env.docname), 0, node)
        return [node]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", _mark_page)
    app.add_directive("short-way", ShortWayList)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
