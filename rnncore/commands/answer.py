"""Shows the course's answers, after one's own.

`answer 6` shows the model answers to the written questions of notebook 6,
`answer 6 peephole_cell` a code task's solution: after two tries of your
own that differ, or once yours passes its test. `--give-up` shows it at
once and writes that into the notebook, where whoever marks it sees it.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import html
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from rnncore.checking import client
from rnncore.checking.answers import (
    Answers,
    Worked,
    find_answers,
    find_code,
    read_all_cells,
    read_answers,
    refuse_early,
    written_answers,
)
from rnncore.checking.find import NotebookError, find_notebook
from rnncore.checking.tries import ENOUGH, GAVE_UP, note_try
from rnncore.own import handin
from rnncore.own.tasks import FOLDER
from rnncore.storage.files import whole_file

HINT = re.compile(
    r"<details>\s*<summary>(Hint \d)</summary>\s*(.*?)\s*</details>",
    re.DOTALL,
)
SECONDS = 60.0  # that a check may take


class NotYet(Exception):
    """Why a solution is not shown yet; the text says what to do."""


def main(argv: list[str] | None = None) -> int:
    """Show answers; 1 where it is too early for one, 2 where misused."""
    options = _parse_options(argv)
    try:
        path = find_notebook(options.notebook)
        answers = read_answers(find_answers(path))
        refuse_early(answers, datetime.now(UTC))
        if options.task:
            for line in handin.fill(path, folder=FOLDER):
                print(line)
            print(
                show_solution(path, options.task, answers, options.give_up)
            )
        else:
            for shown in list_written(path, answers):
                print(shown)
    except NotYet as early:
        print(f"answer: {early}")
        return 1
    except NotebookError as refused:
        print(f"answer: {refused}", file=sys.stderr)
        return 2
    return 0


def _parse_options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="answer",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("notebook", nargs="?")
    parser.add_argument("task", nargs="?", help="a code task's function")
    parser.add_argument(
        "--give-up", action="store_true", help="show it without a try"
    )
    return parser.parse_args(argv)


def list_written(path: Path, answers: Answers) -> Iterator[str]:
    """The model answers to a notebook's written questions.

    Raises NotebookError where one is not answered yet.
    """
    for name, own in written_answers(path):
        if name not in answers.written:
            continue  # a question of somebody else's
        if own is None:
            raise NotebookError(
                f"{name} is not written yet: save your own answer in "
                f"{path.name} first, and compare then"
            )
        model = answers.written[name]
        yield f"{path.stem}, {name}: the model answer\n\n{model}\n"


def show_solution(
    path: Path, task: str, answers: Answers, give_up: bool
) -> str:
    """A task's solution, why it is so, and where one's own differs.

    Raises NotYet before one's own tries, and NotebookError where the
    notebook has no such task.
    """
    if task not in answers.tasks:
        near = difflib.get_close_matches(task, answers.tasks, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        there = ", ".join(answers.tasks) or "none"
        raise NotebookError(
            f"{path.stem} has no code task {task}.{hint} There are: {there}"
        )
    worked = answers.tasks[task]
    own = find_code(path, task)
    if give_up:
        note_given_up(path, task)
    else:
        heed_tries(path, task, own, worked)
    return format_solution(f"{path.stem}, {task}", own, worked)


def heed_tries(path: Path, task: str, own: str, worked: Worked) -> None:
    """Raise NotYet until one's own passes, or was tried often enough."""
    again = f"make answer {path.stem} TASK={task}"
    if is_stub(own, worked):
        raise NotYet(
            f"{task} is not written yet. Write and save an answer of your "
            f"own first; the task has three hints. ({again} GIVE_UP=1 "
            "shows ours at once, and says so in your notebook.)"
        )
    failed = check_task(path, task)
    if failed is None:
        return
    try:
        count, new = note_try(path.parent, task, own)
    except SyntaxError as error:
        raise NotYet(
            f"{task} is no Python yet (line {error.lineno}: {error.msg}): "
            "that is no try; mend it first"
        ) from error
    except OSError as error:
        raise NotebookError(
            f"your tries cannot be noted in {path.parent}: {error.strerror}"
        ) from error
    if count >= ENOUGH:
        return
    says = "first try" if new else "same try as before"
    raise NotYet(
        f"{task}, {says}:\n\n{failed}\n\n{find_hint(path, task)}"
        "Change your answer and save it; after another try that differs, "
        f"{again} shows ours."
    )


