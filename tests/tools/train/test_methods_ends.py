"""Many series, each forecast once, at its end, as in the M4 competition."""

from functools import partial

import numpy as np
import pytest
import torch

from rnncore.application import cooling, seeded, train_module
from rnncore.forecast.rivals import is_seasonal
from rnncore.train import Schedule
from tests.helpers.arrays import assert_close
from tools.train.ch11.methods.ends import (
    ask_before,
    cut_ends,
    find_season,
    find_width,
    fit_naive2,
    fit_season,
    fit_theta,
    hold_out,
    judge_method,
    measure_points,
    measure_spread,
    score_series,
)
from tools.train.ch11.methods.ends_network import (
    LINE,
    SEGMENTS,
    EndsPlan,
    build_network,
    cut_parts,
    draw_windows,
    fit_network,
    plan_line,
    train_once,
    train_twice,
)
from tools.train.ch11.methods.segments import FromLast, Segments, line

DAY, K = 24, 48
SMALL = EndsPlan(
    horizon=4,
    history=12,
    segment=6,
    period=6,
    hidden=5,
    rate=0.01,
    batch=7,
    steps=12,
    origins=49,
)


def hours(rng, count, level=100.0, period=DAY):
    """A day that repeats, with noise."""
    day = np.sin(2 * np.pi * np.arange(count) / period)
    return level * (2 + day + 0.1 * rng.normal(size=count))


def small_series(rng):
    """Three series of different lengths and levels."""
    lengths = {"A": 60, "B": 71, "C": 66}
    return {
        name: hours(rng, count, 10.0**k, 6)
        for k, (name, count) in enumerate(lengths.items())
    }


def test_the_season_of_a_series_is_tested_and_taken_out(rng):
    noise = np.exp(rng.normal(size=240))
    at = np.array([240])
    assert not is_seasonal(noise, DAY)
    said = fit_naive2(noise, 3, DAY)(at)[:, 0]
    assert_close(said, np.repeat(noise[-1], 3))
    wave = hours(rng, 240)
    assert is_seasonal(wave, DAY)
    assert not is_seasonal(wave[:71], DAY)  # less than three days
    clean = 2 + np.sin(2 * np.pi * np.arange(288) / DAY)
    said = fit_naive2(clean[:240], K, DAY)(at)[:, 0]
    assert_close(said, clean[240:], within=1e-6)


def test_the_scores_by_hand():
    train = np.arange(72.0) % DAY + 1 + np.repeat([0, 1, 2], DAY)
    came = np.full(K, 2.0)
    ends = cut_ends({"H1": np.append(train, came)}, K, DAY, 1)
    assert_close(ends.unit, [1.0])
    ends = ends._replace(naive2=(50.0, 4.0))
    found = measure_points(ends, came[None] + 2)
    expected = [200 / 3, 2.0, (4 / 3 + 1 / 2) / 2]
    assert_close([found[k] for k in ("smape", "mase", "owa")], expected)
    assert_close(score_series(ends, came[None] + 2)[2], [found["owa"]])


def test_naive2_has_an_owa_of_1(rng):
    ends = cut_ends(small_series(rng), 4, 6, 20)
    said = ask_before(
        partial(fit_naive2, horizon=4, period=6),
        ends._replace(origins=20),
    )
    assert_close(measure_points(ends, said.point)["owa"], 1.0)


def test_past_errors_are_widened_to_hold_the_hours_held_out(rng):
    series = {f"H{k}": hours(rng, 648) for k in range(5)}
    for values in series.values():
        values[-K:] += np.abs(30 * rng.normal(size=K))
    ends = cut_ends(series, K, DAY, 200)
    said = ask_before(partial(fit_season, horizon=K, period=DAY), ends)
    width = find_width(ends, said)
    assert width > 1.2
    found = measure_spread(ends, said, width)
    assert abs(found["inside_95"] - 0.95) < 0.01
    assert measure_spread(ends, said, 1.0)["inside_95"] < 0.9


def test_a_rule_is_asked_at_several_origins_at_once(rng):
    values = hours(rng, 400)
    at = np.array([300, 400])
    for fit in fit_naive2, fit_theta, fit_season:
        said = fit(values, K, DAY)(at)
        assert said.shape == (K, 2)
        assert 50 < said.min() < said.max() < 400
    last = np.tile(np.arange(24.0) + 1, 20)
    assert_close(fit_season(last, K, DAY)(at)[:, 0], last[276:324])


def test_theta_at_the_end_is_the_library_s(rng):
    from statsmodels.tsa.forecasting.theta import ThetaModel

    values = 0.3 * np.arange(300) + hours(rng, 300)
    factors = find_season(values, DAY)
    assert np.ptp(factors) > 0
    fit = ThetaModel(values / factors, period=1, deseasonalize=False).fit()
    ahead = factors[np.arange(300 - DAY, 300)]
    expected = np.asarray(fit.forecast(K)) * np.tile(ahead, 2)
    said = fit_theta(values, K, DAY)(np.array([300]))[:, 0]
    assert_close(said, expected)


