"""A book of some of the chapters: what it says of the others, and what goes.

In a chapter, a name of one that is left out becomes words, "chapter 18 of the
full course". On the other pages (introduction, notation, glossary, ...) what
is only about absent pages goes: a row, an entry, a sentence, a part of one
up to its semicolon, a section whose first paragraph goes. Where that would not
do, a page says itself what belongs to which page of the book:

    % with capstone
    ...                 stays if the book has the page `capstone`
    % end

`% with long` goes from the short course alone (tools/build/short/short_pages.py), and
`% with all` stays if no chapter is left out, `% with answers` if learners get the
course's solutions.
"""

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

import yaml

from tools.pages import chapters, contents

ANSWERS = "answers"  # beside the names of pages: whether learners get them
MARKED = re.compile(r"^% with (\S+)\n(.*?)^% end\n", re.DOTALL | re.MULTILINE)
WHOLE = ("long", "all")
SHORT = re.compile(r"^% short.*\n", re.MULTILINE)
HEAD = re.compile(r"\A---\n(.*?\n)---\n+", re.DOTALL)
NOTEBOOK = re.compile(r"^(?:jupytext:|kernelspec:.*)\n(?: .*\n)*", re.MULTILINE)
CHAPTER = re.compile(r"ch(\d\d)_")
ASSIGNMENT = re.compile(r"\b[Aa]ssignment (\d+)\b")
SENTENCE = re.compile(r"(?<=[.!?)*])\s+(?=[A-Z{(\[`*$])")
ENTRY = re.compile(r"(\S[^\n]*)\n((?: {4}[^\n]*\n?)+)")
ENDS = re.compile(r"(?:\n:{3,})+\Z")
HEADING = re.compile(r"(#+) ")
ITEM = re.compile(r"([-*]|\d+\.) ")
MODULE = re.compile(r"#{3,4} `rnncore\.([\w.]+)`")
FULL = " of the full course"


class Cut(NamedTuple):
    """What a book of some pages has, and what it lacks."""

    known: chapters.Chapters  # of the complete book
    missing: contents.Absent
    kept: tuple[str, ...]

    @property
    def is_full(self) -> bool:
        """Whether no chapter is left out."""
        return not any(CHAPTER.match(page) for page in self.missing.titles)

    @property
    def numbers(self) -> list[int]:
        """The chapters that are left out."""
        found = [CHAPTER.match(page) for page in self.missing.titles]
        there = {page[:5] for page in self.kept}
        return sorted({int(m[1]) for m in found if m and m[0] not in there})


def keep_pages(toc: str, kept: Collection[str]) -> str:
    """The contents with these pages, and without the parts that are then empty."""
    listed = yaml.safe_load(toc)
    return yaml.safe_dump(_keep_entries(listed, kept), sort_keys=False)


def _keep_entries(part: dict[str, Any], kept: Collection[str]) -> dict[str, Any]:
    left = {}
    for key, value in part.items():
        if key in ("parts", "chapters", "sections"):
            there = [e for e in value or () if e.get("file", kept) in (kept, *kept)]
            value = [_keep_entries(entry, kept) for entry in there]
            value = [e for e in value if "file" in e or e.get("chapters")]
        if value != []:
            left[key] = value
    return left


def with_sections(toc: str, wanted: Collection[str]) -> list[str]:
    """The wanted pages and those below them, in the order of the contents."""
    found: list[str] = []

    def walk(part: dict[str, Any], inside: bool) -> None:
        here = part.get("file", part.get("root"))
        inside = inside or here in wanted
        if here and inside:
            found.append(here)
        for key in ("parts", "chapters", "sections"):
            for entry in part.get(key) or ():
                walk(entry, inside and "root" not in part)

    walk(yaml.safe_load(toc), False)
    return found


def cut_page(page: str, text: str, cut: Cut, module_chapters: dict[str, str]) -> str:
    """A page's text in the shortened book.

    `module_chapters` says which chapter ("ch18") builds a module ("scan").
    """
    text = MARKED.sub(lambda m: m[2] if _is_cut(m[1], cut) else "", text)
    text = SHORT.sub("", text)
    if not cut.is_full:
        if page == "api":
            text = _without_modules(text, cut, module_chapters)
        if not CHAPTER.match(page):
            text = _without_absent(text, cut)
        text = _in_full_course(text, cut)
    if "```{code-cell}" not in text:  # a notebook without cells is none
        text = HEAD.sub(_drop_notebook, text, count=1)
    return contents.unlink_absent(text, cut.missing)


