"""What counting and compressing give: the baselines of a language model."""

import lzma
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnncore.backend import check_shape

__all__ = [
    "KneserNey",
    "Order",
    "Tokens",
    "bits_given",
    "cache_probabilities",
    "fit_kneser_ney",
    "kneser_ney_models",
    "kneser_ney_next",
    "kneser_ney_probabilities",
    "one_discount",
    "ppm_probabilities",
    "three_discounts",
]


def __dir__() -> list[str]:
    return __all__


Tokens = np.ndarray | Sequence[int]  # numbers from 0 to K - 1
PIECE = 10**6  # bytes that a compressor is given at a time


class Order(NamedTuple):
    """The grams of one length, numbered in the order of their codes.

    A gram's code is (the number of its context) times K plus its last
    token, so that no table of all K^n grams is needed.
    """

    codes: np.ndarray  # (grams,), increasing
    counts: np.ndarray  # (grams,) how often, or after how many tokens
    total: np.ndarray  # (contexts,) sum of the counts after a context
    kinds: np.ndarray  # (contexts,) how many tokens came after it
    discounts: np.ndarray  # (4,) taken from counts of 0, 1, 2, 3 or more
    taken: np.ndarray  # (contexts,) sum of what was taken after it
    covered: np.ndarray  # (contexts,) the same tokens' shorter counts


class KneserNey(NamedTuple):
    """An n-gram model, shortest grams first."""

    K: int
    orders: list[Order]


def one_discount(counts: np.ndarray) -> np.ndarray:
    """What is taken from counts of 0, 1, 2, and 3 or more: d, from each.

    Shapes: counts (N,) -> discounts (4,)

    Source: Kneser & Ney 1995.
    """
    once = max(1, (counts == 1).sum())  # so that d is never 0
    twice = (counts == 2).sum()
    return once / (once + 2 * twice) * np.array([0.0, 1.0, 1.0, 1.0])


def three_discounts(counts: np.ndarray) -> np.ndarray:
    """A discount each for counts of 1, of 2, and of 3 or more.

    With n_k grams counted k times: k - (k + 1) d n_{k+1} / n_k. Where
    that is not positive, or no gram was counted k times, it is d.

    Shapes: counts (N,) -> discounts (4,)

    Source: Chen & Goodman 1999, modified Kneser-Ney.
    """
    n = np.bincount(np.minimum(counts, 5), minlength=6)
    discounts = one_discount(counts)
    d = discounts[1]  # what the formula gives for k = 1
    for k in 2, 3:
        if n[k] and k * n[k] > (k + 1) * d * n[k + 1]:
            discounts[k] = k - (k + 1) * d * n[k + 1] / n[k]
    return discounts


