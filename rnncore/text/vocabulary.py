"""From text to numbers and back: characters, or words."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

__all__ = [
    "UNKNOWN",
    "Vocabulary",
    "character_vocabulary",
    "join_words",
    "split_words",
    "word_vocabulary",
]


def __dir__() -> list[str]:
    return __all__


UNKNOWN = "\N{REPLACEMENT CHARACTER}"  # stands for what is in no vocabulary


class Vocabulary(NamedTuple):
    """The tokens that a model knows; the first stands for all others."""

    tokens: tuple[str, ...]
    words: bool  # else a token is a character

    @property
    def size(self) -> int:
        """K: between how many tokens a model has to choose."""
        return len(self.tokens)

    def encode(self, text: str) -> np.ndarray:
        """The place of each token of a text; 0 where it is unknown."""
        place = {token: k for k, token in enumerate(self.tokens)}
        found = split_words(text) if self.words else text
        return np.array([place.get(token, 0) for token in found], dtype=int)

    def decode(self, ids: Iterable[int]) -> str:
        """The text of these tokens; words come with spaces between them."""
        found = [self.tokens[k] for k in ids]
        return join_words(found) if self.words else "".join(found)


def character_vocabulary(text: str) -> Vocabulary:
    """Every character of a text, in the order of their codes."""
    return Vocabulary((UNKNOWN, *sorted(set(text) - {UNKNOWN})), False)


def word_vocabulary(text: str, least: int = 2) -> Vocabulary:
    """Every word that a text holds at least so often, frequent ones first.

    Raises ValueError where least is below 1.
    """
    if least < 1:
        raise ValueError(f"least: expected at least 1, got {least}")
    counts = Counter(split_words(text))
    often = [word for word in counts if counts[word] >= least]
    often.sort(key=lambda word: (-counts[word], word))
    return Vocabulary((UNKNOWN, *often), True)


def split_words(text: str) -> list[str]:
    """Runs of letters, digits and _, and runs of other signs.

    White space ends a word and is no word itself.
    """
    from tokenizers.pre_tokenizers import Whitespace

    return [word for word, _ in Whitespace().pre_tokenize_str(text)]


def join_words(words: Iterable[str]) -> str:
    """Words as a line: a space between two, but none before a comma."""
    line = " ".join(words)
    line = re.sub(r" (?=[,.;:!?)\]}]+(\s|$))", "", line)
    return re.sub(r"(?<=[(\[{]) ", "", line)
