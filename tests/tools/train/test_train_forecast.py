"""The script that trains chapter 11's networks, in small."""

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rnncore.comparison import from_json
from rnncore.forecast.examples import sunspots
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import runner
from tools.train.ch11 import forecast


@pytest.mark.parametrize("study", forecast.RATE)
def test_each_network_has_the_rate_that_its_validation_windows_chose(study):
    measured = measurements.read()
    compared = from_json(measured[f"forecast.rates.{study}"]["value"])
    chosen = {name: r.chosen for name, r in compared.results.items()}
    assert chosen == {
        name: {"rate": rate} for name, rate in forecast.RATE[study].items()
    }
    assert not any(r.edges for r in compared.results.values())


@pytest.fixture
def rates(monkeypatch, tmp_path):
    """What the study of the sunspots records, with few units and steps."""
    monkeypatch.setattr(forecast, "H", 4)

    def run():
        path = tmp_path / "m.json"
        words = ["rates.sunspots", "--steps", "2", "--path", str(path)]
        runner.main(forecast.TRAINING, words)
        entries = measurements.read(path)
        every = entries["forecast.rates.sunspots.every"]["value"]
        return from_json(entries["forecast.rates.sunspots"]["value"]), every

    return run


@pytest.mark.weekly
def test_rates_are_chosen_on_windows_that_neither_train_nor_test(
    rates, monkeypatch
):
    found, every = rates()
    assert (found.steps, found.seeds) == (2, list(forecast.FIVE))
    plans = forecast.sunspot_plans()
    assert set(found.results) == set(every) == set(plans)
    for name, result in found.results.items():
        plan = plans[name]._replace(steps=2)
        rate = result.chosen["rate"]
        module = forecast.run(plan, rate, 1, runner.Options()).module
        assert result.test[1] == plan.score(module)
        scores = every[name]
        assert set(scores) == {f"{r:g}" for r in found.grid["rate"]}
        rounded = [round(score, 4) for score in result.test]
        assert scores[f"{rate:g}"] == rounded

    e = sunspots()
    nothing_came = e._replace(actual=0 * e.actual)
    monkeypatch.setattr(forecast, "sunspots", lambda: nothing_came)
    again, _ = rates()
    for name, result in found.results.items():
        assert again.results[name].chosen == result.chosen
        assert again.results[name].tried == result.tried
        assert again.results[name].test != result.test


def test_each_leak_is_one_mistake():
    plans = forecast.leak_plans()
    none, test = plans["none"].windows, plans["none"].windows.test
    for name in ("overlap", "stopping"):
        windows = plans[name].windows
        assert np.array_equal(windows.test.target, test.target)
        assert windows.scaler == none.scaler
    stopping, overlap = (plans[n].windows for n in ("stopping", "overlap"))
    assert np.array_equal(stopping.training.target, none.training.target)
    assert np.array_equal(stopping.validation.target, test.target)
    assert np.array_equal(overlap.validation.target, none.validation.target)
    last = overlap.training.target[-1, -1]
    assert last == test.target[-2, 0]  # a test day
    assert plans["scaler"].windows.scaler != none.scaler
    shuffled = plans["shuffled"].windows
    for part, honest in zip(shuffled[:3], none[:3], strict=True):
        assert part.target.shape == honest.target.shape


def test_dealt_blocks_leave_no_day_on_two_sides():
    windows = forecast.plan_blocks(0).windows
    days = [
        {*np.round(part.past, 9).flat, *np.round(part.target, 9).flat}
        for part in windows[:3]
    ]
    once = [len(a & b) / len(b) for a, b in itertools.combinations(days, 2)]
    assert (
        max(once) < 0.1
    )  # a price may come twice; a day in both would all
    shuffled = forecast.leak_plans()["shuffled"].windows
    training, _, test = (np.round(p.target, 9) for p in shuffled[:3])
    assert len({*training.flat} & {*test.flat}) > 0.9 * len({*test.flat})


def test_all_leaks_have_the_rate_of_the_network_without_one():
    asked = runner.Options(steps=2)
    found, every = forecast.measure_rates("leak", asked)
    assert set(found.value["results"]) == set(every.value) == {"none"}


def test_a_run_uses_all_its_updates_and_keeps_the_best_weights(monkeypatch):
    seen = []
    monkeypatch.setattr(
        forecast,
        "train_forecaster",
        lambda *a, **options: seen.append(options),
    )
    plan = forecast.sunspot_plans()["direct"]
    forecast.run(plan, 0.5, 3, runner.Options())
    assert seen[0]["patience"] is None
    assert (seen[0]["steps"], seen[0]["rate"]) == (plan.steps, 0.5)


ROWS = {  # tables of the pages, by study
    "weather": [
        *("persistence", "climatology", "damped"),
        *("linear_plain", "linear_covariates"),
        *("network_plain", "network_covariates"),
    ],
    "sunspots": [
        *("persistence", "cycle", "linear"),
        *("direct", "recursive", "encoder_decoder", "gaussian"),
    ],
    "lines": ["sunspots"],
    "countries": [
        f"{name}_{year}"
        for name in ("persistence", "drift", "ets", "arima", "linear")
        for year in forecast.ORIGINS
    ],
    "rivals": [
        f"{name}_{year}"
        for name in ("forest", "feedforward")
        for year in forecast.ORIGINS
    ],
}


@pytest.mark.parametrize("study", ROWS)
def test_every_row_has_a_distribution_and_a_bias(study):
    """A rule without a spread would lose to any network that has one."""
    measured = measurements.read()
    for row in ROWS[study]:
        key = f"forecast.{study}.{row}"
        error, crps, inside, bias = (
            np.mean(measured[f"{key}{score}"]["value"])
            for score in ("", "_crps", "_inside_90", "_bias")
        )
        assert abs(bias) <= error
        assert 0.4 * error < crps < error  # a number's would be its error
        assert 0.4 < inside < 1


def test_of_today_s_anomaly_is_kept_what_comes_again(rng):
    x = np.zeros(4000)
    for t in range(1, len(x)):
        x[t] = 0.6 * x[t - 1] + rng.normal()
    at = forecast.origins(range(len(x)), 28, 7)
    windows = forecast.cut(x, at, 28, 7)
    kept = forecast.keep_anomaly(
        forecast.weather()._replace(training=windows)
    )
    assert kept.shape == (7,)
    assert np.abs(kept - 0.6 ** np.arange(1, 8)).max() < 0.06


def test_what_knows_one_country_has_a_distribution(monkeypatch):
    """Few countries, whose truth is known."""
    rates = forecast.fertility().iloc[:, :6]
    monkeypatch.setattr(forecast, "fertility", lambda: rates)
    c = forecast.countries(1992)
    c = c._replace(actual=c.actual[:, :6], last=c.last[:6])
    found = forecast.defaultdict(list)
    forecast.score_one_by_one(found, 1992, c)
    still = np.abs(c.actual - c.last).mean()
    assert_close(found["persistence_1992"], still)
    assert_close(found["persistence_1992_bias"], (c.last - c.actual).mean())
    for name in ("persistence", "drift", "ets", "arima"):
        assert 0 < found[f"{name}_1992_crps"] < found[f"{name}_1992"]
        assert 0 < found[f"{name}_1992_inside_90"] <= 1
