"""Translate Multi30k's captions from English to German: chapters 13 and 14.

"dot" has attention, "vector" one vector; the two have about as many weights,
the same pieces, batches, updates and rates. Teacher forcing's loss on the
validation part keeps the best weights, and its BLEU chooses the beam's length
penalty; the tests of 2016 and 2017 are asked once. BLEU and chrF by sacrebleu
on raw text. "baselines": a table of pieces, the nearest known sentence, a
copy. About 40 minutes of one core a network; --weights FOLDER keeps the
weights there (the set's licence keeps them out of the package), and a network
that is there already is scored, not trained. Under "real.multi30k.".
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from sacrebleu.metrics import BLEU, CHRF

from rnncore.application import cooling, seeded
from rnncore.data.public.texts import Captions, multi30k
from rnncore.data.translation import Pair
from rnncore.seq2seq import Translator
from rnncore.translate.baselines import learn_word_table, nearest
from rnncore.translate.recipe import tie_readout, write_by_beam
from rnncore.translate.subwords import SubWords, learn_subwords
from rnncore.translate.training import (
    build_translator,
    mean_loss,
    shuffled_batches,
    translate,
    translate_loss,
)
from tools.train.runner import (
    Measurement,
    Options,
    Training,
    fit_once,
    list_measurements,
)

PIECES, H, B, DROPOUT, SMOOTHING = 2000, 256, 64, 0.3, 0.1
STEPS, RATE, FALLING = 5000, 0.002, 0.8  # the part of the steps with a falling rate
WIDTH, PENALTIES = 5, (0.6, 1.0, 1.5, 2.0)
AT_ONCE = 64  # sentences, each with a beam
TABLE = 3000  # pairs from which the table of pieces is learned
LENGTHS = 1, 8, 11, 14, 18, 100  # words of a source: from one to below the next
READ = 10  # translations to be read
UNITS = {"": "see keys", "seconds": "s of one core", "weights": "weights"}

Say = Callable[[Sequence[str]], list[str]]


class TranslationTask(NamedTuple):
    """The captions in three parts, and pieces of the training part alone."""

    parts: Captions
    source: SubWords
    target: SubWords


@cache
def task_of(pieces: int = PIECES) -> TranslationTask:
    """The same for both networks and the baselines."""
    parts = multi30k("en", "de")
    sides = zip(*parts.train, strict=True)
    return TranslationTask(parts, *(learn_subwords(side, pieces) for side in sides))


def encode_pairs(
    task: TranslationTask, pairs: Sequence[Pair]
) -> list[tuple[list[int], list[int]]]:
    """Both sides of each pair as numbers."""
    encode, write = task.source.encode, task.target.encode
    return [(encode(p.source), write(p.target)) for p in pairs]


def measure_scores(said: Sequence[str], pairs: Sequence[Pair]) -> dict[str, Any]:
    """BLEU with its 95 % interval over sentences, chrF, and their signatures."""
    wanted = [[p.target for p in pairs]]
    bleu, chrf = BLEU(), CHRF()
    found = bleu.corpus_score(list(said), wanted, n_bootstrap=1000)
    return {
        "bleu": round(found.score, 2),
        "interval": round(getattr(found, "_ci", 0.0), 2),
        "chrf": round(chrf.corpus_score(list(said), wanted).score, 2),
        "length": round(found.sys_len / found.ref_len, 3),
        "signatures": [str(bleu.get_signature()), str(chrf.get_signature())],
    }


def by_length(said: Sequence[str], pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """BLEU of shorter and of longer sources, each as a separate corpus."""
    size = np.array([len(p.source.split()) for p in pairs])
    found = []
    for low, high in pairwise(LENGTHS):
        chosen = np.flatnonzero((size >= low) & (size < high)).tolist()
        if len(chosen):
            part = measure_scores([said[k] for k in chosen], [pairs[k] for k in chosen])
            kept = {name: part[name] for name in ("bleu", "interval", "length")}
            words = [low, int(size[chosen].max())]
            found.append({"words": words, "sentences": len(chosen), **kept})
    return found


def run_tests(task: TranslationTask, say: Say) -> dict[str, Any]:
    """The scores of both tests, and by length over the two together."""
    known: list[Pair] = []
    said: list[str] = []
    found: dict[str, Any] = {}
    for name in ("test_2016", "test_2017"):
        pairs = getattr(task.parts, name)
        new = say([p.source for p in pairs])
        found[name] = measure_scores(new, pairs)
        known, said = known + pairs, said + new
    return {**found, "by_length": by_length(said, known)}


def build(task: TranslationTask, decoder: str, seed: int) -> Translator:
    """One of the two networks with its first weights."""
    with seeded(seed):
        sizes = task.source.size, task.target.size, H, H
        return tie_readout(build_translator(*sizes, decoder, DROPOUT))


def load_or_train(
    decoder: str, seed: int, asked: Options, task: TranslationTask
) -> tuple[Translator, dict[str, Any]]:
    """A network and what is known of its training; from a file if it is there."""
    model = build(task, decoder, seed)
    steps, looked = asked.steps or STEPS, encode_pairs(task, task.parts.validation)
    sources, targets = zip(*encode_pairs(task, task.parts.train), strict=True)
    facts = fit_once(
        model,
        "multi30k",
        f"multi30k_{decoder}",
        seed,
        asked,
        loss=partial(translate_loss, epsilon=SMOOTHING),
        next_batch=shuffled_batches(sources, targets, B),
        rate=RATE,
        steps=steps,
        optimizer=partial(cooling, last=FALLING),
        evaluate=lambda m: mean_loss(m, looked),
        evaluate_every=max(1, steps // 12),
    )
    return model, facts


def run(decoder: str, seed: int, asked: Options) -> Iterator[Measurement]:
    """One network: what its training gave, and what it is worth."""
    task = task_of()
    model, facts = load_or_train(decoder, seed, asked, task)
    key = f"real.multi30k.{decoder}"
    yield from list_measurements(key, facts, UNITS)
    held = task.parts.validation
    looked = [p.source for p in held]
    by_greedy = partial(translate, model, task.source, task.target)

    def by_beam(sentences: Sequence[str], alpha: float) -> list[str]:
        return by_greedy(sentences, AT_ONCE, write_by_beam(WIDTH, alpha))

    chosen = {a: measure_scores(by_beam(looked, a), held)["bleu"] for a in PENALTIES}
    greedy = measure_scores(by_greedy(looked), held)["bleu"]
    best = max(PENALTIES, key=lambda alpha: chosen[alpha])
    found = {
        "validation_bleu": {f"beam {k:g}": v for k, v in chosen.items()}
        | {"greedy": greedy},
        "penalty": best,
        "beam": run_tests(task, partial(by_beam, alpha=best)),
        "greedy": run_tests(task, by_greedy),
    }
    test = task.parts.test_2016
    drawn = np.random.default_rng(0).choice(len(test), READ, replace=False)
    read = [test[k] for k in sorted(drawn)]
    said = by_beam([p.source for p in read], best)
    found["read"] = [[*pair, out] for pair, out in zip(read, said, strict=True)]
    yield from list_measurements(key, found, UNITS)


def run_baselines(asked: Options) -> Iterator[Measurement]:
    """What needs no network, on both tests."""
    task = task_of()
    known = task.parts.train
    table = learn_word_table(task.source, task.target, known[:TABLE])
    rivals: dict[str, Say] = {
        "table": table.translate,
        "nearest": lambda s: nearest(task.source, known, s),
        "copy": list,
    }
    found = {name: run_tests(task, say) for name, say in rivals.items()}
    yield from list_measurements("real.multi30k.baselines", found, "see keys", 0)


TRAINING = Training(
    "multi30k",
    __doc__,
    {name: partial(run, name) for name in ("dot", "vector")},
    {"baselines": run_baselines},
    "real.multi30k",
)
