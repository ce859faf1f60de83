"""Sequences without a network: counts, autoregressions, scores."""

from collections import Counter
from collections.abc import Collection
from math import exp, log
from typing import Any, NamedTuple

import numpy as np

from rnncore.backend import Array, array_namespace, check_shape

Tokens = str | tuple[Any, ...]  # what can be sliced, and its slices hashed


class NGrams(NamedTuple):
    """How often each gram was seen, and what came after each context."""

    order: int  # tokens in the longest gram: its context has one fewer
    vocabulary: frozenset  # every token that may come
    seen: Counter  # gram -> how often
    total: Counter  # context -> how many tokens came after it
    kinds: Counter  # context -> how many different ones


def count_ngrams(
    tokens: Tokens, order: int, vocabulary: Collection
) -> NGrams:
    """Count the grams of 1 to `order` tokens, and their contexts.

    Raises ValueError where order is below 1, or a token is not in the
    vocabulary.
    """
    if order < 1:
        raise ValueError(f"order: expected at least 1, got {order}")
    seen: Counter = Counter()
    total: Counter = Counter()
    kinds: Counter = Counter()
    model = NGrams(order, frozenset(vocabulary), seen, total, kinds)
    _check_tokens(model, tokens)
    for size in range(1, order + 1):
        last = len(tokens) - size
        seen.update(tokens[t : t + size] for t in range(last + 1))
    for gram, times in seen.items():
        total[gram[:-1]] += times
        kinds[gram[:-1]] += 1
    return model


def probability(model: NGrams, tokens: Tokens) -> float:
    """The probability of the last token, given those before it.

    Each context that was seen, from the shortest on, mixes its counts with
    the estimate of the shorter ones, in the ratio of tokens to kinds.

    Raises ValueError where there is no token.
    Source: Witten & Bell 1991, method C, interpolated.
    """
    if not tokens:
        raise ValueError("tokens: expected at least one")
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(min(model.order, len(tokens))):
        context, gram = tokens[last - k : last], tokens[last - k :]
        total, kinds = model.total[context], model.kinds[context]
        if not total:
            break  # no longer context was seen either
        p = (model.seen[gram] + kinds * p) / (total + kinds)
    return p


def surprisal(model: NGrams, tokens: Tokens) -> np.ndarray:
    """-log p of every token given those before it, in nats.

    Raises ValueError where a token is not in the vocabulary.
    """
    _check_tokens(model, tokens)
    order = model.order
    grams = [
        tokens[max(0, t + 1 - order) : t + 1] for t in range(len(tokens))
    ]
    return np.array([-log(probability(model, gram)) for gram in grams])


def perplexity(nats: Array) -> float:
    """exp of the mean surprisal: as unsure as among so many tokens.

    Shapes: nats (T,) -> perplexity ()

    Raises ValueError where nats is not a vector, or empty.
    """
    check_shape("nats", nats, "T")
    return exp(float(array_namespace(nats).mean(nats)))


def bits_per_character(nats: Array, characters: int) -> float:
    """The total surprisal in bits, divided by the number of characters.

    Shapes: nats (T,) -> bits ()

    Raises ValueError where nats is not a vector, or characters is not
    positive.
    """
    check_shape("nats", nats, "T")
    if characters < 1:
        raise ValueError(
            f"characters: expected at least 1, got {characters}"
        )
    return float(array_namespace(nats).sum(nats)) / (log(2) * characters)


def _check_tokens(model: NGrams, tokens: Tokens) -> None:
    """Raise ValueError unless tokens is a text or tuple of known tokens."""
    if not isinstance(tokens, str | tuple) or not tokens:
        raise ValueError(
            "tokens: expected a str or a tuple, not empty, "
            f"got {type(tokens).__name__}"
        )
    unknown = set(tokens) - model.vocabulary
    if unknown:
        raise ValueError(
            f"tokens: {min(unknown, key=str)!r} is not in the vocabulary"
        )


