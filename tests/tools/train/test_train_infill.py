"""How fillings are judged, on cases whose answer is known."""

import numpy as np
import pytest

from rnncore.data.music import chorales
from rnncore.music.generate import compose
from rnncore.music.infill import all_but
from rnncore.music.score import FIRST, LOWEST, Score, check_score, decode
from rnncore.music.split import melody, split
from rnncore.music.training import load_voices
from rnncore.storage.weights import stored
from tests.helpers.music import any_tokens
from tools import measurements
from tools.train import runner
from tools.train.ch12 import infill


def some_window(seed):
    rng = np.random.default_rng(seed)
    tokens = any_tokens(rng, 40, 4, 50, 70)
    tokens[infill.GAP.stop] = (
        FIRST + 60 - LOWEST
    )  # nothing is held over the end
    return decode(tokens)


def test_no_window_is_from_a_chorale_that_the_network_learnt():
    learnt = {melody(s) for s in split(chorales()).train}
    _, about = load_voices(stored("music_voices"))
    compass = np.array(about["compass"])
    found = infill.cut_windows(None, compass)
    assert len(found) > 80
    assert sum(w.test for w in found) > 50
    for w in found:
        assert w.tune not in learnt
        assert w.score.pitches.shape == w.elsewhere.pitches.shape == (40, 4)
        assert not np.array_equal(w.score.pitches, w.elsewhere.pitches)
        check_score(w.score)
        assert not infill._leaves_compass(w.score, compass)
        check_score(w.elsewhere)
        assert not infill.held_over(w.elsewhere)


def only_the_gap_is_missing(score):
    given = all_but(score, infill.GAP.start, infill.GAP.stop)
    return np.array_equal(
        ~given.all(1), np.isin(np.arange(40), range(16, 32))
    )


@pytest.mark.slow
def test_what_is_missing_does_not_depend_on_what_was_there():
    model, about = load_voices(stored("music_voices"))
    compass = np.array(about["compass"])
    rng = np.random.default_rng(0)
    own = infill.own_pieces(model, compass, 30, rng)
    assert len(own) == 30
    plain = compose(model, compass, 40, rng, 30)
    assert not all(only_the_gap_is_missing(s) for s in plain)
    for score in own + [w.score for w in infill.cut_windows(None, compass)]:
        assert only_the_gap_is_missing(score)


def test_leaps_are_counted_among_the_voices_that_move():
    pitches = np.full((2, 3, 4), 60)
    pitches[0, 1:] = [65, 64, 60, 0]  # a leap, a step, none, a rest
    pitches[1, 2:] = 67
    starts = np.ones((3, 4), bool)
    scores = [Score(p, starts) for p in pitches]
    assert infill._count_leaps(scores, 1) == 50
    assert infill._count_leaps(scores, 2) == 100


def test_bars_of_another_piece_are_a_score_and_leave_the_rest_alone():
    for seed in range(20):
        here, there = some_window(seed), some_window(seed + 100)
        found = check_score(infill.transplant_gap(here, there))
        for part in (slice(0, 16), slice(32, 40)):
            assert np.array_equal(found.pitches[part], here.pitches[part])
        moved = found.pitches[infill.GAP] - there.pitches[infill.GAP]
        sings = there.pitches[infill.GAP] > 0
        assert len(set(moved[sings].tolist())) == 1
        assert not found.pitches[infill.GAP][~sings].any()


def test_a_judge_sees_the_gap_and_not_only_its_surroundings():
    score = some_window(0)
    seen = infill.compute_features(score)
    pitches, starts = score.pitches.copy(), score.starts.copy()
    pitches[infill.GAP], starts[infill.GAP] = 60, True
    other = infill.compute_features(
        check_score(score._replace(pitches=pitches, starts=starts))
    )
    assert len(seen) == len(other)
    assert np.isfinite(seen).all()
    assert np.mean(np.array(seen) != np.array(other)) > 0.5


@pytest.fixture
def few_trees(monkeypatch):
    monkeypatch.setattr(infill, "TREES", 40)


@pytest.mark.slow
def test_a_judge_finds_a_difference_and_imagines_none(few_trees):
    rng = np.random.default_rng(0)
    true, same = rng.standard_normal((2, 80, 5))
    tunes = [str(k // 2) for k in range(80)]  # two settings of each
    far = same + np.array([3, 0, 0, 0, 0])
    assert infill.judge(true, far, tunes, 0).mean() > 0.85
    # 160 guesses have a standard deviation of 4 %
    assert abs(infill.judge(true, same, tunes, 0).mean() - 0.5) < 0.16


@pytest.mark.slow
def test_a_judge_never_learns_from_the_tune_that_it_judges(few_trees):
    """Only the tune says what the sign of a feature means: half have either."""
    sign = np.random.default_rng(0).permutation([-1, 1] * 20).repeat(2)
    tune = np.arange(80) // 2
    true = np.stack([tune, sign], 1) + 0.0
    made = np.stack([tune, -sign], 1) + 0.0
    assert infill.judge(true, made, tune.astype(str), 0).mean() < 0.65
    alone = np.arange(80)  # as if no two were settings of one tune
    assert infill.judge(true, made, alone.astype(str), 0).mean() > 0.8


@pytest.mark.slow
def test_the_ways_are_recorded(tmp_path, monkeypatch, few_trees):
    monkeypatch.setattr(infill, "PARTICLES", (1, 2))
    path = tmp_path / "m.json"
    words = ["ways", "--steps", "1", "--seeds", "5", "--path", str(path)]
    runner.main(infill.TRAINING, words)
    known = measurements.read(path)
    counts = known["infill.windows"]["value"]
    assert (counts["windows"], counts["test"]) == (2, 1)
    assert counts["features"] == len(
        infill.compute_features(some_window(0))
    )
    found = known["infill.ways"]["value"]
    made = {"1", "2", infill.GIBBS}
    assert set(found) == made | {"true", "elsewhere", "transplanted"}
    for name in made:
        assert len(found[name]["judge"]) == 1
        assert found[name]["after"][0] > 0
    assert "judge" not in found["true"]


@pytest.mark.slow
def test_the_control_with_the_networks_own_pieces_is_recorded(
    tmp_path, monkeypatch, few_trees
):
    monkeypatch.setattr(infill, "OWN", ("1",))
    path = tmp_path / "m.json"
    words = ["own", "--steps", "1", "--path", str(path), "--seeds", "5"]
    runner.main(infill.TRAINING, words)
    assert measurements.read(path)["infill.own_windows"]["value"] == 2
    found = measurements.read(path)["infill.own"]["value"]
    assert list(found) == ["1"]
    assert len(found["1"]) == 1
    assert 0 <= found["1"][0] <= 100


@pytest.mark.slow
def test_more_seeds_of_it_are_recorded_with_what_guesses_would_score(
    tmp_path, monkeypatch, few_trees
):
    ways = dict.fromkeys(infill.NEAR, lambda score, given, rng: score)
    monkeypatch.setattr(infill, "make_fillers", lambda model, compass: ways)
    path = tmp_path / "m.json"
    words = ["own_more", "--steps", "2", "--path", str(path)]
    runner.main(infill.TRAINING, [*words, "--seeds", "3"])
    runner.main(infill.TRAINING, [*words, "--seeds", "4"])
    known = measurements.read(path)
    for name in infill.NEAR:  # of two that are equal one is right
        shares = known[f"infill.own_more.{name}"]
        assert (shares["seed"], shares["value"]) == ([3, 4], [50.0] * 2)
        guesses = known[f"infill.own_guesses.{name}"]["value"]
        assert guesses == [[50.0] * infill.SWAPS] * 2
