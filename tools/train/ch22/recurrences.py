"""Train recurrences of the course in one block, and ask five things of each.

One block of chapter 22 with 32 channels and 14,000 weights, whatever its mixer;
UPDATES updates each. "parity" and "swaps" are learned on 8 steps, "recall" on up
to 8 pairs, "copying" on up to 8 letters, "plays" on windows of 64 characters of
Tiny Shakespeare. The rate of each mixer on each task has the lowest validation
loss of the first seed, on a grid that grows where its best rate ends it; three
seeds are trained with it. Each training's scores are kept in .cache/recurrences,
so that a run goes on where it broke off: delete the folder after a change of what
is trained. "counts" are those of chapter 10 on the same windows.
"""

import json
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from rnncore.application import seeded
from rnncore.comparison import Comparison, Setting, Trained, to_json
from rnncore.data.tasks import SWAPS, swap_problem
from rnncore.optim import Optimizer, adam, scheduled
from rnncore.text.blocks import BlockModel, matched
from rnncore.text.ngrams import (
    kneser_ney_models,
    kneser_ney_probabilities,
    three_discounts,
)
from rnncore.text.vocabulary import character_vocabulary
from tools import ROOT
from tools.train.ch10 import shakespeare
from tools.train.ch20.recall import CHOOSING, KEYS, REPORTING, VALUES, draw
from tools.train.grids import search_rate
from tools.train.runner import SEEDS, Measurement, Options, Training

D, WEIGHTS = 32, 14_000
ROWS = (
    *("Elman", "LSTM", "GRU", "sLSTM", "minGRU", "selective", "Hebb", "delta"),
    *("gated-delta", "gated-delta-2", "attention", "none"),
)
UPDATES = {"parity": 300, "swaps": 600, "recall": 200, "copying": 200, "plays": 150}
RATES, MOST = [0.01, 0.03], 4  # first, and how many are tried
B, T, WINDOWS = 32, 64, 16  # sequences of a task; a window, and how many
LEARNED, VALIDATED = 8, 12  # swaps of a sequence
LENGTHS = 8, 32, 128
ASKED = 8  # steps at the end of many swaps that count
PAIRS = 2, 4, 8
LETTERS = 32
COPIED, COPIES = (2, 4, 8), (2, 4, 8, 16)  # in training; asked for
HELD = 200  # windows of the validation text
ORDERS = 8  # of the counts
KEPT = ROOT / ".cache/recurrences"
Batch = tuple[Tensor, Tensor]


def warm_rate(rate: float, steps: int, step: int) -> float:
    """A rate that rises over a tenth of the steps, and falls over the last four."""
    done = (step + 1) / steps
    return rate * min(1.0, 10 * done, max(1 - done, 0.0) / 0.4)


def make_warm_adam(rate: float, steps: int) -> Optimizer:
    """Adam with `warm_rate`."""
    return scheduled(adam, partial(warm_rate, rate, steps))


def answers_loss(model: BlockModel, batch: Batch, carry: Any) -> tuple[Tensor, Any]:
    """Cross entropy at the last tokens, one for each target."""
    tokens, targets = batch
    logits = model(tokens)[0][-len(targets) :]
    return cross_entropy(logits.flatten(0, 1), targets.flatten()), carry


class Task(NamedTuple):
    """What is learned, what chooses the rate (lower is better), and the scores."""

    K: Callable[[], int]
    draw: Callable[[np.random.Generator], Batch]
    valid: Callable[[BlockModel], float]
    test: Callable[[BlockModel], list[float]]


def fit_fast(
    model: BlockModel, draw: Callable[[], Batch], rate: float, steps: int
) -> None:
    """Train by torch's Adam, with `warm_rate`: half of `train_module`'s time.

    Raises FloatingPointError where the loss is not finite.
    """
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = warm_rate(rate, steps, step)
        loss, _ = answers_loss(model, draw(), None)
        if not loss.isfinite():
            raise FloatingPointError(f"step {step}: loss is not finite")
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.eval()


