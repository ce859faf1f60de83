"""Train chapter 10's language models: words, Python source, folk tunes.

Three seeds each; scores of the network and of its baselines, on text that
neither training nor tuning saw, go under "text.", the weights of seed 0 to
rnncore/weights/. The rate falls to 0 over the last 40 % of the steps. About a
minute of one core per seed for words, six for Python and for tunes; "dynamic"
repeats dynamic evaluation, of characters with the stored networks alone, in
seven; "counts" the n-grams and PPM, in four; "counting_on" scores the
chosen n-grams where they go on counting the test text, in seven, "cache" the
same n-grams and the learning networks, each with a cache, in ten, "again" the
stored network of words where runs of the test come again, in seconds; "shares"
scores the mixtures of the stored networks with the chosen n-grams, in one;
"longer" trains Python's first network twice as long; "regularised" trains wider
ones with more dropout, in an hour.
"""

import importlib.metadata
import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch

from rnncore.application import seeded
from rnncore.storage.weights import halved, stored
from rnncore.text.corpora import (
    Corpus,
    documentation_corpus,
    python_corpus,
    tunes_corpus,
)
from rnncore.text.model import (
    LanguageModel,
    begin_at_frequencies,
    contiguous_windows,
    dynamic_nats,
    language_loss,
    stretches,
    token_nats,
)
from rnncore.text.ngrams import (
    KneserNey,
    bits_given,
    cache_probabilities,
    fit_kneser_ney,
    kneser_ney_models,
    kneser_ney_probabilities,
    one_discount,
    ppm_probabilities,
    three_discounts,
)
from rnncore.text.storage import load_model, save_model
from rnncore.text.vocabulary import Vocabulary, character_vocabulary, word_vocabulary
from tools.measurements import read
from tools.train.runner import (
    Measurement,
    Options,
    Training,
    describe_run,
    fit_module,
    list_measurements,
)

UNIT = "nats per token, unless its name says otherwise"
RATES = (0.1, 0.3, 1.0, 3.0)  # of dynamic evaluation
WORDS = *range(2, 13), 16, 20, 24, 32, 48  # orders of n-grams
CHARACTERS = *range(4, 13), 14, 16, 18, 20, 24, 28, 32, 40
SMOOTHED = {"one": one_discount, "three": three_discounts}  # Kneser-Ney's
COPIED = 8  # tokens: a run that also occurs in training was copied
RECOUNTS = {True: 20, False: 12}  # parts of the test: in words, in characters
VARIANTS = (320, 0.3), (320, 0.5), (192, 0.3)  # of Python's units, dropout
CACHED = 31  # tokens: the longest context of a cache
CACHE_SHARES = np.round(np.arange(0.05, 1, 0.05), 2)  # of the cache, mixed
SHARES = 0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.98, 1.0  # of the network, mixed


class TextPlan(NamedTuple):
    """What is trained, and how."""

    corpus: Callable[[int], Corpus]  # of a seed
    words: bool
    H: int
    dropout: float
    rate: float
    T: int
    B: int
    steps: int
    every: int
    orders: tuple[int, ...]  # of the n-grams to choose from
    lanes: int  # in which the test text is read
    weights: str = ""  # a name, if seed 0 is kept


PLANS = {
    "words-random": TextPlan(
        lambda seed: documentation_corpus(seed, apart=False),
        True, 128, 0.5, 0.005, 35, 20, 2000, 200, WORDS, 1,
    ),
    "words-apart": TextPlan(
        lambda seed: documentation_corpus(seed, apart=True),
        True, 128, 0.5, 0.005, 35, 20, 2000, 200, WORDS, 1,
        "text_words",
    ),
    "python": TextPlan(
        lambda seed: python_corpus(),
        False, 192, 0.1, 0.004, 64, 24, 9000, 450, CHARACTERS, 8,
        "text_python",
    ),
    "tunes": TextPlan(
        lambda seed: tunes_corpus(),
        False, 192, 0.1, 0.004, 64, 24, 9000, 450, CHARACTERS, 8,
        "text_tunes",
    ),
}  # fmt: skip


class Fitted(NamedTuple):
    """A trained network, what it learnt from, and how it went."""

    model: LanguageModel
    vocabulary: Vocabulary
    texts: tuple[str, ...]
    ids: tuple[np.ndarray, ...]  # training, validation, test
    rows: np.ndarray  # the test's, side by side
    scores: dict[str, Any]


