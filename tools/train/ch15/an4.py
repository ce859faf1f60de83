"""Train chapter 15's recogniser on AN4: letters, digits and words of 84 people.

The official parts: 948 recordings of 74 people, 130 of ten others. Seven of the
74, drawn once, are for validation alone; they choose the weights and, for the
beam, how much the letter model counts. The test is read once: greedily, with the
letter model, and with the words of training too. Ten minutes of one core a seed.
The network is that of `speech train`, but for its sizes. The study "nearest" is the
baseline. Under "real.an4.".
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from rnncore.apps.speech.estimator import Transcriber
from rnncore.apps.speech.reading import choose_weight, make_reader
from rnncore.apps.speech.recordings import nearest_texts
from rnncore.apps.speech.training import (
    Vary,
    letter_errors,
    measure_errors,
    outputs,
    speech_recipe,
    word_errors,
    written,
)
from rnncore.data.public.sounds import an4
from rnncore.data.speech import Recording, RecordingParts
from rnncore.speech.letters import Letters, letters_of
from tools.train.ch15._cepstra import back_to_cepstra, hear_cepstra, varied_cepstra
from tools.train.runner import (
    Measurement,
    Options,
    Training,
    fit_module,
    list_measurements,
)

PLAN = Transcriber(
    hidden=128,
    batch=16,
    steps=3400,
    rate=0.003,
    falls=0.6,
    dropout=0.2,
    evaluate_every=200,
)

READINGS = "greedy", "beam", "lexicon"
UNITS = {
    "": "% word errors",
    **{f"{name}.letters": "% letter errors" for name in (*READINGS, "nearest")},
    **{f"{name}.weight": "of log p of a letter" for name in READINGS[1:]},
    "weights": "weights",
    "seconds": "s",
    "curve": "updates; % word errors of validation",
    "examples": "said; read with the letter model and the lexicon",
}


class RecognizerRun(NamedTuple):
    """A trained network, its letters, and what became of it."""

    model: Any
    letters: Letters
    parts: RecordingParts
    curve: list[list[float]]
    seconds: float


@lru_cache(maxsize=1)
def read_data(few: bool = False) -> RecordingParts:
    """The official test; seven speakers, drawn once, for validation."""
    parts = hear_cepstra(an4(np.random.default_rng(0), 1 if few else 7))
    return RecordingParts(*(part[:8] for part in parts)) if few else parts


def as_cepstra(recordings: Sequence[Recording]) -> list[Recording]:
    """Recordings of bands as the network reads them."""
    return [r._replace(features=back_to_cepstra(r.features)) for r in recordings]


def fit_recognizer(
    parts: RecordingParts, labels: Any, plan: Transcriber, name: str, vary: Vary
) -> tuple[Any, Any, float]:
    """The network that is best on the validation; its curve and its seconds."""
    train, validation, _ = parts
    model, recipe = speech_recipe(train, validation, labels, plan, vary=vary)
    optimizer, look = recipe.pop("optimizer"), recipe.pop("evaluate")

    def evaluate(model: Any) -> float:
        wrong = look(model)
        tqdm.write(f"{wrong:.1f} % of the words of the validation")
        return wrong

    result, seconds = fit_module(
        model,
        rate=plan.rate,
        steps=plan.steps,
        seed=plan.seed,
        label=name,
        optimizer=lambda rate, steps: optimizer,
        evaluate=evaluate,
        evaluate_every=min(plan.evaluate_every, plan.steps),
        **recipe,
    )
    return model, result.history, seconds


def train_network(seed: int, asked: Options) -> RecognizerRun:
    """One network; the best on the validation speakers is kept."""
    parts = read_data(asked.check)
    letters = letters_of(r.text for r in parts.train)
    plan = replace(PLAN, seed=seed, steps=asked.steps or PLAN.steps)
    chosen = parts._replace(validation=as_cepstra(parts.validation))
    model, history, seconds = fit_recognizer(
        chosen, letters, plan, "an4", varied_cepstra
    )
    return RecognizerRun(
        model, letters, parts, [history.evaluated, history.score], seconds
    )


def predict_letters(model: Any, recordings: Sequence[Recording]) -> list[np.ndarray]:
    """log p of the blank and each letter, one (T, K) a recording."""
    return outputs(model, [r.features for r in as_cepstra(recordings)])


def train(seed: int, asked: Options) -> Iterator[Measurement]:
    """One run: greedy, then with what the validation chose for the beam."""
    model, letters, parts, curve, seconds = train_network(seed, asked)
    texts = [r.text for r in parts.train]
    true = [r.text for r in parts.test]
    found = predict_letters(model, parts.test)
    said = [written(p, letters) for p in found]
    facts: dict[str, Any] = {
        "seconds": seconds,
        "curve": curve,
        "weights": sum(w.numel() for w in model.parameters()),
        "valid": min(curve[1]),
        "train": measure_errors(model, as_cepstra(parts.train[::10]), letters),
        "greedy": word_errors(true, said),
        "greedy.letters": letter_errors(true, said),
    }
    yield from list_measurements("real.an4", facts, UNITS)
    held = predict_letters(model, parts.validation)
    held_true = [r.text for r in parts.validation]
    for name, spelt in ("beam", False), ("lexicon", True):
        weight, valid = choose_weight(letters, texts, held, held_true, spelt)
        read = make_reader(letters, texts, weight, spelt)
        said = [read(log_p) for log_p in found]
        facts = {
            name: word_errors(true, said),
            f"{name}.letters": letter_errors(true, said),
            f"{name}.weight": weight,
            f"{name}.valid": valid,
        }
        yield from list_measurements("real.an4", facts, UNITS)
    pairs = [list(pair) for pair in zip(true, said, strict=True)]
    yield from list_measurements(
        "real.an4", {"examples": pairs[:: max(1, len(pairs) // 8)]}, UNITS
    )


def measure_nearest(asked: Options) -> Iterator[Measurement]:
    """What the most similar recording of training says."""
    parts = read_data(asked.check)
    true = [r.text for r in parts.test]
    said = nearest_texts(parts.train, parts.test)
    facts = {
        "nearest": word_errors(true, said),
        "nearest.letters": letter_errors(true, said),
    }
    yield from list_measurements("real.an4", facts, UNITS, "none")


TRAINING = Training(
    "an4", __doc__, {"loop": train}, {"nearest": measure_nearest}, key="real.an4"
)