def measure_answers(model: BlockModel, *batches: Batch) -> np.ndarray:
    """Nats, and the share right, of each batch."""
    scores = []
    for tokens, targets in batches:
        with torch.no_grad():
            logits = model(tokens)[0][-len(targets) :]
        loss = cross_entropy(logits.flatten(0, 1), targets.flatten())
        right = (logits.argmax(-1) == targets).double().mean()
        scores.append((float(loss), float(right)))
    return np.array(scores)


def draw_swaps(
    things: int, rng: np.random.Generator, length: int = LEARNED, rows: int = B
) -> Batch:
    """Which two change places, after a token for the start, and the order."""
    x, targets = swap_problem(rng, length, rows, things)
    tokens = np.concatenate([np.full((1, rows), things), x.argmax(-1)])
    return torch.as_tensor(tokens), torch.as_tensor(targets)


def held_swaps(things: int, length: int) -> Batch:
    """Swaps that no training sees; their last steps count."""
    rng = np.random.default_rng((5, length))
    tokens, targets = draw_swaps(things, rng, length, 128)
    return tokens, targets[-ASKED:]


def draw_pairs(rng: np.random.Generator, N: int, rows: int) -> Batch:
    """N keys with their values, then the keys again: which values?"""
    some = draw(rng, N, rows)
    return some.tokens, KEYS + some.values


def held_pairs(N: int, seed: int = REPORTING) -> Batch:
    """Pairs that no training sees."""
    return draw_pairs(np.random.default_rng((seed, N)), N, 256)


def draw_copies(rng: np.random.Generator, N: int, rows: int) -> Batch:
    """N different letters after a mark, and the same again after another."""
    letters = np.argsort(rng.random((LETTERS, rows)), axis=0)[:N]
    mark = np.full((1, rows), LETTERS)
    tokens = np.concatenate([mark, letters, mark, letters[:-1]])
    return torch.as_tensor(tokens), torch.as_tensor(letters)


def held_copies(N: int, seed: int = REPORTING) -> Batch:
    """Letters that no training sees."""
    return draw_copies(np.random.default_rng((seed, N)), N, 256)


class Text(NamedTuple):
    """A text as tokens, in its three parts."""

    K: int
    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray


@cache
def read_plays() -> Text:
    """Tiny Shakespeare."""
    parts = shakespeare.read_texts()
    vocabulary = character_vocabulary(parts[0])
    return Text(vocabulary.size, *map(vocabulary.encode, parts))


def cut_windows(ids: np.ndarray, length: int) -> np.ndarray:
    """A text in windows side by side, with one more token each."""
    count = (len(ids) - 1) // length
    starts = length * np.arange(count)
    return ids[starts + np.arange(length + 1)[:, None]]


def draw_windows(rng: np.random.Generator) -> Batch:
    """Windows from anywhere in the plays, and what follows each character."""
    ids = read_plays().train
    starts = rng.integers(0, len(ids) - T, WINDOWS)
    tokens = torch.as_tensor(ids[starts + np.arange(T + 1)[:, None]])
    return tokens[:-1], tokens[1:]


