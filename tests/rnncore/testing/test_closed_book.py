"""The package's own function is no answer to a closed-book task."""

import importlib
import subprocess
import sys

import numpy as np
import pytest

from grader.assignments import builder
from rnncore import rnn
from rnncore.testing import CheckFailure, closed
from tests.helpers.arrays import assert_close

NAME = "unroll"
WRITTEN = {  # by a learner, in a cell
    "by its module": "import rnncore.rnn as book\ndef f(*a): return book.unroll(*a)",
    "by its name": "from rnncore.rnn import unroll as u\ndef f(*a): return u(*a)",
    "by what is kept": (
        "import rnncore.rnn\nkept = [rnncore.rnn.unroll]\n"
        "def f(*a): return (lambda g: g(*a))(kept[0])"
    ),
    "by another function of the package": (
        "from rnncore.nn import Loop\n"
        "def f(*a): return Loop.forward(None, *a, *range(5))"
    ),
}


def answer(source):
    values = {}
    exec(compile(source, "cell 1", "exec"), values)  # noqa: S102
    return values["f"]


@pytest.mark.parametrize("way", WRITTEN)
def test_notebook_code_is_refused(way):
    f = answer(WRITTEN[way])
    refused = pytest.raises(CheckFailure, match="package's own unroll")
    with closed.closed_book(NAME, f, "cell 2"), refused:
        f(None, None, None)
    with pytest.raises(
        (TypeError, AttributeError, ValueError)
    ):  # open again
        f(None, None, None)


def test_the_function_itself_is_refused():
    refused = pytest.raises(CheckFailure, match="package's own unroll")
    with refused, closed.closed_book(NAME, rnn.unroll, "cell 2"):
        raise AssertionError("never reached")


def test_the_package_and_the_test_may_call_it():
    test = answer(WRITTEN["by its module"])
    called = pytest.raises((TypeError, AttributeError))
    with closed.closed_book(NAME, None, "cell 1"), called:
        test(None, None, None)


def test_defaults_stay():
    from rnncore.testing import compare

    before = compare.assert_close.__code__
    functions = closed.own_functions("assert_close")
    assert functions == [compare.assert_close]
    with closed.closed_book("assert_close", None, __file__):
        compare.assert_close("x", np.ones(2), np.ones(2))
        with pytest.raises(AssertionError):
            compare.assert_close("x", np.ones(2), np.zeros(2), why="no")
    assert compare.assert_close.__code__ is before


def test_a_shorter_way_is_refused():
    source = (
        "from rnncore.reservoir import fit_readout\n"
        "def f(*a): return fit_readout(*a)"
    )
    f = answer(source)
    refused = pytest.raises(CheckFailure, match="package's own fit_readout")
    with refused, closed.closed_book("readout_of_stream", f, "cell 2"):
        f(np.ones((1, 1, 2)), np.ones((1, 1, 1)), 0.1)
    f(np.ones((1, 1, 2)), np.ones((1, 1, 1)), 0.1)  # open again


@pytest.mark.parametrize("task", closed.ALIASES)
def test_shorter_ways_are_there(task):
    assert closed.own_functions(task)
    assert any(
        task in builder.read(name).of("test")
        for name in builder.list_assignments()
    )


CLOSED = [
    (assignment, task)
    for assignment in builder.list_assignments()
    for task, cell in builder.read(assignment).of("solution").items()
    if cell.options.get("closed_book")
]


@pytest.mark.parametrize(("assignment", "task"), CLOSED)
def test_nothing_that_answers_a_task_is_left_open(assignment, task):
    """A call by a notebook is refused, whatever the module calls the name."""
    answers = {
        id(found): found
        for place in closed._definers(closed.ALIASES.get(task, task))
        for found in vars(importlib.import_module(place)).values()
        if getattr(found, "__name__", "") == task
    }
    assert answers
    called = "def f(g): return g()"
    namespace: dict = {}
    exec(compile(called, "cell 1", "exec"), namespace)  # noqa: S102
    with closed.closed_book(task, None, "cell 2"):
        for found in answers.values():
            with pytest.raises(CheckFailure, match="book closed"):
                namespace["f"](getattr(found, "apply", found))


def test_a_function_behind_a_decorator_is_refused():
    f = answer(
        "from rnncore.seq2seq import greedy\ndef f(*a): return greedy(*a)"
    )
    refused = pytest.raises(CheckFailure, match="package's own greedy")
    with closed.closed_book("greedy", f, "cell 2"), refused:
        f(None, None, 3)


