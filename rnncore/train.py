"""Training: one loop for every network, with held-out evaluation."""

import math
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnncore.backend import Array, array_namespace, named_leaves
from rnncore.optim import Optimizer, Tree, clip_by_global_norm
from rnncore.storage.checkpoint import read_checkpoint, write_checkpoint


class Schedule(NamedTuple):
    """How long a run is, and what happens during it."""

    steps: int
    clip: float | None = None  # the gradient's norm at most
    evaluate_every: int = 100  # steps from one evaluation to the next
    patience: int | None = None  # evaluations without a better one
    checkpoint: str | os.PathLike | None = None
    progress: Callable[[Iterable[int]], Iterable[int]] | None = None
    save_every: float = 60.0  # seconds from one checkpoint to the next
    stop: Callable[["History"], bool] | None = None  # asked each step
    keep: Callable[[Tree], None] | None = None  # gets each best weights


class History(NamedTuple):
    """What a run has recorded so far."""

    loss: list[float]  # of each step's batch, before the update
    norm: list[float]  # of each step's gradient, before clipping
    evaluated: list[float]  # after how many steps there was an evaluation
    score: list[float]  # what each evaluation gave: lower is better


class Run(NamedTuple):
    """All that the next step depends on, and the best weights so far."""

    params: Tree
    optimizer: Any
    carry: Any
    best: Tree


class Fit(NamedTuple):
    """The outcome of a run."""

    params: Tree  # of the best evaluation; the last where there was none
    history: History
    last_params: Tree  # after the last step
    carry: Any  # after the last step
    stopped_early: bool  # by patience or `stop`, before the last step


def fit(
    loss_and_gradient: Callable[[Tree, Any, Any], tuple[Array, Tree, Any]],
    params: Tree,
    next_batch: Callable[[np.random.Generator, int], Any],
    *,
    optimizer: Optimizer,
    schedule: Schedule,
    rng: np.random.Generator,
    carry: Any = None,
    evaluate: Callable[[Tree], float] | None = None,
) -> Fit:
    """Train: batch, loss and gradient, clip, update, and again.

    `loss_and_gradient(params, batch, carry)` returns the loss, d_params
    and what to carry to the next step, such as the last state. Every
    `evaluate_every` steps and at the end `evaluate(params)` returns a
    held-out score; the best weights are kept, and after `patience`
    evaluations without a better one the run stops; where `stop` says so,
    it stops after one more evaluation. With each evaluation and after
    `save_every` seconds, `checkpoint` is written. If it already exists,
    its run continues with the same losses as if never stopped.

    Raises FloatingPointError naming step and array where a loss, gradient
    or score is not finite; ValueError for a schedule that makes no sense.
    """
    _check_schedule(schedule, evaluate)
    steps, clip, evaluate_every, patience, checkpoint = schedule[:5]
    progress, saved = schedule.progress, time.monotonic()
    limit = math.inf if clip is None else clip
    history = History([], [], [], [])
    start = Run(params, optimizer.init(params), carry, params)
    if checkpoint is not None and Path(checkpoint).exists():
        run, log = read_checkpoint(
            checkpoint, start, history._asdict(), rng
        )
        params, state, carry, best = run
        history = History(**log)
    else:
        params, state, carry, best = start
    todo: Iterable[int] = range(len(history.loss), steps)
    for step in progress(todo) if progress else todo:
        if _patience_is_over(history, patience):
            break
        batch = next_batch(rng, step)
        loss, gradient, carry = loss_and_gradient(params, batch, carry)
        d_params, norm = clip_by_global_norm(gradient, limit)
        if not (math.isfinite(norm) and math.isfinite(loss)):
            raise FloatingPointError(_report(step, loss, gradient))
        params, state = optimizer.update(params, d_params, state)
        history.loss.append(float(loss))
        history.norm.append(norm)
        stops = schedule.stop is not None and schedule.stop(history)
        ends = stops or step + 1 == steps
        looks = ends or (step + 1) % evaluate_every == 0
        if looks and evaluate:
            score = float(evaluate(params))
            if not math.isfinite(score):
                raise FloatingPointError(f"step {step}: score is {score}")
            if score < min(history.score, default=math.inf):
                best = params
                if schedule.keep is not None:
                    schedule.keep(best)
            history.evaluated.append(step + 1)
            history.score.append(score)
        late = time.monotonic() - saved >= schedule.save_every
        if checkpoint is not None and (looks or late):
            run = Run(params, state, carry, best)
            _check_form(run, start)
            write_checkpoint(checkpoint, run, history._asdict(), rng)
            saved = time.monotonic()
        if stops:
            break
    return Fit(
        best if history.score else params,
        history,
        params,
        carry,
        len(history.loss) < steps,
    )


def _patience_is_over(history: History, patience: int | None) -> bool:
    """Whether the last `patience` scores brought nothing better."""
    if patience is None or len(history.score) <= patience:
        return False
    before, lately = history.score[:-patience], history.score[-patience:]
    return min(lately) >= min(before)


def _report(step: int, loss: Array, d_params: Tree) -> str:
    """Which of the loss and the gradients is not a number, or infinite."""
    found = [] if math.isfinite(loss) else ["loss"]
    for name, d in named_leaves(d_params):
        xp = array_namespace(d)
        if not bool(xp.all(xp.isfinite(d))):
            found.append(f"d_{name}")
    found = found or ["the gradient's norm"]  # all entries are finite
    verb = "is" if len(found) == 1 else "are"
    return f"step {step}: {', '.join(found)} {verb} not finite"


def _check_form(run: Run, start: Run) -> None:
    """Raise ValueError unless the run could go on where it is now."""
    for name in Run._fields:
        form, expected = (
            [(path, leaf is None) for path, leaf in named_leaves(tree)]
            for tree in (getattr(run, name), getattr(start, name))
        )
        if form != expected:
            raise ValueError(
                f"{name}: a checkpoint needs it in one form throughout; "
                f"hand fit one as the first step returns it"
            )


def _check_schedule(schedule: Schedule, evaluate: Callable | None) -> None:
    """Raise ValueError before the first step, not after hours."""
    steps, _, evaluate_every, patience, checkpoint = schedule[:5]
    if steps < 1:
        raise ValueError(f"steps: expected at least 1, got {steps}")
    if evaluate_every < 1:
        raise ValueError(
            f"evaluate_every: expected at least 1, got {evaluate_every}"
        )
    if patience is not None and patience < 1:
        raise ValueError(f"patience: expected at least 1, got {patience}")
    if patience is not None and evaluate is None:
        raise ValueError("patience: needs evaluate, got None")
    if not schedule.save_every >= 0:
        raise ValueError(
            f"save_every: expected at least 0, got {schedule.save_every}"
        )
    if checkpoint is not None and not Path(checkpoint).parent.is_dir():
        folder = Path(checkpoint).parent
        raise ValueError(f"checkpoint: there is no folder {folder}")
