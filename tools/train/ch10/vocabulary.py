"""Is a cheaper output layer worth it, at chapter 10's vocabulary?

"words": seven ways to train the chapter's model on words, a few hundred updates each:
the full softmax, with tied weights and without; sampled softmax with its correction
and without; adaptive softmax, whose weights are not tied. Full and sampled softmax
also with a bias that begins at log Q, so near the words' frequencies: for the sampled
one that is the training without correction, read with log Q added. The scores are
the surprisal under the full distribution, whatever was trained on. First with equal
updates, then with the time that the full softmax takes for them. That time is
measured before: processor time of one thread, in rounds in which the contenders take
turns, and the median of the rounds' ratios. Each seed has its own split; the
validation text chooses the rate. About half an hour of one core.

"german": three of them in equal time with 10,000 words, those of Multi30k's German
captions; one seed chooses the rate. As long again.

"biased": adaptive softmax on the chapter's words, with a bias in its head that begins at
the logarithm of the frequencies, of the head's words and of the tail; at the rate and with
the updates that it has in equal time without.
"""

from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from rnncore.application import seeded
from rnncore.comparison import Comparison, Setting, Trained, compare, from_json, to_json
from rnncore.data.public.texts import multi30k
from rnncore.text.corpora import documentation_corpus
from rnncore.text.model import (
    LanguageModel,
    States,
    contiguous_windows,
    language_loss,
    stretches,
)
from rnncore.text.softmax import candidate_loss, inclusion
from rnncore.text.vocabulary import Vocabulary, word_vocabulary
from tools.measurements import read
from tools.train.grids import search_rate
from tools.train.runner import (
    Measurement,
    Options,
    Training,
    fit_module,
    list_measurements,
)

SEEDS = (0, 1, 2)
H, T, B = 128, 35, 20
STEPS = 300
RATES = [0.01, 0.02, 0.04]
DRAWS = 400  # expected at most
HEAD = 400  # words that adaptive softmax reaches in one step
MANY = 10_000  # words of German
FROM_COUNTS = "counts", "restored", "adaptive"  # who is compared on them
TIMED = ("full", "untied", "sampled", "adaptive")
AS = {"counts": "full", "restored": "sampled"}  # whose updates take as long
ROUNDS = 9  # of timing; one more comes first and is not counted


class Texts(NamedTuple):
    """The words of one split, and how often each occurs in the first part."""

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    counts: np.ndarray


class Way(NamedTuple):
    """How a contender is built, trained and read."""

    readout: Callable[[int], torch.nn.Module] | None  # of K; None: the tied one
    loss: Callable[[np.ndarray, np.random.Generator], Callable]  # of the counts
    read: Callable[[LanguageModel, Tensor, np.ndarray], Tensor]
    counted: bool = False  # whether the bias begins at log Q


@cache
def make_texts(seed: int) -> Texts:
    """The chapter's words, split by topic."""
    parts = documentation_corpus(seed, apart=True).texts()
    vocabulary = word_vocabulary(parts[0], least=3)
    train, valid, test = map(vocabulary.encode, parts)
    counts = np.bincount(train, minlength=vocabulary.size)
    return Texts(train, valid, test, counts)


@cache
def make_german_texts() -> Texts:
    """Captions one after another, in their three parts; rarer words are unknown."""
    parts = multi30k("en", "de")
    texts = [
        "\n".join(pair.target for pair in pairs)
        for pairs in (parts.train, parts.validation, parts.test_2016)
    ]
    known = word_vocabulary(texts[0], least=1).tokens[:MANY]
    vocabulary = Vocabulary(known, words=True)
    train, valid, test = map(vocabulary.encode, texts)
    return Texts(train, valid, test, np.bincount(train, minlength=MANY))


def log_inclusion(counts: np.ndarray) -> Tensor:
    """Log Q of every word (K,)."""
    return torch.from_numpy(np.log(inclusion(counts, DRAWS))).float()


def full_loss(counts: np.ndarray, rng: np.random.Generator) -> Callable:
    """All logits."""
    return language_loss


def sampled_loss(counts: np.ndarray, rng: np.random.Generator) -> Callable:
    """The target's logit and those of the words drawn."""
    included = inclusion(counts, DRAWS)
    return candidate_loss(included, np.log(included), rng)


def uncorrected_loss(counts: np.ndarray, rng: np.random.Generator) -> Callable:
    """The same draws, and nothing subtracted."""
    return candidate_loss(inclusion(counts, DRAWS), np.zeros(len(counts)), rng)


