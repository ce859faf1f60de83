"""Train the translators of chapters 13 and 14.

Numbers in words from English to German and French, dates to German. No
number or day of a test is in training; "longer" numbers have one digit more
than any in training. Three seeds each, under "translate.", with the
baselines of each task; of three the weights of seed 0 go to rnncore/weights/.
Those of de are as long as one vector needs; "half", "quarter" and "double"
are whole runs of so many updates, of the last two one seed is recorded;
"fast" has the rate of "half". About 80 seconds of one core a run.

"rates": three decoders on de, each at every learning rate with three seeds,
half as long; "rates.whole": the two that train for the whole time, through
it. Each run has the rate that was chosen for its decoder and its time. About
30 minutes of one core each.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from rnncore.application import seeded
from rnncore.comparison import Setting, Trained, compare, to_json
from rnncore.data.translation import Pair, Pairs, date_pairs, draw_numbers, number_pairs
from rnncore.storage.weights import halved
from rnncore.translate.baselines import learn_word_table, nearest
from rnncore.translate.storage import save_translator
from rnncore.translate.subwords import SubWords, learn_subwords
from rnncore.translate.training import (
    batch_of,
    build_translator,
    quality,
    shuffled_batches,
    translate,
    translate_loss,
)
from tools.train.runner import Measurement, Options, Training, describe_run, fit_module

DIGITS, PIECES = 11, 340
D, H, B, DROPOUT = 64, 128, 128, 0.1
HALF, WHOLE = 400, 800  # updates


class TranslationPlan(NamedTuple):
    """What is trained, for how long, and at which learning rate."""

    task: str
    decoder: str
    steps: int
    rate: float  # the one that "rates" or "rates.whole" chose


PLANS = {
    "de-dot": TranslationPlan("de", "dot", WHOLE, 0.008),
    "de-vector": TranslationPlan("de", "vector", WHOLE, 0.008),
    "de-state": TranslationPlan("de", "state", HALF, 0.016),
    "dates-dot": TranslationPlan("dates", "dot", 200, 0.016),
    "fr-dot": TranslationPlan("fr", "dot", 240, 0.016),
    "de-dot-fast": TranslationPlan("de", "dot", WHOLE, 0.016),
    "de-dot-half": TranslationPlan("de", "dot", HALF, 0.016),
    "de-vector-half": TranslationPlan("de", "vector", HALF, 0.008),
    "de-vector-double": TranslationPlan("de", "vector", 1600, 0.008),
    "de-vector-quarter": TranslationPlan("de", "vector", 200, 0.008),
}
COMPARED = {  # by study: which, where the search begins, how long
    "rates": (["de-dot", "de-vector", "de-state"], [0.002, 0.004, 0.008], HALF),
    "rates.whole": (["de-dot", "de-vector"], [0.004, 0.008, 0.016], WHOLE),
}
KEPT = {
    "de-dot": "translate_dot",
    "de-vector": "translate_vector",
    "de-vector-half": "translate_vector_half",  # makes mistakes to look at
}


class TranslationTask(NamedTuple):
    """Pairs, how many digits their numbers have, and sub-words."""

    pairs: Pairs
    digits: list[int]  # of the test, then of the longer ones; none of dates
    source: SubWords
    target: SubWords


@cache
def task_of(name: str) -> TranslationTask:
    """The same for all seeds and decoders."""
    rng = np.random.default_rng(0)
    if name == "dates":
        pairs, digits = date_pairs(rng, "en", "de"), []
    else:
        sizes = {"digits": DIGITS, "train": 20_000, "held_out": 1_000}
        pairs = number_pairs(rng, "en", name, **sizes)
        drawn = draw_numbers(np.random.default_rng(0), **sizes)
        digits = [len(str(n)) for part in drawn[2:] for n in part]
    sides = zip(*pairs.train, strict=True)
    return TranslationTask(pairs, digits, *(learn_subwords(s, PIECES) for s in sides))


def encode_pairs(task: TranslationTask, pairs: Sequence[Pair]) -> tuple[list, list]:
    """Both sides of some pairs as numbers."""
    return (
        [task.source.encode(p.source) for p in pairs],
        [task.target.encode(p.target) for p in pairs],
    )


def measure_scores(
    task: TranslationTask, say: Callable[[list[str]], list[str]]
) -> dict[str, Any]:
    """How good translations of the test and of the longer numbers are.

    "by_digits" has how many are right, and of how many.
    """
    found: dict[str, Any] = {}
    right: list[bool] = []
    for name in ("test", "longer"):
        pairs = getattr(task.pairs, name)
        if not pairs:
            continue
        said = say([p.source for p in pairs])
        found[name] = quality(said, pairs)._asdict()
        right += [a == p.target for a, p in zip(said, pairs, strict=True)]
    if task.digits:
        count = Counter(task.digits)
        good = Counter(d for d, r in zip(task.digits, right, strict=True) if r)
        found["by_digits"] = {str(d): [good[d], count[d]] for d in sorted(count)}
    return found


class TranslationRun(NamedTuple):
    """A trained translator, its validation loss on the way, seconds of one core."""

    model: Any
    losses: list[float]
    seconds: float


def run(name: str, rate: float, seed: int, steps: int, every: int) -> TranslationRun:
    """A translator after a number of updates from this rate down to 0."""
    plan = PLANS[name]
    task = task_of(plan.task)
    sizes = task.source.size, task.target.size, D, H
    with seeded(seed):
        model = build_translator(*sizes, plan.decoder, DROPOUT)
    valid = batch_of(*encode_pairs(task, task.pairs.validation))
    result, seconds = fit_module(
        model,
        translate_loss,
        shuffled_batches(*encode_pairs(task, task.pairs.train), B),
        rate,
        steps,
        seed,
        f"{name} {rate:g}",
        evaluate=lambda m: float(translate_loss(m, valid, None)[0]),
        evaluate_every=every,
    )
    return TranslationRun(model, result.history.score, seconds)


def train(name: str, seed: int, asked: Options) -> Iterator[Measurement]:
    """One run, and what it is worth on what it has not seen."""
    plan = PLANS[name]
    task, steps = task_of(plan.task), asked.steps or plan.steps
    model, losses, seconds = run(name, plan.rate, seed, steps, max(1, steps // 10))
    facts = {
        "seconds": round(seconds, 1),
        "weights": sum(w.numel() for w in model.parameters()),
        "steps": steps,
        "loss": [round(x, 5) for x in losses],
        **model_scores(task, model),
    }
    yield Measurement(f"translate.{name}.{seed}", facts, "see keys", seed)
    if name in KEPT and asked.keeps(seed):
        scores = model_scores(task, halved(model))
        known = describe_run(asked, seconds, scores=scores, unit="% exact")
        known |= {"steps": steps, "task": plan.task}
        known["score"] = scores["test"]["exact"]
        path = asked.weights / f"{KEPT[name]}.safetensors"
        pieces = task.source, task.target
        save_translator(path, model, plan.decoder, *pieces, known, torch.float16)


def train_at(name: str, setting: Setting, seed: int, steps: int) -> Trained:
    """One run of the comparison; its test score is how many % are wrong."""
    model, losses, _ = run(name, setting["rate"], seed, steps, steps)
    tqdm.write(f"{name} {setting} {seed}: {losses[-1]:.5f}")
    task = task_of(PLANS[name].task)
    return Trained(
        losses[-1], steps, lambda: 100 - model_scores(task, model)["test"]["exact"]
    )


def measure_rates(study: str, asked: Options) -> Iterator[Measurement]:
    """Decoders, each at its own rate."""
    names, rates, steps = COMPARED[study]
    found = compare(
        {name: partial(train_at, name) for name in names},
        {"rate": rates},
        steps=asked.steps or steps,
        seeds=(0, 1, 2),
    )
    yield Measurement(f"translate.{study}", to_json(found), "% wrong", [0, 1, 2])


def model_scores(task: TranslationTask, model: Any) -> dict[str, Any]:
    """The scores of greedy translations."""
    return measure_scores(task, lambda s: translate(model, task.source, task.target, s))


def score_baselines(task: TranslationTask) -> dict[str, Any]:
    """The nearest pair, and a table of pieces, on the same tests."""
    known = task.pairs.train
    table = learn_word_table(task.source, task.target, known[:3000])
    return {
        "nearest": measure_scores(task, lambda s: nearest(task.source, known, s)),
        "table": measure_scores(task, table.translate),
    }


def measure_baselines(name: str, asked: Options) -> Iterator[Measurement]:
    """Those of one task."""
    found = score_baselines(task_of(name))
    yield Measurement(f"translate.{name}.baselines", found, "%", 0)


TRAINING = Training(
    "translate",
    __doc__,
    {name: partial(train, name) for name in PLANS},
    {
        **{
            f"{task}.baselines": partial(measure_baselines, task)
            for task in ("de", "dates", "fr")
        },
        **{study: partial(measure_rates, study) for study in COMPARED},
    },
)
