"""The transducer's loss: CTC for a network that reads what it wrote.

At each frame the network may write a label and ask again, or say the
blank, which moves on to the next frame. So its answer depends on two
numbers: t, the frame, and u, how many labels are written. A path leads
through that lattice from (0, 0) to (T, U-1); the loss is -log of the sum
over all paths, found diagonal by diagonal, in log space.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rnncore.backend import (
    Array,
    array_namespace,
    check_lengths,
    check_shape,
    device,
    from_numpy,
)
from rnncore.ctc import BLANK, log_add, shifted
from rnncore.losses import log_softmax


class Transduced(NamedTuple):
    """What the way back through `transducer_loss` needs."""

    log_p: Array  # (T, U, B, K)
    wanted: Array  # (U, B): the label that comes after u labels
    on_blank: Array  # (T, U, B): the share of paths that leave by a blank
    on_label: Array  # (T, U, B): and by the wanted label


def transducer_loss(
    logits: Array,
    labels: Sequence[Sequence[int]],
    lengths: Sequence[int] | None = None,
) -> tuple[Array, Transduced]:
    """-log p(labels) of each sequence, summed over all its paths, in nats.

    U is one more than the longest transcript has labels.

    Shapes: logits (T, U, B, K) -> loss (B,); cache

    Raises ValueError where a label is not 1 to K-1, or U does not fit.
    Source: Graves 2012, equations 16 to 18.
    """
    U = 1 + max(map(len, labels), default=0)
    check_shape("logits", logits, "T", U, "B", "K")
    xp, (T, _, B, K) = array_namespace(logits), logits.shape
    log_p = log_softmax(xp.reshape(logits, (T * U, B, K)))
    log_p = xp.reshape(log_p, (T, U, B, K))
    frames = check_lengths(lengths, T, B)
    _check_labels(labels, B, K)
    wanted, blanks, writes, ends = (
        from_numpy(a, log_p) for a in arcs(labels, frames, T)
    )
    index = xp.broadcast_to(wanted[None, ..., None], (T, U, B, 1))
    blank = diagonals(log_p[..., BLANK] + blanks)
    label = xp.take_along_axis(log_p, index, axis=3)[..., 0]
    label = diagonals(label + writes)
    a = sums_before(blank, label)
    b = sums_after(blank, label, ends)
    log_total = b[0, :, 0]
    before = a[:-1, ...] - log_total[:, None]
    on_blank = xp.exp(before + blank + b[1:, ...])
    on_label = xp.exp(before + label + shifted(b[1:, ...], -1))
    cache = Transduced(
        log_p, wanted, by_frame(on_blank, T), by_frame(on_label, T)
    )
    return -log_total, cache


def transducer_loss_vjp(d_loss: Array, cache: Transduced) -> Array:
    """Backward: p times the share of paths here, minus those on an arc.

    Shapes: d_loss (B,); cache -> d_logits (T, U, B, K)

    Source: Graves 2012, equation 20, and the softmax before it.
    """
    log_p, wanted, on_blank, on_label = cache
    xp = array_namespace(log_p)
    classes = xp.arange(log_p.shape[3], device=device(log_p))
    blank = xp.astype(classes == BLANK, log_p.dtype)
    label = xp.astype(wanted[..., None] == classes, log_p.dtype)
    here = (on_blank + on_label)[..., None]
    d_logits = xp.exp(log_p) * here
    d_logits = d_logits - on_blank[..., None] * blank
    d_logits = d_logits - on_label[..., None] * label
    return d_logits * d_loss[:, None]


def arcs(
    labels: Sequence[Sequence[int]], frames: Sequence[int], T: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Which label is wanted where, and where a path may go, and ends.

    0 allows, -inf forbids: no arc leaves a frame after the end, and no
    label is written after the last. `ends` is by diagonal, t + u.

    Shapes: -> wanted (U, B); blanks (T, 1, B); writes (T, U, B);
        ends (T + U, B, U)
    """
    B, U = len(labels), 1 + max(map(len, labels), default=0)
    wanted = np.full((U, B), BLANK)
    writes = np.full((T, U, B), -np.inf)
    blanks = np.full((T, 1, B), -np.inf)
    ends = np.full((T + U, B, U), -np.inf)
    for k, (row, n) in enumerate(zip(labels, frames, strict=True)):
        wanted[: len(row), k] = row
        blanks[:n, :, k] = 0
        writes[:n, : len(row), k] = 0
        ends[n + len(row), k, len(row)] = 0
    return wanted, blanks, writes, ends


def diagonals(a: Array) -> Array:
    """Row t + u holds what stood at (t, u); -inf where nothing did.

    Shapes: a (T, U, B) -> rows (T + U - 1, B, U)
    """
    xp, (_, U, B) = array_namespace(a), a.shape
    gap = xp.full((U - 1, B), -math.inf, dtype=a.dtype, device=device(a))
    return xp.stack(
        [xp.concat([gap[:u, :], a[:, u, :], gap[u:, :]]) for u in range(U)],
        axis=2,
    )


def by_frame(rows: Array, T: int) -> Array:
    """The way back from `diagonals`.

    Shapes: rows (T + U - 1, B, U) -> a (T, U, B)
    """
    U = rows.shape[2]
    return array_namespace(rows).stack(
        [rows[u : u + T, :, u] for u in range(U)], axis=1
    )


def sums_before(blank: Array, label: Array) -> Array:
    """log of the sum of all ways from the beginning to each place.

    Shapes: blank (N, B, U); label (N, B, U) -> a (N + 1, B, U)
    """
    xp = array_namespace(blank)
    start = xp.full_like(blank[0, ...], -math.inf)
    start[:, 0] = 0
    a = [start]
    for n in range(blank.shape[0]):
        moved = a[-1] + blank[n, ...]
        wrote = shifted(a[-1] + label[n, ...], 1)
        a.append(log_add(moved, wrote))
    return xp.stack(a)


def sums_after(blank: Array, label: Array, ends: Array) -> Array:
    """log of the sum of all ways from each place to the end.

    Shapes: blank (N, B, U); label (N, B, U); ends (N + 1, B, U)
        -> b (N + 1, B, U)
    """
    b = [ends[-1, ...]]
    for n in reversed(range(blank.shape[0])):
        moved = blank[n, ...] + b[-1]
        wrote = label[n, ...] + shifted(b[-1], -1)
        b.append(log_add(log_add(moved, wrote), ends[n, ...]))
    return array_namespace(blank).stack(b[::-1])


def _check_labels(labels: Sequence[Sequence[int]], B: int, K: int) -> None:
    """Raise ValueError unless there is a transcript for each sequence."""
    if len(labels) != B:
        raise ValueError(
            f"labels: expected {B} transcripts, got {len(labels)}"
        )
    for b, row in enumerate(labels):
        for k in row:
            if not 1 <= k < K:
                raise ValueError(
                    f"labels[{b}]: expected 1 to {K - 1} ({BLANK} is the "
                    f"blank), got {k}"
                )
