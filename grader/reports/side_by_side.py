"""Shows the answers of similar submissions side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from nbformat import NotebookNode

from grader import untrusted
from grader.notebook.cells import grade_id, is_answer, is_test, task_of
from grader.reports.feedback import PAGES
from grader.reports.similarity import Alike, tokens_of

MOST = 6  # learners of a group that are shown
LONGEST = 20_000  # characters of an answer
FEWEST = 3  # tokens of a line that is marked

Found = tuple[str, Alike]  # the assignment's name comes first
Answer = tuple[str, list[tuple[str, list[tuple[str, bool]]]]]


def render_page(
    found: Iterable[Found],
    notebooks: Mapping[str, Mapping[str, NotebookNode]],
    given: Mapping[str, Sequence[NotebookNode]],
) -> str:
    """The page as HTML: for each finding, task by task, all answers.

    `notebooks` are by assignment and learner, `given` by assignment.
    """
    parts = [
        (name, alike, _align_answers(alike, notebooks[name], given.get(name, ())))
        for name, alike in found
    ]
    return PAGES.get_template("similarity.html").render(parts=parts)


def _align_answers(
    alike: Alike, notebooks: Mapping[str, NotebookNode], given: Sequence[NotebookNode]
) -> list[Answer]:
    known = {
        look for nb in given for c in nb.cells for look in _tokenise_lines(c.source)
    }
    by_learner = {who: _collect_texts(notebooks[who]) for who in alike.learners[:MOST]}
    tasks = dict.fromkeys(task for texts in by_learner.values() for task in texts)
    found = []
    for task in tasks:
        texts = {who: by_learner[who].get(task, "") for who in by_learner}
        shared = (
            set.intersection(*(set(_tokenise_lines(t)) for t in texts.values())) - known
        )
        lines = [(who, _mark_lines(text, shared)) for who, text in texts.items()]
        found.append((task, lines))
    return found


def _collect_texts(notebook: NotebookNode) -> dict[str, str]:
    """What a learner wrote, by task; all other code under one head."""
    found: dict[str, str] = {}
    for cell in notebook.cells:
        name = grade_id(cell)
        answer = name and is_answer(cell)
        if is_test(cell) or (cell.cell_type != "code" and not answer):
            continue
        task = task_of(name) if name and answer else "other cells and files"
        text = f"{found.get(task, '')}\n{cell.source}".strip("\n")
        found[task] = untrusted.text(text, LONGEST)
    return found


def _tokenise_lines(text: str) -> list[tuple[str, ...]]:
    """Each line's tokens, without what a copyist would change."""
    return [_look(line) for line in text[:LONGEST].split("\n")]


def _look(line: str) -> tuple[str, ...]:
    return tuple(tokens_of(line.strip()) or line.split())


def _mark_lines(text: str, shared: set[tuple[str, ...]]) -> list[tuple[str, bool]]:
    """The lines, and whether all have each; a very short one says nothing."""
    pairs = ((line, _look(line)) for line in text.split("\n"))
    return [(line, len(look) >= FEWEST and look in shared) for line, look in pairs]
