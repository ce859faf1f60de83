"""The script that trains three cells with equally many weights."""

import numpy as np
import pytest

from rnncore.characters import Model, next_character
from rnncore.comparison import from_json
from rnncore.rnn import init_params, init_readout, zero_state
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import runner
from tools.train.ch05 import lags
from tools.train.ch07 import cells


@pytest.fixture
def small(monkeypatch):
    """Plain updates take 4 ms, the gated cells' twice as long."""
    times = {
        name: 4.0 if one.kind == "plain" else 8.0
        for name, one in cells.CONTENDERS.items()
    }
    monkeypatch.setattr(cells, "time_updates", lambda task, H: times)
    monkeypatch.setattr(cells, "POINTS", 2)
    monkeypatch.setattr(lags, "HELD_OUT", 8)


@pytest.mark.parametrize("name", ["adding", "copy"])
def test_all_cells_get_as_many_weights_and_nearly_all_of_them(name):
    task = cells.TASKS[name]()
    most = lags.count_weights(3, task.D, task.H, task.K)
    for one in cells.CONTENDERS.values():
        c = one.cell
        H = cells.choose_units(c.G, task.D, task.H, task.K)
        model = cells.first_model(task, one, H, np.random.default_rng(0))
        count = sum(w.size for part in model for w in part)
        assert count == lags.count_weights(c.G, task.D, H, task.K)
        more = lags.count_weights(c.G, task.D, H + 1, task.K)
        assert count <= most < more


def test_a_run_lasts_as_long_as_its_time_and_looks_at_common_updates(small):
    study = cells.make_plan("copy", 6)
    assert (study.every, study.seconds) == (3, 6 * 8 / 1000)
    looks = cells.make_runs(study)
    plain, gru = "plain, uniform", "gru, orthogonal"
    assert [study.updates(name) for name in (plain, gru)] == [12, 6]
    assert [len(looks(name, 0.01, 0)) for name in (plain, gru)] == [4, 2]


def test_equal_updates_see_fewer_looks_of_a_faster_cell(small):
    study = cells.make_plan("copy", 6)
    models = [np.zeros(k) for k in range(4)]
    scores = [0.5, 0.6, 0.3, 0.4]
    rows = [cells.Look(*pair) for pair in zip(scores, models, strict=True)]
    tested = []
    task = study.task._replace(test=lambda c, s, m: tested.append(m) or 9.0)
    study = study._replace(task=task)

    def train(kind, in_time, steps):
        seen = rows if kind == "plain, identity" else rows[:2]
        return cells.train(
            study,
            lambda kind, rate, seed: seen,
            kind,
            in_time,
            {"rate": 0.01},
            0,
            steps,
        )

    assert train("plain, identity", False, 6).validation == 0.5
    longer = train("plain, identity", True, 48)  # milliseconds: 12 updates
    assert (longer.validation, longer.steps) == (0.3, 48)
    assert train("gru, uniform", True, 48).validation == 0.5  # 6 updates
    assert longer.test() == 9.0
    assert tested == [models[2]]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adding", "copy"])
def test_the_comparisons_are_recorded_and_come_back(name, small, tmp_path):
    path = tmp_path / "m.json"
    words = [name, "--steps", "2", "--path", str(path)]
    runner.main(cells.TRAINING, words)
    known = {k: e["value"] for k, e in measurements.read(path).items()}
    updates, in_time = (
        from_json(known[f"cells.{name}.{key}"])
        for key in ("updates", "time")
    )
    assert (updates.steps, in_time.steps) == (2, 16)
    for kind, name_of_best in cells.best_starts(in_time).items():
        scores = known[f"cells.{name}.{kind}.scores"]
        assert {len(run) for run in scores} == {4 if kind == "plain" else 2}
        result = in_time.results[name_of_best]
        best = [min(run) for run in scores]
        assert best == result.at(**result.chosen).validation


@pytest.mark.parametrize("name", ["copy", "characters"])
def test_the_test_set_is_not_the_validation_set(name):
    task = cells.TASKS[name]()
    one = cells.CONTENDERS["gru, uniform"]
    model = cells.first_model(task, one, 4, np.random.default_rng(0))
    c = one.cell
    scores = {task.validation(c, 0, model), task.test(c, 0, model)}
    assert len(scores) == 2


@pytest.mark.parametrize("name", cells.MORE)
def test_more_starts_are_what_their_names_say_at_equal_weights(name):
    study = cells.MORE[name]
    task, rng = lags.TASKS[study.task], np.random.default_rng(0)
    H = cells.TASKS[study.task]().H
    for contender, start in study.contenders.items():
        assert (
            cells.choose_units(start.cell.G, task.D, H, task.K) == start.H
        )
        layer, _ = lags.first_network(start, task, start.H, study.lag, rng)
        keeps = (layer.b_x + layer.b_h)[start.H : 2 * start.H]
        if contender.endswith("5"):
            assert (keeps == 5).all()
        elif contender.endswith("torch"):
            drawn = init_params(
                np.random.default_rng(0), task.D, start.H, start.cell.G
            )
            assert (layer.b_x == drawn.b_x.astype(np.float32)).all()
            assert (layer.b_h == drawn.b_h.astype(np.float32)).all()
        else:
            assert (keeps >= 0).all()
            assert (keeps <= np.log(study.lag) + 1e-6).all()
            assert keeps.std() > 0.3


def test_each_start_is_what_its_name_says():
    task, rng = cells.TASKS["copy"](), np.random.default_rng(0)
    for name, one in cells.CONTENDERS.items():
        layer = cells.first_model(task, one, 6, rng).cell
        blocks = layer.W_h.reshape(-1, 6, 6).astype(float)
        turned = np.abs(blocks @ blocks.swapaxes(1, 2) - np.eye(6)).max()
        assert (turned < 1e-5) == (not name.endswith("uniform"))
        assert ((blocks == np.eye(6)).all()) == name.endswith("identity")
        if one.kind != "plain":
            assert (layer.b_x[6:12] == 1).all()


@pytest.mark.parametrize("kind", cells.KINDS)
def test_the_compiled_learner_is_the_printed_one(kind, rng):
    task, one = cells.TASKS["characters"](), cells.KINDS[kind]
    layer = init_params(rng, task.D, 3, one.G)
    model = Model(layer, init_readout(rng, 3, task.K))
    ids = rng.integers(0, task.K, (5, 2))
    state = zero_state(layer, 2, one.parts)
    equation = cells.EQUATIONS[kind]
    compiled = cells.next_character_compiled(equation, one.parts)
    loss, gradient, _ = compiled(model, ids, state)
    expected, d_model, _ = next_character(one.forward, one.vjp)(
        model, ids, state
    )
    assert_close(loss, expected)
    for got, want in zip(gradient, d_model, strict=True):
        for a, b in zip(got, want, strict=True):
            assert_close(a, b, terms=100)


@pytest.mark.slow
def test_characters_from_a_larger_input_are_recorded(tmp_path):
    path = tmp_path / "m.json"
    words = ["characters.gru", "--steps", "1", "--path", str(path)]
    runner.main(cells.TRAINING, words)
    known = {k: e["value"] for k, e in measurements.read(path).items()}
    found = from_json(known["cells.characters.gru.larger"])
    scores = known["cells.characters.gru.larger.scores"]
    assert [len(run) for run in scores] == [8, 8, 8]
    in_time = found.results["time"]
    best = [min(run) for run in scores]
    assert best == in_time.at(**in_time.chosen).validation
    assert in_time.chosen["scale"] > 1
