"""CIDEr-D, held against its authors' program and against a hand."""

import math

import pytest

from rnncore.apps.video.consensus import cider_scores
from tests.helpers.arrays import assert_close

SAID = [
    "a dog runs on the grass",
    "two men sit on a bench in a park near the water",
    "dog",
    "a girl a girl a girl",
    "a red car",
]
TRUE = [
    [
        "a dog runs on grass",
        "a brown dog is running on the grass",
        "the dog runs fast",
    ],
    [
        "two men sit on a bench",
        "two people on a park bench",
        "men are sitting near the water in a park",
    ],
    ["a black dog jumps", "a dog leaps over a fence", "a dog in the air"],
    [
        "a girl plays",
        "a small girl with a ball on the grass",
        "girl with ball",
    ],
    ["a car stops here", "the red car waits", "a red car in the street"],
]
# 100 times what pycocoevalcap 1.2 gives for these
PUBLISHED = [348.324187791, 270.273199122, 77.678035558, 57.563195029]
PUBLISHED += [280.054030554]


def test_the_scores_are_those_of_the_authors_program():
    assert_close(cider_scores(SAID, TRUE), PUBLISHED, within=1e-6)


def test_two_words_in_two_pictures_by_hand():
    """ "a b" and "c d": each word and pair is in one picture of two.

    "a d" shares one word of two: its cosine is 1/2 for n = 1, 0 above;
    the mean of four n, times 1000. "a b a b" is clipped to one of each,
    1/2 for n = 1; for n = 2, of "a b" twice and "b a", 1 / sqrt(5).
    It has two pairs more.
    """
    true = [["a b"], ["c d"]]
    assert_close(cider_scores(["a b", "c d"], true), [500.0, 500.0])
    assert_close(cider_scores(["a d", "x"], true), [125.0, 0.0])
    alike = math.exp(-(2**2) / 72) / 4 * (1 / 2 + 1 / math.sqrt(5))
    found = cider_scores(["a b a b", ""], true)
    assert_close(found, [1000 * alike, 0.0])


def test_what_all_pictures_have_counts_for_nothing():
    true = [["a man runs"], ["a man sits"]]
    assert cider_scores(["a man", "a man"], true).tolist() == [0, 0]
    assert cider_scores(["a man runs"], true[:1]).tolist() == [0]


def test_references_are_needed_for_each_caption():
    for true in [["a"]], [["a"], []]:
        with pytest.raises(ValueError, match=r"^references:"):
            cider_scores(["a", "b"], true)