def train_model(
    plan: TextPlan, name: str, seed: int, steps: int, counted: bool = False
) -> Fitted:
    """One run, and its scores on the validation and the test text.

    If `counted`, the readout begins at how often each token comes.
    """
    texts = plan.corpus(seed).texts()
    vocabulary = vocabulary_of(plan, texts[0])
    ids = tuple(map(vocabulary.encode, texts))

    with seeded(seed):
        model = LanguageModel(vocabulary.size, plan.H, "LSTM", 1, plan.dropout)
    if counted:
        begin_at_frequencies(model, ids[0])
    rows_valid = stretches(ids[1], 32)
    rows = stretches(ids[2], plan.lanes)
    result, seconds = fit_module(
        model,
        language_loss,
        contiguous_windows(stretches(ids[0], plan.B), plan.T),
        plan.rate,
        steps,
        seed,
        name,
        carry=model.zero_state(plan.B),
        evaluate=lambda m: float(token_nats(m, rows_valid).mean()),
        evaluate_every=plan.every,
    )
    scores = {
        "network": token_nats(model, rows).mean(),
        "valid": min(result.history.score),
        "curve": result.history.score,
        "training": float(np.mean(result.history.loss[-plan.every :])),
        "seconds": seconds,
        "steps": steps,
    }
    return Fitted(model, vocabulary, texts, ids, rows, scores)


def vocabulary_of(plan: TextPlan, training: str) -> Vocabulary:
    """The words that training holds three times or more, or its characters."""
    if plan.words:
        return word_vocabulary(training, least=3)
    return character_vocabulary(training)


def train(name: str, seed: int, asked: Options) -> Iterator[Measurement]:
    """One run: its scores, and those of the baselines on the same text."""
    plan = PLANS[name]
    run = train_model(plan, name, seed, asked.steps or plan.steps)
    model, vocabulary, texts, ids, rows, scores = run
    scores |= {
        "tokens": [len(part) for part in ids],
        "unknown": float(np.mean(ids[2] == 0)),
        "uniform": math.log(vocabulary.size),
    }
    assert scores["network"] < 1.2 * scores["uniform"]
    if not asked.check:
        scores |= evaluate_dynamically(plan, model, *ids[1:])
        scores |= measure_baselines(plan, vocabulary, model, texts)
    yield from list_measurements(f"text.{name}", scores, UNIT)
    yield Measurement("text.versions", describe_versions(), "version", 0)
    if plan.weights and asked.keeps(seed):
        score = float(token_nats(halved(model), rows).mean())
        known = describe_run(
            asked, scores["seconds"], set=name, versions=describe_versions()
        )
        known |= {"score": score, "lanes": plan.lanes}
        known["unit"] = "nats per token, held-out test text"
        path = asked.weights / f"{plan.weights}.safetensors"
        save_model(path, model, vocabulary, known, torch.float16)


def run_counted(asked: Options) -> Iterator[Measurement]:
    """The words once more, from a readout that knows how often each comes."""
    plan = PLANS["words-apart"]
    steps = asked.steps or plan.steps
    scores = [
        train_model(plan, "words, counted", seed, steps, counted=True).scores["network"]
        for seed in asked.seeds
    ]
    yield Measurement("text.words-apart.counted", scores, UNIT, list(asked.seeds))


def run_longer(asked: Options) -> Iterator[Measurement]:
    """What Python's network has after twice as many updates, one seed."""
    plan = PLANS["python"]
    steps = 2 * (asked.steps or plan.steps)
    scores = train_model(plan, "python, longer", 0, steps).scores
    yield from list_measurements("text.python.longer", scores, UNIT, 0)


