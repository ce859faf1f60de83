"""A memory that is a matrix: what is kept, what is written, what is read.

At every step M = S diag(alpha) is kept of the matrix S, a value u is
written under the key k, and the query q is looked up:

    S_t = M_t + u_t k_t^T        y_t = S_t q_t

What alpha is, and what u is, makes the difference between the networks.
"""

from collections.abc import Callable
from typing import NamedTuple

from rnncore.backend import (
    Array,
    array_namespace,
    check_alike,
    check_parts,
    check_shape,
)
from rnncore.lstm import gates, sigmoid
from rnncore.rnn import State

TINY = 1e-12  # under the root of a length, so that 0 has a direction


class Steps(NamedTuple):
    """What the input asks of the memory at each of its steps.

    Shapes: q (T, B, K); k (T, B, K); v (T, B, V); log_a (T, B, K);
        beta (T, B, V)

    The last size of `log_a` and of `beta` may be 1: one for all.
    """

    q: Array  # the query: what is looked up
    k: Array  # the key: where something is written
    v: Array  # the value: what should stand there
    log_a: Array  # log of the share alpha that is kept, at most 0
    beta: Array  # the rate of writing


def hebb(v: Array, M: Array, k: Array) -> Array:
    """What Hebb's rule writes: the value, whatever stands there.

    Shapes: v (B, V); M (B, V, K); k (B, K) -> e (B, V)

    Source: Katharopoulos et al. 2020 as linear attention.
    """
    return v


def delta(v: Array, M: Array, k: Array) -> Array:
    """What the delta rule writes: what is missing from what stands there.

    Shapes: v (B, V); M (B, V, K); k (B, K) -> e (B, V)

    Source: Widrow & Hoff 1960; Schlag et al. 2021.
    """
    return v - looked_up(M, k)


def memory_loop(
    rule: Callable, steps: Steps, S: Array
) -> tuple[Array, Array]:
    """S_t = M_t + beta_t e_t k_t^T and y_t = S_t q_t, step by step.

    The rule, `hebb` or `delta`, gives e_t.

    Shapes: steps; S (B, V, K) -> y (T, B, V); S (B, V, K)

    Raises ValueError where a shape, dtype or device does not fit.
    """
    check_steps(steps, S)
    xp = array_namespace(S)
    y = []
    for q, k, v, log_a, beta in zip(
        *(xp.unstack(part) for part in steps), strict=True
    ):
        M = S * xp.exp(log_a)[:, None, :]
        u = beta * rule(v, M, k)
        S = M + outer(u, k)
        y.append(looked_up(S, q))
    return xp.stack(y), S


def gated_delta_cell(
    a_x: Array, a_h: Array, state: tuple[Array, Array]
) -> tuple[State, tuple[Array, ...]]:
    """A matrix memory as a cell of the loop, which never looks at a_h.

    The blocks stand in the order q, k, v, alpha, beta. The key is scaled
    to length 1; both gates are sigmoids, alpha with one value per
    column of S and beta with one per row. The state is what was read,
    then the matrix.

    Shapes: a_x (B, 5*H); a_h (B, 5*H); state ((B, H), (B, H, H))
        -> state ((B, H), (B, H, H)); cache

    Raises ValueError where S does not fit the five blocks.
    Source: Yang et al. 2025, with a gate for each row and column.
    """
    _, S_before = check_parts(state, 2)
    q, k, v, alpha, beta = gates(a_x, 5)
    check_shape("S", S_before, *v.shape, v.shape[-1])
    k, length = unit(k)
    alpha, beta = sigmoid(alpha), sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = delta(v, M, k)
    S = M + outer(beta * e, k)
    return (looked_up(S, q), S), (q, k, length, alpha, beta, e, S_before)


def gated_delta_cell_vjp(
    d_state: tuple[Array, Array], cache: tuple[Array, ...]
) -> tuple[Array, Array, State]:
    """Backward through `gated_delta_cell`: no weight lies between states.

    Shapes: d_state ((B, H), (B, H, H))
        -> d_a_x (B, 5*H); d_a_h (B, 5*H); d_state
    """
    q, k, length, alpha, beta, e, S_before = cache
    xp = array_namespace(q)
    d_y, d_S = d_state
    M = S_before * alpha[:, None, :]
    u = beta * e
    d_q = looked_back(M + outer(u, k), d_y)
    d_S = d_S + outer(d_y, q)  # from S_{t+1} and from y_t
    d_u, d_k = looked_up(d_S, k), looked_back(d_S, u)
    d_v = beta * d_u  # of e, and so of v
    d_k = d_k - looked_back(M, d_v)
    d_M = d_S - outer(d_v, k)
    d_alpha = xp.sum(d_M * S_before, axis=1)
    d_a_x = [
        d_q,
        unit_vjp(d_k, k, length),
        d_v,
        d_alpha * alpha * (1 - alpha),
        d_u * e * beta * (1 - beta),
    ]
    d_a_x = xp.concat(d_a_x, axis=-1)
    d_S = d_M * alpha[:, None, :]
    return d_a_x, xp.zeros_like(d_a_x), (xp.zeros_like(d_y), d_S)


def unit(a: Array) -> tuple[Array, Array]:
    """Vectors scaled to length 1, and their lengths.

    Shapes: a (B, K) -> k (B, K); length (B, 1)
    """
    xp = array_namespace(a)
    length = xp.sqrt(xp.sum(a * a, axis=-1, keepdims=True) + TINY)
    return a / length, length


def unit_vjp(d_k: Array, k: Array, length: Array) -> Array:
    """Backward through `unit`: a change along k does not change k.

    Shapes: d_k (B, K); k (B, K); length (B, 1) -> d_a (B, K)
    """
    xp = array_namespace(k)
    along = xp.sum(k * d_k, axis=-1, keepdims=True)
    return (d_k - k * along) / length


def looked_up(S: Array, k: Array) -> Array:
    """S k for each sequence.

    Shapes: S (B, V, K); k (B, K) -> y (B, V)
    """
    return (S @ k[..., None])[..., 0]


def looked_back(S: Array, u: Array) -> Array:
    """S^T u for each sequence.

    Shapes: S (B, V, K); u (B, V) -> k (B, K)
    """
    return (u[..., None, :] @ S)[..., 0, :]


def outer(u: Array, k: Array) -> Array:
    """u k^T for each sequence.

    Shapes: u (B, V); k (B, K) -> S (B, V, K)
    """
    return u[..., :, None] * k[..., None, :]


def check_steps(steps: Steps, S: Array) -> None:
    """Raise ValueError unless the steps belong together and to S."""
    check_shape("q", steps.q, "T", "B", "K")
    T, B, K = steps.q.shape
    check_shape("k", steps.k, T, B, K)
    check_shape("v", steps.v, T, B, "V")
    V = steps.v.shape[-1]
    for name, size in ("log_a", K), ("beta", V):
        part = getattr(steps, name)
        one = getattr(part, "shape", ())[-1:] == (1,)
        check_shape(name, part, T, B, 1 if one else size)
    check_shape("S", S, B, V, K)
    check_alike("S", S, **steps._asdict())
