"""Imported by the server that a run's processes are forked from.

multiprocessing has each of them import the main program again. This does it
once, before the fork: Python 3.11's own way to ask for that does nothing.
"""

import gc
import importlib
import os
from importlib.util import find_spec
from multiprocessing import spawn

import nbformat
import numpy as np
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.preprocessors import IgnorePattern, LimitOutput

import grader.run.grade_one
import rnncore.testing  # noqa: F401
from grader.isolation.linux.huge_pages import use_large
from grader.notebook.failures import own_errors
from grader.notebook.repair import repair

if find_spec("torch"):
    import grader.trusted.gradients  # noqa: F401 - and torch: half a second


def use_first() -> None:
    """What a first use compiles is compiled before the fork."""
    cell = new_code_cell("1", outputs=[new_output("stream", text="1")])
    notebook = new_notebook(cells=[cell, new_markdown_cell("a")])
    notebook = nbformat.reads(nbformat.writes(notebook), as_version=4)
    release = new_notebook(cells=[new_code_cell("1")])
    notebook.metadata["kernelspec"] = {}
    repair(notebook, release)
    for step in (IgnorePattern(), LimitOutput()):
        step.preprocess(notebook, {})
    own_errors(notebook)
    np.testing.assert_allclose(np.random.default_rng(0).normal(), 0.1, 1)


MAIN = "GRADER_MAIN"  # the program's path, in the environment
LIBRARIES = "GRADER_LIBRARIES"  # modules that the tests import

use_first()
for name in os.environ.pop(LIBRARIES, "").split():
    if find_spec(name.partition(".")[0]):
        importlib.import_module(name)
if path := os.environ.pop(MAIN, None):
    spawn.import_main_path(path)
gc.collect()
gc.freeze()  # a collection would write to pages that are shared
use_large()
