"""Train `speech train`'s recogniser on the Free Spoken Digits, a man left out.

Six men, 500 recordings each. Each man in turn is the test; the next by name
chooses when to stop; four are trained on. Everything else is as the command
does it by default. Three seeds, each six trainings of 45 seconds of one core.
Each network is compared with the most similar recording of training. The study
"unvaried" trains again, for every man, without varied recordings; "nearest" asks the
most similar recording with the pauses left in. "linear" fits logistic regression
to each recording stretched to 20 steps, its regularisation chosen by the next man,
too. Under "real.fsdd.".
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression

from rnncore.apps.speech.estimator import Transcriber
from rnncore.apps.speech.recordings import (
    HEARD,
    choice_of,
    level_bands,
    nearest_texts,
    stretch_word,
)
from rnncore.apps.speech.training import outputs, varied, word_errors, written
from rnncore.data.public.sounds import Digit, fsdd
from rnncore.data.speech import WORDS, Recording, RecordingParts
from rnncore.speech.features import log_mel, stacked
from tools.train.ch15.an4 import fit_recognizer
from tools.train.grids import search_grid
from tools.train.runner import Measurement, Options, Training, list_measurements

MEN = "george", "jackson", "lucas", "nicolas", "theo", "yweweler"
PLAN = Transcriber()  # what `speech train` has by default
UNITS = {"": "% word errors", "seconds": "s", "weights": "weights"}


def heard_level(samples: np.ndarray, rate: int) -> np.ndarray:
    """As `heard_speech`, but with the pauses before and after.

    Shapes: samples (N,) -> features (T, 80)
    """
    features = stacked(level_bands(log_mel(samples, rate)))
    return features.astype(np.float32)


def keep(rng: np.random.Generator, features: np.ndarray, least: int) -> np.ndarray:
    """A recording as it is, in the place of `varied`."""
    return features


class DigitPlan(NamedTuple):
    """What a network hears, and whether its recordings are varied."""

    listen: Callable[[np.ndarray, int], np.ndarray] = HEARD["speech"]
    vary: bool = True


UNVARIED = DigitPlan(vary=False)
STRENGTHS = 0.0001, 0.001, 0.01  # C; the grid grows where its best ends it


@lru_cache(maxsize=1)
def read_digits() -> list[Digit]:
    """All recordings."""
    return fsdd()


def parts_of(man: str, listen: Callable, few: bool) -> RecordingParts:
    """His recordings, those of the next man, and of the four others."""
    chooses = MEN[(MEN.index(man) + 1) % len(MEN)]
    parts = RecordingParts([], [], [])
    for one in read_digits():
        if few and one.take > 1:
            continue
        known = {man: parts.test, chooses: parts.validation}
        name = f"{one.digit}_{one.person}_{one.take}.wav"
        features = listen(one.samples, one.rate)
        text = WORDS[one.digit]
        place = known.get(one.person, parts.train)
        place.append(Recording(name, text, one.person, features))
    return parts


def train_network(
    plan: DigitPlan, parts: RecordingParts, seed: int, asked: Options
) -> Any:
    """A network that learned from four men; its curve and seconds."""
    known = choice_of([r.text for r in parts.train])
    how = replace(PLAN, seed=seed, steps=asked.steps or PLAN.steps)
    vary = varied if plan.vary else keep
    model, history, seconds = fit_recognizer(
        parts, known, how, parts.test[0].speaker, vary
    )
    return model, known, history, seconds


def read(model: Any, known: Any, recordings: list[Recording]) -> list[str]:
    """What the network writes of each recording."""
    found = outputs(model, [r.features for r in recordings])
    return [written(log_p, known) for log_p in found]


def train(man: str, seed: int, asked: Options) -> Iterator[Measurement]:
    """One man left out: the network, and what is nearest."""
    parts = parts_of(man, DigitPlan().listen, asked.check)
    model, known, history, seconds = train_network(DigitPlan(), parts, seed, asked)
    true = [r.text for r in parts.test]
    said = read(model, known, parts.test)
    facts = {
        "errors": word_errors(true, said),
        "nearest": word_errors(true, nearest_texts(parts.train, parts.test)),
        "valid": min(history.score),
        "weights": sum(w.numel() for w in model.parameters()),
        "seconds": seconds,
    }
    yield from list_measurements(f"real.fsdd.{man}", facts, UNITS)


def measure_unvaried(asked: Options) -> Iterator[Measurement]:
    """Every man left out, from recordings as they are."""
    wrong: dict[str, list[float]] = {}
    valid: dict[str, list[float]] = {}
    for man in MEN:
        parts = parts_of(man, UNVARIED.listen, asked.check)
        true = [r.text for r in parts.test]
        for seed in asked.seeds:
            model, known, history, _ = train_network(UNVARIED, parts, seed, asked)
            said = read(model, known, parts.test)
            wrong.setdefault(man, []).append(word_errors(true, said))
            valid.setdefault(man, []).append(min(history.score))
    seeds = list(asked.seeds)
    yield Measurement("real.fsdd.unvaried.test", wrong, UNITS[""], seeds)
    yield Measurement("real.fsdd.unvaried.valid", valid, UNITS[""], seeds)


def compare_unlike(asked: Options) -> Iterator[Measurement]:
    """What is nearest if the pauses are left in."""
    wrong = {}
    for man in MEN:
        parts = parts_of(man, heard_level, asked.check)
        said = nearest_texts(parts.train, parts.test)
        wrong[man] = word_errors([r.text for r in parts.test], said)
    yield Measurement("real.fsdd.nearest.pauses", wrong, UNITS[""], None)


def linear_errors(parts: RecordingParts) -> tuple[float, dict[float, float]]:
    """Of the test in %, and of the validation by C, with the best inside."""
    rows = [np.stack([stretch_word(r.features) for r in part]) for part in parts]
    train, valid, test = ([r.text for r in part] for part in parts)
    fitted: dict[float, LogisticRegression] = {}

    def score(C: float) -> float:
        fitted[C] = LogisticRegression(C=C, max_iter=3000).fit(rows[0], train)
        return 100 * (1 - fitted[C].score(rows[1], valid))

    wrong = search_grid(score, STRENGTHS)
    best = min(wrong, key=wrong.__getitem__)
    tried = {C: wrong[C] for C in sorted(wrong)}
    return 100 * (1 - fitted[best].score(rows[2], test)), tried


def compare_linear(asked: Options) -> Iterator[Measurement]:
    """Each man left out, as for the network; nothing is drawn at random."""
    wrong, tried = {}, {}
    for man in MEN:
        parts = parts_of(man, DigitPlan().listen, asked.check)
        wrong[man], found = linear_errors(parts)
        tried[man] = {f"{C:g}": share for C, share in found.items()}
    yield Measurement("real.fsdd.linear", wrong, UNITS[""], None)
    unit_ = f"{UNITS['']} of the next man, by C"
    yield Measurement("real.fsdd.linear.tried", tried, unit_, None)


TRAINING = Training(
    "fsdd",
    __doc__,
    {man: partial(train, man) for man in MEN},
    {"unvaried": measure_unvaried, "nearest": compare_unlike, "linear": compare_linear},
    key="real.fsdd",
)
