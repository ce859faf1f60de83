"""Measure chapter 10's language model on Tiny Shakespeare.

40,000 lines of plays, one character after the other: the first nine tenths to
learn from, the last to be judged on, as nanoGPT and others split it. The last
twentieth of the nine tenths chooses: the network's step, the n-grams' order and
kind, and the share of the mixture of both. The test is read from its first
character to its last, the state carried on. One seed; about half an hour of one core.

"longer" trains the same network three times as long, on windows from anywhere in
the text, and averages its weights: a minute or two of a GPU for a seed, an hour of
a core. Then it asks it again while it goes on learning from what it has read,
five minutes of a core for a seed, and counts that do the same, ten minutes.
"cache" gives the counts a cache of the test, in a minute or two.
"""

import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import islice
from typing import Any

import numpy as np
from torch import Tensor
from tqdm import tqdm

from rnncore.application import choose_device, cooling, seeded
from rnncore.data.public.texts import tiny_shakespeare
from rnncore.text.generation import generate
from rnncore.text.model import (
    LanguageModel,
    contiguous_windows,
    dynamic_nats,
    language_loss,
    stretches,
    token_nats,
)
from rnncore.text.ngrams import (
    kneser_ney_models,
    kneser_ney_probabilities,
    one_discount,
    three_discounts,
)
from rnncore.text.sampling import at_temperature
from rnncore.text.vocabulary import Vocabulary, character_vocabulary
from tools.train.ch10.text import add_cache, least_order, mix_counts, moving_nats
from tools.train.runner import (
    Measurement,
    Options,
    Training,
    fit_module,
    list_measurements,
)

KEY = "real.shakespeare"
UNIT = "nats per character, unless its name says otherwise"
HELD = 0.05  # of the nine tenths
SIZES: dict[str, Any] = {"H": 512, "layers": 1, "dropout": 0.25, "width": 64}
PLAN: dict[str, Any] = {"rate": 0.005, "T": 48, "B": 48, "steps": 4300}
LOOKS = 12  # at the validation text
LOOKED = 40_000  # characters of it, that "longer" looks at
LONGER: dict[str, Any] = {  # of windows from anywhere, and averaged weights
    "T": 128,
    "B": 64,
    "rate": 0.003,
    "warm": 100,
    "beta": 0.99,
    "average": 0.998,
    "steps": 3600,
}
MOVES = 0.1, 0.3, 1.0  # rates of learning while reading
PIECE = 250  # characters after which the counts are made anew
SPEAKER = re.compile(r"\n\n[A-Z][A-Za-z ]+:\n")
FALLS = 0.8  # over so much of the steps the rate falls to 0
ORDERS = 2, 3, 4, 5, 6, 7, 8, 10, 12, 16
DISCOUNTS = {"one": one_discount, "three": three_discounts}
EVALUATIONS = 26
PROMPT, LENGTH, TEMPERATURE = "\n\nFLORIZEL:\n", 400, 0.8


@cache
def read_texts() -> tuple[str, str, str]:
    """What is learned from, what chooses, and what judges."""
    text = tiny_shakespeare()
    end = len(text.train) - round(HELD * len(text.train))
    return text.train[:end], text.train[end:], text.validation


