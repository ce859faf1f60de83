"""Recurrence in depth: one block, applied again and again to all positions.

A block reads at each position the states of both neighbours, the position's
own and its input. What is known moves on by one position per application.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnncore.backend import Array, array_namespace, check_alike, check_shape
from rnncore.bptt import readout_vjp, rows
from rnncore.losses import cross_entropy, cross_entropy_vjp
from rnncore.newton import NotConverged
from rnncore.rnn import Readout, init_readout, readout


class Block(NamedTuple):
    """Weights of a layer of K units, and of the tanh that follows it.

    Shapes: W_1 (K, 3*H+D); b_1 (K,); W_2 (H, K); b_2 (H,)
    """

    W_1: Array
    b_1: Array
    W_2: Array
    b_2: Array


class Iterated(NamedTuple):
    """A block that is applied many times, and a readout after the last."""

    block: Block
    out: Readout


def init_iterated(
    rng: np.random.Generator, D: int, H: int, K: int, answers: int
) -> Iterated:
    """Weights drawn uniformly within 1/sqrt(inputs) of 0, in float32."""
    F = 3 * H + D
    shapes = ((K, F), F), ((K,), F), ((H, K), K), ((H,), K)
    block = (rng.uniform(-(n**-0.5), n**-0.5, s) for s, n in shapes)
    out = init_readout(rng, H, answers)
    single = [[w.astype(np.float32) for w in part] for part in (block, out)]
    return Iterated(Block(*single[0]), Readout(*single[1]))


def apply_block(
    block: Block, x: Array, h: Array
) -> tuple[Array, tuple[Array, ...]]:
    """Every state once more, all positions at the same time.

    Shapes: x (T, B, D); h (T, B, H) -> h (T, B, H); cache

    Raises ValueError where a shape, dtype or device does not fit.
    """
    check_shape("h", h, "T", "B", block.W_2.shape[0])
    D = block.W_1.shape[1] - 3 * h.shape[2]
    check_shape("x", x, h.shape[0], h.shape[1], D)
    check_alike("W_1", block.W_1, x=x, h=h)
    xp = array_namespace(h)
    beyond = xp.zeros_like(h[:1, ...])  # the ends have one neighbour
    left = xp.concat([beyond, h[:-1, ...]])
    right = xp.concat([h[1:, ...], beyond])
    seen = xp.concat([left, h, right, x], axis=-1)
    a = seen @ block.W_1.T + block.b_1
    active = xp.maximum(a, xp.zeros_like(a))
    h = xp.tanh(active @ block.W_2.T + block.b_2)
    return h, (seen, a, h)


def apply_block_vjp(
    block: Block, cache: tuple[Array, ...], d_h: Array
) -> tuple[Block, Array]:
    """Backward through `apply_block`: each state was read three times.

    Shapes: d_h (T, B, H) -> d_block; d_h (T, B, H)
    """
    seen, a, h = cache
    xp, H = array_namespace(d_h), d_h.shape[2]
    d_2 = d_h * (1 - h * h)
    active = xp.maximum(a, xp.zeros_like(a))
    d_1 = d_2 @ block.W_2
    d_1 = xp.where(a > 0, d_1, xp.zeros_like(d_1))
    d_block = Block(
        W_1=rows(d_1).T @ rows(seen),
        b_1=xp.sum(d_1, axis=(0, 1)),
        W_2=rows(d_2).T @ rows(active),
        b_2=xp.sum(d_2, axis=(0, 1)),
    )
    d_seen = d_1 @ block.W_1
    left, d_h, right = (d_seen[..., k * H : (k + 1) * H] for k in range(3))
    beyond = xp.zeros_like(d_h[:1, ...])
    d_h = d_h + xp.concat([left[1:, ...], beyond])
    return d_block, d_h + xp.concat([beyond, right[:-1, ...]])


def iterate(
    block: Block, x: Array, h: Array, times: int
) -> tuple[Array, list[tuple[Array, ...]]]:
    """The block so many times; the list is what `iterate_vjp` needs.

    Shapes: x (T, B, D); h (T, B, H) -> h (T, B, H); caches

    Raises ValueError where a shape, dtype or device does not fit.
    """
    caches = []
    for _ in range(times):
        h, cache = apply_block(block, x, h)
        caches.append(cache)
    return h, caches


def iterate_vjp(
    block: Block, caches: list[tuple[Array, ...]], d_h: Array
) -> tuple[Block, Array]:
    """Backward through `iterate`: BPTT, in depth.

    Shapes: d_h (T, B, H) -> d_block; d_h (T, B, H)
    """
    xp = array_namespace(d_h)
    total = Block(*(xp.zeros_like(w) for w in block))
    for cache in reversed(caches):
        d_block, d_h = apply_block_vjp(block, cache, d_h)
        total = Block(*(s + d for s, d in zip(total, d_block, strict=True)))
    return total, d_h


def settle(
    block: Block, x: Array, h: Array, most: int, tolerance: float = 1e-4
) -> tuple[Array, int]:
    """Apply the block until the states rest, and count how often.

    They rest where an application changes them by less than `tolerance`
    of their size.

    Shapes: x (T, B, D); h (T, B, H) -> h (T, B, H); count

    Raises NotConverged where `most` applications do not do; ValueError
    where a shape, dtype or device does not fit.
    """
    xp = array_namespace(h)
    for k in range(1, most + 1):
        before, (h, _) = h, apply_block(block, x, h)
        change, size = xp.sum((h - before) ** 2), xp.sum(h**2)
        if float(change) < tolerance**2 * float(size):
            return h, k
    raise NotConverged(
        f"after {most} iteration(s) the states still move; apply more"
    )


def answer_after(times: int, taped: int) -> Callable:
    """The `loss_and_gradient` of answers at all positions.

    A batch is the inputs (T, B, D) and the targets (T, B). States begin
    as ones, since zeros are what a position sees beyond the ends. The
    gradient goes through the last `taped` iterations.
    """

    def loss_and_gradient(net, batch, carry):
        x, targets = batch
        xp, H = array_namespace(x), net.block.W_2.shape[0]
        h = xp.ones((*x.shape[:2], H), dtype=x.dtype)
        h, _ = iterate(net.block, x, h, times - taped)
        h, caches = iterate(net.block, x, h, taped)
        loss, cache = cross_entropy(readout(net.out, h), targets)

        d_logits = cross_entropy_vjp(1.0, cache)
        d_out, d_h = readout_vjp(d_logits, net.out, h)
        d_block, _ = iterate_vjp(net.block, caches, d_h)
        return loss, Iterated(d_block, d_out), carry

    return loss_and_gradient
