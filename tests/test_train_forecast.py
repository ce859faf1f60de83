"""The script that trains chapter 11's networks, in small."""

import pytest

torch = pytest.importorskip("torch")

from rnncore.comparison import from_json
from rnncore.forecast.examples import sunspots
from tools import measurements
from tools.train import runner
from tools.train.applications import forecast


@pytest.fixture
def rates(monkeypatch, tmp_path):
    """What the study records, with few units and steps."""
    monkeypatch.setattr(forecast, "H", 4)

    def run():
        path = tmp_path / "m.json"
        words = ["rates", "--steps", "2", "--path", str(path)]
        runner.main(forecast.TRAINING, words)
        entries = measurements.read(path)
        every = entries["forecast.rates.every"]["value"]
        return from_json(entries["forecast.rates"]["value"]), every

    return run


@pytest.mark.slow
def test_rates_are_chosen_on_windows_that_neither_train_nor_test(
    rates, monkeypatch
):
    found, every = rates()
    assert (found.steps, found.seeds) == (2, list(forecast.SEEDS))
    e, head = sunspots(), forecast.HEAD
    ways = forecast.three_ways(len(e.actual))
    assert set(found.results) == set(every) == set(ways)
    for name, result in found.results.items():
        module = forecast.trained(
            ways[name], head, e, 1, runner.Asked(), steps=2, **result.chosen
        )
        point, _ = forecast.said_by(module, head, e.test)
        mase = forecast.errors(e, e.back(point)).mean()
        assert result.test[1] == float(mase)
        scores = every[name]
        assert set(scores) == {f"{r:g}" for r in found.grid["rate"]}
        rounded = [round(score, 4) for score in result.test]
        assert scores[f"{result.chosen['rate']:g}"] == rounded

    nothing_came = e._replace(actual=0 * e.actual)
    monkeypatch.setattr(forecast, "sunspots", lambda: nothing_came)
    again, _ = rates()
    for name, result in found.results.items():
        assert again.results[name].chosen == result.chosen
        assert again.results[name].tried == result.tried
        assert again.results[name].test != result.test
