"""Forecasts without a network: what every network has to beat.

Each is a function of the values up to now and the number of steps ahead.
`rnncore.sequence` has two more, `persistence` and `seasonal_naive`.
"""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rnncore.backend import check_shape
from rnncore.forecast.windows import Windows

PATHS = 500  # that ETS draws for its quantiles


class Linear(NamedTuple):
    """All K steps as weighted sums of what the network would see.

    Shapes: w (K, T*(1+F)+K*F); b (K,)
    """

    w: np.ndarray
    b: np.ndarray


def drift(values: np.ndarray, horizon: int) -> np.ndarray:
    """The straight line from the first value through the last, drawn on.

    Shapes: values (N,) -> predicted (K,)

    Raises ValueError where there are fewer than two values.
    """
    check_shape("values", values, "N")
    if len(values) < 2:
        raise ValueError("values: expected at least 2, got 1")
    step = (values[-1] - values[0]) / (len(values) - 1)
    return values[-1] + step * np.arange(1, horizon + 1)


def fit_linear(windows: Windows, penalty: float = 1.0) -> Linear:
    """A linear autoregression with covariates, each step on its own.

    Least squares with a penalty on squared weights (ridge), by
    scikit-learn, from the very windows that a network gets.
    """
    from sklearn.linear_model import Ridge

    target = np.asarray(windows.target)
    rows = flat(windows).astype(float)  # float32 has lost a small penalty
    model = Ridge(alpha=penalty).fit(rows, target.T)
    K = len(target)  # of one step scikit-learn makes a row
    return Linear(model.coef_.reshape(K, -1), model.intercept_.reshape(K))


def choose_penalty(
    training: Windows,
    validation: Windows,
    penalties: Sequence[float] = (0.1, 1, 10, 100, 1000),
) -> float:
    """The penalty that forecasts the validation windows best."""
    errors = [
        np.abs(
            ask_linear(fit_linear(training, penalty), validation)
            - validation.target
        ).mean()
        for penalty in penalties
    ]
    return penalties[int(np.argmin(errors))]


def best_linear(
    training: Windows,
    validation: Windows,
    penalties: Sequence[float] = (0.1, 1, 10, 100, 1000),
) -> Linear:
    """The fit with the penalty of `choose_penalty`."""
    penalty = choose_penalty(training, validation, penalties)
    return fit_linear(training, penalty)


def ask_linear(model: Linear, windows: Windows) -> np.ndarray:
    """The forecast for every window.

    Shapes: windows -> predicted (K, B)
    """
    return (flat(windows) @ model.w.T + model.b).T


def ets(
    values: np.ndarray,
    horizon: int,
    period: int = 1,
    levels: Sequence[float] | None = None,
) -> np.ndarray:
    """Exponential smoothing: level, damped trend, and season if period > 1.

    Recent values count more, by shares that are fitted. With `levels` the
    quantiles (Q, K) of its own simulation.

    Shapes: values (N,) -> predicted (K,)

    Source: Hyndman et al. 2002; computed by statsmodels.
    """
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    season = "add" if period > 1 and len(values) >= 2 * period else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says so when it gives up early
        fit = ETSModel(
            np.asarray(values, float),
            trend="add",
            damped_trend=True,
            seasonal=season,
            seasonal_periods=period if season else None,
        ).fit(disp=False)
        if levels is None:
            return np.asarray(fit.forecast(horizon))
        errors = np.random.default_rng(0).normal(size=(horizon, PATHS))
        paths = fit.simulate(
            horizon,
            anchor="end",
            repetitions=PATHS,
            random_errors=errors * np.sqrt(fit.mse),
        )
    return np.quantile(np.asarray(paths), levels, axis=1)


def arima(
    values: np.ndarray,
    horizon: int,
    order: tuple[int, int, int] = (2, 1, 1),
    season: tuple[int, int, int, int] = (0, 0, 0, 0),
    levels: Sequence[float] | None = None,
) -> np.ndarray:
    """Differences, weighted sums of past values and past errors.

    With `levels` the quantiles (Q, K) of its Gaussian forecast.

    Shapes: values (N,) -> predicted (K,)

    Source: Box & Jenkins 1970; computed by statsmodels.
    """
    from scipy.stats import norm
    from statsmodels.tsa.arima.model import ARIMA

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = ARIMA(
            np.asarray(values, float), order=order, seasonal_order=season
        ).fit()
    said = fit.get_forecast(horizon)
    mean = np.asarray(said.predicted_mean)
    if levels is None:
        return mean
    return mean + norm.ppf(levels)[:, None] * np.asarray(said.se_mean)


def with_past_errors(
    predicted: np.ndarray, errors: np.ndarray, levels: Sequence[float]
) -> np.ndarray:
    """Quantiles for what gives none: its forecast plus its past errors'.

    The errors, actual minus predicted, must be of forecasts of data that
    the method was not fitted on.

    Shapes: predicted (K, B); errors (K, N) -> quantiles (Q, K, B)

    Raises ValueError where a shape does not fit.
    """
    check_shape("predicted", predicted, "K", "B")
    check_shape("errors", errors, predicted.shape[0], "N")
    return predicted + np.quantile(errors, levels, axis=1)[..., None]


def flat(windows: Windows) -> np.ndarray:
    """Everything a window shows, a row for each of B.

    Shapes: windows -> rows (B, T*(1+F)+K*F)
    """
    parts = [np.moveaxis(np.asarray(a), 1, 0) for a in windows[:2]]
    return np.concatenate([p.reshape(len(p), -1) for p in parts], axis=1)
