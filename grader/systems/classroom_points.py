"""The points that the visible tests of this repository's notebook give.

    python .github/points.py NOTEBOOK            # a table of all tasks
    python .github/points.py NOTEBOOK TASK       # 0 where that task holds

The hidden tests are not here: those who teach run them.
"""

import os
import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
sys.path.insert(0, ROOT)
os.environ["PYTHONPATH"] = ROOT  # for the checker's own process: nothing is installed

from rnncore.checking.client import Answer, Checker, NotebookError, read_cells, report

SECONDS = 300  # that all cells and tests may take
PIPES = str.maketrans({"|": "\\|", "<": "&lt;", "`": "'", "\n": " "})


def main(arguments: list[str]) -> int:
    """Print the table or a task's verdict; 0 if every task asked for holds."""
    notebook, *task = arguments
    path = Path(notebook).resolve()
    try:
        cells = read_cells(path)
        with Checker(path) as checker:
            answer = checker.ask(cells, SECONDS)
    except (NotebookError, OSError) as error:
        print(error)
        return 2
    points = {cell["test"]: cell["points"] for cell in cells if cell["test"]}
    if task:
        holds = [t["holds"] for t in answer["tests"] if name_of(t["test"]) == task[0]]
        print(report(path, cells, answer, 0))
        return 0 if holds and all(holds) else 1
    text = format_table(points, answer)
    print(text)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with open(summary, "a", encoding="utf-8") as file:
            file.write(text + "\n")
    return 0


def name_of(test: str) -> str:
    """The task that a test is of."""
    return test.removeprefix("test_")


def format_table(points: dict[str, float], answer: Answer) -> str:
    """The tasks with their points, as Markdown."""
    tests = {test["test"]: test for test in answer["tests"]}
    lines = ["| task | visible test | points |", "| --- | --- | --- |"]
    total = 0.0
    for name, most in points.items():
        test = tests.get(name)
        got = _get_points(test, most)
        total += got
        says = "not run" if test is None else test["says"].split("\n")[0]
        verdict = "holds" if test and test["holds"] else says.translate(PIPES)
        lines.append(f"| {name_of(name)} | {verdict[:200]} | {got:g} of {most:g} |")
    lines.append(f"| all | | {total:g} of {sum(points.values()):g} |")
    return "\n".join(lines)


def _get_points(test: dict | None, most: float) -> float:
    """The points of a test: all, a part, or none."""
    if test is None:
        return 0
    if test["got"] is not None:
        return float(test["got"])
    return most if test["holds"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
