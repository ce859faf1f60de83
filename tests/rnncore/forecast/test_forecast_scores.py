"""Scores, baselines and the back-test that compares them."""

import numpy as np
import pytest
from scipy import stats

from tests.helpers.arrays import assert_close

pytest.importorskip("sklearn")
pytest.importorskip("statsmodels")

from rnncore.forecast.backtest import backtest, score_table
from rnncore.forecast.classical import (
    arima,
    ask_linear,
    best_linear,
    drift,
    ets,
    fit_linear,
    with_past_errors,
)
from rnncore.forecast.examples import LEVELS as SEVEN
from rnncore.forecast.scores import (
    coverage,
    crps,
    gaussian_crps,
    interval_score,
    pinball_loss,
    smape,
)
from rnncore.forecast.windows import Windows, cut
from rnncore.sequence import mase, persistence, seasonal_naive

LEVELS = (0.1, 0.5, 0.9)
TEN = tuple((np.arange(10) + 0.5) / 10)
MANY = tuple((np.arange(400) + 0.5) / 400)


def test_smape_by_hand():
    actual, predicted = np.array([100.0, 50, 0]), np.array([50.0, 50, 0])
    assert_close(smape(actual, predicted), 100 * (50 / 75) / 3)
    assert smape(actual, predicted) == smape(predicted, actual)
    assert smape(np.array([1.0]), np.array([-1.0])) == 200  # the most
    with pytest.raises(ValueError, match="predicted"):
        smape(actual, predicted[:2])


def test_coverage_counts_the_bounds_as_inside():
    actual = np.array([[1.0, 2, 3, 4]])
    low, high = np.full((1, 4), 2.0), np.full((1, 4), 3.0)
    assert coverage(actual, low, high) == 0.5
    with pytest.raises(ValueError, match="low"):
        coverage(actual, low[:, :2], high)


def test_the_score_of_an_interval_is_its_width_and_what_lies_outside():
    actual = np.array([[1.0, 2, 7]])
    low, high = np.full((1, 3), 1.5), np.full((1, 3), 4.0)
    by_hand = 2.5 + 2 / 0.05 * (0.5 + 0 + 3) / 3
    assert_close(interval_score(actual, low, high, 0.95), by_hand)
    with pytest.raises(ValueError, match="level"):
        interval_score(actual, low, high, 95)
    with pytest.raises(ValueError, match="high"):
        interval_score(actual, low, high[:, :2], 0.95)


def test_no_interval_scores_better_than_that_of_the_true_quantiles(rng):
    y = rng.normal(size=(1, 4000))
    z = stats.norm.ppf(0.975)
    scores = {
        width: interval_score(y, 0 * y - width, 0 * y + width, 0.95)
        for width in (0.7 * z, z, 1.4 * z)
    }
    assert min(scores, key=scores.get) == z


def test_crps_of_a_single_quantile_is_the_absolute_error():
    rng = np.random.default_rng(0)
    actual, point = rng.normal(size=(2, 3, 5))
    assert_close(
        crps(actual, point[None], (0.5,)), np.abs(actual - point).mean()
    )


@pytest.mark.parametrize("levels", [SEVEN, TEN, LEVELS], ids=len)
def test_crps_of_a_forecast_without_doubt_is_its_absolute_error(levels):
    rng = np.random.default_rng(0)
    actual, point = rng.normal(size=(2, 3, 5))
    said = np.broadcast_to(point, (len(levels), 3, 5))
    assert_close(crps(actual, said, levels), np.abs(actual - point).mean())


@pytest.mark.parametrize(
    ("levels", "within"), [(SEVEN, 0.03), (TEN, 0.02), (MANY, 1e-3)]
)
@pytest.mark.parametrize(
    ("ppf", "expected"),  # of a calibrated forecast: half of E|X - X'|
    [
        (stats.norm.ppf, 1 / np.sqrt(np.pi)),
        (stats.uniform.ppf, 1 / 6),
        (stats.expon.ppf, 1 / 2),
    ],
    ids=["normal", "uniform", "exponential"],
)
def test_crps_of_calibrated_forecasts(ppf, expected, levels, within):
    actual = ppf((np.arange(4000) + 0.5) / 4000)[None]
    said = ppf(np.array(levels))[:, None, None]
    quantiles = np.broadcast_to(said, (len(levels), *actual.shape))
    found = crps(actual, quantiles, levels)
    assert abs(found - expected) < within * expected


def test_crps_comes_near_the_closed_form_of_a_gaussian():
    rng = np.random.default_rng(0)
    actual, mean = rng.normal(size=(2, 3, 4))
    spread = rng.uniform(0.5, 2, size=(3, 4))
    z = stats.norm.ppf(np.array(MANY))[:, None, None]
    exact = gaussian_crps(actual, mean, spread)
    found = crps(actual, mean + z * spread, MANY)
    assert_close(found, exact, within=1e-3 * exact)


