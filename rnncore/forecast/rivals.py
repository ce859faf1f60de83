"""Rivals of the network: each is fitted to a history, then asked.

A `Fit` takes the values of one series up to now, and gives a method of the
back-test: values (N,), which begin as the history did, and a horizon ->
quantiles (Q, K). What forecasts with a number alone has the spread of its
own past errors around it, horizon by horizon.
"""

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from rnncore.backend import check_shape
from rnncore.forecast.backtest import Method
from rnncore.forecast.plan import PRICES, ForecastPlan
from rnncore.forecast.prices import find_deviations
from rnncore.forecast.seasons import two_seasons

Fit = Callable[[np.ndarray], Method]
# values (N,), origins (B,), horizon -> forecasts (K, B): of all at once
Everywhere = Callable[[np.ndarray, np.ndarray, int], np.ndarray]

ERRORS = 200  # past errors that make a spread, at most
FEW = 40  # errors: of fewer the quantiles are those of Student's t
PATHS = 500  # that ETS draws for its quantiles
GOES_ALONG = "persistence, EWMA"  # a spread that is a state
CYCLES = 8  # seasons that make a profile
ALPHAS = np.linspace(0.02, 1, 50)  # of theta's smoothing
TREND, DAMPED, LEVEL = ("add", False), ("add", True), (None, False)


def repeat_last(
    values: np.ndarray, origins: np.ndarray, horizon: int
) -> np.ndarray:
    """Persistence at every origin.

    Shapes: values (N,); origins (B,) -> predicted (K, B)
    """
    return np.repeat(values[origins - 1][None], horizon, axis=0)


def repeat_season(
    values: np.ndarray, origins: np.ndarray, horizon: int, period: int
) -> np.ndarray:
    """The last season again at every origin.

    Shapes: values (N,); origins (B,) -> predicted (K, B)
    """
    steps = np.arange(horizon)[:, None] % period
    return values[origins - period + steps]


def draw_line(
    values: np.ndarray, origins: np.ndarray, horizon: int
) -> np.ndarray:
    """The straight line from the first value through the last, drawn on.

    Shapes: values (N,); origins (B,) -> predicted (K, B)
    """
    last = values[origins - 1]
    step = (last - values[0]) / np.maximum(origins - 1, 1)
    return last + step * np.arange(1, horizon + 1)[:, None]


