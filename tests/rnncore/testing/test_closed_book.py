"""The package's own function is no answer to a closed-book task."""

import numpy as np
import pytest

from grader.assignments import builder
from rnncore import rnn
from rnncore.testing import CheckFailure, closed

NAME = "unroll"
WRITTEN = {  # by a learner, in a cell
    "by its module": "import rnncore.rnn as book\ndef f(*a): return book.unroll(*a)",
    "by its name": "from rnncore.rnn import unroll as u\ndef f(*a): return u(*a)",
    "by what is kept": (
        "import rnncore.rnn\nkept = [rnncore.rnn.unroll]\n"
        "def f(*a): return (lambda g: g(*a))(kept[0])"
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
    with pytest.raises((TypeError, AttributeError)):  # open again
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
        task in builder.read(name).of("test") for name in builder.names()
    )
