"""What a recogniser hears of real recordings, and what it may write."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from rnncore.backend import check_shape
from rnncore.data.speech import Recording
from rnncore.speech.features import HOP, RATE, heard, log_mel, stacked
from rnncore.speech.letters import Choice, Words

AROUND = 20  # steps to which a recording is stretched, to be compared
OFTEN = 10  # times that a word is said that is learned as a whole
DEPTH = 10.0  # nats below the loudest: less power is silence
STRENGTHS = 1e-5, 1e-4, 1e-3, 1e-2, 1e-1  # of linear weights
MOST = 5_000  # recordings that a linear classifier learns from
PAUSE = 8.0  # nats: before and after a word all bands are so far below


def level_bands(features: np.ndarray) -> np.ndarray:
    """All bands together: mean 0 and deviation 1; then half of each mean.

    What is far below the loudest counts as silence, such as the bands that
    a file of 8,000 samples a second does not have.

    Shapes: features (T, D) -> features (T, D)
    """
    check_shape("features", features, "T", "D")
    features = np.maximum(features, features.max() - DEPTH)
    level = (features - features.mean()) / max(features.std(), 1e-3)
    return level - level.mean(axis=0) / 2


def said_frames(features: np.ndarray) -> slice:
    """From the first to the last frame that is no pause.

    In a pause no band comes within 8 nats, which is 35 decibels, of the
    loudest band and frame: softer than most last consonants.

    Shapes: features (T, D) -> frames
    """
    check_shape("features", features, "T", "D")
    loud = features.max(axis=1) > features.max() - PAUSE
    (at,) = np.nonzero(loud)
    return slice(int(at[0]), int(at[-1]) + 1)


def first_word(samples: np.ndarray, rate: int) -> float:
    """How many seconds `heard_speech` leaves out before the first word.

    Shapes: samples (N,) -> seconds
    """
    return said_frames(log_mel(samples, rate)).start * HOP / RATE


def heard_speech(samples: np.ndarray, rate: int) -> np.ndarray:
    """As `heard`, but levelled, without the pauses before and after.

    They would count in the mean and the deviation, so that a word would
    look otherwise after a longer pause.

    Shapes: samples (N,) -> features (T, 80)
    """
    features = log_mel(samples, rate)
    features = level_bands(features[said_frames(features)])
    return stacked(features).astype(np.float32)


# What a model reads, by what its file says is normalised.
HEARD = {"band": heard, "speech": heard_speech}


def words_of(texts: Iterable[str]) -> Words:
    """Every word of the texts, in alphabetical order."""
    return Words(tuple(sorted({w for text in texts for w in text.split()})))


def choice_of(texts: Iterable[str]) -> Choice:
    """Every text as one word, in alphabetical order."""
    return Choice(tuple(sorted(set(texts))))


def is_closed(texts: Iterable[str], least: int = OFTEN) -> bool:
    """Whether each word is said so often that it can be learned whole."""
    counts = Counter(word for text in texts for word in text.split())
    return min(counts.values(), default=0) >= least


def stretch_word(features: np.ndarray) -> np.ndarray:
    """A recording at 20 moments, in one row: its order, not its speed.

    Shapes: features (T, D) -> row
    """
    check_shape("features", features, "T", "D")
    at = np.linspace(0, len(features) - 1, AROUND).round().astype(int)
    return features[at].ravel()


def nearest_texts(
    learned: Sequence[Recording],
    asked: Sequence[Recording],
    progress: Callable[[Any], Iterable] = iter,
) -> list[str]:
    """For each recording the transcript of the most similar one learned.

    Both are stretched to 20 steps, so that only the order counts.
    """

    known = np.stack([stretch_word(one.features) for one in learned])
    squares = (known**2).sum(axis=1)
    found = []
    for one in progress(asked):
        distance = squares - 2 * known @ stretch_word(one.features)
        found.append(learned[int(distance.argmin())].text)
    return found


def linear_texts(
    learned: Sequence[Recording],
    held_out: Sequence[Recording],
    asked: Sequence[Recording],
    progress: Callable[[Any], Iterable] = iter,
) -> list[str]:
    """What logistic regression names recordings stretched to 20 steps.

    Each transcript is a class. How strong the weights may be is chosen by
    the fewest errors on `held_out`. Of more than MOST recordings every
    second, third, ... is learned from.

    Raises ValueError where all transcripts are the same.
    """
    from sklearn.linear_model import LogisticRegression

    texts = [one.text for one in learned]
    if len(set(texts)) < 2:
        raise ValueError("learned: expected two transcripts, got one")
    step = -(-len(texts) // MOST)
    rows, held, new = (
        np.stack([stretch_word(one.features) for one in part])
        for part in (learned[::step], held_out, asked)
    )
    best = -1.0
    for strength in progress(STRENGTHS):
        model = LogisticRegression(C=strength, max_iter=1000)
        model.fit(rows, texts[::step])
        right = model.score(held, [one.text for one in held_out])
        if right > best:
            best, found = right, model.predict(new).tolist()
    return found
