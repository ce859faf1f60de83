"""One network that reads a series once and forecasts at every step.

Training windows of one series overlap: each would be read again. Here the
loop runs over the series once, and from every state that it passes the
next K steps are forecast (forking sequences, Wen et al. 2017). Values are
seen in units of the series' mean so far, which is known at that step.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from rnncore.application import cooling, seeded, train_module
from rnncore.backend import check_shape
from rnncore.forecast.heads import Head
from rnncore.forecast.models import layer
from rnncore.train import Fit, Schedule

PIECE = 140  # steps of a longer series that are read
FIRST = 6  # steps that are seen before the first forecast
ANCHORS = 4  # steps of a series that a batch forecasts from
OWN = 4  # inputs of a step beside its covariates
BATCH, RATE = 128, 0.005  # series an update; Adam's, before it falls


class Series(NamedTuple):
    """Series side by side; the covariates go A steps further.

    Shapes: values (N, S); known (N+A, S, F)
    """

    values: np.ndarray
    known: np.ndarray


class Reading(NamedTuple):
    """Pieces of series, and the steps of each that are forecast from.

    The unit is the mean of all that a series had up to a step; `seen`
    counts them. What is not known of a target is NaN.

    Shapes: values (T, B); unit (T, B); seen (T, B); known (T, B, F);
    anchors (A, B); ahead (K, A, B, F); target (K, A, B)
    """

    values: Any
    unit: Any
    seen: Any
    known: Any
    anchors: Any
    ahead: Any
    target: Any


class Forking(torch.nn.Module):
    """A recurrent layer, and one readout that is asked for each step.

    F counts the covariates of a step, H the units, K the steps ahead, P
    the numbers that the head wants; the first of them is a logarithm, to
    which that of the unit is added.

    Shapes: reading -> out (K, A*B, P)
    """

    def __init__(self, F: int, H: int, K: int, P: int):
        super().__init__()
        self.sizes = F, K, P
        self.encoder = layer("GRU", OWN + F, H)
        self.readout = torch.nn.Sequential(
            torch.nn.Linear(H + K + F + 1, H), torch.nn.Tanh(), torch.nn.Linear(H, P)
        )

    def forward(self, reading: Reading) -> Tensor:
        """The layer runs once; a state is asked for each step ahead."""
        F, K, P = self.sizes
        check_shape("ahead", reading.ahead, K, "A", "B", F)
        A, B = reading.anchors.shape
        size = reading.unit.log()
        own = [
            reading.values / reading.unit / 4,
            reading.values.log1p(),
            size,
            10 / (reading.seen + 9),
        ]
        x = torch.cat([torch.stack(own, -1), reading.known], -1)
        y, _ = self.encoder(x)
        which = torch.arange(B, device=y.device)
        state = y[reading.anchors, which].expand(K, A, B, -1)
        size = size[reading.anchors, which].expand(K, A, B)
        step = torch.eye(K, device=y.device, dtype=y.dtype)
        step = step[:, None, None].expand(K, A, B, K)
        given = [state, step, reading.ahead, size[..., None]]
        out = self.readout(torch.cat(given, -1))
        first = size + out[..., 0].clamp(-8, 8)
        out = torch.cat([first[..., None], out[..., 1:]], -1)
        return out.reshape(K, A * B, P)


def measure_so_far(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At each step the mean of what a series had, and its steps.

    As if it had had one more value, a half: a mean is never 0.

    Shapes: values (N, S) -> unit (N, S); seen (N, S)
    """
    seen = np.ones(values.shape, int).cumsum(axis=0)
    return (values.cumsum(axis=0) + 0.5) / (seen + 1), seen


def read_series(
    series: Series, chosen: np.ndarray, start: np.ndarray, anchors: np.ndarray, K: int
) -> Reading:
    """Pieces of the chosen series; anchors are counted from their starts.

    The pieces are as long as the last anchor needs.

    Shapes: chosen (B,); start (B,); anchors (A, B) -> reading
    """
    values, known = series
    unit, seen = measure_so_far(values[:, chosen])
    which = np.arange(len(chosen))
    steps = start + np.arange(anchors.max() + 1)[:, None]  # (T, B)
    steps = steps.clip(max=len(values) - 1)  # after a shorter piece's end
    later = start + anchors + np.arange(1, K + 1)[:, None, None]
    inside = later < len(values)
    target = values[later.clip(max=len(values) - 1), chosen]
    return Reading(
        values[steps, chosen],
        unit[steps, which],
        seen[steps, which],
        known[steps, chosen],
        anchors,
        known[later.clip(max=len(known) - 1), chosen],
        np.where(inside, target, np.nan),
    )


