"""The layers against a plain loop, their vjps against finite differences."""

import numpy as np
import pytest

from rnncore.bptt import check_gradient
from rnncore.factors import (
    SQUASHINGS,
    RealGated,
    clip,
    diagonal_layer,
    diagonal_layer_vjp,
    min_lstm_layer,
    min_lstm_layer_vjp,
    reflecting_layer,
    reflecting_layer_vjp,
    rg_lru_layer,
    rg_lru_layer_vjp,
    turning_layer,
    turning_layer_vjp,
)
from rnncore.scan import Minimal, minimal_layer
from tests.helpers.arrays import assert_close

T, B, D, H, N, d = 6, 3, 4, 5, 2, 3
each_squashing = pytest.mark.parametrize("name", SQUASHINGS)


def weights(rows, rng, D=D):
    return Minimal(rng.normal(size=(rows, D)), rng.normal(size=rows))


def sigmoid(p):
    return 1 / (1 + np.exp(-p))


def diagonal(name, rng):
    """A layer, its way back, its weights, an input and a first state."""
    s = SQUASHINGS[name]
    return (
        lambda params, x, h: diagonal_layer(params, s, x, h),
        lambda params, *rest: diagonal_layer_vjp(params, s, *rest),
        weights(2 * H, rng),
        rng.normal(size=(T, B, D)),
        rng.normal(size=(B, H)),
    )


def reflecting(name, rng):
    s = SQUASHINGS[name]
    return (
        lambda params, x, h: reflecting_layer(params, s, x, h),
        lambda params, *rest: reflecting_layer_vjp(params, s, *rest),
        weights((d + 2) * N, rng),
        rng.normal(size=(T, B, D)),
        rng.normal(size=(B, N, d)),
    )


def turning(name, rng):
    s = SQUASHINGS[name]
    return (
        lambda params, x, h: turning_layer(params, s, x, h),
        lambda params, *rest: turning_layer_vjp(params, s, *rest),
        weights(4 * N, rng),
        rng.normal(size=(T, B, D)),
        rng.normal(size=(B, 2 * N)),
    )


def min_lstm(name, rng):
    x, h = rng.normal(size=(T, B, D)), rng.normal(size=(B, H))
    return min_lstm_layer, min_lstm_layer_vjp, weights(3 * H, rng), x, h


def rg_lru(name, rng):
    params = RealGated(*weights(2 * H, rng, H), rng.normal(size=H))
    x, h = rng.normal(size=(T, B, H)), rng.normal(size=(B, H))
    return rg_lru_layer, rg_lru_layer_vjp, params, x, h


LAYERS = [
    *((diagonal, name) for name in SQUASHINGS),
    *((reflecting, name) for name in SQUASHINGS),
    *((turning, name) for name in SQUASHINGS),
    (min_lstm, ""),
    (rg_lru, ""),
]
each_layer = pytest.mark.parametrize(
    ("make", "name"), LAYERS, ids=lambda v: getattr(v, "__name__", v)
)


def by_hand(make, name, params, x, h):
    """The same states from a loop of one step and one sequence at a time."""
    y = np.empty((T, *h.shape))
    for b in range(B):
        state = h[b]
        for t in range(T):
            p = params.W_x @ x[t, b] + params.b_x
            if make is diagonal:
                a = SQUASHINGS[name].forward(p[:H])
                state = a * state + (1 - abs(a)) * p[H:]
            elif make is turning:
                a = SQUASHINGS[name].forward(p[:N])
                # as complex numbers, with numpy's own product
                factor = a * np.exp(1j * p[N : 2 * N])
                n = p[2 * N : 3 * N] + 1j * p[3 * N :]
                z = factor * (state[:N] + 1j * state[N:])
                z = z + (1 - abs(a)) * n
                state = np.concatenate([z.real, z.imag])
            elif make is min_lstm:
                f, i = sigmoid(p[:H]), sigmoid(p[H : 2 * H])
                kept, new = f / (f + i), i / (f + i)
                state = kept * state + new * p[2 * H :]
            elif make is rg_lru:
                r, i = sigmoid(p[:H]), sigmoid(p[H:])
                a = sigmoid(params.decay) ** (8 * r)
                state = a * state + np.sqrt(1 - a * a) * i * x[t, b]
            else:
                k = p[: N * d].reshape(N, d)
                a = SQUASHINGS[name].forward(p[N * d : N * d + N])
                v, after = p[N * d + N :], []
                for j in range(N):
                    u = k[j] / np.sqrt(k[j] @ k[j])
                    A = np.eye(d) - (1 - a[j]) * np.outer(u, u)
                    after.append(A @ state[j] + (1 - a[j]) * v[j] * u)
                state = np.array(after)
            y[t, b] = state
    return y


