"""Layer normalisation and noise on the state, against torch and by hand."""

from itertools import repeat

import numpy as np
import pytest

from rnncore.backend import array_namespace
from rnncore.bptt import bptt, check_gradient
from rnncore.gru import gru_cell
from rnncore.layers import masked
from rnncore.norm import (
    Norm,
    Normed,
    bptt_normed,
    dropped,
    dropped_vjp,
    hold_each_step,
    init_normed,
    layer_norm,
    layer_norm_vjp,
    lstm_normed,
    lstm_normed_vjp,
    mask_each_sequence,
    mask_each_step,
    standardise,
    standardise_vjp,
    unroll_normed,
    zoneout,
    zoneout_vjp,
)
from rnncore.rnn import init_params, relu_cell, unroll, zero_state
from tests.helpers.arrays import assert_close
from tests.helpers.oracles import (
    KINDS,
    Kind,
    both_ways,
    problem,
    said,
    scalar_loss,
)

T, B, D, H = 5, 3, 4, 6


def lstm(seed=0):
    """Weights, input, state and upstream gradients: no gain is 1."""
    rng = np.random.default_rng(seed)
    layer = init_params(rng, D, H, 4)
    layer = layer._replace(**{k: 2 * w for k, w in layer._asdict().items()})
    norm = Norm(*(rng.normal(size=H * k) for k in (4, 4, 4, 1, 1)))
    x, d_y = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H))
    state, d_state = (tuple(rng.normal(size=(2, B, H))) for _ in range(2))
    return Normed(layer, norm), x, state, d_y, d_state


def test_three_numbers_by_hand():
    # 1, 2, 6: mean 3, variance (4 + 1 + 9) / 3 = 14/3.
    a, r = np.array([[1.0, 2.0, 6.0]]), (3 / 14) ** 0.5
    n, cache = standardise(a, eps=0.0)
    assert_close(n, [[-2 * r, -r, 3 * r]])
    y, _ = layer_norm(a, np.array([1.0, 2.0, 0.5]), np.ones(3), eps=0.0)
    assert_close(y, [[1 - 2 * r, 1 - 2 * r, 1 + 1.5 * r]])
    # d_n = (1, 0, 0): mean 1/3, mean of d_n n = -2r/3.
    d_a = standardise_vjp(np.array([[1.0, 0.0, 0.0]]), cache)
    expected = [1 - 1 / 3 - 4 * r * r / 3, -1 / 3 - 2 * r * r / 3]
    expected += [-1 / 3 + 2 * r * r]
    assert_close(d_a, [[r * e for e in expected]])


def test_a_constant_row_becomes_the_bias():
    y, cache = layer_norm(np.full((2, 4), 7.0), np.ones(4), np.arange(4.0))
    assert_close(y, [[0.0, 1, 2, 3]] * 2)
    assert np.isfinite(layer_norm_vjp(y, cache)[0]).all()


def test_shift_and_scale_of_a_row_are_gone(rng):
    a = rng.normal(size=(3, 8))
    expected, _ = standardise(a, eps=0.0)
    assert_close(standardise(5 * a + 3, eps=0.0)[0], expected, amplified=8)


def test_a_gradient_has_no_part_along_shift_and_scale(rng):
    a, d_n = rng.normal(size=(2, 3, 8))
    _, cache = standardise(a, eps=0.0)
    d_a = standardise_vjp(d_n, cache)
    for direction in np.ones_like(a), a:
        assert_close((d_a * direction).sum(1), 0.0, scale=1.0, amplified=8)


@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_layer_norm_is_torchs_both_ways(eps, rng):
    torch = pytest.importorskip("torch")
    a, d_y = 3 * rng.normal(size=(2, 4, 7))
    gain, bias = rng.normal(size=(2, 7))
    y, cache = layer_norm(a, gain, bias, eps)
    given = [torch.tensor(v, requires_grad=True) for v in (a, gain, bias)]
    expected = torch.nn.functional.layer_norm(
        given[0], (7,), *given[1:], eps
    )
    expected.backward(torch.asarray(d_y))
    assert_close(y, expected.detach().numpy())
    found = layer_norm_vjp(d_y, cache)
    assert_close(found, tuple(v.grad.numpy() for v in given))


