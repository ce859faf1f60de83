"""What the trainings of films record, and at which learning rates."""

import pytest
import torch

from rnncore.application import seeded
from rnncore.comparison import from_json
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train.runner import Options
from tools.train.shared import video


@pytest.fixture(scope="module")
def known():
    return measurements.read()


@pytest.mark.parametrize(
    "study",
    ["digits", "digits.layered", "captions", "bag", "actions.neighbours"],
)
def test_these_networks_run_at_the_rates_that_they_chose(known, study):
    name, networks, *_ = video.RATED[study]
    found = from_json(known[f"video.{study}.rates"]["value"])
    assert set(found.results) == set(networks)
    for network, result in found.results.items():
        rate = video.TASKS[name].rates[network]
        assert result.chosen == {"rate": rate}
        assert not result.edges
        runs = known[f"video.{name}.{network}.rate"]["value"]
        assert set(runs) == {rate}


def test_every_network_that_has_a_rival_gets_a_rate_of_its_own():
    for name, task in video.TASKS.items():
        rated = [
            network
            for search in video.RATED.values()
            if search.task == name
            for network in search.networks
        ]
        every = task.networks | video.RIVALS.get(name, {})
        assert len(every) == 1 or sorted(rated) == sorted(every)


def test_the_captioners_were_compared_alike(known):
    loops, bag = (
        from_json(known[f"video.{study}.rates"]["value"])
        for study in ("captions", "bag")
    )
    assert loops[:3] == bag[:3]  # steps, seeds, grid


@pytest.mark.slow
def test_a_fit_on_digits_that_is_asked_for_again_is_not_repeated(
    monkeypatch,
):
    monkeypatch.setattr(video, "FITS", {})
    asked = Options(steps=2, check=True)
    how = "digits", "loop", 0, 0.004, 2, 1, asked
    found = video.fitted_to(*how)
    assert video.fitted_to(*how) is found
    assert found.curve[0] == [1, 2]
    assert found.valid == min(found.curve[1])


@pytest.mark.slow
def test_what_trains_longer_stands_under_a_key_of_its_own():
    keys = [f"{name}.{key}" for name, _, key, _ in video.LONGER]
    assert len(set(keys)) == len(keys)
    asked = Options(steps=1, seeds=(0,), check=True)
    for name, network, key, times in video.LONGER[:1]:
        study = video.TRAINING.studies[f"{name}.{key}"]
        found = {f.key: f.value for f in study(asked)}
        rate = video.TASKS[name].rates[network]
        assert found[f"video.{name}.{key}.steps"] == [times]
        assert found[f"video.{name}.{key}.rate"] == [rate]


def test_a_layered_bag_knows_no_order_and_looks_before_its_mean():
    with seeded(0):
        made = video.LayeredBag(24, 16, 16, 3, fine=True)
        frames = torch.rand(3, 2, 24, 24)
    with torch.no_grad():
        found, back = made(frames)[-1], made(frames.flip(0))[-1]
        still = made(frames.mean(dim=0, keepdim=True))[-1]
        x = made.encoder(frames)
        mean = torch.relu(made.look(x)).mean(dim=0)
        assert_close(found, made.readout(torch.tanh(made.think(mean))))
    assert_close(found, back)
    assert (found - still).abs().max() > 1e-4


def test_neighbours_say_the_mean_of_pairs_and_know_which_came_first():
    with seeded(0):
        made = video.Neighbours(24, 16, 16, 3)  # some of whose ReLUs live
        frames = torch.rand(3, 2, 24, 24)
    with torch.no_grad():
        found, back = made(frames), made(frames.flip(0))
        a, b, c = made.encoder(frames)
        each = [
            made.readout(torch.tanh(made.think(torch.cat(pair, dim=1))))
            for pair in ((a, a), (a, b), (b, c))
        ]
    assert_close(found[0], each[0])
    assert_close(found[2], sum(each) / 3)
    assert (found[2] - back[2]).abs().max() > 1e-4
