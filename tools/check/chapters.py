"""A page names a chapter by its label, so that its number may change.

    python -m tools.check.chapters

Fails where a page says "chapter 7" for {chapter}`gru`, and where a label
(tools/pages/chapters.py) is no page's or two pages'. Not looked at are code,
printed text and alternative texts, where no role is read, and the table that
the grader writes from the assignments, which knows no labels.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt

from tools import ROOT
from tools.pages import chapters, weave

GENERATED = {"sample_answers.md"}
BARE = re.compile(r"\b[Cc]hapters?\s+\d+(?:\.\d+)?")
ALT = re.compile(r"^( *):?alt:.*\n(?:\1[ ].*\n)*", re.MULTILINE)


def find_problems(book: Path) -> list[str]:
    """Page, line and what is wrong, for all pages in the book's folder."""
    known = chapters.read(book)
    found = [
        f"{page}.md:1: has the label {label!r}, as has {pages[0]}.md; "
        "put another, (LABEL)=, on the line above its title"
        for label, pages in known.pages.items()
        for page in pages[1:]
    ]
    for path in sorted(book.glob("*.md")):
        if path.name not in GENERATED:
            found += _check_page(path, known)
    return found


def _check_page(path: Path, known: chapters.Chapters) -> Iterator[str]:
    text = read_as_text(path.read_text("utf8"))
    wrong = {m.start(): _suggest_label(m[0], known) for m in BARE.finditer(text)}
    for match in chapters.ROLE.finditer(text):
        try:
            known.parts(*match.groups())
        except ValueError as error:
            wrong[match.start()] = str(error)
    for place, says in sorted(wrong.items()):
        yield f"{path.name}:{text.count(chr(10), 0, place) + 1}: {says}"


def _suggest_label(bare: str, known: chapters.Chapters) -> str:
    *role, number = bare.split()
    for label, pages in known.pages.items():
        if number in [known.numbers[page] for page in pages]:
            more = " ..." if role[0].endswith("s") else ""
            return f"{' '.join(bare.split())!r}, expected {{{role[0]}}}`{label}{more}`"
    return f"{bare!r}: no page has this number"


def read_as_text(page: str) -> str:
    """A page with blanks in place of code; lines keep their numbers."""
    lines = page.splitlines(keepends=True)
    starts = [cell.start for cell in weave.find_cells(page)]
    for token in MarkdownIt().parse(page):
        if token.type != "fence" or token.map is None:
            continue
        start, end = token.map
        if token.info.startswith("{code-cell}"):
            code = min(k for k in starts if k > start)
            head = "".join(lines[start:code])
            lines[start:code] = ALT.sub(_blank_out, head).splitlines(keepends=True)
            start = code
        elif token.info.startswith("{"):
            continue  # a directive, whose text is read
        lines[start:end] = [_blank_out(line) for line in lines[start:end]]
    return "".join(lines)


def _blank_out(text: str | re.Match[str]) -> str:
    return re.sub(r"[^\n]", "", text if isinstance(text, str) else text[0])


def main() -> int:
    """Print the complaints; 1 where there is one."""
    found = find_problems(ROOT / "book")
    print("\n".join(found))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