def run_regularised(asked: Options) -> Iterator[Measurement]:
    """Python's network wider and with more dropout, as validation chooses."""

    def fit_variant(H: int, dropout: float, seed: int) -> dict[str, Any]:
        plan = PLANS["python"]._replace(H=H, dropout=dropout)
        name = f"python, {H}, {dropout}"
        return train_model(plan, name, seed, asked.steps or plan.steps).scores

    first = {of: fit_variant(*of, seed=asked.seeds[0]) for of in VARIANTS}
    best = min(first, key=lambda of: first[of]["valid"])
    runs = [first[best], *(fit_variant(*best, seed=s) for s in asked.seeds[1:])]
    found: dict[str, Any] = {key: [run[key] for run in runs] for key in runs[0]}
    tried = [[*of, run["valid"], run["training"]] for of, run in first.items()]
    found |= {"tried": tried, "chosen": best}
    prefix = "text.python.regularised"
    yield from list_measurements(prefix, found, UNIT, list(asked.seeds))


def evaluate_dynamically(plan, model, valid, test) -> dict:
    """Dynamic evaluation in the text's order, its rate chosen on other text."""
    valid, test = (stretches(ids, 1) for ids in (valid, test))
    found = {rate: dynamic_nats(model, valid, rate, plan.T).mean() for rate in RATES}
    rate = min(found, key=lambda r: found[r])
    nats = dynamic_nats(model, test, rate, plan.T)
    return {"dynamic": nats.mean(), "dynamic_rate": rate}


def run_dynamic(asked: Options) -> Iterator[Measurement]:
    """Dynamic evaluation again: stored networks, and of words the others too.

    Those of words are trained for it, in a minute; those of characters are not.
    """
    for name, plan in PLANS.items():
        of_seeds = {}
        for seed in asked.seeds:
            if seed == 0 and plan.weights:
                model, vocabulary, _ = load_model(stored(plan.weights))
                ids = tuple(map(vocabulary.encode, plan.corpus(seed).texts()))
            elif plan.words:
                run = train_model(plan, name, seed, asked.steps or plan.steps)
                model, ids = run.model, run.ids
            else:
                continue
            of_seeds[seed] = evaluate_dynamically(plan, model, *ids[1:])
        for key in "dynamic", "dynamic_rate":
            values = [scores[key] for scores in of_seeds.values()]
            yield Measurement(f"text.{name}.{key}", values, UNIT, list(of_seeds))


def measure_baselines(plan, vocabulary, model, texts) -> dict:
    """n-grams of the order that suits the validation text; mixtures."""
    scores, nats = count_ngrams(plan, vocabulary, texts)
    _, valid, test = map(vocabulary.encode, texts)
    own = [
        token_nats(model, stretches(held, plan.lanes)).T.flatten()
        for held in (valid, test)
    ]
    both = [n[1 : 1 + len(a)] for n, a in zip(nats, own, strict=True)]
    scores |= mix_counts(own, both)
    if plan.words:
        copied = stand_in(vocabulary.encode(texts[0]), test, COPIED)[1:]
        scores["network_copied"] = own[1][copied].mean()
        scores["network_fresh"] = own[1][~copied].mean()
    else:
        bits = bits_given(texts[0], texts[2])
        scores["lzma"] = bits * math.log(2) / len(texts[2])
    return scores


def count_ngrams(plan, vocabulary, texts) -> tuple[dict, list[np.ndarray]]:
    """What n-grams score, and their nats on the validation and test text.

    The validation text chooses between one discount and three, as it
    chooses the order of each, and that of PPM, which reads characters.
    """
    ids, *held = map(vocabulary.encode, texts)
    tried: dict[str, dict[int, list[np.ndarray]]] = {key: {} for key in SMOOTHED}
    ppm = {}
    for key, discounts in SMOOTHED.items():
        models = kneser_ney_models(ids, max(plan.orders), vocabulary.size, discounts)
        for n, fitted in enumerate(models, start=1):
            if n > 1 and n not in plan.orders:
                continue
            p = [kneser_ney_probabilities(fitted, h) for h in held]
            tried[key][n] = [-np.log(part) for part in p]
            if key == "one" and not plan.words:  # the same counts
                ppm[n] = [-np.log(ppm_probabilities(fitted, h)) for h in held]
    orders = {key: least_order(by_order) for key, by_order in tried.items()}
    best = min(SMOOTHED, key=lambda key: tried[key][orders[key]][0].mean())
    by_order, order = tried[best], orders[best]
    test = by_order[order][1][1:]  # the first token is given
    scores = {
        "order": order,
        "orders": list(by_order),
        "discounts": best,
        "ngrams": test.mean(),
        "by_order": [nats[1].mean() for nats in by_order.values()],
    }
    for key, n in orders.items():
        scores |= {f"ngrams_{key}": tried[key][n][1][1:].mean(), f"order_{key}": n}
    if ppm:
        order = least_order(ppm)
        scores |= {"ppm": ppm[order][1][1:].mean(), "ppm_order": order}
        scores["ppm_by_order"] = [nats[1].mean() for nats in ppm.values()]
    if plan.words:
        copied = stand_in(ids, held[1], COPIED)[1:]
        scores["copied"] = copied.mean()
        scores["ngrams_copied"] = test[copied].mean()
        scores["ngrams_fresh"] = test[~copied].mean()
    return scores, by_order[scores["order"]]


