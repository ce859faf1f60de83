"""Train the translators of chapters 13 and 14.

    python -m tools.train translate            all of them
    python -m tools.train translate de-dot     one, or several

Numbers in words from English to German and French, dates to German. No
number or day of a test is in training; "longer" numbers have one digit more
than any in training. Three seeds each; each run goes, as soon as it is
done, to book/measurements.json under "translate.", with the baselines of
its task; of de-vector and de-dot the weights of seed 0 go to
rnncore/weights/. A run that is there already is not repeated, unless
--again is given. About a minute of one core a run. With --check it trains
a few steps of each and writes nothing.
"""

import argparse
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

for _name in "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS":
    os.environ.setdefault(_name, "1")

import numpy as np
import torch
from tqdm import tqdm

from rnncore.application import (
    WEIGHTS,
    cooling,
    origin,
    seeded,
    train_module,
)
from rnncore.data.translation import (
    Pair,
    Pairs,
    date_pairs,
    draw_numbers,
    number_pairs,
)
from rnncore.seq2seq import Translator
from rnncore.train import Schedule
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
from tools.measurements import read, record

SEEDS = range(3)
DIGITS, PIECES = 11, 340
D, H, B, RATE, DROPOUT = 64, 128, 128, 0.004, 0.1


class Plan(NamedTuple):
    """What is trained, and for how long."""

    task: str
    decoder: str
    steps: int


PLANS = {
    "de-dot": Plan("de", "dot", 400),
    "de-vector": Plan("de", "vector", 400),
    "de-state": Plan("de", "state", 400),
    "de-additive": Plan("de", "additive", 400),
    "dates-dot": Plan("dates", "dot", 200),
    "fr-dot": Plan("fr", "dot", 240),
    "de-vector-half": Plan("de", "vector", 200),
}
KEPT = {"de-dot": "translate_dot", "de-vector": "translate_vector"}


class Task(NamedTuple):
    """Pairs, how many digits their numbers have, and sub-words."""

    pairs: Pairs
    digits: list[int]  # of the test, then of the longer ones; none of dates
    source: SubWords
    target: SubWords


@cache
def task_of(name: str) -> Task:
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
    return Task(pairs, digits, *(learn_subwords(s, PIECES) for s in sides))


def coded(task: Task, pairs: Sequence[Pair]) -> tuple[list, list]:
    """Both sides of some pairs as numbers."""
    return (
        [task.source.encode(p.source) for p in pairs],
        [task.target.encode(p.target) for p in pairs],
    )


def scores(
    task: Task, say: Callable[[list[str]], list[str]]
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
        good = Counter(
            d for d, r in zip(task.digits, right, strict=True) if r
        )
        found["by_digits"] = {
            str(d): [good[d], count[d]] for d in sorted(count)
        }
    return found


def train(name: str, seed: int, few: int | None = None) -> dict[str, Any]:
    """One run, and what it is worth on what it has not seen."""
    plan = PLANS[name]
    task, steps = task_of(plan.task), few or plan.steps
    with seeded(seed):
        model = build_translator(
            task.source.size,
            task.target.size,
            D,
            H,
            plan.decoder,
            DROPOUT,
        )
    valid = batch_of(*coded(task, task.pairs.validation))
    begun = time.process_time()
    result = train_module(
        model,
        translate_loss,
        shuffled_batches(*coded(task, task.pairs.train), B),
        optimizer=cooling(RATE, steps),
        schedule=Schedule(
            steps,
            clip=1.0,
            evaluate_every=max(1, steps // 10),
            progress=lambda s: tqdm(
                s, desc=f"{name} {seed}", mininterval=10
            ),
        ),
        rng=np.random.default_rng(seed),
        evaluate=lambda m: float(translate_loss(m, valid, None)[0]),
    )
    facts = {
        "seconds": round(time.process_time() - begun, 1),
        "weights": sum(w.numel() for w in model.parameters()),
        "steps": steps,
        "loss": [round(x, 5) for x in result.history.score],
        **model_scores(task, model),
    }
    if seed == 0 and name in KEPT and not few:
        keep(name, task, model, facts)
    return facts


def model_scores(task: Task, model: Translator) -> dict[str, Any]:
    """The scores of greedy translations."""
    return scores(
        task, lambda s: translate(model, task.source, task.target, s)
    )


def keep(name: str, task: Task, model: Translator, facts: dict) -> None:
    """Weights in half precision, and the score that they have as such."""
    for weights in model.parameters():
        weights.data = weights.data.half().float()
    scores = model_scores(task, model)
    about = {
        **origin(f"python -m tools.train translate {name}"),
        "seed": 0,
        "seconds": facts["seconds"],
        "steps": facts["steps"],
        "task": PLANS[name].task,
        "scores": scores,
        "score": scores["test"]["exact"],
        "unit": "% exact",
    }
    save_translator(
        WEIGHTS / f"{KEPT[name]}.safetensors",
        model,
        PLANS[name].decoder,
        task.source,
        task.target,
        about,
        torch.float16,
    )


def baselines(task: Task) -> dict[str, Any]:
    """The nearest pair, and a table of pieces, on the same tests."""
    known = task.pairs.train
    table = learn_word_table(task.source, task.target, known[:3000])
    return {
        "nearest": scores(task, lambda s: nearest(task.source, known, s)),
        "table": scores(task, table.translate),
    }


def main() -> None:
    """All runs that are asked for, one after the other."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", choices=[*PLANS, []])
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    if arguments.check:
        print({name: train(name, 0, few=2) for name in PLANS})
        return
    command = "python -m tools.train translate"
    for seed in arguments.seeds:
        for name in arguments.names or PLANS:
            key = f"translate.{name}.{seed}"
            if key in read() and not arguments.again:
                continue
            facts = train(name, seed)
            print(key, facts, flush=True)
            record(
                {key: facts}, unit="see keys", seed=seed, command=command
            )
    for task in {PLANS[name].task for name in arguments.names or PLANS}:
        key = f"translate.{task}.baselines"
        if key in read() and not arguments.again:
            continue
        facts = baselines(task_of(task))
        record({key: facts}, unit="%", seed=0, command=command)


if __name__ == "__main__":
    main()
