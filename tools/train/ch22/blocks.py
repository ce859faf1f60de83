"""Train chapter 22's mixers in one block, at equal weights.

"TEXT.N" is a comparison after N updates on Tiny Shakespeare or chapter 10's
Python; its tunes are read by one mixer of each kind. "tracking.N" trains one
block on chapter 19's swaps, "recall.N" both on chapter 20's pairs. Each mixer's
rate is chosen with one seed at that length, on a grid that grows where its best
rate ends it, and the chosen one is trained with three. "TEXT.again" asks the
networks of a text for the loss far beyond the trained length, and for a passage
that comes twice.
"seconds" measures an update of each, in turns, by the time of the processor.
These compare nine mixers; "TEXT.newer.N" and so on train those in NEWER in
the same way, under the keys of the others with ".newer" at the end, and
"seconds.newer" measures them beside the LSTM, whose time is their budget in
"TEXT.newer.equal_time".

A network that was trained is kept in .cache/blocks with its score, so that a run
goes on where it broke off; delete the folder after a change of what is trained.
6,000 updates on a text take an hour and a half of one core.
"""

import json
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from rnncore.application import seeded, train_module
from rnncore.blocks import MIXERS, NEWER, limit_attention
from rnncore.comparison import Comparison, Result, Setting, Trained, to_json
from rnncore.data.tasks import SWAPS, swap_problem
from rnncore.optim import Optimizer, adam, scheduled
from rnncore.storage.weights import load_weights, put_weights, save_weights
from rnncore.text.blocks import BlockModel, matched
from rnncore.text.corpora import python_corpus, tunes_corpus
from rnncore.text.vocabulary import character_vocabulary
from rnncore.train import Schedule
from tools import ROOT
from tools.measurements import read
from tools.train.ch10 import shakespeare
from tools.train.ch20.recall import (
    BATCH,
    CHOOSING,
    KEYS,
    REPORTING,
    TRAINED,
    VALUES,
    draw,
)
from tools.train.grids import search_rate
from tools.train.runner import SEEDS, Measurement, Options, Training, show_progress

D, LAYERS, WEIGHTS = 48, 2, 30_000  # the weights of each block
T, B = 128, 8
UPDATES = 300, 6_000  # on a text
TASK_UPDATES = 800, 4_000
RATES, LONG_RATES = [0.003, 0.01, 0.03], [0.001, 0.003, 0.01]
ROUNDS, TIMED = 10, 20  # of the timing, and its updates
LONG = 4 * T  # as far as the loss is looked at
BIN = 32  # positions together
PASSAGES, PASSAGE = 400, 64  # that come twice
KEPT = ROOT / ".cache/blocks"
NATS = "nats per token, from an empty state"
LEADING = "LSTM", "attention", "minGRU", "minLSTM", "sLSTM"  # on Python
OF_EACH_KIND = "LSTM", "minGRU", "gated-delta", "attention"  # who reads tunes


class Text(NamedTuple):
    """A text as tokens, in its three parts."""

    K: int
    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray


TEXTS: dict[str, Callable[[], tuple[str, str, str]]] = {
    "shakespeare": shakespeare.read_texts,
    "tunes": lambda: tunes_corpus().texts(),
    "python": lambda: python_corpus().texts(),
}


@cache
def read_text(name: str) -> Text:
    """Tiny Shakespeare, or one of two texts of chapter 10."""
    parts = TEXTS[name]()
    vocabulary = character_vocabulary(parts[0])
    return Text(vocabulary.size, *map(vocabulary.encode, parts))


def cut_windows(ids: np.ndarray, length: int) -> np.ndarray:
    """A text in windows side by side, with one more token each."""
    count = (len(ids) - 1) // length
    starts = length * np.arange(count)
    return ids[starts + np.arange(length + 1)[:, None]]


def random_windows(ids: np.ndarray) -> Callable:
    """The `next_batch` of training: windows from anywhere in the text."""

    def next_batch(rng: np.random.Generator, step: int) -> np.ndarray:
        starts = rng.integers(0, len(ids) - T, B)
        return ids[starts + np.arange(T + 1)[:, None]]

    return next_batch