def test_layer_norm_s_gradient_is_that_of_finite_differences(rng):
    a, d_y = rng.normal(size=(2, 3, 5))
    gain, bias = rng.normal(size=(2, 5))
    _, cache = layer_norm(a, gain, bias)
    given = {"a": a, "gain": gain, "bias": bias}
    for name, d in zip(given, layer_norm_vjp(d_y, cache), strict=True):

        def loss(moved, name=name):
            y, _ = layer_norm(**{**given, name: moved})
            return float((y * d_y).sum())

        assert check_gradient(loss, given[name], d, f"d_{name}") < 1e-7


def of_torch(params, x, state):
    """Ba's equations 20 to 22 by torch: the leaves, y and the last state."""
    torch = pytest.importorskip("torch")

    def leaf(a):
        return torch.tensor(a, requires_grad=True)

    (W_x, W_h, b_x, b_h), norm = ([*map(leaf, p)] for p in params)
    x, h, c = leaf(x), leaf(state[0]), leaf(state[1])
    leaves = ((W_x, W_h, b_x, b_h), norm, x, (h, c))
    gain_x, gain_h, bias, gain_c, bias_c = norm
    ln = torch.nn.functional.layer_norm
    y = []
    for x_t in x:
        a = ln(x_t @ W_x.T + b_x, gain_x.shape, gain_x)
        a = a + ln(h @ W_h.T + b_h, gain_h.shape, gain_h) + bias
        i, f, g, o = a.chunk(4, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * ln(c, gain_c.shape, gain_c, bias_c).tanh()
        y.append(h)
    return leaves, torch.stack(y), (h, c)


@pytest.mark.parametrize("seed", range(3))
def test_the_normed_lstm_is_ba_s_by_torch_and_autograd(seed):
    params, x, state, d_y, d_state = lstm(seed)
    leaves, y, last = of_torch(params, x, state)
    torch = pytest.importorskip("torch")
    upstream = [torch.asarray(d) for d in (d_y, *d_state)]
    torch.autograd.backward([y, *last], upstream)
    found, found_last, tape = unroll_normed(params, x, state)
    assert_close(found, y.detach().numpy())
    assert_close(found_last, tuple(s.detach().numpy() for s in last))
    gradients = bptt_normed(params, tape, d_y, d_state)
    for name, d, w in zip(
        ("layer", "norm", "x", "state"),
        (*gradients[0], *gradients[1:]),
        leaves,
        strict=True,
    ):
        if isinstance(w, tuple | list):
            expected = [v.grad.numpy() for v in w]
            assert_close([*d], expected, amplified=64, name=name)
        else:
            assert_close(d, w.grad.numpy(), amplified=64, name=name)


@pytest.mark.slow
def test_the_normed_lstm_s_gradient_is_that_of_finite_differences():
    params, x, state, d_y, d_state = lstm()
    _, _, tape = unroll_normed(params, x, state)
    d_params, d_x, d_first = bptt_normed(params, tape, d_y, d_state)

    def value(params=params, x=x, state=state):
        y, last, _ = unroll_normed(params, x, state)
        ends = sum(
            (s * d).sum() for s, d in zip(last, d_state, strict=True)
        )
        return float((y * d_y).sum() + ends)

    for part in Normed._fields:
        old = getattr(params, part)
        for name in old._fields:

            def loss(w, part=part, old=old, name=name):
                new = old._replace(**{name: w})
                return value(params=params._replace(**{part: new}))

            d = getattr(getattr(d_params, part), name)
            check_gradient(loss, getattr(old, name), d, f"d_{name}")
    check_gradient(lambda a: value(x=a), x, d_x)
    for k in range(2):

        def loss(s, k=k):
            return value(
                state=tuple(s if j == k else state[j] for j in (0, 1))
            )

        check_gradient(loss, state[k], d_first[k], f"d_state[{k}]")


def test_one_step_of_the_normed_lstm_by_hand():
    # Gains of 0 leave the biases: gates of 1/2, a candidate of tanh(1).
    H = 2
    norm = Norm(
        np.zeros(8),
        np.zeros(8),
        np.repeat([0.0, 0, 1, 0], H),
        np.ones(H),
        np.zeros(H),
    )
    rows = [w[None] for w in norm]
    state = (np.zeros((1, H)), np.array([[4.0, 0.0]]), *rows)
    (h, c, *after), _ = lstm_normed(*np.ones((2, 1, 8)), state)
    written = np.tanh(1.0) / 2
    assert_close(c, [[2 + written, written]])
    assert_close(h, np.tanh([[1.0, -1.0]]) / 2, within=1e-5)  # eps
    assert all(a is b for a, b in zip(after, rows, strict=True))


def test_every_backend_gives_the_same(move):
    params, x, state, d_y, d_state = lstm()
    expected = unroll_normed(params, x, state)
    back = bptt_normed(params, expected[2], d_y, d_state)
    params, x, state, d_y, d_state = move((params, x, state, d_y, d_state))
    y, last, tape = unroll_normed(params, x, state)
    assert array_namespace(y) is array_namespace(x)
    assert_close((y, last), expected[:2])
    found = bptt_normed(params, tape, d_y, d_state)
    assert_close(found, back, amplified=8)


def test_a_padded_normed_lstm_holds_its_state_and_its_weights():
    params, x, state, _, _ = lstm()
    rows = [np.broadcast_to(w, (B, len(w))) for w in params.norm]
    counters = np.array([[0.0, n] for n in (5, 3, 2)])
    first = (*state, *rows, counters)
    _, (h, c, *_), _ = unroll(masked(lstm_normed), params.layer, x, first)
    for k, n in enumerate((5, 3, 2)):
        alone = tuple(s[k : k + 1] for s in state)
        _, last, _ = unroll_normed(params, x[:n, k : k + 1], alone)
        assert_close((h[k : k + 1], c[k : k + 1]), last)


def test_first_weights_have_the_gain_that_is_asked_for(rng):
    layer, norm = init_normed(rng, D, H, gain=0.1)
    for name, w in norm._asdict().items():
        assert (w == (0.1 if name.startswith("gain") else 0)).all()
    assert layer.W_x.shape == (4 * H, D)
    assert (init_normed(rng, D, H).norm.gain_c == 1).all()


def noisy(name, kind, rng, shape):
    """A cell with noise that a second call repeats, its vjp, its parts."""
    drawn = rng.random((T, kind.parts, *shape))
    if name == "zoneout":
        steps = [[*(step < 0.4) * 1.0] for step in drawn]
        vjp = zoneout_vjp(kind.vjp)
        return lambda: zoneout(kind.cell, iter(steps)), vjp, kind.parts
    masks, vjp = (drawn[:, 0] > 0.4) / 0.6, dropped_vjp(kind.vjp)
    return lambda: dropped(kind.cell, iter(masks)), vjp, kind.parts + 1


@pytest.mark.parametrize("name", ["zoneout", "dropped"])
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_through_noise_are_those_of_finite_differences(
    name, kind, rng
):
    kind = KINDS[kind]
    cell, vjp, parts = noisy(name, kind, rng, (2, 4))
    p = problem(kind._replace(parts=parts), T, 2, 3, 4)
    drawn = kind._replace(cell=cell(), vjp=vjp)
    _, _, d_params, d_x, d_state = both_ways(drawn, p)

    def loss(**changed):
        return scalar_loss(Kind(cell(), vjp, *kind[2:]), p)(**changed)

    for key, w in p.params._asdict().items():
        d = getattr(d_params, key)
        check_gradient(
            lambda a, key=key: loss(**{key: a}), w, d, f"d_{key}"
        )
    check_gradient(lambda a: loss(x=a), p.x, d_x)
    for k, part in enumerate(p.state):

        def moved(s, k=k):
            return loss(state=(*p.state[:k], s, *p.state[k + 1 :]))

        check_gradient(moved, part, d_state[k], f"d_state[{k}]")


def test_noise_of_nothing_is_the_cell_itself():
    kind = KINDS["lstm"]
    p = problem(kind)
    expected, last, _ = unroll(kind.cell, p.params, p.x, p.state)
    ones, zeros = (
        np.ones_like(p.state[0]),
        [np.zeros_like(s) for s in p.state],
    )
    h, c = p.state
    for cell, state in (
        (dropped(kind.cell, repeat(ones)), (h, c, h)),
        (zoneout(kind.cell, repeat(zeros)), (h, c)),
    ):
        y, found, _ = unroll(cell, p.params, p.x, state)
        assert_close(y, expected)
        assert_close(found[:2], last)
        assert len(found) == len(state)


def test_a_hold_of_one_keeps_the_state_and_of_a_half_mixes_it():
    kind = KINDS["lstm"]
    p = problem(kind, T=1)
    (h, c), _ = kind.cell(*np.ones((2, 3, 24)), p.state)
    for share in 1.0, 0.5:
        holds = repeat([np.full_like(s, share) for s in p.state])
        found, _ = zoneout(kind.cell, holds)(*np.ones((2, 3, 24)), p.state)
        for part, new, old in zip(found, (h, c), p.state, strict=True):
            assert_close(part, share * old + (1 - share) * new)


def test_dropout_masks_what_is_read_and_nothing_inside():
    kind = KINDS["lstm"]
    p = problem(kind)
    (h, c), _ = kind.cell(*np.ones((2, 3, 24)), p.state)
    mask = np.zeros((3, 6))
    mask[:, 0] = 2
    cell = dropped(kind.cell, repeat(mask))
    found, _ = cell(*np.ones((2, 3, 24)), (0 * h, p.state[1], p.state[0]))
    assert_close(found, (h * mask, c, h))


@pytest.mark.parametrize("name", ["rnn", "gru"])
def test_one_mask_for_all_steps_is_a_matrix_with_columns_of_zeros(
    name, rng
):
    kind = KINDS[name]
    p = problem(kind)
    mask = np.tile([0.0, 2, 2, 0, 2, 2], (3, 1))
    masked_h = p.state[0] * mask
    y, (read, h), _ = unroll(
        dropped(kind.cell, repeat(mask)),
        p.params,
        p.x,
        (masked_h, p.state[0]),
    )
    thinned = p.params._replace(W_h=p.params.W_h * mask[0])
    expected, (last,), _ = unroll(kind.cell, thinned, p.x, p.state)
    assert_close(y, expected * mask, amplified=8)
    assert_close((read, h), (last * mask, last), amplified=8)


def test_masks_are_new_at_each_step_or_stay():
    rng, like = np.random.default_rng(0), np.zeros((40, 50), np.float32)
    steps = mask_each_step(rng, like, 0.25)
    first, second = next(steps), next(steps)
    assert first.dtype == like.dtype
    assert (first != second).any()
    assert set(np.unique(first)) == {0, np.float32(4 / 3)}
    assert abs((first == 0).mean() - 0.25) < 0.04
    stays = mask_each_sequence(rng, like, 0.25)
    assert next(stays) is next(stays)
    holds = hold_each_step(rng, like, (0.1, 0.5))
    one, other = next(holds), next(holds)
    assert len(one) == 2
    assert (one[0] != other[0]).any()
    assert abs(one[0].mean() - 0.1) < 0.04
    assert abs(one[1].mean() - 0.5) < 0.04
    assert set(np.unique(one[1])) == {0, 1}


def test_a_memory_is_erased_thinned_or_held():
    """Where W_h alone keeps it, noise decides; a GRU with z = 1 keeps it."""
    steps, H = 30, 2000
    like, silence = np.zeros((1, H)), np.zeros((1, H))
    keeps = np.repeat([0.0, 1000, 0], H)[None]

    def plain(cell, parts):
        state = (np.ones((1, H)),) * parts
        for _ in range(steps):
            state, _ = cell(silence, state[0], state)  # W_h is the identity
        return (state[0] != 0).mean()

    def gated(cell):
        state = (np.ones((1, H)),) * 2
        for _ in range(steps):
            state, _ = cell(keeps, 0 * keeps, state)
        return (state[-1] == 1).mean()

    rng = np.random.default_rng(0)
    each, once = mask_each_step, mask_each_sequence
    zoned = zoneout(relu_cell, hold_each_step(rng, like, [0.2]))
    assert plain(zoned, 1) == 1
    assert (
        abs(plain(dropped(relu_cell, each(rng, like, 0.2)), 2) - 0.8**steps)
        < 0.005
    )
    assert (
        abs(plain(dropped(relu_cell, once(rng, like, 0.2)), 2) - 0.8) < 0.03
    )
    assert gated(dropped(gru_cell, each(rng, like, 0.2))) == 1


def test_what_does_not_fit_is_named(rng):
    a, ones = np.ones((3, 4)), np.ones(4)
    assert (
        said(layer_norm, a, ones[:3], ones)
        == "gain: expected (4,), got (3,)"
    )
    assert (
        said(layer_norm, a[0], ones, ones) == "a: expected (B, H), got (4,)"
    )
    message = "bias: expected float64 on cpu as a, got float32 on cpu"
    assert said(layer_norm, a, ones, ones.astype("f")) == message
    params, x, state, d_y, _ = lstm()
    wrong = params._replace(norm=params.norm._replace(gain_c=np.ones(3)))
    assert said(unroll_normed, wrong, x, state) == (
        "gain_c: expected (6,), got (3,)"
    )
    assert said(unroll_normed, params, x, state[:1]) == (
        "state: expected 2 array(s), got 1"
    )
    _, _, tape = unroll_normed(params, x, state)
    assert said(bptt_normed, params, tape, d_y, state[:1]) == (
        "state: expected 2 array(s), got 1"
    )
    assert said(next, mask_each_step(rng, a, 1.0)) == (
        "rate: expected 0 <= rate < 1, got 1.0"
    )
    assert said(next, hold_each_step(rng, a, [0.5, 2])) == (
        "rates: expected from 0 to 1, got [0.5, 2]"
    )
    h = np.ones((3, 2))
    gru = np.ones((2, 3, 6))
    cell = dropped(gru_cell, repeat(np.ones((1, 2))))
    assert said(cell, *gru, (h, h)) == "mask: expected (3, 2), got (1, 2)"
    cell = zoneout(gru_cell, repeat([h, h]))
    assert said(cell, *gru, (h,)) == (
        "hold: expected a list or tuple of 1, got 2"
    )
    cell = zoneout(gru_cell, repeat([h[:1]]))
    assert said(cell, *gru, (h,)) == "hold[0]: expected (3, 2), got (1, 2)"


def test_the_normed_vjp_is_what_the_loop_runs():
    """bptt with rows of its own gives a row of gradients per sequence."""
    params, x, state, d_y, d_state = lstm()
    _, _, tape = unroll_normed(params, x, state)
    nothing = tuple(np.zeros_like(row) for row in tape.state[2:])
    *_, rows = bptt(
        lstm_normed_vjp, params.layer, tape, d_y, (*d_state, *nothing)
    )
    d_params, _, _ = bptt_normed(params, tape, d_y, d_state)
    assert [r.shape for r in rows[2:]] == [(B, 24)] * 3 + [(B, 6)] * 2
    assert_close([*d_params.norm], [r.sum(axis=0) for r in rows[2:]])
    zero = zero_state(params.layer, B, 2)
    assert unroll_normed(params, x, zero)[0].shape == (T, B, H)
