"""Training, storing and loading; what is stored gives what is recorded."""

import json

import numpy as np
import pytest
import torch

from rnncore.application import Refused, cooling
from rnncore.data.music import chorales
from rnncore.music.frames import nats_a_frame
from rnncore.music.markov import CHOSEN, DOUBT
from rnncore.music.score import decode
from rnncore.music.split import ScoreParts, compass, split
from rnncore.music.training import (
    load_frames,
    load_voices,
    rolls,
    save_model,
    train_frames,
    train_voices,
)
from rnncore.music.voices import score_nats
from rnncore.storage.weights import halved as rounded
from rnncore.storage.weights import stored
from tests.helpers.arrays import assert_close
from tests.helpers.music import any_tokens
from tools import measurements

SMALL = {"hidden": 8, "steps": 12, "evaluate_every": 4, "B": 3, "window": 6}


def small_parts(V=2):
    rng = np.random.default_rng(0)
    found = [
        decode(any_tokens(rng, 14, V, 55, 65), bar=4) for _ in range(6)
    ]
    return ScoreParts(found[:4], found[4:5], found[5:])


@pytest.fixture(scope="module")
def recorded():
    return measurements.read()


@pytest.fixture(scope="module")
def parts():
    return split(chorales())


@pytest.mark.slow
def test_the_stored_voices_give_the_recorded_score(recorded, parts):
    path = stored("music_voices")
    model, about = load_voices(path)
    score = score_nats(model, parts.test)
    # sums of floats in another order, on another processor
    assert_close(score, about["score"], within=2e-3)
    assert_close(score, recorded["music.joint"]["value"][0], within=2e-3)
    assert about["seed"] == 0
    assert about["seconds"] > 0
    assert "tools.train music" in about["command"]
    assert path.stat().st_size < 2_000_000
    assert np.array_equal(
        about["compass"], compass([*parts.train, *parts.validation])
    )


def test_the_stored_frame_model_gives_the_recorded_score(recorded, parts):
    path = stored("music_frames")
    model, about = load_frames(path)
    score = nats_a_frame(model, rolls(parts.test))
    assert_close(score, about["score"], within=2e-3)
    assert_close(score, recorded["music.frames"]["value"][0], within=2e-3)
    assert path.stat().st_size < 2_000_000


def test_every_score_has_three_seeds(recorded):
    for name in ("joint", "original", "frames", "shifted"):
        entry = recorded[f"music.{name}"]
        assert len(entry["value"]) == 3, name
        assert entry["seed"] == [0, 1, 2], name


def test_hearing_each_other_beats_all_baselines(recorded):
    joint = recorded["music.joint"]["value"]
    assert max(joint) < recorded["music.chain"]["value"] - 0.5
    assert max(joint) < min(recorded["music.original"]["value"])


def test_the_chain_is_the_one_that_the_validation_pieces_chose(recorded):
    chosen = recorded["music.chain.chosen"]["value"]
    assert chosen == {"facts": list(CHOSEN), "doubt": DOUBT}
    for key in ("music.chain", "music.chain.own_key"):
        tried = recorded[f"{key}.tried"]["value"]
        doubts = recorded[f"{key}.doubts"]["value"]
        facts = recorded[f"{key}.chosen"]["value"]["facts"]
        best = min(tried, key=lambda looked_up: min(tried[looked_up]))
        assert best.split() == facts
        at = tried[best].index(min(tried[best]))
        assert 0 < at < len(doubts) - 1  # no edge of the grid


@pytest.mark.parametrize("kind", ["voices", "frames"])
def test_a_run_resumed_from_its_checkpoint_ends_the_same(tmp_path, kind):
    found = small_parts()

    def run(**options):
        if kind == "voices":
            return train_voices(
                found, seed=3, width=4, shifts=2, **SMALL | options
            )
        data = [rolls(p) for p in found]
        return train_frames(data, seed=3, shifts=2, **SMALL | options)

    whole, about = run()
    path = tmp_path / "run.npz"

    def interrupted(steps):
        for step in steps:
            if step == 9:
                raise KeyboardInterrupt
            yield step

    with pytest.raises(KeyboardInterrupt):
        run(checkpoint=path, progress=interrupted)
    resumed, again = run(checkpoint=path)
    for a, b in zip(whole.parameters(), resumed.parameters()):
        assert torch.equal(a, b)
    assert about["validation"] == again["validation"]


def test_another_seed_is_another_model_and_the_same_seed_the_same():
    one, two, other = (
        train_voices(small_parts(), seed=s, width=4, **SMALL)[0]
        for s in (0, 0, 1)
    )
    assert torch.equal(one.readout.weight, two.readout.weight)
    assert not torch.equal(one.readout.weight, other.readout.weight)


@pytest.mark.slow
def test_training_learns(parts):
    few = ScoreParts(parts.train[:20], parts.validation[:5], [])
    _, about = train_voices(
        few, seed=0, hidden=24, width=16, steps=60, evaluate_every=20, B=8
    )
    curve = about["curve"][1]
    ignorant = 4 * np.log(90)
    assert curve[-1] < curve[0] < ignorant
    assert curve[-1] < 0.6 * ignorant


@pytest.mark.slow
def test_models_are_stored_in_half_precision_and_come_back(tmp_path):
    found = small_parts()
    model, about = train_voices(found, seed=0, width=4, **SMALL)
    before = score_nats(rounded(model), found.test)
    path = tmp_path / "a.safetensors"
    save_model(path, model, about)
    back, told = load_voices(path)
    assert_close(
        score_nats(back, found.test), before, computed_in="float32"
    )
    assert told == json.loads(json.dumps(about))
    assert next(back.parameters()).dtype == torch.float32
    assert not back.training
    with pytest.raises(Refused, match="a model of 'music, frames'"):
        load_frames(path)
    about["hidden"] = 9
    save_model(path, model, about)
    with pytest.raises(Refused, match=r"a\.safetensors: no model of"):
        load_voices(path)


def test_the_rate_cools_in_a_straight_line_to_nothing():
    optimizer = cooling(0.1, steps=10, last=0.5)
    w = {"w": np.zeros(1)}
    state, steps = optimizer.init(w), []
    for _ in range(10):
        after, state = optimizer.update(w, {"w": np.ones(1)}, state)
        steps.append(float(w["w"][0] - after["w"][0]))
        w = after
    expected = [0.1] * 6 + [0.08, 0.06, 0.04, 0.02]
    # the 1e-8 in Adam's divisor
    assert_close(steps, expected, within=1e-8 * 0.1)


def test_pieces_with_unequal_voices_are_refused():
    found = small_parts()
    odd = small_parts(3)
    with pytest.raises(ValueError, match="equally many voices"):
        train_voices(
            found._replace(train=[*found.train, *odd.train]), seed=0
        )
