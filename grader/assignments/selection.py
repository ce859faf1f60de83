"""An assignment of which a course has some tasks: `[tasks]` in course.toml.

What stands above the first task stays; of the tasks, the hunt, the experiment and
the written answers those that are chosen do. The head says anew how long it takes.
"""

import ast
import re
from collections.abc import Collection, Iterator

from grader.assignments.source import Assignment, SourceCell
from grader.notebook.names import find_bound_names, free_names
from grader.notebook.task_texts import MINUTES

OPENING = 5  # minutes, for what stands above the first task
PART = re.compile(r"^## (.+)$", re.MULTILINE)
NUMBER = re.compile(r"Task (\d+)\b")
POINTS = re.compile(r" *\([\d.]+ points?\)$")
OTHERS = re.compile(r"The (?:mutant )?hunt\b|Experiment\b|In your own words")
STATED = re.compile(r"^\*The core takes .*\*$", re.MULTILINE)
TOLD = re.compile(r"\A\n*(?!\||\$\$|#)(?:[^\n]+\n)+")  # of all tasks, below that
CORE = re.compile(r"^Each task says whether it is \*core\* .*\n+", re.MULTILINE)
KIND = re.compile(r"^\*(?:Core|Extra), about", re.MULTILINE)
ASKED = re.compile(r"<summary>Chapters? [\d.]+: (\w)")
BEFORE = "### Before you start"
QUESTION = re.compile(  # of the two below that heading
    r"^<details><summary>Chapters? (\d+)[\d.]*: .*?^</details>\n*",
    re.DOTALL | re.MULTILINE,
)


def select_tasks(assignment: Assignment, tasks: Collection[int]) -> Assignment:
    """The assignment with these tasks alone, by their numbers.

    Raises ValueError for a number that no task has, and where a task that stays
    uses a name that only one that goes defines.
    """
    parts = list(_split_parts(assignment.cells))
    numbers = [_find_number(title) for title, _ in parts]
    for task in tasks:
        if task not in numbers:
            known = ", ".join(str(n) for n in numbers if n)
            raise ValueError(
                f"{assignment.name}: tasks: expected some of {known}, got {task}"
            )
    first = next(k for k, number in enumerate(numbers) if number)
    kept: list[SourceCell] = []
    gone: list[SourceCell] = []
    titles = []
    for k, ((title, cells), number) in enumerate(zip(parts, numbers, strict=True)):
        stays = number in tasks if number else k < first or not OTHERS.match(title)
        (kept if stays else gone).extend(cells)
        if number in tasks:
            titles.append(POINTS.sub("", title))
    _refuse_lost_names(assignment.name, kept, gone)
    kept[0] = kept[0]._replace(source=_write_head(kept, titles))
    for k, cell in enumerate(kept[1:], 1):
        kept[k] = cell._replace(source=KIND.sub("*It takes about", cell.source))
    return assignment._replace(cells=kept)


def drop_questions(
    assignment: Assignment, sections: Collection[tuple[str, str]]
) -> Assignment:
    """The assignment without the first questions that its book cannot answer.

    `sections`, by page and title, are those of the course's book: a question goes
    if it names a chapter of which no page is among them.
    """
    pages = {page for page, _ in sections}

    def keep(match: re.Match[str]) -> str:
        chapter = f"ch{int(match[1]):02d}_"
        return match[0] if any(p.startswith(chapter) for p in pages) else ""

    head = assignment.cells[0]
    text = QUESTION.sub(keep, head.source)
    count = len(QUESTION.findall(text))
    if count < len(QUESTION.findall(head.source)):
        first = f"{BEFORE}: a question from an earlier chapter\n\n" if count else ""
        text = re.sub(rf"^{BEFORE}: .*\n\n", first, text, flags=re.MULTILINE)
    first_cell = head._replace(source=text.rstrip() + "\n" * head.source.endswith("\n"))
    return assignment._replace(cells=[first_cell, *assignment.cells[1:]])


def count_minutes(cells: Collection[SourceCell]) -> int:
    """What the tasks take by their headings, and the opening."""
    texts = (cell.source for cell in list(cells)[1:] if cell.kind == "text")
    stated = map(MINUTES.findall, texts)
    return OPENING + sum(int(found[0]) for found in stated if found)


def _split_parts(cells: list[SourceCell]) -> Iterator[tuple[str, list[SourceCell]]]:
    """The cells in parts, each with its heading; that of the first is empty."""
    title, part = "", list[SourceCell]()
    for cell in cells:
        if cell.kind == "text" and part and (found := PART.search(cell.source)):
            yield title, part
            title, part = found[1], []
        part.append(cell)
    yield title, part


def _find_number(title: str) -> int:
    found = NUMBER.match(title)
    return int(found[1]) if found else 0


def _refuse_lost_names(
    name: str, kept: list[SourceCell], gone: list[SourceCell]
) -> None:
    """Raise ValueError where what stays uses what only the rest defines."""
    ran = ("code", "solution", "experiment")
    made = {n for cell in kept if cell.kind in ran for n in _find_made(cell)}
    lost = {n: c for c in gone if c.kind in ran for n in _find_made(c) if n not in made}
    for cell in kept:
        if cell.kind not in (*ran, "test"):
            continue
        own = _find_made(cell)
        for used in sorted(free_names(cell.source) & lost.keys() - own):
            raise ValueError(
                f"{cell.file}:{cell.line}: it uses {used}, which is defined at line "
                f"{lost[used].line}, in a part that the course leaves out"
            )


def _find_made(cell: SourceCell) -> set[str]:
    tree = ast.parse(cell.source)
    return {name for node in tree.body for name in find_bound_names(node)}


def _write_head(cells: list[SourceCell], titles: list[str]) -> str:
    """The first cell, about the tasks that there are."""
    points = sum(cell.options.get("points", 0) for cell in cells)
    said = f"*About {count_minutes(cells)} minutes, {points} points.*"
    listed = "\n".join(f"- {title}" for title in titles)
    before, _, after = STATED.sub("\0", cells[0].source, count=1).partition("\0")
    text = f"{before}{said}\n\n{listed}\n\n{TOLD.sub('', after).lstrip()}"
    return ASKED.sub(lambda m: f"<summary>{m[1].upper()}", CORE.sub("", text))
