"""The study of layer normalisation and noise, in small."""

import numpy as np
import pytest

from rnncore.bptt import check_gradient
from rnncore.comparison import from_json
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import runner
from tools.train.ch08 import steady


@pytest.fixture
def small(monkeypatch):
    """Few units and little text; what a run leaves is of this size."""
    for name, plan in steady.STUDIES.items():
        tiny = plan._replace(
            H=5, sets=lambda: steady.make_characters(3, 40, 6, 8)
        )
        monkeypatch.setitem(steady.STUDIES, name, tiny)
    monkeypatch.setattr(steady, "COURSES", {})


def every():
    for name, plan in steady.STUDIES.items():
        for contender in plan.networks:
            yield pytest.param(name, contender, id=f"{name}: {contender}")


@pytest.mark.parametrize(("study", "name"), list(every()))
def test_a_run_repeats_itself_and_its_test_is_not_its_validation(
    study, name, small
):
    setting = {"rate": 0.01, "share": 0.3}

    def once(seed):
        return steady.train(study, name, setting, seed, 3)

    first, second = once(3), once(3)
    assert first.validation == second.validation
    assert first.test() == second.test() != first.validation
    assert first.validation != once(4).validation
    assert first.steps == 3


NETWORKS = {
    **steady.make_kinds(steady.LSTM),
    "layer norm": steady.NORMED,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_what_training_uses_is_the_gradient(name, small):
    """With the same noise each time."""
    network, rng = NETWORKS[name], np.random
    x, targets = steady.STUDIES["noise"].sets().batch(rng.default_rng(0), 0)
    batch, K = (x.astype(float), targets), x.shape[2]
    layer = network.init(rng.default_rng(0), K, 3)
    out = steady.init_readout(rng.default_rng(1), 3, K)
    first = tuple(rng.default_rng(2).normal(size=(2, 3, 3)))

    def learn(weights):
        learn = steady.make_learner(network, 0.2, rng.default_rng(7))
        return learn(weights, batch, first)

    _, (d_layer, d_out), _ = learn((layer, out))
    check_gradient(
        lambda b: learn((layer, out._replace(b_y=b)))[0], out.b_y, d_out.b_y
    )
    normed = hasattr(layer, "norm")
    inner, d_inner = (
        (layer.layer, d_layer.layer) if normed else (layer, d_layer)
    )

    def moved(W):
        other = inner._replace(W_h=W)
        other = layer._replace(layer=other) if normed else other
        return learn((other, out))[0]

    check_gradient(moved, inner.W_h, d_inner.W_h)


def test_a_test_has_no_chance_in_it_and_zoneout_its_mean(small):
    x, _ = steady.STUDIES["noise"].sets().test
    x = x.astype(float)
    for name, network in NETWORKS.items():
        layer = network.init(np.random.default_rng(0), x.shape[2], 5)
        zero = (np.zeros((3, 5)),) * 2
        y, _, _ = network.forward(layer, x, zero, None, 0.2)
        again, _, _ = network.forward(layer, x, zero, None, 0.2)
        other, _, _ = network.forward(layer, x, zero, None, 0.6)
        assert (y == again).all()
        assert bool((y == other).all()) == (name != "zoneout")


def test_all_lstms_begin_with_a_forget_bias_of_one():
    layer = steady.first_layer(steady.LSTM, np.random.default_rng(0), 3, 4)
    assert_close(layer.b_x[4:8] + layer.b_h[4:8], np.ones(4))
    normed = steady.first_normed(np.random.default_rng(0), 3, 4)
    assert_close(normed.norm.bias, np.repeat([0.0, 1, 0, 0], 4))


@pytest.mark.parametrize("name", ["LSTM", "layer norm"])
def test_a_scale_multiplies_what_reads_the_input_alone(name):
    layer = (
        steady.STUDIES["norm"]
        .networks[name]
        .init(np.random.default_rng(0), 3, 4)
    )
    scaled = steady.scale_input(layer, 16.0)
    inner, first = (getattr(one, "layer", one) for one in (scaled, layer))
    assert_close(inner.W_x, 16 * first.W_x)
    assert inner._replace(W_x=0) == first._replace(W_x=0)


def test_the_text_to_learn_by_heart_is_short_and_what_is_held_out_is_other():
    sets = steady.STUDIES["noise"].sets()
    rng = np.random.default_rng(0)
    read = [sets.batch(rng, k)[1] for k in range(11)]
    assert sum(r.size for r in read[:10]) == 2560
    assert (read[10] == read[0]).all()
    for held_out in sets.validation, sets.test:
        x, targets = held_out
        assert targets.shape == (300, 8)
        assert (x[1:].argmax(-1) == targets[:-1]).all()
    assert (sets.validation[1] != sets.test[1]).any()


def test_without_noise_a_share_is_trained_once(small):
    train = steady.make_contender("noise", "none")
    runs = [train({"rate": 0.01, "share": s}, 0, 2) for s in (0.1, 0.4)]
    assert runs[0] is runs[1]
    assert len(steady.COURSES) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", steady.STUDIES)
def test_the_comparison_is_recorded_and_comes_back(name, small, tmp_path):
    path = tmp_path / "m.json"
    words = [name, "--steps", "2", "--path", str(path)]
    runner.main(steady.TRAINING, words)
    kept = measurements.read(path)
    plan = steady.STUDIES[name]
    found = from_json(kept[f"steady.{name}"]["value"])
    assert set(found.results) >= set(plan.networks)
    for result in found.results.values():
        assert len(result.test) == len(steady.SEEDS)
    if name == "norm":
        assert found.results["as drawn"].chosen["scale"] == 1
        courses = kept["steady.norm.courses"]["value"]
        for contender, result in found.results.items():
            assert courses[contender]["milliseconds"] > 0
            best = [min(scores) for scores in courses[contender]["scores"]]
            assert best == result.at(**result.chosen).validation