def kneser_ney_models(
    ids: Tokens,
    order: int,
    K: int,
    discounts: Callable[[np.ndarray], np.ndarray] = one_discount,
) -> Iterator[KneserNey]:
    """Models of 1, of 2, ... of `order` tokens, for the price of one.

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
    shorter: list[Order] = []
    context = np.zeros(len(ids), dtype=np.int64)  # before each token
    ends = np.zeros(len(ids), dtype=np.int64)  # gram without first token
    contexts = 1
    for n in range(1, order + 1):
        code = context * K + ids[n - 1 :]
        codes, gram = np.unique(code, return_inverse=True)
        after = codes // K  # each gram's context
        end = np.zeros(len(codes), dtype=np.int64)
        end[gram] = ends
        below = shorter[-1].counts[end] if shorter else end
        covered = np.bincount(after, below, minlength=contexts)
        counts = np.bincount(gram)
        longest = _order(codes, counts, covered, discounts(counts), K)
        yield KneserNey(K, [*shorter, longest])
        # the token before each gram makes it a kind
        pairs = np.unique(ids[: len(ids) - n] * len(codes) + gram[1:])
        counts = np.bincount(pairs % len(codes), minlength=len(codes))
        counts = np.maximum(counts, 1)  # the text's first gram
        shorter.append(_order(codes, counts, covered, discounts(counts), K))
        context, ends, contexts = gram[:-1], gram[1:], len(codes)


def fit_kneser_ney(
    ids: Tokens,
    order: int,
    K: int,
    discounts: Callable[[np.ndarray], np.ndarray] = one_discount,
) -> KneserNey:
    """The model with grams of 1 to `order` tokens.

    Raises ValueError where `kneser_ney_models` does.
    """
    return deque(kneser_ney_models(ids, order, K, discounts), 1).pop()


def kneser_ney_probabilities(model: KneserNey, ids: Tokens) -> np.ndarray:
    """The probability of every token of a text, given those before it.

    p_n(w | c) = (count(c w) - d(count) + taken(c) p_{n-1}(w)) / total(c)

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
    """The probabilities of all K tokens after a text, or after each of B.

    A text, ids (T,), may be empty and has (K,); texts side by side,
    (T, B), have (B, K).

    Raises ValueError where ids is neither, or its numbers are not whole
    ones from 0 to K - 1.
    """
    B, T = np.shape(ids)[1:], len(ids)
    ids = _checked(ids, model.K, *"TB"[: 1 + len(B)]) if T else ids
    everything = np.arange(model.K)
    p = np.full((*B, model.K), 1 / model.K)
    for n, order in enumerate(model.orders[: T + 1]):
        context = np.zeros(B, dtype=np.int64)
        for m in range(n):  # from the context's first token on
            token = ids[T - n + m]
            context = _find(model.orders[m], model.K, context, token)
        p, _ = _mix(order, model.K, context[..., None], everything, p)
    return p


def ppm_probabilities(model: KneserNey, ids: Tokens) -> np.ndarray:
    """The probability of every token of a text, by PPM with exclusion.

    The longest context that was seen predicts alone: a token that came
    after it has (count - 1/2) / total, all others together kinds / (2
    total). They are told apart by the next shorter context, which leaves
    out the tokens that the longer one has just ruled out. The counts are
    those of Kneser & Ney, which PPM calls update exclusion.

    Raises ValueError where ids is no row of numbers from 0 to K - 1.
    Source: Cleary & Witten 1984; method D: Howard 1993.
    """
    ids = _checked(ids, model.K)
    context = np.zeros(len(ids), dtype=np.int64)  # -1: was never seen
    places = []
    for order in model.orders:
        gram = _find(order, model.K, context, ids)
        context = np.where(order.total[context] > 0, context, -1)
        places.append((order, context, gram))
        context = np.concatenate([[-1], gram[:-1]])
    p = np.ones(len(ids))
    left = np.full(len(ids), True)  # not yet told apart
    out_kinds, out_total = np.zeros(len(ids)), np.zeros(len(ids))
    for order, context, gram in reversed(places):
        seen = context >= 0
        kinds = order.kinds[context] - out_kinds
        total = order.total[context] - out_total
        here = left & seen & (kinds > 0)
        half = np.where(order.kinds[context] < model.K, 0.5, 0.0)
        count = order.counts[gram] - half
        part = np.where(gram >= 0, count, half * kinds)
        p = np.where(here, p * part / np.where(here, total, 1), p)
        left &= ~(here & (gram >= 0))
        out_kinds = np.where(seen, order.kinds[context], out_kinds)
        out_total = np.where(seen, order.covered[context], out_total)
    return np.where(left, p / np.maximum(model.K - out_kinds, 1), p)


