"""What a recogniser of speech is made with, and how it learns."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from rnncore.application import cooling, seeded
from rnncore.speech.folder import Recording
from rnncore.speech.letters import Choice
from rnncore.speech.model import Recognizer, speech_loss
from rnncore.speech.training import (
    choice_loss,
    outputs,
    similar_lengths,
    speaking,
    varied,
    word_errors,
    written,
)


class SpeechPlan(NamedTuple):
    """What a recogniser is made with; the defaults are the recipe."""

    hidden: int = 64  # units
    layers: int = 2
    batch: int = 32  # recordings an update
    steps: int = 800
    rate: float = 0.004  # falls to 0 over the last part
    dropout: float = 0.4
    evaluate_every: int = 100  # updates
    plain: bool = False  # recordings as they are, not varied
    seed: int = 0


def speech_recipe(
    learned: Sequence[Recording],
    held_out: Sequence[Recording],
    known: Any,
    plan: SpeechPlan,
    device: torch.device | None = None,
) -> tuple[Recognizer, dict[str, Any]]:
    """A network with its first weights, and what `train_module` needs.

    That is its loss, next_batch, evaluate (word errors of `held_out`, in
    percent) and optimizer; `known` is what the network may write.
    """
    features = [r.features for r in learned]
    labels = [known.encode(r.text) for r in learned]
    sizes = features[0].shape[1], plan.hidden, known.size, plan.layers
    with seeded(plan.seed):
        network = speaking(Recognizer(*sizes, plan.dropout))
    vary: dict[str, Any] = {} if plan.plain else {"vary": varied}
    return network.to(device), {
        "loss": choice_loss if isinstance(known, Choice) else speech_loss,
        "next_batch": similar_lengths(
            features, labels, plan.batch, device, **vary
        ),
        "evaluate": lambda network: measure_errors(
            network, held_out, known
        ),
        "optimizer": cooling(plan.rate, plan.steps),
    }


def measure_errors(
    network: Any, recordings: Sequence[Recording], known: Any
) -> float:
    """Word errors of recordings, in percent.

    Where a network errs on other people's voices it soon errs with
    confidence: its loss rises while its errors still fall.
    """
    found = outputs(network, [r.features for r in recordings])
    read = [written(log_p, known) for log_p in found]
    return word_errors([r.text for r in recordings], read)