@each_layer
def test_a_layer_is_its_formula_in_every_library(move, rng, make, name):
    layer, vjp, params, x, h = make(name, rng)
    expected = by_hand(make, name, params, x, h)
    d_y = rng.normal(size=expected.shape)
    _, cache = layer(params, x, h)
    wanted = vjp(params, cache, d_y)
    params, x, h, d_y = move((params, x, h, d_y))
    y, cache = layer(params, x, h)
    assert_close(y, expected)
    assert_close(vjp(params, cache, d_y), wanted)


def agrees_with_differences(layer, vjp, params, x, h, rng):
    """Compare every gradient of a layer with finite differences."""
    y, cache = layer(params, x, h)
    d_y = rng.normal(size=y.shape)
    d_params, d_x, d_h = vjp(params, cache, d_y)
    given = {**params._asdict(), "x": x, "h": h}
    found = {**d_params._asdict(), "x": d_x, "h": d_h}
    for key, value in given.items():

        def loss(moved, key=key):
            v = {**given, key: moved}
            moved_params = type(params)(*(v[k] for k in params._fields))
            return float(
                (d_y * layer(moved_params, v["x"], v["h"])[0]).sum()
            )

        # central differences with a step of 1e-6 are good to about 1e-8
        assert check_gradient(loss, value, found[key], f"d_{key}") < 1e-6


@each_layer
def test_its_gradient_is_that_of_finite_differences(rng, make, name):
    agrees_with_differences(*make(name, rng), rng)


def test_a_factor_of_1_has_a_gradient_too(rng):
    # unit 0: its gate is 0 to the last digit; unit 1: its decay is
    layer, vjp, params, x, h = rg_lru("", rng)
    params.b_x[0], params.decay[1] = -80, 800
    y, _ = layer(params, x, h)
    np.testing.assert_array_equal(y[..., :2], np.tile(h[:, :2], (T, 1, 1)))
    agrees_with_differences(layer, vjp, params, x, h, rng)


@each_squashing
def test_a_squashing_keeps_to_its_bounds(name):
    p = np.array([[-50.0, -0.5, 0.0, 0.25, 50.0]])
    a = SQUASHINGS[name].forward(p)
    low = 0 if name in ("sigmoid", "clip to [0, 1]") else -1
    assert (a >= low).all()
    assert (a <= 1).all()
    assert (np.diff(a) >= 0).all()


def test_clip_reaches_its_bounds_and_has_no_slope_there():
    p = np.array([-3.0, -1.0, -0.5, 0.0, 0.25, 1.0, 3.0])
    made = clip(-1.0)
    a = made.forward(p)
    np.testing.assert_array_equal(a, [-1, -1, -0.5, 0, 0.25, 1, 1])
    d = made.vjp(np.full(7, 5.0), a)
    np.testing.assert_array_equal(d, [0, 0, 5, 5, 5, 0, 0])
    with pytest.raises(ValueError, match=r"low: expected below 1.0, got 1"):
        clip(1.0)


def test_with_a_sigmoid_it_is_the_minimal_layer(rng):
    layer, _, params, x, h = diagonal("sigmoid", rng)
    turned = Minimal(params.W_x.copy(), params.b_x.copy())
    turned.W_x[:H] *= -1  # a = 1 - z = sigmoid(-z's number)
    turned.b_x[:H] *= -1
    assert_close(layer(params, x, h)[0], minimal_layer(turned, x, h)[0])


def test_a_factor_of_minus_one_counts_for_ever():
    # unit 0: +1 at a 0, -1 at a 1; it writes nothing, whatever n is
    params = Minimal(np.array([[4.0, -4.0], [9.0, -7.0]]), np.zeros(2))
    bits = np.random.default_rng(0).integers(0, 2, 5000)
    x = np.eye(2)[bits][:, None]
    y, _ = diagonal_layer(params, SQUASHINGS["clip"], x, np.ones((1, 1)))
    parity = 1 - 2 * (np.cumsum(bits) % 2)
    np.testing.assert_array_equal(y[:, 0, 0], parity)


