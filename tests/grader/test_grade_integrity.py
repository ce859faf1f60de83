"""What an instructor is asked to look at, and what not."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from grader.assignments import builder
from grader.assignments.parameters import ANOTHERS
from grader.reports.integrity import LONGEST, find_given_up, find_reasons
from tests.helpers.grading import cell_of, solved, source_notebook


def found(source, released="import numpy as np"):
    release = new_notebook(cells=[new_code_cell(released)])
    return find_reasons(
        new_notebook(cells=[new_code_cell(source)]), release, [], []
    )


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (
            "import numpy as np\nnp.testing.assert_allclose = print",
            "replaces np.testing.assert_allclose",
        ),
        (
            "class A:\n    def __array_ufunc__(self, *a): pass",
            "defines __array_ufunc__",
        ),
        ("import sys\nsys._getframe()", "uses _getframe"),
        ("import gc", "imports gc: searches all objects"),
        ("open('/proc/self/environ')", "has the text '/proc'"),
        ("%matplotlib inline\nimport subprocess", "imports subprocess"),
        (
            "get_ipython().ast_transformers.append(1)",
            "uses ast_transformers",
        ),
        ("from urllib.request import urlopen", "imports urllib"),
        ("f.__code__ = g.__code__", "uses __code__: takes a function"),
        ("import types\ntypes.FunctionType(c, {})", "uses FunctionType"),
        ("from types import FunctionType as F", "uses FunctionType"),
        ("import importlib\nimportlib.reload(np)", "uses reload"),
        ("import sys\nsys.modules.pop('rnncore')", "uses sys.modules"),
        ("from sys import modules", "uses sys.modules"),
        ("exec('x = 1')", "uses exec: runs a text"),
        ("x = eval('1')", "uses eval: runs a text"),
        ("x = !true\nimport subprocess", "imports subprocess"),
        ("if 1:\n    !true\nimport subprocess", "imports subprocess"),
        ("print?\nimport subprocess", "imports subprocess"),
        ("?print\nimport subprocess", "imports subprocess"),
        ("x = %who\nimport subprocess", "imports subprocess"),
        ("%time import subprocess", "imports subprocess"),
        ("%%capture\nimport subprocess", "imports subprocess"),
        ("%%timeit import subprocess\n1", "imports subprocess"),
        ("\n%%capture\nimport subprocess\n1", "imports subprocess"),
        ("%time %time import subprocess", "imports subprocess"),
        ("s = '''\n%x\n'''\n!true\nimport gc", "imports gc"),
        ("import os\nos.system('ls')", "uses os.system: starts"),
        ("%who\n" * 11 + "import gc", "has too many of IPython's"),
        ("%who\n" * 10 + "import gc", "imports gc"),
        ("!true\nimport gc".ljust(LONGEST), "imports gc"),
        ("__import__('subprocess')", "uses __import__"),
        ("compile('1', '', 'eval')", "uses compile"),
        ("import importlib\nimportlib.import_module('x')", "uses import_m"),
        ("get_ipython().run_cell('x = 1')", "uses run_cell"),
    ],
)
def test_what_no_answer_needs_is_named_with_its_cell(source, why):
    assert any(f"code cell 1 {why}" in reason for reason in found(source))


@pytest.mark.parametrize(
    "source",
    [
        "def f(x): return 2 * x",
        "model.eval()\nlist(model.modules())",
        "def f(",
        "x = '\\ud800'",
        "(" * 5000,
        "%time x = f(1)\n%matplotlib inline",
        "import re\nre.compile('a')",
        "def f(x):\n    return x %\n?",
        "%%html\n<b>import gc</b>",
        "get_ipython().run_line_magic('who', x, 3)",
    ],
)
def test_an_ordinary_or_unreadable_cell_is_no_reason(source):
    assert found(source) == []


def test_what_the_assignment_does_itself_is_no_reason():
    assert found("import signal", released="import signal") == []


def test_points_without_an_answer_are_a_reason():
    notebook = solved()
    cell_of(
        notebook, "double"
    ).source = "def double(x):\n    raise NotImplementedError()"
    check = {
        "id": "test_double",
        "points": 3,
        "of": 3,
        "failure": None,
    }
    (reason,) = find_reasons(notebook, source_notebook(), [check], [])
    assert (
        reason == "test_double has points, though its answer is not written"
    )


@pytest.mark.parametrize(
    "answer",
    [
        "def double(x):\n    return 2 * x\n    raise NotImplementedError()",
        (
            "def double(x):\n    if x is None:\n"
            "        raise NotImplementedError\n    return 2 * x"
        ),
        (
            "def helper(x):\n    raise NotImplementedError\n\n"
            "def double(x):\n    return 2 * x"
        ),
        "def double(x):\n    # raise NotImplementedError()\n    return 2 * x",
        "def double(x:\n    raise NotImplementedError()",
        (
            "a = 1\ndef double(x):\n    return 2 * x\n\n"
            "def helper(x):\n    raise NotImplementedError"
        ),
    ],
)
def test_a_right_answer_that_looks_unfinished_is_no_reason(answer):
    notebook = solved()
    cell_of(notebook, "double").source = answer
    check = {"id": "test_double", "points": 3, "of": 3, "failure": None}
    assert find_reasons(notebook, source_notebook(), [check], []) == []


def test_a_class_whose_methods_are_not_written_is_a_reason():
    notebook = solved()
    cell_of(notebook, "double").source = (
        'class double:\n    """Doubles."""\n\n    def one(self):\n'
        '        """Of one."""\n        raise NotImplementedError()'
    )
    check = {"id": "test_double", "points": 3, "of": 3, "failure": None}
    assert len(find_reasons(notebook, source_notebook(), [check], [])) == 1


def test_another_learners_values_are_a_reason():
    failures = [
        {"kind": "X"},
        {"mistake": "a sign"},
        {"mistake": f"has {ANOTHERS}"},
    ]
    checks = [
        {"id": name, "points": 0, "failure": failure, "others": others}
        for name, failure, others in (
            ("none", None, []),
            ("first", failures[2], failures[:2]),
            ("last", failures[0], failures[1:]),
            ("others", failures[0], failures[:2]),
        )
    ] + [{"id": "alone", "points": 0, "failure": failures[2]}]
    found = find_reasons(solved(), source_notebook(), checks, [])
    assert [reason.split()[0] for reason in found] == [
        "first",
        "last",
        "alone",
    ]


def test_there_is_an_end_to_the_reasons():
    source = "\n".join(
        f"import {name}"
        for name in [
            "gc",
            "socket",
            "pty",
            "ctypes",
            "signal",
            "marshal",
            "pickle",
            "atexit",
            "zmq",
            "subprocess",
        ]
    )
    assert found(source)[-1] == "and 2 reasons more"


@pytest.mark.parametrize("name", builder.list_assignments())
def test_the_courses_own_solutions_are_not_suspicious(name):
    path = builder.ROOT / "exercises" / name / f"{name}.ipynb"
    release = nbformat.read(path, as_version=4)
    notebook = nbformat.read(path, as_version=4)
    for task, cell in builder.read(name).of("solution").items():
        cell_of(notebook, task).source = cell.source
    assert find_reasons(notebook, release, [], []) == []


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (["triple", "double"], ["the course's solution of double, triple"]),
        (["double", "<b>no task</b>", 3, ["x"]], ["solution of double"]),
        ([], []),
        ("double", []),
        ({"double": 1}, []),
        (None, []),
    ],
)
def test_who_asked_for_a_solution_is_told_to_whoever_marks(known, said):
    notebook = solved()
    notebook.metadata["gave_up"] = known
    found = find_given_up(notebook, source_notebook())
    assert len(found) == len(said)
    for line, part in zip(found, said, strict=True):
        assert line.endswith(part)
    assert find_given_up(solved(), source_notebook()) == []