def test_the_closed_form_is_the_mean_distance_less_half_the_spread():
    rng = np.random.default_rng(0)  # E|X - y| - E|X - X'| / 2
    y, mean, spread = 0.7, -0.2, 1.5
    draws = rng.normal(mean, spread, size=(2, 400_000))
    sampled = np.abs(draws[0] - y).mean()
    sampled -= np.abs(draws[0] - draws[1]).mean() / 2
    one = np.array([[y]]), np.array([[mean]]), np.array([[spread]])
    assert abs(gaussian_crps(*one) - sampled) < 0.01
    almost_sure = (*one[:2], np.array([[1e-9]]))
    assert_close(gaussian_crps(*almost_sure), 0.9, within=1e-8)


def test_scores_of_distributions_refuse_what_does_not_fit():
    actual, said = np.zeros((1, 3)), np.zeros((3, 1, 3))
    with pytest.raises(ValueError, match="quantiles"):
        crps(actual, said[:2], LEVELS)
    for wrong in (0.5, 0.1, 0.9), (0.0, 0.5, 0.9), (0.1, 0.5, 1.0):
        with pytest.raises(ValueError, match=r"^levels:"):
            crps(actual, said, wrong)
    with pytest.raises(ValueError, match="mean"):
        gaussian_crps(actual, actual[:, :2], actual + 1)
    with pytest.raises(ValueError, match=r"spread: expected more than 0"):
        gaussian_crps(actual, actual, actual)


def test_pinball_loss_is_that_of_scikit_learn_and_crps_weighs_it():
    from sklearn.metrics import mean_pinball_loss

    rng = np.random.default_rng(0)
    actual, quantiles = rng.normal(size=(4, 5)), rng.normal(size=(3, 4, 5))
    each = [
        mean_pinball_loss(actual, q, alpha=level)
        for level, q in zip(LEVELS, quantiles, strict=True)
    ]
    assert_close(pinball_loss(actual, quantiles, LEVELS), each)
    weighed = 0.3 * each[0] + 0.4 * each[1] + 0.3 * each[2]
    assert_close(crps(actual, quantiles, LEVELS), 2 * weighed)


def test_drift_by_hand():
    assert drift(np.array([1.0, 9, 4, 7]), 2).tolist() == [9, 11]
    with pytest.raises(ValueError, match="values: expected at least 2"):
        drift(np.array([1.0]), 2)


def test_the_linear_model_finds_the_weights_of_an_autoregression():
    rng = np.random.default_rng(0)
    x = list(rng.normal(size=2))
    for _ in range(998):
        x.append(1.2 * x[-1] - 0.5 * x[-2] + 0.1 * rng.normal())
    windows = cut(np.array(x), np.arange(2, 990), 2, 1)
    model = fit_linear(windows, penalty=1e-6)
    assert model.w.shape == (1, 2)
    assert_close(model.w[0], [-0.5, 1.2], within=0.05)
    said = ask_linear(model, windows)
    assert said.shape == (1, 988)
    assert_close(np.std(said - windows.target), 0.1, within=0.05 * 0.1)


def test_the_linear_model_reads_covariates_that_are_known_ahead():
    rng = np.random.default_rng(0)
    sale = (rng.random(300) < 0.2).astype(float)
    values = 10 + 5 * sale
    windows = cut(values, np.arange(3, 290), 3, 2, sale[:, None])
    said = ask_linear(fit_linear(windows, 1e-6), windows)
    assert_close(said, windows.target, within=1e-3)


def test_windows_of_few_digits_have_the_fit_of_many():
    values = 1000 * np.sin(np.arange(4000) / 50)
    windows = cut(values, np.arange(96, 3900, 2), 96, 3)
    few = Windows(*(np.float32(part) for part in windows))
    many = Windows(*(np.float64(part) for part in few))
    model = fit_linear(few, 0.1)  # a warning would fail it
    assert_close(model.w, fit_linear(many, 0.1).w, within=1e-9)


def test_the_penalty_is_chosen_by_the_validation_windows():
    rng = np.random.default_rng(0)
    values = rng.normal(size=400)  # nothing to learn: the more the better
    train = cut(values, np.arange(60, 150), 60, 1)
    held = cut(values, np.arange(150, 390), 60, 1)
    errors = {
        p: np.abs(
            ask_linear(fit_linear(train, p), held) - held.target
        ).mean()
        for p in (0.1, 1000)
    }
    assert errors[1000] < errors[0.1]
    best = best_linear(train, held, (0.1, 1000))
    assert np.array_equal(best.w, fit_linear(train, 1000).w)


def seasonal(T):
    t = np.arange(T)
    return 50 + 0.2 * t + 10 * np.sin(2 * np.pi * t / 12)


