"""The steps of a matrix memory taken in chunks of C instead of singly.

Inside a chunk every step looks at every earlier one, as in attention:
products of C by C matrices. From chunk to chunk goes the matrix S alone.
C = 1 is the loop again, C = T has all pairs of steps and no loop.
"""

from collections.abc import Callable
from typing import NamedTuple

from rnncore.backend import (
    Array,
    array_namespace,
    check_alike,
    check_shape,
    device,
)
from rnncore.memory import Steps, check_steps


class Rule(NamedTuple):
    """What a chunk writes, and its vjp."""

    writes: Callable
    writes_vjp: Callable


class Chunk(NamedTuple):
    """What the vjp of one chunk needs; c is a running sum of log_a.

    Shapes: q (B, C, K); k (B, C, K); v (B, C, V); c (B, C, K);
        beta (B, C, 1); u (B, C, V); S (B, V, K); S_after (B, V, K)
    """

    q: Array
    k: Array
    v: Array
    c: Array
    beta: Array
    u: Array
    S: Array
    S_after: Array


def hebb_writes(
    k: Array, v: Array, c: Array, beta: Array, S: Array
) -> Array:
    """U = beta V: by Hebb's rule no step needs to know another.

    Shapes: k (B, C, K); v (B, C, V); c (B, C, K); beta (B, C, 1);
        S (B, V, K) -> u (B, C, V)
    """
    return beta * v


def hebb_writes_vjp(d_u: Array, chunk: Chunk) -> tuple[Array, ...]:
    """Backward through `hebb_writes`: of k as reader and as writer, 0.

    Shapes: d_u (B, C, V); chunk
        -> d_reads (B, C, K); d_writes (B, C, K); d_v (B, C, V);
        d_beta (B, C, 1); d_S (B, V, K)
    """
    xp = array_namespace(d_u)
    d_beta = xp.sum(d_u * chunk.v, axis=-1, keepdims=True)
    none = xp.zeros_like(chunk.k)
    return none, none, chunk.beta * d_u, d_beta, xp.zeros_like(chunk.S)


def delta_writes(
    k: Array, v: Array, c: Array, beta: Array, S: Array
) -> Array:
    """What each step of a chunk writes by the delta rule: one solve.

    Step t would read S exp(c_t) k_t, and of each earlier step's u_j the
    share A_tj. So (1 + beta A) U = beta (V - exp(c) K S^T), and A has
    entries below its diagonal only.

    Shapes: k (B, C, K); v (B, C, V); c (B, C, K); beta (B, C, 1);
        S (B, V, K) -> u (B, C, V)

    Source: Yang et al. 2024, with U solved for directly.
    """
    xp = array_namespace(k)
    A = xp.tril(scores(k, k, c), k=-1)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return _solve(_one(A) + beta * A, beta * e, upper=False)


def delta_writes_vjp(d_u: Array, chunk: Chunk) -> tuple[Array, ...]:
    """Backward through `delta_writes`: the transposed solve.

    Shapes: d_u (B, C, V); chunk
        -> d_reads (B, C, K); d_writes (B, C, K); d_v (B, C, V);
        d_beta (B, C, 1); d_S (B, V, K)
    """
    xp = array_namespace(d_u)
    _, k, v, c, beta, u, S, _ = chunk
    A = xp.tril(scores(k, k, c), k=-1)
    read = xp.exp(c) * k
    e = v - read @ xp.matrix_transpose(S) - A @ u  # v_t - M_t k_t
    L = _one(A) + beta * A
    d_r = _solve(xp.matrix_transpose(L), d_u, upper=True)
    d_beta = xp.sum(d_r * e, axis=-1, keepdims=True)
    d_v = beta * d_r
    d_A = xp.tril(d_v @ xp.matrix_transpose(u), k=-1)
    d_reads, d_writes = scores_vjp(-d_A, k, k, c)
    d_reads = d_reads - xp.exp(c) * (d_v @ S)
    return d_reads, d_writes, d_v, d_beta, -xp.matrix_transpose(d_v) @ read


