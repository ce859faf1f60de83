"""The short course's book: pages cut from the long book's, by book/short.yml.

A page of it is a list of parts, each a page of the long book with the titles of the
sections that stay. In a source,

    % with long
    ...                 is left out of the short book
    % end
    % short> A line     stands in the short book alone
    % short: open       the next code cell is shown, with its code, though the
                        long book folds it; `fold`: it runs, and stays folded;
                        `import`: what it copies from the package is imported

Code that the long book folds goes, but for the statements that what stays needs
(tools/build/short/statements.py). A reference to a page that is left out becomes words, and
a link where LONG_BOOK in the environment says where the long book stands; one to
a figure, an equation or a number that is left out is an error, which names file
and line.
"""

import os
import re
import shutil
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tools.build.short import statements
from tools.build.short.statements import Statement
from tools.pages import chapters, contents, weave
from tools.site import reading

TABLE = "short.yml"
TITLE = "Recurrent neural networks, the short course"
COURSE = "short.toml"  # in schedules/: its assignments, and their tasks
MOST_FOLDED = 15  # lines a page
FOR_THE_LONG = re.compile(r"^% with long$")
END = re.compile(r"^% end$")
ADDED = re.compile(r"^% short> ?(.*)$")
CELL_MARK = re.compile(r"^% short: (open|fold|import)$")
TAGS = re.compile(r"^:?tags: .*\n", re.MULTILINE)
CLOSING = ("In three sentences", "Check yourself")  # that stay, of the first part
CLOSING_LINES = {f"## {title}" for title in CLOSING}
GLUED = re.compile(r"\{glue:\w*\}`([^`:]+)(?::[^`]*)?`")
ANCHORED = re.compile(r"\]\((?:\./)?([\w-]*)(?:\.md)?#([\w-]+)\)")
HREF = re.compile(r'href="([\w-]+)\.html')
HEADING = re.compile(r"^#+ (.+)$")
CLOSING_QUESTION = re.compile(r"(:::\{dropdown\} )(\d+)\. ")
ASKED = re.compile(r"^(\d+)\. ", re.MULTILINE)
FOLDERS = ("_static", "_templates", "extra", "measurements", "wires")
HEAD = """\
---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {name: python3, display_name: Python 3}
---

"""
HOW = "`make lab` opens it, and it checks what you write."
FOLDED_CELL = ("```{code-cell} ipython3", ":tags: [hide-input]")


class ShortError(Exception):
    """Raised with file and line of what leads out of the short book."""


class Line(NamedTuple):
    """A line, and where it comes from."""

    text: str
    file: str
    number: int


class Cell(NamedTuple):
    """A code cell of the long book, and whether the short one shows it."""

    head: list[str]  # its fence and options
    code: list[str]
    mark: str  # "open", "fold", "import" or ""
    shown: bool
    names: list[str]  # that it copies from the package


Block = tuple[Line, Cell | None, bool]  # a line or a cell, and whether it stays


class Plan(NamedTuple):
    """A page of the short book: its parts, and the questions that stay."""

    name: str
    title: str
    parts: list[tuple[str, list[str]]]
    ask: list[int]  # of those at its beginning
    closing: list[int]  # of those at its end


class Assigned(NamedTuple):
    """An assignment of the short course; its tasks, or all of them."""

    name: str
    tasks: list[int]


def read(book: Path) -> list[Plan]:
    """The pages of the short book.

    Raises ShortError for a table that names a page or a section that is not there.
    """
    table = yaml.safe_load((book / TABLE).read_text("utf8"))
    found = []
    for entry in table["pages"]:
        parts = [
            (page, titles) for one in entry["parts"] for page, titles in one.items()
        ]
        for page, titles in parts:
            path = book / f"{page}.md"
            if not path.exists():
                raise ShortError(f"{TABLE}: there is no page {page}")
            known = [s.title for s in contents.list_sections(path.read_text("utf8"))]
            for title in titles:
                if title not in known:
                    raise ShortError(f"{TABLE}: {page} has no section {title!r}")
        found.append(
            Plan(
                entry.get("name", parts[0][0]),
                entry.get("title", ""),
                parts,
                entry.get("ask", []),
                entry.get("closing", []),
            )
        )
    return found


def read_assigned(course: Path) -> dict[str, list[Assigned]]:
    """By the page after which they come: the assignments of a course file."""
    table = tomllib.loads(course.read_text("utf8"))
    weeks = [(week["chapters"], week["assignments"]) for week in table["weeks"]]
    return list_assigned(weeks, table["tasks"])


