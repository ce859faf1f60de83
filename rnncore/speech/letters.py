"""Transcripts as numbers, and how likely the next letter is."""

import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rnncore.ctc import BLANK, prefix_beam
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

    def known(self, text: str) -> str:
        """The text without what has no number."""
        return "".join(a for a in text if a in self.letters)


class Words(NamedTuple):
    """Whole words in the place of letters: none other can be written."""

    words: tuple[str, ...]

    @property
    def size(self) -> int:
        """K: the words and the blank."""
        return len(self.words) + 1

    def encode(self, text: str) -> list[int]:
        """The number of each word, from 1.

        Raises ValueError naming a word that is not known.
        """
        unknown = [a for a in text.split() if a not in self.words]
        if unknown:
            raise ValueError(f"text: {unknown[0]!r} is not known")
        return [self.words.index(a) + 1 for a in text.split()]

    def decode(self, labels: Iterable[int]) -> str:
        """The text that these labels are."""
        return " ".join(self.words[k - 1] for k in labels if k != BLANK)

    def known(self, text: str) -> str:
        """The text without what has no number."""
        return " ".join(a for a in text.split() if a in self.words)


class Choice(NamedTuple):
    """One of these words a recording, and no string of them.

    Number 0 is nothing's, so that the words are numbered as elsewhere.
    """

    choices: tuple[str, ...]

    @property
    def size(self) -> int:
        """K: the words and number 0."""
        return len(self.choices) + 1

    def encode(self, text: str) -> list[int]:
        """The number of the word, from 1.

        Raises ValueError naming a text that is none of the words.
        """
        if text not in self.choices:
            raise ValueError(f"text: {text!r} is not known")
        return [self.choices.index(text) + 1]

    def decode(self, labels: Iterable[int]) -> str:
        """The word of this number."""
        return " ".join(self.choices[k - 1] for k in labels)


def letters_of(texts: Iterable[str]) -> Letters:
    """Every letter of the texts, in the order of their codes."""
    return Letters("".join(sorted(set().union(*texts))))


def letter_bonus(
    texts: Iterable[str],
    letters: Letters | Words,
    order: int,
    weight: float,
) -> Callable[[tuple[int, ...], int], float]:
    """What `prefix_beam` adds where a label is added.

    It is `weight` times log p of the label after the labels before it,
    by n-grams of the texts.

    Raises ValueError where the order is below 1.
    """
    ids = [0]  # stands before and after each text
    for text in texts:
        ids += [*letters.encode(text), 0]
    order = min(order, len(ids))
    model = fit_kneser_ney(np.array(ids), order, letters.size)

    @lru_cache(maxsize=100_000)
    def log_p(context: tuple[int, ...]) -> np.ndarray:
        return np.log(kneser_ney_next(model, np.array(context)))

    def language(prefix: tuple[int, ...], label: int) -> float:
        context = (0, *prefix)[-(order - 1) :] if order > 1 else ()
        return weight * float(log_p(context)[label])

    return language


def lexicon(
    words: Iterable[str], letters: Letters
) -> Callable[[tuple[int, ...], int], float]:
    """What `prefix_beam` adds where only these words may be spelt.

    It is 0 for a label that continues one of the words or is the space
    after a whole one, and -inf for any other.

    Raises ValueError where there is no word, or a word has an unknown
    letter.
    """
    known = {tuple(letters.encode(word)) for word in words if word}
    if not known:
        raise ValueError("words: expected at least one, got none")
    space = letters.letters.find(" ") + 1  # 0, the blank: there is none
    begun = {word[:k] for word in known for k in range(1, len(word) + 1)}

    def language(prefix: tuple[int, ...], label: int) -> float:
        spaces = [k for k, a in enumerate(prefix) if a == space]
        word = prefix[spaces[-1] + 1 :] if spaces else prefix
        allowed = (
            word in known if label == space else (*word, label) in begun
        )
        return 0.0 if allowed else -math.inf

    return language


def read_words(
    log_p: np.ndarray,
    words: Iterable[str],
    letters: Letters,
    width: int = 8,
) -> str:
    """The likeliest string of these words that the beam finds.

    Where no transcript of the beam ends with a whole word, the best one
    loses the word that it has begun.

    Shapes: log_p (T, K) -> text

    Raises ValueError where `lexicon` or `prefix_beam` does.
    """
    known = set(words)
    found = prefix_beam(log_p, width, lexicon(known, letters))
    texts = [letters.decode(prefix) for prefix, _ in found]
    for text in texts:
        if not text or text.split(" ")[-1] in known:
            return text
    return texts[0].rpartition(" ")[0]
