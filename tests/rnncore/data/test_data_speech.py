"""Spoken digits: voices, reproducible samples, noise, and what is refused."""

import numpy as np
import pytest

from rnncore.data.speech import (
    ACCENTS,
    RATE,
    WORDS,
    Sentence,
    digit_strings,
    speak,
    split_voices,
    variants,
    voices,
    with_noise,
)


def test_the_same_sentences_always_give_the_same_samples():
    sentences = [
        Sentence("three one four"),
        Sentence("nine", "en-us+whisper", 200),
        Sentence("three one four"),
    ]
    once, again = speak(sentences), speak(sentences)
    for a, b in zip(once, again, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == np.float32
        assert 0.1 < np.abs(a).max() <= 1
        assert 0.2 < len(a) / RATE < 3


def test_every_accent_and_every_voice_sounds_different():
    ways = [Sentence("seven", a) for a in ACCENTS]
    ways += [Sentence("seven", f"en-us+{v}") for v in variants()]
    said = [a.tobytes() for a in speak(ways)]
    assert len(set(said)) == len(said)
    assert len(voices()) == len(ACCENTS) * len(variants())


def test_rate_and_pitch_are_heard():
    slow, fast, high = speak(
        [
            Sentence("seven", words_a_minute=100),
            Sentence("seven", words_a_minute=300),
            Sentence("seven", words_a_minute=100, pitch=90),
        ]
    )
    assert len(fast) < 0.7 * len(slow)

    def period(a):  # of the loudest tenth of a second, in samples
        at = int(np.argmax(np.convolve(a**2, np.ones(2205), "valid")))
        piece = a[at : at + 2205]
        same = np.correlate(piece, piece, "full")[2204:]
        return 60 + int(np.argmax(same[60:500]))  # 44 to 367 Hz

    assert period(high) < 0.9 * period(slow)


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        (Sentence("one", "xx"), "sentence 1: there is no voice 'xx'"),
        (
            Sentence("one", "en-us+nobody"),
            "there is no voice 'en-us.nobody'",
        ),
        (Sentence("one", "en-us+"), "there is no voice"),
        (Sentence("one", "en", 20), "expected 80 to 450 words .* got 20"),
        (
            Sentence("one", pitch=101),
            "expected a pitch of 0 to 100, got 101",
        ),
        (Sentence(" "), "sentence 1: expected words, got ' '"),
    ],
)
def test_what_cannot_be_said_is_refused(sentence, message):
    with pytest.raises(ValueError, match=message):
        speak([Sentence("one"), sentence])


def test_noise_is_as_loud_as_it_says(rng):
    tone = 0.1 * np.sin(np.arange(50_000) / 9).astype(np.float32)
    noise = with_noise(rng, tone, 6.0) - tone
    ratio = np.mean(tone**2) / np.mean(noise**2)
    assert abs(10 * np.log10(ratio) - 6) < 0.1
    loud = with_noise(rng, 9 * tone, -10.0)
    assert np.abs(loud).max() <= 1


def test_no_voice_is_on_both_sides(rng):
    train, test = split_voices(rng, held_out=20)
    assert len(test) == 20 * len(ACCENTS)
    assert len(train) + len(test) == len(voices())
    sides = [{v.partition("+")[2] for v in side} for side in (train, test)]
    assert not sides[0] & sides[1]


def test_digit_strings_are_drawn_as_asked():
    def draw():
        rng = np.random.default_rng(5)
        return digit_strings(
            rng, 40, ["en", "en-us+f2"], (2, 4), (150, 200), (5.0, 15.0)
        )

    clips = draw()
    for clip, other in zip(clips, draw(), strict=True):
        np.testing.assert_array_equal(clip.samples, other.samples)
    words = [c.sentence.text.split() for c in clips]
    assert {len(w) for w in words} == {2, 3, 4}
    assert {w for row in words for w in row} == set(WORDS)
    assert {c.sentence.voice for c in clips} == {"en", "en-us+f2"}
    assert all(150 <= c.sentence.words_a_minute <= 200 for c in clips)
    assert all(5 <= c.signal_to_noise <= 15 for c in clips)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(voices=[]), "voices: expected at least one"),
        (
            dict(digits=(3, 2)),
            r"digits: expected \(low, high\), got \(3, 2",
        ),
        (dict(digits=(0, 2)), "digits: expected at least 1, got 0"),
    ],
)
def test_a_draw_that_makes_no_sense_is_refused(rng, change, message):
    with pytest.raises(ValueError, match=message):
        digit_strings(rng, **(dict(count=2, voices=["en"]) | change))
    with pytest.raises(ValueError, match="held_out: expected 1 to 103"):
        split_voices(rng, 104)
