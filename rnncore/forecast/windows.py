"""Cutting a series into windows without a look into the future."""

from typing import Any, NamedTuple

import numpy as np

from rnncore.backend import check_shape


class Split(NamedTuple):
    """Three stretches of time, one after the other."""

    training: range
    validation: range
    test: range


class Scaler(NamedTuple):
    """What is subtracted, and what the rest is divided by."""

    center: np.ndarray  # () or (F,); (B,) where each window has its own
    spread: np.ndarray


class Windows(NamedTuple):
    """Stretches of a series, each cut where its forecast begins.

    The past holds the values first, then F covariates; `known` are the
    covariates of the steps to be forecast. Arrays of NumPy, or tensors
    while a network has them.

    Shapes: past (T, B, 1+F); known (K, B, F); target (K, B)
    """

    past: Any
    known: Any
    target: Any


def split_by_time(steps: int, validation: int, test: int) -> Split:
    """The last `test` steps, the `validation` steps before them, the rest.

    Raises ValueError where a part would be empty.
    """
    training = steps - validation - test
    if min(training, validation, test) < 1:
        raise ValueError(
            f"steps: expected more than {validation} + {test}, got {steps}"
        )
    return Split(
        range(training),
        range(training, training + validation),
        range(training + validation, steps),
    )


def origins(
    part: range, history: int, horizon: int, every: int = 1
) -> np.ndarray:
    """The steps at which a forecast of `part`, and of no other, may begin.

    All that is forecast lies in the part. What is read may lie before it:
    a forecast of the test's first day may use the training days.

    Raises ValueError where the part has no room for a window.
    """
    if min(history, horizon, every) < 1:
        raise ValueError(
            "history, horizon, every: expected at least 1, got "
            f"{history}, {horizon}, {every}"
        )
    first, last = max(part.start, history), part.stop - horizon
    if last < first:
        raise ValueError(
            f"part: expected room for {history} steps before and {horizon}"
            f" in it, got steps {part.start} to {part.stop}"
        )
    return np.arange(first, last + 1, every)


def cut(
    values: np.ndarray,
    origins: np.ndarray,
    history: int,
    horizon: int,
    covariates: np.ndarray | None = None,
) -> Windows:
    """`history` steps before each origin, and `horizon` steps from it on.

    Shapes: values (N,); origins (B,); covariates (N, F) -> windows

    Raises ValueError where a window leaves the series.
    """
    check_shape("values", values, "N")
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    if covariates.ndim != 2 or len(covariates) != N:
        raise ValueError(
            f"covariates: expected ({N}, F), got {covariates.shape}"
        )
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError(
            f"origins: expected {history} to {N - horizon}, "
            f"got {origins.min()} to {origins.max()}"
        )
    before = origins + np.arange(-history, 0)[:, None]  # (T, B)
    after = origins + np.arange(horizon)[:, None]  # (K, B)
    past = np.concatenate(
        [values[before][..., None], covariates[before]], axis=-1
    )
    return Windows(past, covariates[after], values[after])


def join(parts: list[Windows]) -> Windows:
    """The windows of several series as one batch."""
    return Windows(
        *(np.concatenate(p, axis=1) for p in zip(*parts, strict=True))
    )


def fit_scaler(values: np.ndarray) -> Scaler:
    """Mean and standard deviation over time: of training, of nothing else.

    A column that never moves keeps a spread of 1.
    """
    spread = np.std(values, axis=0)
    return Scaler(np.mean(values, axis=0), np.where(spread > 0, spread, 1))


def scaled(values: np.ndarray, scaler: Scaler) -> np.ndarray:
    """Values in the scaler's units."""
    return (values - scaler.center) / scaler.spread


def unscaled(values: np.ndarray, scaler: Scaler) -> np.ndarray:
    """Scaled values in their own units again."""
    return values * scaler.spread + scaler.center


def scaled_by_past(
    windows: Windows, least: float = 0.0
) -> tuple[Windows, Scaler]:
    """Each window in units of its own past, so that all series look alike.

    The target does not take part in choosing the units. A past that
    hardly moved, by less than `least`, would make any step a huge one:
    its spread is `least`.

    Shapes: windows -> windows; scaler ((B,), (B,))
    """
    values = windows.past[..., 0]
    center, spread = fit_scaler(values)
    scaler = Scaler(center, np.maximum(spread, least))
    past = windows.past.copy()
    past[..., 0] = scaled(values, scaler)
    target = scaled(windows.target, scaler)
    return Windows(past, windows.known, target), scaler


def changes(windows: Windows) -> Windows:
    """The same windows told as changes; what is forecast is the change.

    The past becomes the differences between its steps, the target the
    distance from the last value. The values themselves stay as the first
    covariate, and the last one as that of every step to come.

    Shapes: windows -> past (T-1, B, 2+F); known (K, B, 1+F); target (K, B)

    Raises ValueError where the past has one step.
    """
    past, known, target = windows
    if len(past) < 2:
        raise ValueError("past: expected at least 2 steps, got 1")
    steps = np.diff(past[..., :1], axis=0)
    last = past[-1, :, 0]
    level = np.broadcast_to(last[:, None], (*target.shape, 1))
    return Windows(
        np.concatenate([steps, past[1:]], axis=-1),
        np.concatenate([level, known], axis=-1),
        target - last,
    )
