"""How far a gradient reaches: the state's Jacobians, and what sets them."""

from collections.abc import Callable, Iterator

import numpy as np

from rnncore.backend import (
    Array,
    array_namespace,
    check_like_state,
    check_shape,
    to_numpy,
)
from rnncore.rnn import Params, State, Tape
from rnncore.rtrl import unit_gradients


def _walk_back(
    cell_vjp: Callable, params: Params, tape: Tape, d_state: State
) -> Iterator[tuple[Array, State]]:
    """`bptt` with a loss at the last state only: (d_a_h, d_state) of each
    step, the last step first. With an axis before B, many walk at once.
    """
    for cache in reversed(tape.caches):
        _, d_a_h, (d_h, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_h + d_h, *d_memory)
        yield d_a_h, d_state


def state_jacobians(
    cell_vjp: Callable, params: Params, tape: Tape, state: State
) -> Array:
    """The Jacobian of the last state by the state k steps before it.

    Entry k - 1 holds lag k, entry [..., i, j] the derivative of unit i of
    the last state by unit j of the earlier one. A state of several parts,
    such as (h, c), counts as one long vector: 2 H takes the place of H.

    Shapes: state ((B, H),) -> jacobians (T, B, H, H)

    Raises ValueError where the state does not fit the tape.
    Source: Bengio, Simard & Frasconi 1994.
    """
    xp = array_namespace(state[0])
    check_like_state("state", state, tape.state)
    jacobians = []
    steps = _walk_back(cell_vjp, params, tape, unit_gradients(state))
    for _, parts_back in steps:
        jacobians.append(xp.concat(parts_back, axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))


def jacobian_norms(jacobians: Array) -> Array:
    """The largest singular value: how far a small change can be stretched.

    Shapes: jacobians (T, B, H, H) -> norms (T, B)
    """
    check_shape("jacobians", jacobians, "T", "B", "H", "H")
    xp = array_namespace(jacobians)
    return xp.linalg.svdvals(jacobians)[..., 0]


def growth_rate(norms: Array) -> Array:
    """The factor per step that gives the norm at the longest lag.

    It is that norm to the power 1/T; for a linear cell it approaches the
    spectral radius as T grows (Gelfand's formula).

    Shapes: norms (T, B) -> rate (B,)
    """
    check_shape("norms", norms, "T", "B")
    return norms[-1, ...] ** (1 / norms.shape[0])


def gradient_by_lag(
    cell_vjp: Callable, params: Params, tape: Tape, d_state: State
) -> Array:
    """What each step adds to the gradient of W_h, the last step first.

    The loss reads the last state only. The sum over all lags is the d_W_h
    that `bptt` gives.

    Shapes: d_state ((B, H), ...) -> d_W_h_by_lag (T, G*H, H)

    Raises ValueError where d_state does not fit the tape.
    """
    check_like_state("d_state", d_state, tape.state)
    xp = array_namespace(d_state[0])
    steps = _walk_back(cell_vjp, params, tape, d_state)
    back = zip(steps, reversed(tape.h_before), strict=True)
    return xp.stack([d_a_h.T @ h for (d_a_h, _), h in back])


def spectral_radius(W_h: Array) -> float:
    """The largest absolute value of an eigenvalue.

    Shapes: W_h (H, H) -> radius
    """
    check_shape("W_h", W_h, "H", W_h.shape[0])
    return float(np.abs(np.linalg.eigvals(to_numpy(W_h))).max())


def scaled_gaussian(
    rng: np.random.Generator, H: int, radius: float = 1.0
) -> np.ndarray:
    """A matrix of normal numbers, scaled to a given spectral radius.

    Shapes: -> W_h (H, H)
    """
    W_h = rng.normal(0, H**-0.5, (H, H))
    return W_h * (radius / spectral_radius(W_h))


def orthogonal(rng: np.random.Generator, H: int, G: int = 1) -> np.ndarray:
    """A rotation or reflection for each of G gates, all equally likely.

    Shapes: -> W_h (G*H, H)

    Source: Saxe, McClelland & Ganguli 2014.
    """
    blocks = []
    for _ in range(G):
        q, r = np.linalg.qr(rng.normal(size=(H, H)))
        blocks.append(q * np.sign(np.diagonal(r)))  # else q is not uniform
    return np.concatenate(blocks)


def glorot(
    rng: np.random.Generator, D: int, H: int, G: int = 1
) -> np.ndarray:
    """Weights from D to H units, uniform with variance 2 / (D + H).

    A compromise between the variances that keep the size of what goes
    forward, 1/D, and of the gradient, 1/H. The weights of each of the G
    gates count by themselves. With D = H it is a start for W_h.

    Shapes: -> W (G*H, D)

    Source: Glorot & Bengio 2010.
    """
    bound = (6 / (D + H)) ** 0.5
    return rng.uniform(-bound, bound, (G * H, D))


def identity(H: int, scale: float = 1.0) -> np.ndarray:
    """Each unit keeps its own value, times `scale`; meant for `relu_cell`.

    Shapes: -> W_h (H, H)

    Source: Le, Jaitly & Hinton 2015.
    """
    return scale * np.eye(H)
