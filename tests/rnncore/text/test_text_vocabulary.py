"""Text to numbers and back; documents that share passages."""

import numpy as np
import pytest

from rnncore.data.text import documentation
from rnncore.text.corpora import documentation_corpus
from rnncore.text.splits import overlapping_groups, split_groups
from rnncore.text.vocabulary import (
    UNKNOWN,
    character_vocabulary,
    join_words,
    split_words,
    word_vocabulary,
)


def test_characters_come_back_as_they_were():
    vocabulary = character_vocabulary("hello\n")
    assert vocabulary.tokens == (UNKNOWN, "\n", "e", "h", "l", "o")
    assert vocabulary.encode("hole").tolist() == [3, 5, 4, 2]
    assert vocabulary.decode(vocabulary.encode("hole\n")) == "hole\n"


def test_what_was_never_seen_is_unknown():
    vocabulary = character_vocabulary("ab")
    assert vocabulary.encode("axb").tolist() == [1, 0, 2]
    assert vocabulary.decode([1, 0]) == "a" + UNKNOWN
    words = word_vocabulary("to be or not to be", least=2)
    assert words.tokens == (UNKNOWN, "be", "to")
    assert words.encode("not to be").tolist() == [0, 2, 1]
    assert words.size == 3


def test_words_are_runs_of_letters_and_runs_of_signs():
    assert split_words('if x_1 == "a b":') == [
        "if", "x_1", "==", '"', "a", "b", '":',
    ]  # fmt: skip


def test_words_are_joined_as_english_is_printed():
    words = split_words("Well, (as you see) it works: once; or twice.")
    assert join_words(words) == (
        "Well, (as you see) it works: once; or twice."
    )


def test_a_words_text_begins_with_that_of_its_beginning():
    words = split_words(documentation()[5000:9000])
    for n in range(1, len(words)):
        assert join_words(words[: n + 1]).startswith(join_words(words[:n]))


def test_a_vocabulary_of_no_occurrence_is_refused():
    with pytest.raises(ValueError, match="least: expected at least 1"):
        word_vocabulary("a", least=0)


def test_documents_that_share_a_run_are_in_one_group():
    documents = ["abcd1", "xabcd", "zzzz", "cd1cd1", "1cd1"]
    assert overlapping_groups(documents, 4) == [[0, 1], [2], [3, 4]]
    assert overlapping_groups(documents, 3) == [[0, 1, 3, 4], [2]]
    with pytest.raises(ValueError, match="length: expected at least 1"):
        overlapping_groups(documents, 0)


def test_groups_stay_together_and_nothing_is_lost():
    groups = [[0, 3], [1], [2], [4, 5, 6], [7], [8], [9]]
    sizes = [10] * 10
    for seed in range(20):
        rng = np.random.default_rng(seed)
        parts = split_groups(rng, groups, sizes, 0.2, 0.2)
        assert sorted(k for part in parts for k in part) == list(range(10))
        for group in groups:
            assert sum(set(group) <= set(part) for part in parts) == 1
        assert 2 <= len(parts[1]) <= 3
        assert 2 <= len(parts[2]) <= 3


@pytest.mark.parametrize("shares", [(0.5, 0.5), (-0.1,), (1.0,)])
def test_shares_leave_something_to_train_on(shares):
    with pytest.raises(ValueError, match=r"^shares:"):
        split_groups(np.random.default_rng(0), [[0], [1]], [1, 1], *shares)


def runs_of(part, length=12):
    found = set()
    for text in part.values():
        words = split_words(text)
        ends = range(length, len(words) + 1)
        found |= {tuple(words[t - length : t]) for t in ends}
    return found


@pytest.mark.slow
def test_topics_kept_apart_share_no_run_of_twelve_words():
    apart = documentation_corpus(0, apart=True)
    mixed = documentation_corpus(0, apart=False)
    assert not runs_of(apart.train) & runs_of(apart.test)
    assert not runs_of(apart.train) & runs_of(apart.valid)
    assert runs_of(mixed.train) & runs_of(mixed.test)
    for corpus in (apart, mixed):
        sizes = [len(split_words(text)) for text in corpus.texts()]
        assert sizes[0] > 6 * sizes[2]
        assert 0.05 < sizes[2] / sum(sizes) < 0.16
