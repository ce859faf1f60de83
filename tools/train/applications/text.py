"""Train chapter 10's language models: words, Python source, folk tunes.

    python -m tools.train text words          one of the sets, or several

Three seeds each; scores of the network and of its baselines, on text that
neither training nor tuning saw, go to book/measurements.json under "text.",
the weights of seed 0 to rnncore/weights/. The documentation comes with the
reader's own Python, so its scores belong to a version, recorded beside them.
The rate falls to 0 over the last 40 % of the steps. About a minute and a
half of one core a seed and set for words and tunes, three for Python.
With --check it trains a few steps and writes nothing.
"""

import argparse
import importlib.metadata
import math
import os
import platform
import time
from collections.abc import Callable
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
from rnncore.text.corpora import (
    Corpus,
    documentation_corpus,
    python_corpus,
    tunes_corpus,
)
from rnncore.text.model import (
    LanguageModel,
    contiguous_windows,
    dynamic_nats,
    language_loss,
    stretches,
    token_nats,
)
from rnncore.text.ngrams import (
    bits_given,
    fit_kneser_ney,
    kneser_ney_probabilities,
)
from rnncore.text.storage import load_model, save_model
from rnncore.text.vocabulary import character_vocabulary, word_vocabulary
from rnncore.train import Schedule
from tools.measurements import record

SEEDS = range(3)
RATES = (0.3, 1.0, 3.0, 10.0)  # of dynamic evaluation
TRIED = 24  # windows on which each of these rates is tried
COPIED = 8  # tokens: a run that also stands in training was copied
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)  # of the network in a mixture


class Plan(NamedTuple):
    """What is trained, and how."""

    corpus: Callable[[int], Corpus]  # of a seed
    words: bool
    H: int
    dropout: float
    rate: float
    T: int
    B: int
    steps: int
    every: int
    orders: tuple[int, ...]  # of the n-grams to choose from
    lanes: int  # in which the test text is read
    weights: str = ""  # a name, if seed 0 is kept


PLANS = {
    "words-random": Plan(
        lambda seed: documentation_corpus(seed, apart=False),
        True, 128, 0.5, 0.005, 35, 20, 2000, 200, (2, 3, 4, 5), 1,
    ),
    "words-apart": Plan(
        lambda seed: documentation_corpus(seed, apart=True),
        True, 128, 0.5, 0.005, 35, 20, 2000, 200, (2, 3, 4, 5), 1,
        "text_words",
    ),
    "python": Plan(
        lambda seed: python_corpus(),
        False, 192, 0.1, 0.004, 64, 24, 3000, 250, (4, 5, 6, 7, 8), 8,
        "text_python",
    ),
    "tunes": Plan(
        lambda seed: tunes_corpus(),
        False, 192, 0.1, 0.004, 64, 24, 800, 100, (4, 5, 6, 7, 8), 8,
        "text_tunes",
    ),
}  # fmt: skip


def train(name: str, seed: int, steps: int | None = None) -> dict:
    """One run: its scores, and those of the baselines on the same text."""
    plan = PLANS[name]
    training, valid, test = plan.corpus(seed).texts()
    if plan.words:
        vocabulary = word_vocabulary(training, least=3)
    else:
        vocabulary = character_vocabulary(training)
    ids, ids_valid, ids_test = map(
        vocabulary.encode, (training, valid, test)
    )

    with seeded(seed):
        K = vocabulary.size
        model = LanguageModel(K, plan.H, "LSTM", 1, plan.dropout)
    rows = stretches(ids, plan.B)
    rows_valid = stretches(ids_valid, 32)
    rows_test = stretches(ids_test, plan.lanes)
    count = steps or plan.steps
    begun = time.process_time()
    result = train_module(
        model,
        language_loss,
        contiguous_windows(rows, plan.T),
        optimizer=cooling(plan.rate, count),
        schedule=Schedule(
            count,
            clip=1.0,
            evaluate_every=plan.every,
            progress=lambda s: tqdm(
                s, desc=f"{name} {seed}", mininterval=5
            ),
        ),
        rng=np.random.default_rng(seed),
        carry=model.zero_state(plan.B),
        evaluate=lambda m: float(token_nats(m, rows_valid).mean()),
    )
    seconds = time.process_time() - begun
    network = token_nats(model, rows_test)
    scores = {
        "network": network.mean(),
        "valid": min(result.history.score),
        "curve": result.history.score,
        "training": float(np.mean(result.history.loss[-plan.every :])),
        "seconds": seconds,
        "steps": plan.steps,
        "tokens": [len(ids), len(ids_valid), len(ids_test)],
        "unknown": float(np.mean(ids_test == 0)),
        "uniform": math.log(vocabulary.size),
    }
    if steps:
        return scores
    save(plan, model, vocabulary, name, seed, scores, rows_test)
    scores |= dynamic(plan, model, ids_valid, rows_test)
    return scores | baselines(
        plan, vocabulary, model, (training, valid, test)
    )