def list_assigned(
    weeks: Iterable[tuple[Sequence[str], Sequence[str]]],
    tasks: Mapping[str, Sequence[int]],
) -> dict[str, list[Assigned]]:
    """By the last page of each week: its assignments, and their tasks."""
    return {
        pages[-1]: [Assigned(name, list(tasks.get(name, ()))) for name in names]
        for pages, names in weeks
        if pages
    }


def list_sections(plans: Iterable[Plan]) -> set[tuple[str, str]]:
    """The sections of the short book, by page and title."""
    return {
        (page, title)
        for plan in plans
        for page, titles in plan.parts
        for title in titles
    }


# ------------------------------------------------------------- a page's parts


def read_marked(path: Path) -> list[Line]:
    """A page's lines as the short book's marks leave them.

    Raises ShortError for a mark without an end.
    """
    found, since = [], 0
    for number, text in enumerate(path.read_text("utf8").splitlines(), 1):
        if FOR_THE_LONG.match(text):
            since = number
        elif since and END.match(text):
            since = 0
        elif not since:
            added = ADDED.match(text)
            found.append(Line(added[1] if added else text, path.name, number))
    if since:
        raise ShortError(f"{path.name}:{since}: expected % end, got none")
    return found


def _keep_lines(lines: list[Line], titles: list[str], *, closing: bool) -> set[int]:
    """Which lines of a page stay: those of its sections, by their places."""
    text = "\n".join(line.text for line in lines)
    kept: set[int] = set()
    for section in contents.list_sections(text):
        wanted = section.title in titles
        if section.title in contents.WITH_ITS_PAGE:
            wanted = closing and section.title in CLOSING
        if wanted:
            start, end = (text.count("\n", 0, k) for k in (section.start, section.end))
            kept |= set(range(start, end + (section.end == len(text))))
    return kept


def _read_blocks(lines: list[Line], kept: set[int]) -> Iterator[Block]:
    """A page's lines and cells in order, and whether each stays."""
    text = "\n".join(line.text for line in lines)
    starts = {}
    for cell in weave.find_cells(text):
        start = cell.start - 1
        while not lines[start].text.startswith("```{code-cell}"):
            start -= 1
        starts[start] = cell
    k, mark = 0, ""
    while k < len(lines):
        if found := CELL_MARK.match(lines[k].text):
            mark = found[1]
            k += 1
        elif k in starts:
            cell = starts[k]
            head = [line.text for line in lines[k : cell.start]]
            open_there = bool(mark) or not reading.is_folded(text, cell)
            shown = k in kept and mark != "import" and open_there
            yield lines[k], Cell(head, cell.lines, mark, shown, cell.names), k in kept
            k, mark = cell.start + len(cell.lines) + 1, ""
        else:
            yield lines[k], None, k in kept
            k += 1


def _drop_questions(blocks: list[Block], closing: Collection[int]) -> list[Block]:
    """The closing questions that are among these, numbered again, and all else."""
    left, gone, number = [], False, 0
    for line, cell, kept in blocks:
        text = line.text
        if asked := CLOSING_QUESTION.match(text):
            gone = int(asked[2]) not in closing
            number += not gone
            text = f"{asked[1]}{number}. {text[asked.end() :]}"
        if not gone:
            left.append((line._replace(text=text), cell, kept))
        elif text == ":::":
            gone = False
    return left


# ------------------------------------------------------------------ its code


def _join_code(blocks: list[Block]) -> list[Line]:
    """The lines that stay, with the code that they need.

    Raises ShortError where more lines are folded than a page may have.
    """
    keys = {
        key
        for line, cell, kept in blocks
        if kept and cell is None
        for key in GLUED.findall(line.text)
    }
    every: list[tuple[int, Statement]] = []  # with the block of each
    roots: set[int] = set()
    shown: set[int] = set()
    for place, (_, cell, _) in enumerate(blocks):  # imports are the first cell's
        if cell and cell.names and not cell.shown:
            every += [(place, one) for one in statements.import_names(cell.names)]
    for place, (_, cell, _) in enumerate(blocks):
        if cell is None or (cell.names and not cell.shown):
            continue
        for one in statements.read_statements(cell.code):
            if cell.shown:
                shown.add(len(every))
            if cell.shown and _is_root(one, cell):
                roots.add(len(every))
            every.append((place, one))
    glues = statements.find_glues([one for _, one in every], keys, shown)
    if lost := [key for key in sorted(keys) if not glues[key]]:
        raise ShortError(f"no cell makes the number {lost[0]!r}")
    roots = roots.union(*glues.values())
    needed = statements.select_needed([one for _, one in every], roots)
    return _place_code(blocks, every, needed)


