"""What a recogniser of speech is made with, and how it learns."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from rnncore.application import cooling, seeded
from rnncore.apps.speech.cepstra import (
    COUNT,
    STACK,
    ask_network,
    back_to_cepstra,
    varied_cepstra,
)
from rnncore.apps.speech.training import (
    Vary,
    choice_loss,
    similar_lengths,
    speaking,
    varied,
    word_errors,
    written,
)
from rnncore.data.speech import Recording
from rnncore.speech.letters import Choice
from rnncore.speech.model import Recognizer, speech_loss


class SpeechPlan(NamedTuple):
    """What a recogniser is made with; the defaults are the recipe."""

    hidden: int = 64  # units
    layers: int = 2
    batch: int = 32  # recordings an update
    steps: int = 800
    rate: float = 0.004
    falls: float = 0.4  # of the steps: meanwhile the rate falls to 0
    dropout: float = 0.4
    evaluate_every: int = 100  # updates
    plain: bool = False  # recordings as they are, not varied
    cepstra: bool = False  # are read in place of bands
    seed: int = 0


OF_CEPSTRA = SpeechPlan(
    hidden=128,
    batch=16,
    steps=3400,
    rate=0.003,
    falls=0.6,
    dropout=0.2,
    evaluate_every=200,
    cepstra=True,
)


def speech_recipe(
    learned: Sequence[Recording],
    held_out: Sequence[Recording],
    known: Any,
    plan: SpeechPlan,
    device: torch.device | None = None,
) -> tuple[Recognizer, dict[str, Any]]:
    """A network with its first weights, and what `train_module` needs.

    That is its loss, next_batch, evaluate (word errors of `held_out`, in
    percent) and optimizer; `known` is what the network may write. The
    recordings are bands, also where their cepstra are read.
    """
    features = [r.features for r in learned]
    labels = [known.encode(r.text) for r in learned]
    D = STACK * COUNT if plan.cepstra else features[0].shape[1]
    sizes = D, plan.hidden, known.size, plan.layers
    with seeded(plan.seed):
        network = speaking(Recognizer(*sizes, plan.dropout))
    return network.to(device), {
        "loss": choice_loss if isinstance(known, Choice) else speech_loss,
        "next_batch": similar_lengths(
            features, labels, plan.batch, device, _choose_variation(plan)
        ),
        "evaluate": lambda network: measure_errors(network, held_out, known),
        "optimizer": cooling(plan.rate, plan.steps, plan.falls),
    }


def _choose_variation(plan: SpeechPlan) -> Vary:
    """What becomes of a recording before it is learned from."""
    if not plan.plain:
        return varied_cepstra if plan.cepstra else varied
    if plan.cepstra:
        return lambda rng, features, least: back_to_cepstra(features)
    return lambda rng, features, least: features


def measure_errors(network: Any, recordings: Sequence[Recording], known: Any) -> float:
    """Word errors of recordings, in percent.

    Where a network errs on other people's voices it soon errs with
    confidence: its loss rises while its errors still fall.
    """
    found = ask_network(network, [r.features for r in recordings])
    read = [written(log_p, known) for log_p in found]
    return word_errors([r.text for r in recordings], read)
