"""Letters read with a letter model, and in known words alone."""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import numpy as np

from rnncore.apps.speech.training import word_errors
from rnncore.ctc import BLANK, prefix_beam
from rnncore.speech.letters import Letters, letter_bonus, lexicon

WIDTH, ORDER = 8, 6  # of the beam, of the letter model
WEIGHTS = 0.25, 0.5, 1.0, 1.5  # of its log p
REWARD = 1.0  # of a letter, for each of these: log p alone likes short texts
SURE = math.log(0.999)
Language = Callable[[tuple[int, ...], int], float]
Reader = Callable[[np.ndarray], str]


def make_reader(
    letters: Letters,
    texts: Sequence[str],
    weight: float,
    spelt: bool = False,
    width: int = WIDTH,
) -> Reader:
    """What reads log probabilities (T, K), helped by some texts.

    With `spelt` no word is written that is not in the texts.
    """
    words = {word for text in texts for word in text.split()}
    language = make_bonus(letters, texts, weight, spelt)
    only = words if spelt else None
    return lambda log_p: read_beam(log_p, letters, language, only, width)


def without_pauses(log_p: np.ndarray) -> np.ndarray:
    """Of frames that are surely blank, the first of each pause.

    No text changes. From (T, K) to as many columns, and fewer rows.
    """
    sure = log_p[:, BLANK] > SURE
    return log_p[~sure | ~np.concatenate([[False], sure[:-1]])]


def make_bonus(
    letters: Letters, texts: Iterable[str], weight: float, spelt: bool
) -> Language:
    """What a letter adds in a beam; with `spelt` words of the texts alone.

    Raises ValueError where they have no word.
    """
    texts = list(texts)
    likely = letter_bonus(texts, letters, ORDER, weight)
    words = {word for text in texts for word in text.split()}
    allowed = lexicon(words, letters) if spelt else None

    @lru_cache(maxsize=200_000)
    def language(prefix: tuple[int, ...], label: int) -> float:
        if allowed and allowed(prefix, label) == -math.inf:
            return -math.inf
        return likely(prefix, label) + weight * REWARD

    return language


def read_beam(
    log_p: np.ndarray,
    letters: Letters,
    language: Language,
    words: set[str] | None,
    width: int = WIDTH,
) -> str:
    """The best text of the beam; of known words one that ends with one.

    `log_p` is (T, K).
    """
    found = prefix_beam(without_pauses(log_p), width, language)
    texts = [letters.decode(prefix) for prefix, _ in found]
    whole = [t for t in texts if not words or t.split(" ")[-1] in words]
    return whole[0] if whole else texts[0].rpartition(" ")[0]


def choose_weight(
    letters: Letters,
    texts: Sequence[str],
    held: Sequence[np.ndarray],
    true: Sequence[str],
    spelt: bool,
    progress: Callable[[Sequence[float]], Iterable[float]] = iter,
) -> tuple[float, float]:
    """The weight with the fewest word errors (%) held out, and these."""
    errors = {}
    for weight in progress(WEIGHTS):
        read = make_reader(letters, texts, weight, spelt)
        errors[weight] = word_errors(true, [read(p) for p in held])
    best = min(errors, key=errors.__getitem__)
    return best, errors[best]
