"""The backward loop: finite differences, truncation, and the checker."""

import numpy as np
import pytest
from hypothesis import given, settings

from rnncore.backend import array_namespace, to_numpy
from rnncore.bptt import (
    bptt,
    check_gradient,
    numerical_gradient,
    readout_vjp,
    relu_cell_vjp,
    rnn_cell_vjp,
    rows,
    truncated_bptt,
)
from rnncore.gradient_flow import gradient_by_lag, state_jacobians
from rnncore.rnn import Params, init_readout, readout, rnn_cell, unroll
from tests.helpers.arrays import assert_close
from tests.helpers.oracles import (
    KINDS,
    both_ways,
    problem,
    said,
    scalar_loss,
    sizes,
)

each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@each_kind
@settings(max_examples=15)
@given(size=sizes)
def test_gradients_are_those_of_finite_differences(kind, size):
    p = problem(kind, *size)
    loss = scalar_loss(kind, p)
    _, _, d_params, d_x, d_state = both_ways(kind, p)
    for name, gradient in d_params._asdict().items():
        weight = getattr(p.params, name)
        check_gradient(
            lambda w, n=name: loss(**{n: w}), weight, gradient, name
        )
    check_gradient(lambda x: loss(x=x), p.x, d_x, "x")
    for k, gradient in enumerate(d_state):

        def moved(s, k=k):
            return loss(state=(*p.state[:k], s, *p.state[k + 1 :]))

        check_gradient(moved, p.state[k], gradient, f"state[{k}]")


def test_three_scalar_steps_by_hand():
    # h_t = tanh(w h_{t-1}), h_0 = 1, w = 0.5, loss = h_3.
    h = [1.0]
    for _ in range(3):
        h.append(np.tanh(0.5 * h[-1]))
    slope = [1 - value**2 for value in h]
    d_w = (
        slope[3] * h[2]
        + slope[3] * 0.5 * slope[2] * h[1]
        + slope[3] * 0.5 * slope[2] * 0.5 * slope[1] * h[0]
    )
    params = Params(*map(np.asarray, ([[0.0]], [[0.5]], [0.0], [0.0])))
    one = np.ones((1, 1))
    _, _, tape = unroll(rnn_cell, params, np.zeros((3, 1, 1)), (one,))
    d_params, _, d_state = bptt(
        rnn_cell_vjp, params, tape, np.zeros((3, 1, 1)), (one,)
    )
    assert_close(d_params.W_h, [[d_w]])
    expected = 0.125 * slope[1] * slope[2] * slope[3]
    assert_close(d_state[0], [[expected]])


@each_kind
def test_the_same_tape_serves_twice(kind):
    p = problem(kind)
    _, _, tape = unroll(kind.cell, p.params, p.x, p.state)
    first = bptt(kind.vjp, p.params, tape, p.d_y, p.d_state)
    again = bptt(kind.vjp, p.params, tape, p.d_y, p.d_state)
    assert_close(first, again)


@each_kind
def test_what_is_returned_is_always_an_array(kind, move):
    p = move(problem(kind, T=1))
    _, _, *_, d_state = both_ways(kind, p)
    assert {type(d) for d in d_state} == {type(p.x)}
    assert [tuple(d.shape) for d in d_state] == [(3, 6)] * kind.parts


@each_kind
def test_a_window_over_all_steps_truncates_nothing(kind):
    p = problem(kind)
    nothing = tuple(np.zeros_like(s) for s in p.state)
    _, last, tape = unroll(kind.cell, p.params, p.x, p.state)
    full, _, _ = bptt(kind.vjp, p.params, tape, p.d_y, nothing)
    d_params, state = truncated_bptt(
        kind.cell, kind.vjp, p.params, p.x, p.state, p.d_y, window=99
    )
    assert_close((d_params, state[0]), (full, last[0]))


def test_truncation_changes_the_gradient_and_not_the_state(move):
    kind = KINDS["lstm"]
    p = problem(kind, T=7)
    q = move(p)
    _, last, tape = unroll(kind.cell, p.params, p.x, p.state)
    d_params, state = truncated_bptt(
        kind.cell, kind.vjp, q.params, q.x, q.state, q.d_y, window=3
    )
    assert_close(state[1], last[1])
    nothing = tuple(np.zeros_like(s) for s in p.state)
    full, _, _ = bptt(kind.vjp, p.params, tape, p.d_y, nothing)
    assert np.abs(to_numpy(d_params.W_h) - full.W_h).max() > 0.01
    by_hand, carried = np.zeros_like(full.W_h), p.state
    for part in (slice(0, 3), slice(3, 6), slice(6, 7)):
        _, carried, tape = unroll(kind.cell, p.params, p.x[part], carried)
        d_part, _, _ = bptt(kind.vjp, p.params, tape, p.d_y[part], nothing)
        by_hand += d_part.W_h
    assert_close(d_params.W_h, by_hand)


