"""Points by property: what an answer loses, and what it keeps."""

import numpy as np
import pytest

from rnncore.testing import (
    CheckFailure,
    Properties,
    assert_refuses,
    assert_that,
    check,
    hidden_inputs,
)
from rnncore.testing.properties import MOST, declared

SIZES = [(3, 2), (1, 2), (2, 4)]
ALL = dict(values=2, dtype=1, sizes=1, arguments=1)


def make(rng, T, B):
    return {"x": rng.normal(size=(T, B))}


def right(x):
    return 2 * x


def lost(candidate, points=None, reference=right, **more):
    """What a check of the candidate costs, and the points."""
    by = Properties(**(points or ALL))
    inputs = hidden_inputs(make, SIZES, "numpy")
    check(candidate, reference, inputs, by=by, **more)
    return {*by.lost}, by.points("holds")


def in_place(x):
    x *= 2
    return x.copy()


@pytest.mark.parametrize(
    ("candidate", "costs"),
    [
        (right, set()),
        (lambda x: 2 * x.astype(float), {"dtype"}),
        (lambda x: (2 * x).astype("float32"), {"dtype"}),
        (lambda x: 2 * x if len(x) > 1 else 3 * x, {"sizes"}),
        (lambda x: 2 * x if len(x) > 1 else x[1], {"sizes"}),
        (lambda x: 2 * x * (1 + (x.dtype == np.float32)), {"dtype"}),
        (in_place, {"arguments"}),
        (
            lambda x: (2 * x if len(x) > 1 else x).astype(float),
            {"dtype", "sizes"},
        ),
    ],
)
def test_a_property_costs_its_own_points(candidate, costs, capsys):
    found, points = lost(candidate)
    assert found == costs
    of = sum(n for name, n in ALL.items() if name not in costs)
    assert points == (of if costs else None)
    told = capsys.readouterr().out
    for name in costs:
        assert f"{name}: 0 of 1: " in told
    assert ("values: 2 of 2" in told) == bool(costs)


@pytest.mark.parametrize(
    "candidate",
    [
        lambda x: 0 * x,
        lambda x: (3 * x).astype(float),
        lambda x: 2 * x if len(x) == 1 else 3 * x,
        lambda x: 2 * x if x.dtype == np.float32 else 3 * x,
        lambda x: None,
    ],
)
def test_where_the_values_are_wrong_nothing_else_counts(candidate):
    with pytest.raises(CheckFailure):
        lost(candidate)


def test_what_has_no_points_of_its_own_costs_the_values():
    with pytest.raises(CheckFailure, match="float32"):
        lost(lambda x: 2 * x.astype(float), {"values": 3, "sizes": 1})
    with pytest.raises(CheckFailure, match="in place"):
        lost(in_place, {"values": 3, "sizes": 1})


def test_gradients_are_apart_from_the_other_results():
    def both(x):
        return 2 * x, 2 + 0 * x

    def of(candidate, points):
        return lost(candidate, points, both, outputs="y, d_x")

    points = dict(values=2, gradients=2)
    assert of(both, points) == (set(), None)
    assert of(lambda x: (2 * x, x), points) == ({"gradients"}, 2)
    with pytest.raises(CheckFailure, match="y"):
        of(lambda x: (x, 2 + 0 * x), points)
    with pytest.raises(CheckFailure, match="2 values"):
        of(lambda x: 2 * x, points)
    with pytest.raises(CheckFailure, match="d_x"):
        of(lambda x: (2 * x, x), dict(values=2, dtype=2))


def test_gradients_alone_are_the_values():
    with pytest.raises(CheckFailure):
        lost(lambda x: x, dict(values=2, gradients=2), outputs="d_x")


def test_a_block_costs_its_property_alone():
    by = Properties(values=2, refusals=1)
    with by("refusals"):
        assert_refuses(right, {"x": np.ones(2)}, "x is too short")
    assert by.points("holds") == 2
    assert [f.costs for f in by.points("holds").failures] == ["refusals"]
    with by("refusals"):
        assert_that(False, "the second is not told")
    assert "too short" in by.lost["refusals"].what


def test_an_error_of_any_kind_in_a_block_is_its_property():
    by = Properties(values=2, refusals=1)
    with by("refusals"):
        raise ZeroDivisionError("nothing")
    assert by.lost["refusals"].kind == "ZeroDivisionError"


def test_what_no_check_has_met_is_known():
    by = Properties(**ALL)
    assert by.met == {"values"}
    check(right, right, [{"x": np.ones((2, 3))}], by=by)
    assert by.met == {"values", "arguments"}
    check(right, right, hidden_inputs(make, [(1, 2)], "numpy"), by=by)
    assert "sizes" not in by.met  # nothing here has plain sizes
    check(right, right, hidden_inputs(make, SIZES, "numpy"), by=by)
    assert by.met == {*ALL}


def test_properties_are_known_words_with_points():
    with pytest.raises(ValueError, match="values"):
        Properties(dtype=1)
    with pytest.raises(ValueError, match="beauty"):
        Properties(values=1, beauty=1)
    with pytest.raises(ValueError, match="1 or more"):
        Properties(values=1, dtype=0)
    many = [
        "values",
        "gradients",
        "dtype",
        "sizes",
        "arguments",
        "refusals",
    ]
    with pytest.raises(ValueError, match=f"at most {MOST - 1}"):
        Properties(**dict.fromkeys(many, 1))
    for name in ("values", "dtype"):
        with (
            pytest.raises(ValueError, match=name),
            Properties(values=1, sizes=1)(name),
        ):
            pass


def test_a_cell_says_its_properties():
    source = "import x\nproperties = Properties(values=2, dtype=1)\n"
    assert declared(source) == {"values": 2, "dtype": 1}
    assert declared("print(1)") == declared("a b") == {}
