"""One network that reads a series once and forecasts at every step."""

import numpy as np
import pytest

from tests.helpers.arrays import assert_close

torch = pytest.importorskip("torch")

from rnncore.forecast.counts import (
    count_head,
    count_probabilities,
    read_counts,
    score_counts,
)
from tools.train.ch11.methods.forking import (
    FIRST,
    PIECE,
    Forking,
    Series,
    ask_forking,
    choose_head,
    draw_reading,
    measure_so_far,
    read_at,
    train_forking,
)

N, S, F, K, H = 30, 4, 2, 3, 5


def made(rng):
    values = rng.poisson(1.0, (N, S)).astype(float)
    return Series(values, rng.normal(size=(N + K, S, F)))


def network(P=2):
    torch.manual_seed(0)
    return Forking(F, H, K, P).double()


def test_the_mean_so_far_is_that_of_what_came_before():
    values = np.array([[1, 4], [3, 2]])
    unit, seen = measure_so_far(values)
    assert seen.tolist() == [[1, 1], [2, 2]]
    assert_close(unit[-1], np.array([4.5 / 3, 6.5 / 3]))


def test_no_forecast_knows_what_comes_after_it(rng):
    series, module = made(rng), network()
    before = ask_forking(module, read_at(series, [12, 20], K))
    values = series.values.copy()
    values[12:] += 5
    after = ask_forking(
        module, read_at(Series(values, series.known), [12], K)
    )
    assert_close(after, before.reshape(K, 2, S, -1)[:, 0])
    values[11] += 1
    other = ask_forking(
        module, read_at(Series(values, series.known), [12], K)
    )
    assert (other[..., 0] != after[..., 0]).all()


def test_a_forecast_has_its_own_target_and_covariates(rng):
    series = made(rng)
    reading = read_at(series, [10, N - 1], K)
    assert_close(reading.target[:, 0], series.values[10:13])
    assert np.isnan(reading.target[1:, 1]).all()
    assert_close(reading.ahead[:, 0], series.known[10:13])
    assert_close(reading.ahead[:, 1], series.known[N - 1 : N + 2])


def test_long_series_are_read_in_pieces(rng):
    values = rng.poisson(1.0, (3 * PIECE, 2)).astype(float)
    series = Series(values, np.zeros((len(values) + K, 2, 0)))
    starts = set()
    for _ in range(20):
        reading = draw_reading(series, rng, 2, K)
        assert len(reading.values) <= PIECE
        assert (reading.anchors >= FIRST - 1).all()
        assert np.isfinite(reading.target[0]).all()
        starts.add(int(reading.seen[0, 0]))
    assert len(starts) > 10
    assert len(read_at(series, [len(values)], K).values) == PIECE


@pytest.mark.slow
def test_training_repeats_itself_and_learns_a_rhythm(rng):
    rate = np.where(np.arange(60) % 2, 2.0, 0.2)[:, None]
    values = rng.poisson(np.tile(rate, 40)).astype(float)
    phase = np.tile((np.arange(60) % 2)[:, None, None], (1, 40, 1)) * 1.0
    series = Series(values[:-2], phase)
    head = count_head()
    held_out = read_at(Series(values, phase), [58], 2)
    module, fit = train_forking(
        series, head, 2, seed=0, steps=250, H=16, held_out=held_out
    )
    again, same = train_forking(
        series, head, 2, seed=0, steps=250, H=16, held_out=held_out
    )
    assert fit.history.loss == same.history.loss
    assert len(fit.history.score) == 1
    out = ask_forking(module, held_out)
    assert_close(ask_forking(again, held_out), out)
    mean = head.point(out).mean(dim=1)
    assert mean[0] < 0.5
    assert mean[1] > 1.5
    p = count_probabilities(read_counts(out), 30)
    silent = np.zeros_like(p)
    silent[..., 0] = 1
    ours, theirs = (score_counts(values[58:], q) for q in (p, silent))
    assert ours.ranked.mean() < 0.7 * theirs.ranked.mean()


@pytest.mark.slow
def test_the_head_of_least_loss_is_chosen(rng):
    """Half of all steps have nothing, whatever the mean is."""
    values = rng.poisson(6.0, (60, 40)) * (rng.random((60, 40)) < 0.5) * 1.0
    series = Series(values, np.zeros((60, 40, 0)))
    heads = count_head(), count_head(inflated=True)
    plan = {"seed": 0, "steps": 150, "H": 8}
    assert choose_head(series, heads, 2, 52, **plan) == 1
    assert choose_head(series, heads[::-1], 2, 52, **plan) == 0