@pytest.mark.parametrize("window", [0, -1])
def test_a_window_without_a_step_is_refused(window):
    kind = KINDS["rnn"]
    p = problem(kind)
    with pytest.raises(ValueError, match="window: expected at least 1"):
        truncated_bptt(
            kind.cell, kind.vjp, p.params, p.x, p.state, p.d_y, window
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            dict(d_y=np.ones((4, 3, 6))),
            r"d_y: expected \(5, 3, 6\), got \(4",
        ),
        (
            dict(d_y=np.ones((5, 18))),
            r"d_y: expected \(5, 3, 6\), got \(5, 18",
        ),
        (
            dict(d_y=np.ones((5, 3, 6), "f")),
            r"d_y: expected float64 .* float32",
        ),
        (dict(d_state=(0.0,)), r"d_state\[0\]: expected an array .* float"),
        (dict(d_state=np.ones((3, 6))), r"d_state: expected a tuple"),
        (
            dict(d_state=(np.ones((6, 3)),)),
            r"d_state\[0\]: .* got \(6, 3\)",
        ),
    ],
)
def test_a_wrong_upstream_gradient_is_named(change, message):
    kind = KINDS["rnn"]
    p = problem(kind)
    _, _, tape = unroll(kind.cell, p.params, p.x, p.state)
    p = p._replace(**change)
    with pytest.raises(ValueError, match=message):
        bptt(kind.vjp, p.params, tape, p.d_y, p.d_state)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda h, c: (h, c[:1]),
            r"d_state\[1\]: expected \(3, 6\), got \(1, 6\)",
        ),
        (
            lambda h, c: (h, c.astype("f")),
            r"d_state\[1\]: expected float64 .* got float32",
        ),
        (lambda h, c: (h,), r"d_state: expected 2 array\(s\), got 1"),
        (
            lambda h, c: (h, c, c),
            r"d_state: expected 2 array\(s\), got 3",
        ),
    ],
)
def test_every_part_of_the_upstream_state_is_checked(change, message):
    kind = KINDS["lstm"]
    p = problem(kind)
    _, _, tape = unroll(kind.cell, p.params, p.x, p.state)
    d_state = change(*p.d_state)
    with pytest.raises(ValueError, match=message):
        bptt(kind.vjp, p.params, tape, p.d_y, d_state)
    for walk in state_jacobians, gradient_by_lag:
        with pytest.raises(ValueError, match=message.removeprefix("d_")):
            walk(kind.vjp, p.params, tape, d_state)


def test_the_readouts_gradients(move, rng):
    weights, y = init_readout(rng, 3, 4), rng.normal(size=(5, 2, 3))
    d_logits = rng.normal(size=(5, 2, 4))
    d_weights, d_y = readout_vjp(*move((d_logits, weights, y)))

    def loss(W_y=weights.W_y, b_y=weights.b_y, y=y):
        return float(
            (readout(weights._make((W_y, b_y)), y) * d_logits).sum()
        )

    check_gradient(
        lambda w: loss(W_y=w), weights.W_y, to_numpy(d_weights.W_y), "W_y"
    )
    check_gradient(
        lambda b: loss(b_y=b), weights.b_y, to_numpy(d_weights.b_y), "b_y"
    )
    check_gradient(lambda y: loss(y=y), y, to_numpy(d_y), "y")
    with pytest.raises(ValueError, match=r"d_logits: expected \(5, 2, 4\)"):
        readout_vjp(d_logits[..., :3], weights, y)


def test_a_wrong_gradient_is_named_by_entry_with_both_numbers():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    wrong = 2 * x
    wrong[1, 0] = 7.0
    message = r"d_W\[1, 0\]: expected 6 \(finite differences\), got 7"
    with pytest.raises(AssertionError, match=message):
        check_gradient(lambda a: (a * a).sum(), x, wrong, "d_W")


def test_a_gradient_that_is_not_a_number_is_wrong():
    x = np.ones(2)
    with pytest.raises(AssertionError, match=r"d_x\[1\]: .* got nan"):
        check_gradient(lambda a: a.sum(), x, np.array([1.0, np.nan]))


def test_a_gradient_can_only_be_judged_in_float64():
    with pytest.raises(ValueError, match="expected float64, got float32"):
        check_gradient(lambda a: a.sum(), np.ones(2, "f"), np.ones(2))