def least_order(by_order: dict[int, list[np.ndarray]]) -> int:
    """The lowest order within a thousandth of the least validation loss.

    Raises ValueError where that is the longest order tried.
    """
    least = min(nats[0].mean() for nats in by_order.values())
    order = next(n for n in by_order if by_order[n][0].mean() <= 1.001 * least)
    if order == max(by_order):
        raise ValueError(f"orders: the longest, {order}, is the best: try longer ones")
    return order


def mix_counts(own: list[np.ndarray], counted: list[np.ndarray]) -> dict:
    """Network and counts, mixed in the proportion that suits validation.

    Of each the nats on the validation text and on the test text.
    """

    valid, test = map(by_share, own, counted)
    share = min(SHARES, key=lambda s: valid[s])
    return {"mixed": test[share], "mixed_share": share}


def by_share(own: np.ndarray, counted: np.ndarray) -> dict[float, float]:
    """What each mixture scores, of the nats of network and counts."""
    p, q = np.exp(-own), np.exp(-counted)
    return {s: float(-np.log(s * p + (1 - s) * q).mean()) for s in SHARES}


class SeedText(NamedTuple):
    """What a plan's n-grams are counted in, of one seed."""

    name: str
    plan: TextPlan
    seed: int
    texts: tuple[str, ...]
    vocabulary: Vocabulary


Counted = tuple[dict[str, Any], list[Measurement]]  # scores of a seed, and others


def measure_plans(
    asked: Options, measure: Callable[[SeedText], Counted], key: str = ""
) -> Iterator[Measurement]:
    """What `measure` finds for every plan and seed, without a training.

    Where all seeds have the same text it is asked once.
    """
    for name, plan in PLANS.items():
        of_seeds: list[dict] = []
        for seed in asked.seeds:
            if of_seeds and not plan.words:
                of_seeds.append(of_seeds[0])
                continue
            texts = plan.corpus(seed).texts()
            vocabulary = vocabulary_of(plan, texts[0])
            scores, others = measure(SeedText(name, plan, seed, texts, vocabulary))
            of_seeds.append(scores)
            yield from others
        values = {score: [s[score] for s in of_seeds] for score in of_seeds[0]}
        prefix = f"text.{name}{key}"
        yield from list_measurements(prefix, values, UNIT, list(asked.seeds))


def load_known(of: SeedText) -> Any:
    """The stored network of seed 0; None for another, or where there is none."""
    if of.seed != 0 or not of.plan.weights:
        return None
    model, known, _ = load_model(stored(of.plan.weights))
    assert known == of.vocabulary
    return model


def run_counts(asked: Options) -> Iterator[Measurement]:
    """The n-grams of all plans and seeds.

    Where the weights of seed 0 are stored, its mixture with them too.
    """

    def count(of: SeedText) -> Counted:
        scores, nats = count_ngrams(of.plan, of.vocabulary, of.texts)
        model = load_known(of)
        if model is None:
            return scores, []
        encode = of.vocabulary.encode
        rows = [stretches(encode(t), of.plan.lanes) for t in of.texts[1:]]
        own = [token_nats(model, held).T.flatten() for held in rows]
        both = [n[1 : 1 + len(a)] for n, a in zip(nats, own, strict=True)]
        mixed = {k: [v] for k, v in mix_counts(own, both).items()}
        return scores, [*list_measurements(f"text.{of.name}", mixed, UNIT, [0])]

    yield from measure_plans(asked, count)


