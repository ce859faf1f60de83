"""Train chapter 15's recogniser on AN4: letters, digits and words of 84 people.

The official parts: 948 recordings of 74 people, 130 of ten others. Seven of the
74, drawn once, are for validation alone; they choose the weights and, for the
beam, how much the letter model counts. The test is read once: greedily, with the
letter model, and with the words of training too. Ten minutes of one core a seed.
The study "nearest" is the baseline. Under "real.an4.".
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from rnncore.application import cooling, seeded
from rnncore.data.public.sounds import CEPSTRA, an4
from rnncore.speech.cepstra import STACK, back_to_cepstra, smooth_bands, varied_cepstra
from rnncore.speech.folder import Recording, RecordingParts
from rnncore.speech.letters import Letters, letters_of
from rnncore.speech.model import Recognizer, speech_loss
from rnncore.speech.reading import choose_weight, make_reader
from rnncore.speech.recordings import nearest_texts
from rnncore.speech.training import (
    letter_errors,
    outputs,
    similar_lengths,
    speaking,
    word_errors,
    written,
)
from tools.train.runner import (
    Measurement,
    Options,
    Training,
    fit_module,
    list_measurements,
)

D = STACK * CEPSTRA
H, LAYERS, DROPOUT, B, RATE, STEPS, EVERY = 128, 2, 0.2, 16, 0.003, 3400, 200
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
    parts = an4(np.random.default_rng(0), 1 if few else 7)
    return RecordingParts(*(part[:8] for part in parts)) if few else parts


def train_network(seed: int, asked: Options) -> RecognizerRun:
    """One network; the best on the validation speakers is kept."""
    parts, steps = read_data(asked.check), asked.steps or STEPS
    letters = letters_of(r.text for r in parts.train)
    features = [smooth_bands(r.features) for r in parts.train]
    labels = [letters.encode(r.text) for r in parts.train]
    with seeded(seed):
        model = speaking(Recognizer(D, H, letters.size, LAYERS, DROPOUT))

    def evaluate(model: Any) -> float:
        wrong = greedy_errors(model, parts.validation, letters)
        tqdm.write(f"{wrong:.1f} % of the words of the validation")
        return wrong

    result, seconds = fit_module(
        model,
        speech_loss,
        similar_lengths(features, labels, B, None, varied_cepstra),
        RATE,
        steps,
        seed,
        "an4",
        optimizer=partial(cooling, last=0.6),
        evaluate=evaluate,
        evaluate_every=min(EVERY, steps),
    )
    history = result.history
    return RecognizerRun(
        model, letters, parts, [history.evaluated, history.score], seconds
    )


def predict_letters(model: Any, recordings: Sequence[Recording]) -> list[np.ndarray]:
    """log p of the blank and each letter, one (T, K) a recording."""
    bands = [smooth_bands(r.features) for r in recordings]
    return outputs(model, [back_to_cepstra(a) for a in bands])


def greedy_errors(
    model: Any, recordings: Sequence[Recording], letters: Letters
) -> float:
    """Word errors where each step's likeliest letter is taken."""
    said = [written(p, letters) for p in predict_letters(model, recordings)]
    return word_errors([r.text for r in recordings], said)


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
        "train": greedy_errors(model, parts.train[::10], letters),
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
    heard = [
        [r._replace(features=smooth_bands(r.features)) for r in part] for part in parts
    ]
    true = [r.text for r in parts.test]
    said = nearest_texts(heard[0], heard[2])
    facts = {
        "nearest": word_errors(true, said),
        "nearest.letters": letter_errors(true, said),
    }
    yield from list_measurements("real.an4", facts, UNITS, "none")


TRAINING = Training(
    "an4", __doc__, {"loop": train}, {"nearest": measure_nearest}, key="real.an4"
)