CLASSES = {
    "itself": "from rnncore.nn import Loop as f",
    "behind a function": (
        "from rnncore.nn import Loop\ndef f(*a): return Loop.apply(*a)"
    ),
    "as a base": "from rnncore.nn import Loop\nclass f(Loop): pass",
    "by its methods": (
        "from rnncore.nn import Loop\n"
        "def f(*a): return Loop.forward(None, *a)"
    ),
    "in a thread": (
        "import concurrent.futures as c\nfrom rnncore.nn import Loop\n"
        "def f(*a):\n"
        "    with c.ThreadPoolExecutor() as p:\n"
        "        return p.submit(Loop.forward, None, *a).result()"
    ),
    "in a thread, decorated by torch": (
        "import concurrent.futures as c, torch\nfrom rnncore.nn import Loop\n"
        "def f(*a):\n"
        "    with c.ThreadPoolExecutor() as p:\n"
        "        gradient = torch.no_grad()(Loop.backward)\n"
        "        return p.submit(gradient, None, *a).result()"
    ),
}


@pytest.mark.parametrize("way", CLASSES)
def test_a_class_is_refused(way):
    f = answer(CLASSES[way])
    refused = pytest.raises(CheckFailure, match="book closed")
    with refused, closed.closed_book("Loop", f, "cell 2"):
        f(None)


def test_the_test_and_the_package_may_use_a_class_that_is_closed():
    from rnncore.nn import Loop

    before = Loop.forward.__code__
    test = answer(
        "import torch\nfrom rnncore.nn import Loop\n"
        "from rnncore.bptt import rnn_cell_vjp\nfrom rnncore.rnn import rnn_cell\n"
        "def f():\n"
        "    x, h = torch.ones(5, 2, 3), torch.zeros(2, 4)\n"
        "    p = torch.ones(4, 3), torch.ones(4, 4), *2 * [torch.ones(4)]\n"
        "    p = [w.requires_grad_() for w in p]\n"
        "    y, _ = Loop.apply(rnn_cell, rnn_cell_vjp, x, *p, h)\n"
        "    y.sum().backward()\n"
        "    return p[0].grad"
    )
    expected = test()
    with closed.closed_book("Loop", None, "cell 1"):
        assert Loop.forward.__code__ is not before
        assert_close(test(), expected)
    assert Loop.forward.__code__ is before


HANDED = {
    "to observe": (
        "from rnncore.gru import gru_cell_vjp\n"
        "from rnncore.testing import observe\n"
        "def f(*a):\n"
        "    seen = observe(gru_cell_vjp, dict(enumerate(a)))\n"
        "    if seen.error: raise seen.error"
    ),
    "to tree_map": (
        "from rnncore.backend import tree_map\n"
        "from rnncore.gru import gru_cell_vjp\n"
        "def f(*a): return tree_map(lambda x: gru_cell_vjp(*a), 1)"
    ),
    "to functools": (
        "import functools\nfrom rnncore.gru import gru_cell_vjp\n"
        "def f(*a): return functools.reduce(gru_cell_vjp, a)"
    ),
    "from the table of cells": (
        "from rnncore.cells import CELLS\n"
        "from rnncore.testing import observe\n"
        "def f(*a):\n"
        "    vjp = CELLS['GRU'].vjp\n"
        "    seen = observe(vjp, dict(enumerate(a)))\n"
        "    if seen.error: raise seen.error"
    ),
}


@pytest.mark.parametrize("way", HANDED)
def test_a_closed_function_is_not_called_for_a_notebook(way):
    """Functions of the package that call what they are given are a way in."""
    f = answer(HANDED[way])
    refused = pytest.raises(
        CheckFailure, match="package's own gru_cell_vjp"
    )
    with closed.closed_book("gru_cell_vjp", f, "cell 2"), refused:
        f(None, None)


def test_a_module_that_nobody_has_imported_is_closed():
    code = (
        "import sys\nfrom rnncore.testing import closed\n"
        "assert 'rnncore.factors' not in sys.modules\n"
        "with closed.closed_book('min_lstm_layer_vjp', None, 'cell 2'):\n"
        "    try:\n"
        "        exec(compile('from rnncore.factors import "
        "min_lstm_layer_vjp as f; f()', 'cell 1', 'exec'))\n"
        "    except closed.CheckFailure:\n"
        "        print('refused')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout == "refused\n", run.stderr
