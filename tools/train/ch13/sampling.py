"""Does training on its own words help a translator?

Chapter 13's number words from English to German, of up to 5 digits, with a vector
decoder of 48 units. Teacher forcing is compared with scheduled sampling, with
constant shares of own tokens and with a share that rises in a straight line. Equal
updates and five seeds; the learning rate of each is chosen by the pieces of the
validation sentences that are wrong, as the network writes them. Teacher forcing also
has updates that take as long as those with sampling. About a quarter of an hour of
one core.

"level": teacher forcing in no more time than the quickest share takes, which is
timed again in turns with it. Less than two minutes.
"""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from rnncore.application import seeded
from rnncore.comparison import Setting, Trained, compare, from_json, to_json
from rnncore.data.translation import draw_numbers, number_in_words
from rnncore.seq2seq import END, PAD, START, Translator, greedy
from rnncore.translate.scheduled import (
    constant_share,
    mixed_inputs,
    rising_share,
    sampled_loss,
)
from rnncore.translate.subwords import learn_subwords
from rnncore.translate.training import (
    Batch,
    batch_of,
    build_translator,
    shuffled_batches,
)
from tools.measurements import read
from tools.train.runner import Measurement, Options, Training, fit_module

DIGITS, PIECES, COUNT, HELD_OUT = 5, 340, 5_000, 500
D, H, B, STEPS = 24, 48, 32, 300
LONGER = 1.5  # times the updates, with teacher forcing, take about as long
LEVEL = 1.25  # times the updates take no longer than the quickest share
RATES = [0.01, 0.02, 0.04]
SEEDS = (0, 1, 2, 3, 4)
FORCED, QUICKEST = "teacher forcing", "constant 0.25"
Share = Callable[[int], float]  # of own tokens, at each step of training
SCHEDULES: dict[str, Callable[[int], Share]] = {
    FORCED: lambda steps: constant_share(0.0),
    "constant 0.1": lambda steps: constant_share(0.1),
    "constant 0.25": lambda steps: constant_share(0.25),
    "rising to 0.5": partial(rising_share, 0.5),
}


class Numbers(NamedTuple):
    """Pairs as pieces: to train on, and two batches to judge by."""

    K: tuple[int, int]  # pieces of source and target
    train: tuple[list, list]
    validation: Batch
    test: Batch
    digits: np.ndarray  # of each number of the test


@cache
def make_numbers() -> Numbers:
    """The same for every run."""
    parts = draw_numbers(np.random.default_rng(0), DIGITS, COUNT, HELD_OUT)[:3]
    words = [
        [[number_in_words(int(n), k) for n in part] for k in ("en", "de")]
        for part in parts
    ]
    sides = [learn_subwords(text, PIECES) for text in words[0]]
    train, validation, test = (
        [
            [side.encode(text) for text in texts]
            for side, texts in zip(sides, part, strict=True)
        ]
        for part in words
    )
    digits = np.array([len(str(n)) for n in parts[2]])
    sizes = sides[0].size, sides[1].size
    return Numbers(
        sizes,
        (train[0], train[1]),
        batch_of(validation[0], validation[1]),
        batch_of(test[0], test[1]),
        digits,
    )


class SamplingOutcome(NamedTuple):
    """A trained network, the seconds of one core that it took, and its errors."""

    model: Translator
    seconds: float
    validation: dict[str, np.ndarray]


@cache
def run_network(name: str, rate: float, seed: int, steps: int) -> SamplingOutcome:
    """One run; the weights after the last update."""
    found = make_numbers()
    with seeded(seed):
        model = build_translator(*found.K, D, H, "vector", 0.0)
    draws = np.random.default_rng(seed + 100)
    _, seconds = fit_module(
        model,
        sampled_loss(SCHEDULES[name](steps), draws),
        shuffled_batches(*found.train, B),
        rate,
        steps,
        seed,
        f"{name} {rate}",
        carry=0,
    )
    return SamplingOutcome(model, seconds, count_errors(model, found.validation))


