"""Train chapter 15's recogniser on spoken digits.

    python -m tools.train speech
    python -m tools.train speech --seeds 2

Three seeds, and as many of the baseline without memory. Voices of the test
are in no training; word error rates by noise go to book/measurements.json
under "speech.", the weights of seed 0 to rnncore/weights/. About 5 minutes
of one core a seed: with --seeds some of them, the others' scores stay. With
--check it trains a few steps and writes nothing.
"""

import argparse
import os
import time
from typing import Any, NamedTuple

for _name in "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS":
    os.environ.setdefault(_name, "1")

import numpy as np
import torch
from tqdm import tqdm

from rnncore.application import WEIGHTS, origin, seeded, train_module
from rnncore.data.speech import RATE, Clip, digit_strings, split_voices
from rnncore.optim import adam
from rnncore.speech.features import BANDS, heard
from rnncore.speech.letters import Letters, letters_of
from rnncore.speech.model import (
    Recognizer,
    WindowRecognizer,
    speech_loss,
)
from rnncore.speech.training import (
    outputs,
    save_recognizer,
    similar_lengths,
    word_errors,
    written,
)
from rnncore.train import Schedule
from tools.measurements import keep_seeds

PATH = WEIGHTS / "speech_digits.safetensors"
SEEDS = range(3)
NETWORKS = "loop", "window"
LEVELS = 20.0, 10.0, 5.0, 0.0  # dB of the tests
H, B, STEPS, EVERY, PEAK = 128, 32, 900, 100, 0.004


class Data(NamedTuple):
    """Recordings as features, and what is said in them."""

    train: list[Clip]
    valid: list[Clip]
    test: dict[float, list[Clip]]


def data(seed: int, count: int = 3000, tested: int = 250) -> Data:
    """Voices of the test, by a fixed draw, are in no training."""
    known, unknown = split_voices(np.random.default_rng(0))
    rng = np.random.default_rng([1, seed])
    levels = (0.0, 30.0)
    train = digit_strings(rng, count, known, signal_to_noise=levels)
    valid = digit_strings(rng, 200, known, signal_to_noise=levels)
    test = {
        level: digit_strings(
            np.random.default_rng([2, int(level)]),
            tested,
            unknown,
            signal_to_noise=(level, level),
        )
        for level in LEVELS
    }
    return Data(train, valid, test)


def encoded(clips: list[Clip], letters: Letters) -> tuple[list, list]:
    """Features and labels of each clip."""
    features = [heard(c.samples, RATE) for c in clips]
    return features, [letters.encode(c.sentence.text) for c in clips]


def error_rate(model: Any, clips: list[Clip], letters: Letters) -> float:
    """Words that are wrong, too many or missing, in percent of all."""
    features, _ = encoded(clips, letters)
    said = [written(p, letters) for p in outputs(model, features)]
    return word_errors([c.sentence.text for c in clips], said)


def train(name: str, seed: int, steps: int, found: Data) -> dict[str, Any]:
    """One run, and its word error rates on the unknown voices."""
    letters = letters_of(c.sentence.text for c in found.train)
    features, labels = encoded(found.train, letters)
    kind = Recognizer if name == "loop" else WindowRecognizer
    with seeded(seed):
        model: Any = kind(
            2 * BANDS, H if name == "loop" else 256, letters.size
        )

    begun = time.process_time()
    result = train_module(
        model,
        speech_loss,
        similar_lengths(features, labels, B),
        optimizer=adam(PEAK),
        schedule=Schedule(
            steps,
            clip=1.0,
            evaluate_every=EVERY,
            progress=lambda s: tqdm(
                s, desc=f"{name} {seed}", mininterval=10
            ),
        ),
        rng=np.random.default_rng(seed),
        evaluate=lambda m: error_rate(m, found.valid, letters),
    )
    seconds = time.process_time() - begun
    scores = {
        f"{level:g}": error_rate(model, clips, letters)
        for level, clips in found.test.items()
    }
    print(name, seed, scores, result.history.score, round(seconds))
    facts = {"seconds": seconds, "valid": result.history.score, **scores}
    if name == "loop" and seed == 0 and steps == STEPS:
        save(model, letters, found.test[20.0], seconds)
    return facts


def save(
    model: Recognizer, letters: Letters, clips: list[Clip], seconds: float
) -> None:
    """The weights of seed 0 in half precision, with the score they have."""
    WEIGHTS.mkdir(exist_ok=True)
    about: dict[str, Any] = {**origin("python -m tools.train speech")}
    about |= {"seed": 0, "seconds": round(seconds)}
    for _, tensor in model.named_parameters():
        tensor.data = tensor.data.half().float()
    score = error_rate(model, clips, letters)
    about |= {"score": score, "unit": "% word errors at 20 dB"}
    save_recognizer(PATH, model, letters, about, torch.float16)


def main() -> None:
    """Some seeds of both networks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--seeds", type=int, nargs="+", default=[*SEEDS])
    arguments = parser.parse_args()
    if arguments.check:
        found = data(0, count=60, tested=8)
        for name in NETWORKS:
            train(name, 0, 5, found)
        return
    for seed in arguments.seeds:
        found = data(seed)
        for name in NETWORKS:
            for key, value in train(name, seed, STEPS, found).items():
                unit = "s" if key == "seconds" else "% word errors"
                keep_seeds(
                    f"speech.{name}.{key}",
                    {seed: value},
                    unit,
                    "python -m tools.train speech",
                )


if __name__ == "__main__":
    main()
