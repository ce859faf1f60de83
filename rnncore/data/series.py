"""Series of the sun, the air, trade and people, and one of an equation."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

REGIONS = (  # in the table of countries, and none
    "Latin America & Caribbean (all income levels)",
    "OECD members",
    "Other small states",
    "Pacific island small states",
)


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


def mackey_glass(
    rng: np.random.Generator, T: int, delay: int = 17
) -> np.ndarray:
    """A chaotic series, such as the number of white cells in sick blood.

    It solves dx/dt = 0.2 x' / (1 + x'^10) - 0.1 x, where x' = x(t - delay),
    in Euler steps of 0.1. One value is kept per unit of time, once 1,000
    have passed since a history that is drawn.

    Shapes: -> x (T,)

    Raises ValueError where T or delay is below 1.
    Source: Mackey & Glass 1977; in these steps Jaeger & Haas 2004.
    """
    if min(T, delay) < 1:
        raise ValueError(
            f"T, delay: expected at least 1 each, got {T}, {delay}"
        )
    steps, back = 10, 10 * delay
    x = rng.uniform(1.1, 1.3, back + 1).tolist()
    for _ in range(steps * (1000 + T)):
        late = x[-1 - back]
        square = late * late
        fourth = square * square  # products are exact alike everywhere
        grown = 0.2 * late / (1 + fourth * fourth * square)
        x.append(x[-1] + (grown - 0.1 * x[-1]) / steps)
    return np.array(x[-steps * T :: steps])


def sunspot_months() -> "pd.Series":
    """The mean number of sunspots, month by month, 1749 to 1983."""
    from pmdarima.datasets import load_sunspots

    return _by_date("sunspots", load_sunspots(), "1749-01", "MS")


def wine_sales() -> "pd.Series":
    """Bottles of up to a litre that Australian winemakers sold, by month.

    In thousands, January 1980 to August 1994.
    """
    from pmdarima.datasets import load_wineind

    return _by_date("wine", load_wineind(), "1980-01", "MS")


def seattle_weather() -> "pd.DataFrame":
    """Seattle, day by day, 2012 to 2015.

    The highest and lowest temperature (°C), precipitation (mm) and wind
    (m/s).
    """
    import pandas as pd
    import vega_datasets

    folder = Path(vega_datasets.__file__).parent / "_data"
    table = pd.read_csv(
        folder / "seattle-weather.csv", index_col="date", parse_dates=True
    )
    columns = ["temp_max", "temp_min", "precipitation", "wind"]
    return table[columns].astype(float).asfreq("D")


def google_share() -> "pd.Series":
    """The closing price of Google's share in dollars, by trading day.

    From the first day, 19 August 2004, to 14 October 2008.
    """
    import pandas as pd
    from matplotlib import cbook

    path = cbook.get_sample_data("goog.npz", asfileobj=False)
    table = np.load(str(path))["price_data"]
    index = pd.DatetimeIndex(table["date"], name="date")
    return pd.Series(table["adj_close"].astype(float), index, name="google")


def fertility() -> "pd.DataFrame":
    """Children per woman at each year's rates, in 188 countries.

    One row per year, 1960 to 2011, and one column per country. Regions
    and countries with a missing year are left out.
    """
    import pandas as pd
    from statsmodels.datasets import fertility

    table = fertility.load_pandas().data.set_index("Country Name")
    years = [str(year) for year in range(1960, 2012)]
    rates = table.drop(index=list(REGIONS))[years].astype(float).dropna()
    rates.columns = pd.DatetimeIndex(years, freq="YS", name="year")
    return rates.T.rename_axis(columns=None)


def _by_date(
    name: str, values: np.ndarray, start: str, step: str
) -> "pd.Series":
    import pandas as pd

    index = pd.date_range(
        start, periods=len(values), freq=step, name="date"
    )
    return pd.Series(np.asarray(values, float), index, name=name)