def _drop_notebook(head: re.Match[str]) -> str:
    """A page's head without the lines that make a notebook of it."""
    left = NOTEBOOK.sub("", head[1])
    return f"---\n{left}---\n\n" if left else ""


def _is_cut(word: str, cut: Cut) -> bool:
    if word in WHOLE:
        return word == "long" or cut.is_full
    return word in cut.kept


# ------------------------------------------------------- what a text names


def _find_named_pages(text: str, cut: Cut) -> Iterator[str]:
    """The pages that a text names."""
    for role, labels in chapters.ROLE.findall(text):
        yield from _find_pages(role, labels, cut)
    for _, page in contents.LINK.findall(text):
        if page in cut.kept or page in cut.missing.titles:
            yield page
    for _, page, bare in contents.DOC.findall(text):
        yield page or bare
    for _, label, bare in contents.LABELLED.findall(text):
        yield cut.missing.labels.get(label or bare, "")
    of = {n: page for page, n in cut.known.numbers.items()}
    for number in ASSIGNMENT.findall(text):
        yield of.get(number, "")


def _find_pages(role: str, labels: str, cut: Cut) -> list[str]:
    """The chapters of a role, those between two that "to" joins included."""
    first, *others = chapters.BETWEEN.split(labels.strip())
    pages = [cut.known.pages[first][0]]
    for between, label in zip(others[::2], others[1::2], strict=True):
        page = cut.known.pages[label][0]
        if between.strip() == "to":
            every = sorted(p for p, n in cut.known.numbers.items() if "." not in n)
            start, end = every.index(pages[-1]), every.index(page)
            pages += every[start + 1 : end]
        pages.append(page)
    return pages


def _tells_of_absent_alone(text: str, cut: Cut) -> bool:
    named = [page for page in _find_named_pages(text, cut) if page]
    return bool(named) and all(page in cut.missing.titles for page in named)


def _in_full_course(text: str, cut: Cut) -> str:
    """A text in which absent chapters are the full course's."""

    def role(match: re.Match[str]) -> str:
        absent = set(_find_pages(match[1], match[2], cut)) & cut.missing.titles.keys()
        if not absent:
            return match[0]
        parts = cut.known.parts(*match.groups())
        return "".join(part.words for part in parts) + FULL

    return chapters.ROLE.sub(role, text)


# ------------------------------------------------------ on the other pages


def _without_modules(text: str, cut: Cut, module_chapters: dict[str, str]) -> str:
    """The reference without the modules that absent chapters build."""
    whole = contents.expand_modules(text)
    head, *sections = re.split(r"(?m)^(?=#{2,4} )", whole)
    there = {page[:4] for page in cut.kept}
    for section in sections:
        module = MODULE.match(section)
        chapter = module_chapters.get(module[1], "") if module else ""
        if not chapter or chapter in there:
            head += section
    return head


def _without_absent(text: str, cut: Cut) -> str:
    """A page without the parts that are only about pages left out."""
    kept: list[str] = []
    gone = 0  # the level of a section that goes
    for block in _split_blocks(text):
        heading = HEADING.match(block)
        level = len(heading[1]) if heading else 0
        if gone and (not heading or level > gone):
            continue
        gone = 0
        new = block if heading else _cut_block(block, cut)
        if new.strip() or not block.strip():
            kept.append(new)
        elif kept and (before := HEADING.match(kept[-1])) and "|" not in block[:1]:
            kept.pop()
            gone = len(before[1])
    return "\n\n".join(kept).rstrip("\n") + "\n"


def _split_blocks(text: str) -> Iterator[str]:
    """Paragraphs, headings and fences, as empty lines separate them."""
    block: list[str] = []
    fence = ""
    for line in text.split("\n"):
        mark = re.match(r"\s*(`{3,}|---$)", line)
        if mark and (not fence or line.strip().startswith(fence)):
            fence = "" if fence else mark[1]
        if line.strip() or fence:
            block.append(line)
        elif block:
            yield "\n".join(block)
            block = []
    if block:
        yield "\n".join(block)