def cache_probabilities(ids: Tokens, longest: int, K: int) -> np.ndarray:
    """The probability of every token by what the text held before it.

    Row n, of an array (longest + 1, T), has contexts of up to n tokens:

    p_n(w | c) = (count(c w) + kinds(c) p_{n-1}(w)) / (total(c) + kinds(c))

    with the counts of the text so far and 1 / K below the shortest. Where
    c is new, p_n is p_{n-1}.

    Raises ValueError where longest is below 0, or ids is no row of numbers
    from 0 to K - 1.
    Source: Kuhn & De Mori 1990, the cache; Witten & Bell 1991, method C.
    """
    if longest < 0:
        raise ValueError(f"longest: expected at least 0, got {longest}")
    ids = _checked(ids, K)
    p = np.full(len(ids), 1 / K)
    context = np.zeros(len(ids), dtype=np.int64)  # of the tokens from n on
    rows = []
    for n in range(longest + 1):
        _, gram = np.unique(context * K + ids[n:], return_inverse=True)
        count = _sum_earlier(gram, np.ones(len(gram)))
        total = _sum_earlier(context, np.ones(len(gram)))
        kinds = _sum_earlier(context, np.where(count == 0, 1.0, 0.0))
        mixed = (count + kinds * p[n:]) / np.maximum(total + kinds, 1)
        p[n:] = np.where(total > 0, mixed, p[n:])
        rows.append(p.copy())
        context = gram[:-1]
    return np.stack(rows)


def bits_given(
    training: str,
    text: str,
    progress: Callable[[Any], Iterable] = iter,
) -> float:
    """Bits that a text costs a compressor which has read another before.

    Compressed: both together, less the first alone.
    """

    def size(what: str) -> int:
        packer = lzma.LZMACompressor(preset=9 | lzma.PRESET_EXTREME)
        data = what.encode()
        starts = range(0, len(data), PIECE)
        pieces = [data[k : k + PIECE] for k in starts]
        packed = [packer.compress(piece) for piece in progress(pieces)]
        return 8 * (sum(map(len, packed)) + len(packer.flush()))

    return size(training + text) - size(training)


def _order(codes, counts, covered, discounts, K):
    """The grams of one length, summed up by context."""
    after = codes // K
    taken = discounts[np.minimum(counts, 3)]
    return Order(
        codes,
        counts,
        np.bincount(after, counts, minlength=len(covered)),
        np.bincount(after, minlength=len(covered)),
        discounts,
        np.bincount(after, taken, minlength=len(covered)),
        covered,
    )


def _mix(order, K, context, ids, p):
    """One order more: its probabilities, and the number of each gram."""
    gram = _find(order, K, context, ids)
    seen = context >= 0
    total = np.where(seen, order.total[context], 0)
    seen = total > 0
    count = np.where(gram >= 0, order.counts[gram], 0)
    own = count - order.discounts[np.minimum(count, 3)]
    rest = order.taken[context] * p
    return np.where(seen, (own + rest) / np.where(seen, total, 1), p), gram


def _find(order, K, context, ids):
    """The number of each gram of this length; -1 where never seen."""
    code = np.asarray(context) * K + ids
    place = np.searchsorted(order.codes, code)
    place = np.minimum(place, len(order.codes) - 1)
    found = (order.codes[place] == code) & (np.asarray(context) >= 0)
    return np.where(found, place, -1)


def _sum_earlier(group: np.ndarray, values: np.ndarray) -> np.ndarray:
    """At each place the sum of the values before it in the same group."""
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    before = np.cumsum(values[order]) - values[order]
    sums = np.empty(len(values))
    sums[order] = before - before[np.searchsorted(ordered, ordered)]
    return sums


def _checked(ids: Tokens, K: int, *dims: str) -> np.ndarray:
    row: Any = np.asarray(ids) if isinstance(ids, list | tuple) else ids
    check_shape("ids", row, *(dims or "T"))
    if row.dtype.kind not in "iu":
        raise ValueError(f"ids: expected whole numbers, got {row.dtype}")
    if row.min() < 0 or row.max() >= K:
        raise ValueError(
            f"ids: expected 0 to {K - 1}, got {row.min()} to {row.max()}"
        )
    return row
