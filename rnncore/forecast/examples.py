"""The chapter's series as windows: one preparation for page and training.

Each comes with the way back to its own units, so that every score is one
of births, degrees and spots, not of what a network was fed.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from rnncore.data.series import (
    fertility,
    seattle_weather,
    sunspot_months,
    wine_sales,
)
from rnncore.forecast.covariates import calendar, climatology, fit_climate
from rnncore.forecast.windows import (
    Windows,
    changes,
    cut,
    fit_scaler,
    join,
    origins,
    scaled,
    split_by_time,
    unscaled,
)

YEARS = 10  # of fertility rates that are read, and that are forecast
LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


class Example(NamedTuple):
    """Windows to learn from, to stop by, to be judged on.

    The origins are those of the test windows.

    Shapes: values (N,); origins (B,); actual (K, B)
    """

    training: Windows
    validation: Windows
    test: Windows
    values: np.ndarray
    origins: np.ndarray
    actual: np.ndarray
    back: Callable[[np.ndarray], np.ndarray]  # (..., K, B) in own units
    unit: float  # persistence's mean error one step ahead, in training


def sunspots() -> Example:
    """Half-year means of sunspots; square roots, scaled; ten half-years.

    Tested on 1929 to 1983, stopped by the 33 years before.
    """
    values = sunspot_months().to_numpy().reshape(-1, 6).mean(axis=1)
    parts = split_by_time(len(values), 66, 110)
    roots = np.sqrt(values)
    scaler = fit_scaler(roots[: parts.training.stop])

    def back(said: np.ndarray) -> np.ndarray:
        return np.maximum(unscaled(said, scaler), 0) ** 2

    fed = scaled(roots, scaler)
    return _example(values, fed, parts, 33, 10, None, back)


def weather(covariates: bool = False) -> Example:
    """The highest temperature of Seattle's days, less the climatology.

    Covariates are what else was measured in the past; of the days to
    come they are not known, and stand as zeros. Tested on 2015, stopped
    by 2014.
    """
    table = seattle_weather()
    values = table["temp_max"].to_numpy()
    parts = split_by_time(len(values), 365, 365)
    stop = parts.training.stop
    climate = fit_climate(values[:stop], table.index[:stop])
    usual = climatology(climate, table.index)
    scaler = fit_scaler((values - usual)[:stop])
    expected = _ahead(usual, origins(parts.test, 28, 7), 7)
    seen = None
    if covariates:
        seen = table[["temp_min", "precipitation", "wind"]].to_numpy()
        seen = scaled(seen, fit_scaler(seen[:stop]))

    def back(said: np.ndarray) -> np.ndarray:
        return expected + unscaled(said, scaler)

    fed = scaled(values - usual, scaler)
    example = _example(values, fed, parts, 28, 7, seen, back)
    unknown = [
        w._replace(known=np.zeros_like(w.known)) for w in example[:3]
    ]
    return Example(*unknown, *example[3:])


def wine(with_calendar: bool = True) -> Example:
    """Monthly sales of wine as logarithms, a year ahead.

    Tested on the last three years, stopped by the two before.
    """
    series = wine_sales()
    values = series.to_numpy()
    parts = split_by_time(len(values), 24, 36)
    logs = np.log(values)
    scaler = fit_scaler(logs[: parts.training.stop])
    known = calendar(series.index) if with_calendar else None

    def back(said: np.ndarray) -> np.ndarray:
        return np.exp(unscaled(said, scaler))

    fed = scaled(logs, scaler)
    return _example(values, fed, parts, 24, 12, known, back)


class Countries(NamedTuple):
    """Fertility rates of B countries, forecast from one origin.

    Shapes: actual (K, B); last (B,)
    """

    training: Windows
    validation: Windows
    test: Windows
    actual: np.ndarray
    last: np.ndarray
    names: Sequence[str]


def countries(
    origin: int = 2002, *, learn_from: np.ndarray | None = None
) -> Countries:
    """Ten years of rates, and the ten after; one model for all countries.

    Nothing from the origin on is learnt from. Of the countries to learn
    from, a fifth is kept to stop by; all are forecast. Changes are in
    tenths of a birth, levels from 3 births on.
    """
    table = fertility()
    rates = table.to_numpy()
    if learn_from is None:
        learn_from = np.arange(rates.shape[1])
    step = origin - table.index[0].year
    before = origins(range(step), YEARS, YEARS)
    kept = np.arange(len(learn_from)) % 5 == 0

    def windows(columns: np.ndarray, starts: np.ndarray) -> Windows:
        cuts = [cut(rates[:, c], starts, YEARS, YEARS) for c in columns]
        past, known, target = changes(join(cuts))
        past = past * [10, 1] - [0, 3]
        return Windows(past, known - 3, target)

    return Countries(
        windows(learn_from[~kept], before),
        windows(learn_from[kept], before),
        windows(np.arange(rates.shape[1]), np.array([step])),
        rates[step : step + YEARS],
        rates[step - 1],
        list(table),
    )


def _example(values, fed, parts, history, horizon, covariates, back):
    """Cut what is fed for all three parts, the truth for the test."""
    starts = [origins(part, history, horizon) for part in parts]
    cuts = [cut(fed, at, history, horizon, covariates) for at in starts]
    unit = float(np.abs(np.diff(values[: parts.training.stop])).mean())
    actual = _ahead(values, starts[2], horizon)
    return Example(*cuts, values, starts[2], actual, back, unit)


def _ahead(values: np.ndarray, starts: np.ndarray, horizon: int):
    """Shapes: values (N,); starts (B,) -> (K, B)"""
    return values[starts + np.arange(horizon)[:, None]]
