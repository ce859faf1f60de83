"""How far captions say what people say: consensus, in place of equality."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

GRAMS = 4  # words of the longest n-gram
SPREAD = 6.0  # words of difference in length that are forgiven
SCALE = 1000.0  # as papers print it: 10 is a factor of the definition

Grams = dict[tuple[str, ...], float]


def cider_scores(
    said: Sequence[str], references: Sequence[Sequence[str]]
) -> np.ndarray:
    """CIDEr-D of each caption against all that people said of its picture.

    n-grams of one to four words count by how rare they are among the
    pictures: the score is the cosine of the two captions' vectors, where
    no n-gram counts for more than a reference has of it, less where their
    lengths differ; averaged over n and over references. In hundredths, as
    papers print it: captions of people come to about 80 to 110. The mean
    over all pictures is the corpus's score. With few pictures nothing is
    rare, and with one alone all scores are 0.

    Shapes: -> scores (N,)

    Raises ValueError where the numbers differ or a picture has none.
    Source: Vedantam, Zitnick & Parikh 2015, section 5, CIDEr-D.
    """
    if len(said) != len(references) or not all(references):
        raise ValueError(
            "references: expected at least one for each of "
            f"{len(said)} captions, got {len(references)} lists"
        )
    counted = [[_count_grams(text) for text in some] for some in references]
    pictures = Counter(g for some in counted for g in set().union(*some))
    log_N = math.log(max(len(said), 1))
    rare = {gram: log_N - math.log(n) for gram, n in pictures.items()}
    scores = []
    for text, some in zip(said, counted, strict=True):
        own = _count_grams(text)
        alike = [_compare(own, one, rare, log_N) for one in some]
        scores.append(SCALE * float(np.mean(alike)))
    return np.array(scores)


def _count_grams(text: str) -> Counter:
    words = text.split()
    return Counter(
        tuple(words[k : k + n])
        for n in range(1, GRAMS + 1)
        for k in range(len(words) - n + 1)
    )


def _weigh(counts: Counter, rare: Grams, most: float) -> list[Grams]:
    """For each n the n-grams' counts, times how rare they are."""
    parts: list[Grams] = [{} for _ in range(GRAMS)]
    for gram, count in counts.items():
        parts[len(gram) - 1][gram] = count * rare.get(gram, most)
    return parts


def _compare(own: Counter, other: Counter, rare: Grams, most: float) -> float:
    """The mean cosine over n, with clipped counts and alike lengths."""
    words = [sum(n for g, n in c.items() if len(g) == 2) for c in (own, other)]
    alike = math.exp(-((words[0] - words[1]) ** 2) / (2 * SPREAD**2))
    found = 0.0
    pairs = zip(_weigh(own, rare, most), _weigh(other, rare, most), strict=True)
    for mine, true in pairs:
        size = math.hypot(*mine.values()) * math.hypot(*true.values())
        shared = sum(
            min(weight, true[gram]) * true[gram]
            for gram, weight in mine.items()
            if gram in true
        )
        found += shared / size if size else 0.0
    return alike * found / GRAMS
