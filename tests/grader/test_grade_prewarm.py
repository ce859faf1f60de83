"""Which process a notebook is run in, and how that process is copied."""

import os
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from grader.course.settings import Limits
from grader.isolation import client, sandbox
from grader.isolation.client import LIBRARIES, find_libraries, says_torch
from grader.isolation.session import Session
from tests.helpers.grading import ROOT


@pytest.mark.parametrize(
    ("source", "asks"),
    [
        ("import torch", True),
        ("x = 1\nfrom torch import nn", True),
        ('device = "cpu"', True),
        ('device = "numpy"', False),
        ("import torchless\n# torch", False),
    ],
)
def test_a_notebook_that_asks_for_torch_is_known_by_it(
    tmp_path, source, asks
):
    path = tmp_path / "a.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(source)]), path)
    assert says_torch(path, 10**6) is asks


@pytest.mark.parametrize(
    ("code", "found"),
    [
        (
            "import pandas as pd\nfrom sklearn.svm import SVC",
            "pandas sklearn",
        ),
        ('"import numpy as np\\n", "import pandas"', "pandas"),
        ("import pandas_like, numpy\n# scipy", ""),
    ],
)
def test_libraries_that_are_imported_beforehand_are_known(code, found):
    assert sorted(find_libraries(code)) == found.split()
    assert find_libraries(code) <= set(LIBRARIES)


def test_what_is_no_plain_file_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    for name in ("pipe", "link", "none"):
        assert says_torch(tmp_path / name, 10**6) is False


ONCE = """
import sys
import grader.run.preload
needed = "torch", "grader.trusted.gradients", "nbgrader", "rnncore.testing"
print(*(name for name in needed if name not in sys.modules))
"""


@pytest.mark.slow
def test_what_grades_a_submission_is_imported_before_the_fork():
    run = subprocess.run(
        [sys.executable, "-c", ONCE],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    assert run.stdout.split() == []  # else each imports it for itself


@pytest.mark.slow
def test_the_libraries_of_the_tests_are_imported_before_the_fork():
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, grader.run.preload\nprint('pandas' in sys.modules)",
        ],
        cwd=ROOT,
        env=os.environ | {"GRADER_LIBRARIES": "pandas no_such_module"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert run.stdout == "True\n"


@pytest.mark.system(why=sandbox.why_not())
def test_a_learners_process_finds_the_libraries_imported(tmp_path):
    server = client.get_server(torch=False, libraries=frozenset({"pandas"}))
    session = Session(server.path, {}, Limits(), "")
    try:
        outputs, _ = session.run(
            "import sys\n'pandas' in sys.modules, 'torch' in sys.modules",
            1,
            60,
        )
        assert outputs[0]["data"]["text/plain"] == "(True, False)"
    finally:
        session.close()
        server.stop()


LARGE = """
import os
import numpy as np
from grader.isolation.linux.huge_pages import use_large
kept = np.arange(10**6)
asked = use_large()
assert asked >= 0
child = os.fork()
if child == 0:
    kept[:] = 0
    os._exit(0)
os.waitpid(child, 0)
assert (kept == np.arange(10**6)).all()
"""


def test_memory_in_large_pages_holds_what_it_held():
    run = subprocess.run(
        [sys.executable, "-c", LARGE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