def _is_root(one: Statement, cell: Cell) -> bool:
    """Whether a shown cell's statement stays though nothing needs it."""
    if cell.mark and not cell.names:
        return one.kind == "shows"
    return bool(cell.names) or (one.kind != "claim" and not one.glues)


def _place_code(
    blocks: list[Block], every: list[tuple[int, Statement]], needed: set[int]
) -> list[Line]:
    """The lines, each folded statement in a cell before the code that follows it."""
    by_place: dict[int, list[Statement]] = {}
    for k, (place, one) in enumerate(every):
        if k in needed:
            by_place.setdefault(place, []).append(one)
    imports = [
        one for k, (_, one) in enumerate(every) if k in needed and one.kind == "import"
    ]
    lines: list[Line] = []
    pending: list[Statement] = list(imports)
    for place, (line, cell, kept) in enumerate(blocks):
        if cell is None:
            lines += [line] * kept
            continue
        there = by_place.get(place, [])
        if not cell.shown:
            pending += [one for one in there if one.kind != "import"]
            continue
        if pending:
            lines += _write_cell(FOLDED_CELL, statements.write_folded(pending), line)
            pending = []
        lines += _write_cell(_open_head(cell), _write_shown(cell, there), line)
    if any(one.kind != "setting" for one in pending):
        lines += _write_cell(FOLDED_CELL, statements.write_folded(pending), lines[-1])
    return lines


def _open_head(cell: Cell) -> list[str]:
    """A cell's fence and options, without the tag that folds it."""
    if cell.mark != "open":
        return cell.head
    left = [line for line in cell.head if not TAGS.match(f"{line}\n")]
    return [left[0]] if left[1:] == ["---", "---"] else left


def _write_shown(cell: Cell, kept: list[Statement]) -> list[str]:
    """A shown cell's code; of its statements, those that are kept."""
    if cell.names:
        return cell.code
    held = {k for one in kept if one.kind != "import" for k in one.lines}
    gone: set[int] = set()
    last = -1
    for one in statements.read_statements(cell.code):
        last = one.lines[-1]
        if not held & set(one.lines):
            gone |= set(one.lines)
    left = [text for k, text in enumerate(cell.code) if k not in gone]
    code = "\n".join(left).strip("\n").split("\n")
    if last in gone and statements.has_value(kept[-1]):
        code[-1] += ";"  # else its value were shown, too
    return code


def _write_cell(head: Iterable[str], code: list[str], at: Line) -> list[Line]:
    texts = [*head, *code, "```", ""]
    return [Line(text, at.file, at.number) for text in texts]


def count_folded(lines: Iterable[str]) -> int:
    """The lines of code that a page folds."""
    text = "\n".join(lines)
    return sum(
        bool(line.strip())
        for cell in weave.find_cells(text)
        if reading.is_folded(text, cell)
        for line in cell.lines
    )


# ------------------------------------------------------------------ the pages


class Book(NamedTuple):
    """What the short book's pages may name, and where the rest stands."""

    plans: list[Plan]
    known: chapters.Chapters  # of the long book
    titles: dict[str, str]  # of the pages that it leaves out
    homes: dict[str, str]  # by page that gave a part: where it is
    assigned: dict[str, list[Assigned]]
    address: str  # of the long book; "" if nobody knows


def open_book(book: Path, assigned: dict[str, list[Assigned]]) -> Book:
    """What book/short.yml says, with the assignments of a course."""
    plans = read(book)
    absent = contents.find_absent(book, [plan.name for plan in plans])
    address = os.environ.get("LONG_BOOK", "").rstrip("/")
    homes = {page: plan.name for plan in plans for page, _ in plan.parts}
    homes |= {plan.name: plan.name for plan in plans}
    return Book(plans, chapters.read(book), absent.titles, homes, assigned, address)


