"""Stacks, both directions, padding and dropout: torch.nn is the oracle."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnncore.backend import (
    array_namespace,
    named_leaves,
    to_numpy,
    tree_map,
)
from rnncore.bptt import bptt, check_gradient
from rnncore.layers import (
    bidirectional,
    bidirectional_bptt,
    bptt_padded,
    carry_state,
    dropout_mask,
    stack,
    stack_bptt,
    unroll_padded,
    variational_dropout_mask,
)
from rnncore.rnn import Params, init_params, unroll
from tests.helpers.arrays import assert_close
from tests.helpers.oracles import KINDS, problem, sizes

each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
THREE = {name: KINDS[name] for name in ("rnn", "lstm", "gru")}
each_of_three = pytest.mark.parametrize("kind", THREE.values(), ids=THREE)


def close(actual, expected):
    """Two trees of arrays, where terms of size 1 may cancel."""
    assert_close(actual, expected, scale=1)


def some_lengths(rng, T, B):
    """Unsorted, one of them T."""
    lengths = rng.integers(1, T + 1, B)
    lengths[rng.integers(B)] = T
    return lengths.tolist()


def deep(kind, T, B, D, H, layers=2, both=False, seed=0):
    """Weights, states and upstream gradients of a stack."""
    rng = np.random.default_rng(seed)

    def pair(make):
        return (make(), make()) if both else make()

    def state():
        return tuple(rng.normal(size=(B, H)) for _ in range(kind.parts))

    params = []
    for k in range(layers):
        width = D if k == 0 else H * (1 + both)
        params.append(
            pair(
                lambda width=width: Params(
                    *(2 * w for w in init_params(rng, width, H, kind.G))
                )
            )
        )
    states = [pair(state) for _ in range(layers)]
    d_states = [pair(state) for _ in range(layers)]
    x = rng.normal(size=(T, B, D))
    d_y = rng.normal(size=(T, B, H * (1 + both)))
    return params, x, states, d_y, d_states


def flat(tree, both):
    """torch's order: layer 0 forward, layer 0 backward, layer 1 ..."""
    return [d for layer in tree for d in layer] if both else list(tree)


def through_torch(kind, problem, both, lengths):
    """Outputs and gradients of the same stack by torch.nn, packed."""
    params, x, states, d_y, d_states = problem
    H = d_y.shape[2] // (1 + both)
    module = kind.module(
        x.shape[2], H, num_layers=len(params), bidirectional=both
    )
    module = module.double()
    weights = [w for p in flat(params, both) for w in p]
    with torch.no_grad():
        for ours, theirs in zip(weights, module.parameters(), strict=True):
            theirs.copy_(torch.asarray(ours))
    x = torch.tensor(x, requires_grad=True)
    first = [
        torch.tensor(np.stack(part), requires_grad=True)
        for part in zip(*flat(states, both))
    ]
    packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
    y, last = module(packed, tuple(first) if kind.parts == 2 else first[0])
    y, _ = pad_packed_sequence(y)
    last = last if kind.parts == 2 else (last,)
    upstream = [np.stack(part) for part in zip(*flat(d_states, both))]
    torch.autograd.backward(
        [y, *last], [torch.asarray(d) for d in (d_y, *upstream)]
    )
    return (
        y,
        list(zip(*last)),
        [w.grad for w in module.parameters()],
        x.grad,
        list(zip(*(s.grad for s in first))),
    )


@each_of_three
@pytest.mark.parametrize("both", [False, True])
@settings(max_examples=10)
@given(size=sizes, seed=st.integers(0, 99))
def test_a_stack_agrees_with_torch_on_packed_sequences(
    kind, both, size, seed
):
    T, B = size[:2]
    p = deep(kind, *size, layers=2, both=both, seed=seed)
    params, x, states, d_y, d_states = p
    lengths = some_lengths(np.random.default_rng(seed), T, B)
    y, last, tapes = stack(kind.cell, params, x, states, lengths)
    d_params, d_x, d_first = stack_bptt(
        kind.vjp, params, tapes, d_y, d_states
    )
    theirs = through_torch(kind, p, both, lengths)
    ours = (
        y,
        flat(last, both),
        [w for d in flat(d_params, both) for w in d],
        d_x,
        flat(d_first, both),
    )
    close(ours, tree_map(lambda a: a.detach(), theirs))


