"""A file's series from end to end: train, back-test, forecast, draw.

What `python -m rnncore forecast` does. One network learns from all value
columns of a table, each window in units of its own past.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from rnncore.application import cooling, seeded
from rnncore.apps.forecast.beside import Beside
from rnncore.apps.forecast.months import trading_days
from rnncore.apps.forecast.panel import Covariates
from rnncore.apps.forecast.scales import (
    Told,
    count_before,
    head_of,
    off_scale,
    on_scale,
    tell_windows,
)
from rnncore.forecast.backtest import Method
from rnncore.forecast.classical import ask_linear, choose_penalty, fit_linear
from rnncore.forecast.covariates import calendar
from rnncore.forecast.models import Direct
from rnncore.forecast.plan import LEVELS, SEASON, ForecastPlan, parts_of
from rnncore.forecast.rivals import spread_errors
from rnncore.forecast.seasons import season_waves
from rnncore.forecast.training import as_tensors, ask, train_forecaster
from rnncore.forecast.windows import Split, Windows, join, origins
from rnncore.storage.files import Refused
from rnncore.train import Fit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MANY = 8  # series: more are not shown one by one
JUDGED, JUDGES = 4, 30  # origins and series by which a scale is chosen
CALM = 0.05  # of a series' spread: the least of a window's


def covariates_of(
    frame: pd.DataFrame,
    ahead: int,
    longer: int = 1,
    beside: Covariates | None = None,
    name: str | None = None,
    plan: ForecastPlan | None = None,
) -> np.ndarray:
    """What is known of the table's dates and of `ahead` more dates.

    That is the calendar, with the days of each month if the plan has
    them, a season of `longer` steps, and what stands beside the series of
    this name.

    Raises Refused where what stands beside does not reach so far.
    """
    steps = len(frame) + ahead
    index = pd.date_range(frame.index[0], periods=steps, freq=frame.index.freq)
    known = calendar(index)
    parts = [known if plan is None or plan.year else known[:, :-4]]
    if plan is not None and plan.trading:
        parts.append(_days_of(index, plan))
    if longer > 1:
        parts.append(season_waves(index, longer))
    if beside is not None:
        rows = beside[str(name)][:steps]
        if len(rows) < steps:
            raise Refused(
                f"{name}: expected what is known of {ahead} steps ahead, got "
                f"{len(rows) - len(frame)}"
            )
        parts.append(rows)
    return np.concatenate(parts, axis=1)


def _days_of(index: pd.DatetimeIndex, plan: ForecastPlan) -> np.ndarray:
    """What kinds of days each month has, or how many more than a season ago.

    Shapes: index (N,) -> covariates (N, F)
    """
    days = trading_days(index)
    if plan.scale == SEASON:
        ago = np.roll(days, plan.period, axis=0)
        ago[: plan.period] = days[: plan.period]
        days = days - ago
    return days


def begin_of(values: np.ndarray) -> int:
    """The step at which a series begins: NaN stands before it.

    Shapes: values (N,)
    """
    return int(np.isnan(values).argmin())


def end_of(values: np.ndarray) -> int:
    """The step after the last one that a series has.

    Shapes: values (N,)
    """
    return len(values) - int(np.isnan(values[::-1]).argmin())


def windows_of(
    frame: pd.DataFrame,
    plan: ForecastPlan,
    part: range,
    beside: Covariates | None = None,
) -> Windows:
    """All windows of all columns whose targets lie in the part, scaled.

    Raises Refused where there is none: all series begin too late.
    """
    starts = origins(part, plan.history, plan.horizon)
    before = plan.history + count_before(plan)
    cuts = []
    for name in frame:
        values = frame[name].to_numpy(dtype=float)
        own = starts[starts - before >= begin_of(values)]
        own = own[own + plan.horizon <= end_of(values)]
        if not len(own):
            continue
        known = covariates_of(frame, 0, plan.longer, beside, name, plan)
        cuts.append(tell_windows(on_scale(values, plan), own, plan, known).windows)
    if not cuts:
        raise Refused(
            f"no series has {before} steps before each part: a "
            "shorter --history or --horizon"
        )
    return join(cuts)


def build(plan: ForecastPlan, F: int, seed: int) -> torch.nn.Module:
    """The network of a plan, a line beside it, with its first weights."""
    K, P = plan.horizon, head_of(plan).P
    with seeded(seed):
        network = Direct(plan.cell, F, plan.units, K, P)
        return Beside(network, plan.history, K, P)


def train(
    frame: pd.DataFrame,
    plan: ForecastPlan,
    split: Split,
    *,
    beside: Covariates | None = None,
    seed: int = 0,
    device: torch.device | str = "cpu",
    **schedule: Any,
) -> tuple[torch.nn.Module, Fit]:
    """One network for all columns, from the split's training part.

    The validation part says when to stop; the test part is not touched.
    `schedule` is what a `Schedule` has beside the plan, such as a
    checkpoint.
    """
    training = windows_of(frame, plan, split.training, beside)
    validation = windows_of(frame, plan, split.validation, beside)
    module = build(plan, training.known.shape[2], seed).to(device)
    fit = train_forecaster(
        module,
        head_of(plan),
        training,
        validation,
        rng=np.random.default_rng(seed),
        steps=plan.steps,
        batch=plan.batch,
        optimizer=cooling(plan.rate, plan.steps, 1.0),
        **schedule,
    )
    return module, fit


def untrained_loss(
    frame: pd.DataFrame,
    plan: ForecastPlan,
    split: Split,
    *,
    beside: Covariates | None = None,
    seed: int = 0,
) -> float:
    """What `train` judges by, of the network with its first weights."""
    windows = windows_of(frame, plan, split.validation, beside)
    module = build(plan, windows.known.shape[2], seed)
    out = ask(module, windows)
    return float(head_of(plan).loss(out, as_tensors(windows, out).target))


def network(module: torch.nn.Module, plan: ForecastPlan, known: np.ndarray) -> Method:
    """A trained network as a method of the back-test, in quantiles.

    `known` holds the covariates from the first date on, and as far ahead
    as it will be asked.
    """

    def method(values: np.ndarray, horizon: int) -> np.ndarray:
        if horizon != plan.horizon:
            raise ValueError(f"horizon: expected {plan.horizon}, got {horizon}")
        told = _last_window(values, plan, known)
        out = ask(module, told.windows)
        said = head_of(plan).quantiles(out, plan.levels).cpu().numpy()
        return off_scale(told.undo(said)[..., 0], plan)

    return method


def linear(
    frame: pd.DataFrame,
    plan: ForecastPlan,
    split: Split,
    beside: Covariates | None = None,
) -> Callable[[np.ndarray], Method]:
    """A linear autoregression from the very windows of the network.

    What is returned makes a method of a series' covariates, as `network`
    takes them. The validation part chooses the penalty, and its errors
    there are the spread; then it is fitted to both parts.
    """
    validation = windows_of(frame, plan, split.validation, beside)
    training = windows_of(frame, plan, split.training, beside)
    penalty = choose_penalty(training, validation)
    before = fit_linear(training, penalty)
    errors = validation.target - ask_linear(before, validation)
    around = spread_errors(errors, plan.levels)[..., None]
    seen = range(split.validation.stop)
    model = fit_linear(windows_of(frame, plan, seen, beside), penalty)

    def of(known: np.ndarray) -> Method:
        def method(values: np.ndarray, horizon: int) -> np.ndarray:
            told = _last_window(values, plan, known)
            said = ask_linear(model, told.windows)
            return off_scale(told.undo(said + around)[..., 0], plan)

        return method

    return of


def prefer_season(
    frame: pd.DataFrame, plan: ForecastPlan, beside: Covariates | None = None
) -> bool:
    """Whether a season's differences are forecast better than values.

    By straight lines at up to `JUDGED` origins of the validation part,
    each fitted, as one that forecasts would be, to all that stands before
    its origin; of many series by `JUDGES`. Never where a forecast is
    longer than a season, or there are no two seasons to learn from.
    """
    if not 1 < plan.period >= plan.horizon:
        return False
    split = parts_of(frame, plan)
    count = len(frame.columns)
    some = np.linspace(0, count - 1, min(JUDGES, count)).round()
    frame = frame.iloc[:, np.unique(some.astype(int))]
    wrong = {}
    for scale in LEVELS, SEASON:
        tried = plan._replace(scale=scale)
        try:
            wrong[scale] = _judge_line(frame, tried, split, beside)
        except Refused:  # no window fits
            return False
    return wrong[SEASON] < wrong[LEVELS]


def _judge_line(
    frame: pd.DataFrame, plan: ForecastPlan, split: Split, beside: Covariates | None
) -> float:
    """The mean error of lines, in units of a series' change of a season.

    The training part chooses the penalty.
    """
    parts = line_split(plan, split.training.stop)
    if parts is None:
        raise Refused("the training part is too short")
    penalty = choose_penalty(
        windows_of(frame, plan, parts.training, beside),
        windows_of(frame, plan, parts.validation, beside),
    )
    starts = origins(split.validation, plan.history, plan.horizon)
    some = np.linspace(len(starts) - 1, 0, JUDGED).round().astype(int)
    found = [
        error
        for t in starts[np.unique(some)]
        for error in _errors_at(frame, plan, int(t), penalty, beside)
    ]
    if not found:
        raise Refused("no series is long enough")
    return float(np.mean(found))


def _errors_at(
    frame: pd.DataFrame,
    plan: ForecastPlan,
    t: int,
    penalty: float,
    beside: Covariates | None,
) -> list[float]:
    """The errors of the line of all steps before t, one of each series.

    Of those that have two seasons and a history before it.
    """
    line = fit_linear(windows_of(frame, plan, range(t), beside), penalty)
    found = []
    for name in frame:
        values = frame[name].to_numpy(dtype=float)
        first, stop = begin_of(values), t + plan.horizon
        seen = values[first:t]
        if len(seen) < plan.history + 2 * plan.period or stop > end_of(values):
            continue
        known = covariates_of(frame, 0, plan.longer, beside, name, plan)
        told = _last_window(values[:t], plan, known)
        said = told.undo(ask_linear(line, told.windows))[:, 0]
        error = np.abs(off_scale(said, plan) - values[t:stop]).mean()
        unit = np.abs(seen[plan.period :] - seen[: -plan.period]).mean()
        if unit > 0:
            found.append(float(error / unit))
    return found


def line_split(plan: ForecastPlan, stop: int) -> Split | None:
    """The parts of the straight line's history: a quarter to judge by.

    None where no window is left to learn from.
    """
    last = max(stop // 4, plan.horizon)
    if stop - last < plan.history + plan.horizon:
        return None
    return Split(range(stop - last), range(stop - last, stop), range(0))


def draw(
    frame: pd.DataFrame,
    said: dict[str, pd.DataFrame],
    back: int,
    actual: pd.DataFrame | None = None,
) -> "Figure":
    """The last `back` values of each column, the forecast, what followed.

    Of more than MANY columns the first ones.
    """
    import matplotlib.pyplot as plt
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    from rnncore.display import BLUE, use_style

    use_style()
    said = dict([*said.items()][:MANY])
    fig, axes = plt.subplots(
        len(said), 1, figsize=(7.6, 2.9 * len(said)), squeeze=False
    )
    for ax, (name, q) in zip(axes[:, 0], said.items(), strict=True):
        seen = frame[name].iloc[-back:]
        ax.plot(seen.index, seen, color="#111111", label="seen")
        ax.plot(q.index, q["0.5"], "--", color=BLUE, label="median")
        if actual is not None:
            ax.plot(q.index, actual[name], "k.", label="what came")
        for low, high, alpha in [("0.05", "0.95", 0.2), ("0.25", "0.75", 0.3)]:
            share = f"{float(high) - float(low):.0%}"
            ax.fill_between(
                q.index,
                q[low],
                q[high],
                color=BLUE,
                alpha=alpha,
                lw=0,
                label=f"{share} within",
            )
        ax.set(ylabel=name)
        locator = AutoDateLocator(maxticks=7)
        ax.xaxis.set_major_locator(locator)
        concise = ConciseDateFormatter(
            locator,
            show_offset=ax is axes[-1, 0],  # the same below each
        )
        ax.xaxis.set_major_formatter(concise)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, ncols=4, loc="outside upper center")
    return fig


def refit(
    frame: pd.DataFrame,
    plan: ForecastPlan,
    steps: int,
    *,
    beside: Covariates | None = None,
    seed: int = 0,
    device: torch.device | str = "cpu",
    **schedule: Any,
) -> torch.nn.Module:
    """One network more, from all rows, for as many updates.

    What it scores is not known: the network that stopped at these steps
    before the test stands for it.
    """
    windows = windows_of(frame, plan, range(len(frame)), beside)
    module = build(plan, windows.known.shape[2], seed).to(device)
    train_forecaster(
        module,
        head_of(plan),
        windows,
        Windows(*(part[:, -1:] for part in windows)),
        rng=np.random.default_rng(seed),
        steps=steps,
        evaluate_every=steps,  # the last weights are kept
        patience=None,
        batch=plan.batch,
        optimizer=cooling(plan.rate, steps, 1.0),
        **schedule,
    )
    return module


def _last_window(values: np.ndarray, plan: ForecastPlan, known: np.ndarray) -> Told:
    """The window whose origin is the step after the last value."""
    T = len(values)
    values = on_scale(np.asarray(values, dtype=float), plan)
    padded = np.concatenate([values, np.full(plan.horizon, np.nan)])
    spread = values
    if plan.scale == SEASON:
        spread = values[plan.period :] - values[: -plan.period]
    return tell_windows(
        padded, np.array([T]), plan, known[: T + plan.horizon], CALM * np.nanstd(spread)
    )
