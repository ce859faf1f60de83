"""Real-time recurrent learning: gradients that travel with the state."""

from collections.abc import Callable

from rnncore.backend import (
    Array,
    array_namespace,
    check_alike,
    check_layer,
    check_shape,
    check_state,
    check_tree,
    device,
)
from rnncore.rnn import Params, State


def no_influence(params: Params, state: State) -> Params:
    """The influence of the weights on a first state: none.

    For each weight an array (B, n, ...), where n is the length of the
    state, of all its parts together.

    Shapes: state ((B, H), ...) -> influence
    """
    xp, B = array_namespace(state[0]), state[0].shape[0]
    n = sum(part.shape[-1] for part in state)
    kind = {"dtype": state[0].dtype, "device": device(state[0])}
    return Params(*(xp.zeros((B, n, *w.shape), **kind) for w in params))


def unit_gradients(state: State) -> State:
    """For each of the state's n numbers, the gradient of it alone.

    Shapes: state ((B, H), ...) -> d_state ((n, B, H), ...)
    """
    xp, B = array_namespace(state[0]), state[0].shape[0]
    n = sum(part.shape[-1] for part in state)
    kind = {"dtype": state[0].dtype, "device": device(state[0])}
    rows = xp.zeros((n, B, n), **kind) + xp.eye(n, **kind)[:, None, :]
    d_state, start = [], 0
    for part in state:
        d_state.append(rows[..., start : start + part.shape[-1]])
        start += part.shape[-1]
    return tuple(d_state)


def step_jacobians(
    cell_vjp: Callable, params: Params, cache: object, state: State
) -> tuple[Array, Array, Array]:
    """The Jacobians of a step's state by a_x, a_h and the state before.

    The last one includes the path through W_h. A state of several parts,
    such as (h, c), counts as one long vector of n numbers.

    Shapes: state ((B, H), ...)
        -> J_x (B, n, G*H); J_h (B, n, G*H); J (B, n, n)
    """
    xp = array_namespace(state[0])
    J_x, J_h, (d_h, *d_memory) = cell_vjp(unit_gradients(state), cache)
    J = xp.concat([J_h @ params.W_h + d_h, *d_memory], axis=-1)
    J_x, J_h, J = (xp.permute_dims(a, (1, 0, 2)) for a in (J_x, J_h, J))
    return J_x, J_h, J


def rtrl_step(
    cell: Callable,
    cell_vjp: Callable,
    params: Params,
    x: Array,
    state: State,
    influence: Params,
) -> tuple[State, Params]:
    """One step of the loop, and of the derivative of its state.

    Shapes: x (B, D); state ((B, H), ...); influence
        -> state ((B, H), ...); influence

    Source: Williams & Zipser 1989.
    """
    xp, h = array_namespace(x), state[0]
    a_x = x @ params.W_x.T + params.b_x
    a_h = h @ params.W_h.T + params.b_h
    state, cache = cell(a_x, a_h, state)
    J_x, J_h, J = step_jacobians(cell_vjp, params, cache, state)
    now = Params(  # the weights as this step uses them
        W_x=J_x[..., None] * x[:, None, None, :],
        W_h=J_h[..., None] * h[:, None, None, :],
        b_x=J_x,
        b_h=J_h,
    )

    def carried(before: Array) -> Array:
        """What the earlier uses still do, through the state before."""
        flat = xp.reshape(before, (*before.shape[:2], -1))
        return xp.reshape(J @ flat, before.shape)

    both = zip(influence, now, strict=True)
    return state, Params(*(carried(m) + w for m, w in both))


def influence_vjp(influence: Params, d_y: Array) -> Params:
    """The gradient of the part of the loss that reads this step's h.

    Shapes: influence; d_y (B, H) -> d_params
    """
    xp, (B, H) = array_namespace(d_y), d_y.shape
    row = xp.reshape(d_y, (1, B * H))

    def of(m: Array) -> Array:
        units = xp.reshape(m[:, :H, ...], (B * H, -1))
        return xp.reshape(row @ units, m.shape[2:])

    return Params(*(of(m) for m in influence))


def rtrl(
    cell: Callable,
    cell_vjp: Callable,
    params: Params,
    x: Array,
    state: State,
    influence: Params,
    d_y: Array,
) -> tuple[Params, State, Params]:
    """The gradient that `bptt` gives, from one pass forward.

    What it returns last goes on: with the next part of the sequence, it
    gives that part's gradient through everything before.

    Shapes: x (T, B, D); state ((B, H), ...); influence; d_y (T, B, H)
        -> d_params; state ((B, H), ...); influence

    Raises ValueError where a shape, dtype or device does not fit.
    Source: Williams & Zipser 1989.
    """
    check_layer(params)
    check_shape("x", x, "T", "B", params.W_x.shape[1])
    check_state(params, x, state)
    check_shape("d_y", d_y, *x.shape[:2], params.W_h.shape[1])
    check_alike("x", x, d_y=d_y)
    check_tree("influence", influence, no_influence(params, state))
    xp = array_namespace(x)
    total = Params(*(xp.zeros_like(w) for w in params))
    for t in range(x.shape[0]):
        state, influence = rtrl_step(
            cell, cell_vjp, params, x[t, ...], state, influence
        )
        found = influence_vjp(influence, d_y[t, ...])
        total = Params(*(a + b for a, b in zip(total, found, strict=True)))
    return total, state, influence