def adaptive_loss(counts: np.ndarray, rng: np.random.Generator) -> Callable:
    """As `language_loss`, of a readout that computes its own loss."""

    def loss(
        model: LanguageModel, ids: np.ndarray, state: States
    ) -> tuple[Tensor, States]:
        tokens = torch.as_tensor(ids)
        y, state = model.hidden(tokens[:-1], state)
        return model.readout(y.flatten(0, 1), tokens[1:].flatten()).loss, state

    return loss


def read_all(model: LanguageModel, y: Tensor, counts: np.ndarray) -> Tensor:
    """The log probabilities (N, K) of the full softmax."""
    return model.readout(y).log_softmax(dim=1)


def read_restored(model: LanguageModel, y: Tensor, counts: np.ndarray) -> Tensor:
    """The same, with what training did not subtract added to the logits."""
    return (model.readout(y) + log_inclusion(counts)).log_softmax(dim=1)


def read_adaptive(model: LanguageModel, y: Tensor, counts: np.ndarray) -> Tensor:
    """All words' log probabilities, of both levels."""
    readout: Any = model.readout
    return readout.log_prob(y)


def adaptive_readout(K: int, head_bias: bool = False) -> torch.nn.Module:
    """Frequent words in the head, the rest through a quarter of the units.

    Of many words the last come through a sixteenth.
    """
    ends = [HEAD, 5 * HEAD] if K >= MANY else [HEAD]
    return torch.nn.AdaptiveLogSoftmaxWithLoss(
        H, K, ends, div_value=4.0, head_bias=head_bias
    )


@torch.no_grad()
def begin_bias(readout: Any, counts: np.ndarray) -> None:
    """Set a bias near the log of the frequencies; a tail's is that of its words."""
    if not isinstance(readout, torch.nn.AdaptiveLogSoftmaxWithLoss):
        readout.bias.copy_(log_inclusion(counts))
        return
    first, *_ = ends = readout.cutoffs  # the last one is K
    tails = [counts[a:b].sum() for a, b in pairwise(ends)]
    head = np.array([*counts[:first], *tails])
    readout.head.bias.copy_(torch.from_numpy(np.log(head / head.sum())))


WAYS = {
    "full": Way(None, full_loss, read_all),
    "counts": Way(None, full_loss, read_all, counted=True),
    "untied": Way(partial(torch.nn.Linear, H), full_loss, read_all),
    "sampled": Way(None, sampled_loss, read_all),
    "uncorrected": Way(None, uncorrected_loss, read_all),
    "restored": Way(None, uncorrected_loss, read_restored),
    "adaptive": Way(adaptive_readout, adaptive_loss, read_adaptive),
    "biased": Way(
        partial(adaptive_readout, head_bias=True),
        adaptive_loss,
        read_adaptive,
        counted=True,
    ),
}


@torch.no_grad()
def measure_nats(
    model: LanguageModel, way: Way, ids: np.ndarray, counts: np.ndarray
) -> float:
    """Mean surprisal of a text's words, the state carried through it."""
    rows = torch.as_tensor(stretches(ids, 8))
    state, total = None, 0.0
    for t in range(0, len(rows) - 1, 64):
        window = rows[t : t + 65]
        y, state = model.eval().hidden(window[:-1], state)
        log_p = way.read(model, y.flatten(0, 1), counts)
        total -= float(log_p.gather(1, window[1:].reshape(-1, 1)).sum())
    return total / rows[1:].numel()


def read_texts(german: bool, seed: int) -> Texts:
    """The chapter's words, in a split for each seed, or the captions'."""
    return make_german_texts() if german else make_texts(seed)


@cache
def train_model(
    name: str, rate: float, seed: int, updates: int, german: bool = False
) -> tuple:
    """A model after a number of updates, and the seconds they took."""
    way, (train, _, _, counts) = WAYS[name], read_texts(german, seed)
    with seeded(seed):
        model: Any = LanguageModel(len(counts), H, dropout=0.5)
        state = model.zero_state(B)
        if way.readout:
            model.readout = way.readout(len(counts))
        if way.counted:
            begin_bias(model.readout, counts)
    _, seconds = fit_module(
        model,
        way.loss(counts, np.random.default_rng(seed + 100)),
        contiguous_windows(stretches(train, B), T),
        rate,
        updates,
        seed,
        f"{name} {rate}",
        carry=state,
    )
    return model, seconds


