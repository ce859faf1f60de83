"""What training a recogniser takes: batches, word errors, weights."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rnncore.application import save_weights
from rnncore.ctc import ctc_loss, greedy, prefix_beam
from rnncore.speech.letters import Letters
from rnncore.speech.model import (
    KIND,
    Batch,
    Recognizer,
    batch_of,
    log_probabilities,
)

AT_ONCE = 64  # recordings that are read side by side
STEP = 0.02  # seconds a step of the network


def similar_lengths(
    features: Sequence[np.ndarray],
    labels: Sequence[Sequence[int]],
    B: int,
    device: torch.device | None = None,
) -> Callable[[np.random.Generator, int], Batch]:
    """The next_batch of `train_module`: little padding, all at random.

    Of four times as many recordings, ordered by length, it takes a
    quarter.
    """
    sizes = np.array([len(a) for a in features])

    def next_batch(rng: np.random.Generator, step: int) -> Batch:
        drawn = rng.integers(len(features), size=4 * B)
        drawn = drawn[np.argsort(sizes[drawn], kind="stable")]
        chosen = drawn[B * rng.integers(4) :][:B]
        return batch_of(
            [features[k] for k in chosen],
            [labels[k] for k in chosen],
            device,
        )

    return next_batch


def outputs(model: Any, features: Sequence[np.ndarray]) -> list[np.ndarray]:
    """log p of the blank and each letter, one (T, K) a recording."""
    device = next(model.parameters()).device
    found = []
    for k in range(0, len(features), AT_ONCE):
        some = features[k : k + AT_ONCE]
        batch = batch_of(some, [[]] * len(some), device)
        log_p = log_probabilities(model, batch).cpu().numpy()
        found += [log_p[:n, b] for b, n in enumerate(batch.lengths)]
    return found


def written(
    log_p: np.ndarray,
    letters: Letters,
    width: int = 1,
    language: Callable[[tuple[int, ...], int], float] | None = None,
) -> str:
    """The text of one recording: greedy, or by a beam of this width.

    Shapes: log_p (T, K) -> text
    """
    if width == 1 and language is None:
        return letters.decode(greedy(log_p[:, None])[0])
    return letters.decode(prefix_beam(log_p, width, language)[0][0])


def word_times(
    log_p: np.ndarray, letters: Letters, text: str
) -> list[tuple[float, str]]:
    """When each word of the text begins, in seconds.

    By the frame at which most paths that read as the text say the word's
    first letter.

    Shapes: log_p (T, K) -> times
    """
    _, cache = ctc_loss(log_p[:, None], [letters.encode(text)])
    said = cache.on_paths[:, 0, 1::2].argmax(axis=0) * STEP
    firsts = [
        k
        for k, a in enumerate(text)
        if a != " " and text[:k][-1:] in ("", " ")
    ]
    return [
        (float(said[k]), word)
        for k, word in zip(firsts, text.split(), strict=True)
    ]


def word_errors(true: Sequence[str], read: Sequence[str]) -> float:
    """Words that are wrong, too many or missing, in percent of all."""
    import jiwer

    return 100 * jiwer.wer(list(true), list(read))


def letter_errors(true: Sequence[str], read: Sequence[str]) -> float:
    """The same of letters."""
    import jiwer

    return 100 * jiwer.cer(list(true), list(read))


def save_recognizer(
    path: Path,
    model: Recognizer,
    letters: Letters,
    about: dict[str, Any],
    dtype: torch.dtype | None = None,
) -> None:
    """The weights, and what they are."""
    sizes = {
        "kind": KIND,
        "letters": letters.letters,
        "D": model.D,
        "H": model.loop.hidden_size,
        "layers": model.loop.num_layers,
    }
    save_weights(path, model, about | sizes, dtype)