HEBB = Rule(hebb_writes, hebb_writes_vjp)
DELTA = Rule(delta_writes, delta_writes_vjp)


def scores(q: Array, k: Array, c: Array) -> Array:
    """sum_d q_id k_jd exp(c_id - c_jd), for j <= i; above, any number.

    A single c for all d comes out of the sum, which is then a product of
    matrices. Nothing is ever divided: where j <= i, c_i - c_j <= 0.

    Shapes: q (B, C, K); k (B, C, K); c (B, C, K) -> scores (B, C, C)
    """
    xp = array_namespace(q)
    kept = _kept(c)
    if c.shape[-1] == 1:
        return (q @ xp.matrix_transpose(k)) * kept[..., 0]
    return xp.sum(q[:, :, None, :] * k[:, None, :, :] * kept, axis=-1)


def scores_vjp(
    d: Array, q: Array, k: Array, c: Array
) -> tuple[Array, Array]:
    """Backward through `scores`, for all but c.

    Shapes: d (B, C, C); q (B, C, K); k (B, C, K); c (B, C, K)
        -> d_q (B, C, K); d_k (B, C, K)
    """
    xp = array_namespace(q)
    kept = _kept(c)
    if c.shape[-1] == 1:
        d = d * kept[..., 0]
        return d @ k, xp.matrix_transpose(d) @ q
    d = d[..., None] * kept
    d_q = xp.sum(d * k[:, None, :, :], axis=2)
    return d_q, xp.sum(d * q[:, :, None, :], axis=1)


def memory_chunks(
    rule: Rule, steps: Steps, S: Array, C: int
) -> tuple[Array, Array, list[Chunk]]:
    """The outputs of `memory_loop`, C steps at a time.

    Shapes: steps; S (B, V, K) -> y (T, B, V); S (B, V, K); cache

    Raises ValueError where C is below 1, beta differs from row to row, or
    a shape, dtype or device does not fit.
    Source: Yang et al. 2024; with a decay, Yang et al. 2025.
    """
    check_steps(steps, S)
    check_shape("beta", steps.beta, *steps.q.shape[:2], 1)
    if C < 1:
        raise ValueError(f"C: expected at least 1, got {C}")
    xp = array_namespace(S)
    y, chunks = [], []
    for part in zip(*(_split(a, C) for a in steps), strict=True):
        q, k, v, log_a, beta = part
        c = xp.cumulative_sum(log_a, axis=1)
        u = rule.writes(k, v, c, beta, S)
        P = xp.tril(scores(q, k, c))
        y.append((xp.exp(c) * q) @ xp.matrix_transpose(S) + P @ u)
        last = c[:, -1:, :]
        later = xp.exp(last - c) * k  # what is left of a key at the end
        S_after = xp.exp(last) * S + xp.matrix_transpose(u) @ later
        chunks.append(Chunk(q, k, v, c, beta, u, S, S_after))
        S = S_after
    return _join(y, steps.q.shape[0]), S, chunks


