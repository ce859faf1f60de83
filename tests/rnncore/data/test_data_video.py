"""Films: what moves, what only looks alike, and what order alone tells."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from rnncore.data.video import (
    ACTIONS,
    DIGITS,
    HELD_OUT_IMAGES,
    PAIRS,
    SIDE,
    TRAIN_IMAGES,
    contact_sheet,
    moving_digits,
    names_of,
    stick_figures,
    still_digits,
    twins,
)


@pytest.fixture(scope="module")
def figures():
    return stick_figures(np.random.default_rng(0), 1200)


@pytest.fixture(scope="module")
def digits():
    return moving_digits(np.random.default_rng(0), 300)


@pytest.mark.slow
def test_all_actions_are_equally_frequent(figures):
    assert figures.frames.shape == (1200, 16, 24, 24)
    assert figures.frames.dtype == np.float32
    assert 0 <= figures.frames.min() < figures.frames.max() <= 1
    assert np.bincount(figures.labels).tolist() == [150] * len(ACTIONS)
    assert figures.captions == names_of(figures.labels)


def share_right(features, labels):
    half = len(labels) // 2
    model = LogisticRegression(max_iter=500, C=0.05)
    model.fit(features[:half], labels[:half])
    return model.score(features[half:], labels[half:])


@pytest.mark.slow
@pytest.mark.parametrize(
    "pair", range(len(PAIRS)), ids=lambda k: PAIRS[k][0]
)
@pytest.mark.parametrize("when", [0, 7, 15, "bag"])
def test_frames_without_order_do_not_tell_a_pair_apart(figures, pair, when):
    among = figures.labels // 2 == pair
    frames = figures.frames[among]
    chosen = frames.mean(axis=1) if when == "bag" else frames[:, when]
    right = share_right(
        chosen.reshape(len(chosen), -1), figures.labels[among]
    )
    # 150 films to judge by: chance is 0.5, its standard deviation 0.04.
    assert 0.38 < right < 0.62


def test_a_twin_is_the_other_action_of_the_same_frames(figures):
    both = twins(figures)
    assert both.frames.shape == (2400, 16, 24, 24)
    np.testing.assert_array_equal(both.frames[::2], figures.frames)
    np.testing.assert_array_equal(
        both.frames[1::2], figures.frames[:, ::-1]
    )
    for one, other in zip(both.captions[::2], both.captions[1::2]):
        assert (one, other) in PAIRS or (other, one) in PAIRS


@pytest.mark.parametrize("pair", range(len(PAIRS)))
def test_a_frame_shows_the_same_at_any_time_in_both_actions(figures, pair):
    """The mean picture of the first, a middle and the last frame."""
    means = [
        figures.frames[figures.labels == 2 * pair + side][:, t].mean(axis=0)
        for side in (0, 1)
        for t in (0, 7, 15)
    ]
    for mean in means[1:]:
        # 150 films each: a pixel's mean has an error of about 0.04
        assert np.abs(mean - means[0]).max() < 0.25
        assert np.abs(mean - means[0]).mean() < 0.03


def test_one_frame_tells_the_pairs_from_each_other(figures):
    chosen = figures.frames.mean(axis=1).reshape(1200, -1)
    assert share_right(chosen, figures.labels // 2) > 0.6


def test_a_walk_goes_where_it_says(figures):
    for action, sign in ("walk right", 1), ("walk left", -1):
        films = figures.frames[figures.labels == ACTIONS.index(action)]
        across = np.clip(films - 0.3, 0, None).sum(axis=2)  # (N, T, S)
        wave = np.fft.fft(across, axis=2)[..., 1]  # also over the edge
        turn = np.angle(wave[:, 1:] * wave[:, :-1].conj())
        assert (-sign * np.median(turn, axis=1) > 0).mean() > 0.95


def test_the_named_digit_moves_and_the_other_stands(digits):
    frames = digits.frames
    still = frames.min(axis=1)  # what is light in every frame
    assert frames.shape == (300, 12, 24, 24)
    moved = np.abs(np.diff(frames, axis=1)).sum(axis=(1, 2, 3))
    assert moved.min() > 5
    # Of two different digits one stands: a good part of it is always light.
    assert np.median(still.sum(axis=(1, 2))) > 10
    for label, caption in zip(digits.labels, digits.captions, strict=True):
        assert caption.startswith(f"the {DIGITS[label]} moves ")


def test_captions_say_how_it_moves(digits):
    ways = {c.split(" moves ")[1] for c in digits.captions}
    assert len(ways) == 4 * 3
    for film, caption in zip(digits.frames, digits.captions, strict=True):
        change = np.abs(np.diff(film, axis=0)).sum(axis=(1, 2))
        if caption.endswith("stops"):
            assert change[-1] == 0
        else:
            assert change[-3:].sum() > 0
        if caption.endswith(" moves left"):
            early, late = (
                np.clip(film[t] - film.min(axis=0), 0, None).sum(axis=0)
                for t in (0, -1)
            )
            place = np.arange(24)
            assert (late * place).sum() / late.sum() < (
                early * place
            ).sum() / early.sum()


def test_a_still_shows_the_digits_that_it_says():
    frames, seen = still_digits(np.random.default_rng(0), 200)
    assert frames.shape == (200, 24, 24)
    assert seen.shape == (200, 2, 10, 6)
    assert set(seen.sum(axis=3).ravel().tolist()) == {0, 1}
    assert set(seen.sum(axis=(2, 3)).ravel().tolist()) == {2}
    for frame, across, down in zip(frames, seen[:, 0], seen[:, 1]):
        light = frame.copy()
        there = np.flatnonzero(across.sum(axis=1))
        assert np.array_equal(there, np.flatnonzero(down.sum(axis=1)))
        for digit in there:
            # of its 17 possible corners, those of the sixth, both ways
            y, x = (-(-17 * w[digit].argmax() // 6) for w in (down, across))
            light[y : y + 10, x : x + 10] = 0
        assert light.sum() == 0


def test_no_form_of_handwriting_is_on_both_sides():
    # Each form begins with the same sixty digits, in the same order.
    digits = load_digits().target
    begins = [
        k
        for k in range(len(digits) - 60)
        if np.array_equal(digits[k : k + 60], digits[:60])
    ]
    assert TRAIN_IMAGES.start == 0
    assert TRAIN_IMAGES.stop in begins
    assert HELD_OUT_IMAGES.start in begins
    assert HELD_OUT_IMAGES.stop == len(digits)
    assert TRAIN_IMAGES.stop < HELD_OUT_IMAGES.start


def test_held_out_films_use_other_hands():
    one, other = (
        moving_digits(np.random.default_rng(3), 50, held_out=h)
        for h in (False, True)
    )
    assert not np.array_equal(one.frames, other.frames)

    def corners(films):  # a digit alone in its place, as bytes
        return {f[0].tobytes() for f in films.frames}

    assert not corners(one) & corners(other)


@pytest.mark.parametrize("make", [stick_figures, moving_digits])
def test_the_same_seed_draws_the_same_films(make):
    a, b = (make(np.random.default_rng(5), 20) for _ in range(2))
    np.testing.assert_array_equal(a.frames, b.frames)
    assert a.captions == b.captions


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(count=0), "count: expected at least 1, got 0"),
        (dict(T=5), "T: expected at least 6, got 5"),
        (dict(S=15), r"S: expected at least 16, got 15"),
    ],
)
@pytest.mark.parametrize("make", [stick_figures, moving_digits])
def test_films_that_cannot_be_drawn_are_refused(make, change, message):
    args = dict(count=2) | change
    with pytest.raises(ValueError, match=message):
        make(np.random.default_rng(0), **args)


def test_other_sizes():
    films = stick_figures(np.random.default_rng(0), 8, T=6, S=40)
    assert films.frames.shape == (8, 6, 40, 40)
    assert films.frames.max(axis=(1, 2, 3)).min() > 0.9
    films = moving_digits(np.random.default_rng(0), 30, T=20, S=2 * SIDE)
    assert films.frames.shape == (30, 20, 16, 16)


def test_a_contact_sheet_shows_every_frame_once():
    frames = np.arange(3, dtype=float)[:, None, None] + np.ones((3, 2, 2))
    sheet = contact_sheet(frames, columns=2)
    assert sheet.shape == (6, 6)
    assert sheet[:2, :2].tolist() == [[1, 1], [1, 1]]
    assert sheet[:2, 3:5].tolist() == [[2, 2], [2, 2]]
    assert sheet[3:5, :2].tolist() == [[3, 3], [3, 3]]
    with pytest.raises(ValueError, match=r"frames: expected \(T, S, S\)"):
        contact_sheet(frames[0])