@pytest.mark.parametrize("hours", [5, 7])
def test_an_angle_counts_modulo_any_number(hours):
    # one pair: kept at a 0, turned by an hour at a 1; it writes nothing
    angle = 2 * np.pi / hours
    params = Minimal(
        np.array([[4.0, 4.0], [0.0, angle], [9.0, -7.0], [3.0, 5.0]]),
        np.zeros(4),
    )
    bits = np.random.default_rng(0).integers(0, 2, 20_000)
    x, h = np.eye(2)[bits][:, None], np.array([[1.0, 0.0]])
    count = np.cumsum(bits)
    for dtype in "f8", "f4":
        given = (a.astype(dtype) for a in (*params, x, h))
        W_x, b_x, *rest = given
        y, _ = turning_layer(Minimal(W_x, b_x), SQUASHINGS["clip"], *rest)
        hand = np.exp(1j * np.angle(y[:, 0, 0] + 1j * y[:, 0, 1]))
        off = np.abs(hand - np.exp(1j * angle * count))
        # the angle is rounded once, so its error grows as the count; each
        # sum is rounded in float64, by half of its last digit
        eps, last = np.finfo(dtype).eps, np.finfo("f8").eps * angle * count
        assert (off <= eps * (angle * count + 8) + last * count / 2).all()


def test_with_an_angle_of_zero_it_is_the_diagonal_layer(rng):
    _, _, params, x, h = turning("tanh", rng)
    params.W_x[N : 2 * N], params.b_x[N : 2 * N] = 0.0, 0.0
    y, _ = turning_layer(params, SQUASHINGS["tanh"], x, h)
    rows = [*range(N), *range(N), *range(2 * N, 4 * N)]
    plain = Minimal(params.W_x[rows], params.b_x[rows])
    assert_close(y, diagonal_layer(plain, SQUASHINGS["tanh"], x, h)[0])


def test_a_reflection_swaps_two_things():
    # k = (1, -1, 0) / sqrt 2 and a = -1: the first two change places
    row = np.array([1.0, -1.0, 0.0, -9.0, 0.0])
    params = Minimal(row[:, None], np.zeros(5))
    h = np.array([[[3.0, 5.0, 7.0]]])
    y, _ = reflecting_layer(
        params, SQUASHINGS["clip"], np.ones((2, 1, 1)), h
    )
    assert_close(y[:, 0, 0], [[5.0, 3.0, 7.0], [3.0, 5.0, 7.0]])


def test_gates_that_are_shut_both_are_still_compared():
    # ln f - ln i = -800 + 801: f / (f + i) = sigmoid(1), not 0 / 0
    params = Minimal(np.zeros((3, 1)), np.array([-800.0, -801.0, 0.0]))
    y, _ = min_lstm_layer(params, np.zeros((1, 1, 1)), np.ones((1, 1)))
    # the difference of two numbers near 800 has lost three digits
    assert_close(y, [[[sigmoid(1.0)]]], amplified=800)


def test_what_does_not_fit_is_named(rng):
    layer, vjp, params, x, h = diagonal("tanh", rng)
    with pytest.raises(ValueError, match=r"W_x: expected \(8, D\), got"):
        layer(params, x, h[:, :4])
    with pytest.raises(ValueError, match=r"x: expected \(T, 3, 4\), got"):
        layer(params, x[..., :2], h)
    with pytest.raises(ValueError, match=r"d_y: expected \(6, 3, 5\), got"):
        vjp(params, layer(params, x, h)[1], x)
    layer, vjp, params, x, h = reflecting("tanh", rng)
    with pytest.raises(ValueError, match=r"W_x: expected \(8, D\), got"):
        layer(params, x, h[..., :2])
    with pytest.raises(ValueError, match=r"d_y: expected \(6, 3, 2, 3\)"):
        vjp(params, layer(params, x, h)[1], x)
    layer, vjp, params, x, h = turning("tanh", rng)
    with pytest.raises(
        ValueError, match="h: expected pairs, got 3 numbers"
    ):
        layer(params, x, h[:, :3])
    with pytest.raises(ValueError, match=r"d_y: expected \(6, 3, 4\), got"):
        vjp(params, layer(params, x, h)[1], x[..., :2])
    layer, _, params, x, h = rg_lru("", rng)
    with pytest.raises(ValueError, match=r"decay: expected \(5,\), got"):
        layer(params._replace(decay=np.ones(4)), x, h)
    with pytest.raises(ValueError, match="decay: expected float64"):
        layer(params._replace(decay=np.ones(5, "f")), x, h)