def write_page(plan: Plan, book: Path, short: Book) -> list[Line]:
    """A page of the short book, before its references are looked at.

    Raises ShortError, with file and line.
    """
    blocks: list[Block] = []
    title, asked = plan.title, []
    for place, (page, titles) in enumerate(plan.parts):
        lines = read_marked(book / f"{page}.md")
        kept = _keep_lines(lines, titles, closing=bool(plan.closing) and not place)
        if not place:
            asked = _find_asked(lines, plan.ask)
            title = title or _find_title(lines)
            every = list(_read_blocks(lines, kept))
            places = [k for k, b in enumerate(every) if b[0].text in CLOSING_LINES]
            end = min(places, default=len(every))
            blocks, closing = every[:end], every[end:]
        else:
            blocks += _read_blocks(lines, kept)
    blocks += _drop_questions(closing, plan.closing)
    try:
        body = _join_code(blocks)
    except ShortError as error:
        raise ShortError(f"{TABLE}: {plan.name}: {error}") from error
    at = Line("", TABLE, 1)
    notebook = any(line.text.startswith("```{code-cell}") for line in body)
    head = HEAD.splitlines() if notebook else []
    top = [*head, f"# {title}", "", "*{minutes}`page` minutes to read.*", ""]
    texts = [*top, *asked]
    after = [*_write_assigned(plan, short), *_write_left_out(plan, book, short)]
    lines = [at._replace(text=text) for text in texts]
    return [*lines, *_show_imports(body), *(at._replace(text=text) for text in after)]


def _show_imports(lines: list[Line]) -> list[Line]:
    """The lines with the first folded cell open, if too much is folded."""
    if count_folded(line.text for line in lines) <= MOST_FOLDED:
        return lines
    first = next(k for k, line in enumerate(lines) if line.text == FOLDED_CELL[1])
    return [*lines[:first], *lines[first + 1 :]]


def _find_title(lines: list[Line]) -> str:
    return next(line.text[2:] for line in lines if line.text.startswith("# "))


def _find_asked(lines: list[Line], ask: Collection[int]) -> list[str]:
    """The questions at the head of a page that stay, numbered again."""
    found = []
    for line in lines:
        if line.text.startswith("## "):
            break
        if (asked := ASKED.match(line.text)) and int(asked[1]) in ask:
            found.append(line.text[asked.end() :])
    if not found:
        return []
    texts = [f"{k}. {text}" for k, text in enumerate(found, 1)]
    return ["You will be able to answer:", "", *texts, ""]


def _write_assigned(plan: Plan, short: Book) -> list[str]:
    """What is to be written after this page."""
    lines = []
    for name, tasks in short.assigned.get(plan.name, []):
        number = re.match(r"ch(\d+)", name)
        said = f"Assignment {int(number[1])}" if number else "The assignment"
        which = ""
        if tasks:
            listed = _join_words([str(task) for task in tasks])
            which = f": task{'s' * (len(tasks) > 1)} {listed}"
        lines += [f"{said}, `exercises/{name}/`{which}. {HOW}", ""]
    return ["## Now write it yourself", "", *lines] if lines else []


def _join_words(words: Sequence[str]) -> str:
    """Words as a list in a sentence: 1, 2 and 3."""
    *before, last = words
    return f"{', '.join(before)} and {last}" if before else last


def _write_left_out(plan: Plan, book: Path, short: Book) -> list[str]:
    """Which sections of its pages the long book has besides."""
    there = list_sections(short.plans)
    said = []
    for page, _ in plan.parts:
        text = (book / f"{page}.md").read_text("utf8")
        left = [
            f"*{section.title}*"
            for section in contents.list_sections(text)
            if section.title not in contents.WITH_ITS_PAGE
            and (page, section.title) not in there
        ]
        if left:
            name = _find_title([Line(t, page, 1) for t in text.splitlines()])
            number = short.known.numbers.get(page)
            words = f"chapter {number}, *{name}*" if number else f"*{name}*"
            linked = (
                f"[{words}]({short.address}/{page}.html)" if short.address else words
            )
            said.append(f"- {linked}: {'; '.join(left)}")
    if not said:
        return []
    head = "The long book also has, in"
    return ["## What this page leaves out", "", head, "", *said, ""]


# ------------------------------------------------------- what a page points at


def find_labels(pages: Mapping[str, list[Line]]) -> set[str]:
    """The labels that the short book has."""
    text = "\n".join(line.text for lines in pages.values() for line in lines)
    return {"".join(groups) for groups in contents.LABEL.findall(text)}