def measure_nats(model: BlockModel, ids: np.ndarray) -> np.ndarray:
    """The surprisal of each token of some windows (T, B)."""
    found = []
    with torch.no_grad():
        for part in np.array_split(ids, -(-ids.shape[1] // 256), axis=1):
            tokens = torch.as_tensor(part)
            logits, _ = model(tokens[:-1])
            of_all = cross_entropy(
                logits.flatten(0, 1), tokens[1:].flatten(), reduction="none"
            )
            found.append(of_all.unflatten(0, tokens[1:].shape).numpy())
    return np.concatenate(found, axis=1)


def mean_nats(model: BlockModel, ids: np.ndarray) -> float:
    """A model's score on a text, in windows as long as in training."""
    return float(measure_nats(model, cut_windows(ids, T)).mean())


def tracking(things: int) -> Task:
    """How two things or three lie after swaps."""
    held = partial(held_swaps, things)
    return Task(
        lambda: max(things + 1, len(SWAPS[things][1])),
        lambda rng: draw_swaps(things, rng),
        lambda model: float(measure_answers(model, held(VALIDATED))[0, 0]),
        lambda model: measure_answers(model, *map(held, LENGTHS))[:, 1].tolist(),
    )


def answering(
    K: int, draw: Callable, held: Callable, trained: tuple, asked: tuple
) -> Task:
    """Tasks that are learned at several sizes, drawn one for each update."""

    def valid(model):
        batches = [held(N, CHOOSING) for N in trained]
        return float(measure_answers(model, *batches)[:, 0].mean())

    return Task(
        lambda: K,
        lambda rng: draw(rng, int(rng.choice(trained)), B),
        valid,
        lambda model: measure_answers(model, *map(held, asked))[:, 1].tolist(),
    )


TASKS = {
    "parity": tracking(2),
    "swaps": tracking(3),
    "recall": answering(KEYS + VALUES, draw_pairs, held_pairs, PAIRS, PAIRS),
    "copying": answering(LETTERS + 1, draw_copies, held_copies, COPIED, COPIES),
    "plays": Task(
        lambda: read_plays().K,
        draw_windows,
        lambda model: mean_nats(model, read_plays().valid[: HELD * T]),
        lambda model: [mean_nats(model, read_plays().test)],
    ),
}
UNITS = {
    "parity": f"share right after {LENGTHS} bits",
    "swaps": f"share right after {LENGTHS} swaps",
    "recall": f"share right of {PAIRS} pairs",
    "copying": f"share right of {COPIES} letters",
    "plays": f"nats per character, windows of {T} from an empty state",
}


def train(task: str, mixer: str, setting: Setting, seed: int, steps: int) -> Trained:
    """One training, or its scores from the folder if they are there."""
    rate = setting["rate"]
    path = KEPT / f"{task}-{mixer}-{rate:g}-{seed}-{steps}.json"
    if not path.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(run_once(TASKS[task], mixer, rate, seed, steps)))
    score, test = json.loads(path.read_text("utf-8"))
    if score is None:
        raise FloatingPointError(f"{path.stem}: it diverged")
    return Trained(score, steps, lambda: test)


def run_once(task: Task, mixer: str, rate: float, seed: int, steps: int) -> list:
    """A training's score on validation and those of its test; None: diverged."""
    with seeded(seed):
        model = matched(task.K(), D, mixer, 1, WEIGHTS)
    rng = np.random.default_rng(seed)
    try:
        fit_fast(model, lambda: task.draw(rng), rate, steps)
    except FloatingPointError:
        return [None, None]
    return [task.valid(model), task.test(model)]


def compare_on(task: str, asked: Options) -> Iterator[Measurement]:
    """All rows on one task."""
    steps = asked.steps or UPDATES[task]
    results = {
        mixer: search_rate(partial(train, task, mixer), RATES, steps, SEEDS, MOST)
        for mixer in ROWS
    }
    found = Comparison(steps, list(SEEDS), {"rate": RATES}, results)
    unit = f"{UNITS[task]}, {steps} updates"
    yield Measurement(f"recurrences.{task}", to_json(found), unit, list(SEEDS))


def count_plays(asked: Options) -> Iterator[Measurement]:
    """Kneser-Ney counts of the order that is best on the validation text."""
    text = read_plays()
    held = cut_windows(text.valid, T)[:, :HELD]
    best = np.inf
    for order, model in enumerate(
        kneser_ney_models(text.train, ORDERS, text.K, three_discounts), start=1
    ):
        nats = nats_of_counts(model, held)
        if nats < best:
            best, chosen, kept = nats, order, model
    value: dict[str, float] = {"order": chosen, "tried": ORDERS}
    value["nats"] = nats_of_counts(kept, cut_windows(text.test, T))
    unit = f"nats per character, windows of {T} from an empty context"
    yield Measurement("recurrences.counts", value, unit, None)


def nats_of_counts(model: Any, windows: np.ndarray) -> float:
    """Mean surprisal of all but the first token of each window."""
    p = [kneser_ney_probabilities(model, window)[1:] for window in windows.T]
    return float(-np.log(p).mean())


TRAINING = Training(
    "recurrences",
    __doc__,
    {},
    {**{task: partial(compare_on, task) for task in TASKS}, "counts": count_plays},
)
