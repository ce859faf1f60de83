"""Transcripts as numbers, and how likely the next letter is."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rnncore.ctc import BLANK
from rnncore.text.ngrams import fit_kneser_ney, kneser_ney_next


class Letters(NamedTuple):
    """The letters of the transcripts; number 0 is the blank."""

    letters: str

    @property
    def size(self) -> int:
        """K: the letters and the blank."""
        return len(self.letters) + 1

    def encode(self, text: str) -> list[int]:
        """The number of each letter, from 1.

        Raises ValueError naming a letter that is not known.
        """
        unknown = [a for a in text if a not in self.letters]
        if unknown:
            raise ValueError(f"text: {unknown[0]!r} is not known")
        return [self.letters.index(a) + 1 for a in text]

    def decode(self, labels: Iterable[int]) -> str:
        """The text that these labels spell."""
        return "".join(self.letters[k - 1] for k in labels if k != BLANK)


def letters_of(texts: Iterable[str]) -> Letters:
    """Every letter of the texts, in the order of their codes."""
    return Letters("".join(sorted(set().union(*texts))))


def letter_bonus(
    texts: Iterable[str], letters: Letters, order: int, weight: float
) -> Callable[[tuple[int, ...], int], float]:
    """What `prefix_beam` adds where a label is added.

    It is `weight` times log p of the label after the labels before it,
    by n-grams of the texts.

    Raises ValueError where the order is below 1.
    """
    ids = [0]  # stands before and after each text
    for text in texts:
        ids += [*letters.encode(text), 0]
    model = fit_kneser_ney(np.array(ids), order, letters.size)

    @lru_cache(maxsize=100_000)
    def log_p(context: tuple[int, ...]) -> np.ndarray:
        return np.log(kneser_ney_next(model, np.array(context)))

    def language(prefix: tuple[int, ...], label: int) -> float:
        context = (0, *prefix)[-(order - 1) :] if order > 1 else ()
        return weight * float(log_p(context)[label])

    return language
