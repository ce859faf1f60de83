"""Let chapter 10's stored models write, and judge what they wrote.

By temperature, and for the other ways to choose: the share of functions
that Python's parser accepts, of tunes that music21 reads and of bars that
fit their metre; how much of it is in the training text, how much is
said twice. Three seeds of drawing, one trained model. The baselines are
n-gram models that write as many texts, with one discount and with three,
each of the order that the validation text chose ("counts"); the measure of
what is possible is the held-out text itself. Under "writing.".
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

import numpy as np

from rnncore.storage.weights import stored
from rnncore.text.corpora import python_corpus, tunes_corpus
from rnncore.text.generation import generate
from rnncore.text.ngrams import KneserNey, kneser_ney_next
from rnncore.text.sample_quality import (
    bars_that_fit,
    first_function,
    line_parses,
    parses,
    read_tune,
)
from rnncore.text.sampling import (
    at_temperature,
    draw_tokens,
    nucleus,
    repeated_share,
    top_k,
)
from rnncore.text.storage import load_model
from rnncore.text.vocabulary import Vocabulary, character_vocabulary
from tools.train.ch10.text import SMOOTHED, chosen_counts, describe_versions
from tools.train.runner import Measurement, Options, Training, list_measurements

SHAPES = {
    **{
        f"temperature {t:g}": partial(at_temperature, temperature=t)
        for t in (0.25, 0.5, 0.75, 1.0, 1.25)
    },
    "top 5": lambda a: top_k(at_temperature(a, 1), 5),
    "nucleus 0.9": lambda a: nucleus(at_temperature(a, 1), 0.9),
}
FUNCTION = "\n\n    @property\n    def "  # a short method
TUNE = "\n\nM:6/8\nL:1/8\nK:G\n"
COUNTED = {"temperature 1": lambda p: p, "nucleus 0.9": lambda p: nucleus(p, 0.9)}
LENGTH = 400  # characters at most


def write_texts(model, vocabulary, prompt, shape, seed, count) -> list[str]:
    """What the network makes of a prompt, `count` times."""
    ids = np.repeat(vocabulary.encode(prompt)[:, None], count, axis=1)
    steps = generate(model, ids, np.random.default_rng(seed), shape)
    drawn = np.stack(list(islice(steps, LENGTH)))
    return [vocabulary.decode(column) for column in drawn.T]


def counted_texts(
    fitted: KneserNey,
    vocabulary: Vocabulary,
    prompt: str,
    seed: int,
    count: int,
    shape: Callable[[np.ndarray], np.ndarray],
) -> list[str]:
    """The same by an n-gram model, all texts one character at a time."""
    rng = np.random.default_rng(seed)
    begun = vocabulary.encode(prompt)
    texts = np.tile(np.asarray(begun)[:, None], count)
    for _ in range(LENGTH):
        p = kneser_ney_next(fitted, texts[1 - len(fitted.orders) :])
        texts = np.concatenate([texts, draw_tokens(rng, shape(p))[None]])
    return [vocabulary.decode(column) for column in texts[len(begun) :].T]


def measure_copied(written: list[str], training: str, length: int = 30) -> float:
    """The share of runs of 30 characters that also occur in training."""
    runs = {training[t : t + length] for t in range(len(training))}
    found = [
        text[t : t + length] in runs
        for text in written
        for t in range(len(text) - length + 1)
    ]
    return float(np.mean(found)) if found else 0.0


def judge_functions(written: list[str], training: str) -> dict[str, float]:
    """Shares of everything that was written, also if unfinished."""
    functions = [first_function("    def " + text) for text in written]
    done = [f for f in functions if f]
    lines = [
        line
        for text in written
        for line in text.splitlines()[1:-1]
        if line.strip() and line.strip()[0] != "#"
    ]
    return {
        "finished": len(done) / len(written),
        "accepted": sum(map(parses, done)) / len(written),
        "lines": float(np.mean([line_parses(x) for x in lines])),
        "repeated": float(np.mean([repeated_share(t, 12) for t in written])),
        "copied": measure_copied(written, training),
    }


def judge_tunes(written: list[str], training: str) -> dict[str, float]:
    """Tunes end at an empty line; bars are held against 6/8."""
    bodies = [text.split("\n\n")[0] for text in written]
    done = [b for b, t in zip(bodies, written, strict=True) if b != t]
    head = TUNE.lstrip()
    read, fit, bars = 0, 0, 0
    for body in bodies:
        good, counted = bars_that_fit(head + body)
        fit, bars = fit + good, bars + counted
        try:
            read_tune(head + body)
        except ValueError:
            continue
        read += 1
    return {
        "finished": len(done) / len(written),
        "accepted": read / len(written),
        "bars": fit / max(1, bars),
        "repeated": float(np.mean([repeated_share(t, 12) for t in written])),
        "copied": measure_copied(written, training),
    }


JOBS = {
    "python": (python_corpus, FUNCTION, judge_functions),
    "tunes": (tunes_corpus, TUNE, judge_tunes),
}


def read_real(name: str, test: str) -> list[str]:
    """Continuations of the prompt in the held-out text itself."""
    start = FUNCTION if name == "python" else "\n\nM:6/8\nL:1/8\n"
    pieces = test.split(start)[1:]
    if name == "tunes":
        pieces = [piece.partition("\n")[2] for piece in pieces]
    return [p[:LENGTH] for p in pieces if len(p) > LENGTH // 2]


def measure(name: str, asked: Options) -> Iterator[Measurement]:
    """What a network writes of one kind, and people; how good it is."""
    corpus, prompt, judge = JOBS[name]
    training, _, test = corpus().texts()
    model, vocabulary, _ = load_model(stored(f"text_{name}"))
    found = {}
    for how, shape in SHAPES.items():
        written = [
            write_texts(model, vocabulary, prompt, shape, seed, how_many(asked))
            for seed in asked.seeds
        ]
        found[how] = [judge(some, training) for some in written]
    found["held out"] = [judge(read_real(name, test), training)]
    yield from run_shares(name, found, asked)


def run_counts(asked: Options) -> Iterator[Measurement]:
    """What the n-grams write of both kinds, and how good it is."""
    for name, (corpus, prompt, judge) in JOBS.items():
        training, _, _ = corpus().texts()
        vocabulary = character_vocabulary(training)
        found = {}
        for discounts in SMOOTHED:
            fitted = chosen_counts(name, discounts, vocabulary, training)
            for how, shape in COUNTED.items():
                written = [
                    counted_texts(
                        fitted, vocabulary, prompt, seed, how_many(asked), shape
                    )
                    for seed in asked.seeds
                ]
                runs = [judge(some, training) for some in written]
                found[f"n-grams {discounts}, {how}"] = runs
        yield from run_shares(name, found, asked)


def how_many(asked: Options) -> int:
    """Texts of each way and seed."""
    return 4 if asked.check else 60


def run_shares(
    name: str, found: dict[str, list[dict[str, float]]], asked: Options
) -> Iterator[Measurement]:
    for how, runs in found.items():
        values = {key: [run[key] for run in runs] for key in runs[0]}
        prefix = f"writing.{name}.{how}"
        yield from list_measurements(prefix, values, "share", list(asked.seeds))
    yield Measurement("writing.versions", describe_versions(), "version", 0)


TRAINING = Training(
    "judge_text",
    __doc__,
    {},
    {name: partial(measure, name) for name in JOBS} | {"counts": run_counts},
    "writing",
)
