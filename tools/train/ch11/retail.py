"""Australian retail: 148 series of monthly turnover, each year from the December before.

By the commands that `book/commands.md` has, with their defaults: the table up to that
December, four series that ended and all, is learnt from; 12 months are forecast by
"network and ETS", the mean of the quantiles of three networks and of ETS. Beside it
stand its parts, and rules. Scores are in units of the series' own yearly change before
that December; intervals of the mean less another method are over series, and over the
20 industries. The scale is the command's choice; a year's "season" is the same with
`--scale season`. About four minutes of one core a year.
"""

import contextlib
import io
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from rnncore.__main__ import main
from rnncore.apps.forecast.entrants import LINE
from rnncore.apps.forecast.storage import load_forecaster
from rnncore.comparison.intervals import bootstrap
from rnncore.data.public.series import Turnover, retail_turnover
from rnncore.data.public.store import find
from rnncore.forecast.scores import coverage, crps, smape
from rnncore.storage.weights import WEIGHTS
from tools.train.runner import Measurement, Options, Training

K = 12  # months
KEY = "real.retail"
UNIT = "the series' yearly change; shares"
OURS, PART = "network and ETS", "network"
RIVALS = "ETS", LINE, "theta", "seasonal naive"
COLUMNS = ["--date", "month", "--value", "turnover", "--id", "series"]


class Year(NamedTuple):
    """What came in a year, and what the series were before it.

    Shapes: came (K, S); unit (S,)
    """

    names: list[str]
    industries: list[str]
    came: np.ndarray
    unit: np.ndarray


def write_before(table: Turnover, year: int, path: Path) -> Year:
    """Write what stood before a year as a long table; return what came."""
    months = table.months.astype("datetime64[M]")
    stop = int(np.flatnonzero(months == np.datetime64(f"{year}-01"))[0])
    lines = ["month,series,turnover"]
    for k, name in enumerate(table.names):
        known = np.flatnonzero(~np.isnan(table.values[:stop, k]))
        lines += [f"{months[t]}-01,{name},{table.values[t, k]!s}" for t in known]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    came = table.values[stop : stop + K]
    alive = np.flatnonzero(~np.isnan(came).any(axis=0))
    before = table.values[:stop, alive]
    unit = np.nanmean(np.abs(before[K:] - before[:-K]), axis=0)
    return Year(
        [table.names[k] for k in alive],
        [table.industries[k] for k in alive],
        came[:, alive],
        unit,
    )


def run_command(*words: str) -> None:
    """A command of the course, without what it prints."""
    with contextlib.redirect_stdout(io.StringIO()):
        status = main([*words])
    if status:
        raise SystemExit(status)


def ask(model: Path, table: Path, method: str, names: list[str]) -> np.ndarray:
    """What the command forecasts by a method. Shapes: -> quantiles (Q, K, S)"""
    import pandas as pd

    out = table.with_name(f"{method}.csv")
    words = ["forecast", "forecast", str(model), str(table)]
    run_command(*words, "--method", method, "--out", str(out))
    rows = pd.read_csv(out, dtype={"series": str}).set_index("series")
    said = [rows.loc[name].iloc[:, 1:].to_numpy(float).T for name in names]
    return np.stack(said, axis=-1)


def measure_scores(
    said: np.ndarray, levels: tuple[float, ...], year: Year
) -> dict[str, Any]:
    """Scores by series, and shares of all that came within two levels.

    Shapes: said (Q, K, S)
    """
    middle = said[levels.index(0.5)]
    error = middle - year.came
    places = range(len(year.unit))
    each = [crps(year.came[:, [s]], said[:, :, [s]], levels) for s in places]
    found: dict[str, Any] = {
        "mase": np.abs(error).mean(axis=0) / year.unit,
        "crps": np.array(each) / year.unit,
        "smape": smape(year.came, middle),
        "bias": float((error.mean(axis=0) / year.came.mean(axis=0)).mean()),
    }
    for low in (0.025, 0.1):
        ends = said[levels.index(low)], said[levels.index(1 - low)]
        found[f"inside {1 - 2 * low:.0%}"] = coverage(year.came, *ends)
    return found


def find_intervals(apart: np.ndarray, industries: list[str]) -> dict[str, list[float]]:
    """95 % of a mean difference, over series and over industries.

    Shapes: apart (S,)
    """
    of = np.array(industries)
    sums = np.array([[apart[of == one].sum(), (of == one).sum()] for one in {*of}])

    def mean_of_industries(places: np.ndarray) -> float:
        total, count = sums[places].sum(axis=0)
        return float(total / count)

    rng = np.random.default_rng(0)
    over = bootstrap(lambda places: float(apart[places].mean()), len(apart), rng)
    among = bootstrap(mean_of_industries, len(sums), rng)
    return {
        "series": np.round(over, 4).tolist(),
        "industries": np.round(among, 4).tolist(),
    }


def forecast_year(
    year: int, scale: str, asked: Options, folder: Path
) -> tuple[dict[str, np.ndarray], Any, Year]:
    """What every method says of a year, the plan, and what came."""
    path = folder / "retail.csv"
    known = write_before(retail_turnover(), year, path)
    kept = folder if asked.weights == WEIGHTS else asked.weights
    model = kept / f"retail_{year}{scale}.safetensors"
    words = ["forecast", "train", str(path), *COLUMNS, "--horizon", str(K)]
    words += ["--model", str(model), "--method", OURS, "--no-baselines"]
    words += ["--device", "cpu", "--threads", "1", "--force"]
    words += ["--scale", scale] if scale else []
    words += ["--steps", str(asked.steps)] if asked.steps else []
    run_command(*words)
    _, plan, _ = load_forecaster(model)
    said = {
        method: ask(model, path, method, known.names)
        for method in (OURS, PART, *RIVALS[1:])
    }
    # ETS is slow: it is what is left of the mean of both
    said["ETS"] = 2 * said[OURS] - said[PART]
    return said, plan, known


def run_year(name: str, asked: Options) -> Iterator[Measurement]:
    """All rows of a year, or of its "season", and the scale that was learnt on."""
    year, _, scale = name.partition(".")
    with TemporaryDirectory() as made:
        said, plan, known = forecast_year(int(year), scale, asked, Path(made))
    key = f"{KEY}.{name}"
    yield Measurement(f"{key}.scale", plan.scale, "chosen", None)
    scores = {
        method: measure_scores(q, tuple(plan.levels), known)
        for method, q in said.items()
    }
    for method in (OURS, PART, *RIVALS):
        yield make_row(f"{key}.{method}", scores[method], scores[OURS], known)


def make_row(
    key: str, scores: Mapping[str, Any], ours: Mapping[str, Any], year: Year
) -> Measurement:
    """A row; "less" are the intervals of our method less this one."""
    value: dict[str, Any] = {
        name: round(float(np.mean(score)), 4) for name, score in scores.items()
    }
    if scores is not ours:
        value["less"] = {
            name: find_intervals(ours[name] - scores[name], year.industries)
            for name in ("mase", "crps")
        }
    return Measurement(key, value | {"series": len(year.unit)}, UNIT, None)


YEARS = {
    name: partial(run_year, name)
    for year in find("aus_retail").split["years"]
    for name in (str(year), f"{year}.season")
}
TRAINING = Training("retail", __doc__, {}, YEARS, KEY)
