"""What counting and compressing give: the baselines of a language model."""

import lzma
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rnncore.backend import check_shape

Tokens = np.ndarray | Sequence[int]  # numbers from 0 to K - 1


class Order(NamedTuple):
    """The grams of one length, numbered in the order of their codes.

    A gram's code is (the number of its context) times K plus its last
    token, so that no table of all K^n grams is needed.
    """

    codes: np.ndarray  # (grams,), increasing
    counts: np.ndarray  # (grams,) how often, or after how many tokens
    total: np.ndarray  # (contexts,) sum of the counts after a context
    kinds: np.ndarray  # (contexts,) how many tokens came after it
    discount: float  # taken from each count, for shorter contexts


class KneserNey(NamedTuple):
    """An n-gram model, shortest grams first."""

    K: int
    orders: list[Order]


def fit_kneser_ney(ids: Tokens, order: int, K: int) -> KneserNey:
    """Count the grams of 1 to `order` tokens.

    The longest grams count how often they occurred. A shorter one counts
    after how many different tokens it occurred: "Francisco" is frequent,
    but only after one word, so it should seldom be guessed elsewhere.

    Raises ValueError where order is below 1, or ids is no row of that many
    numbers from 0 to K - 1.
    Source: Kneser & Ney 1995, interpolated as Chen & Goodman 1999.
    """
    if order < 1:
        raise ValueError(f"order: expected at least 1, got {order}")
    ids = _checked(ids, K)
    if len(ids) < order:
        raise ValueError(
            f"ids: expected at least {order} tokens, got {len(ids)}"
        )
    orders = []
    context = np.zeros(len(ids), dtype=np.int64)  # before each token
    contexts = 1
    for n in range(1, order + 1):
        code = context * K + ids[n - 1 :]
        codes, gram = np.unique(code, return_inverse=True)
        if n < order:  # the token before each gram makes it a kind
            pairs = np.unique(ids[: len(ids) - n] * len(codes) + gram[1:])
            counts = np.bincount(pairs % len(codes), minlength=len(codes))
            counts = np.maximum(counts, 1)  # the text's first gram
        else:
            counts = np.bincount(gram)
        after = codes // K  # each gram's context
        once = max(1, (counts == 1).sum())  # so that d is never 0
        twice = (counts == 2).sum()
        orders.append(
            Order(
                codes,
                counts,
                np.bincount(after, counts, minlength=contexts),
                np.bincount(after, minlength=contexts),
                once / (once + 2 * twice),
            )
        )
        context, contexts = gram[:-1], len(codes)
    return KneserNey(K, orders)


def kneser_ney_probabilities(model: KneserNey, ids: Tokens) -> np.ndarray:
    """The probability of every token of a text, given those before it.

    p_n(w | c) = (max(count(c w) - d, 0) + d kinds(c) p_{n-1}(w)) / total(c)

    Raises ValueError where ids is no row of numbers from 0 to K - 1.
    """
    ids = _checked(ids, model.K)
    p = np.full(len(ids), 1 / model.K)
    context = np.zeros(len(ids), dtype=np.int64)  # -1: was never seen
    for order in model.orders:
        p, gram = _mix(order, model.K, context, ids, p)
        context = np.concatenate([[-1], gram[:-1]])
    return p


def kneser_ney_next(model: KneserNey, ids: Tokens) -> np.ndarray:
    """The probabilities of all K tokens after a text, which may be empty.

    Raises ValueError where ids is no row of numbers from 0 to K - 1.
    """
    ids = _checked(ids, model.K) if len(ids) else np.zeros(0, np.int64)
    everything = np.arange(model.K)
    p = np.full(model.K, 1 / model.K)
    for n, order in enumerate(model.orders[: len(ids) + 1]):
        context = 0
        for m in range(n):  # from the context's first token on
            token = ids[len(ids) - n + m]
            context = int(_find(model.orders[m], model.K, context, token))
        same = np.full(model.K, context)
        p, _ = _mix(order, model.K, same, everything, p)
    return p


def bits_given(training: str, text: str) -> float:
    """Bits that a text costs a compressor which has read another before.

    Compressed: both together, less the first alone.
    """

    def size(what: str) -> int:
        packed = lzma.compress(
            what.encode(), preset=9 | lzma.PRESET_EXTREME
        )
        return 8 * len(packed)

    return size(training + text) - size(training)


def _mix(order, K, context, ids, p):
    """One order more: its probabilities, and the number of each gram."""
    gram = _find(order, K, context, ids)
    seen = context >= 0
    total = np.where(seen, order.total[context], 0)
    seen = total > 0
    count = np.where(gram >= 0, order.counts[gram], 0)
    own = np.maximum(count - order.discount, 0)
    rest = order.discount * order.kinds[context] * p
    return np.where(seen, (own + rest) / np.where(seen, total, 1), p), gram


def _find(order, K, context, ids):
    """The number of each gram of this length; -1 where never seen."""
    code = np.asarray(context) * K + ids
    place = np.searchsorted(order.codes, code)
    place = np.minimum(place, len(order.codes) - 1)
    found = (order.codes[place] == code) & (np.asarray(context) >= 0)
    return np.where(found, place, -1)


def _checked(ids: Tokens, K: int) -> np.ndarray:
    row: Any = np.asarray(ids) if isinstance(ids, list | tuple) else ids
    check_shape("ids", row, "T")
    if row.dtype.kind not in "iu":
        raise ValueError(f"ids: expected whole numbers, got {row.dtype}")
    if row.min() < 0 or row.max() >= K:
        raise ValueError(
            f"ids: expected 0 to {K - 1}, got {row.min()} to {row.max()}"
        )
    return row