def test_a_gradient_of_another_shape_is_named():
    with pytest.raises(
        ValueError, match=r"d_x: expected \(2,\), got \(1, 2\)"
    ):
        check_gradient(lambda a: a.sum(), np.ones(2), np.ones((1, 2)))


def test_numerical_gradients_leave_the_array_alone(move):
    x = np.arange(3.0)
    moved = move(x)
    xp = array_namespace(moved)
    d_x = numerical_gradient(lambda a: xp.sum(a * a * a), moved)
    # The third derivative is 6: an error of step^2 = 1e-12, and rounding.
    assert_close(d_x, 3 * x**2, within=1e-8)
    np.testing.assert_array_equal(to_numpy(moved), np.arange(3.0))


def test_a_window_of_one_step_adds_up_what_single_steps_give():
    kind = KINDS["gru"]
    p = problem(kind)
    nothing = tuple(np.zeros_like(s) for s in p.state)
    d_params, last = truncated_bptt(
        kind.cell, kind.vjp, p.params, p.x, p.state, p.d_y, window=1
    )
    total, state = 0.0, p.state
    for t in range(5):
        part = slice(t, t + 1)
        _, state, tape = unroll(kind.cell, p.params, p.x[part], state)
        step, _, _ = bptt(kind.vjp, p.params, tape, p.d_y[part], nothing)
        total = total + step.b_x
    assert_close(d_params.b_x, total)
    assert_close(last[0], state[0])


def test_refusals_of_the_backward_functions_in_full(rng):
    kind = KINDS["rnn"]
    p = problem(kind)
    given = kind.cell, kind.vjp, p.params
    assert said(truncated_bptt, *given, p.x, p.state, p.d_y, 0) == (
        "window: expected at least 1, got 0"
    )
    assert said(truncated_bptt, *given, p.x[0], p.state, p.d_y, 2) == (
        "x: expected (T, B, 4), got (3, 4)"
    )
    assert said(truncated_bptt, *given, p.x, p.state, p.d_y[1:], 2) == (
        "d_y: expected (5, 3, 6), got (4, 3, 6)"
    )
    weights = init_readout(rng, 6, 2)
    assert said(readout_vjp, p.d_y, weights, p.d_y) == (
        "d_logits: expected (5, 3, 2), got (5, 3, 6)"
    )
    assert said(check_gradient, np.sum, np.ones(2, "f"), np.ones(2)) == (
        "x: expected float64, got float32"
    )
    assert said(
        check_gradient,
        np.sum,
        np.ones(2),
        np.zeros(2),
        error=AssertionError,
    ) == ("d_x[0]: expected 1 (finite differences), got 0")


def test_an_error_is_relative_above_1_and_absolute_below():
    # The tolerance is 1e-6 unless another is asked for.
    for slope, off, right in (
        (1e6, 0.9, True),
        (1e6, 1.1, False),
        (1e-3, 0.9e-6, True),
        (1e-3, 1.1e-6, False),
    ):
        x, d_x = np.zeros(1), np.array([slope + off])
        if right:
            error = check_gradient(lambda a, s=slope: s * a[0], x, d_x)
            expected = off / max(1, slope)
            assert_close(error, expected, within=1e-3 * expected)
        else:
            with pytest.raises(AssertionError, match="finite differences"):
                check_gradient(lambda a, s=slope: s * a[0], x, d_x)


def test_an_error_as_large_as_the_tolerance_passes():
    x = np.zeros(1)
    assert check_gradient(lambda a: 0.0, x, x + 0.5, tolerance=0.5) == 0.5


def test_the_step_of_finite_differences_is_on_both_sides():
    # |x| has slope 0 at 0 as seen from both sides, and a kink elsewhere
    x = np.array([0.0, 0.25, -1.0])
    d_x = numerical_gradient(lambda a: np.abs(a).sum(), x, step=0.5)
    np.testing.assert_array_equal(d_x, [0, 0.5, -1])


def test_a_cells_way_back_by_hand():
    d, h = np.array([[2.0, 2.0]]), np.array([[0.5, 0.0]])
    d_a_x, d_a_h, past = rnn_cell_vjp((d,), h)
    assert d_a_x.tolist() == d_a_h.tolist() == [[1.5, 2.0]]
    assert past == (0.0,)
    d_a_x, d_a_h, past = relu_cell_vjp((d,), h)
    assert d_a_x.tolist() == d_a_h.tolist() == [[2.0, 0.0]]  # off at 0
    assert past == (0.0,)


def test_rows_lie_step_by_step():
    a = np.arange(12).reshape(3, 2, 2)
    np.testing.assert_array_equal(rows(a), a.reshape(6, 2))