@each_kind
def test_a_padded_sequence_gives_what_it_gives_alone(kind):
    lengths = [3, 5, 1]
    params, x, states, d_y, d_states = deep(kind, 5, 3, 4, 6, both=True)
    y, last, tapes = stack(kind.cell, params, x, states, lengths)
    d_params, d_x, d_first = stack_bptt(
        kind.vjp, params, tapes, d_y, d_states
    )
    total = tree_map(np.zeros_like, d_params)
    for k, n in enumerate(lengths):
        one = slice(k, k + 1)

        def alone(tree, one=one):
            return tree_map(lambda a: a[one], tree)

        y_1, last_1, tapes_1 = stack(
            kind.cell, params, x[:n, one], alone(states)
        )
        close(y[:n, one], y_1)
        close(alone(last), last_1)
        d_params_1, d_x_1, d_first_1 = stack_bptt(
            kind.vjp, params, tapes_1, d_y[:n, one], alone(d_states)
        )
        close(d_x[:n, one], d_x_1)
        close(alone(d_first), d_first_1)
        total = tree_map(np.add, total, d_params_1)
        assert not y[n:, one].any()
        assert not d_x[n:, one].any()
    close(d_params, total)


@each_kind
@pytest.mark.parametrize("padding", [7.0, np.nan, np.inf])
def test_no_bit_moves_with_what_stands_in_the_padding(kind, padding):
    lengths = [3, 5, 1]
    params, x, states, d_y, d_states = deep(kind, 5, 3, 4, 6, both=True)

    def run(x, d_y):
        y, last, tapes = stack(kind.cell, params, x, states, lengths)
        return y, last, stack_bptt(kind.vjp, params, tapes, d_y, d_states)

    other_x, other_d_y = x.copy(), d_y.copy()
    for k, n in enumerate(lengths):
        other_x[n:, k] = padding
        other_d_y[n:, k] = padding
    pairs = zip(
        named_leaves(run(x, d_y)), named_leaves(run(other_x, other_d_y))
    )
    for (name, a), (_, b) in pairs:
        np.testing.assert_array_equal(a, b, err_msg=name)


@each_kind
def test_the_wrapped_loop_is_the_plain_one_where_nothing_is_padded(kind):
    p = problem(kind)
    T, B, _ = p.x.shape
    y, last, tape = unroll_padded(
        kind.cell, p.params, p.x, p.state, [0] * B, [T] * B
    )
    assert tape.mask is None
    y_plain, last_plain, plain = unroll(kind.cell, p.params, p.x, p.state)
    close((y, last), (y_plain, last_plain))
    close(
        bptt_padded(kind.vjp, p.params, tape, p.d_y, p.d_state),
        bptt(kind.vjp, p.params, plain, p.d_y, p.d_state),
    )


@each_of_three
def test_a_sequence_may_begin_late(kind):
    p = problem(kind, T=6, B=2)
    begins, ends = [2, 0], [5, 4]
    y, last, _ = unroll_padded(
        kind.cell, p.params, p.x, p.state, begins, ends
    )
    for k, (first, end) in enumerate(zip(begins, ends)):
        one = slice(k, k + 1)
        alone, last_alone, _ = unroll(
            kind.cell,
            p.params,
            p.x[first:end, one],
            tuple(s[one] for s in p.state),
        )
        close(y[first:end, one], alone)
        close(tuple(s[one] for s in last), last_alone)
        assert not y[:first, one].any()
        assert not y[end:, one].any()


