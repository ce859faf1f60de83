"""CTC, a transducer and attention: three ways from sound to digits.

Strings of one to three spoken digits, one label per digit, 12.5 steps a
second, one bidirectional layer of 48 units for all three; equal updates, three
seeds, the learning rate of each chosen by the errors on validation strings.
Digit errors in percent on voices that nothing was trained on, then on strings
of four to ten digits, longer than any in training. Ten minutes of one core.

The study `control` trains a transducer whose prediction network sees the last
label alone, in the same way: it cannot count labels. And it lets the chosen
transducer, as it was trained, read with a prediction network that starts again
before each label.
"""

import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import jiwer
import numpy as np
import torch

from rnncore.application import cooling, seeded, train_module
from rnncore.apps.speech.training import similar_lengths, word_errors
from rnncore.comparison import Setting, Trained, compare, from_json, to_json
from rnncore.ctc import BLANK
from rnncore.data.speech import RATE, WORDS, Clip, digit_strings, split_voices
from rnncore.speech.autoregressive import (
    Listener,
    Transducer,
    attention_loss_of,
    read_attention,
    read_transducer,
    transducer_loss_of,
)
from rnncore.speech.features import log_mel, stacked, standardised
from rnncore.speech.model import Recognizer, batch_of, read_greedily, speech_loss
from rnncore.train import Schedule
from tools.measurements import read as known
from tools.train.runner import Measurement, Options, Training

STACK, H, J, LAYERS = 8, 48, 48, 1
RATES = [0.003, 0.01, 0.03]
SEEDS = (0, 1, 2)
B, STEPS = 24, 200
LONG = 1000  # updates of the study `longer`
COUNT, TESTED, FEW = 1200, 200, 40  # strings: to train on, to judge by
TRAINED, LONGER = (1, 3), (4, 6, 10)  # digits
SPEED, NOISE = (120, 200), (10.0, 30.0)
UNIT = "weights; seconds of all updates; % of the digits said"


class LastLabel(Transducer):
    """A prediction network without memory: a vector for each label."""

    def predict(self, ids, h=None):
        """Shapes: ids (U, B) -> g (U, B, J); the last row as h (1, B, J)."""
        g = self.embedding(ids)
        return g, g[-1:]


class Forgetful(Transducer):
    """Trained with a memory, it reads from the start and the last label."""

    def predict(self, ids, h=None):
        """Shapes: ids (U, B) -> g (U, B, J); h (1, B, J)."""
        if h is None:
            return super().predict(ids)
        g, h = super().predict(torch.cat([torch.full_like(ids, BLANK), ids]))
        return g[-1:], h


class Kind(NamedTuple):
    """A network, its loss, and how it is read."""

    make: Callable[[int], torch.nn.Module]  # of the number of labels
    loss: Callable
    read: Callable


KINDS = {
    "CTC": Kind(
        lambda K: Recognizer(40 * STACK, H, K, LAYERS), speech_loss, read_greedily
    ),
    "transducer": Kind(
        lambda K: Transducer(40 * STACK, H, K, J, LAYERS),
        transducer_loss_of,
        read_transducer,
    ),
    "attention": Kind(
        lambda K: Listener(40 * STACK, H, K, J, LAYERS),
        attention_loss_of,
        read_attention,
    ),
}
CONTROL = {
    "last label alone": Kind(
        lambda K: LastLabel(40 * STACK, H, K, J, LAYERS),
        transducer_loss_of,
        read_transducer,
    )
}
ALL = KINDS | CONTROL


class ClipPart(NamedTuple):
    """Features and transcripts, recording by recording."""

    features: list[np.ndarray]
    texts: list[str]


class Data(NamedTuple):
    """Strings by known voices, then by unknown ones, by their digits."""

    train: ClipPart
    valid: ClipPart
    test: ClipPart
    longer: dict[int, ClipPart]


@cache
def make_data(check: bool) -> Data:
    """The same strings for every run."""
    known, unknown = split_voices(np.random.default_rng(0))

    def part(seed: int, count: int, voices: list[str], digits: tuple[int, int]):
        rng = np.random.default_rng([15, seed])
        return encode_clips(digit_strings(rng, count, voices, digits, SPEED, NOISE))

    train = part(0, 40 if check else COUNT, known, TRAINED)
    some, few = (4, 2) if check else (TESTED, FEW)
    return Data(
        train,
        part(1, some, known, TRAINED),
        part(2, some, unknown, TRAINED),
        {n: part(10 + n, few, unknown, (n, n)) for n in LONGER},
    )


def encode_text(text: str) -> list[int]:
    """The label of each digit: one more than the digit."""
    return [WORDS.index(word) + 1 for word in text.split()]


def encode_clips(clips: list[Clip]) -> ClipPart:
    """12.5 steps a second, each of eight frames."""
    features = [
        stacked(standardised(log_mel(c.samples, RATE)), STACK).astype(np.float32)
        for c in clips
    ]
    return ClipPart(features, [c.sentence.text for c in clips])


class TransducerOutcome(NamedTuple):
    """A trained network, and the seconds of one core that it took."""

    model: torch.nn.Module
    seconds: float