def train_words(
    updates: dict[str, int],
    name: str,
    setting: Setting,
    seed: int,
    steps: int,
    german: bool = False,
) -> Trained:
    """One run. `steps` is the budget, `updates` what this contender does with it."""
    known = "uncorrected" if name == "restored" else name  # trained alike
    model, _ = train_model(known, setting["rate"], seed, updates[name], german)
    _, valid, test, counts = read_texts(german, seed)
    found = measure_nats(model, WAYS[name], valid, counts)
    tqdm.write(f"{name} {setting} {seed}, {updates[name]} updates: {found:.4f}")
    return Trained(found, steps, lambda: measure_nats(model, WAYS[name], test, counts))


def seconds_each(updates: int = 10, german: bool = False) -> dict[str, list[float]]:
    """Processor time of an update, round by round; the contenders take turns."""
    found: dict[str, list[float]] = {name: [] for name in TIMED}
    for _ in range(ROUNDS + 1):
        train_model.cache_clear()
        for name, seconds in found.items():
            given = name, RATES[0], SEEDS[0], updates, german
            seconds.append(train_model(*given)[1] / updates)
    return {name: seconds[1:] for name, seconds in found.items()}


def updates_in_equal_time(each: dict[str, list[float]], steps: int) -> dict[str, int]:
    """How many updates fit into the time of `steps` with the full softmax."""
    full, found = np.array(each["full"]), {}
    for name in (*TIMED, *AS):
        found[name] = round(steps * np.median(full / each[AS.get(name, name)]))
    return found


def measure_words(asked: Options) -> Iterator[Measurement]:
    """With equal updates, then with equal time."""
    steps = asked.steps or STEPS
    key, unit = "text.vocabulary.words", "nats per word, under the full distribution"
    each = seconds_each()
    updates = updates_in_equal_time(each, steps)
    sizes = [len(make_texts(seed).counts) for seed in SEEDS]
    drawn = [float(inclusion(make_texts(seed).counts, DRAWS).sum()) for seed in SEEDS]
    known = {"seconds": each, "updates": updates, "size": sizes, "drawn": drawn}
    units = {
        "seconds": "seconds of one core for an update, in each round",
        "updates": "updates in the time of the full softmax's",
        "size": "words in the vocabulary",
        "drawn": "words expected in a draw",
    }
    yield from list_measurements(key, known, units, list(SEEDS))
    for kind, many in (
        ("equal_updates", {name: steps for name in WAYS if name != "biased"}),
        ("equal_time", updates),
    ):
        compared = compare(
            {name: partial(train_words, many, name) for name in many},
            {"rate": RATES},
            steps=steps,
            seeds=SEEDS,
        )
        yield Measurement(f"{key}.{kind}", to_json(compared), unit, list(SEEDS))


def measure_german(asked: Options) -> Iterator[Measurement]:
    """In equal time with many words, each from the words' frequencies."""
    steps = asked.steps or STEPS
    each = seconds_each(german=True)
    updates = updates_in_equal_time(each, steps)
    results = {}
    for name in FROM_COUNTS:
        train = partial(train_words, updates, name, german=True)
        results[name] = search_rate(train, RATES, steps, SEEDS)
    found = Comparison(steps, list(SEEDS), {"rate": RATES}, results)
    key = "text.vocabulary.german"
    unit = "nats per word, under the full distribution"
    yield Measurement(f"{key}.equal_time", to_json(found), unit, list(SEEDS))
    unit = "updates in the time of the full softmax's"
    yield Measurement(f"{key}.updates", updates, unit, 0)


def measure_biased(seed: int, asked: Options) -> Iterator[Measurement]:
    """Adaptive softmax from the words' frequencies, as it was trained without."""
    known = read()
    equal = from_json(known["text.vocabulary.words.equal_time"]["value"])
    chosen = equal.results["adaptive"].chosen
    steps = asked.steps or known["text.vocabulary.words.updates"]["value"]["adaptive"]
    run = train_words({"biased": steps}, "biased", chosen, seed, steps)
    unit = "nats per word, under the full distribution"
    yield Measurement("text.vocabulary.biased", run.test(), unit)


TRAINING = Training(
    "vocabulary",
    __doc__,
    {"biased": measure_biased},
    {"words": measure_words, "german": measure_german},
    key="text.vocabulary",
)