def measure_adaptive_ngrams(asked: Options) -> Iterator[Measurement]:
    """The chosen n-grams as they read on, as dynamic evaluation does.

    Beside them, of words: how much of the test ends a run that stood
    earlier in the test, and what the n-grams score there and elsewhere.
    """

    def read_on(of: SeedText) -> Counted:
        ids, _, test = map(of.vocabulary.encode, of.texts)
        if asked.check:
            ids, test = ids[:9000], test[:900]
        order, which = recorded_counts(of.name, of.seed)
        parts = RECOUNTS[of.plan.words]
        given = ids, test, order, of.vocabulary.size, SMOOTHED[which]
        moving = moving_nats(*given, parts)[1:]  # the first token is given
        scores = {"": moving.mean(), "parts": parts}
        if of.plan.words:
            still = moving_nats(*given, 1)[1:]
            earlier = find_repeats(test, COPIED)[1:]
            scores["earlier"] = earlier.mean()
            for part, here in ("earlier", earlier), ("elsewhere", ~earlier):
                scores[f"still_{part}"] = still[here].mean()
                scores[f"moving_{part}"] = moving[here].mean()
        return scores, []

    yield from measure_plans(asked, read_on, ".counting_on")


def recorded_counts(name: str, seed: int) -> tuple[int, str]:
    """The order that suits a seed's validation text, and which discounts."""
    known = read()
    order, which = (
        dict(zip(known[key]["seed"], known[key]["value"], strict=True))[seed]
        for key in (f"text.{name}.order", f"text.{name}.discounts")
    )
    return order, which


def run_cache(asked: Options) -> Iterator[Measurement]:
    """The chosen n-grams with a cache, and stored networks that go on learning.

    Also what both score where a run of the test comes again, and elsewhere.
    """

    def count(of: SeedText) -> Counted:
        K = of.vocabulary.size
        ids, *held = map(of.vocabulary.encode, of.texts)
        order, which = recorded_counts(of.name, of.seed)
        fitted = fit_kneser_ney(ids, order, K, SMOOTHED[which])
        nats = [-np.log(kneser_ney_probabilities(fitted, h))[1:] for h in held]
        scores, model = add_cache(nats, held, K), load_known(of)
        if model is None:
            return scores, []
        rate = read()[f"text.{of.name}.dynamic_rate"]["value"][0]
        nats = [
            dynamic_nats(model, stretches(h, 1), rate, of.plan.T)[:, 0] for h in held
        ]
        prefix = f"text.{of.name}.cache.dynamic"
        found = add_cache(nats, held, K)
        return scores, [*list_measurements(prefix, found, UNIT, 0)]

    yield from measure_plans(asked, count, ".cache")


def add_cache(own: list[np.ndarray], held: list[np.ndarray], K: int) -> dict:
    """A model's nats on validation and test text, mixed with a cache of each.

    The validation text chooses the cache's share and the shortest contexts
    whose loss is within a thousandth of the least. A text's first token is
    given, and both lists begin with the validation text.

    Raises ValueError where the longest contexts, or the least or the largest
    share, suit it best.
    """
    both = [cache_probabilities(ids, CACHED, K)[:, 1:] for ids in held]
    valid = np.stack([
        -np.log((1 - share) * np.exp(-own[0]) + share * both[0]).mean(axis=1)
        for share in CACHE_SHARES
    ])  # fmt: skip
    of_longest = valid.min(axis=0)
    longest = int(np.argmax(of_longest <= 1.001 * of_longest.min()))
    best = int(valid[:, longest].argmin())
    share = CACHE_SHARES[best]
    if longest == CACHED or best in (0, len(CACHE_SHARES) - 1):
        raise ValueError(
            f"cache: contexts of {longest} tokens and a share of {share} are "
            "the best, at an end of what was tried: try more"
        )
    nats = -np.log((1 - share) * np.exp(-own[1]) + share * both[1][longest])
    earlier = find_repeats(held[1], COPIED)[1:]
    return {
        "": nats.mean(),
        "earlier": nats[earlier].mean(),
        "elsewhere": nats[~earlier].mean(),
        "longest": longest,
        "share": float(share),
        "valid": valid[best, longest],
    }


