"""Train chapter 15's recogniser on spoken digits.

Three seeds, and three of each of two rivals without a loop: a window of 220 ms and
dilated convolutions that reach over a second, these also with a falling rate in the
time that the loop takes, and without their normalisation ("plain"). Voices of the
test are in no training; word error rates by noise go under "speech.", the weights of
seed 0 to rnncore/weights/. About 9 minutes of one core per seed. The study "lexicon"
trains nothing: the stored network, read with and without the ten words, and
with a letter model, whose weight is chosen on strings by the voices of training;
"lexicon.nearest" puts its greedy words right by the list alone; "times" are those of an update, measured in turns.

"rates", "rates.dilated", "rates.wide": the networks at every learning rate with
three seeds. Each run has the rate that was chosen there for its network. "wide" has
as many weights as the loop, and is in no other run. About an hour of one core, a
third of one, and forty minutes.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jiwer
import numpy as np
import torch
from tqdm import tqdm

from rnncore.application import cooling, seeded, train_module
from rnncore.apps.speech.training import outputs, similar_lengths, word_errors, written
from rnncore.comparison import Setting, Trained, compare, to_json
from rnncore.data.speech import RATE, WORDS, Clip, digit_strings, split_voices
from rnncore.optim import Optimizer, adam
from rnncore.speech.features import BANDS, heard
from rnncore.speech.letters import (
    Choice,
    Letters,
    Words,
    letter_bonus,
    letters_of,
    read_words,
)
from rnncore.speech.model import (
    DilatedRecognizer,
    Recognizer,
    WindowRecognizer,
    load_recognizer,
    save_recognizer,
    speech_loss,
)
from rnncore.storage.weights import halved, stored
from rnncore.train import Schedule
from tools.train.runner import (
    Measurement,
    Options,
    Training,
    describe_run,
    fit_module,
    list_measurements,
)

Labels = Letters | Words | Choice


def plain_stack(D: int, H: int, K: int) -> DilatedRecognizer:
    """The dilated stack without what normalises it, from the same weights."""
    model = DilatedRecognizer(D, H, K)
    model.norms = torch.nn.ModuleList(torch.nn.Identity() for _ in model.norms)
    return model


def keep_rate(rate: float, steps: int) -> Optimizer:
    """Adam, whose rate stays what it is."""
    return adam(rate)


class SpeechPlan(NamedTuple):
    """A network, its units, its learning rate, how long it trains."""

    kind: Any
    units: int
    rate: float  # the one that "rates" chose
    steps: int = 900
    optimizer: Callable[[float, int], Optimizer] = keep_rate


NETWORKS = {
    "loop": SpeechPlan(Recognizer, 128, 0.004),
    "window": SpeechPlan(WindowRecognizer, 256, 0.001),
    "plain": SpeechPlan(plain_stack, 160, 0.002),
    "dilated": SpeechPlan(DilatedRecognizer, 160, 0.016),
    "dilated.longer": SpeechPlan(  # the loop's time
        DilatedRecognizer, 160, 0.016, 1400, cooling
    ),
    "wide": SpeechPlan(DilatedRecognizer, 216, 0.008),  # the loop's weights; a study's
}
COMPARED = "loop", "window", "plain"
RATES = [0.002, 0.004, 0.008]
STACK = [0.008, 0.016, 0.032]  # with normalisation it tolerates higher ones
WIDE = [0.004, *STACK]
LEVELS = 20.0, 10.0, 5.0, 0.0  # dB of the tests
WIDTH, ORDER = 8, 6  # of the beam, of the letter model
WEIGHTS = [0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0]  # of its log p; 0: without it
B, EVERY = 32, 100


class Data(NamedTuple):
    """Recordings as features, and what is said in them."""

    train: list[Clip]
    valid: list[Clip]
    test: dict[float, list[Clip]]


@lru_cache(maxsize=3)
def make_data(seed: int, count: int = 3000, tested: int = 250) -> Data:
    """Voices of the test, by a fixed draw, are in no training."""
    known, _ = split_voices(np.random.default_rng(0))
    rng = np.random.default_rng([1, seed])
    levels = (0.0, 30.0)
    train = digit_strings(rng, count, known, signal_to_noise=levels)
    valid = digit_strings(rng, 200, known, signal_to_noise=levels)
    return Data(train, valid, {level: make_unheard(level, tested) for level in LEVELS})


def make_unheard(level: float, count: int = 250) -> list[Clip]:
    """Recordings at a level, by voices that are in no training set."""
    _, unknown = split_voices(np.random.default_rng(0))
    rng = np.random.default_rng([2, int(level)])
    return digit_strings(rng, count, unknown, signal_to_noise=(level, level))


def encode_clips(clips: list[Clip], letters: Labels) -> tuple[list, list]:
    """Features and labels of each clip."""
    features = [heard(c.samples, RATE) for c in clips]
    return features, [letters.encode(c.sentence.text) for c in clips]


def error_rate(model: Any, clips: list[Clip], letters: Labels) -> float:
    """Words that are wrong, too many or missing, in percent of all."""
    features, _ = encode_clips(clips, letters)
    said = [written(p, letters) for p in outputs(model, features)]
    return word_errors([c.sentence.text for c in clips], said)


class SpeechRun(NamedTuple):
    """A trained network, what it was judged by, and the seconds of one core."""

    model: Any
    letters: Letters
    data: Data
    scores: list[float]  # % of the words of the validation wrong, on the way
    seconds: float


def run(
    name: str, rate: float, seed: int, steps: int, every: int, asked: Options
) -> SpeechRun:
    """A network after a number of updates at this rate."""
    found = make_data(seed, 60, 8) if asked.check else make_data(seed)
    letters = letters_of(c.sentence.text for c in found.train)
    features, labels = encode_clips(found.train, letters)
    with seeded(seed):
        model = NETWORKS[name].kind(2 * BANDS, NETWORKS[name].units, letters.size)
    result, seconds = fit_module(
        model,
        speech_loss,
        similar_lengths(features, labels, B),
        rate,
        steps,
        seed,
        f"{name} {rate:g}",
        optimizer=NETWORKS[name].optimizer,
        evaluate=lambda m: error_rate(m, found.valid, letters),
        evaluate_every=every,
    )
    return SpeechRun(model, letters, found, result.history.score, seconds)


def train(name: str, seed: int, asked: Options) -> Iterator[Measurement]:
    """One run, and its word error rates on the unknown voices."""
    plan = NETWORKS[name]
    rate, steps = plan.rate, asked.steps or plan.steps
    model, letters, found, valid, seconds = run(name, rate, seed, steps, EVERY, asked)
    scores = {
        f"{level:g}": error_rate(model, clips, letters)
        for level, clips in found.test.items()
    }
    facts = {"seconds": seconds, "valid": valid, **scores}
    units_of = {"": "% word errors", "seconds": "s"}
    yield from list_measurements(f"speech.{name}", facts, units_of)
    if name == "loop" and asked.keeps(seed):
        score = error_rate(halved(model), found.test[20.0], letters)
        known = describe_run(asked, seconds, score=score, unit="% word errors at 20 dB")
        path = asked.weights / "speech_digits.safetensors"
        save_recognizer(path, model, letters, known, torch.float16)


def measure_rates(
    names: tuple[str, ...], rates: list[float], key: str, asked: Options
) -> Iterator[Measurement]:
    """Each network at its own rate; the test is at 20 dB."""

    def at(name: str, setting: Setting, seed: int, steps: int) -> Trained:
        made = run(name, setting["rate"], seed, steps, steps, asked)
        tqdm.write(f"{name} {setting} {seed}: {made.scores[-1]:.2f}")
        clips = made.data.test[20.0]
        return Trained(
            made.scores[-1], steps, lambda: error_rate(made.model, clips, made.letters)
        )

    found = compare(
        {name: partial(at, name) for name in names},
        {"rate": rates},
        steps=asked.steps or NETWORKS["loop"].steps,
        seeds=(0, 1, 2),
    )
    yield Measurement(key, to_json(found), "% word errors", [0, 1, 2])


def measure_times(asked: Options) -> Iterator[Measurement]:
    """Of an update, each network on the same batches, in turns."""
    found = make_data(0, 60, 8) if asked.check else make_data(0)
    letters = letters_of(c.sentence.text for c in found.train)
    next_batch = similar_lengths(*encode_clips(found.train, letters), B)
    models = {
        name: NETWORKS[name].kind(2 * BANDS, NETWORKS[name].units, letters.size)
        for name in ("loop", "window", "dilated")
    }
    taken: dict[str, list[float]] = {name: [] for name in models}
    for turn in range(2 if asked.check else 21):  # the first one compiles
        for name, model in models.items():
            begun = time.process_time()
            train_module(
                model,
                speech_loss,
                next_batch,
                optimizer=adam(NETWORKS[name].rate),
                schedule=Schedule(5, 1.0),
                rng=np.random.default_rng(turn),
            )
            if turn:
                taken[name].append(1000 * (time.process_time() - begun) / 5)
    medians = {name: float(np.median(values)) for name, values in taken.items()}
    yield from list_measurements("speech.times", medians, "ms an update", 0)


def letter_model(letters: Letters, weight: float) -> Any:
    """What a beam adds by letters, from 300 transcripts of the known voices."""
    return letter_bonus(known_texts(), letters, ORDER, weight)


@lru_cache(maxsize=1)
def known_texts() -> list[str]:
    """Transcripts that are in no test and choose no weight."""
    known, _ = split_voices(np.random.default_rng(0))
    clips = digit_strings(np.random.default_rng(3), 300, known)
    return [c.sentence.text for c in clips]


def known_strings(level: float, count: int = 100) -> list[Clip]:
    """Recordings at a level by the voices of training: they choose a weight."""
    known, _ = split_voices(np.random.default_rng(0))
    rng = np.random.default_rng([4, int(level)])
    return digit_strings(rng, count, known, signal_to_noise=(level, level))


def run_letter_weights(model: Any, letters: Letters, asked: Options) -> list[float]:
    """Word errors by the weight of the letter model, over all levels, in %."""
    count = 4 if asked.check else 100
    clips = [c for level in LEVELS for c in known_strings(level, count)]
    true = [c.sentence.text for c in clips]
    found = outputs(model, encode_clips(clips, letters)[0])
    errors = []
    for weight in WEIGHTS:
        language = letter_model(letters, weight) if weight else None
        said = [written(p, letters, WIDTH, language) for p in found]
        errors.append(word_errors(true, said))
    return errors


def measure_lexicon(asked: Options) -> Iterator[Measurement]:
    """The same outputs read greedily, by beams, and by one of ten words."""
    model, letters, _ = load_recognizer(stored("speech_digits"))
    assert isinstance(letters, Letters)  # which this network writes
    errors = run_letter_weights(model, letters, asked)
    weight = WEIGHTS[int(np.argmin(errors))]
    key = "speech.lexicon.letters"
    curve = {"weights": WEIGHTS, "errors": errors}
    yield Measurement(f"{key}.curve", curve, "% word errors of validation", 0)
    yield Measurement(f"{key}.weight", weight, "of log p of a letter", 0)
    language = letter_model(letters, weight)
    for level in LEVELS[:1] if asked.check else LEVELS:
        clips = make_unheard(level, 8 if asked.check else 250)
        true = [c.sentence.text for c in clips]
        found = outputs(model, encode_clips(clips, letters)[0])
        read = {
            "greedy": [written(p, letters) for p in found],
            "beam": [written(p, letters, WIDTH) for p in found],
            "letters": [written(p, letters, WIDTH, language) for p in found],
            "words": [read_words(p, WORDS, letters, WIDTH) for p in found],
        }
        facts = {name: word_errors(true, said) for name, said in read.items()}
        for name, value in facts.items():
            key = f"speech.lexicon.{name}.{level:g}"
            yield Measurement(key, value, "% word errors", 0)


def mend_words(text: str, words: Iterable[str] = WORDS) -> str:
    """Each written word as the nearest of a list: by edits of the longer one's letters.

    Pieces of a single letter are dropped.
    """

    def measure(word: str, known: str) -> float:
        found = jiwer.process_characters(known, word)
        edits = found.substitutions + found.deletions + found.insertions
        return edits / max(len(word), len(known))

    pieces = [word for word in text.split() if len(word) > 1]
    return " ".join(min(words, key=partial(measure, word)) for word in pieces)


def measure_nearest(asked: Options) -> Iterator[Measurement]:
    """The greedy transcripts of "lexicon", each word put right by the list alone."""
    model, letters, _ = load_recognizer(stored("speech_digits"))
    assert isinstance(letters, Letters)
    for level in LEVELS[:1] if asked.check else LEVELS:
        clips = make_unheard(level, 8 if asked.check else 250)
        found = outputs(model, encode_clips(clips, letters)[0])
        said = [mend_words(written(p, letters)) for p in found]
        value = word_errors([c.sentence.text for c in clips], said)
        key = f"speech.lexicon.nearest.{level:g}"
        yield Measurement(key, value, "% word errors", 0)


TRAINING = Training(
    "speech",
    __doc__,
    {name: partial(train, name) for name in NETWORKS if name != "wide"},
    {
        "lexicon": measure_lexicon,
        "lexicon.nearest": measure_nearest,
        "times": measure_times,
        "rates": partial(measure_rates, COMPARED, RATES, "speech.rates"),
        "rates.dilated": partial(
            measure_rates, ("dilated",), STACK, "speech.rates.dilated"
        ),
        "rates.wide": partial(measure_rates, ("wide",), WIDE, "speech.rates.wide"),
    },
)