def text_loss(model: BlockModel, ids: np.ndarray, carry: Any) -> tuple[Tensor, Any]:
    """Mean surprisal of a window, from an empty state."""
    tokens = torch.as_tensor(ids)
    logits, _ = model(tokens[:-1])
    return cross_entropy(logits.flatten(0, 1), tokens[1:].flatten()), carry


def measure_nats(model: BlockModel, ids: np.ndarray) -> np.ndarray:
    """The surprisal of each token of some windows (T, B)."""
    found = []
    with torch.no_grad():
        for part in np.array_split(ids, -(-ids.shape[1] // 64), axis=1):
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


class BlockTask(NamedTuple):
    """What is learned, and how it is scored: lower is better."""

    name: str
    K: Callable[[], int]
    next_batch: Callable[[], Callable]
    loss: Callable
    valid: Callable[[BlockModel], float]
    test: Callable[[BlockModel], float]
    layers: int = LAYERS
    mixers: tuple[str, ...] = ()  # who learns it; all, if none is named


def text_task(name: str) -> BlockTask:
    """Predict a text."""
    return BlockTask(
        name,
        lambda: read_text(name).K,
        lambda: random_windows(read_text(name).train),
        text_loss,
        lambda model: mean_nats(model, read_text(name).valid),
        lambda model: mean_nats(model, read_text(name).test),
        mixers=OF_EACH_KIND if name == "tunes" else (),
    )


def make_warm_adam(rate: float, steps: int) -> Optimizer:
    """Adam whose rate rises over a tenth of the steps, and falls at last."""

    def at(step):
        done = (step + 1) / steps
        return rate * min(1.0, 10 * done, max(1 - done, 0.0) / 0.4)

    return scheduled(adam, at)


def find_path(task: BlockTask, mixer: str, rate: float, seed: int, steps: int) -> Path:
    """Where a network is kept."""
    return KEPT / f"{task.name}-{mixer}-{rate:g}-{seed}-{steps}.safetensors"


def learn(
    task: BlockTask, model: BlockModel, rate: float, seed: int, steps: int, label: str
) -> None:
    """Train a network."""
    train_module(
        model,
        task.loss,
        task.next_batch(),
        optimizer=make_warm_adam(rate, steps),
        schedule=Schedule(steps, 1.0, progress=show_progress(label)),
        rng=np.random.default_rng(seed),
    )


def load_or_train(
    task: BlockTask, mixer: str, rate: float, seed: int, steps: int
) -> BlockModel:
    """A network, from the folder if it is there."""
    path = find_path(task, mixer, rate, seed, steps)
    with seeded(seed):
        model = matched(task.K(), D, mixer, task.layers, task.layers * WEIGHTS)
    if path.exists():
        weights, _ = load_weights(path, "blocks")
        put_weights(model, weights)
        return model.eval()
    learn(task, model, rate, seed, steps, f"{task.name} {mixer} {rate:g} {seed}")
    KEPT.mkdir(parents=True, exist_ok=True)
    save_weights(path, model, {"kind": "blocks"})
    return model


def make_contender(
    task: BlockTask, mixer: str
) -> Callable[[Setting, int, int], Trained]:
    """What `compare` asks for."""

    def train(setting: Setting, seed: int, steps: int) -> Trained:
        given = task, mixer, setting["rate"], seed, steps
        path = find_path(*given).with_suffix(".json")
        if not path.exists():
            try:
                score = task.valid(load_or_train(*given))
            except FloatingPointError:
                score = None  # it diverged
            KEPT.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(score), "utf-8")
        score = json.loads(path.read_text("utf-8"))
        if score is None:
            raise FloatingPointError(f"{path.stem}: it diverged")
        return Trained(score, steps, lambda: task.test(load_or_train(*given)))

    return train


def first_rates(steps: int) -> list[float]:
    """Where a search begins: a longer training wants lower rates."""
    return LONG_RATES if steps > TASK_UPDATES[0] else RATES


def search(task: BlockTask, mixer: str, steps: int) -> Result:
    """A contender's chosen rate, and its scores with all seeds."""
    return search_rate(make_contender(task, mixer), first_rates(steps), steps, SEEDS)


def search_all(task: BlockTask, steps: int, mixers: tuple[str, ...] = ()) -> Comparison:
    """All contenders, or those that are named.

    What was trained before is not trained again.
    """
    mixers = mixers or task.mixers or tuple(MIXERS)
    results = {mixer: search(task, mixer, steps) for mixer in mixers}
    return Comparison(steps, list(SEEDS), {"rate": first_rates(steps)}, results)


def load_chosen(task: BlockTask, mixer: str, found: Comparison) -> list[BlockModel]:
    """The networks of a contender's chosen rate."""
    rate = found.results[mixer].chosen["rate"]
    return [load_or_train(task, mixer, rate, seed, found.steps) for seed in SEEDS]


def compare_on_text(
    name: str, steps: int, asked: Options, mixers: tuple[str, ...] = (), end: str = ""
) -> Iterator[Measurement]:
    """The comparison on a text."""
    steps = asked.steps or steps
    found = search_all(text_task(name), steps, mixers)
    unit = f"{NATS}, {steps} updates"
    yield Measurement(f"blocks.{name}.{steps}{end}", to_json(found), unit, list(SEEDS))


def compare_in_equal_time(
    name: str, asked: Options, mixers: tuple[str, ...] = (), end: str = ""
) -> Iterator[Measurement]:
    """The comparison where all train as long as the LSTM does for its updates.

    Of Python those that lead early or late are enough: the others are behind
    after more updates.
    """
    task, steps = text_task(name), asked.steps or UPDATES[-1]
    known = read()[f"blocks.seconds{end}"]["value"]
    cost = {m: of["seconds"] for m, of in known.items()}
    updates = {m: round(steps * cost["LSTM"] / of) for m, of in cost.items()}
    mixers = mixers or (LEADING if name == "python" else tuple(updates))
    results = {mixer: search(task, mixer, updates[mixer]) for mixer in mixers}
    found = Comparison(steps, list(SEEDS), {"rate": LONG_RATES}, results)
    key = f"blocks.{name}.equal_time"
    unit = f"{NATS}, in the time of {steps} updates of the LSTM"
    yield Measurement(f"{key}{end}", to_json(found), unit, list(SEEDS))
    yield Measurement(f"{key}.updates{end}", updates, "updates", 0)


def measure_positions(name: str, asked: Options) -> Iterator[Measurement]:
    """Position by position, and a passage that comes twice."""
    for steps in [asked.steps] if asked.steps else UPDATES:
        yield from answers_of(name, search_all(text_task(name), steps))


def answers_of(name: str, found: Comparison) -> Iterator[Measurement]:
    """What the networks of a comparison on a text say of other windows."""
    task, test = text_task(name), read_text(name).test
    far = cut_windows(test, LONG)
    rng = np.random.default_rng(7)
    starts = rng.integers(0, len(test) - PASSAGE, PASSAGES)
    at = starts + np.arange(PASSAGE)[:, None]
    twice = test[np.concatenate([at, at])]
    after_others = test[np.concatenate([at - PASSAGE, at])]
    by_position: dict[str, list] = {}
    repeated: dict[str, list] = {}
    preceded: dict[str, list] = {}
    for mixer in found.results:
        models = load_chosen(task, mixer, found)
        by_position[mixer] = [average_in_bins(measure_nats(m, far)) for m in models]
        repeated[mixer] = [
            summarise_both_readings(measure_nats(m, twice)) for m in models
        ]
        preceded[mixer] = [
            summarise_both_readings(measure_nats(m, after_others))[1] for m in models
        ]
        if mixer == "attention":
            for model in models:
                limit_attention(model, T)
            by_position["attention, limited"] = [
                average_in_bins(measure_nats(m, far)) for m in models
            ]
    key = f"blocks.{name}.{found.steps}"
    unit = f"{NATS}, by position in bins of {BIN}"
    yield Measurement(f"{key}.position", by_position, unit, list(SEEDS))
    unit = f"{NATS}: the second half of {PASSAGE} tokens, read once and again"
    yield Measurement(f"{key}.repeat", repeated, unit, list(SEEDS))
    unit = f"{NATS}: the same half after the {PASSAGE} tokens that precede the passage"
    yield Measurement(f"{key}.preceded", preceded, unit, list(SEEDS))


def run_cost(
    asked: Options, mixers: tuple[str, ...] = (), end: str = ""
) -> Iterator[Measurement]:
    """Weights, and the least of ROUNDS mean times of an update, in turns."""
    mixers = mixers or tuple(MIXERS)
    known: dict[str, dict[str, float]] = {mixer: {} for mixer in mixers}
    task = text_task("shakespeare")
    for _ in range(ROUNDS):
        for mixer in mixers:
            with seeded(0):
                model = matched(task.K(), D, mixer, LAYERS, LAYERS * WEIGHTS)
            begun = time.process_time()
            learn(task, model, 0.003, 0, asked.steps or TIMED, "")
            took = (time.process_time() - begun) / (asked.steps or TIMED)
            known[mixer] = {
                "weights": sum(w.numel() for w in model.parameters()),
                "seconds": min(took, known[mixer].get("seconds", took)),
            }
    unit = "weights in all, seconds of one core for each update"
    yield Measurement(f"blocks.seconds{end}", known, unit, 0)


def summarise_both_readings(values: np.ndarray) -> list[float]:
    """Means over a passage's second half, at first and at second reading.

    The first value is that of the second token.
    """
    half = PASSAGE // 2
    once, again = values[half - 1 : PASSAGE - 1], values[PASSAGE + half - 1 :]
    return [float(once.mean()), float(again.mean())]


def average_in_bins(values: np.ndarray) -> list[float]:
    """Means over windows and over BIN positions at a time."""
    parts = np.split(values, range(BIN, len(values), BIN))
    return [float(part.mean()) for part in parts]


SWAPPED = 3  # things
FIRST = len(SWAPS[SWAPPED][0])  # the token before the first swap
LEARNED, VALIDATED = 16, 24  # swaps of a sequence
LENGTHS = 16, 32, 64, 128, 256, 512
PAIRS = 2, 4, 8, 12, 16
ROWS = 16  # sequences of swaps in an update
ASKED = 16  # steps at the end of many swaps that count


def draw_swaps(
    rng: np.random.Generator, length: int, rows: int
) -> tuple[Tensor, Tensor]:
    """Which two of three things change places, and the final order."""
    x, targets = swap_problem(rng, length, rows, SWAPPED)
    tokens = np.concatenate([np.full((1, rows), FIRST), x.argmax(-1)])
    return torch.as_tensor(tokens), torch.as_tensor(targets)


def held_swaps(length: int) -> tuple[Tensor, Tensor]:
    """Swaps that no training sees; their last steps count."""
    tokens, targets = draw_swaps(np.random.default_rng((5, length)), length, 128)
    return tokens, targets[-ASKED:]


def draw_pairs(rng: np.random.Generator, N: int, rows: int) -> tuple[Tensor, Tensor]:
    """N keys with their values, then the keys again: which values?"""
    some = draw(rng, N, rows)
    return some.tokens, KEYS + some.values


def held_pairs(N: int, seed: int = REPORTING) -> tuple[Tensor, Tensor]:
    """Pairs that no training sees."""
    return draw_pairs(np.random.default_rng((seed, N)), N, 256)


def answers_loss(model: BlockModel, batch: tuple, carry: Any) -> tuple[Tensor, Any]:
    """Cross entropy at the last tokens, one for each target."""
    tokens, targets = batch
    logits = model(tokens)[0][-len(targets) :]
    return cross_entropy(logits.flatten(0, 1), targets.flatten()), carry


def measure_answers(model: BlockModel, *batches: tuple[Tensor, Tensor]) -> np.ndarray:
    """Nats, and the share right, of each batch."""
    scores = []
    for tokens, targets in batches:
        with torch.no_grad():
            logits = model(tokens)[0][-len(targets) :]
        loss = cross_entropy(logits.flatten(0, 1), targets.flatten())
        right = (logits.argmax(-1) == targets).double().mean()
        scores.append((float(loss), float(right)))
    return np.array(scores)


TRACKING = BlockTask(
    "tracking",
    lambda: max(FIRST + 1, len(SWAPS[SWAPPED][1])),
    lambda: lambda rng, step: draw_swaps(rng, LEARNED, ROWS),
    answers_loss,
    lambda model: float(measure_answers(model, held_swaps(VALIDATED))[0, 0]),
    lambda model: float(1 - measure_answers(model, held_swaps(LEARNED))[0, 1]),
    layers=1,
)


def recall_nats(model: BlockModel) -> float:
    """What the rate is chosen by: all trained numbers of pairs."""
    batches = [held_pairs(N, CHOOSING) for N in TRAINED]
    return float(measure_answers(model, *batches)[:, 0].mean())


def recall_wrong(model: BlockModel) -> float:
    """The share wrong of others, over the same numbers of pairs."""
    return float(1 - measure_answers(model, *map(held_pairs, TRAINED))[:, 1].mean())


RECALL = BlockTask(
    "recall",
    lambda: KEYS + VALUES,
    lambda: lambda rng, step: draw_pairs(rng, int(rng.choice(TRAINED)), BATCH),
    answers_loss,
    recall_nats,
    recall_wrong,
)


TASKS: dict[str, tuple[Any, ...]] = {
    "tracking": (TRACKING, "lengths", held_swaps, LENGTHS),
    "recall": (RECALL, "pairs", held_pairs, PAIRS),
}


def compare_on_task(
    name: str, steps: int, asked: Options, mixers: tuple[str, ...] = (), end: str = ""
) -> Iterator[Measurement]:
    """The comparison, and the share right where the task grows."""
    task, sized, held, sizes = TASKS[name]
    steps = asked.steps or steps
    found = search_all(task, steps, mixers)
    shares = {
        mixer: [
            measure_answers(model, *map(held, sizes))[:, 1].tolist()
            for model in load_chosen(task, mixer, found)
        ]
        for mixer in found.results
    }
    key = f"blocks.{task.name}.{steps}"
    unit = f"share wrong, {steps} updates"
    yield Measurement(f"{key}{end}", to_json(found), unit, list(SEEDS))
    unit = f"share right at {sizes}"
    yield Measurement(f"{key}.{sized}{end}", shares, unit, list(SEEDS))


LOWER = 0.003  # than the rate that one seed chose


def track_at_lower_rate(asked: Options) -> Iterator[Measurement]:
    """sLSTM's swaps at a rate that solved the task, and was not chosen."""
    steps = asked.steps or TASK_UPDATES[-1]
    shares = [
        measure_answers(model, *map(held_swaps, LENGTHS))[:, 1].tolist()
        for seed in SEEDS
        for model in [load_or_train(TRACKING, "sLSTM", LOWER, seed, steps)]
    ]
    unit = f"share right at {LENGTHS}, rate {LOWER}"
    yield Measurement(f"blocks.tracking.{steps}.lower", shares, unit, list(SEEDS))


TRAINING = Training(
    "blocks",
    __doc__,
    {},
    {
        f"{name}.{n}": partial(compare_on_text, name, n)
        for name in TEXTS
        for n in UPDATES
    }
    | {f"{name}.again": partial(measure_positions, name) for name in TEXTS}
    | {
        f"{name}.equal_time": partial(compare_in_equal_time, name)
        for name in ("shakespeare", "python")
    }
    | {
        f"{name}.{n}": partial(compare_on_task, name, n)
        for name in TASKS
        for n in TASK_UPDATES
    }
    | {
        f"{name}.newer.{n}": partial(
            compare, name, n, mixers=tuple(NEWER), end=".newer"
        )
        for names, counts, compare in (
            (TEXTS, UPDATES, compare_on_text),
            (TASKS, TASK_UPDATES, compare_on_task),
        )
        for name in names
        for n in counts
    }
    | {
        "shakespeare.newer.equal_time": partial(
            compare_in_equal_time, "shakespeare", mixers=tuple(NEWER), end=".newer"
        ),
        "seconds.newer": partial(run_cost, mixers=("LSTM", *NEWER), end=".newer"),
        "tracking.lower": track_at_lower_rate,
        "seconds": run_cost,
    },
)
