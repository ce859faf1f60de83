"""From logits to a choice: four ways to write with a language model."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = [
    "Hypothesis",
    "at_temperature",
    "beam_search",
    "draw_tokens",
    "nucleus",
    "repeated_share",
    "top_k",
]


def __dir__() -> list[str]:
    return __all__


def at_temperature(logits: np.ndarray, temperature: float) -> np.ndarray:
    """The probabilities of logits that were divided by a temperature.

    Shapes: logits (B, K) -> p (B, K)

    Raises ValueError unless the temperature is positive.
    """
    if not temperature > 0:
        raise ValueError(
            f"temperature: expected more than 0, got {temperature}"
        )
    a = np.asarray(logits, dtype=float) / temperature
    p = np.exp(a - a.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def _check_probabilities(p: np.ndarray) -> None:
    """Raise ValueError unless each row's numbers are shares of 1."""
    sums = np.sum(p, axis=-1)
    if np.min(p) < 0 or not np.allclose(sums, 1, atol=1e-3):
        raise ValueError(
            "p: expected rows that sum to 1; turn logits into "
            "probabilities with at_temperature first"
        )


def top_k(p: np.ndarray, k: int) -> np.ndarray:
    """Only the k likeliest tokens, with probabilities that sum to 1.

    Of two equally likely ones the first is taken.

    Shapes: p (B, K) -> p (B, K)

    Raises ValueError where k is below 1, or a row does not sum to 1.
    Source: Fan et al. 2018.
    """
    if k < 1:
        raise ValueError(f"k: expected at least 1, got {k}")
    _check_probabilities(p)
    order = np.argsort(-p, axis=-1, kind="stable")
    kept = np.array(p)
    np.put_along_axis(kept, order[..., k:], 0, axis=-1)
    return kept / kept.sum(axis=-1, keepdims=True)


def nucleus(p: np.ndarray, mass: float) -> np.ndarray:
    """Only the fewest tokens that together have this mass, renormalised.

    The token that carries the sum across the mass belongs to them.

    Shapes: p (B, K) -> p (B, K)

    Raises ValueError unless 0 < mass <= 1 and each row sums to 1.
    Source: Holtzman et al. 2020.
    """
    if not 0 < mass <= 1:
        raise ValueError(f"mass: expected more than 0, to 1, got {mass}")
    _check_probabilities(p)
    order = np.argsort(-p, axis=-1, kind="stable")
    falling = np.take_along_axis(p, order, axis=-1)
    before = np.cumsum(falling, axis=-1) - falling  # mass of the likelier
    kept = np.zeros_like(p)
    np.put_along_axis(
        kept, order, np.where(before < mass, falling, 0), axis=-1
    )
    return kept / kept.sum(axis=-1, keepdims=True)


def draw_tokens(rng: np.random.Generator, p: np.ndarray) -> np.ndarray:
    """One token a row, each as often as its probability says.

    Shapes: p (B, K) -> ids (B,)
    """
    sums = np.cumsum(p, axis=-1)
    u = rng.random(sums[..., -1:].shape) * sums[..., -1:]
    return (sums <= u).sum(axis=-1)


class Hypothesis(NamedTuple):
    """A beginning that a beam search keeps."""

    log_p: float  # of all its tokens
    tokens: tuple[int, ...]
    after: np.ndarray  # log probabilities of the next token, (K,)
    state: Any


def beam_search(
    advance: Callable[[Any, int], tuple[np.ndarray, Any]],
    after: np.ndarray,
    state: Any,
    width: int,
    length: int,
) -> list[Hypothesis]:
    """The likeliest continuations found when `width` are kept at each step.

    `advance(state, token)` reads a token and gives the log probabilities
    of the next one, (K,), and the new state; `after`, (K,), and `state`
    are those of the beginning. Width 1 is the greedy choice.

    Raises ValueError where width or length is below 1.
    Source: Lowerre 1976.
    """
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), np.asarray(after), state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, int(k))
            for h in kept
            for k in np.argsort(-h.after, kind="stable")[:width]
        ]
        longer.sort(key=lambda option: -option[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept


def repeated_share(tokens: Sequence, length: int = 4) -> float:
    """The share of a text's runs of tokens that stood in it before.

    Raises ValueError where the text is shorter than two runs.
    """
    runs = [
        tuple(tokens[t : t + length])
        for t in range(len(tokens) - length + 1)
    ]
    if len(runs) < 2:
        raise ValueError(
            f"tokens: expected more than {length}, got {len(tokens)}"
        )
    return 1 - len(set(runs)) / len(runs)
