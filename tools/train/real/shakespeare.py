"""Measure chapter 10's language model on Tiny Shakespeare.

40,000 lines of plays, one character after the other: the first nine tenths to
learn from, the last to be judged on, as nanoGPT and others split it. The last
twentieth of the nine tenths chooses: the network's step, the n-grams' order and
kind, and the share of the mixture of both. The test is read from its first
character to its last, the state carried on. One seed; about half an hour of one core. "larger"
is three layers, for a GPU: three minutes for each dropout.
"""

from collections.abc import Iterator
from functools import cache, partial
from itertools import islice
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from rnncore.application import choose_device, cooling, seeded
from rnncore.data.public.texts import tiny_shakespeare
from rnncore.text.generation import generate
from rnncore.text.model import (
    LanguageModel,
    contiguous_windows,
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
from tools.train.applications.text import least_order, mix_counts
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
LARGER: dict[str, Any] = {"layers": 3, "width": 128, "rate": 0.003}
LARGER |= {"T": 128, "B": 128, "steps": 2200}
DROPOUTS = 0.3, 0.45, 0.6
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


def run_larger(asked: Options) -> Iterator[Measurement]:
    """Three layers, their dropout chosen on the validation text."""
    device = choose_device()
    if device.type == "cpu":
        tqdm.write("larger: left out, it wants a GPU")
        return
    _, valid, test = read_texts()
    tried: dict[float, dict[str, Any]] = {}
    for dropout in DROPOUTS:
        options = LARGER | {"dropout": dropout}
        options |= {"steps": asked.steps} if asked.steps else {}
        model, vocabulary, scores = train_network(options, 0, f"larger {dropout}")
        nats = float(read_on(model, vocabulary, valid, test).mean())
        tried[dropout] = scores | {"network": nats}
    best = min(tried, key=lambda dropout: tried[dropout]["valid"])
    found = {"network": tried[best]["network"], "dropout": best, "tried": tried}
    where = torch.cuda.get_device_name(device)
    yield Measurement(f"{KEY}.larger", found | LARGER, UNIT, 0, where)


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
    "shakespeare", __doc__, {"network": run_network}, {"larger": run_larger}, key=KEY
)
