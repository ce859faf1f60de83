"""What a translator has to beat: the nearest pair, and a table of words."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnncore.data.translation import Pair
from rnncore.translate.subwords import SubWords

NONE = -1  # the piece of a source that stands for nothing in particular
LEAST = 1 / 3  # of a piece's probability: what the table needs to trust it


class WordTable(NamedTuple):
    """For each piece of a source, the piece it mostly stands for."""

    best: dict[int, int]  # of the pieces that have one
    source: SubWords
    target: SubWords

    def translate(self, sentences: Sequence[str]) -> list[str]:
        """Piece by piece, in the order of the source."""
        coded = map(self.source.encode, sentences)
        found = [[self.best[k] for k in c if k in self.best] for c in coded]
        return [self.target.decode(ids) for ids in found]


def learn_word_table(
    source: SubWords,
    target: SubWords,
    pairs: Sequence[Pair],
    rounds: int = 8,
    progress: Callable[[Any], Iterable] = iter,
) -> WordTable:
    """Which piece stands for which, by expectation and maximisation.

    Each piece of a target is thought to come from one of its source, or
    from none. Who may have been it shares it by the p of the last round;
    the shares, added up, are the next p. Order plays no part.

    Source: Brown et al. 1993, model 1.
    """
    coded = [
        ([NONE, *source.encode(p.source)], target.encode(p.target))
        for p in pairs
    ]
    p: dict[tuple[int, int], float] = defaultdict(lambda: 1.0)
    for _ in progress(range(rounds)):
        shares: dict[tuple[int, int], float] = defaultdict(float)
        for given, said in coded:
            for t in said:
                total = sum(p[s, t] for s in given)
                for s in given:
                    shares[s, t] += p[s, t] / total
        totals: dict[int, float] = defaultdict(float)
        for (s, _), share in shares.items():
            totals[s] += share
        p = {(s, t): n / totals[s] for (s, t), n in shares.items()}
    ranked = sorted(p.items(), key=lambda entry: entry[1])
    best = {s: t for (s, t), q in ranked if s != NONE and q > LEAST}
    return WordTable(best, source, target)


def nearest(
    source: SubWords,
    pairs: Sequence[Pair],
    sentences: Sequence[str],
    progress: Callable[[Any], Iterable] = iter,
) -> list[str]:
    """The translation of the known sentence whose pieces differ least.

    Raises ValueError where there is no pair.
    """
    if not pairs:
        raise ValueError("pairs: expected at least one, got none")
    size, begins, places, counts = _index_pieces(
        [source.encode(p.source) for p in pairs], source.size
    )
    found = []
    for sentence in progress(sentences):
        shared = np.zeros(len(pairs), np.int64)
        asked = np.unique(source.encode(sentence), return_counts=True)
        for piece, times in zip(*asked, strict=True):
            of = slice(begins[piece], begins[piece + 1])
            shared[places[of]] += np.minimum(counts[of], times)
        apart = size - 2 * shared  # and the sentence's own, equal for all
        found.append(pairs[int(apart.argmin())].target)
    return found


def _index_pieces(
    coded: Sequence[Sequence[int]], K: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Each sentence's length; where each piece stands, and how often.

    A sentence takes memory for the pieces that it has: a table of all
    would be large. What holds for piece k lies from begins[k] to
    begins[k + 1].
    """
    size = np.array([len(one) for one in coded])
    of = np.repeat(np.arange(len(coded)), size)
    pieces = np.fromiter((k for one in coded for k in one), np.int64)
    both, counts = np.unique(pieces * len(coded) + of, return_counts=True)
    begins = np.searchsorted(both, np.arange(K + 1) * len(coded))
    return size, begins, both % len(coded), counts
