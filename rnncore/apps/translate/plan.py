"""What a translator is made with: given, or chosen by the pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from rnncore.data.translation import Pair

if TYPE_CHECKING:
    from rnncore.optim import Optimizer
    from rnncore.seq2seq import Translator
    from rnncore.translate.subwords import SubWords

FULL = 20_000  # pairs: with as many nothing is scaled down
SMOOTHING = 0.1  # of the targets
FALLING = 0.8  # the part of the steps in which the rate falls to 0
LOOKS = 12  # at validation
WIDTH = 5  # of the beam
PENALTIES = 0.6, 1.0, 1.5, 2.0  # of which validation chooses one
AT_ONCE = 64  # sentences, each with a beam

Coded = tuple[list[int], list[int]]


class TranslationPlan(NamedTuple):
    """What a translator is made with; the defaults are the whole recipe.

    Embedding and state are equally wide, for what writes a piece also
    reads it.
    """

    decoder: str = "dot"
    pieces: int = 2000  # sub-words a side
    longest: int = 80  # pieces of a sentence that is learned from
    hidden: int = 256  # units
    dropout: float = 0.3
    batch: int = 64  # pairs an update
    steps: int = 5000
    rate: float = 0.002  # before it falls
    evaluate_every: int = 5000 // LOOKS  # updates


def plan_for(pairs: int, **given: Any) -> TranslationPlan:
    """A plan for so many pairs to learn from; None is for what is chosen.

    Units, pieces and updates fall with the square root of the pairs below
    FULL, to a quarter, a fifth and a fifth at least.

    Raises ValueError where there is no pair.
    """
    if pairs < 1:
        raise ValueError(f"pairs: expected at least 1, got {pairs}")
    share = min(1.0, (pairs / FULL) ** 0.5)
    whole = TranslationPlan()
    chosen = {
        "hidden": max(whole.hidden // 4, 16 * round(whole.hidden * share / 16)),
        "pieces": max(whole.pieces // 5, round(whole.pieces * share)),
        "steps": max(whole.steps // 5, round(whole.steps * share)),
    }
    chosen["evaluate_every"] = chosen["steps"] // LOOKS
    kept = {name: value for name, value in given.items() if value is not None}
    return whole._replace(**(chosen | kept))


def begin_translator(
    training: Sequence[Pair], plan: TranslationPlan, seed: int
) -> tuple[Translator, SubWords, SubWords]:
    """The sub-words of the pairs to learn from, and the first weights."""
    from rnncore.application import seeded
    from rnncore.translate.recipe import tie_readout
    from rnncore.translate.subwords import learn_subwords
    from rnncore.translate.training import build_translator

    source, target = (
        learn_subwords(side, plan.pieces) for side in zip(*training, strict=True)
    )
    sizes = source.size, target.size, plan.hidden, plan.hidden
    with seeded(seed):
        model = build_translator(*sizes, plan.decoder, plan.dropout)
        return tie_readout(model), source, target


def encode_pairs(
    pairs: Sequence[Pair],
    source: SubWords,
    target: SubWords,
    longest: int | None = None,
) -> list[Coded]:
    """Both sides as numbers, but no pair of more pieces than `longest`."""
    both = [(source.encode(p.source), target.encode(p.target)) for p in pairs]
    return [pair for pair in both if longest is None or max(map(len, pair)) <= longest]


def smoothed_loss() -> Callable:
    """The loss of `train_module`: of targets that are not quite sure."""
    from rnncore.translate.training import translate_loss

    return partial(translate_loss, epsilon=SMOOTHING)


def falling_rate(plan: TranslationPlan) -> Optimizer:
    """Adam, whose rate falls to 0."""
    from rnncore.application import cooling

    return cooling(plan.rate, plan.steps, FALLING)


def translate_by_beam(
    known: tuple[Translator, SubWords, SubWords],
    sentences: Sequence[str],
    penalty: float,
    width: int = WIDTH,
) -> list[str]:
    """The best translations of a beam, in the sentences' order."""
    from rnncore.translate.recipe import write_by_beam
    from rnncore.translate.training import translate

    write = write_by_beam(width, penalty)
    return translate(*known, sentences, AT_ONCE, write)


def score_penalties(
    known: tuple[Translator, SubWords, SubWords],
    pairs: Sequence[Pair],
    progress: Callable[[Any], Iterable] = iter,
) -> dict[float, float]:
    """The BLEU of these pairs with each length penalty of the beam."""
    from rnncore.translate.training import quality

    sentences = [pair.source for pair in pairs]
    return {
        penalty: quality(translate_by_beam(known, sentences, penalty), pairs).bleu
        for penalty in progress(PENALTIES)
    }