def is_stub(own: str, worked: Worked) -> bool:
    """Whether a cell says what it said when it was released."""
    try:
        said = ast.dump(ast.parse(own))
    except (SyntaxError, ValueError, RecursionError):
        return False
    return said in (ast.dump(ast.Module([], [])), _dump(worked.stub))


def _dump(code: str) -> str:
    return ast.dump(ast.parse(code))


def check_task(path: Path, task: str) -> str | None:
    """What the task's visible test says of the notebook; None if it holds.

    Raises NotYet where nothing is written, NotebookError without a test.
    """
    test = f"test_{task}"
    cells = client.read_cells(path)
    at = next((k for k, c in enumerate(cells) if c["test"] == test), None)
    if at is None:
        raise NotebookError(f"{path.name} has no test of {task}")
    kept = [c for c in cells[: at + 1] if c["test"] in ("", test)]
    with client.Checker(path) as checker:
        answer = checker.ask(kept, SECONDS)
    if answer["stopped"]:
        return str(answer["stopped"])
    (found,) = answer["tests"]
    if found["holds"]:
        return None
    if (found["failure"] or {}).get("kind") == "NotImplementedError":
        raise NotYet(
            f"{task} is not written yet: its test still meets "
            "NotImplementedError"
        )
    return "\n".join([*answer["errors"], found["says"]])


def find_hint(path: Path, task: str) -> str:
    """The first of the hints that stand above a task's cell; or nothing."""
    found: list[tuple[str, str]] = []
    for cell in read_all_cells(path):
        meta = cell.get("metadata", {}).get("nbgrader", {})
        text = "".join(cell["source"])
        if task in (meta.get("grade_id"), cell.get("id")):
            break
        if cell["cell_type"] == "markdown" and (
            hints := HINT.findall(text)
        ):
            found = hints
    if not found:
        return ""
    title, text = found[0]
    return f"{title}: {html.unescape(text)}\n\n"


def note_given_up(path: Path, task: str) -> None:
    """Write into the notebook that its owner asked for this solution."""
    made = json.loads(path.read_text(encoding="utf-8-sig"))
    meta = made.get("metadata")
    made["metadata"] = meta = meta if isinstance(meta, dict) else {}
    known = meta.get(GAVE_UP)
    known = known if isinstance(known, list) else []
    meta[GAVE_UP] = sorted(
        {*(n for n in known if isinstance(n, str)), task}
    )
    with whole_file(path) as file:
        shown = json.dumps(made, indent=1, ensure_ascii=False)
        file.write(f"{shown}\n".encode())
    print(
        f"Written into {path.name}: you asked for the solution of {task}. "
        "If it is open in JupyterLab, reload it from disk.\n"
    )


def format_solution(title: str, own: str, worked: Worked) -> str:
    """A solution, the reasons, and a diff from one's own to it."""
    ours = worked.code.strip("\n").splitlines()
    diff = [
        *difflib.unified_diff(
            *(own.strip("\n").splitlines(), ours),
            *("yours", "ours"),
            lineterm="",
            n=2,
        )
    ]
    parts = [f"{title}: the course's solution", "\n".join(ours)]
    if worked.why:
        parts.append(f"Why\n\n{worked.why}")
    parts.append(
        "Where yours differs (- yours, + ours)\n\n" + "\n".join(diff)
        if diff
        else "Yours is the same."
    )
    return "\n\n".join(parts)