@each_of_three
def test_gradients_are_those_of_finite_differences(kind):
    lengths, rng = [4, 2], np.random.default_rng(1)
    params, x, states, d_y, d_states = deep(kind, 4, 2, 3, 2, both=True)
    masks = [dropout_mask(rng, 4, 2, 4, 0.4)]

    def loss(params=params, x=x, states=states):
        y, last, _ = stack(kind.cell, params, x, states, lengths, masks)
        both = zip(named_leaves(last), named_leaves(d_states))
        rest = sum((s * d).sum() for (_, s), (_, d) in both)
        inside = np.arange(4)[:, None] < np.array(lengths)
        return float((y * d_y * inside[..., None]).sum() + rest)

    _, _, tapes = stack(kind.cell, params, x, states, lengths, masks)
    d_params, d_x, d_first = stack_bptt(
        kind.vjp, params, tapes, d_y, d_states, masks
    )
    check_gradient(lambda x: loss(x=x), x, d_x, "x")
    for name, start, gradient in (
        ("params", params, d_params),
        ("states", states, d_first),
    ):
        d_leaves = dict(named_leaves(gradient))
        for path, leaf in named_leaves(start):

            def moved(a, name=name, start=start, leaf=leaf):
                swap = tree_map(lambda b: a if b is leaf else b, start)
                return loss(**{name: swap})

            check_gradient(moved, leaf, d_leaves[path], f"{name}.{path}")


@each_of_three
def test_one_code_path_for_all_backends(kind, move):
    lengths = [3, 5, 1]
    parts = deep(kind, 5, 3, 4, 6, both=True)
    masks = [variational_dropout_mask(np.random.default_rng(1), 3, 12, 0.5)]

    def run(parts, masks):
        params, x, states, d_y, d_states = parts
        y, last, tapes = stack(kind.cell, params, x, states, lengths, masks)
        return (
            y,
            last,
            stack_bptt(kind.vjp, params, tapes, d_y, d_states, masks),
        )

    moved = run(move(parts), move(masks))
    close(moved, run(parts, masks))
    assert {type(a) for _, a in named_leaves(moved)} == {
        type(move(np.ones(1)))
    }


def test_three_padded_steps_by_hand():
    # h_t = tanh(0.5 h_{t-1} + x_t), begun at 0; the second sequence has
    # one step only, and the right-to-left layer reads 2 before 1.
    one = Params(*map(np.asarray, ([[1.0]], [[0.5]], [0.0], [0.0])))
    x = np.array([[[1.0], [1.0]], [[2.0], [99.0]]])
    zero = (np.zeros((2, 1)),)
    y, (left, right), _ = bidirectional(
        KINDS["rnn"].cell, (one, one), x, (zero, zero), [2, 1]
    )
    t1, t2 = np.tanh(1), np.tanh(2)
    both = np.tanh(0.5 * t1 + 2), np.tanh(0.5 * t2 + 1)
    close(y[:, 0], np.array([[t1, both[1]], [both[0], t2]]))
    close(y[:, 1], np.array([[t1, t1], [0, 0]]))
    close(left, (np.array([[both[0]], [t1]]),))
    close(right, (np.array([[both[1]], [t1]]),))


def test_the_right_half_sees_the_future_and_the_left_does_not():
    kind = KINDS["gru"]
    (params,), x, (states,), _, _ = deep(kind, 5, 2, 3, 4, 1, both=True)
    later = x.copy()
    later[4] += 1
    y, _, _ = bidirectional(kind.cell, params, x, states)
    z, _, _ = bidirectional(kind.cell, params, later, states)
    assert_close(y[:4, :, :4], z[:4, :, :4])
    assert np.abs(y - z)[0, :, 4:].min() > 1e-6


def test_dropout_zeroes_a_share_and_keeps_the_mean(rng):
    mask = dropout_mask(rng, 50, 20, 30, 0.25)
    assert set(np.unique(mask)) == {0.0, 1 / 0.75}
    # 30,000 draws: a standard error of 0.0025 of the share, 0.0033 of 1.
    assert abs((mask == 0).mean() - 0.25) < 0.01
    assert abs(mask.mean() - 1) < 0.014
    assert mask.std(axis=0).min() > 0  # no unit is off for all steps


def test_a_rate_of_zero_changes_nothing(rng):
    assert (dropout_mask(rng, 3, 2, 4, 0.0) == 1).all()
    assert (variational_dropout_mask(rng, 2, 4, 0) == 1).all()


