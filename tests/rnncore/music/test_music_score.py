"""Scores as tokens and as piano rolls, and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncore.music.score import (
    FIRST,
    HOLD,
    KEYS,
    LOWEST,
    REST,
    SILENCE,
    TOKENS,
    Score,
    allowed_tokens,
    check_score,
    decode,
    encode,
    from_piano_roll,
    piano_roll,
    positions,
    sounding,
    to_voices,
    transpose,
)
from tests.helpers.music import any_tokens, same_music, score, scores

many = settings(deadline=None, max_examples=60)


@many
@given(scores())
def test_a_score_comes_back_from_its_tokens_with_tempo_and_bars(s):
    about = s._asdict()
    del about["pitches"], about["starts"]
    back = decode(encode(s), **about)
    assert same_music(back, s)
    assert back[2:] == s[2:]


@many
@given(st.integers(0, 2**32))
def test_tokens_come_back_from_their_score(seed):
    tokens = any_tokens(np.random.default_rng(seed), 17, 3)
    assert np.array_equal(encode(decode(tokens)), tokens)


def test_a_note_struck_twice_is_not_a_note_held():
    held, twice = score([[60], ["-"]]), score([[60], [60]])
    assert np.array_equal(held.pitches, twice.pitches)
    assert encode(held)[:, 0].tolist() == [60 - LOWEST + FIRST, HOLD]
    assert encode(twice)[:, 0].tolist() == [60 - LOWEST + FIRST] * 2


def test_the_tokens_of_a_small_score_by_hand():
    s = score([[72, 60], ["-", "-"], [".", 62], [71, "."]])
    assert s.pitches.tolist() == [[72, 60], [72, 60], [0, 62], [71, 0]]
    assert s.starts.tolist() == [
        [True, True],
        [False, False],
        [False, True],
        [True, False],
    ]


@pytest.mark.parametrize(
    "tokens",
    [
        [[HOLD]],  # nothing is there to be held
        [[SILENCE], [HOLD]],  # nor after a rest
        [[TOKENS]],
        [[-1]],
        [[FIRST], [SILENCE], [HOLD]],
    ],
)
def test_tokens_of_no_score_are_refused(tokens):
    with pytest.raises(ValueError, match="tokens: no score has token"):
        decode(np.array(tokens))


def test_tokens_of_another_form_are_refused():
    with pytest.raises(ValueError, match=r"^tokens:"):
        decode(np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"got int64 \(3,\)"):
        decode(np.zeros(3, int))


@many
@given(scores())
def test_what_sounds_follows_from_tokens_and_the_frame_before(s):
    before = np.full(s.pitches.shape[1], REST)
    for tokens, pitches in zip(encode(s), s.pitches):
        assert allowed_tokens(before)[np.arange(len(tokens)), tokens].all()
        before = sounding(tokens, before)
        assert np.array_equal(before, pitches)


def test_only_a_sounding_voice_may_hold():
    allowed = allowed_tokens(np.array([60, REST]))
    assert allowed[0].all()
    assert not allowed[1, HOLD]
    assert allowed[1].sum() == TOKENS - 1


@many
@given(scores())
def test_a_piano_roll_comes_back_from_the_score_made_of_it(s):
    sounds, struck = piano_roll(s)
    again = piano_roll(from_piano_roll(sounds, struck))
    assert np.array_equal(again[0], sounds)
    assert np.array_equal(again[1], struck)


def test_voices_that_neither_cross_nor_rest_come_back_from_the_roll():
    s = score([[72, 60, 48], ["-", 62, "-"], [74, 60, 50], [74, 62, "-"]])
    assert same_music(from_piano_roll(*piano_roll(s)), s)


def test_a_held_note_stays_in_its_voice_when_another_passes_it():
    s = score([[60, 55], ["-", 64]])
    back = from_piano_roll(*piano_roll(s))
    assert back.pitches[1].tolist() == [60, 64]
    assert not back.starts[1, 0]


def test_a_unison_is_one_key():
    sounds, struck = piano_roll(score([[60, 60], ["-", 60]]))
    assert sounds.sum() == 2
    assert struck.sum() == 2  # the second voice strikes it again


def test_a_roll_of_another_form_is_refused():
    with pytest.raises(ValueError, match=r"sounds: expected \(T, 88\)"):
        from_piano_roll(np.zeros((3, 87)), np.zeros((3, 87)))
    with pytest.raises(ValueError, match=r"^struck:"):
        from_piano_roll(np.zeros((3, KEYS)), np.zeros((2, KEYS)))


def test_transposing_moves_notes_and_leaves_rests():
    s = transpose(score([[60, "."], ["-", 64]]), 3)
    assert s.pitches.tolist() == [[63, 0], [63, 67]]
    with pytest.raises(ValueError, match="21 to 108"):
        transpose(s, 50)


def test_positions_count_from_the_bar_line_behind_the_upbeat():
    s = score([[60]] * 6, bar=4, pickup=1)
    assert positions(s).tolist() == [3, 0, 1, 2, 3, 0]


def test_too_many_voices_lose_the_inner_ones_and_too_few_gain_silence():
    s = score([[79, 74, 67, 60, 48]])
    assert to_voices(s, 4).pitches.tolist() == [[79, 74, 60, 48]]
    assert to_voices(s, 3).pitches.tolist() == [[79, 74, 48]]
    assert to_voices(s, 6).pitches.tolist() == [[79, 74, 67, 60, 48, 0]]
    check_score(to_voices(s, 6))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"pitches": np.array([[20]])}, "pitches: expected 21 to 108"),
        ({"pitches": np.array([[109]])}, "got 109"),
        ({"starts": np.array([[False]])}, "starts: voice 0 holds"),
        ({"starts": np.array([[1]])}, "starts: expected bool"),
        ({"pitches": np.array([[0]])}, "begins a rest"),
        ({"pitches": np.zeros((0, 4), int)}, "pitches: expected"),
        ({"tempo": 0.0}, "tempo"),
        ({"frame": -1.0}, "frame"),
        ({"pickup": 8}, "pickup: expected 0 to 7"),
    ],
)
def test_what_is_no_score_is_refused_by_name(change, says):
    good = Score(np.array([[60]]), np.array([[True]]))
    assert check_score(good) is good
    with pytest.raises(ValueError, match=says):
        check_score(good._replace(**change))
