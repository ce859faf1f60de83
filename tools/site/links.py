"""A Sphinx extension that numbers chapters, figures and equations, and links
what a text names.

A page's number is that of its file: ch06_lstm is 6, a second page of chapter
10 is 10.1. It stands before the title, so that the sidebar, the previous and
the next page show it. A chapter's figures, tables, listings and equations are
counted within it, over all its pages: Fig. 10.3. {chapter}`lstm` is a link,
"chapter 6" (tools/pages/chapters.py); a label that no page has is an error. In
what is generated from code, which has no labels, "chapter 6" itself becomes a
link. The first use of each glossary term on a chapter's page, written as in the
glossary, leads there and shows the definition. The glossary says at its top
which terms have other senses too: these are linked in the chapters alone that
their entries name. A command of tools/, which a learners' copy lacks, leads to the
section of the set-up that says so.
"""

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment.collectors.toctree import TocTreeCollector
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

from tools.pages import chapters, contents, cut

GLOSSARY = "glossary"
TOOL = "python -m tools."  # how such a command begins
WHERE, WHOLE = "setup", "full-repository"  # the page and label that explain it
GENERATED = ("api", "grading")  # docstrings; the mistakes in the assignments
PAGE = re.compile(r"ch(\d\d)_")
TITLE = re.compile(r"^# ", re.MULTILINE)
CHAPTERS = re.compile(r"\b[Cc]hapters?\s\d+(?:(?:,\s|,?\s(?:and|to|or)\s)\d+)*")
NUMBER = re.compile(r"(?:[Cc]hapter\s)?\d+")
AS_WRITTEN = (
    nodes.reference,
    nodes.literal,
    nodes.literal_block,
    nodes.title,
    nodes.math,
    nodes.math_block,
    nodes.raw,
    nodes.citation,
    nodes.term,
)


def _number_title(app: Sphinx, page: str, text: list[str]) -> None:
    toc = Path(app.config.external_toc_path).read_text("utf8")
    number = chapters.number_chapters(contents.list_pages(toc)).get(page)
    if number is not None:
        text[0] = TITLE.sub(f"# {number}. ", text[0], count=1)


def _count_within_chapters(app: Sphinx, env: Any) -> list[str]:
    """Count again what Sphinx, which sees no numbers, counts through the book."""
    sections = env.toc_secnumbers
    env.toc_secnumbers = {
        page: {"": (int(match[1]),)}
        for page in env.found_docs
        if (match := PAGE.match(page))
    }
    changed = TocTreeCollector().assign_figure_numbers(env)
    env.toc_secnumbers = sections
    return changed


class Chapter(SphinxRole):
    """The number of a page; Links makes the link."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Words, and what they name."""
        written = self.rawtext.lstrip(":").partition(":")[0]  # with its capital
        try:
            parts = _number_chapters(self.env.app).parts(written, self.text)
        except ValueError as error:
            logger = logging.getLogger(__name__)
            logger.warning("%s", error, location=self.get_location())
            return [nodes.Text(self.text)], []
        return [
            nodes.inline("", words, chapter=page) if page else nodes.Text(words)
            for words, page in parts
        ], []


@functools.lru_cache(maxsize=1)
def _number_chapters(app: Sphinx) -> chapters.Chapters:
    return chapters.read(Path(app.srcdir), Path(app.config.external_toc_path))


