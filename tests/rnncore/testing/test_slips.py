"""A slip is named where it gives the answer's numbers on all inputs."""

import warnings

import numpy as np
import pytest

from rnncore.testing import Stored, check
from rnncore.testing.failure import CheckFailure
from rnncore.testing.slips import (
    EPSILON,
    is_along,
    is_same_sketch,
    recognised_slip,
    sketch_errors,
)

RNG = np.random.default_rng(0)
INPUTS = [{"x": RNG.normal(size=(3, 2))}, {"x": RNG.normal(size=(4, 1))}]
SIGN = "one sign is turned"


def right(x):
    return x - 1, x.sum()


def turned(x):
    return x + 1, x.sum()


def results(f):
    return [f(**args) for args in INPUTS]


def sketch(f, *more):
    return sketch_errors(results(f), results(right), *more)


def complaint(candidate):
    kept = Stored(
        results(right), [], "right", slips={SIGN: [sketch(turned)]}
    )
    with pytest.raises(CheckFailure) as caught:
        check(candidate, kept, INPUTS, outputs="less, total")
    return caught.value.failure


def test_a_slip_is_named_however_it_is_written():
    assert complaint(lambda x: (1 + x, np.sum(x))).mistake == SIGN


def test_one_that_differs_in_one_output_of_one_input_is_not_named():
    def other(x):
        less, total = turned(x)
        return less, total + (len(x) == 4)

    assert complaint(other).mistake == ""


def test_one_in_float32_is_named():
    def single(x):
        less, total = turned(x)
        return np.float32(less), total

    assert recognised_slip(
        results(single), results(right), {SIGN: [sketch(turned)]}
    )


def test_what_is_right_has_no_sketch():
    assert sketch(right) is None
    assert sketch(lambda x: (np.float32(x - 1), x.sum())) is None


def test_another_form_is_recognised_by_form_and_numbers():
    def flat(x):
        return (x + 1).ravel(), x.sum()

    def in_lines(x):
        return (x + 1)[None], x.sum()

    assert is_same_sketch(sketch(flat), sketch(flat))
    assert not is_same_sketch(
        sketch(flat), sketch(lambda x: (x.ravel(), x.sum()))
    )
    assert not is_same_sketch(sketch(flat), sketch(in_lines))


def test_a_truth_value_is_told_from_a_number():
    due, truth, number = [[2], [1]], [[True], [True]], [[1], [1]]
    assert sketch_errors(truth, due)[0] < 0 < sketch_errors(number, due)[0]


@pytest.mark.parametrize(
    "wrong_form",
    [
        lambda x: (x - 1).ravel(),
        lambda x: x - 1,
        lambda x: ((x - 1)[None], x.sum()),
        lambda x: ([], x.sum()),
    ],
)
def test_right_numbers_in_a_wrong_form_are_no_slip(wrong_form):
    assert sketch(wrong_form) is None


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_what_is_not_finite_has_no_sketch_and_no_warning(value):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sketch(lambda x: (x - 1, value)) is None
        assert sketch_errors([np.inf], [np.inf]) is None
        assert sketch_errors([np.inf], [1.0]) is None


def test_words_and_whole_numbers_are_compared_too():
    assert sketch_errors([["up", 2]], [["up", 2]]) is None
    assert sketch_errors([["up", 2]], [["down", 2]])[0] == 1


@pytest.mark.parametrize("size", [1e-9, 1e-8, 1e-7])
def test_an_epsilon_is_named_at_any_size(size):
    def quotient(x, little=0.0):
        return 1 / (1.5 + x**2 + little)

    due = [quotient(**args) for args in INPUTS]
    made = [quotient(little=1e-7, **args) for args in INPUTS]
    slips = {EPSILON: [sketch_errors(made, due, 1e-10)]}
    found = [quotient(little=size, **args) for args in INPUTS]
    assert recognised_slip(found, due, slips) == EPSILON
    rounded = [
        d + size * np.sign(d) * np.arange(d.size).reshape(d.shape)
        for d in due
    ]
    assert recognised_slip(rounded, due, slips) == ""


def test_a_direction_has_no_length():
    assert is_along([1, 2.0, 1.0, -1.0], [1, 4.0, 2.0, -2.0])
    assert not is_along([1, 2.0, 1.0, -1.0], [1, 4.0, 2.0, 2.0])