def _slug(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def resolve(pages: Mapping[str, list[Line]], short: Book) -> dict[str, str]:
    """The pages' text, with references to what is left out as words.

    Raises ShortError listing, by file and line, those for which there are none.
    """
    labels, wrong, texts = find_labels(pages), [], {}
    slugs = {
        page: {_slug(found[1]) for line in lines if (found := HEADING.match(line.text))}
        for page, lines in pages.items()
    }
    for page, lines in pages.items():
        written, fence = [], ""
        for line in lines:
            mark = re.match(r"\s*(`{3,})(\{code-cell\})?", line.text)
            if mark and not fence:
                fence = mark[1] if mark[2] else ""
            elif mark and line.text.strip() == fence:
                fence = ""
            code = bool(fence)
            text = line.text if code else _resolve_line(line.text, short)
            lost = [] if code else _find_lost(text, page, labels, slugs, short)
            wrong += [f"{line.file}:{line.number}: {one}" for one in lost]
            written.append(text)
        texts[page] = re.sub(r"\n{3,}", "\n\n", "\n".join(written)).rstrip("\n") + "\n"
    if wrong:
        raise ShortError("it is not in the short book:\n" + "\n".join(wrong))
    return texts


def _resolve_line(text: str, short: Book) -> str:
    """A line in which chapters and pages that are left out are the long book's."""

    def lead(words: str, page: str) -> str:
        return f"[{words}]({short.address}/{page}.html)" if short.address else words

    labels = {p: label for label, pages in short.known.pages.items() for p in pages}

    def chapter(match: re.Match[str]) -> str:
        parts = short.known.parts(*match.groups())
        pages = [part.page for part in parts if part.page]
        absent = [page for page in pages if page not in short.homes]
        if not absent:
            there = list(dict.fromkeys(short.homes[page] for page in pages))
            if there == pages:
                return match[0]
            names = [labels[page] for page in there]
            role = match[1].removesuffix("s") + "s" * (len(names) > 1)
            return f"{{{role}}}`{_join_words(names)}`"
        words = "".join(part.words for part in parts)
        return lead(f"{words} of the long book", absent[0])

    def page(match: re.Match[str]) -> str:
        words, name, *bare = match.groups()
        name = name or bare[0]
        if name not in short.titles:
            return match[0]
        return lead(words or f"*{short.titles[name]}*, in the long book", name)

    text = chapters.ROLE.sub(chapter, text)
    return contents.DOC.sub(page, contents.LINK.sub(page, text))


def _find_lost(
    text: str,
    page: str,
    labels: Collection[str],
    slugs: Mapping[str, Collection[str]],
    short: Book,
) -> Iterator[str]:
    """What a line points at that the short book lacks."""
    for _, label, bare in contents.LABELLED.findall(text):
        if (label or bare) not in labels:
            yield f"the label {label or bare}"
    for name, anchor in ANCHORED.findall(text):
        there = slugs.get(name or page, ())
        if anchor not in there and anchor not in labels:
            yield f"the place #{anchor}"
    for name in HREF.findall(text):
        if name in short.titles:
            yield f"the page {name}"


# -------------------------------------------------------------------- the book


def write_pages(book: Path, assigned: dict[str, list[Assigned]]) -> dict[str, str]:
    """The short book's pages, by their names, in order.

    Raises ShortError for what leads out of it, and for too much folded code.
    """
    short = open_book(book, assigned)
    pages = {plan.name: write_page(plan, book, short) for plan in short.plans}
    texts = resolve(pages, short)
    first, last = short.plans[0].name, short.plans[-1].name
    texts[first] += "\n## Cite the course\n\n{{ citation }}\n"  # each page leads there
    texts[last] += "\n## Sources\n\n```{bibliography}\n```\n"
    for name, text in texts.items():
        if (folded := count_folded(text.splitlines())) > MOST_FOLDED:
            raise ShortError(
                f"{name}: expected at most {MOST_FOLDED} folded lines of code, "
                f"got {folded}"
            )
    return texts


def write_toc(pages: Iterable[str]) -> str:
    """The contents of a book of these pages, the first of them its root."""
    root, *others = pages
    toc: dict[str, Any] = {"format": "jb-book", "root": root}
    toc["chapters"] = [{"file": page} for page in others]
    return yaml.safe_dump(toc, sort_keys=False)


def write_book(book: Path, assigned: dict[str, list[Assigned]], place: Path) -> None:
    """Write the short book's sources into a folder, which becomes it alone.

    Raises ShortError as `write_pages`; the folder is then as it was.
    """
    texts = write_pages(book, assigned)
    new = place.with_name(f"{place.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    for name in FOLDERS:
        shutil.copytree(book / name, new / name)
    for path in book.glob("*.bib"):
        shutil.copy(path, new)
    for name, text in texts.items():
        (new / f"{name}.md").write_text(text, "utf-8")
    (new / "_toc.yml").write_text(write_toc(texts), "utf-8")
    shutil.rmtree(place, ignore_errors=True)
    new.rename(place)
