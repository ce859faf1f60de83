"""Train `video train`'s network on AVLetters: films of mouths that say a letter.

26 letters, ten people, three takes. Takes 1 and 2 to learn from, take 3 to be
judged by, three seeds: there every person is known. "left" leaves each person out
in turn, seed 0. All but the patience is as the command has it: 24 whole frames of 24 x 24
pixels, 15 % of the films of training choose when to stop. Take 3 had been seen while
these defaults were chosen; the people left out had not. Beside the loop: the same
eye, averaged ("bag"), and the nearest film ("nearest"). The study "rates" searches
the bag's rate on a grid that grows where its best ends it, seed 0, by the validation:
take 3 is not looked at. RATES has what it chose; the loop has the command's. With
--weights FOLDER a network that is there is not trained again. About two minutes of
one core a run. Under "real.avletters.".
"""

from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from torch import nn
from tqdm import tqdm

from rnncore.application import split
from rnncore.apps.video.changes import ChangeClassifier
from rnncore.apps.video.plan import FilmPlan, build_classifier, film_recipe
from rnncore.apps.video.rivals import BagOfChanges, nearest
from rnncore.comparison import Comparison, Result, Tried, to_json
from rnncore.data.public.pictures import avletters
from rnncore.video.files import shrunk
from rnncore.video.model import film_batch, logits_of
from tools.train.grids import search_grid
from tools.train.runner import (
    Measurement,
    Options,
    Training,
    fit_once,
    list_measurements,
)

PLAN = FilmPlan(patience=None)  # else what `video train` has by default
T, S, SHARE = PLAN.frames, PLAN.size, 0.15
UNITS = {
    "": "% right",
    "valid": "mean probability of wrong classes, on the validation",
    "weights": "weights",
    "seconds": "s",
    "rate": "learning rate",
}
FIRST_RATES = 0.002, 0.004, 0.008  # where the search begins
RATES = {"loop": PLAN.rate, "bag": 0.004}


NETWORKS: dict[str, type[ChangeClassifier]] = {
    "loop": ChangeClassifier,
    "bag": BagOfChanges,
}


class Films(NamedTuple):
    """All films as the command reads them."""

    frames: np.ndarray  # (N, T, S, S)
    labels: np.ndarray  # (N,): 0 is A
    people: np.ndarray  # (N,) names
    takes: np.ndarray  # (N,)


@lru_cache(maxsize=1)
def read_films() -> Films:
    """T frames evenly spread over each film, squeezed into a square."""
    found = avletters()
    chosen = [np.linspace(0, len(f.frames) - 1, T).round().astype(int) for f in found]
    frames = [
        [shrunk(f.frames[k], S) for k in ks]
        for f, ks in zip(found, chosen, strict=True)
    ]
    return Films(
        np.array(frames, np.float32),
        np.array([ord(f.letter) - ord("A") for f in found]),
        np.array([f.person for f in found]),
        np.array([f.take for f in found]),
    )


def held_out(labels: np.ndarray, known: np.ndarray, seed: int) -> list[np.ndarray]:
    """Of the films to learn from, a share of every class to choose by."""
    rng = np.random.default_rng(seed)
    parts: list[list[int]] = [[], []]
    for k in np.unique(labels[known]):
        own = rng.permutation(known[labels[known] == k])
        for part, chosen in zip(parts, split(len(own), SHARE), strict=True):
            part += own[list(chosen)].tolist()
    return [np.array(part) for part in parts]


def train_network(
    network: str, test: np.ndarray, seed: int, rate: float, asked: Options, of: str = ""
) -> tuple[nn.Module, dict[str, Any]]:
    """A network that learned from the films that are not in the test, and its facts.

    `of` sets its file apart from those that learned from other films.
    """
    frames, labels = read_films().frames, read_films().labels
    plan = PLAN._replace(seed=seed, rate=rate, steps=asked.steps or PLAN.steps)
    learned, chosen = held_out(labels, np.flatnonzero(~test), seed)
    model = build_classifier(NETWORKS[network], plan, int(labels.max()) + 1)
    recipe = film_recipe(frames, labels, learned, chosen, plan)
    optimizer, look = recipe.pop("optimizer"), recipe.pop("evaluate")

    def evaluate(model: nn.Module) -> float:
        found = look(model)
        tqdm.write(f"{network} {rate:g} {seed}: {found:.3f} on the validation")
        return found

    facts = fit_once(
        model,
        "avletters",
        "_".join(["avletters", network, f"{rate:g}", *[of] * bool(of)]),
        seed,
        asked,
        rate=plan.rate,
        steps=plan.steps,
        optimizer=lambda rate, steps: optimizer,
        evaluate=evaluate,
        evaluate_every=min(plan.evaluate_every, plan.steps),
        **recipe,
    )
    return model, {
        "valid": min(facts["validation"]),
        "weights": facts["weights"],
        "seconds": facts["seconds"],
    }


