"""A back-test with a rolling origin: pretend it is then, and forecast."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rnncore.backend import check_shape
from rnncore.forecast.scores import coverage, crps, smape

if TYPE_CHECKING:
    import pandas as pd

# The values up to now and a horizon -> (K,), or (Q, K) quantiles.
Method = Callable[[np.ndarray, int], np.ndarray]
Progress = Callable[[Iterable], Iterable]


class Outcome(NamedTuple):
    """What a method said at each origin; None where it gave no quantiles.

    Shapes: point (K, B); quantiles (Q, K, B)
    """

    point: np.ndarray
    quantiles: np.ndarray | None


def backtest(
    values: np.ndarray,
    methods: Mapping[str, Method],
    origins: np.ndarray,
    horizon: int,
    levels: Sequence[float],
    progress: Progress | None = None,
) -> tuple[np.ndarray, dict[str, Outcome]]:
    """At each origin every method forecasts from what came before it.

    A method is handed the past alone, so that it cannot look ahead; the
    number of values tells it what time it is.

    Shapes: values (N,); origins (B,) -> actual (K, B); outcomes

    Raises ValueError where an origin leaves no past or no future, or a
    method returns another shape than (K,) or (Q, K).
    """
    values = np.asarray(values)
    check_shape("values", values, "N")
    last = len(values) - horizon
    if min(origins) < 1 or max(origins) > last:
        raise ValueError(
            f"origins: expected 1 to {last}, "
            f"got {min(origins)} to {max(origins)}"
        )
    actual = np.stack([values[t : t + horizon] for t in origins], axis=1)
    said: dict[str, list] = {name: [] for name in methods}
    todo = [(name, t) for name in methods for t in origins]
    for name, t in progress(todo) if progress else todo:
        said[name].append(methods[name](values[:t].copy(), horizon))
    return actual, {
        name: _outcome(name, found, horizon, levels)
        for name, found in said.items()
    }


def score_table(
    actual: np.ndarray,
    outcomes: Mapping[str, Outcome],
    training: np.ndarray,
    levels: Sequence[float],
    period: int = 1,
) -> "pd.DataFrame":
    """One row per method: errors, the outer levels' coverage, the bias.

    MASE, RMSSE, CRPS and bias are in units of what "the same a season
    ago" errs by in training; RMSSE's is the root of its mean square. sMAPE
    is in percent, bias the mean of forecast less truth. A method without
    quantiles has its absolute error as CRPS, and no coverage.

    Shapes: actual (K, B); training (N,) -> table

    Source: Hyndman & Koehler 2006.
    """
    import pandas as pd

    steps = training[period:] - training[:-period]
    unit = np.abs(steps).mean()
    inside = f"inside {levels[-1] - levels[0]:.0%}"
    low, high = 0, -1
    if 0.05 in levels and 0.95 in levels:
        inside, low = "inside 90%", list(levels).index(0.05)
        high = list(levels).index(0.95)
    rows = {}
    for name, (point, quantiles) in outcomes.items():
        error = point - actual
        row = {
            "MASE": np.abs(error).mean() / unit,
            "RMSSE": np.sqrt(np.square(error).mean() / (steps**2).mean()),
            "sMAPE": smape(actual, point),
        }
        row |= {"CRPS": row["MASE"], inside: np.nan}
        if quantiles is not None:
            row["CRPS"] = crps(actual, quantiles, levels) / unit
            row[inside] = coverage(actual, quantiles[low], quantiles[high])
        rows[name] = row | {"bias": error.mean() / unit}
    return pd.DataFrame.from_dict(rows, orient="index")


def _outcome(
    name: str,
    said: list[np.ndarray],
    horizon: int,
    levels: Sequence[float],
) -> Outcome:
    found = np.stack([np.asarray(s, dtype=float) for s in said], axis=-1)
    if found.shape[:-1] == (horizon,):
        return Outcome(found, None)
    if found.shape[:-1] != (len(levels), horizon):
        raise ValueError(
            f"{name}: expected ({horizon},) or ({len(levels)}, {horizon}), "
            f"got {found.shape[:-1]}"
        )
    middle = list(levels).index(0.5)
    return Outcome(found[middle], found)
