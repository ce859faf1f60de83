"""A built page as a teacher's pieces: sections, figures, questions.

The result needs no other file and no network: pictures are embedded, formulas
are MathML, links are words.
"""

from __future__ import annotations

import base64
import copy
import mimetypes
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from bs4 import BeautifulSoup, SoupStrainer, Tag

OFF_PAPER = (
    "script, style:not(svg style), button, svg:not(figure svg), picture > source,"
    " .katex-html"
)
MEDIA = {"img": "image/png", "audio": "audio/wav", "video": "video/mp4"}
NUMBER = re.compile(r"^\d+\. ")
QUOTES = '“”"'
KEPT = {"src", "alt", "start", "colspan", "rowspan", "controls"}
KEPT |= {"alttext", "columnalign", "display", "mathvariant", "stretchy"}  # formulas
SENTENCE = re.compile(r"[.?!][”)]?(?=\s+[^\W\d_a-z]|\s+“|\s*$)")  # its end
LIVE = re.compile(r"<(live-\w+)")  # the element of a live figure
FLIPBOOK = "rnn-flipbook"  # the class of a figure whose pages are turned
MARKED = "rnn-heat"  # of a figure that is a text whose tokens are marked
FEWEST = 40  # letters: less is a heading, such as "The picture to remember."


class Wrong(NamedTuple):
    """A usual wrong answer to a question, and the reply to it; as HTML."""

    says: str
    reply: str


class Question(NamedTuple):
    """A closing question of a page with its answers; as HTML."""

    page: str
    asked: str
    answer: str
    wrong: list[Wrong]


class Page(NamedTuple):
    """A page of the built book."""

    name: str
    title: str
    article: Tag


class Unreadable(Exception):
    """The book lacks what is to be taken from it; the message says what."""


def read_page(html: Path, name: str) -> Page:
    """The page of the book built in `html`.

    Raises Unreadable if it is missing, or is no page of a book.
    """
    path = html / f"{name}.html"
    if not path.exists():
        raise Unreadable(f"expected the built page {path}: make book")
    only = SoupStrainer("article")
    # html.parser knows that a source is empty; lxml puts the picture's img into it
    article = BeautifulSoup(path.read_bytes(), "html.parser", parse_only=only).article
    if not isinstance(article, Tag) or not isinstance(article.h1, Tag):
        raise Unreadable(f"{path}: expected a page with a title, got none")
    for link in article.select("a.headerlink"):
        link.decompose()
    return Page(name, article.h1.get_text().strip(), make_whole(article, html))


def make_whole(article: Tag, html: Path) -> Tag:
    """The article without scripts and links, with its pictures inside.

    A formula's `alttext` is its TeX. What the page shows only after a
    prediction is folded; what it never shows is gone.
    """
    for answer in article.select(".predict-answer"):
        answer.wrap(Tag(name="details")).insert(0, make_summary("Answer"))
        del answer["hidden"]
    for one in article.select("[hidden]:not(.rnn-flipbook img)"):
        one.decompose()
    for note in article.find_all("annotation"):
        if formula := note.find_parent("math"):
            formula["alttext"] = note.get_text().strip()
    for one in article.select(f"annotation, .eqno, {OFF_PAPER}"):
        one.decompose()
    for one in article.select("a, picture, span.katex, .katex-mathml, span.with-stop"):
        one.unwrap()
    for one in article.find_all(list(MEDIA)):
        one["src"] = inline_file(html, str(one.get("src", "")), MEDIA[one.name])
    return article


def make_summary(text: str) -> Tag:
    summary = Tag(name="summary")
    summary.string = text
    return summary


def inline_file(html: Path, source: str, usual: str) -> str:
    """A picture's, sound's or film's file as an address that holds it.

    Raises Unreadable if it is not in the book.
    """
    if source.startswith("data:"):
        return source
    path = (html / source.partition("?")[0]).resolve()
    if not path.is_relative_to(html.resolve()) or not path.is_file():
        raise Unreadable(f"expected a file of the book in {html}, got {source}")
    kind = mimetypes.guess_type(path.name)[0] or usual
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def read_live(html: Path, names: Iterable[str]) -> list[str]:
    """The scripts of live figures, by their elements' names, with their data.

    Raises Unreadable if the book built in `html` lacks one.
    """
    folder, found = html / "_static" / "live", []
    for name in names:
        path = folder / f"{name.removeprefix('live-')}.js"
        if not path.is_file():
            raise Unreadable(f"expected the script of a live figure, got no {path}")
        found.append(path.read_text("utf-8"))
    code = "".join(found)
    for path in sorted((folder / "data").glob("*.js"), reverse=True):
        family = path.stem.rpartition("-")[0]
        if f'"{path.stem}"' in code or (family and f"`{family}-$" in code):
            found.insert(0, path.read_text("utf-8"))
    return found


