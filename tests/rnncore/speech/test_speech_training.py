"""What `speech` learns with: labels, variations, losses, errors."""

import numpy as np
import pytest
import torch

from rnncore.apps.speech import command
from rnncore.apps.speech.recordings import (
    choice_of,
    first_word,
    heard_speech,
    said_frames,
    stretch_word,
    words_of,
)
from rnncore.apps.speech.training import (
    choice_loss,
    count_errors,
    letter_errors,
    needed,
    varied,
    written,
)
from rnncore.speech.letters import Choice, Letters, Words
from rnncore.speech.model import batch_of
from rnncore.storage.files import Refused
from tests.helpers.arrays import assert_close


def test_letters_are_told_with_the_words_that_are_too_rare(capsys):
    texts = ["one two"] * 12 + ["three"] * 3
    assert isinstance(command._choose_labels("auto", texts), Letters)
    err = capsys.readouterr().err
    assert "of 3 words 1, such as 'three', are said fewer than 10" in err


def test_errors_counted_by_recording_are_those_of_all():
    true = ["one two three", "four", "five six"]
    read = ["one too", "four four", "five six"]
    errors, lengths = count_errors(true, read)
    assert errors.tolist() == [2, 1, 0]
    assert lengths.tolist() == [3, 1, 2]
    errors, lengths = count_errors(true, read, letters=True)
    assert_close(
        100 * errors.sum() / lengths.sum(), letter_errors(true, read)
    )


def test_over_several_speakers_the_interval_is_of_speakers():
    true = ["one two"] * 8
    read = ["one two"] * 4 + ["one", "two", "three", ""]
    names = [name for name in "aabbccdd"]
    found = command._draw_intervals(true, read, names)
    assert found["interval"][0] == "% word errors over speakers"
    assert found["intervals"][0][0] == "% letter errors over speakers"
    alone = command._draw_intervals(true, read, ["a"] * 8)
    assert alone["interval"][0] == "% word errors"
    unknown = command._draw_intervals(true, read, list("abcdefgh"))
    assert unknown == alone
    _, low, high = found["interval"]
    _, inner_low, inner_high = alone["interval"]
    assert low < inner_low < inner_high < high


def said_by(text, units="auto"):
    """What a network of these transcripts writes."""
    return command._choose_labels(units, text.split(","))


def test_words_that_are_said_often_are_learned_as_wholes(capsys):
    often = ",".join(["o", "i o"] * 10)
    assert said_by(often) == Words(("i", "o"))
    assert "learning 2 words as wholes" in capsys.readouterr().err
    assert said_by(often, "letters") == Letters(" io")
    assert said_by(f"{often},once") == Letters(" ceino")
    assert said_by("once", "words") == Words(("once",))


def test_one_word_a_file_is_a_choice(capsys):
    single = ",".join(["o", "i"] * 10)
    assert said_by(single) == Choice(("i", "o"))
    assert "learning 2 words, one a file" in capsys.readouterr().err
    assert said_by(single, "words") == Words(("i", "o"))
    assert said_by(f"{single},once") == Letters("ceino")
    assert said_by("once", "one") == Choice(("once",))
    with pytest.raises(Refused, match="one word a recording, got 'i o'"):
        said_by("o,i o", "one")


def test_a_choice_is_a_number_and_back(rng):
    choice = choice_of(["no", "yes", "no"])
    assert choice == Choice(("no", "yes"))
    assert choice.size == 3
    assert choice.encode("yes") == [2]
    assert choice.decode([2]) == "yes"
    with pytest.raises(ValueError, match="'no yes' is not known"):
        choice.encode("no yes")
    log_p = np.log([[0.9, 0.04, 0.06], [0.1, 0.5, 0.4], [0.8, 0.01, 0.19]])
    assert written(log_p, choice) == "yes"


def test_the_loss_of_a_choice_is_that_of_each_recording_alone(rng):
    """Of the mean logits of its own steps, whatever the padding says."""
    logits = torch.tensor(rng.normal(size=(5, 2, 4)))
    recordings = [rng.normal(size=(n, 3)) for n in (5, 2)]
    batch = batch_of(recordings, [[1], [3]])
    loss, carry = choice_loss(lambda x, lengths: logits, batch, None)
    votes = logits[:, 0].mean(0), logits[:2, 1].mean(0)
    each = [
        -vote[1:].log_softmax(0)[said] for vote, said in zip(votes, (0, 2))
    ]
    assert carry is None
    assert_close(loss, (each[0] + each[1]) / 2)


def test_pauses_before_and_after_are_left_out(rng):
    features = rng.normal(-12, 0.5, (20, 40))
    features[5:9] += 12
    features[8, :30] -= 6  # a soft consonant at the end
    assert said_frames(features) == slice(5, 9)
    seconds = np.arange(4000) / 8000
    word = np.sin(2 * np.pi * 700 * seconds)
    quiet = rng.normal(0, 1e-4, 4000)
    later = np.concatenate([quiet, word, quiet])
    alone = np.concatenate([quiet[:400], word, quiet[:400]])
    one, other = heard_speech(later, 8000), heard_speech(alone, 8000)
    assert len(one) == len(other)
    assert_close(one[1:-1], other[1:-1], within=0.1)
    assert_close(first_word(later, 8000), 0.5, within=0.02)
    assert said_frames(np.zeros((3, 40))) == slice(0, 3)  # silence stays


def test_words_are_numbers_and_back():
    words = words_of(["no one", "on no"])
    assert words == Words(("no", "on", "one"))
    assert words.encode("one no no") == [3, 1, 1]
    assert words.decode([3, 0, 1, 1]) == "one no no"
    assert words.known("no x one") == "no one"
    with pytest.raises(ValueError, match="'x' is not known"):
        words.encode("x")


def test_a_varied_recording_keeps_the_steps_that_it_needs(rng):
    features = rng.normal(size=(10, 80)).astype(np.float32)
    found = [varied(rng, features, 9) for _ in range(50)]
    assert {len(one) for one in found} == {9, 10, 11, 12}
    assert all(one.dtype == np.float32 for one in found)
    assert all(one.shape[1] == 80 for one in found)
    assert len(varied(rng, features[:1], 3)) == 3
    assert needed([2, 2, 1, 1, 1]) == 8


def test_varied_voices_move_in_time_and_pitch_by_so_much(rng):
    """A ridge at one band and frame, where it is not hidden."""
    features = np.zeros((40, 80), np.float32)
    frames = features.reshape(80, 40)
    frames[39:42, 20] = 9
    peaks = []
    for _ in range(200):
        one = varied(rng, features).reshape(-1, 40)
        if one.max() > 3:
            t, band = np.unravel_index(one.argmax(), one.shape)
            peaks.append((t / 40, band))
    times, bands = map(np.array, zip(*peaks))
    assert 0.75 < times.min() < 0.9
    assert 1.1 < times.max() < 1.25
    assert 17 <= bands.min() <= 18
    assert 22 <= bands.max() <= 24


@pytest.mark.parametrize("speed", [1, 3])
def test_a_stretched_word_keeps_order_and_loses_speed(speed):
    steps = np.repeat(np.arange(20.0), speed)
    row = stretch_word(np.stack([steps, -steps], axis=1))
    expected = np.stack([np.arange(20.0), -np.arange(20.0)], axis=1).ravel()
    assert (row == expected).all()  # nothing is computed, only chosen
