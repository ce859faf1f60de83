"""A Sphinx extension that says how many minutes a page takes to read.

{minutes}`page` is this page's number; {minutes}`shortest` and
{minutes}`longest` are those of the chapters' pages, {minutes}`Part I` is a
part's sum to the nearest five, and {minutes}`NAME` those of the page of that
name. All are counted when the book is built; no source holds them. The build
names each page that takes longer than it should.

Counted are the words of the prose at the pace of technical prose, the
displayed equations and the lines of code that are not folded, each in words: a
line of code takes as long as nine words, about twice those that it holds, and
an equation as long as sixty. A prediction takes two minutes and a closing
question one, in addition to their words. Left out are a self-test, whose time its
page's head names, and the usual wrong answers to the closing questions, of
which a reader unfolds their own.
"""

import functools
import math
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

from tools import ROOT
from tools.pages import contents, weave
from tools.site.page_metadata import find_parts

A_MINUTE = 150  # words
LINE, EQUATION = 9, 60  # words
PREDICTION, QUESTION = 2 * A_MINUTE, A_MINUTE  # time to think, in words
MOST = 40  # minutes; a longer page is named when the book is built
OWN = "{minutes}`page`"  # how a page states its time
PART = re.compile(r"Part [IVX]+\b")
DISPLAYED = re.compile(r"^\$\$.*?^\$\$", re.DOTALL | re.MULTILINE)
# A wrong answer, as a reader would say it, and the reply to it.
WRONG = re.compile(r'^(".+")\n: (.+)$', re.MULTILINE)
# What a box offers is weighed in the time to think; its answer is not there yet.
OFFERED = re.compile(r"^:(?:choices|number|curve|answer): .*\n", re.MULTILINE)
PREDICT = re.compile(r"^:{3,}\{predict\}", re.MULTILINE)
ASKED = re.compile(r"^:{3,}\{dropdown\} \d+\. ", re.MULTILINE)
INCLUDED = re.compile(r"^```\{literalinclude\} (\S+)$", re.MULTILINE)
FOLDED = {"hide-input", "remove-input", "remove-cell"}


def read_options(text: str, cell: weave.PageCell) -> dict:
    """The YAML that stands between a cell's fence and its code."""
    lines = text.splitlines()
    start = cell.start
    while not lines[start - 1].startswith("```{code-cell}"):
        start -= 1
    head = [line for line in lines[start : cell.start] if line != "---"]
    if head and head[0].startswith(":"):
        head = [re.sub(r"^:([\w-]+):", r"\1:", line) for line in head]
    return yaml.safe_load("\n".join(head)) or {}


def is_folded(text: str, cell: weave.PageCell) -> bool:
    """Whether a page folds a cell's code away, or hides it."""
    return bool(FOLDED & set(read_options(text, cell).get("tags", [])))


def read_included(text: str) -> list[str]:
    """The lines of the files that a page prints in full."""
    return [
        line
        for name in INCLUDED.findall(text)
        for line in (ROOT / "book" / name).read_text("utf8").splitlines()
        if line.strip()
    ]


def extract_prose(text: str) -> str:
    """A page without code, front matter and displayed equations."""
    blocks = r"\A---.*?^---$|^```.*?^```$"
    text = re.sub(blocks, "", text, flags=re.DOTALL | re.MULTILINE)
    return DISPLAYED.sub("", text)


def count_minutes(text: str) -> int:
    """How long a page takes to read, rounded up."""
    return math.ceil(count_words(text) / A_MINUTE)


def keep_what_is_read(text: str) -> str:
    """A page without its self-test, and without what few readers unfold."""
    text, _, _ = contents.COMMENT.sub("", text).partition("\n## Self-test")
    return OFFERED.sub("", WRONG.sub("", text))


def count_prose(text: str) -> int:
    """The words of a page's sentences, its questions among them."""
    return len(extract_prose(keep_what_is_read(text)).split())


def count_words(text: str) -> int:
    """What a page or a section holds and asks, in words."""
    text = keep_what_is_read(text)
    shown = [
        line
        for cell in weave.find_cells(text)
        if not is_folded(text, cell)
        for line in cell.lines
        if line.strip()
    ]
    words = count_prose(text)
    words += LINE * (len(shown) + len(read_included(text)))
    words += EQUATION * len(DISPLAYED.findall(text))
    words += PREDICTION * len(PREDICT.findall(text))
    return words + QUESTION * len(ASKED.findall(text))


class Times(NamedTuple):
    """The minutes of the chapters' pages, and their sums by part."""

    pages: dict[str, int]
    parts: dict[str, int]


@functools.cache
def count_times(book: Path) -> Times:
    """Of the pages in a book's contents; a part reaches to the next "Part"."""
    pages, sums, part = {}, Counter[str](), ""
    for page, caption in find_parts((book / "_toc.yml").read_text("utf8")).items():
        if found := PART.match(caption):
            part = found[0]
        if re.match(r"ch\d\d_", page):
            text = (book / f"{page}.md").read_text("utf8")
            pages[page] = count_minutes(text)
            sums[part] += pages[page]
    return Times(pages, dict(sums))


def format_number(what: str, page: str, book: Path) -> str:
    """The role's number in a page's text.

    Raises ValueError where `what` is none of the role's words.
    """
    if what == "page":
        return str(count_minutes(page))
    if what in ("shortest", "longest"):
        every = count_times(book).pages.values()
        return str((min if what == "shortest" else max)(every, default=0))
    if PART.fullmatch(what):
        return str(5 * round(count_times(book).parts.get(what, 0) / 5))
    found = count_times(book)
    if what in found.pages:
        return str(found.pages[what])
    expected = "page, shortest, longest, a page's name or a part, such as Part I"
    raise ValueError(f"{{minutes}}: expected {expected}, got {what!r}")


def too_long(pages: Iterable[Path]) -> list[str]:
    """A line for each page that states its time and takes over MOST minutes."""
    texts = {page.name: page.read_text("utf8") for page in pages}
    counts = {name: count_minutes(text) for name, text in texts.items() if OWN in text}
    return [
        f"warning: {name} takes {count} minutes to read, over {MOST}: "
        "split it or shorten it"
        for name, count in counts.items()
        if count > MOST
    ]


class Minutes(SphinxRole):
    """A number of minutes."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """The number; a warning if there is none of that name."""
        page = Path(self.env.doc2path(self.env.docname)).read_text("utf8")
        if self.text != "page":
            self.env.note_reread()  # it changes with other pages
        try:
            number = format_number(self.text, page, Path(self.env.srcdir))
        except ValueError as error:
            logger = logging.getLogger(__name__)
            logger.warning("%s", error, location=self.get_location())
            number = self.text
        return [nodes.Text(number)], []


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_role("minutes", Minutes())
    app.connect("builder-inited", lambda app: count_times.cache_clear())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
