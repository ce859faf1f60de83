"""The forward loop and the plain cells."""

import numpy as np
import pytest
from hypothesis import given

from rnncore.backend import named_leaves, to_numpy, tree_map
from rnncore.rnn import (
    Params,
    Readout,
    init_params,
    init_readout,
    readout,
    relu_cell,
    rnn_cell,
    unroll,
    zero_state,
)
from tests.helpers.arrays import assert_close
from tests.helpers.oracles import (
    KINDS,
    both_ways,
    both_ways_torch,
    problem,
    said,
    sizes,
)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@given(size=sizes)
def test_outputs_and_all_gradients_are_those_of_torch_nn(kind, size):
    p = problem(kind, *size)
    # Of one unit alone, terms of size 1 may cancel.
    assert_close(both_ways(kind, p), both_ways_torch(kind, p), scale=1)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_backend_gives_the_same(kind, move):
    p = problem(kind)
    expected = both_ways(kind, p)
    moved = move(p)
    found = both_ways(kind, moved)
    assert_close(found, expected)
    assert type(found[0]) is type(moved.x)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_float32_stays_float32(kind):
    p = tree_map(lambda a: a.astype(np.float32), problem(kind))
    for name, a in named_leaves(both_ways(kind, p)):
        assert a.dtype == np.float32, name


def test_a_latch_by_hand():
    # tanh(3), then tanh(2 tanh(3)): one unit, ON pressed once.
    params = Params(*map(np.asarray, ([[3.0]], [[2.0]], [0.0], [0.0])))
    x = np.array([1.0, 0.0]).reshape(2, 1, 1)
    y, state, _ = unroll(rnn_cell, params, x, (np.zeros((1, 1)),))
    # ten digits
    assert_close(y[:, 0, 0], [0.9950547537, 0.9633221051], within=1e-10)
    assert state[0] == y[-1]  # exact: the same number, given twice


def test_a_relu_cell_counts_by_hand():
    params = Params(*map(np.asarray, ([[1.0]], [[1.0]], [0.0], [0.0])))
    x = np.array([1.0, 0, 1, 1, -9, 1]).reshape(6, 1, 1)
    y, _, _ = unroll(relu_cell, params, x, (np.zeros((1, 1)),))
    # exact: whole numbers
    np.testing.assert_array_equal(y[:, 0, 0], [1, 1, 2, 3, 0, 1])


def test_both_biases_are_added():
    params = Params(
        np.zeros((1, 1)), np.zeros((1, 1)), *np.array([[1.0], [2]])
    )
    y, _, _ = unroll(
        rnn_cell, params, np.zeros((1, 1, 1)), (np.ones((1, 1)),)
    )
    assert_close(y, np.tanh(3))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_later_input_changes_no_earlier_output(kind):
    p = problem(kind, T=6)
    later = p.x.copy()
    later[4] += 1
    y, _, _ = unroll(kind.cell, p.params, p.x, p.state)
    y_later, _, _ = unroll(kind.cell, p.params, later, p.state)
    assert_close(y[:4], y_later[:4])
    assert (y[4:] != y_later[4:]).any(axis=(1, 2)).all()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_sequences_of_a_batch_do_not_meet(kind):
    p = problem(kind, B=3)
    y, _, _ = unroll(kind.cell, p.params, p.x, p.state)
    for b in range(3):
        one = slice(b, b + 1)
        alone, _, _ = unroll(
            kind.cell, p.params, p.x[:, one], tuple(s[one] for s in p.state)
        )
        # BLAS may add in another order for another batch size.
        assert_close(y[:, one], alone)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_two_halves_with_the_state_carried_are_the_whole(kind):
    p = problem(kind, T=7)
    y, last, _ = unroll(kind.cell, p.params, p.x, p.state)
    first, state, _ = unroll(kind.cell, p.params, p.x[:3], p.state)
    second, state, _ = unroll(kind.cell, p.params, p.x[3:], state)
    assert_close(np.concatenate([first, second]), y)
    for a, b in zip(state, last):
        assert_close(a, b)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_nothing_that_is_given_is_changed(kind):
    p = problem(kind)
    kept = tree_map(np.copy, p)
    both_ways(kind, p)
    for (name, a), (_, b) in zip(named_leaves(p), named_leaves(kept)):
        np.testing.assert_array_equal(a, b, err_msg=name)


