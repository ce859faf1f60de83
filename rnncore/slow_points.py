"""Where the state of a trained network stays, or nearly stays."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnncore.backend import (
    Array,
    array_namespace,
    check_layer,
    check_shape,
    check_state,
    check_tuple,
    device,
    to_numpy,
)
from rnncore.rnn import Params, State, unroll
from rnncore.rtrl import step_jacobians


class SlowPoints(NamedTuple):
    """Different states, the slowest first; (h, c) is one long vector.

    Shapes: states (N, H); speeds (N,); eigenvalues (N, H)
    """

    states: np.ndarray
    speeds: np.ndarray  # |f(h, x) - h|, 0 at a fixed point
    eigenvalues: np.ndarray  # of the Jacobian there, the largest first


def find_slow_points(
    cell: Callable,
    cell_vjp: Callable,
    params: Params,
    x: Array,
    state: State,
    steps: int = 100,
    tolerance: float = 0.1,
) -> SlowPoints:
    """Minima of q(h) = |f(h, x) - h|^2 / 2, one search from each state.

    The input x stays the same. Each step is Gauss and Newton's, damped
    until q falls (Levenberg-Marquardt). Of points that are less than
    `tolerance` from each other the slowest is kept.

    Shapes: x (D,); state ((B, H), ...)
        -> states (N, H); speeds (N,); eigenvalues (N, H)

    Raises ValueError where a shape or dtype does not fit, or steps or
    tolerance is not positive.
    Source: Sussillo & Barak 2013.
    """
    check_layer(params)
    check_shape("x", x, params.W_x.shape[1])
    for name, value in {"steps": steps, "tolerance": tolerance}.items():
        if not value > 0:
            raise ValueError(f"{name}: expected more than 0, got {value}")
    check_tuple("state", state)
    xp, B = array_namespace(x), state[0].shape[0]
    x = xp.broadcast_to(x, (1, B, x.shape[0]))
    check_state(params, x, state)
    given = cell, cell_vjp, params, x
    h = xp.concat(state, axis=-1)
    r, J = _residual(*given, h)
    damping = xp.ones_like(h[:, :1, None])
    eye = xp.eye(h.shape[1], dtype=h.dtype, device=device(h))
    for _ in range(steps):
        A_T = xp.matrix_transpose(J - eye)
        d_h = A_T @ r[..., None]  # the gradient of q
        curvature = A_T @ (J - eye) + damping * eye
        tried = h - xp.linalg.solve(curvature, d_h)[..., 0]
        r_tried, J_tried = _residual(*given, tried)
        falls = xp.sum(r_tried**2, axis=-1) < xp.sum(r**2, axis=-1)
        falls = falls[:, None]
        h, r = xp.where(falls, tried, h), xp.where(falls, r_tried, r)
        falls = falls[..., None]
        J = xp.where(falls, J_tried, J)
        damping = xp.where(falls, damping / 5, damping * 5)
        damping = xp.clip(damping, 1e-9, 1e9)
    return _distinct(to_numpy(h), to_numpy(r), to_numpy(J), tolerance)


def _residual(
    cell: Callable, cell_vjp: Callable, params: Params, x: Array, h: Array
) -> tuple[Array, Array]:
    """How far one step moves h, f(h, x) - h, and the Jacobian of f."""
    xp, H = array_namespace(x), params.W_h.shape[1]
    state = tuple(h[:, k : k + H] for k in range(0, h.shape[1], H))
    _, after, tape = unroll(cell, params, x, state)
    _, _, J = step_jacobians(cell_vjp, params, tape.caches[0], after)
    return xp.concat(after, axis=-1) - h, J


def _distinct(
    h: np.ndarray, r: np.ndarray, J: np.ndarray, tolerance: float
) -> SlowPoints:
    """The slowest of each group of ends, with its eigenvalues."""
    speeds, kept = np.linalg.norm(r, axis=-1), list[int]()
    for k in np.argsort(speeds):
        if np.all(np.linalg.norm(h[kept] - h[k], axis=-1) >= tolerance):
            kept.append(int(k))
    values = np.linalg.eigvals(J[kept])
    order = np.argsort(-abs(values), axis=-1)
    ordered = np.take_along_axis(values, order, axis=-1)
    return SlowPoints(h[kept], speeds[kept], ordered)
