"""Let chapter 10's stored models write, and judge what they wrote.

By temperature, and for the other ways to choose: the share of functions
that Python's parser accepts, of tunes that music21 reads and of bars that
fit their metre; how much of it stands in the training text, how much is
said twice. Three seeds of drawing, one trained model. The baseline is an
n-gram model that writes; the measure of what is possible, the held-out
text itself. Under "writing.".
"""

from collections.abc import Iterator
from functools import partial
from itertools import islice

import numpy as np

from rnncore.application import stored
from rnncore.text.corpora import python_corpus, tunes_corpus
from rnncore.text.generation import generate
from rnncore.text.judge import (
    bars_that_fit,
    first_function,
    line_parses,
    parses,
    read_tune,
)
from rnncore.text.ngrams import fit_kneser_ney, kneser_ney_next
from rnncore.text.sampling import (
    at_temperature,
    draw_tokens,
    nucleus,
    repeated_share,
    top_k,
)
from rnncore.text.storage import load_model
from tools.train.applications.text import versions
from tools.train.runner import Asked, Found, Training, founds

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
LENGTH = 400  # characters at most


def texts(model, vocabulary, prompt, shape, seed, count) -> list[str]:
    """What the network makes of a prompt, `count` times."""
    ids = np.repeat(vocabulary.encode(prompt)[:, None], count, axis=1)
    steps = generate(model, ids, np.random.default_rng(seed), shape)
    drawn = np.stack(list(islice(steps, LENGTH)))
    return [vocabulary.decode(column) for column in drawn.T]


def counted_texts(fitted, vocabulary, prompt, seed, count) -> list[str]:
    """The same by an n-gram model, one character at a time."""
    rng = np.random.default_rng(seed)
    order = len(fitted.orders)
    found = []
    for _ in range(count):
        ids = vocabulary.encode(prompt)
        for _ in range(LENGTH):
            p = kneser_ney_next(fitted, ids[len(ids) + 1 - order :])
            ids = np.append(ids, draw_tokens(rng, p))
        found.append(vocabulary.decode(ids[len(prompt) :]))
    return found


def copied(written: list[str], training: str, length: int = 30) -> float:
    """The share of runs of 30 characters that stand in training too."""
    runs = {training[t : t + length] for t in range(len(training))}
    found = [
        text[t : t + length] in runs
        for text in written
        for t in range(len(text) - length + 1)
    ]
    return float(np.mean(found)) if found else 0.0


def judge_functions(written: list[str], training: str) -> dict[str, float]:
    """Shares of all that was written, also of what was not finished."""
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
        "copied": copied(written, training),
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
        "copied": copied(written, training),
    }


JOBS = {
    "python": (python_corpus, FUNCTION, judge_functions, 8),
    "tunes": (tunes_corpus, TUNE, judge_tunes, 6),
}


def real(name: str, test: str) -> list[str]:
    """Continuations of the prompt in the held-out text itself."""
    start = FUNCTION if name == "python" else "\n\nM:6/8\nL:1/8\n"
    pieces = test.split(start)[1:]
    if name == "tunes":
        pieces = [piece.partition("\n")[2] for piece in pieces]
    return [p[:LENGTH] for p in pieces if len(p) > LENGTH // 2]


def measure(name: str, asked: Asked) -> Iterator[Found]:
    """What all of them write of one kind, and how good it is."""
    corpus, prompt, judge, order = JOBS[name]
    training, _, test = corpus().texts()
    model, vocabulary, _ = load_model(stored(f"text_{name}"))
    count = 4 if asked.check else 60
    found = {}
    for how, shape in SHAPES.items():
        written = [
            texts(model, vocabulary, prompt, shape, seed, count) for seed in asked.seeds
        ]
        found[how] = [judge(some, training) for some in written]
    fitted = fit_kneser_ney(vocabulary.encode(training), order, vocabulary.size)
    few = max(2, count // 6)
    written = [
        counted_texts(fitted, vocabulary, prompt, seed, few) for seed in asked.seeds
    ]
    found["n-grams"] = [judge(some, training) for some in written]
    found["held out"] = [judge(real(name, test), training)]
    for how, runs in found.items():
        values = {key: [run[key] for run in runs] for key in runs[0]}
        prefix = f"writing.{name}.{how}"
        yield from founds(prefix, values, "share", list(asked.seeds))
    yield Found("writing.versions", versions(), "version", 0)


TRAINING = Training(
    "judge_text",
    __doc__,
    {},
    {name: partial(measure, name) for name in JOBS},
    "writing",
)