def run_again(asked: Options) -> Iterator[Measurement]:
    """What the stored network of words scores where a run comes again.

    As it was trained and as it learns on, at the words that end a run which
    stood earlier in the test, and elsewhere.
    """
    for name, plan in PLANS.items():
        if not (plan.words and plan.weights):
            continue
        model, vocabulary, _ = load_model(stored(plan.weights))
        test = vocabulary.encode(plan.corpus(0).texts()[2])
        rows = stretches(test, 1)
        rate = read()[f"text.{name}.dynamic_rate"]["value"][0]
        earlier = find_repeats(test, COPIED)[1:]
        found = {}
        for who, nats in (
            ("network", token_nats(model, rows)),
            ("dynamic", dynamic_nats(model, rows, rate, plan.T)),
        ):
            found[f"{who}_earlier"] = nats[earlier].mean()
            found[f"{who}_elsewhere"] = nats[~earlier].mean()
        yield from list_measurements(f"text.{name}.again", found, UNIT, 0)


def moving_nats(
    training: np.ndarray,
    test: np.ndarray,
    order: int,
    K: int,
    discounts: Callable[[np.ndarray], np.ndarray],
    parts: int,
) -> np.ndarray:
    """The nats of n-grams that go on counting while they read the test.

    Before each of its parts they are counted again, in the
    training text and the test so far. With one part they stay as they are.
    """
    edges = np.linspace(0, len(test), parts + 1).astype(int)
    nats = []
    for begin, end in pairwise(edges):
        fitted = fit_kneser_ney(
            np.concatenate([training, test[:begin]]), order, K, discounts
        )
        seen = test[max(0, begin - order + 1) : end]
        p = kneser_ney_probabilities(fitted, seen)[begin - end :]
        nats.append(-np.log(p))
    return np.concatenate(nats)


def chosen_counts(
    name: str, discounts: str, vocabulary: Vocabulary, training: str
) -> KneserNey:
    """The n-grams of the order that suits the validation text, as recorded."""
    order = read()[f"text.{name}.order_{discounts}"]["value"][0]
    ids = vocabulary.encode(training)
    return fit_kneser_ney(ids, order, vocabulary.size, SMOOTHED[discounts])


def run_shares(asked: Options) -> Iterator[Measurement]:
    """What each share of a mixture scores, with the networks of seed 0."""
    for name, plan in PLANS.items():
        if not plan.weights:
            continue
        model, vocabulary, _ = load_model(stored(plan.weights))
        training, *texts = plan.corpus(0).texts()
        discounts = read()[f"text.{name}.discounts"]["value"][0]
        fitted = chosen_counts(name, discounts, vocabulary, training)
        found = {}
        for part, held in zip(("validation", "test"), texts, strict=True):
            ids = vocabulary.encode(held)
            own = token_nats(model, stretches(ids, plan.lanes)).T.flatten()
            nats = -np.log(kneser_ney_probabilities(fitted, ids))
            scores = by_share(own, nats[1 : 1 + len(own)])
            found[part] = list(scores.values())
        found["of"] = list(SHARES)
        yield from list_measurements(f"text.{name}.shares", found, UNIT, 0)


def stand_in(training: np.ndarray, test: np.ndarray, n: int) -> np.ndarray:
    """Which test tokens end a run of n tokens that training holds too."""
    runs = set(zip(*(training[k:].tolist() for k in range(n)), strict=False))
    found = [
        tuple(test[max(0, t + 1 - n) : t + 1].tolist()) in runs
        for t in range(len(test))
    ]
    return np.array(found)


def find_repeats(test: np.ndarray, n: int) -> np.ndarray:
    """Which test tokens end a run of n tokens that ended earlier in the test."""
    runs: set[tuple[int, ...]] = set()
    found = []
    for t in range(len(test)):
        run = tuple(test[max(0, t + 1 - n) : t + 1].tolist())
        found.append(len(run) == n and run in runs)
        runs.add(run)
    return np.array(found)


def describe_versions() -> dict[str, str]:
    """What the texts come from."""
    packages = "pytest", "music21", "tokenizers", "torch"
    return {name: importlib.metadata.version(name) for name in packages}


TRAINING = Training(
    "text",
    __doc__,
    {name: partial(train, name) for name in PLANS},
    {
        "dynamic": run_dynamic,
        "counts": run_counts,
        "counting_on": measure_adaptive_ngrams,
        "cache": run_cache,
        "again": run_again,
        "shares": run_shares,
        "counted": run_counted,
        "longer": run_longer,
        "regularised": run_regularised,
    },
)