def without_copies(
    training: tuple, held_out: tuple, length: int = 12
) -> tuple:
    """The training tokens outside all runs that also occur in held_out.

    A run has `length` tokens; shorter matches are ordinary language.

    Raises ValueError where length is below 1.
    """
    if length < 1:
        raise ValueError(f"length: expected at least 1, got {length}")
    runs = {
        held_out[t : t + length] for t in range(len(held_out) - length + 1)
    }
    keep = np.ones(len(training), dtype=bool)
    for t in range(len(training) - length + 1):
        if training[t : t + length] in runs:
            keep[t : t + length] = False
    return tuple(training[t] for t in np.flatnonzero(keep))


class Autoregression(NamedTuple):
    """The next value as a weighted sum of the last K, plus a constant.

    Shapes: w (K,); b ()
    """

    w: Array
    b: Array


def windows(x: Array, size: int) -> tuple[Array, Array]:
    """Every window of `size` values, and the value after each.

    Raises ValueError where x is not a vector longer than size, or size is
    below 1.
    """
    xp = array_namespace(x)
    check_shape("x", x, "T")
    steps = x.shape[0] - size
    if size < 1 or steps < 1:
        raise ValueError(
            f"size: expected 1 to {x.shape[0] - 1}, got {size}"
        )
    columns = [x[k : k + steps] for k in range(size)]
    return xp.stack(columns, axis=1), x[size:]


def fit_autoregression(x: Array, order: int) -> Autoregression:
    """The weights of one-step forecasts of x, fitted by least squares.

    Shapes: x (T,) -> w (K,); b ()

    Raises ValueError where x is not longer than order.
    Source: Yule 1927.
    """
    xp = array_namespace(x)
    before, after = windows(x, order)
    ones = xp.ones_like(after)[:, None]
    solution = xp.linalg.pinv(xp.concat([before, ones], axis=1)) @ after
    return Autoregression(solution[:-1], solution[-1])


def forecast(model: Autoregression, x: Array, horizon: int) -> Array:
    """The next `horizon` values; each forecast is an input of the next.

    Raises ValueError where x is shorter than the model's order, or horizon
    is below 1.
    """
    xp = array_namespace(x)
    size = model.w.shape[0]
    check_shape("x", x, "T")
    if x.shape[0] < size:
        raise ValueError(
            f"x: expected at least ({size},), got {tuple(x.shape)}"
        )
    _check_horizon(horizon)
    values = list(xp.unstack(x[x.shape[0] - size :]))
    for _ in range(horizon):
        values.append(xp.stack(values[-size:]) @ model.w + model.b)
    return xp.stack(values[size:])


def persistence(x: Array, horizon: int) -> Array:
    """The last value again at every step: tomorrow is like today.

    Shapes: x (T,) -> predicted (K,)

    Raises ValueError where x is not a vector, or horizon is below 1.
    """
    return seasonal_naive(x, horizon, 1)


def seasonal_naive(x: Array, horizon: int, period: int) -> Array:
    """The last season again: the last `period` values, repeated.

    Shapes: x (T,) -> predicted (K,)

    Raises ValueError where x is shorter than a period, or horizon is
    below 1.
    """
    xp = array_namespace(x)
    check_shape("x", x, "T")
    start = x.shape[0] - period
    if period < 1 or start < 0:
        raise ValueError(
            f"period: expected 1 to {x.shape[0]}, got {period}"
        )
    _check_horizon(horizon)
    return xp.stack([x[start + h % period] for h in range(horizon)])


def _check_horizon(horizon: int) -> None:
    """Raise ValueError unless at least one step is asked for."""
    if horizon < 1:
        raise ValueError(f"horizon: expected at least 1, got {horizon}")


def mase(actual: Array, predicted: Array, training: Array) -> float:
    """Mean absolute error in units of persistence's error in training.

    Shapes: actual (K,); predicted (K,); training (T,) -> mase ()

    Raises ValueError where a shape does not fit, or training never moves.
    Source: Hyndman & Koehler 2006.
    """
    xp = array_namespace(actual)
    check_shape("actual", actual, "K")
    check_shape("predicted", predicted, *actual.shape)
    check_shape("training", training, "T")
    if not xp.any(training != training[0]):
        raise ValueError("training: expected a series that moves")
    step = xp.mean(xp.abs(training[1:] - training[:-1]))
    return float(xp.mean(xp.abs(actual - predicted)) / step)
