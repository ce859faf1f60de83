"""Tests that an empty array passes are found where they are built."""

import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from grader.assignments.empty_results import find_passed_by_empty
from grader.commands import build
from grader.notebook.names import cell_metadata


def test_an_empty_array_does_not_pass_our_comparison():
    from rnncore.testing import assert_close

    with pytest.raises(AssertionError):
        assert_close("total", np.zeros(0), 3.0)


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("x = 1\nassert np.allclose(f(x), -0.5)", [2]),
        ("np.testing.assert_allclose(total(x), x.sum(), rtol=1e-9)", [1]),
        ("assert_allclose(2 * np.mean(x) - 1, f(x))", [1]),
        ("assert np.allclose(f(x), float(y))", [1]),
        ("assert np.allclose(f(x), x.sum(axis=0))", []),
        ("assert np.allclose(f(x), y, 1e-3)", []),
        ("assert math.isclose(f(x), 3)", []),
        ("assert np.allclose(f(x), [3, 4]", []),
    ],
)
def test_a_comparison_with_one_number_is_found(source, lines):
    assert [*find_passed_by_empty(source)] == lines


def test_the_build_names_the_test_and_its_line(capsys):
    test = cell_metadata("test_f", grade=True, locked=True, points=2)
    cells = [
        new_code_cell("assert np.allclose(f(1), 2)"),  # no test
        new_code_cell("x = 1\nassert np.allclose(f(x), 2)", metadata=test),
    ]
    build._warn_of_empty("mine", new_notebook(cells=cells))
    (said,) = capsys.readouterr().err.splitlines()
    assert "'test_f', line 2: an empty array passes this" in said