def test_a_variational_mask_is_the_same_at_all_steps(rng):
    kind = KINDS["rnn"]
    params, x, states, _, _ = deep(kind, 5, 3, 2, 4)
    mask = variational_dropout_mask(rng, 3, 4, 0.5)
    params[1] = Params(np.eye(4), np.zeros((4, 4)), *np.zeros((2, 4)))
    y, _, _ = stack(kind.cell, params, x, states, masks=[mask])
    np.testing.assert_array_equal(y == 0, np.tile(mask == 0, (5, 1, 1)))
    assert len(np.unique(mask, axis=0)) > 1  # each sequence its own


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan")])
def test_a_rate_outside_is_refused(rng, rate):
    with pytest.raises(ValueError, match="rate: expected 0 <= rate < 1"):
        dropout_mask(rng, 1, 1, 1, rate)
    with pytest.raises(ValueError, match="rate: expected 0 <= rate < 1"):
        variational_dropout_mask(rng, 1, 1, rate)


def test_only_the_sequences_that_begin_anew_lose_their_state(move):
    state = move((np.ones((3, 2)), 2 * np.ones((3, 2))))
    h, c = carry_state(state, [False, True, False])
    np.testing.assert_array_equal(to_numpy(h), [[1, 1], [0, 0], [1, 1]])
    np.testing.assert_array_equal(to_numpy(c), [[2, 2], [0, 0], [2, 2]])
    assert array_namespace(h) is array_namespace(state[0])


def test_two_windows_with_a_carried_state_are_one_sequence():
    kind = KINDS["lstm"]
    params, x, states, _, _ = deep(kind, 6, 2, 3, 4)
    y, last, _ = stack(kind.cell, params, x, states)
    first, carried, _ = stack(kind.cell, params, x[:2], states)
    carried = [carry_state(s, [False, False]) for s in carried]
    second, end, _ = stack(kind.cell, params, x[2:], carried)
    close((np.concatenate([first, second]), end), (y, last))


def test_whole_numbers_of_any_kind_are_lengths():
    kind = KINDS["rnn"]
    params, x, states, _, _ = deep(kind, 5, 2, 3, 4)
    runs = [
        stack(kind.cell, params, x, states, lengths)[0]
        for lengths in ([2, 5], np.array([2, 5]), torch.tensor([2, 5]))
    ]
    for y in runs:
        assert_close(y, runs[0])


RNN = KINDS["rnn"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(lengths=[5, 6]), r"lengths\[1\]: expected 1 to 5, got 6"),
        (dict(lengths=[0, 5]), r"lengths\[0\]: expected 1 to 5, got 0"),
        (dict(lengths=[5]), r"lengths: expected 2, got 1"),
        (dict(lengths=[2.5, 5]), r"lengths: expected 2 whole numbers"),
        (dict(lengths=5), r"lengths: expected 2 whole numbers, got 5"),
        (dict(states=[]), r"states: .* of 2, got 0"),
        (dict(params=[], states=[]), r"params: expected at least one"),
        (dict(x=np.ones((5, 3))), r"x: expected \(T, B, D\), got \(5, 3\)"),
        (dict(x=np.ones((5, 2, 9))), r"x: expected \(T, B, 3\)"),
        (dict(masks=[]), r"masks: .* of 1, got 0"),
        (dict(masks=[np.ones((2, 3))]), r"masks\[0\]: expected \(2, 4\)"),
        (
            dict(masks=[np.ones((5, 2, 3))]),
            r"masks\[0\]: expected \(5, 2, 4\)",
        ),
        (
            dict(masks=[np.ones((2, 4), "f")]),
            r"masks\[0\]: expected float64 .* got float32",
        ),
    ],
)
def test_what_does_not_fit_is_told(change, message):
    params, x, states, _, _ = deep(RNN, 5, 2, 3, 4)
    args = dict(params=params, x=x, states=states) | change
    with pytest.raises(ValueError, match=message):
        stack(RNN.cell, **args)


@pytest.mark.parametrize(
    ("begins", "ends", "message"),
    [
        ([0, 3], [5, 3], r"sequence 1: expected 0 <= begin < end <= 5"),
        ([-1, 0], [5, 5], "sequence 0: expected 0 <= begin"),
        ([0], [5, 5], "begins: expected 2, got 1"),
        ([0, 0], [5.0, 5], "ends: expected 2 whole numbers"),
    ],
)
def test_spans_that_make_no_sense_are_refused(begins, ends, message):
    p = problem(RNN, T=5, B=2)
    with pytest.raises(ValueError, match=message):
        unroll_padded(RNN.cell, p.params, p.x, p.state, begins, ends)