def repeat_profile(
    values: np.ndarray,
    origins: np.ndarray,
    horizon: int,
    period: int,
    share: bool = True,
) -> np.ndarray:
    """A level, and what each place of the season has of it.

    The level is the mean of the last four seasons, the profile that of
    the last `CYCLES`; it is a share of the level, or is added to it.

    Shapes: values (N,); origins (B,) -> predicted (K, B)
    """
    found = np.empty((horizon, len(origins)))
    for b, t in enumerate(origins):
        cycles = min(t // period, CYCLES)
        seasons = values[t - cycles * period : t].reshape(cycles, period)
        profile, level = seasons.mean(axis=0), seasons[-4:].mean()
        mean = profile.mean()
        if share:
            level = level / mean if mean > 0 else 0.0
            around = profile * level
        else:
            around = profile - mean + level
        found[:, b] = around[np.arange(horizon) % period]
    return found


class Theta(NamedTuple):
    """The smoothing of a series without its season, and that season."""

    alpha: float
    season: np.ndarray  # (P,) what is taken off, from the first value on


def fit_theta(values: np.ndarray, period: int) -> Theta:
    """The season of a classical decomposition, and the best smoothing.

    The season is left alone where the autocorrelation at it is within
    chance, as in the M4 competition.

    Shapes: values (N,) -> theta
    """
    season = np.zeros(max(period, 1))
    if (
        period > 1
        and len(values) >= 3 * period
        and is_seasonal(values, period)
    ):
        from statsmodels.tsa.seasonal import seasonal_decompose

        parts = seasonal_decompose(values, "additive", period=period)
        season = np.asarray(parts.seasonal[:period])
    rest = values - np.resize(season, len(values))
    levels = _smooth(rest, ALPHAS)
    wrong = np.square(rest[1:, None] - levels[:-1]).sum(axis=0)
    return Theta(float(ALPHAS[wrong.argmin()]), season)


def ask_theta(
    theta: Theta, values: np.ndarray, origins: np.ndarray, horizon: int
) -> np.ndarray:
    """Half the slope of all values so far, from the smoothed level on.

    Shapes: values (N,); origins (B,) -> predicted (K, B)

    Source: Assimakopoulos & Nikolopoulos 2000; as smoothing with drift,
    Hyndman & Billah 2003.
    """
    N = len(values)
    rest = values - np.resize(theta.season, N)
    level = _smooth(rest, np.array([theta.alpha]))[:, 0]
    n, t = np.arange(1.0, N + 1), np.arange(float(N))
    above = np.cumsum(t * rest) - np.cumsum(rest) * (n - 1) / 2
    slope = above / np.maximum(n * (n * n - 1) / 12, 1)
    alpha = theta.alpha
    ahead = np.arange(horizon)[:, None]
    reached = ahead + (1 - (1 - alpha) ** origins) / alpha
    at = np.resize(theta.season, N + horizon)[origins + ahead]
    return level[origins - 1] + slope[origins - 1] / 2 * reached + at


def _smooth(values: np.ndarray, alphas: np.ndarray) -> np.ndarray:
    """Shapes: values (N,); alphas (A,) -> levels (N, A)"""
    levels = np.empty((len(values), len(alphas)))
    level = np.full(len(alphas), values[0])
    for t, value in enumerate(values):
        level = level + alphas * (value - level)
        levels[t] = level
    return levels


def is_seasonal(values: np.ndarray, period: int) -> bool:
    """Whether the autocorrelation at a season is beyond chance, 90 %.

    Not where `values`, (N,), have less than three seasons.
    """
    if not 1 < period <= len(values) // 3:
        return False
    d = values - values.mean()
    power = d @ d
    if not power:
        return False
    at = [d[k:] @ d[: len(d) - k] / power for k in range(1, period + 1)]
    spread = np.sqrt((1 + 2 * np.square(at[:-1]).sum()) / len(d))
    return bool(abs(at[-1]) > 1.645 * spread)


def with_own_errors(
    everywhere: Everywhere,
    levels: Sequence[float],
    least: int = 1,
    unit: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Method:
    """A method that says how far it was off before, at each horizon.

    The errors are those of the last origins whose steps had all come;
    `least` values have to stand before one. The middle stays what the
    forecast is, and is never outside its interval. Errors are in units
    that each step knows, if `unit` gives them for values (N,).
    """

    def method(values: np.ndarray, horizon: int) -> np.ndarray:
        N = len(values)
        first = max(least, N - horizon - ERRORS + 1)
        before = np.arange(first, N - horizon + 1)
        said = everywhere(values, np.append(before, N), horizon)
        came = values[before + np.arange(horizon)[:, None]]
        known = np.ones(N) if unit is None else unit(values)
        errors = (came - said[:, :-1]) / known[before - 1]
        around = spread_errors(errors, levels) * known[-1]
        signs = np.sign(np.asarray(levels) - 0.5)[:, None]
        return said[:, -1] + signs * np.maximum(signs * around, 0)

    return method


def spread_errors(
    errors: np.ndarray, levels: Sequence[float]
) -> np.ndarray:
    """The quantiles of a further error of the same kind.

    Those between which it falls with the probability of their levels, if
    past and future errors can be exchanged; of few errors, which hardly
    have a fortieth, Student's distribution of the same mean square.

    Shapes: errors (K, N) -> quantiles (Q, K)
    """
    check_shape("errors", errors, "K", "N")
    K, N = errors.shape
    if N >= FEW:
        return np.quantile(errors, levels, axis=1, method="weibull")
    if N < 2:
        return np.zeros((len(levels), K))
    from scipy.stats import t

    size = np.sqrt(np.square(errors).mean(axis=1))
    return t.ppf(np.asarray(levels), N)[:, None] * size


class Smoothing(NamedTuple):
    """A form of exponential smoothing, fitted; from step `start` on."""

    start: int
    form: dict[str, Any]
    params: np.ndarray


def fit_ets(values: np.ndarray, period: int, recent: int) -> Smoothing:
    """The form with the lowest AICc: trend, damped or not, and season.

    Raises ValueError where there are fewer than eight values.
    Source: Hyndman et al. 2002; computed by statsmodels.
    """
    if len(values) < 8:
        raise ValueError(f"values: expected 8, got {len(values)}")
    start = max(0, len(values) - recent)
    seen = values[start:]
    seasons = [None, "add"] if 1 < period <= len(seen) // 2 else [None]
    best: tuple[float, Smoothing] | None = None
    for season in seasons:
        for trend, damped in LEVEL, TREND, DAMPED:
            form: dict[str, Any] = {"trend": trend, "damped_trend": damped}
            form |= {"seasonal": season}
            form |= {"seasonal_periods": period if season else None}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that it gave up early
                fit = _ets_model(seen, form).fit(disp=False)
            made = Smoothing(start, form, np.asarray(fit.params))
            score = fit.aicc if np.isfinite(fit.aicc) else np.inf
            if best is None or score < best[0]:
                best = score, made
    assert best is not None
    return best[1]


def _ask_ets(
    model: Smoothing,
    values: np.ndarray,
    horizon: int,
    levels: Sequence[float],
) -> np.ndarray:
    """The quantiles of its own futures, which are drawn.

    Shapes: values (N,) -> quantiles (Q, K)
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = _ets_model(values[model.start :], model.form)
        fit = made.smooth(model.params)
        draws = np.random.default_rng(0).normal(size=(horizon, PATHS // 2))
        errors = np.concatenate([draws, -draws], axis=1)
        paths = fit.simulate(
            horizon,
            anchor="end",
            repetitions=PATHS,
            random_errors=errors * np.sqrt(fit.mse),
        )
    return np.quantile(np.asarray(paths), levels, axis=1)


def _ets_model(values: np.ndarray, form: dict[str, Any]) -> Any:
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    return ETSModel(np.asarray(values, float), **form)


def fit_arima(values: np.ndarray, period: int, recent: int) -> Any:
    """The orders with the lowest AICc among those of one difference.

    With a season of at most twelve steps a seasonal difference as well.
    What comes back has `start`, and statsmodels' result.

    Source: Box & Jenkins 1970; computed by statsmodels.
    """
    from statsmodels.tsa.arima.model import ARIMA

    start = max(0, len(values) - recent)
    seen = np.asarray(values[start:], float)
    season = (0, 0, 0, 0)
    if 1 < period <= 12 and len(seen) >= 3 * period:
        season = (0, 1, 1, period)
    best, found = np.inf, None
    for order in ((0, 1, 1), (2, 1, 1), (1, 0, 1)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = ARIMA(seen, order=order, seasonal_order=season).fit()
        if found is None or fit.aicc < best:
            best, found = fit.aicc, fit
    return start, found


def _ask_arima(
    model: Any, values: np.ndarray, horizon: int, levels: Sequence[float]
) -> np.ndarray:
    """The quantiles of its Gaussian forecast.

    Shapes: values (N,) -> quantiles (Q, K)
    """
    from scipy.stats import norm

    start, fit = model
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        now = fit.apply(np.asarray(values[start:], float))
        said = now.get_forecast(horizon)
    mean, width = np.asarray(said.predicted_mean), np.asarray(said.se_mean)
    return mean + norm.ppf(levels)[:, None] * width


class Rival(NamedTuple):
    """How a series' history makes a method, and how many steps it needs."""

    fit: Fit
    least: int
    is_slow: bool = False  # a tenth of a second a series and more


def list_rivals(plan: ForecastPlan, counted: bool) -> dict[str, Rival]:
    """What knows one series, by name; quantiles at the plan's levels.

    `counted` says that no value is negative, and that a season may be a
    share of the level; where values are bent it is added in any case.
    """
    levels, period, longer = plan.levels, plan.period, plan.longer
    recent = max(200, 8 * period, 3 * longer)  # older: little

    def naive(everywhere: Everywhere, least: int) -> Rival:
        return Rival(
            lambda history: with_own_errors(everywhere, levels, least),
            least + 1,
        )

    found = {"persistence": naive(repeat_last, 1)}
    for season, name in (period, ""), (longer, f", {longer}"):
        if season > 1:
            again = partial(repeat_season, period=season)
            found[f"seasonal naive{name}"] = naive(again, season)
    found["drift"] = naive(draw_line, 2)
    if plan.scale == PRICES:
        found[GOES_ALONG] = Rival(
            lambda history: with_own_errors(
                repeat_last, levels, FEW, find_deviations
            ),
            2 * FEW,
        )
    if period > 1:
        share = counted and not plan.link
        profile = partial(repeat_profile, period=period, share=share)
        found["level x season"] = naive(profile, 2 * period)
    least = 3 * period if period > 1 else 8

    def theta(history: np.ndarray) -> Method:
        ask = partial(ask_theta, fit_theta(history, period))
        return with_own_errors(ask, levels, least)

    def smoothing(history: np.ndarray) -> Method:
        model = fit_ets(history, period, recent)
        return partial(_ask, _ask_ets, model, levels)

    def integrated(history: np.ndarray) -> Method:
        model = fit_arima(history, period, recent)
        return partial(_ask, _ask_arima, model, levels)

    found["theta"] = Rival(theta, least)
    if period > 1 and longer > 1:
        found["both seasons and ETS"] = Rival(
            lambda history: (
                lambda values, horizon: two_seasons(
                    values[-recent:], horizon, (period, longer), levels
                )
            ),
            2 * longer,
            True,
        )
    found["ETS"] = Rival(smoothing, max(8, 2 * period), True)
    found["ARIMA"] = Rival(integrated, max(12, 2 * period), True)
    return found


def _ask(
    ask: Callable,
    model: Any,
    levels: Sequence[float],
    values: np.ndarray,
    horizon: int,
) -> np.ndarray:
    return ask(model, values, horizon, levels)
