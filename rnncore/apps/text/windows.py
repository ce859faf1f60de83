"""Windows from anywhere in a text: each begins with a state of zeros."""

from collections.abc import Callable

import numpy as np
from torch import Tensor

from rnncore.text.model import LanguageModel, language_loss


def random_windows(
    ids: np.ndarray, T: int, B: int
) -> Callable[[np.random.Generator, int], np.ndarray]:
    """The `next_batch` that draws B windows from anywhere in a text.

    Raises ValueError where there are fewer than T + 1 tokens.
    """
    if not 1 <= T < len(ids):
        raise ValueError(f"T: expected 1 to {len(ids) - 1} (the tokens), got {T}")

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