@pytest.mark.slow
def test_exponential_smoothing_and_arima_see_season_and_noise():
    rng = np.random.default_rng(0)
    values = seasonal(120) + rng.normal(size=120)
    ahead = seasonal(132)[120:]
    for said in (
        ets(values, 12, 12),
        arima(values, 12, (0, 1, 1), (0, 1, 1, 12)),
    ):
        assert said.shape == (12,)
        assert np.abs(said - ahead).mean() < 2
    for quantiles in (
        ets(values, 12, 12, LEVELS),
        arima(values, 12, (0, 1, 1), (0, 1, 1, 12), LEVELS),
    ):
        assert quantiles.shape == (3, 12)
        width = quantiles[2] - quantiles[0]
        assert (width > 0).all()
        # 80 % of a normal with spread 1 are 2.56 wide; with the doubt
        # about level and season somewhat more
        assert 1.5 < width[0] < 5


def test_the_simulation_of_exponential_smoothing_is_the_same_each_time():
    values = seasonal(60)
    values += np.random.default_rng(0).normal(size=60)
    first, second = (ets(values, 6, 12, LEVELS) for _ in range(2))
    assert np.array_equal(first, second)


def test_past_errors_make_an_interval():
    errors = np.array([[-2.0, -1, 0, 1, 2]])
    predicted = np.array([[10.0, 20]])
    said = with_past_errors(predicted, errors, (0.25, 0.5, 0.75))
    assert said[:, 0].tolist() == [[9, 19], [10, 20], [11, 21]]
    with pytest.raises(ValueError, match="errors"):
        with_past_errors(np.zeros((2, 3)), errors, LEVELS)


def test_a_method_sees_what_came_before_its_origin_and_cannot_change_it():
    values = np.arange(20.0)
    seen = []

    def spy(past, horizon):
        seen.append(past.tolist())
        past[:] = -1
        return np.zeros(horizon)

    actual, _ = backtest(values, {"spy": spy}, [5, 8], 3, LEVELS)
    assert seen == [list(range(5)), list(range(8))]
    assert actual.T.tolist() == [[5, 6, 7], [8, 9, 10]]
    assert values.tolist() == list(range(20))


def test_the_table_has_the_scores_of_chapter_one():
    rng = np.random.default_rng(0)
    values = np.cumsum(rng.normal(size=80)) + 30
    methods = {
        "persistence": persistence,
        "season": lambda v, k: seasonal_naive(v, k, 4),
        "sure": lambda v, k: np.stack(
            [v[-1] + d + np.zeros(k) for d in (-99, 0, 99)]
        ),
    }
    at = np.arange(40, 70, 5)
    actual, outcomes = backtest(values, methods, at, 4, LEVELS)
    table = score_table(actual, outcomes, values[:40], LEVELS)
    assert list(table.columns) == [
        "MASE", "RMSSE", "sMAPE", "CRPS", "inside 80%", "bias",
    ]  # fmt: skip
    said = np.repeat(values[at - 1], 4)
    expected = mase(actual.T.ravel(), said, values[:40])
    assert_close(table.loc["persistence", "MASE"], expected)
    assert_close(table.loc["persistence", "CRPS"], expected)
    assert np.isnan(table.loc["persistence", "inside 80%"])
    assert table.loc["sure", "inside 80%"] == 1
    assert_close(table.loc["sure", "MASE"], expected)
    assert table.loc["sure", "CRPS"] > expected  # so wide is worth less
    error = said - actual.T.ravel()
    steps = np.diff(values[:40])
    root = np.sqrt((error**2).mean() / (steps**2).mean())
    assert_close(table.loc["persistence", "RMSSE"], root)
    bias = error.mean() / np.abs(steps).mean()
    assert_close(table.loc["persistence", "bias"], bias)


def test_the_unit_of_a_season_is_the_seasonal_naive_s_error():
    values = np.random.default_rng(0).normal(size=60)
    at = np.arange(40, 56)
    methods = {"season": lambda v, k: seasonal_naive(v, k, 4)}
    actual, outcomes = backtest(values, methods, at, 4, LEVELS)
    table = score_table(actual, outcomes, values[:40], LEVELS, period=4)
    unit = np.abs(values[4:40] - values[:36]).mean()
    wrong = np.abs(outcomes["season"].point - actual).mean()
    assert_close(table.loc["season", "MASE"], wrong / unit)


def test_a_method_that_answers_in_another_form_is_named():
    with pytest.raises(
        ValueError, match=r"bad: expected \(3,\) or \(3, 3\)"
    ):
        backtest(
            np.arange(9.0), {"bad": lambda v, k: v[:2]}, [4], 3, LEVELS
        )
    for at in (0, 7):
        with pytest.raises(ValueError, match="origins: expected 1 to 6"):
            backtest(np.arange(9.0), {}, [at], 3, LEVELS)


def test_progress_counts_every_forecast():
    counted = []

    def progress(todo):
        for item in todo:
            counted.append(item)
            yield item

    methods = {"a": persistence, "b": drift}
    backtest(np.arange(9.0), methods, [3, 4, 5], 2, LEVELS, progress)
    assert len(counted) == 6