def train_network(
    options: dict[str, Any], seed: int, label: str
) -> tuple[LanguageModel, Vocabulary, dict[str, Any]]:
    """A network with these settings, and how it went."""
    plan = SIZES | PLAN | options
    T, B, rate, steps = (plan.pop(key) for key in ("T", "B", "rate", "steps"))
    training, valid, _ = read_texts()
    vocabulary = character_vocabulary(training)
    rows = stretches(vocabulary.encode(valid), 16)
    with seeded(seed):
        model = LanguageModel(vocabulary.size, **plan).to(choose_device())

    def evaluate(model: LanguageModel) -> float:
        nats = float(token_nats(model, rows).mean())
        tqdm.write(f"{label}: {nats:.4f} on the validation text")
        return nats

    result, seconds = fit_module(
        model,
        language_loss,
        contiguous_windows(stretches(vocabulary.encode(training), B), T),
        rate,
        steps,
        seed,
        label,
        carry=model.zero_state(B),
        optimizer=partial(cooling, last=FALLS),
        evaluate=evaluate,
        evaluate_every=max(1, steps // EVALUATIONS),
    )
    history = result.history
    epochs = [k * B * T / len(training) for k in history.evaluated]
    training_nats = float(np.mean(history.loss[-len(history.loss) // EVALUATIONS :]))
    return model, vocabulary, {
        "valid": min(history.score),
        "curve": [np.round(epochs, 2).tolist(), np.round(history.score, 4).tolist()],
        "training": training_nats,
        "seconds": round(seconds),
        "weights": sum(w.numel() for w in model.parameters()),
    }  # fmt: skip


def read_on(
    model: LanguageModel, vocabulary: Vocabulary, before: str, text: str
) -> np.ndarray:
    """Nats of every character of a text that follows another: (T,)."""
    ids = vocabulary.encode(before[-1] + text)
    return token_nats(model, ids[:, None])[:, 0]


def run_network(seed: int, asked: Options) -> Iterator[Measurement]:
    """The scores of the network, of the counts, and of both mixed."""
    options = {"steps": asked.steps} if asked.steps else {}
    model, vocabulary, scores = train_network(options, seed, "shakespeare")
    training, valid, test = read_texts()
    own = [read_on(model, vocabulary, training, valid)]
    own += [read_on(model, vocabulary, valid, test)]
    found, counted = measure_counts(vocabulary)
    scores |= {"network": own[1].mean()} | found | mix_counts(own, counted)
    scores["characters"] = [len(training), len(valid), len(test)]
    yield from list_measurements(KEY, scores, UNIT)
    if seed == 0:
        settings = SIZES | PLAN | options
        yield Measurement(f"{KEY}.settings", settings, "of the network", None)
        yield Measurement(f"{KEY}.sample", write(model, vocabulary), "text", 0)


def random_windows(
    ids: np.ndarray, T: int, B: int
) -> Callable[[np.random.Generator, int], np.ndarray]:
    """The `next_batch` that draws B windows from anywhere in a text."""

    def next_batch(rng: np.random.Generator, step: int) -> np.ndarray:
        starts = rng.integers(0, len(ids) - T, B)
        return ids[starts + np.arange(T + 1)[:, None]]

    return next_batch


def window_loss(
    model: LanguageModel, ids: np.ndarray, carry: None
) -> tuple[Tensor, None]:
    """As `language_loss`, of windows whose states begin at zero.

    Shapes: ids (T + 1, B) -> loss (); carry
    """
    loss, _ = language_loss(model, ids, model.zero_state(ids.shape[1]))
    return loss, carry


def train_longer(
    seed: int, steps: int
) -> tuple[LanguageModel, Vocabulary, dict[str, Any]]:
    """The network of LONGER, and how it went."""
    training, valid, _ = read_texts()
    T, B = LONGER["T"], LONGER["B"]
    vocabulary = character_vocabulary(training)
    ids = vocabulary.encode(training)
    held = vocabulary.encode(valid)
    some, rows = stretches(held[:LOOKED], 16), stretches(held, 16)
    begun = time.perf_counter()
    with seeded(seed):
        model = LanguageModel(vocabulary.size, **SIZES).to(choose_device())
    result, _ = fit_module(
        model,
        window_loss,
        random_windows(ids, T, B),
        LONGER["rate"],
        steps,
        seed,
        "longer",
        optimizer=partial(
            cooling, last=FALLS, warm=LONGER["warm"], beta_2=LONGER["beta"]
        ),
        evaluate=lambda model: float(token_nats(model, some).mean()),
        evaluate_every=max(1, steps // LOOKS),
        average=LONGER["average"],
    )
    return model, vocabulary, {
        "valid": float(token_nats(model, rows).mean()),
        "epochs": len(result.history.loss) * T * B / len(training),
        "seconds": round(time.perf_counter() - begun, 1),
    }  # fmt: skip


def learn_while_reading(model: LanguageModel, vocabulary: Vocabulary) -> dict[str, Any]:
    """A network that reads the test as it is, and one that goes on learning.

    The validation text chooses the rate. Where the speakers' names stand
    is counted apart.
    """
    training, valid, test = read_texts()
    held, ids = (
        vocabulary.encode(before[-1] + text)[:, None]
        for before, text in ((training, valid), (valid, test))
    )
    tried = {rate: dynamic_nats(model, held, rate).mean() for rate in MOVES}
    rate = min(tried, key=lambda one: tried[one])
    named = np.zeros(len(test), bool)
    for name in SPEAKER.finditer(test):
        named[name.start() : name.end()] = True
    nats = {"network": token_nats(model, ids), "moving": dynamic_nats(model, ids, rate)}
    found: dict[str, Any] = {"moving.tried": {f"{k:g}": v for k, v in tried.items()}}
    for key, of_each in nats.items():
        found[key] = of_each.mean()
        found[f"{key}.names"] = of_each[named].mean()
        found[f"{key}.rest"] = of_each[~named].mean()
    return found | {"names": named.mean()}


def count_while_reading(order: int, kind: str) -> float:
    """The test's nats by counts made anew after each of its pieces."""
    training, _, test = read_texts()
    vocabulary = character_vocabulary(training)
    known, ids = vocabulary.encode(training), vocabulary.encode(test)
    parts = max(1, len(ids) // PIECE)
    given = known, ids, order, vocabulary.size, DISCOUNTS[kind]
    return float(moving_nats(*given, parts).mean())


def run_longer(asked: Options) -> Iterator[Measurement]:
    """The network trained longer, asked as it is and while it learns."""
    found: dict[str, list[Any]] = defaultdict(list)
    for seed in asked.seeds:
        steps = asked.steps or LONGER["steps"]
        model, vocabulary, about = train_longer(seed, steps)
        for key, value in (about | learn_while_reading(model, vocabulary)).items():
            found[key].append(value)
    of = f"{KEY}.longer"
    yield from list_measurements(of, found, UNIT, list(asked.seeds))
    counts, _ = measure_counts(vocabulary)
    moving = count_while_reading(counts["order"], counts["discounts"])
    both = {"counts.moving": moving, "counts.still": counts["ngrams"]}
    yield from list_measurements(of, both, UNIT, None)


def run_cache(asked: Options) -> Iterator[Measurement]:
    """The counts with a cache of the test so far, without a network."""
    training, *held = read_texts()
    vocabulary = character_vocabulary(training)
    _, nats = measure_counts(vocabulary)
    ids = [vocabulary.encode(text) for text in held]
    found = add_cache([of_each[1:] for of_each in nats], ids, vocabulary.size)
    yield from list_measurements(f"{KEY}.cache", found, UNIT, None)


def measure_counts(vocabulary: Vocabulary) -> tuple[dict[str, Any], list[np.ndarray]]:
    """What n-grams score, and their nats on the validation and the test."""
    training, valid, test = map(vocabulary.encode, read_texts())
    held = [np.concatenate(both) for both in ((training[-99:], valid), (valid, test))]
    sizes = len(valid), len(test)
    tried: dict[str, dict[int, list[np.ndarray]]] = {}
    for name, discounts in DISCOUNTS.items():
        models = kneser_ney_models(training, ORDERS[-1], vocabulary.size, discounts)
        tried[name] = {
            n: [
                -np.log(kneser_ney_probabilities(fitted, ids)[-size:])
                for ids, size in zip(held, sizes, strict=True)
            ]
            for n, fitted in enumerate(models, start=1)
            if n in ORDERS
        }
    order = {name: least_order(by_order) for name, by_order in tried.items()}
    best = min(order, key=lambda name: tried[name][order[name]][0].mean())
    nats = tried[best][order[best]]
    often = np.bincount(training, minlength=vocabulary.size) + 1
    return {
        "ngrams": nats[1].mean(),
        "ngrams_valid": nats[0].mean(),
        "order": order[best],
        "discounts": best,
        "frequencies": float(-np.log(often / often.sum())[test].mean()),
    }, nats


def write(model: LanguageModel, vocabulary: Vocabulary) -> str:
    """What the network makes of a prompt."""
    shape = partial(at_temperature, temperature=TEMPERATURE)
    ids = vocabulary.encode(PROMPT)[:, None]
    drawn = islice(generate(model, ids, np.random.default_rng(0), shape), LENGTH)
    return PROMPT + vocabulary.decode([int(k) for (k,) in drawn])


TRAINING = Training(
    "shakespeare",
    __doc__,
    {"network": run_network},
    {"longer": run_longer, "cache": run_cache},
    key=KEY,
)
