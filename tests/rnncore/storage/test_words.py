"""Signs come off words in one way, in all scripts."""

import pytest

from rnncore.storage.words import plain_words


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ('One. one, ONE! "one"', "one one one one"),
        ("don\u2019t don't", "don't don't"),
        ("a bar - it grows \u2014 fast", "a bar it grows fast"),
        ("\u064a\u0643\u0628\u0631\u060c \u0645\u0627\u061f", "\u064a\u0643\u0628\u0631 \u0645\u0627"),
        ("\u00bfqu\u00e9? \uff08\u5bf9\uff01\uff09", "qu\u00e9 \u5bf9"),
        ("well-known 3.14", "well-known 3.14"),
        ("50 % of A & B, C#", "50 % of a & b c#"),
        ("cafe\u0301", "caf\u00e9"),
        ("... \u2014 !", ""),
    ],
)  # fmt: skip
def test_signs_beside_words_are_left_out(written, words):
    assert plain_words(written) == words
    assert plain_words(words) == words
