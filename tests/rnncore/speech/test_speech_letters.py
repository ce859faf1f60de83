"""The words that a beam may spell: a lexicon, and what is read with it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncore.ctc import greedy
from rnncore.speech.letters import Letters, letters_of, lexicon, read_words

WORDS = "on", "one", "no"
LETTERS = Letters(" eno")


def frames(text, letters, sure=0.9):
    """log p of frames that say this text, a blank after each letter."""
    K = letters.size
    path = [k for a in text for k in (letters.encode(a)[0], 0)]
    p = np.full((len(path), K), (1 - sure) / (K - 1))
    p[np.arange(len(path)), path] = sure
    return np.log(p)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "no"),
        ("o", "n"),
        ("on", " e"),
        ("one", " "),
        ("one ", "no"),
        ("one n", "o"),
        ("no", " "),
    ],
)
def test_only_a_word_may_go_on_and_only_a_whole_one_may_end(before, after):
    language = lexicon(WORDS, LETTERS)
    prefix = tuple(LETTERS.encode(before))
    allowed = {
        LETTERS.decode([k])
        for k in range(1, LETTERS.size)
        if language(prefix, k) == 0
    }
    assert allowed == set(after)
    refused = set(LETTERS.letters) - allowed
    for letter in refused:
        assert language(prefix, *LETTERS.encode(letter)) == -math.inf


def test_a_string_of_words_is_read_as_it_is():
    log_p = frames("one no on", LETTERS)
    assert read_words(log_p, WORDS, LETTERS) == "one no on"


def test_a_letter_that_was_misheard_is_mended():
    letters = letters_of(["seven nine", "x"])
    log_p = frames("sexen nine", letters, sure=0.6)
    assert letters.decode(greedy(log_p[:, None])[0]) == "sexen nine"
    assert read_words(log_p, ["seven", "nine"], letters) == "seven nine"


def test_a_word_that_is_cut_short_is_not_written():
    log_p = frames("one n", LETTERS, sure=0.999)
    assert read_words(log_p, WORDS, LETTERS, width=1) == "one"


@given(st.integers(0, 2**32 - 1))
def test_whatever_was_heard_only_known_words_are_written(seed):
    rng = np.random.default_rng(seed)
    log_p = np.log(rng.dirichlet(np.ones(LETTERS.size), size=9))
    text = read_words(log_p, WORDS, LETTERS, width=3)
    assert set(text.split()) <= set(WORDS)
    assert text == " ".join(text.split())


def test_without_a_space_there_is_one_word():
    letters = Letters("eno")
    assert read_words(frames("oneno", letters), WORDS, letters) == "one"


def test_a_lexicon_needs_words_of_known_letters():
    with pytest.raises(ValueError, match=r"^words:"):
        lexicon([], LETTERS)
    with pytest.raises(ValueError, match="'x' is not known"):
        lexicon(["ox"], LETTERS)