def draw_reading(
    series: Series, rng: np.random.Generator, batch: int, K: int
) -> Reading:
    """Some series, a piece of each, and `ANCHORS` steps of each piece."""
    N, S = series.values.shape
    chosen = rng.choice(S, min(batch, S), replace=False)
    start = rng.integers(0, np.full(len(chosen), max(0, N - PIECE) + 1))
    stop = np.minimum(N - 1 - start, PIECE)
    shape = ANCHORS, len(chosen)
    anchors = rng.integers(FIRST - 1, np.broadcast_to(stop, shape))
    return read_series(series, chosen, start, anchors, K)


def read_at(series: Series, origins: Sequence[int], K: int) -> Reading:
    """All series, each read as far as it goes before these steps.

    A forecast's first step is its origin; what the series have from there
    on is its target.
    """
    at, S = np.asarray(origins)[:, None], series.values.shape[1]
    start = np.full(S, max(0, at.min() - PIECE))
    return read_series(series, np.arange(S), start, at - 1 - start, K)


def measure_loss(module: Forking, head: Head, reading: Reading) -> Tensor:
    """The head's loss of all targets that are known."""
    like = next(module.parameters())
    given = as_tensors(reading, like)
    out = module(given)
    target = given.target.flatten(1)
    known = ~target.isnan()
    return head.loss(out[known][None], target[known][None])


def train_forking(
    series: Series,
    head: Head,
    K: int,
    *,
    seed: int,
    steps: int,
    held_out: Reading | None = None,
    H: int = 32,
) -> tuple[Forking, Fit]:
    """A network for all series, trained on every step that they have.

    Adam, whose rate falls in a straight line to 0; the last weights are
    kept, of which the loss on what is held out is told.
    """
    with seeded(seed):
        module = Forking(series.known.shape[-1], H, K, head.P)

    def loss(module, reading, carry):
        return measure_loss(module, head, reading), carry

    def next_batch(rng: np.random.Generator, step: int) -> Reading:
        return draw_reading(series, rng, BATCH, K)

    def evaluate(reading: Reading, module: Forking) -> float:
        return float(measure_loss(module, head, reading))

    fit = train_module(
        module,
        loss,
        next_batch,
        optimizer=cooling(RATE, steps, 1.0),
        schedule=Schedule(steps, 1.0, steps),
        rng=np.random.default_rng(seed),
        evaluate=partial(evaluate, held_out) if held_out else None,
    )
    return module, fit


def choose_head(
    series: Series, heads: Sequence[Head], K: int, stop: int, **training: Any
) -> int:
    """The head whose network says best what comes after the step `stop`.

    Best is the least loss, so the heads' losses must be of one kind, such
    as -log p. `training` is what `train_forking` takes besides.
    """
    before = Series(series.values[:stop], series.known)
    origins = range(stop, max(stop + 1, len(series.values) - K + 1), K)
    held_out = read_at(series, origins, K)
    losses = [
        train_forking(before, head, K, held_out=held_out, **training)[1].history.score[
            -1
        ]
        for head in heads
    ]
    return int(np.argmin(losses))


def ask_forking(module: Forking, reading: Reading) -> Tensor:
    """The network's numbers, without a graph.

    Shapes: reading -> out (K, A*B, P)
    """
    with torch.no_grad():
        return module.eval()(as_tensors(reading, next(module.parameters())))


def as_tensors(reading: Reading, like: Tensor) -> Reading:
    """The reading in the dtype of `like`; whole numbers stay whole."""

    def move(a: np.ndarray) -> Tensor:
        return torch.as_tensor(
            a, dtype=torch.int64 if a.dtype.kind == "i" else like.dtype
        )

    return Reading(*map(move, reading))
