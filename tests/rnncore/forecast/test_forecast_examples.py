"""The chapter's windows know no future; the stored networks score as said."""

import numpy as np
import pytest

from tests.helpers.arrays import assert_close

pytest.importorskip("pmdarima")
pytest.importorskip("safetensors")
pytest.importorskip("vega_datasets")

import pandas as pd

from rnncore.forecast import examples
from rnncore.forecast.examples import (
    LEVELS,
    countries,
    sunspots,
    weather,
    wine,
)
from rnncore.forecast.heads import quantile_head
from rnncore.forecast.models import Direct
from rnncore.forecast.training import ask
from rnncore.storage.weights import load_weights, put_weights, stored
from tools import measurements

MEASURED = measurements.read()
MAKE = {"sunspots": sunspots, "weather": weather, "wine": wine}
LOADERS = {
    "sunspots": "sunspot_months",
    "weather": "seattle_weather",
    "wine": "wine_sales",
}


@pytest.mark.parametrize("name", MAKE)
def test_the_way_back_leads_to_the_truth(name):
    e = MAKE[name]()
    assert_close(e.back(e.test.target), e.actual, within=1e-6)
    assert_close(e.values[e.origins], e.actual[0])
    assert e.test.target.shape == e.actual.shape


@pytest.mark.parametrize("name", MAKE)
def test_another_future_leaves_what_is_learnt_from_as_it_was(
    name, monkeypatch
):
    before = MAKE[name]()
    load = getattr(examples, LOADERS[name])
    series = load()
    later = series.copy()
    step = 6 if name == "sunspots" else 1
    later.iloc[step * int(before.origins[0]) :] *= 1.5
    monkeypatch.setattr(examples, LOADERS[name], lambda: later)
    after = MAKE[name]()
    assert np.abs(before.test.target - after.test.target).max() > 0.01
    for part in ("training", "validation"):
        pairs = zip(
            getattr(before, part), getattr(after, part), strict=True
        )
        for a, b in pairs:
            assert np.array_equal(a, b), part
    assert before.unit == after.unit


def test_countries_learn_nothing_from_the_origin_on(monkeypatch):
    before = countries(1997)
    later = examples.fertility()
    later.loc["1997":] += 1
    monkeypatch.setattr(examples, "fertility", lambda: later)
    after = countries(1997)
    for part in ("training", "validation"):
        pairs = zip(
            getattr(before, part), getattr(after, part), strict=True
        )
        for a, b in pairs:
            assert np.array_equal(a, b), part
    assert np.array_equal(before.test.past, after.test.past)
    assert_close(after.actual, before.actual + 1)


def test_a_country_teaches_or_says_when_to_stop_never_both():
    c = countries(2002)
    a, b = (
        {tuple(w) for w in windows.past[:, :, 1].T.round(6)}
        for windows in (c.training, c.validation)
    )
    assert not a & b
    many = c.training.target.shape[1] + c.validation.target.shape[1]
    assert many == 188 * 23  # origins from 1970 to 1992
    some = countries(2002, learn_from=np.arange(20))
    assert some.training.target.shape[1] == 16 * 23
    assert some.test.target.shape == (10, 188)


def test_a_country_by_hand():
    c = countries(2002)
    table = examples.fertility()
    b = c.names.index("Kenya")
    rate = table["Kenya"]
    assert c.last[b] == rate["2001"].item()
    assert_close(c.actual[:, b], rate["2002":"2011"].to_numpy())
    step, level = c.test.past[-1, b]
    assert_close(step, 10 * (rate["2001"].item() - rate["2000"].item()))
    assert_close(level, rate["2001"].item() - 3)
    assert_close(
        c.test.target[-1, b], rate["2011"].item() - rate["2001"].item()
    )
    assert isinstance(table.index, pd.DatetimeIndex)


def test_the_stored_network_of_the_sunspots_scores_as_recorded():
    e, head = sunspots(), quantile_head(LEVELS)
    module = Direct("GRU", F=0, H=32, K=10, P=head.P)
    weights, about = load_weights(stored("forecast_sunspots"))
    put_weights(module, weights)
    point = e.back(head.point(ask(module, e.test)).numpy())
    error = np.abs(e.actual - point).mean(axis=1) / e.unit
    assert_close(
        error,
        about["score"],
        within=1e-4 * np.asarray(about["score"]).max(),
    )  # float32
    recorded = MEASURED["forecast.sunspots.direct"]["value"][0]
    assert_close(error, recorded, within=1e-3)


def test_the_stored_network_of_the_countries_scores_as_recorded():
    c, head = countries(2002), quantile_head(LEVELS)
    module = Direct("GRU", F=1, H=32, K=10, P=head.P)
    weights, about = load_weights(stored("forecast_countries"))
    put_weights(module, weights)
    point = head.point(ask(module, c.test)).numpy()
    error = np.abs(point - (c.actual - c.last)).mean()
    assert_close(
        error,
        about["score"],
        within=1e-4 * np.asarray(about["score"]).max(),
    )  # float32
    recorded = MEASURED["forecast.countries.network_2002"]["value"][0]
    assert_close(error, recorded, within=1e-3)
    assert stored("forecast_countries").stat().st_size < 2**21
