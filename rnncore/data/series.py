"""Two series that everybody with statsmodels has: sunspots and CO2."""

from typing import NamedTuple

import numpy as np


class Series(NamedTuple):
    """Values with the time of each, in years."""

    years: np.ndarray  # (T,) 1958.24 is the end of March 1958
    values: np.ndarray  # (T,)


def sunspots() -> Series:
    """The mean number of sunspots, year by year, 1700 to 2008."""
    from statsmodels.datasets import sunspots

    table = sunspots.load_pandas().data
    return checked(
        "sunspots",
        Series(
            table["YEAR"].to_numpy(float),
            table["SUNACTIVITY"].to_numpy(float),
        ),
        least=0,
    )


def co2() -> Series:
    """Carbon dioxide in the air over Mauna Loa, week by week, in ppm.

    March 1958 to December 2001; the 59 weeks without a measurement are
    filled by a straight line between their neighbours.
    """
    from statsmodels.datasets import co2

    table = co2.load_pandas().data
    days = table.index.to_numpy().astype("datetime64[D]")
    start = days.astype("datetime64[Y]")
    year = start.astype(int) + 1970
    length = (start + 1).astype("datetime64[D]") - start
    years = year + (days - start) / length
    values = table["co2"].to_numpy(float)
    known = np.isfinite(values)
    filled = np.interp(years, years[known], values[known])
    return checked("co2", Series(years, filled), least=1)


def checked(name: str, series: Series, least: float) -> Series:
    """The series, if it is one.

    Raises ValueError where times and values differ in number, time does
    not go forward, or a value is missing or below the least possible.
    """
    years, values = series
    if years.shape != values.shape or values.ndim != 1 or not values.size:
        raise ValueError(
            f"{name}: expected as many years as values, "
            f"got {years.shape} and {values.shape}"
        )
    if not np.all(np.diff(years) > 0):
        raise ValueError(f"{name}: expected years that increase")
    wrong = ~(values >= least)  # also where it is not a number
    if np.any(wrong):
        t = int(np.argmax(wrong))
        raise ValueError(
            f"{name}: expected values of at least {least}, "
            f"got {values[t]} in {years[t]:.2f}"
        )
    return series
