"""Fixed and slow points of networks that were made to have them."""

import numpy as np
import pytest

from rnncore.backend import to_numpy
from rnncore.bptt import numerical_gradient, rnn_cell_vjp
from rnncore.rnn import Params, init_params, rnn_cell, unroll
from rnncore.slow_points import find_slow_points
from tests.helpers.arrays import assert_close
from tests.helpers.oracles import KINDS, linear_cell, linear_cell_vjp, said


def layer(W_h, b):
    """A layer that reads one number, with weight 1 into each unit."""
    W_h, b = np.array(W_h, float), np.array(b, float)
    return Params(np.ones((len(b), 1)), W_h, b, 0 * b)


def test_two_units_that_each_keep_a_sign_have_nine_fixed_points(move, rng):
    """h = tanh(w h): 0, and two more where the tanh is steep enough."""
    a = 0.9
    w = np.arctanh(a) / a  # makes a and -a fixed points
    params = move(layer(w * np.eye(2), np.zeros(2)))
    start = move(rng.uniform(-1, 1, (200, 2)))
    found = find_slow_points(
        rnn_cell, rnn_cell_vjp, params, move(np.zeros(1)), (start,)
    )
    at = found.states[np.lexsort(found.states.round(3).T[::-1])]
    grid = [(p, q) for p in (-a, 0.0, a) for q in (-a, 0.0, a)]
    # a Newton step's error is that of its solution, in units of 1 - J
    assert_close(at, np.array(grid), within=1e-9)
    assert found.speeds.max() < 1e-9
    unstable = (abs(found.eigenvalues) > 1).sum(axis=1)
    assert np.bincount(unstable).tolist() == [4, 4, 1]


def test_a_constant_input_moves_the_point(move):
    """h = W h + x + b has one fixed point, (1 - W)^-1 (x + b)."""
    params = move(layer([[0.5, 0.2], [0.0, 0.25]], [1.0, 0.5]))
    x, state = move(np.array([1.0])), move(np.ones((3, 2)))
    found = find_slow_points(
        linear_cell, linear_cell_vjp, params, x, (state,)
    )
    assert_close(found.states, np.array([[4.8, 2.0]]), within=1e-9)


def test_a_slow_direction_is_found_without_a_fixed_point(move):
    """The second unit counts up by 0.01 at each step, for ever."""
    params = move(layer([[0.5, 0.0], [0.0, 1.0]], [1.0, 0.01]))
    x, state = move(np.zeros(1)), move(np.array([[7.0, 3.0], [0.0, 5.0]]))
    found = find_slow_points(
        linear_cell, linear_cell_vjp, params, x, (state,)
    )
    at = found.states[np.argsort(found.states[:, 1])]
    assert_close(at, np.array([[2.0, 3.0], [2.0, 5.0]]), within=1e-9)
    assert_close(found.speeds, np.full(2, 0.01), within=1e-9)
    assert_close(found.eigenvalues + 0j, np.array([[1.0 + 0j, 0.5]] * 2))


@pytest.mark.parametrize("kind", KINDS)
def test_a_minimum_of_q_and_its_eigenvalues_whatever_the_cell(kind, rng):
    cell, vjp, G, parts = (
        getattr(KINDS[kind], k, None) for k in ("cell", "vjp", "G", "parts")
    )
    params = init_params(rng, 2, 3, G)
    x, n = rng.normal(size=2), 3 * parts
    state = tuple(rng.normal(size=(4, 3)) for _ in range(parts))
    found = find_slow_points(cell, vjp, params, x, state)

    def step(h):
        split = tuple(h[None, k : k + 3] for k in range(0, n, 3))
        _, after, _ = unroll(cell, params, x[None, None], split)
        return np.concatenate(after, axis=-1)[0]

    for h, speed, values in zip(*found, strict=True):
        assert_close(np.linalg.norm(step(h) - h), speed, within=1e-12)
        d_h = numerical_gradient(lambda h: ((step(h) - h) ** 2).sum(), h)
        assert abs(d_h).max() < 1e-6  # of finite differences
        J = [
            numerical_gradient(lambda h, k=k: step(h)[k], h)
            for k in range(n)
        ]
        expected = np.linalg.eigvals(np.array(J))
        expected = expected[np.argsort(-abs(expected))]
        assert_close(abs(values), abs(expected), within=1e-6)


def test_points_near_each_other_are_one_the_slowest(rng):
    params = layer([[0.5]], [0.0])
    state, x = rng.normal(size=(9, 1)), np.zeros(1)
    given = linear_cell, linear_cell_vjp, params, x, (state,)
    few = find_slow_points(*given, steps=1, tolerance=1e-12)
    assert len(few.speeds) == 9
    assert (np.diff(few.speeds) >= 0).all()
    one = find_slow_points(*given, steps=1, tolerance=10.0)
    assert_close(one.states, few.states[:1])
    assert isinstance(one.states, np.ndarray)
    assert to_numpy(one.speeds).shape == (1,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.zeros((1, 1))}, "x: expected (1,), got (1, 1)"),
        ({"state": (np.zeros((4, 3)),)}, "state[0]: expected (4, 2)"),
        ({"state": (np.zeros(2),)}, "state[0]: expected"),
        ({"state": np.zeros((4, 2))}, "state: expected a tuple"),
        ({"steps": 0}, "steps: expected more than 0, got 0"),
        ({"tolerance": 0.0}, "tolerance: expected more than 0, got 0.0"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    params = layer(np.eye(2), np.zeros(2))
    given = {"x": np.zeros(1), "state": (np.zeros((4, 2)),)} | change
    refused = said(
        find_slow_points, rnn_cell, rnn_cell_vjp, params, **given
    )
    assert message in refused