def test_a_spread_is_widened_by_what_was_held_out_alone(rng):
    series = small_series(rng)
    before, ends = cut_parts(series, SMALL)
    fit = partial(fit_season, horizon=4, period=6)
    found, said = judge_method(before, ends, (fit, fit))
    width = find_width(before, ask_before(fit, before))
    assert found["width"] == width
    assert found["owa"] == measure_points(ends, said.point)["owa"]
    for values in series.values():  # what came has no say in it
        values[-4:] *= 3
    other, _ = judge_method(*cut_parts(series, SMALL), (fit, fit))
    assert other["width"] == width
    assert other["msis"] > found["msis"]


def test_the_ends_held_out_stand_before_those_that_are_judged(rng):
    series = small_series(rng)
    before, ends = cut_parts(series, SMALL)
    for k, values in enumerate(series.values()):
        assert_close(ends.came[k], values[-4:])
        assert_close(before.came[k], values[-8:-4])
    assert ends.origins == before.origins == SMALL.origins
    assert hold_out(ends).series["A"].size == 60 - 8


def test_windows_keep_away_from_the_hours_held_out(rng):
    values = hours(rng, 548)
    ends = hold_out(cut_ends({"H1": values, "H2": values}, K, DAY, 200))
    assert_close(ends.came[0], values[-2 * K : -K])
    like = torch.zeros(1)
    batch = draw_windows(ends, EndsPlan(), like)(rng, 0)
    seen = np.concatenate(
        [batch.past.exp().numpy().ravel(), batch.target.ravel()]
    )
    held = values[-2 * K :]
    assert np.abs(seen[:, None] - held).min(0).max() > 1e-3
    at = np.abs(values - batch.target[0, 0].numpy()).argmin()
    before = values[at - 336 : at].astype(np.float32)
    assert_close(batch.past[:, 0, 0].exp().numpy(), before)


def train_as_published(ends, seed):
    """The recipe of the competition's row, step by step."""
    T, horizon = SMALL.history, SMALL.horizon
    with seeded(seed):
        parts = line(T, horizon), Segments("GRU", 6, 5, horizon, 1.0)
        module = FromLast(horizon, 6, *parts)
    series = [*ends.series.values()]
    windows = [
        (np.log(values[t - T : t]), values[t : t + horizon], unit)
        for values, unit in zip(series, ends.unit, strict=True)
        for t in range(T, len(values) - horizon + 1)
    ]

    def next_batch(rng, step):
        some = [windows[i] for i in rng.integers(len(windows), size=7)]
        return [
            torch.tensor(np.array(a), dtype=torch.float32)
            for a in zip(*some, strict=True)
        ]

    def loss(module, batch, carry):
        x, target, unit = batch
        said = module(x.T[..., None], x.new_zeros(horizon, 7, 0))
        said = said[..., 0].T.exp()
        error = (said - target).abs()
        size = (said.detach() + target) / 2
        both = 100 * (error / size) / ends.naive2[0]
        both = both + error / unit[:, None] / ends.naive2[1]
        return both.mean() / 2, carry

    train_module(
        module,
        loss,
        next_batch,
        optimizer=cooling(0.01, 12),
        schedule=Schedule(12, 1.0),
        rng=np.random.default_rng(seed),
    )
    return module


def test_a_network_is_trained_by_the_recipe_of_the_competition_s_row(rng):
    before, ends = cut_parts(small_series(rng), SMALL)
    found = train_twice(before, ends, SMALL, seed=3)
    for module, some in (found.held, before), (found.module, ends):
        wanted = train_as_published(some, 3).state_dict()
        for name, weights in module.state_dict().items():
            assert_close(weights.numpy(), wanted[name].numpy(), within=1e-4)
    fit = fit_network(found.held, SMALL)
    said = ask_before(fit, before).point
    owa = measure_points(before, said)["owa"]
    assert_close(found.course[-1], owa, within=1e-5)
    assert len(found.course) == 6


def test_looks_change_nothing(rng):
    _, ends = cut_parts(small_series(rng), SMALL)
    one, other = (
        train_once(ends, SMALL, seed=0, looks=looks)[0].state_dict()
        for looks in (False, True)
    )
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_rate_that_diverges_is_told(rng):
    _, ends = cut_parts(small_series(rng), SMALL)
    plan = plan_line(SMALL)._replace(rate=1e6)
    with pytest.raises(FloatingPointError):
        train_once(ends, plan, seed=0)


def test_a_plan_has_the_parts_that_it_names():
    both, alone, straight = (
        [type(part) for part in build_network(plan, 0).parts]
        for plan in (
            SMALL,
            SMALL._replace(parts=(SEGMENTS,)),
            plan_line(SMALL),
        )
    )
    assert both == [torch.nn.Linear, Segments]
    assert (alone, straight) == ([Segments], [torch.nn.Linear])
    assert plan_line(SMALL).parts == (LINE,)
