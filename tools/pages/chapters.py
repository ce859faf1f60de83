"""A chapter's number, made from the label of its page.

{chapter}`gru` is "chapter 7" while the page is called ch07_gru, and "chapter
5.1" is {chapter}`long_lags`, the second page of chapter 5. {Chapter}`gru`
begins a sentence; {chapters}`gradients, lstm and gru` and {chapters}`gradients
to gru` name several. A page's label is its file's name without the number, or
the label above its title, (blocks)=, if another page has that name.
"""

import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from tools.pages import contents

ROLE = re.compile(r"\{([Cc]hapters?)\}`([^`]*)`")
PAGE = re.compile(r"ch(\d\d)_(\w+)")
OWN = re.compile(r"^\(([\w-]+)\)=\n+# ", re.MULTILINE)
BETWEEN = re.compile(r"(,\s+(?:(?:and|or)\s+)?|\s+(?:and|to|or)\s+)")


class ReferencePart(NamedTuple):
    """Words, and the page that they name."""

    words: str
    page: str = ""


class Chapters(NamedTuple):
    """The pages of chapters: their numbers, and by label those that have it."""

    numbers: dict[str, str]
    pages: dict[str, list[str]]

    def parts(self, role: str, labels: str) -> list[ReferencePart]:
        """What the role becomes.

        Raises ValueError for a label of no page or of two, and where the role
        is for several chapters and names one, or the other way round.
        """
        first, *others = BETWEEN.split(labels.strip())
        if role.endswith("s") != bool(others):
            count = "several chapters" if others else "one chapter"
            raise ValueError(f"{{{role}}}: the role is not for {count}: {labels!r}")
        page, number = self._page(first)
        if not others:
            return [ReferencePart(f"{role} {number}", page)]
        found = [ReferencePart(f"{role} "), ReferencePart(number, page)]
        for between, label in zip(others[::2], others[1::2], strict=True):
            page, number = self._page(label)
            found += [
                ReferencePart(" ".join(f"|{between}|".split())[1:-1]),
                ReferencePart(number, page),
            ]
        return found

    def _page(self, label: str) -> tuple[str, str]:
        pages = self.pages.get(label, [])
        if not pages:
            raise ValueError(
                f"no page has the label {label!r}; "
                "expected the name of a chapter's file without chNN_"
            )
        if len(pages) > 1:
            raise ValueError(
                f"the label {label!r} is {' and '.join(pages)}; give one of "
                "them another, (LABEL)= on the line above its title"
            )
        return pages[0], self.numbers[pages[0]]


def number_chapters(pages: list[str]) -> dict[str, str]:
    """The number of each chapter's page, in the order of the contents."""
    found: dict[str, str] = {}
    seen: dict[str, int] = {}
    for page in pages:
        if match := PAGE.fullmatch(page):
            chapter = str(int(match[1]))
            before = seen.get(chapter, 0)
            found[page] = f"{chapter}.{before}" if before else chapter
            seen[chapter] = before + 1
    return found


def read(book: Path, toc: Path | None = None) -> Chapters:
    """The chapters in a book's folder, numbered by its contents or others.

    A page that they leave out has the number of its chapter.
    """
    listed = number_chapters(
        contents.list_pages((toc or book / "_toc.yml").read_text("utf8"))
    )
    pages: dict[str, list[str]] = {}
    for path in sorted(book.glob("ch*.md")):
        if match := PAGE.fullmatch(path.stem):
            own = OWN.search(path.read_text("utf8"))
            pages.setdefault(own[1] if own else match[2], []).append(path.stem)
            listed.setdefault(path.stem, str(int(match[1])))
    return Chapters(listed, pages)


def write_roles(text: str, known: Chapters, of: Collection[str] | None = None) -> str:
    """The text with its roles as words; `of`: those that name such a page.

    Raises ValueError as `Chapters.parts`.
    """

    def role(match: re.Match[str]) -> str:
        parts = known.parts(*match.groups())
        if of is not None and not any(part.page in of for part in parts):
            return match[0]
        return "".join(part.words for part in parts)

    return ROLE.sub(role, text)