def cut_after(element: Tag, most: int) -> Tag:
    """A copy that ends with a sentence: with `most` letters, or with its first."""
    made = copy.copy(element)
    leaves = list(made.find_all(string=True))
    text = "".join("x" * len(one) if one.find_parent("math") else one for one in leaves)
    ends = [m.end() for m in SENTENCE.finditer(text) if m.end() > FEWEST]
    left = max(
        [end for end in ends if end <= most], default=min(ends, default=len(text))
    )
    for leaf in leaves:
        if left < len(leaf):
            leaf.replace_with(leaf[: max(0, left)])
        left -= len(leaf)
    for one in made.find_all(lambda one: not one.find_parent("math")):
        if (
            not one.decomposed
            and not one.get_text(strip=True)
            and not one.find([*MEDIA])
        ):
            one.decompose()
    return made


def cut_html(text: str, most: int) -> str:
    """HTML that ends so."""
    return str(cut_after(BeautifulSoup(text, "html.parser"), most))


def to_bare_html(element: Tag) -> str:
    """An element as HTML that keeps nothing of the book's own looks."""
    made = copy.copy(element)
    for one in [made, *made.find_all(True)]:
        if not any(map(_keeps_its_own, [one, *one.parents])):
            one.attrs = {key: value for key, value in one.attrs.items() if key in KEPT}
    return str(made)


def _keeps_its_own(element: Tag) -> bool:
    """Whether it is a drawing, a marked text, or what acts: a flipbook, a live figure."""
    acts = element.name.startswith("live-")
    own = {FLIPBOOK, MARKED}.intersection(element.get_attribute_list("class"))
    return acts or element.name == "svg" or bool(own)


def to_inner_html(element: Tag) -> str:
    """What an element holds, as such HTML."""
    made = BeautifulSoup(to_bare_html(element), "html.parser")
    if isinstance(made.contents[0], Tag):
        made.contents[0].unwrap()
    return str(made).strip()


def find_sections(page: Page) -> Iterator[tuple[str, Tag]]:
    """The sections of a page, by their titles."""
    for section in page.article.find_all("section"):
        heading = section.find("h2", recursive=False)
        if isinstance(heading, Tag):
            yield heading.get_text().strip(), section


def find_answered(page: Page) -> list[str]:
    """The questions that a page says it answers, as HTML."""
    first = page.article.find("ol")
    return [to_inner_html(item) for item in first.find_all("li")] if first else []


def find_questions(page: Page) -> list[Question]:
    """The closing questions of a page, each with its answers.

    Raises Unreadable if one has no answer, or no wrong one.
    """
    found = []
    for title, section in find_sections(page):
        if title == "Check yourself":
            found += [_read_question(page, one) for one in section.find_all("details")]
    return found


def _read_question(page: Page, box: Tag) -> Question:
    head, body = box.select_one(".sd-summary-text"), box.select_one(".sd-card-body")
    if head is None or body is None:
        raise Unreadable(
            f"{page.name}: expected a question, got {box.get_text()[:80]!r}"
        )
    asked, body = NUMBER.sub("", to_inner_html(head)), copy.copy(body)
    wrong = [
        Wrong(to_inner_html(says).strip().strip(QUOTES), to_inner_html(reply))
        for says, reply in zip(
            body.select("dl > dt"), body.select("dl > dd"), strict=True
        )
    ]
    for part in body.find_all("dl", recursive=False):
        part.extract()
    answer = to_inner_html(body)
    if not answer or not wrong:
        raise Unreadable(f"{page.name}: expected answers, a wrong one too, to: {asked}")
    return Question(page.name, asked, answer, wrong)
