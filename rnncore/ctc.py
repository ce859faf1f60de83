"""Connectionist temporal classification: a loss that needs no alignment.

A network says for every frame how likely each label is, and one more: the
blank, "nothing new". A path has one label per frame, and is read by merging
repeats, then dropping blanks. The loss is -log of the sum over all paths
that read as the transcript, found by a recursion over frames, in log space.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from rnncore.backend import (
    Array,
    array_namespace,
    check_lengths,
    check_shape,
    device,
    from_numpy,
    to_numpy,
)
from rnncore.losses import log_softmax

__all__ = [
    "BLANK",
    "CTC",
    "backward_variables",
    "ctc_loss",
    "ctc_loss_vjp",
    "forward_variables",
    "greedy",
    "lattice",
    "log_add",
    "log_sum",
    "prefix_beam",
    "read_path",
    "shifted",
]


def __dir__() -> list[str]:
    return __all__


BLANK = 0  # the class that says nothing; labels are 1 to K-1


class CTC(NamedTuple):
    """What the way back through `ctc_loss` needs."""

    log_p: Array  # (T, B, K)
    states: Array  # (B, S): the label of each state, blanks between
    on_paths: Array  # (T, B, S): the share of paths in a state at a frame


def read_path(path: Sequence[int]) -> list[int]:
    """The labels that a path spells: merge repeats, then drop blanks."""
    new = [k for t, k in enumerate(path) if t == 0 or k != path[t - 1]]
    return [int(k) for k in new if k != BLANK]


def ctc_loss(
    logits: Array,
    labels: Sequence[Sequence[int]],
    lengths: Sequence[int] | None = None,
) -> tuple[Array, CTC]:
    """-log p(labels) of each sequence, summed over all its paths, in nats.

    Shapes: logits (T, B, K) -> loss (B,); cache

    Raises ValueError where a label is not 1 to K-1, or a transcript needs
    more frames than its sequence has.
    Source: Graves et al. 2006, equations 5 to 15.
    """
    log_p = log_softmax(logits)
    xp, (T, B, _) = array_namespace(log_p), log_p.shape
    frames = check_lengths(lengths, T, B)
    _check_labels(labels, frames, logits.shape[2])
    states, skips, ends = lattice(labels)
    states = from_numpy(states, log_p)
    index = xp.broadcast_to(states[None, ...], (T, *states.shape))
    emitted = xp.take_along_axis(log_p, index, axis=2)
    skips, ends = from_numpy(skips, log_p), from_numpy(ends, log_p)
    a = forward_variables(emitted, skips)
    b = backward_variables(emitted, skips, ends, frames)
    last = xp.stack([a[n - 1, k, :] for k, n in enumerate(frames)])
    log_total = log_sum(last + ends)
    on_paths = xp.exp(a + b - log_total[None, :, None])
    return -log_total, CTC(log_p, states, on_paths)


def ctc_loss_vjp(d_loss: Array, cache: CTC) -> Array:
    """Backward through `ctc_loss`: p minus the share of paths on a label.

    Shapes: d_loss (B,); cache -> d_logits (T, B, K)

    Source: Graves et al. 2006, equation 16.
    """
    log_p, states, on_paths = cache
    xp = array_namespace(log_p)
    classes = xp.arange(log_p.shape[2], device=device(log_p))
    one_hot = xp.astype(states[..., None] == classes, log_p.dtype)
    wanted = xp.matmul(  # (B, T, S) times (B, S, K)
        xp.permute_dims(on_paths, (1, 0, 2)), one_hot
    )
    wanted = xp.permute_dims(wanted, (1, 0, 2))
    seen = xp.sum(wanted, axis=2, keepdims=True)  # 1, or 0 after the end
    return (xp.exp(log_p) * seen - wanted) * d_loss[None, :, None]


def lattice(
    labels: Sequence[Sequence[int]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """States blank, label, blank, ...; where a path may skip, and may end.

    A blank may be skipped between two labels that differ: only there can
    the one be told from the other without it. 0 allows, -inf forbids.

    Shapes: -> states (B, S); skips (B, S); ends (B, S)
    """
    B, S = len(labels), 2 * max(map(len, labels), default=0) + 1
    states = np.full((B, S), BLANK)
    skips, ends = np.full((B, S), -np.inf), np.full((B, S), -np.inf)
    for k, row in enumerate(labels):
        n = 2 * len(row) + 1
        states[k, 1:n:2] = row
        ends[k, max(n - 2, 0) : n] = 0
        for s in range(3, n, 2):
            if states[k, s] != states[k, s - 2]:
                skips[k, s] = 0
    return states, skips, ends


def forward_variables(emitted: Array, skips: Array) -> Array:
    """log of the sum of all paths that are in state s after frame t.

    Shapes: emitted (T, B, S); skips (B, S) -> a (T, B, S)
    """
    xp = array_namespace(emitted)
    start = xp.full_like(emitted[0, ...], -math.inf)
    start[:, :2] = emitted[0, :, :2]  # the first blank, the first label
    a = [start]
    for frame in xp.unstack(emitted[1:, ...]):
        stay, step = a[-1], shifted(a[-1], 1)
        skip = shifted(a[-1], 2) + skips
        a.append(log_add(log_add(stay, step), skip) + frame)
    return xp.stack(a)


def backward_variables(
    emitted: Array, skips: Array, ends: Array, frames: Sequence[int]
) -> Array:
    """log of the sum of all ways on from state s at t to the end.

    Shapes: emitted (T, B, S); skips (B, S); ends (B, S) -> b (T, B, S)
    """
    xp, T = array_namespace(emitted), emitted.shape[0]
    lasts = from_numpy(np.asarray(frames) - 1, emitted)[:, None]
    nowhere = xp.full_like(ends, -math.inf)
    b = [nowhere]
    for t in reversed(range(T)):
        if t + 1 < T:
            on = b[-1] + emitted[t + 1, ...]
            skip = shifted(on + skips, -2)
            on = log_add(log_add(on, shifted(on, -1)), skip)
        else:
            on = nowhere
        b.append(xp.where(lasts == t, ends, on))
    return xp.stack(b[:0:-1])


def greedy(log_p: Array, lengths: Sequence[int] | None = None) -> list:
    """What the most likely label of each frame spells, path by path.

    Shapes: log_p (T, B, K) -> labels
    """
    check_shape("log_p", log_p, "T", "B", "K")
    T, B, _ = log_p.shape
    best = to_numpy(log_p).argmax(axis=2)
    frames = check_lengths(lengths, T, B)
    return [read_path(best[:n, k]) for k, n in enumerate(frames)]


def prefix_beam(
    log_p: Array,
    width: int,
    language: Callable[[tuple[int, ...], int], float] | None = None,
) -> list[tuple[tuple[int, ...], float]]:
    """The likeliest transcripts, and log p of each, best first.

    Paths that read alike are added up. Each prefix keeps two sums: of its
    paths that end in a blank, and of those that end in its last label.
    `language(prefix, label)` is added where a label is added.

    Shapes: log_p (T, K) -> transcripts

    Raises ValueError where the width is below 1.
    Source: Hannun et al. 2014, algorithm 1, in logarithms.
    """
    check_shape("log_p", log_p, "T", "K")
    if width < 1:
        raise ValueError(f"width: expected at least 1, got {width}")
    beam: dict[tuple[int, ...], tuple[float, float]] = {
        (): (0.0, -math.inf)
    }
    for frame in to_numpy(log_p).astype(float):
        sums: dict[tuple[int, ...], list[float]] = {}

        def add(prefix, side, value, sums=sums):
            if value == -math.inf:
                return  # no path spells this
            pair = sums.setdefault(prefix, [-math.inf, -math.inf])
            pair[side] = float(np.logaddexp(pair[side], value))

        for prefix, (blank, label) in beam.items():
            both = float(np.logaddexp(blank, label))
            add(prefix, 0, both + frame[BLANK])
            for k in range(1, len(frame)):
                extra = language(prefix, k) if language else 0.0
                if prefix and prefix[-1] == k:
                    add(prefix, 1, label + frame[k])  # a repeat: merged
                    add((*prefix, k), 1, blank + frame[k] + extra)
                else:
                    add((*prefix, k), 1, both + frame[k] + extra)
        ranked = sorted(
            sums.items(),
            key=lambda entry: float(np.logaddexp(entry[1][0], entry[1][1])),
            reverse=True,
        )
        beam = {prefix: (a, b) for prefix, (a, b) in ranked[:width]}
    return [(p, float(np.logaddexp(a, b))) for p, (a, b) in beam.items()]


def log_sum(a: Array) -> Array:
    """log of the sum of exp along the last axis; -inf where all are.

    Shapes: a (B, S) -> total (B,)
    """
    total = a[:, 0]
    for s in range(1, a.shape[1]):
        total = log_add(total, a[:, s])
    return total


def _check_labels(
    labels: Sequence[Sequence[int]], frames: Sequence[int], K: int
) -> None:
    """Raise ValueError unless each transcript fits its sequence."""
    if len(labels) != len(frames):
        raise ValueError(
            f"labels: expected {len(frames)} transcripts, got {len(labels)}"
        )
    for b, (row, n) in enumerate(zip(labels, frames, strict=True)):
        wrong = [k for k in row if not 1 <= k < K]
        if wrong:
            raise ValueError(
                f"labels[{b}]: expected 1 to {K - 1} ({BLANK} is the "
                f"blank), got {wrong[0]}"
            )
        repeats = sum(a == c for a, c in pairwise(row))
        if len(row) + repeats > n:
            raise ValueError(
                f"labels[{b}]: needs {len(row) + repeats} frames, one a "
                f"label and a blank between repeats, got {n}"
            )


def shifted(a: Array, by: int) -> Array:
    """The columns moved right (or left), -inf where nothing comes from."""
    xp = array_namespace(a)
    if a.shape[-1] <= abs(by):
        return xp.full_like(a, -math.inf)
    gap = xp.full_like(a[..., : abs(by)], -math.inf)
    if by > 0:
        return xp.concat([gap, a[..., :-by]], axis=-1)
    return xp.concat([a[..., -by:], gap], axis=-1)


def log_add(a: Array, b: Array) -> Array:
    """log(exp a + exp b); -inf where both are, with a gradient of zero.

    logaddexp alone gives -inf as well, but autograd finds inf - inf there.
    """
    xp = array_namespace(a)
    never = xp.maximum(a, b) == -math.inf
    zero = xp.zeros_like(a)
    both = xp.logaddexp(xp.where(never, zero, a), xp.where(never, zero, b))
    return xp.where(never, xp.full_like(a, -math.inf), both)
