"""The stored recogniser has the score that is recorded with it."""

import numpy as np
import pytest

from rnncore.data.speech import digit_strings, split_voices
from rnncore.speech.model import load_recognizer
from rnncore.storage.weights import stored
from tools.train.ch15 import speech


@pytest.mark.weekly
def test_the_stored_weights_give_the_recorded_score():
    model, letters, about = load_recognizer(stored("speech_digits"))
    _, unknown = split_voices(np.random.default_rng(0))
    clips = digit_strings(
        np.random.default_rng([2, 20]),
        250,
        unknown,
        signal_to_noise=(20.0, 20.0),
    )
    found = speech.error_rate(model, clips, letters)
    # One word in 763 may turn on the last bit of another machine's sums.
    assert abs(found - about["score"]) < 0.2
    assert found < 10  # a network without memory has about 28


def test_the_weights_are_small():
    assert stored("speech_digits").stat().st_size < 2_000_000
