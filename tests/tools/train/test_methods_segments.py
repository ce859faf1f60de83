"""Forecasts that begin at the last value, and networks that read days."""

import numpy as np
import pytest

from tests.helpers.arrays import assert_close

torch = pytest.importorskip("torch")

from rnncore.application import seeded
from tools.train.ch11.methods.segments import FromLast, Segments, line

T, K, B, S, H = 12, 5, 3, 4, 6
KNOWN = torch.zeros(K, B, 0, dtype=torch.double)


@pytest.fixture(name="past")
def some_past(rng):
    return torch.as_tensor(rng.normal(size=(T, B, 1)))


def made(cell="GRU", season=1, keep=1.0):
    """Both parts, with readouts that are no longer zero."""
    with seeded(0):
        parts = Segments(cell, S, H, K, keep), line(T, K)
        module = FromLast(K, season, *parts).double().eval()
        for readout in (parts[0].readout, parts[1]):
            torch.nn.init.normal_(readout.weight)
    return module


@pytest.mark.parametrize("season", [1, 3, 4, K, T])
def test_at_first_the_last_season_comes_again(past, season):
    with seeded(0):
        parts = Segments("GRU", S, H, K), line(T, K)
        module = FromLast(K, season, *parts).double()
    again = past[T - season + np.arange(K) % season]
    assert_close(module(past, KNOWN), again)


@pytest.mark.parametrize("cell", ["RNN", "LSTM", "GRU"])
def test_a_series_that_is_higher_has_a_forecast_that_is_higher(past, cell):
    module = made(cell, season=3)
    assert_close(module(past + 7, KNOWN), module(past, KNOWN) + 7)


def test_the_parts_add_up_and_steps_of_the_network_are_segments(past):
    module, x = made(), (past - past[-1])[..., 0].T
    segments, straight = module.parts
    days = torch.stack([x[:, :4], x[:, 4:8], x[:, 8:]])
    state = segments.encoder(days)[0][-1]
    change = segments.readout(state) + x @ straight.weight.T
    assert_close(
        module(past, KNOWN)[..., 0], (change + straight.bias).T + past[-1].T
    )


def test_dropout_is_of_training_alone(past):
    module = made(keep=0.5)
    assert_close(module(past, KNOWN), made()(past, KNOWN))
    module.train()
    with seeded(1):
        assert not torch.equal(module(past, KNOWN), made()(past, KNOWN))


def test_what_does_not_fit_is_named(past):
    with pytest.raises(ValueError, match="K, season: expected at least 1"):
        FromLast(K, 0)
    with pytest.raises(
        ValueError, match="at least 13 and 5 steps, got 12 and 5"
    ):
        FromLast(K, 13)(past, KNOWN)
    with pytest.raises(ValueError, match="known"):
        FromLast(K, 1)(past, KNOWN.expand(K, B, 0)[:, :2])
    with pytest.raises(
        ValueError, match="x: expected a multiple of 5, got 12"
    ):
        FromLast(K, 1, Segments("GRU", 5, H, K).double())(past, KNOWN)