def test_a_dtype_that_cannot_count_so_far_is_refused():
    p = tree_map(
        lambda a: torch.asarray(a, dtype=torch.bfloat16),
        problem(RNN, T=300, B=2),
    )
    with pytest.raises(ValueError, match="cannot count 300 padded steps"):
        unroll_padded(RNN.cell, p.params, p.x, p.state, [0, 0], [300, 299])


def test_a_pair_is_needed_where_there_are_two_directions():
    (params,), x, (states,), d_y, _ = deep(RNN, 5, 2, 3, 4, 1, True)
    with pytest.raises(ValueError, match=r"params: .* of 2, got 1"):
        bidirectional(RNN.cell, params[:1], x, states)
    with pytest.raises(ValueError, match=r"states: .* of 2, got 1"):
        bidirectional(RNN.cell, params, x, states[:1])
    _, _, tapes = bidirectional(RNN.cell, params, x, states)
    with pytest.raises(ValueError, match=r"d_y: expected \(5, 2, 8\)"):
        bidirectional_bptt(RNN.vjp, params, tapes, d_y[..., :4], states)
    with pytest.raises(ValueError, match=r"d_states: .* of 2, got 1"):
        bidirectional_bptt(RNN.vjp, params, tapes, d_y, states[:1])


def test_a_single_layer_is_no_stack():
    (params,), x, (states,), d_y, _ = deep(RNN, 5, 2, 3, 4, 1)
    message = "params: expected at least one layer, got Params"
    with pytest.raises(ValueError, match=message):
        stack(RNN.cell, params, x, [states])
    _, _, tapes = stack(RNN.cell, [params], x, [states])
    with pytest.raises(ValueError, match=message):
        stack_bptt(RNN.vjp, params, tapes, d_y, [states])


def test_what_does_not_fit_on_the_way_back_is_told():
    params, x, states, d_y, _ = deep(RNN, 5, 2, 3, 4)
    masks = [np.ones((5, 2, 4))]
    _, _, tapes = stack(RNN.cell, params, x, states, masks=masks)
    for wrong, message in [
        (dict(tapes=tapes[:1]), r"tapes: .* of 2, got 1"),
        (dict(d_states=states[:1]), r"d_states: .* of 2, got 1"),
        (dict(masks=[np.ones((5, 2, 1))]), r"masks\[0\]: .*\(5, 2, 4\)"),
        (dict(masks=[np.ones((2, 4), "f")]), r"masks\[0\]: .* as d_y"),
    ]:
        args = dict(tapes=tapes, d_y=d_y, d_states=states, masks=masks)
        with pytest.raises(ValueError, match=message):
            stack_bptt(RNN.vjp, params, **(args | wrong))
    (pair,), x, (states,), d_y, _ = deep(RNN, 5, 2, 3, 4, 1, True)
    _, _, tapes = bidirectional(RNN.cell, pair, x, states)
    with pytest.raises(ValueError, match=r"params: .* of 2, got 1"):
        bidirectional_bptt(RNN.vjp, pair[:1], tapes, d_y, states)
    with pytest.raises(ValueError, match=r"tapes: .* of 2, got 1"):
        bidirectional_bptt(RNN.vjp, pair, tapes[:1], d_y, states)


def test_carrying_needs_a_flag_a_sequence():
    with pytest.raises(ValueError, match="reset: expected 2, got 3"):
        carry_state((np.ones((2, 1)),), [True, False, True])


def test_padding_hides_no_wrong_upstream_state():
    kind = KINDS["lstm"]
    p = problem(kind, T=5, B=2)
    _, _, tape = unroll_padded(
        kind.cell, p.params, p.x, p.state, [0, 0], [5, 3]
    )
    h, c = p.d_state
    for wrong, message in [
        ((h, c[:1]), r"d_state\[1\]: expected \(2, 6\), got \(1, 6\)"),
        ((h,), r"d_state: expected 2 array\(s\), got 1"),
    ]:
        with pytest.raises(ValueError, match=message):
            bptt_padded(kind.vjp, p.params, tape, p.d_y, wrong)
