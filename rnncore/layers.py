"""Deeper and wider: layers in both directions, stacks, padding, dropout.

Nothing here has a loop of its own: all of it runs in `unroll` and `bptt`.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnncore.backend import (
    Array,
    array_namespace,
    check_alike,
    check_backward,
    check_count,
    check_lengths,
    check_real,
    check_shape,
    check_spans,
    check_tuple,
    device,
)
from rnncore.bptt import bptt
from rnncore.rnn import Params, State, Tape, unroll

Layer = Any  # Params, or a pair of them: forward, backward


class PaddedTape(NamedTuple):
    """The tape of a padded batch, and where its sequences are."""

    tape: Tape
    mask: Array | None  # (T, B) of bool; None where nothing is padded


def masked(cell: Callable) -> Callable:
    """The cell for sequences that begin late or end early.

    Its state has one more part, two counters per sequence: the steps
    until it begins and until it ends. Outside, the state is held.
    """

    def masked_cell(a_x, a_h, state):
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        xp = array_namespace(a_x)
        held = [
            xp.where(runs, a, b) for a, b in zip(after, before, strict=True)
        ]
        return (*held, counters - 1), (runs, cache)

    return masked_cell


def masked_vjp(cell_vjp: Callable) -> Callable:
    """Backward through `masked`: a held state passes its gradient on."""

    def masked_cell_vjp(d_state, cache):
        runs, inner = cache
        *d_parts, d_counters = d_state
        xp = array_namespace(runs)
        d_after = [xp.where(runs, d, xp.zeros_like(d)) for d in d_parts]
        d_a_x, d_a_h, d_before = cell_vjp(tuple(d_after), inner)
        d_before = [
            b + (d - a)  # d - a: what the mask kept from the cell
            for b, d, a in zip(d_before, d_parts, d_after, strict=True)
        ]
        return d_a_x, d_a_h, (*d_before, d_counters)

    return masked_cell_vjp


def unroll_padded(
    cell: Callable,
    params: Params,
    x: Array,
    state: State,
    begins: Sequence[int],
    ends: Sequence[int],
) -> tuple[Array, State, PaddedTape]:
    """Run each sequence from its own first step up to its own end.

    What x holds outside, even NaN, has no effect; y is 0 there. The
    state returned is that of each sequence at its own end.

    Shapes: x (T, B, D); state ((B, H), ...)
        -> y (T, B, H); state ((B, H), ...); tape

    Raises ValueError where a shape, dtype or device does not fit.
    """
    check_shape("x", x, "T", "B", params.W_x.shape[1])
    T = x.shape[0]
    check_real("x", x)
    check_spans(x, begins, ends)
    if not any(begins) and all(n == T for n in ends):
        y, state, tape = unroll(cell, params, x, state)
        return y, state, PaddedTape(tape, None)
    check_tuple("state", state)
    counters, mask = _counters(x, begins, ends)
    y, (*state_, _), tape = unroll(
        masked(cell), params, _keep(x, mask), (*state, counters)
    )
    return _keep(y, mask), tuple(state_), PaddedTape(tape, mask)


def bptt_padded(
    cell_vjp: Callable,
    params: Params,
    tape: PaddedTape,
    d_y: Array,
    d_state: State,
) -> tuple[Params, Array, State]:
    """Backward through `unroll_padded`; what d_y holds outside is ignored.

    Shapes: d_y (T, B, H); d_state ((B, H), ...)
        -> d_params; d_x (T, B, D); d_state ((B, H), ...)

    Raises ValueError where a shape, dtype or device does not fit the tape.
    """
    if tape.mask is None:
        return bptt(cell_vjp, params, tape.tape, d_y, d_state)
    *state, counters = tape.tape.state
    check_backward(tuple(state), tape.mask.shape[0], d_y, d_state)
    none = array_namespace(d_y).zeros_like(counters)  # no gradient there
    d_params, d_x, (*d_parts, _) = bptt(
        masked_vjp(cell_vjp),
        params,
        tape.tape,
        _keep(d_y, tape.mask),
        (*d_state, none),
    )
    return d_params, d_x, tuple(d_parts)


def bidirectional(
    cell: Callable,
    params: tuple[Params, Params],
    x: Array,
    states: tuple[State, State],
    lengths: Sequence[int] | None = None,
) -> tuple[Array, tuple[State, State], tuple[PaddedTape, PaddedTape]]:
    """A left-to-right and a right-to-left layer, side by side.

    The second reads x reversed: there a padded sequence begins late, and
    its first state is held until then. Each y[t] belongs to x[t]. The
    second state is the one after reading x[0].

    Shapes: x (T, B, D) -> y (T, B, 2*H); states; tapes

    Raises ValueError where a shape, dtype, device or length does not fit.
    Source: Schuster & Paliwal 1997.
    """
    check_shape("x", x, "T", "B", "D")
    check_count("params", params, 2)
    check_count("states", states, 2)
    T, B, _ = x.shape
    ends = check_lengths(lengths, T, B)
    xp = array_namespace(x)
    left, left_state, left_tape = unroll_padded(
        cell, params[0], x, states[0], [0] * B, ends
    )
    right, right_state, right_tape = unroll_padded(
        cell,
        params[1],
        xp.flip(x, axis=0),
        states[1],
        [T - n for n in ends],
        [T] * B,
    )
    y = xp.concat([left, xp.flip(right, axis=0)], axis=-1)
    return y, (left_state, right_state), (left_tape, right_tape)


def bidirectional_bptt(
    cell_vjp: Callable,
    params: tuple[Params, Params],
    tapes: tuple[PaddedTape, PaddedTape],
    d_y: Array,
    d_states: tuple[State, State],
) -> tuple[tuple[Params, Params], Array, tuple[State, State]]:
    """Backward through `bidirectional`: both layers add to d_x.

    Shapes: d_y (T, B, 2*H) -> d_params; d_x (T, B, D); d_states

    Raises ValueError where a shape, dtype or device does not fit the tape.
    """
    check_count("params", params, 2)
    check_count("tapes", tapes, 2)
    check_count("d_states", d_states, 2)
    H = params[0].W_h.shape[1]
    T, B, _ = tapes[0].tape.x.shape
    check_shape("d_y", d_y, T, B, H + params[1].W_h.shape[1])
    xp = array_namespace(d_y)
    d_left, d_x, d_left_state = bptt_padded(
        cell_vjp, params[0], tapes[0], d_y[..., :H], d_states[0]
    )
    d_right, d_x_turned, d_right_state = bptt_padded(
        cell_vjp,
        params[1],
        tapes[1],
        xp.flip(d_y[..., H:], axis=0),
        d_states[1],
    )
    d_x = d_x + xp.flip(d_x_turned, axis=0)
    return (d_left, d_right), d_x, (d_left_state, d_right_state)


def stack(
    cell: Callable,
    params: Sequence[Layer],
    x: Array,
    states: Sequence[Any],
    lengths: Sequence[int] | None = None,
    masks: Sequence[Array] | None = None,
) -> tuple[Array, list, list]:
    """Stacked layers: each reads the outputs of the one below.

    An entry of `params` is one layer's weights, or a pair of them for a
    layer in both directions; its state is then a pair too. `masks` are
    dropout's, (T, B, H) or (B, H), one between each pair of layers.

    Shapes: x (T, B, D) -> y (T, B, H); states; tapes

    Raises ValueError where a shape, dtype, device or length does not fit.
    Source: Schmidhuber 1992; El Hihi & Bengio 1995.
    """
    check_shape("x", x, "T", "B", "D")
    _check_layers(params, states, masks)
    T, B, _ = x.shape
    ends = check_lengths(lengths, T, B)
    y, last, tapes = x, [], []  # of each layer, from the bottom
    for k, (layer, state) in enumerate(zip(params, states, strict=True)):
        if masks and k:
            y = _drop(y, f"masks[{k - 1}]", masks[k - 1])
        run = _one_way if isinstance(layer, Params) else bidirectional
        y, state, tape = run(cell, layer, y, state, ends)
        last.append(state)
        tapes.append(tape)
    return y, last, tapes


def stack_bptt(
    cell_vjp: Callable,
    params: Sequence[Layer],
    tapes: Sequence[Any],
    d_y: Array,
    d_states: Sequence[Any],
    masks: Sequence[Array] | None = None,
) -> tuple[list[Layer], Array, list]:
    """Backward through `stack`: from the top layer down, each through time.

    `masks` are those of the forward pass.

    Shapes: d_y (T, B, H) -> d_params; d_x (T, B, D); d_states

    Raises ValueError where a shape, dtype or device does not fit the tape.
    """
    _check_layers(params, d_states, masks, "d_states")
    check_count("tapes", tapes, len(params))
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        layer = params[k]
        one_way = isinstance(layer, Params)
        back = bptt_padded if one_way else bidirectional_bptt
        d_layer, d_y, d_state = back(
            cell_vjp, layer, tapes[k], d_y, d_states[k]
        )
        if masks and k:
            d_y = _drop(d_y, f"masks[{k - 1}]", masks[k - 1], "d_y")
        d_params.append(d_layer)
        d_first.append(d_state)
    return d_params[::-1], d_y, d_first[::-1]


def dropout_mask(
    rng: np.random.Generator, T: int, B: int, H: int, rate: float
) -> np.ndarray:
    """0 with probability `rate`, else 1 / (1 - rate); new at every step.

    Shapes: -> mask (T, B, H)

    Raises ValueError unless 0 <= rate < 1.
    Source: Srivastava et al. 2014; between layers: Zaremba et al. 2014.
    """
    if not 0 <= rate < 1:
        raise ValueError(f"rate: expected 0 <= rate < 1, got {rate}")
    return (rng.random((T, B, H)) >= rate) / (1 - rate)


def variational_dropout_mask(
    rng: np.random.Generator, B: int, H: int, rate: float
) -> np.ndarray:
    """The same, drawn once per sequence: a unit is off for all steps.

    Shapes: -> mask (B, H)

    Raises ValueError unless 0 <= rate < 1.
    Source: Gal & Ghahramani 2016.
    """
    return dropout_mask(rng, 1, B, H, rate)[0]


def carry_state(state: State, reset: Sequence[bool]) -> State:
    """The state for the next batch: 0 where another sequence begins.

    Shapes: state ((B, H), ...) -> state ((B, H), ...)

    Raises ValueError unless `reset` has one True or False per sequence.
    """
    check_tuple("state", state)
    check_shape("state[0]", state[0], "B", "H")
    xp, B = array_namespace(state[0]), state[0].shape[0]
    flags = [bool(r) for r in reset]
    if len(flags) != B:
        raise ValueError(f"reset: expected {B}, got {len(flags)}")
    fresh = xp.asarray(flags, device=device(state[0]))[:, None]
    return tuple(xp.where(fresh, xp.zeros_like(s), s) for s in state)


def _one_way(
    cell: Callable, params: Params, x: Array, state: State, ends: list
) -> tuple[Array, State, PaddedTape]:
    return unroll_padded(cell, params, x, state, [0] * len(ends), ends)


def _counters(
    x: Array, begins: Sequence[int], ends: Sequence[int]
) -> tuple[Array, Array]:
    """The state's counters (B, 2) before the loop, and the mask (T, B)."""
    xp, T = array_namespace(x), x.shape[0]
    if 2 / xp.finfo(x.dtype).eps < T:
        raise ValueError(f"x: {x.dtype} cannot count {T} padded steps")
    first = xp.asarray(list(begins), device=device(x))
    end = xp.asarray(list(ends), device=device(x))
    step = xp.arange(T, device=device(x))[:, None]
    mask = (step >= first[None, :]) & (step < end[None, :])
    return xp.astype(xp.stack([first, end], axis=1), x.dtype), mask


def _keep(a: Array, mask: Array) -> Array:
    """a where the mask is true, else 0."""
    xp = array_namespace(a)
    return xp.where(mask[..., None], a, xp.zeros_like(a))


def _drop(y: Array, name: str, mask: Array, of: str = "y") -> Array:
    """y times a dropout mask that fits it."""
    dims = y.shape if len(mask.shape) == 3 else y.shape[1:]
    check_shape(name, mask, *dims)
    check_alike(of, y, **{name: mask})
    return y * mask


def _check_layers(
    params: Sequence,
    states: Sequence,
    masks: Sequence | None,
    name: str = "states",
) -> None:
    if isinstance(params, Params) or not params:
        got = type(params).__name__ if params else "none"
        raise ValueError(f"params: expected at least one layer, got {got}")
    check_count(name, states, len(params))
    if masks is not None:
        check_count("masks", masks, len(params) - 1)