def _cut_block(block: str, cut: Cut) -> str:
    """A block without what goes; empty if all of it does.

    What ends in its last lines began above it, and stays.
    """
    if ends := ENDS.search(block):
        return f"{_cut_block(block[: ends.start()], cut)}{ends[0]}".lstrip("\n")
    if re.match(r"\s*(```|:::|---|\$\$|%)", block):
        return _cut_directive(block, cut)
    if block.startswith("|"):
        return _cut_table(block, cut)
    if entry := ENTRY.fullmatch(block):
        return (
            ""
            if _tells_of_absent_alone(entry[2], cut)
            else (f"{entry[1]}\n    {_cut_sentences(entry[2].strip(), cut)}")
        )
    if ITEM.match(block):
        lines = re.split(r"\n(?=[-*] |\d+\. )", block)
        return "\n".join(filter(None, (_cut_item(line, cut) for line in lines)))
    return _cut_sentences(block, cut)


def _cut_directive(block: str, cut: Cut) -> str:
    """A fence as it is; of an open one, its sentences."""
    if not block.lstrip().startswith(":::"):
        return block
    lines = block.split("\n")
    text = [i for i, line in enumerate(lines) if not line.startswith(":")]
    for i in text:
        lines[i] = _cut_sentences(lines[i], cut)
    return "\n".join(lines)


def _cut_item(line: str, cut: Cut) -> str:
    mark = ITEM.match(line)
    assert mark
    left = _cut_sentences(line[mark.end() :], cut)
    return mark[0] + left if left else ""


def _cut_table(block: str, cut: Cut) -> str:
    """A table without the rows of which a cell is emptied."""
    head, line, *rows = block.split("\n")
    kept = []
    for row in rows:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
        new = [_cut_clauses(cell, cut) for cell in cells]
        if all(now or not was for was, now in zip(cells, new, strict=True)):
            kept.append(f"| {' | '.join(new)} |")
    return "\n".join([head, line, *kept]) if kept else ""


def _cut_sentences(text: str, cut: Cut) -> str:
    """A paragraph without the sentences, and the clauses, that go."""
    kept: list[str] = []
    if not any(page in cut.missing.titles for page in _find_named_pages(text, cut)):
        return text
    for sentence in SENTENCE.split(text):
        left = _cut_clauses(sentence, cut)
        if left:
            kept.append(left)
        elif kept and sentence.count(")") > sentence.count("("):
            kept[-1] += ")"
    return " ".join(kept)


def _cut_clauses(text: str, cut: Cut) -> str:
    """A sentence or a cell without the clauses that go, up to a semicolon."""
    clauses = text.split("; ")
    kept = [c for c in clauses if not _tells_of_absent_alone(c, cut)]
    if not kept or not text:
        return ""
    if kept[0] != clauses[0] and clauses[0][:1].isupper():
        kept[0] = kept[0][:1].upper() + kept[0][1:]
    if kept[-1] != clauses[-1] and (end := re.search(r"[.!?]\)?$", text)):
        kept[-1] += end[0]
    return chapters.ROLE.sub(_role_of(cut), "; ".join(kept))


def _role_of(cut: Cut) -> Callable[[re.Match[str]], str]:
    """Leave out of a role for several chapters those that are absent."""
    labels = {p: label for label, pages in cut.known.pages.items() for p in pages}

    def role(match: re.Match[str]) -> str:
        pages = _find_pages(match[1], match[2], cut)
        there = [page for page in pages if page not in cut.missing.titles]
        if len(there) in (0, len(pages)):
            return match[0]
        names = [labels[page] for page in there]
        if len(names) == 1:
            return f"{{{match[1].removesuffix('s')}}}`{names[0]}`"
        at = pages.index(there[0])
        if " to " in match[2] and pages[at : at + len(there)] == there:
            joined = f"{names[0]} {'to' if len(names) > 2 else 'and'} {names[-1]}"
        else:
            joined = f"{', '.join(names[:-1])} and {names[-1]}"
        return f"{{{match[1]}}}`{joined}`"

    return role