def save(plan, model, vocabulary, name, seed, scores, rows_test) -> None:
    """The weights of seed 0 in half precision, with the score they have."""
    if seed or not plan.weights:
        return
    WEIGHTS.mkdir(exist_ok=True)
    path = WEIGHTS / f"{plan.weights}.safetensors"
    about: dict[str, Any] = {**origin(f"python -m tools.train text {name}")}
    about |= {"seed": seed, "seconds": round(scores["seconds"])}
    about |= {"set": name, "versions": versions()}
    save_model(path, model, vocabulary, about, torch.float16)
    half, _, _ = load_model(path)
    score = float(token_nats(half, rows_test).mean())
    unit = "nats a token, held-out test text"
    about |= {"score": score, "unit": unit, "lanes": plan.lanes}
    save_model(path, model, vocabulary, about, torch.float16)


def dynamic(plan, model, ids_valid, rows_test) -> dict:
    """Dynamic evaluation, its rate chosen on the validation text."""
    some = stretches(ids_valid, 8)[: 1 + TRIED * plan.T]
    found = {
        rate: dynamic_nats(model, some, rate, plan.T).mean()
        for rate in RATES
    }
    rate = min(found, key=lambda r: found[r])
    nats = dynamic_nats(model, rows_test, rate, plan.T)
    return {"dynamic": nats.mean(), "dynamic_rate": rate}


def baselines(plan, vocabulary, model, texts) -> dict:
    """n-grams of the order that suits the validation text; mixtures."""
    ids, valid, test = map(vocabulary.encode, texts)
    by_order = {}
    for n in (1, *plan.orders):
        fitted = fit_kneser_ney(ids, n, vocabulary.size)
        by_order[n] = [
            -np.log(kneser_ney_probabilities(fitted, held))
            for held in (valid, test)
        ]
    order = min(plan.orders, key=lambda n: by_order[n][0].mean())
    own = [
        token_nats(model, stretches(held, plan.lanes)).T.flatten()
        for held in (valid, test)
    ]
    counted = [
        nats[1 : 1 + len(a)]
        for nats, a in zip(by_order[order], own, strict=True)
    ]

    def mixed(share: float, part: int) -> float:
        p = share * np.exp(-own[part])
        p += (1 - share) * np.exp(-counted[part])
        return float(-np.log(p).mean())

    share = min(SHARES, key=lambda s: mixed(s, 0))
    scores = {
        "order": order,
        "ngrams": counted[1].mean(),
        "by_order": [nats[1].mean() for nats in by_order.values()],
        "mixed": mixed(share, 1),
        "mixed_share": share,
    }
    if plan.words:
        copied = stand_in(ids, test, COPIED)[1 : 1 + len(own[1])]
        scores["copied"] = copied.mean()
        for name, nats in ("network", own[1]), ("ngrams", counted[1]):
            scores[f"{name}_copied"] = nats[copied].mean()
            scores[f"{name}_fresh"] = nats[~copied].mean()
    else:
        bits = bits_given(texts[0], texts[2])
        scores["lzma"] = bits * math.log(2) / len(texts[2])
    return scores


def stand_in(training: np.ndarray, test: np.ndarray, n: int) -> np.ndarray:
    """Which test tokens end a run of n tokens that training holds too."""
    runs = set(
        zip(*(training[k:].tolist() for k in range(n)), strict=False)
    )
    found = [
        tuple(test[max(0, t + 1 - n) : t + 1].tolist()) in runs
        for t in range(len(test))
    ]
    return np.array(found)


def versions() -> dict[str, str]:
    """What the texts come from."""
    found = {"python": platform.python_version()}
    for package in ("pytest", "music21", "tokenizers", "torch"):
        found[package] = importlib.metadata.version(package)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sets", nargs="*", default=list(PLANS))
    parser.add_argument("--check", action="store_true", help="few steps")
    given = parser.parse_args()
    for name in given.sets:
        if name not in PLANS:
            parser.error(f"expected some of {', '.join(PLANS)}")
        if given.check:
            scores = train(name, 0, steps=3)
            assert scores["network"] < 1.2 * scores["uniform"]
            continue
        runs = [train(name, seed) for seed in SEEDS]
        record(
            {
                f"text.{name}.{key}": [run[key] for run in runs]
                for key in runs[0]
            },
            unit="nats a token, unless its name says otherwise",
            seed=list(SEEDS),
            command=f"python -m tools.train text {name}",
        )
        record(
            {"text.versions": versions()},
            unit="version",
            seed=0,
            command=f"python -m tools.train text {name}",
        )
        for key in ("network", "dynamic", "ngrams", "mixed", "seconds"):
            print(name, key, [round(float(run[key]), 3) for run in runs])


if __name__ == "__main__":
    main()
