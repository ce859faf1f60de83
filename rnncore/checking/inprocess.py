"""Checks a notebook in the process that asks, as in a browser.

There are no other processes there: the cells run in a shell of their own
beside the caller's, and nothing can stop one that does not end.
"""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path
from types import ModuleType

from rnncore.checking import client, runner
from rnncore.checking.find import find_notebook
from rnncore.checking.processes import collect
from rnncore.checking.shell import make_shell


def check(notebook: str | Path) -> None:
    """Print what the visible tests of a saved notebook find.

    Raises NotebookError where the file is no assignment's notebook.
    """
    path = find_notebook(notebook)
    start = time.perf_counter()
    cells = client.read_cells(path)
    with contextlib.chdir(path.parent):
        answer = run(cells)
    took = time.perf_counter() - start
    print(client.report(path, cells, answer, took))


def run(cells: list[runner.Cell]) -> client.Answer:
    """What the cells give, one after the other, in a fresh namespace."""
    name = "checked"
    shell = make_shell(ModuleType(name))
    try:
        results = [
            runner.run_cell(shell, cell, number)
            for number, cell in enumerate(cells, 1)
        ]
    finally:
        shell.restore_sys_module_state()
        sys.modules.pop(name, None)
    return collect([r for r in results if r], "")
