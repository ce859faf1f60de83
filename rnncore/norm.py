"""Layer normalisation in a cell, and noise on its state: steadier training.

The gains and biases of the normalisation are weights that no product
needs. So they travel in the state, where a cell can reach them and the
backward loop adds up their gradients, and the loop stays as it is.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np

from rnncore.backend import (
    Array,
    array_namespace,
    check_alike,
    check_count,
    check_parts,
    check_real,
    check_shape,
    from_numpy,
)
from rnncore.bptt import bptt
from rnncore.layers import variational_dropout_mask
from rnncore.lstm import gates, sigmoid
from rnncore.rnn import Params, State, Tape, init_params, unroll


class Norm(NamedTuple):
    """Gains and biases of an LSTM's layer normalisation.

    Shapes: gain_x (4*H,); gain_h (4*H,); bias (4*H,);
        gain_c (H,); bias_c (H,)
    """

    gain_x: Array  # of what the input sends to the gates
    gain_h: Array  # of what the state sends to them
    bias: Array  # of the gates, after the normalisation
    gain_c: Array  # of the cell state, where it is shown
    bias_c: Array


class Normed(NamedTuple):
    """The weights of an LSTM with layer normalisation."""

    layer: Params
    norm: Norm


def standardise(
    a: Array, eps: float = 1e-5
) -> tuple[Array, tuple[Array, Array]]:
    """Each row less its mean, divided by its standard deviation.

    `eps` is added to the variance, so that a constant row becomes 0.

    Shapes: a (B, H) -> n (B, H); cache

    Raises ValueError where a is not of real floats.
    """
    check_real("a", a)
    xp = array_namespace(a)
    centred = a - xp.mean(a, axis=-1, keepdims=True)
    variance = xp.mean(centred * centred, axis=-1, keepdims=True)
    factor = 1 / xp.sqrt(variance + eps)
    n = centred * factor
    return n, (n, factor)


def standardise_vjp(d_n: Array, cache: tuple[Array, Array]) -> Array:
    """Backward through `standardise`: two directions are taken out of d_n.

    Shapes: d_n (B, H) -> d_a (B, H)
    """
    n, factor = cache
    xp = array_namespace(n)
    shift = xp.mean(d_n, axis=-1, keepdims=True)
    stretch = xp.mean(d_n * n, axis=-1, keepdims=True)
    return factor * (d_n - shift - n * stretch)


def layer_norm(
    a: Array, gain: Array, bias: Array, eps: float = 1e-5
) -> tuple[Array, tuple]:
    """gain n + bias, where n is `standardise` of each row.

    Shapes: a (B, H); gain (H,); bias (H,) -> y (B, H); cache

    Raises ValueError where a shape, dtype or device does not fit.
    Source: Ba, Kiros & Hinton 2016.
    """
    check_shape("a", a, "B", "H")
    check_shape("gain", gain, a.shape[1])
    check_shape("bias", bias, a.shape[1])
    check_alike("a", a, gain=gain, bias=bias)
    n, cache = standardise(a, eps)
    return gain * n + bias, (gain, cache)


def layer_norm_vjp(d_y: Array, cache: tuple) -> tuple[Array, Array, Array]:
    """Backward through `layer_norm`: all rows share gain and bias.

    Shapes: d_y (B, H) -> d_a (B, H); d_gain (H,); d_bias (H,)
    """
    gain, inner = cache
    xp, (n, _) = array_namespace(d_y), inner
    d_a = standardise_vjp(d_y * gain, inner)
    return d_a, xp.sum(d_y * n, axis=0), xp.sum(d_y, axis=0)


def lstm_normed(
    a_x: Array, a_h: Array, state: State
) -> tuple[State, tuple]:
    """An LSTM that normalises both sums of its gates, and c to show it.

    The gates stand in the order i, f, g, o. After h and c the state holds
    the five parts of `Norm`, a row per sequence, which no step changes.
    They are wider than h, so that `rnncore.cells`, a table of cells whose
    state has parts (B, H) that may begin at 0, has no line for it.

    Shapes: a_x (B, 4*H); a_h (B, 4*H);
        state ((B, H), (B, H), (B, 4*H), (B, 4*H), (B, 4*H), (B, H), (B, H))
        -> state ((B, H), (B, H), (B, 4*H), (B, 4*H), (B, 4*H), (B, H),
        (B, H)); cache

    Raises ValueError where c does not fit the four gates.
    Source: Ba, Kiros & Hinton 2016, equations 20 to 22.
    """
    xp = array_namespace(a_x)
    _, c_before, *weights = check_parts(state, 7)
    gain_x, gain_h, bias, gain_c, bias_c = weights
    n_x, cache_x = standardise(a_x)
    n_h, cache_h = standardise(a_h)
    i, f, g, o = gates(gain_x * n_x + gain_h * n_h + bias, 4)
    check_shape("c", c_before, *g.shape)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    c = f * c_before + i * g
    n_c, cache_c = standardise(c)
    shown = xp.tanh(gain_c * n_c + bias_c)
    cache = (
        (i, f, g, o, shown, c_before),
        (cache_x, cache_h, cache_c),
        (gain_x, gain_h, gain_c),
    )
    return (o * shown, c, *weights), cache


def lstm_normed_vjp(
    d_state: State, cache: tuple
) -> tuple[Array, Array, State]:
    """Backward through `lstm_normed`; what gains and biases get adds up.

    Shapes: d_state ((B, H), (B, H), (B, 4*H), (B, 4*H), (B, 4*H), (B, H),
        (B, H))
        -> d_a_x (B, 4*H); d_a_h (B, 4*H); d_state
    """
    (i, f, g, o, shown, c_before), caches, gains = cache
    cache_x, cache_h, cache_c = caches
    gain_x, gain_h, gain_c = gains
    xp = array_namespace(i)
    d_h, d_c, *d_weights = d_state
    d_shown = d_h * o * (1 - shown * shown)
    d_c = d_c + standardise_vjp(d_shown * gain_c, cache_c)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g * g)
    d_o = d_h * shown * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    d_a_x = standardise_vjp(d_a * gain_x, cache_x)
    d_a_h = standardise_vjp(d_a * gain_h, cache_h)
    (n_x, _), (n_h, _), (n_c, _) = caches
    here = (d_a * n_x, d_a * n_h, d_a, d_shown * n_c, d_shown)
    d_weights = [a + b for a, b in zip(d_weights, here, strict=True)]
    return d_a_x, d_a_h, (0.0, d_c * f, *d_weights)


def unroll_normed(
    params: Normed, x: Array, state: State
) -> tuple[Array, State, Tape]:
    """Run `lstm_normed`, with a row of gains and biases per sequence.

    Shapes: x (T, B, D); state ((B, H), (B, H))
        -> y (T, B, H); state ((B, H), (B, H)); tape

    Raises ValueError where a shape, dtype or device does not fit.
    """
    layer, norm = params
    check_shape("x", x, "T", "B", layer.W_x.shape[1])
    check_parts(state, 2)
    widths = Norm(*(layer.W_h.shape[1] * k for k in (4, 4, 4, 1, 1)))
    for name, w, width in zip(Norm._fields, norm, widths, strict=True):
        check_shape(name, w, width)
    xp, B = array_namespace(x), x.shape[1]
    rows = [xp.broadcast_to(w, (B, w.shape[0])) for w in norm]
    y, (h, c, *_), tape = unroll(lstm_normed, layer, x, (*state, *rows))
    return y, (h, c), tape


def bptt_normed(
    params: Normed, tape: Tape, d_y: Array, d_state: State
) -> tuple[Normed, Array, State]:
    """Backward through `unroll_normed`: the rows share gains and biases.

    Shapes: d_y (T, B, H); d_state ((B, H), (B, H))
        -> d_params; d_x (T, B, D); d_state ((B, H), (B, H))

    Raises ValueError where a shape, dtype or device does not fit the tape.
    """
    check_parts(d_state, 2)
    xp = array_namespace(d_y)
    nothing = [xp.zeros_like(row) for row in tape.state[2:]]
    d_layer, d_x, (d_h, d_c, *d_rows) = bptt(
        lstm_normed_vjp, params.layer, tape, d_y, (*d_state, *nothing)
    )
    d_norm = Norm(*(xp.sum(d, axis=0) for d in d_rows))
    return Normed(d_layer, d_norm), d_x, (d_h, d_c)


def init_normed(
    rng: np.random.Generator, D: int, H: int, gain: float = 1.0
) -> Normed:
    """Weights as torch.nn's LSTM has them, every gain alike, biases of 0.

    Shapes: -> layer; norm

    Source: Ba, Kiros & Hinton 2016, whose gains begin at 1.
    """
    norm = Norm(
        gain_x=np.full(4 * H, gain),
        gain_h=np.full(4 * H, gain),
        bias=np.zeros(4 * H),
        gain_c=np.full(H, gain),
        bias_c=np.zeros(H),
    )
    return Normed(init_params(rng, D, H, G=4), norm)


def zoneout(cell: Callable, holds: Iterator[Sequence[Array]]) -> Callable:
    """The cell, with units that keep what they had for a step.

    `holds` yields for each step one array per part of the state: 1 where
    a unit keeps its value, 0 where it takes the cell's new one. A share in
    between mixes both: in place of chance, at test time.

    Raises ValueError where an array does not fit its part.
    Source: Krueger et al. 2017.
    """

    def zoned(a_x, a_h, before):
        hold = next(holds)
        check_count("hold", hold, len(before))
        for k, (one, part) in enumerate(zip(hold, before, strict=True)):
            check_shape(f"hold[{k}]", one, *part.shape)
        after, cache = cell(a_x, a_h, before)
        state = tuple(
            one * b + (1 - one) * a
            for one, b, a in zip(hold, before, after, strict=True)
        )
        return state, (hold, cache)

    return zoned


def zoneout_vjp(cell_vjp: Callable) -> Callable:
    """Backward through `zoneout`: what was held passes its gradient on."""

    def zoned_vjp(d_state, cache):
        hold, inner = cache
        d_after = tuple(
            (1 - one) * d for one, d in zip(hold, d_state, strict=True)
        )
        d_a_x, d_a_h, d_before = cell_vjp(d_after, inner)
        passed = tuple(
            b + one * d
            for b, one, d in zip(d_before, hold, d_state, strict=True)
        )
        return d_a_x, d_a_h, passed

    return zoned_vjp


def dropped(cell: Callable, masks: Iterator[Array]) -> Callable:
    """The cell, where W_h and y get a masked h; what stays inside does not.

    `masks` yields one mask (B, H) per step. The state has one more part at
    its end, h as the cell left it, for cells that keep some of it.

    Raises ValueError where a mask does not fit h.
    Source: Gal & Ghahramani 2016, with one mask for all steps.
    """

    def dropped_(a_x, a_h, before):
        _, *memory, h = before
        (h, *memory), cache = cell(a_x, a_h, (h, *memory))
        mask = next(masks)
        check_shape("mask", mask, *h.shape)
        return (h * mask, *memory, h), (mask, cache)

    return dropped_


def dropped_vjp(cell_vjp: Callable) -> Callable:
    """Backward through `dropped`: the same mask once more."""

    def dropped_vjp_(d_state, cache):
        mask, inner = cache
        d_read, *d_memory, d_h = d_state
        d_after = (d_h + d_read * mask, *d_memory)
        d_a_x, d_a_h, (d_h, *d_memory) = cell_vjp(d_after, inner)
        xp = array_namespace(d_read)
        return d_a_x, d_a_h, (0.0, *d_memory, d_h + xp.zeros_like(d_read))

    return dropped_vjp_


def mask_each_step(
    rng: np.random.Generator, like: Array, rate: float
) -> Iterator[Array]:
    """Dropout masks without end, a new one for every step.

    Raises ValueError, with the first mask, unless 0 <= rate < 1.
    """
    B, H = like.shape
    while True:
        mask = variational_dropout_mask(rng, B, H, rate)
        yield from_numpy(mask, like)


def mask_each_sequence(
    rng: np.random.Generator, like: Array, rate: float
) -> Iterator[Array]:
    """The same dropout mask for all steps, drawn now.

    Raises ValueError unless 0 <= rate < 1.
    Source: Gal & Ghahramani 2016.
    """
    B, H = like.shape
    mask = variational_dropout_mask(rng, B, H, rate)
    return repeat(from_numpy(mask, like))


def hold_each_step(
    rng: np.random.Generator, like: Array, rates: Sequence[float]
) -> Iterator[list[Array]]:
    """What `zoneout` asks for, with a rate for each part of the state.

    Raises ValueError, with the first step, unless all are from 0 to 1.
    """
    if not all(0 <= rate <= 1 for rate in rates):
        raise ValueError(f"rates: expected from 0 to 1, got {list(rates)}")
    while True:
        drawn = [rng.random(like.shape) < rate for rate in rates]
        yield [from_numpy(hold.astype(float), like) for hold in drawn]
