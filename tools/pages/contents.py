"""The book's contents, and references to pages that it does not have.

A course may leave chapters out: `book/_toc.yml` says which pages there are.
A reference to a page that is not among them becomes plain text. One to a page
that does not exist is still an error, which Sphinx reports.
"""

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

LINK = re.compile(
    r"(?<!!)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\((?:\./)?([\w-]+)(?:\.md)?(?:#[^)\s]*)?\)"
)
DOC = re.compile(r"\{doc\}`(?:([^`<]*?)\s*<([\w-]+)>|([\w-]+))`")
LABELLED = re.compile(r"\{(?:ref|numref|eq)\}`(?:([^`<]*?)\s*<([^`>]+)>|([^`<]+))`")
LABEL = re.compile(
    r"^\(([\w-]+)\)=|^\s*:?(?:label|name): *([\w-]+) *$|^\$\$ *\(([\w-]+)\)",
    re.MULTILINE,
)
COMMENT = re.compile(r"^% .*(?:\n|\Z)", re.MULTILINE)
TITLE = re.compile(r"^# (.*)$", re.MULTILINE)
HEADING_OR_MODULES = re.compile(
    r"^#+ `([\w.]+)`$|^```\{modules\}\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
MODULE = """\
{heading} `{name}`

```{{eval-rst}}
.. automodule:: {name}
   :members: {members}
```"""


SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
FENCED = re.compile(r"^(`{3,}|:{3,}).*?^\1", re.DOTALL | re.MULTILINE)
# The closing sections of each page go with their page.
WITH_ITS_PAGE = {"In three sentences", "Check yourself", "Exercises", "Read next"}


class Section(NamedTuple):
    """A section of a page: its title, and where its heading is in the text."""

    title: str
    start: int
    end: int


def list_sections(text: str) -> list[Section]:
    """The sections of a page, in order."""
    blank = FENCED.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    starts = [(m[1], m.start()) for m in SECTION.finditer(blank)]
    ends = [start for _, start in starts[1:]] + [len(text)]
    return [
        Section(title, start, end)
        for (title, start), end in zip(starts, ends, strict=True)
    ]


class Absent(NamedTuple):
    """The labels and terms of pages that the contents leave out."""

    titles: dict[str, str]  # by page
    labels: dict[str, str]  # a label's page


def list_pages(toc: str) -> list[str]:
    """The pages that the text of a contents file names."""
    return [*_walk_pages(yaml.safe_load(toc))]


def _walk_pages(part: Any) -> Iterator[str]:
    for key, value in part.items():
        if key in ("root", "file"):
            yield value.removesuffix(".md")
        elif key in ("parts", "chapters", "sections"):
            for entry in value or ():  # a part that was emptied
                yield from _walk_pages(entry)


def remove_page(toc: str, left_out: str) -> str:
    """The contents without a page, and without a part that held it alone."""
    return yaml.safe_dump(_remove_page(yaml.safe_load(toc), left_out), sort_keys=False)


def _remove_page(part: dict[str, Any], left_out: str) -> dict[str, Any]:
    kept = {}
    for key, value in part.items():
        if key in ("parts", "chapters", "sections"):
            there = [e for e in value or () if e.get("file") != left_out]
            value = [_remove_page(e, left_out) for e in there]
            value = [e for e in value if "file" in e or e.get("chapters")]
        kept[key] = value
    return {key: value for key, value in kept.items() if value != []}


def expand_modules(text: str) -> str:
    """A page with a section for each line of its `{modules}` blocks.

    A line is a module, or a module and those of its members that are shown. One
    of the package that the heading above names stands a level deeper.
    """
    above = ""

    def to_sections(match: re.Match[str]) -> str:
        nonlocal above
        if match[1]:
            above = match[1]
            return match[0]
        sections = []
        for line in match[2].splitlines():
            name, _, members = line.partition(" ")
            heading = "####" if above and name.startswith(f"{above}.") else "###"
            sections.append(MODULE.format(heading=heading, name=name, members=members))
        return "\n\n".join(sections).replace(": \n", ":\n")

    return HEADING_OR_MODULES.sub(to_sections, text)


def find_absent(book: Path, kept: Collection[str]) -> Absent:
    """The pages in the book's folder that are not kept."""
    titles: dict[str, str] = {}
    labels: dict[str, str] = {}
    here: set[str] = set()
    for path in sorted(book.glob("*.md")):
        text = path.read_text("utf8")
        found = {"".join(groups) for groups in LABEL.findall(text)}
        if path.stem in kept:
            here |= found
            continue
        title = TITLE.search(text)
        titles[path.stem] = title[1] if title else path.stem
        labels |= dict.fromkeys(found, path.stem)
    return Absent(titles, {k: v for k, v in labels.items() if k not in here})


def unlink_absent(text: str, missing: Absent) -> str:
    """The text with references to absent pages as words."""

    def to_page(match: re.Match[str]) -> str:
        words, page, *bare = match.groups()
        title = missing.titles.get(page or bare[0])
        return match[0] if title is None else words or f"*{title}*"

    def to_label(match: re.Match[str]) -> str:
        words, label, bare = match.groups()
        page = missing.labels.get(label or bare)
        if page is None:
            return match[0]
        title = f"*{missing.titles[page]}*"
        return title if not words or "%s" in words or "{" in words else words

    text = LINK.sub(to_page, text)
    return LABELLED.sub(to_label, DOC.sub(to_page, text))
