"""The package's own tests, of the reader's functions.

The reader's stand in for the course's in the whole package, so that what
tests and training call is theirs. What a function has to refuse, and in
which words, is not asked of it.
"""

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnncore.own.loading import load
from rnncore.own.tasks import PLACE, TASKS, TREE, course_function

TESTS = TREE / "tests" / "rnncore"
REFUSES = re.compile(r"\b(?:raises|said)\(")  # how a test asks for it


def install(functions: dict[str, Callable]) -> None:
    """Put functions in the place of the course's, in all loaded modules.

    It holds for the whole process and cannot be undone in it.
    """
    courses = {id(course_function(name)): name for name in functions}
    for module_name, module in list(sys.modules.items()):
        if module_name.split(".")[0] != "rnncore" or module is None:
            continue
        if module_name.startswith("rnncore.own"):
            continue  # it tells which is whose
        for name, value in list(vars(module).items()):
            if task := courses.get(id(value)):
                setattr(module, name, functions[task])


def run_tests(functions: dict[str, Callable], folder: Path) -> str:
    """Run the package's tests of these functions; what came of them."""
    files = sorted(
        {
            str(TESTS / f"test_{TASKS[name].module.split('.')[1]}.py")
            for name in functions
        }
    )
    if not files:
        return "no test was run: no function is written yet"
    if not TESTS.is_dir():
        return "the package's tests are in the course's full repository"
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--no-header"),
            *("--tb=short", "-p", "rnncore.own.suite", "-n0"),
            *("-m", "not (slow or system or weekly)"),
            *files,
        ],
        cwd=TREE,
        env=os.environ | {PLACE: str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if "No module named pytest" in run.stdout:
        return "the tests need pytest: make test installs it"
    lines = run.stdout.rstrip().split("\n")
    return lines[-1] if run.returncode == 0 else "\n".join(lines[-40:])


def pytest_configure(config: Any) -> None:
    """Put the reader's functions in place, before tests are imported."""
    if folder := os.environ.get(PLACE):
        for task in TASKS.values():
            course_function(task.name)  # loads its module
        import rnncore.cells
        import rnncore.characters  # noqa: F401 - loaded to be changed

        install(load(Path(folder)).functions)


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Leave out the tests of what a function refuses, by their text."""
    left = [
        item
        for item in items
        if REFUSES.search(inspect.getsource(item.function))
    ]
    items[:] = [item for item in items if item not in left]
    config.hook.pytest_deselected(items=left)