LSTM = KINDS["lstm"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(x=np.ones((5, 4))), r"x: expected \(T, B, 4\), got \(5, 4\)"),
        (dict(x=np.ones((5, 3, 2))), r"x: expected .*4\), got \(5, 3, 2\)"),
        (dict(x=np.ones((0, 3, 4))), r"x: .* size at least 1, got \(0, 3"),
        (dict(x=np.ones((5, 0, 4))), r"x: .* size at least 1, got \(5, 0"),
        (dict(x=[[[1.0]]]), r"x: expected an array .*, got list"),
        (dict(x=None), r"x: expected an array .*, got NoneType"),
        (
            dict(x=np.ones((5, 3, 4), np.float32)),
            r"x: expected float64 on cpu as W_x, got float32 on cpu",
        ),
        (
            dict(state=np.ones((3, 6))),
            r"state: expected a tuple .* ndarray",
        ),
        (dict(state=()), r"state: expected a tuple of arrays, .* tuple"),
        (
            dict(state=(np.ones((2, 6)),) * 2),
            r"state\[0\]: expected \(3, 6\), got \(2, 6\)",
        ),
        (
            dict(state=(np.ones((3, 6)), np.ones((1, 6)))),
            r"c: expected \(3, 6\), got \(1, 6\)",
        ),
        (
            dict(state=(np.ones((3, 6)),)),
            r"state: expected 2 array\(s\), got 1",
        ),
        (
            dict(state=(np.ones((3, 6)), np.ones((3, 6), np.float32))),
            r"state\[1\]: expected float64 .* got float32",
        ),
    ],
)
def test_a_wrong_input_is_named(change, message):
    p = problem(LSTM)._replace(**change)
    with pytest.raises(ValueError, match=message):
        unroll(LSTM.cell, p.params, p.x, p.state)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(W_x=np.ones(24)), r"W_x: expected \(G\*H, D\), got \(24,\)"),
        (dict(W_h=np.ones((23, 6))), r"W_h: expected \(24, H\), got \(23"),
        (dict(W_h=np.ones((24, 5))), r"W_h: expected \(G\*H, H\), got"),
        (dict(b_x=np.ones(6)), r"b_x: expected \(24,\), got \(6,\)"),
        (dict(b_h=np.ones((1, 24))), r"b_h: expected \(24,\), got \(1, 24"),
        (
            dict(b_h=np.ones(24, np.float32)),
            r"b_h: expected float64 on cpu as W_x, got float32 on cpu",
        ),
    ],
)
def test_a_wrong_weight_is_named(change, message):
    p = problem(LSTM)
    with pytest.raises(ValueError, match=message):
        unroll(LSTM.cell, p.params._replace(**change), p.x, p.state)


def test_a_cell_with_another_number_of_gates_is_refused():
    p = problem(LSTM)
    with pytest.raises(ValueError, match=r"the cell's new h: .*\(3, 24\)"):
        unroll(rnn_cell, p.params, p.x, p.state[:1])
    gru = KINDS["gru"]
    with pytest.raises(ValueError, match=r"h: expected \(3, 8\), got"):
        unroll(gru.cell, p.params, p.x, p.state[:1])


def test_arrays_of_two_libraries_are_refused():
    torch = pytest.importorskip("torch")
    p = problem(KINDS["rnn"])
    with pytest.raises(
        ValueError, match=r"x: expected float64.*torch.float64"
    ):
        unroll(rnn_cell, p.params, torch.asarray(p.x), p.state)