class Links(SphinxPostTransform):
    """Links to chapters and to the glossary, in what Sphinx has resolved."""

    default_priority = 600
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Change the page's text."""
        page = self.env.docname
        self.known = _read_known(self.app)
        for named in [*self.document.findall(nodes.inline)]:
            if "chapter" in named:
                self._link_chapter(named)
        if PAGE.match(page) and WHERE in self.env.found_docs:
            for command in [*self.document.findall(nodes.literal)]:
                self._link_command(command)
        if page in GENERATED:
            for text in self._texts():
                self._replace(text, CHAPTERS, self._to_chapters)
        if PAGE.match(page) and self.known.terms:
            self.terms = {
                name: term
                for name, term in self.known.terms.items()
                if term.chapters is None or page[:4] in term.chapters
            }
            for text in self._texts():
                if _is_in_paragraph(text):
                    self._replace(text, self.known.pattern, self._to_term)

    def _texts(self) -> list[nodes.Text]:
        return [
            text
            for text in self.document.findall(nodes.Text)
            if not any(isinstance(node, AS_WRITTEN) for node in _find_above(text))
        ]

    def _replace(self, text: nodes.Text, what: re.Pattern[str], by: Any) -> None:
        """Put what `by` makes of each match in the match's place."""
        new: list[nodes.Node] = []
        end = 0
        for match in what.finditer(text):
            new += [nodes.Text(text[end : match.start()]), *by(match)]
            end = match.end()
        if new:
            text.parent.replace(text, [*new, nodes.Text(text[end:])])

    def _link_chapter(self, named: nodes.inline) -> None:
        """Link it, but not within a title or a link, nor a page to itself."""
        page, words = named["chapter"], named.astext()
        plain = any(isinstance(node, AS_WRITTEN) for node in _find_above(named))
        if plain or page == self.env.docname or page not in self.env.found_docs:
            named.replace_self(nodes.Text(words))
        else:
            named.replace_self(self._link(page, words, "", "chapter"))

    def _link_command(self, command: nodes.literal) -> None:
        linked = any(isinstance(node, nodes.reference) for node in _find_above(command))
        if command.astext().startswith(TOOL) and not linked:
            title = "It runs in the course's full repository."
            link = self._link(f"{WHERE}#{WHOLE}", "", title, "command")
            command.replace_self(link)
            link += command

    def _to_chapters(self, match: re.Match[str]) -> Iterator[nodes.Node]:
        end = 0
        for one in NUMBER.finditer(match[0]):
            yield nodes.Text(match[0][end : one.start()])
            end = one.end()
            number = one[0].split()[-1]
            page = self.known.pages.get(number)
            if page is None and number not in self.known.cut:
                logging.getLogger(__name__).warning(
                    "%r: no page has this number", match[0], location=match.string
                )
            if page is None:
                yield nodes.Text(f"{one[0]}{cut.FULL}")
            else:
                yield self._link(page, one[0], "", "chapter")
        yield nodes.Text(match[0][end:])

    def _to_term(self, match: re.Match[str]) -> Iterator[nodes.Node]:
        for name in (match[0], match[0].removesuffix("s")):
            if name in self.terms:
                term = self.terms.pop(name)
                to = f"{GLOSSARY}#{term.anchor}"
                yield self._link(to, match[0], term.definition, "term")
                return
        yield nodes.Text(match[0])

    def _link(self, to: str, words: str, title: str, kind: str) -> nodes.Node:
        page, _, anchor = to.partition("#")
        uri = self.app.builder.get_relative_uri(self.env.docname, page)
        link = nodes.reference(
            "", words, internal=True, refuri=f"{uri}#{anchor}" if anchor else uri
        )
        link["classes"].append(kind)
        if title:
            link["reftitle"] = title
        return link


def _find_above(node: nodes.Node) -> Iterator[nodes.Node]:
    while node.parent is not None:
        node = node.parent
        yield node


def _is_in_paragraph(text: nodes.Text) -> bool:
    return any(isinstance(node, nodes.paragraph) for node in _find_above(text))


class Term(NamedTuple):
    """An entry of the glossary."""

    anchor: str
    definition: str
    chapters: list[str] | None  # where it is linked ("ch06"); None: in all


class Known(NamedTuple):
    """What pages may name."""

    pages: dict[str, str]  # by chapter
    cut: set[str]  # the chapters that the contents leave out
    terms: dict[str, Term]
    pattern: re.Pattern[str]  # of the terms


@functools.lru_cache(maxsize=1)
def _read_known(app: Sphinx) -> Known:
    listed = contents.list_pages(Path(app.config.external_toc_path).read_text("utf8"))
    absent = contents.find_absent(Path(app.srcdir), listed).titles
    glossary = GLOSSARY in app.env.found_docs
    terms = dict(find_definitions(app.env)) if glossary else {}
    words = "|".join(sorted(map(re.escape, terms), key=len, reverse=True))
    return Known(
        {
            n: page
            for page, n in chapters.number_chapters(listed).items()
            if "." not in n
        },
        {str(int(match[1])) for name in absent if (match := PAGE.match(name))}
        | {str(number) for number in app.config.cut_chapters},
        terms,
        re.compile(rf"(?<![\w-])(?:{words})s?(?![\w-])"),
    )


def find_definitions(env: Any) -> Iterator[tuple[str, Term]]:
    """Each glossary term."""
    everyday = env.metadata[GLOSSARY].get("everyday", "").split(", ")
    for item in env.get_doctree(GLOSSARY).findall(nodes.definition_list_item):
        defined = item.next_node(nodes.definition)
        definition = " ".join(defined.astext().split())
        inline = defined.findall(nodes.inline)
        named = sorted({n["chapter"][:4] for n in inline if "chapter" in n})
        for term in item.findall(nodes.term):
            name = term.astext()
            chapters = named if name in everyday else None
            yield name, Term(term["ids"][0], definition, chapters)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_role("chapter", Chapter())
    app.add_role("chapters", Chapter())
    app.add_config_value("cut_chapters", [], "env")  # and whose pages are not here
    app.connect("source-read", _number_title)
    app.connect("env-get-updated", _count_within_chapters, priority=600)
    app.add_post_transform(Links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