def memory_chunks_vjp(
    rule: Rule, chunks: list[Chunk], d_y: Array, d_S: Array
) -> tuple[Steps, Array]:
    """Backward through `memory_chunks`, from the last chunk on.

    Shapes: d_y (T, B, V); d_S (B, V, K) -> d_steps; d_S (B, V, K)

    Raises ValueError where an upstream gradient does not fit the chunks.
    """
    B, C, V = chunks[0].v.shape
    check_shape("d_y", d_y, "T", B, V)
    check_shape("d_S", d_S, *chunks[0].S.shape)
    check_alike("S", chunks[0].S, d_y=d_y, d_S=d_S)
    T = d_y.shape[0]
    if len(chunks) != -(-T // C):
        raise ValueError(
            f"d_y: expected {len(chunks)} chunk(s) of {C}, got {T} steps"
        )
    parts = []
    for chunk, d in zip(chunks[::-1], _split(d_y, C)[::-1], strict=True):
        d_steps, d_S = _chunk_vjp(rule, chunk, d, d_S)
        parts.append(d_steps)
    d_parts = zip(*parts[::-1], strict=True)
    return Steps(*(_join(list(d), T) for d in d_parts)), d_S


def _chunk_vjp(
    rule: Rule, chunk: Chunk, d_y: Array, d_S: Array
) -> tuple[Steps, Array]:
    """Backward through one chunk; every array is (B, C, ...)."""
    xp = array_namespace(d_y)
    q, k, _, c, _, u, S, S_after = chunk
    last = c[:, -1:, :]
    left = xp.exp(last - c)
    d_u = (left * k) @ xp.matrix_transpose(d_S)
    d_u = d_u + xp.matrix_transpose(xp.tril(scores(q, k, c))) @ d_y
    d_P = xp.tril(d_y @ xp.matrix_transpose(u))
    d_q, d_k = scores_vjp(d_P, q, k, c)
    d_q = d_q + xp.exp(c) * (d_y @ S)
    d_k = d_k + left * (u @ d_S)
    d_reads, d_writes, d_v, d_beta, more = rule.writes_vjp(d_u, chunk)
    # c_t raises what step t reads, and lowers what it leaves to others
    d_c = q * d_q + k * (d_reads - d_k - d_writes)
    d_last = xp.sum(d_S * S_after, axis=1, keepdims=True)
    d_c = xp.flip(xp.cumulative_sum(xp.flip(d_c, axis=1), axis=1), axis=1)
    d_log_a = d_c + d_last  # log a_t is in c_t and in all that follow
    if c.shape[-1] == 1:
        d_log_a = xp.sum(d_log_a, axis=-1, keepdims=True)
    d_S = xp.exp(last) * d_S + more
    d_S = d_S + xp.matrix_transpose(d_y) @ (xp.exp(c) * q)
    d_k = d_k + d_reads + d_writes
    return Steps(d_q, d_k, d_v, d_log_a, d_beta), d_S


def _kept(c: Array) -> Array:
    """exp(c_i - c_j) for j <= i, and 1 above: (B, C, C, K)."""
    xp = array_namespace(c)
    between = c[:, :, None, :] - c[:, None, :, :]
    return xp.exp(xp.minimum(between, xp.zeros_like(between)))


def _one(A: Array) -> Array:
    """The unit matrix beside A, in its dtype and on its device."""
    xp = array_namespace(A)
    return xp.eye(A.shape[-1], dtype=A.dtype, device=device(A))


def _solve(L: Array, R: Array, upper: bool) -> Array:
    """U with L U = R, for a triangle L with ones on its diagonal.

    torch has a solve for triangles. The array API standard has only the
    general one, which gives the same for some C^3 / 3 multiplications more.
    """
    solver = array_namespace(L).linalg
    if hasattr(solver, "solve_triangular"):
        return solver.solve_triangular(
            L, R, upper=upper, unitriangular=True
        )
    return solver.solve(L, R)


def _split(a: Array, C: int) -> list[Array]:
    """(T, B, D) as arrays (B, C, D); zeros fill the last one.

    A step of zeros keeps everything, and writes and reads nothing.
    """
    xp = array_namespace(a)
    T, B, D = a.shape
    C = min(C, T)
    if T % C:
        empty = (C - T % C, B, D)
        empty = xp.zeros(empty, dtype=a.dtype, device=device(a))
        a = xp.concat([a, empty])
    a = xp.reshape(a, (-1, C, B, D))
    return list(xp.unstack(xp.permute_dims(a, (0, 2, 1, 3))))


def _join(parts: list[Array], T: int) -> Array:
    """The inverse of `_split`, without the zeros."""
    xp = array_namespace(parts[0])
    a = xp.permute_dims(xp.stack(parts), (0, 2, 1, 3))
    a = xp.reshape(a, (-1, *a.shape[2:]))
    return a if a.shape[0] == T else a[:T, ...]