def write_sentences(model: Translator, batch: Batch) -> list[list[int]]:
    """Greedy sentences, at most as long as twice the longest true one."""
    with torch.no_grad():
        source = model.encoder(batch.ids, batch.lengths)
    return greedy(model.decoder, source, 2 * len(batch.targets))


def split_sentences(targets: Tensor) -> list[list[int]]:
    """The tokens of each column, without END and padding."""
    return [[k for k in column if k not in (PAD, END)] for column in targets.T.tolist()]


def measure_distance(one: list[int], other: list[int]) -> int:
    """Fewest insertions, deletions and substitutions from one to the other."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one):
        last, row[0] = row[0], i + 1
        for j, b in enumerate(other):
            change = last + (a != b)
            last = row[j + 1]
            row[j + 1] = min(change, row[j + 1] + 1, row[j] + 1)
    return row[-1]


def count_errors(model: Translator, batch: Batch) -> dict[str, np.ndarray]:
    """Of each sentence, is it wrong, how many pieces are, and how many it has."""
    true = split_sentences(batch.targets)
    apart = [
        measure_distance(a, b)
        for a, b in zip(write_sentences(model, batch), true, strict=True)
    ]
    return {
        "sentences": np.array(apart) > 0,
        "pieces": np.array(apart),
        "length": np.array([len(t) for t in true]),
    }


def measure_percent(found: dict[str, np.ndarray], unit: str) -> float:
    """Of sentences, or of pieces, that are wrong."""
    out_of = found["length"].sum() if unit == "pieces" else len(found["length"])
    return float(100 * found[unit].sum() / out_of)


def train_network(name: str, setting: Setting, seed: int, steps: int) -> Trained:
    """One run, judged by the pieces that it writes wrongly."""
    run = run_network(name, setting["rate"], seed, steps)
    score = measure_percent(run.validation, "pieces")
    tqdm.write(f"{name} {setting} {seed}: {score:.2f}, {run.seconds:.1f} s")

    def test() -> float:
        return measure_percent(count_errors(run.model, make_numbers().test), "pieces")

    return Trained(score, steps, test)


@torch.no_grad()
def measure_surprise(model: Translator, batch: Batch, read: Tensor) -> np.ndarray:
    """-log p of each true token after what was read; 0 in the padding.

    Shapes: read (T, B) -> nats (T, B)
    """
    log_p = model(batch.ids, batch.lengths, read).log_softmax(dim=2)
    nats = -log_p.gather(2, batch.targets[..., None])[..., 0]
    return np.where(batch.targets == PAD, 0.0, nats.numpy())


@torch.no_grad()
def measure_after_slip(model: Translator, batch: Batch) -> dict[str, list[int]]:
    """Pieces right after one piece that is wrong, and without it.

    Each sentence gets one piece, at a random place, replaced by the likeliest
    wrong one. Counted are the pieces later in it: how many of the true ones are
    the likeliest, and how many there are.
    """
    rng, (T, count) = np.random.default_rng(0), batch.read.shape
    lengths = (batch.targets != PAD).sum(dim=0).numpy() - 1  # without END
    place = torch.from_numpy(rng.integers(lengths))  # of a target, from 0
    logits = model(batch.ids, batch.lengths, batch.read)
    column = torch.arange(count)
    slip = logits[place, column].clone()
    slip[:, [PAD, START, END]] = -torch.inf
    slip[column, batch.targets[place, column]] = -torch.inf
    read = batch.read.clone()
    read[place + 1, column] = slip.argmax(dim=1)
    later = (torch.arange(T)[:, None] > place) & (batch.targets != PAD)
    found = {"of": [int(later.sum())]}
    for name, ids in {"true": batch.read, "slip": read}.items():
        said = model(batch.ids, batch.lengths, ids).argmax(dim=2)
        found[name] = [int((later & (said == batch.targets)).sum())]
    return found


@torch.no_grad()
def collect_facts(run: SamplingOutcome) -> dict[str, Any]:
    """The scores of one network on the test, in total and by digits."""
    model, (_, _, _, batch, digits) = run.model, make_numbers()
    with torch.no_grad():
        source = model.encoder(batch.ids, batch.lengths)
    rng = np.random.default_rng(0)
    own = mixed_inputs(rng, model.decoder, source, batch.read, 1.0)
    found = count_errors(model, batch)
    nats = {
        "forced": measure_surprise(model, batch, batch.read),
        "free": measure_surprise(model, batch, own),
    }
    real = (batch.targets != PAD).numpy()
    said = model(batch.ids, batch.lengths, batch.read)
    said[..., [PAD, START]] = -torch.inf
    forced_right = (said.argmax(dim=2) == batch.targets).numpy() | ~real
    slipped = measure_after_slip(model, batch)
    return {
        "seconds": round(run.seconds, 2),
        "validation pieces": measure_percent(run.validation, "pieces"),
        "sentences": measure_percent(found, "sentences"),
        "pieces": measure_percent(found, "pieces"),
        **{k: float(v.sum() / real.sum()) for k, v in nats.items()},
        "after true": 100 * slipped["true"][0] / slipped["of"][0],
        "after slip": 100 * slipped["slip"][0] / slipped["of"][0],
        "differ": int((forced_right.all(axis=0) == found["sentences"]).sum()),
        "by digits": {
            f"{n}": {
                "sentences": 100 * float(found["sentences"][digits == n].mean()),
                **{
                    k: float(v[:, digits == n].sum() / real[:, digits == n].sum())
                    for k, v in nats.items()
                },
            }
            for n in range(3, DIGITS + 1)
        },
    }


def measure_numbers(asked: Options) -> Iterator[Measurement]:
    """The comparison, and what the chosen networks do on the test."""
    found = compare(
        {name: partial(train_network, name) for name in SCHEDULES},
        {"rate": RATES},
        steps=asked.steps or STEPS,
        seeds=SEEDS,
        headline=True,
        extensions=0 if asked.check else 2,
    )
    yield Measurement(
        "sampling.numbers", to_json(found), "% of pieces wrong", list(SEEDS)
    )
    value = {
        name: run_seeds(name, result.chosen["rate"], found.steps)
        for name, result in found.results.items()
    }
    rate = found.results[FORCED].chosen["rate"]
    value["equal time"] = run_seeds(FORCED, rate, round(LONGER * found.steps))
    unit = "s, % wrong, nats per token, % of later pieces right"
    yield Measurement("sampling.numbers.facts", value, unit, list(SEEDS))


def run_seeds(name: str, rate: float, steps: int) -> dict[str, Any]:
    """The facts of each seed."""
    runs = [collect_facts(run_network(name, rate, seed, steps)) for seed in SEEDS]
    return {"rate": rate, "steps": steps, "runs": runs}


def measure_level(asked: Options) -> Iterator[Measurement]:
    """Teacher forcing in no more time than QUICKEST takes, in turns with it."""
    known = from_json(read()["sampling.numbers"]["value"]).results
    steps = asked.steps or STEPS
    level = round(LEVEL * steps)
    rate, other = (known[name].chosen["rate"] for name in (FORCED, QUICKEST))
    beside = []
    for seed in SEEDS:
        run_network(FORCED, rate, seed, level)
        beside.append(round(run_network(QUICKEST, other, seed, steps).seconds, 2))
    value = run_seeds(FORCED, rate, level) | {"beside": beside}
    unit = "s, % wrong, nats per token, % of later pieces right"
    yield Measurement("sampling.level", value, unit, list(SEEDS))


TRAINING = Training(
    "sampling", __doc__, {}, {"numbers": measure_numbers, "level": measure_level}
)