@cache
def train_network(
    name: str, rate: float, seed: int, steps: int, check: bool
) -> TransducerOutcome:
    """One run; the weights after the last update."""
    found = make_data(check)
    labels = [encode_text(text) for text in found.train.texts]
    with seeded(seed):
        model = ALL[name].make(1 + len(WORDS))
    begun = time.process_time()
    train_module(
        model,
        ALL[name].loss,
        similar_lengths(found.train.features, labels, B),
        optimizer=cooling(rate, steps),
        schedule=Schedule(steps, 1.0),
        rng=np.random.default_rng(seed),
    )
    return TransducerOutcome(model, time.process_time() - begun)


def read(name: str, model: torch.nn.Module, part: ClipPart) -> list[str]:
    """What a network writes for each recording, 50 of them at a time."""
    written: list[str] = []
    for k in range(0, len(part.texts), 50):
        some = part.features[k : k + 50]
        labels = ALL[name].read(model, batch_of(some, [[1]] * len(some)))
        written += [" ".join(WORDS[k - 1] for k in row) for row in labels]
    return written


def make_contender(name: str, check: bool) -> Callable[[Setting, int, int], Trained]:
    """What `compare` asks for."""
    found = make_data(check)

    def errors(model: torch.nn.Module, part: ClipPart) -> float:
        return word_errors(part.texts, read(name, model, part))

    def train(setting: Setting, seed: int, steps: int) -> Trained:
        model = train_network(name, setting["rate"], seed, steps, check).model
        valid = errors(model, found.valid)
        print(name, setting, seed, round(valid, 2), flush=True)
        return Trained(valid, steps, lambda: errors(model, found.test))

    return train


def measure_mistakes(true: list[str], written: list[str]) -> dict[str, float]:
    """Digits wrong, missing and too many, in percent of those said."""
    result = jiwer.process_words(true, written)
    said = sum(len(text.split()) for text in true) / 100
    return {
        "wrong": result.substitutions / said,
        "missing": result.deletions / said,
        "extra": result.insertions / said,
    }


def run_study(
    kinds: dict[str, Kind], key: str
) -> Callable[[Options], Iterator[Measurement]]:
    """The comparison, and what the chosen networks do on longer strings."""

    def measure(asked: Options) -> Iterator[Measurement]:
        check, steps = asked.check, asked.steps or STEPS
        compared = compare(
            {name: make_contender(name, check) for name in kinds},
            {"rate": RATES},
            steps=steps,
            seeds=SEEDS,
            extensions=0 if check else 2,
        )
        yield Measurement(f"{key}.compared", to_json(compared), "% digit errors", SEEDS)
        facts = {}
        for name in kinds:
            rate = compared.results[name].chosen["rate"]
            runs = [train_network(name, rate, seed, steps, check) for seed in SEEDS]
            facts[name] = facts_of(name, runs, make_data(check))
        yield Measurement(f"{key}.facts", facts, UNIT, SEEDS)

    return measure


def facts_of(name: str, runs: list[TransducerOutcome], found: Data) -> dict[str, Any]:
    """Weights, seconds, and the mistakes at each number of digits."""
    facts: dict[str, Any] = {
        "weights": sum(p.numel() for p in runs[0].model.parameters()),
        "seconds": [run.seconds for run in runs],
    }
    for n, part in {TRAINED[1]: found.test, **found.longer}.items():
        facts[f"{n}"] = [
            measure_mistakes(part.texts, read(name, r.model, part)) for r in runs
        ]
    return facts


def run_control(asked: Options) -> Iterator[Measurement]:
    """Without a memory from the start, and with one that is taken away."""
    yield from run_study(CONTROL, "transducer.control")(asked)
    rate, steps = chosen_rates()["transducer"], asked.steps or STEPS
    runs = [
        train_network("transducer", rate, seed, steps, asked.check) for seed in SEEDS
    ]
    facts = facts_of("transducer", run_forgetting(runs), make_data(asked.check))
    yield Measurement("transducer.control.forgetful", facts, UNIT, SEEDS)


def chosen_rates() -> dict[str, float]:
    """The learning rate of each, as the stored comparisons chose it."""
    return {
        name: result.chosen["rate"]
        for key in ("transducer.compared", "transducer.control.compared")
        for name, result in from_json(known()[key]["value"]).results.items()
    }


def run_forgetting(runs: list[TransducerOutcome]) -> list[TransducerOutcome]:
    """Trained transducers whose prediction network starts again each time."""
    forgetful = []
    for run in runs:
        model = Forgetful(40 * STACK, H, 1 + len(WORDS), J, LAYERS)
        model.load_state_dict(run.model.state_dict())
        forgetful.append(run._replace(model=model))
    return forgetful


def run_longer(name: str, asked: Options) -> Iterator[Measurement]:
    """Five times the updates, at the rate that was chosen for 200."""
    found, steps, rate = (
        make_data(asked.check),
        asked.steps or LONG,
        chosen_rates()[name],
    )
    runs = [train_network(name, rate, seed, steps, asked.check) for seed in SEEDS]
    facts = {"steps": steps, "rate": rate} | facts_of(name, runs, found)
    yield Measurement(f"transducer.longer.{name}", facts, UNIT, SEEDS)
    if name == "transducer":
        facts = facts_of(name, run_forgetting(runs), found)
        yield Measurement("transducer.longer.forgetful", facts, UNIT, SEEDS)


TRAINING = Training(
    "transducer",
    __doc__,
    {},
    {
        "compared": run_study(KINDS, "transducer"),
        "control": run_control,
        **{f"longer.{name}": partial(run_longer, name) for name in ALL},
    },
)