def test_readout_by_hand_on_every_backend(move):
    weights = move(
        Readout(np.array([[1.0, 2], [0, 1]]), np.array([0.5, 0]))
    )
    y = move(np.array([[[1.0, 1]], [[2, 0]]]))
    logits = to_numpy(readout(weights, y))
    # exact: multiples of 1/2
    np.testing.assert_array_equal(logits, [[[3.5, 1]], [[2.5, 0]]])
    with pytest.raises(ValueError, match=r"y: expected \(T, B, 2\)"):
        readout(weights, y[..., :1])


def test_initial_weights_have_torchs_bounds_and_the_generators_numbers(rng):
    params = init_params(rng, D=50, H=100, G=3)
    again = init_params(np.random.default_rng(0), D=50, H=100, G=3)
    for a, b in zip(params, again):
        np.testing.assert_array_equal(a, b)
        assert 0.095 < np.abs(a).max() <= 0.1
    assert init_readout(rng, 100, 7).W_y.shape == (7, 100)


def test_the_zero_state_has_the_weights_dtype(move):
    params = move(init_params(np.random.default_rng(0), 2, 3, 4))
    h, c = zero_state(params, B=5, parts=2)
    assert h.shape == c.shape == (5, 3)
    assert h.dtype == params.W_h.dtype
    assert not to_numpy(h).any()


def test_weights_are_drawn_from_the_whole_interval_around_zero(rng):
    params = init_params(rng, D=50, H=100)
    weights = init_readout(rng, H=100, K=50)
    for w in (*params, *weights):  # 50 numbers or more, from -0.1 to 0.1
        assert -0.1 <= w.min() < -0.08
        assert 0.08 < w.max() <= 0.1
        assert abs(w.mean()) < 0.03  # its deviation is 0.008 at most


def test_a_layer_has_one_gate_and_a_state_one_part_unless_asked(rng):
    params = init_params(rng, 2, 3)
    assert [w.shape for w in params] == [(3, 2), (3, 3), (3,), (3,)]
    (h,) = zero_state(params, 4)
    assert h.shape == (4, 3)


def test_the_zero_state_lies_where_the_weights_lie():
    torch = pytest.importorskip("torch")
    W_h = torch.ones((3, 3), device="meta", dtype=torch.float32)
    (h,) = zero_state(Params(None, W_h, None, None), 2)
    assert (h.device, h.dtype) == (W_h.device, W_h.dtype)


def test_refusals_of_the_loop_and_of_the_readout_in_full(rng):
    p = problem(LSTM)
    assert said(unroll, LSTM.cell, p.params, p.x[0], p.state) == (
        "x: expected (T, B, 4), got (3, 4)"
    )
    assert said(unroll, LSTM.cell, p.params, p.x, list(p.state)) == (
        "state: expected a tuple of arrays, (h,) or (h, c), got list"
    )
    weights = init_readout(rng, 6, 2)
    assert said(readout, weights, p.d_y[0]) == (
        "y: expected (T, B, 6), got (3, 6)"
    )
    assert said(readout, weights, p.d_y.astype("f")) == (
        "y: expected float64 on cpu as W_y, got float32 on cpu"
    )
    imaginary = tree_map(lambda a: a + 0j, weights)
    assert said(readout, imaginary, p.d_y + 0j) == (
        "W_y: expected real floats, got complex128"
    )
    assert said(unroll, rnn_cell, p.params, p.x, p.state[:1]) == (
        "the cell's new h: expected (3, 6), got (3, 24)"
    )


def test_the_tape_holds_what_each_step_read():
    p = problem(KINDS["rnn"])
    y, last, tape = unroll(rnn_cell, p.params, p.x, p.state)
    assert tape.x is p.x
    assert tape.state is p.state
    assert len(tape.h_before) == len(tape.caches) == len(p.x)
    for before, after in zip(tape.h_before, (p.state[0], *y[:-1])):
        np.testing.assert_array_equal(before, after)  # exact: kept
    np.testing.assert_array_equal(last[0], y[-1])  # exact: the same
