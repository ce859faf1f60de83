"""The three sets of texts of the chapter, each split in three."""

from typing import NamedTuple

import numpy as np

from rnncore.data.text import documentation_topics, python_source
from rnncore.text.splits import overlapping_groups, split_groups
from rnncore.text.tunes import folk_tunes, split_tunes
from rnncore.text.vocabulary import split_words


class Corpus(NamedTuple):
    """Documents by name: to learn from, to choose by, to be judged on."""

    train: dict[str, str]
    valid: dict[str, str]
    test: dict[str, str]

    def texts(self) -> tuple[str, str, str]:
        """Each part as one text, document after document."""
        train, valid, test = ("\n".join(part.values()) for part in self)
        return train, valid, test


def documentation_corpus(seed: int, apart: bool) -> Corpus:
    """Python's language reference, 80, 10 and 10 % of its words by topic.

    Topics are drawn at random; apart, topics that share 12 words in a row
    are drawn together, so that no such run stands in two parts.
    """
    topics = documentation_topics()
    names = list(topics)
    words = [split_words(text) for text in topics.values()]
    groups = [[k] for k in range(len(names))]
    if apart:
        groups = overlapping_groups(words, 12)
    rng = np.random.default_rng(seed)
    parts = split_groups(rng, groups, list(map(len, words)), 0.1, 0.1)
    return Corpus(
        *({names[k]: topics[names[k]] for k in part} for part in parts)
    )


def python_corpus() -> Corpus:
    """The source of pytest; the test part is what chapter 4 held out."""
    source = python_source()
    valid = python_source(one_in=9, part=1).held_out
    assert not valid.keys() & source.held_out.keys()
    train = {k: v for k, v in source.train.items() if k not in valid}
    return Corpus(train, valid, source.held_out)


def tunes_corpus() -> Corpus:
    """Folk tunes in ABC, 80, 10 and 10 %, versions of a tune together."""
    rng = np.random.default_rng(0)
    return Corpus(*split_tunes(folk_tunes(), rng, 0.1, 0.1))
