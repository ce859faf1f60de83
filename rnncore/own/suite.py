"""The package's own tests, of the reader's functions.

The reader's stand in for the course's in the whole package, so that what
tests and training call is theirs. What a function has to refuse, and in
which words, is not asked of it.
"""

import inspect
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnncore.checking.find import TREE
from rnncore.own.loading import load
from rnncore.own.tasks import FOLDER, TASKS, course_function

TESTS = TREE / "tests" / "rnncore"
PLACE = "RNNCORE_OWN"  # names the folder to a process of tests


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


def test(functions: dict[str, Callable], folder: Path = FOLDER) -> str:
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
            *(sys.executable, "-m", "pytest", "-q", "--no-header", "-x"),
            *("--tb=short", "-p", "rnncore.own.suite", "-n0"),
            *("-m", "not (slow or system or weekly)"),
            *files,
        ],
        cwd=TREE,
        env=os.environ | {PLACE: str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if "No module named pytest" in run.stdout:
        return "the tests need pytest: make test installs it"
    lines = run.stdout.rstrip().split("\n")
    return lines[-1] if run.returncode == 0 else "\n".join(lines[-40:])


def pytest_configure(config: Any) -> None:
    """Before the tests are imported, the reader's functions are in place."""
    if folder := os.environ.get(PLACE):
        for task in TASKS.values():
            course_function(task.name)  # loads its module
        import rnncore.cells
        import rnncore.characters  # noqa: F401 - loaded to be changed

        install(load(Path(folder)).functions)


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Leave out what a function refuses, and tests of its own source."""
    kept, left = [], []
    for item in items:
        source = inspect.getsource(item.function)
        (left if "raises(" in source else kept).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left)