def predict_classes(model: nn.Module, chosen: np.ndarray) -> np.ndarray:
    """The likeliest class of each of these films."""
    batch = film_batch(read_films().frames[chosen], read_films().labels[chosen])
    return logits_of(model, batch.frames)[-1].argmax(dim=1).cpu().numpy()


def measure_right(said: np.ndarray, true: np.ndarray) -> float:
    """Percent."""
    return 100 * float((said == true).mean())


def nearest_right(test: np.ndarray) -> float:
    """Percent right where a film is named as the one whose mean is most alike."""
    known, asked_for = np.flatnonzero(~test), np.flatnonzero(test)
    like = nearest(read_films().frames, known.tolist(), asked_for.tolist())
    return measure_right(read_films().labels[like], read_films().labels[asked_for])


def train(network: str, seed: int, asked: Options) -> Iterator[Measurement]:
    """Takes 1 and 2, then take 3."""
    test, rate = read_films().takes == 3, RATES[network]
    model, facts = train_network(network, test, seed, rate, asked)
    said = predict_classes(model, np.flatnonzero(test))
    facts |= {"right": measure_right(said, read_films().labels[test]), "rate": rate}
    yield from list_measurements(f"real.avletters.{network}", facts, UNITS)


def search(network: str, asked: Options) -> Result:
    """The rate of a network with the lowest validation, seed 0, and no test."""
    test = read_films().takes == 3
    scores = search_grid(
        lambda rate: train_network(network, test, 0, rate, asked)[1]["valid"],
        FIRST_RATES,
    )
    best = min(scores, key=scores.__getitem__)
    edges = [f"rate {best:g}"] if best in (min(scores), max(scores)) else []
    tried = [Tried({"rate": rate}, [scores[rate]]) for rate in sorted(scores)]
    return Result({"rate": best}, [], tried, edges)


def measure_rates(asked: Options) -> Iterator[Measurement]:
    """The bag's rate; the loop's was chosen with the other defaults."""
    steps, grid = asked.steps or PLAN.steps, {"rate": list(FIRST_RATES)}
    value = to_json(Comparison(steps, [0], grid, {"bag": search("bag", asked)}))
    yield Measurement("real.avletters.rates", value, UNITS["valid"], [0])


def train_left(person: str, asked: Options) -> Iterator[Measurement]:
    """One person left out; the loop with seed 0, and the nearest film."""
    test = read_films().people == person
    model, known = train_network("loop", test, 0, RATES["loop"], asked, person)
    said = predict_classes(model, np.flatnonzero(test))
    facts = {
        "right": measure_right(said, read_films().labels[test]),
        "nearest": nearest_right(test),
        "valid": known["valid"],
        "seconds": known["seconds"],
    }
    yield from list_measurements(f"real.avletters.left.{person}", facts, UNITS, 0)


def measure_nearest(asked: Options) -> Iterator[Measurement]:
    """The letter of the film of takes 1 and 2 whose mean is most alike."""
    value = nearest_right(read_films().takes == 3)
    yield Measurement("real.avletters.nearest", value, UNITS[""], "none")


PEOPLE = [
    *("Anya", "Bill", "Faye", "John", "Kate"),
    *("Nicola", "Stephen", "Steve", "Verity", "Yi"),
]
TRAINING = Training(
    "avletters",
    __doc__,
    {network: partial(train, network) for network in RATES},
    {
        **{f"left.{person}": partial(train_left, person) for person in PEOPLE},
        "rates": measure_rates,
        "nearest": measure_nearest,
    },
    key="real.avletters",
)
