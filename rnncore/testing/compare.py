"""Numbers, arrays and trees of them against what is expected."""

from collections.abc import Callable
from typing import Any

import numpy as np

from rnncore.backend import Array, to_numpy
from rnncore.testing.values import (
    is_plain,
    kind_of,
    place_of,
    short,
    swapped,
    unboxed,
)

# Relative to the largest entry. Over 20 steps of three cells, forward and
# backward, float32 is off by 7e-7 and float64 by 1e-15: a hundredfold, and
# more where it costs nothing, for sums that a learner orders otherwise.
TOLERANCE = {"float64": 1e-10, "float32": 1e-4}
NOTHING = 1e-9  # what is smaller is rounding, and differs by machine


def assert_shape(name: str, actual: Any, shape: tuple[int, ...]) -> None:
    """Raise AssertionError unless `actual` is an array of this shape."""
    __tracebackhide__ = True
    if not hasattr(actual, "shape"):
        raise AssertionError(
            f"{name}: expected an array {shape}, got {kind_of(actual)}"
        )
    if tuple(actual.shape) != tuple(shape):
        raise AssertionError(
            f"{name}: expected shape {tuple(shape)}, "
            f"got {tuple(actual.shape)}{swapped(shape, actual.shape)}"
        )


def assert_close(
    name: str,
    actual: Any,
    expected: Any,
    tolerance: float | None = None,
    why: str = "",
) -> None:
    """Compare numbers or arrays; errors are relative to the largest entry.

    Raises AssertionError naming the worst entry, and both numbers.
    """
    __tracebackhide__ = True
    want = np.asarray(to_numpy(expected))
    if want.ndim or hasattr(actual, "shape"):
        assert_shape(name, actual, want.shape)
    elif isinstance(actual, bool) or not isinstance(actual, int | float):
        raise AssertionError(
            f"{name}: expected a number, got {kind_of(actual)}"
        )
    got = np.asarray(to_numpy(actual))
    if got.dtype.kind not in "fiub":
        raise AssertionError(f"{name}: expected numbers, got {got.dtype}")
    if tolerance is None:
        names = str(getattr(actual, "dtype", "float64"))
        tolerance = TOLERANCE[
            "float32" if "float32" in names else "float64"
        ]
    if want.size == 0:
        return
    finite = np.isfinite(want)
    scale = np.abs(want[finite]).max(initial=1.0)
    with np.errstate(invalid="ignore"):
        error = np.abs(got.astype(float) - want)
    error = np.where(
        got == want, 0, np.where(np.isnan(error), np.inf, error)
    )
    worst = tuple(
        int(k) for k in np.unravel_index(error.argmax(), error.shape)
    )
    if error[worst] > tolerance * scale:
        at = f"[{', '.join(map(str, worst))}]" if worst else ""
        wrong = int((error > tolerance * scale).sum())
        of = f" ({wrong} of {want.size} entries differ)" if at else ""
        if tolerance < 1e-6 and error[worst] < 1e-6 * scale:
            of += ", right to 6 digits: did a number go through float32?"
        raise AssertionError(
            f"{name}{at}: expected {want[worst] + 0.0:.8g}, "
            f"got {got[worst] + 0.0:.8g}{of}" + (f"\n{why}" if why else "")
        )


def assert_gradient(
    f: Callable[[Array], float], x: Array, d_x: Any, name: str = "d_x"
) -> None:
    """Compare a gradient with finite differences of f, in float64.

    Raises AssertionError naming the entry, and both numbers.
    """
    __tracebackhide__ = True
    from rnncore.bptt import check_gradient

    assert_shape(name, d_x, tuple(x.shape))
    check_gradient(f, x, d_x, name)


def compare(
    names: list[str], expected: Any, actual: Any, like: Any, at_least: float
) -> None:
    """Raise AssertionError where two trees differ."""
    __tracebackhide__ = True
    name = ", ".join(names)
    if isinstance(expected, tuple | list):
        count = len(expected)
        fields = getattr(expected, "_fields", range(count))
        parts = (
            names
            if len(names) == count > 1
            else [
                f"{name}.{f}" if isinstance(f, str) else f"{name}[{f}]"
                for f in fields
            ]
        )
        got = kind_of(actual)
        if actual is None and is_plain(expected):
            raise AssertionError(f"{name}: expected {expected!r}, got None")
        if isinstance(actual, tuple | list):
            got = f"{len(actual)} values"
        if got != f"{count} values":
            shown = parts if count < 9 else [parts[0], "...", parts[-1]]
            due = f"{count} values ({', '.join(shown)})"
            if count == 1:
                several = isinstance(actual, tuple | list)
                one = f"a tuple of one, ({parts[0]},)"
                due = "1 value" if several else one
            raise AssertionError(f"{name}: expected {due}, got {got}")
        for part, e, a in zip(parts, expected, actual, strict=True):
            compare([part], e, a, like, at_least)
    elif expected is None or isinstance(expected, bool | str | int):
        actual = unboxed(actual)
        if type(actual) is not type(expected) or actual != expected:
            kinds = [f" ({type(v).__name__})" for v in (expected, actual)]
            if type(actual) is type(expected):
                kinds = ["", ""]
            raise AssertionError(
                f"{name}: expected {expected!r}{kinds[0]}, "
                f"got {short(actual)}{kinds[1]}"
            )
    else:
        _compare_arrays(name, expected, actual, like, at_least)


def _compare_arrays(
    name: str, expected: Any, actual: Any, like: Any, at_least: float
) -> None:
    __tracebackhide__ = True
    want = np.asarray(to_numpy(expected))
    got_array = hasattr(actual, "shape") and hasattr(actual, "dtype")
    if isinstance(actual, int | float) and want.ndim and not want.any():
        actual = want + actual  # 0.0 stands for a path that does not exist
        got_array = False
    elif want.ndim == 0 and not want.any() and got_array:
        want = np.zeros(tuple(actual.shape))  # the same, the other way
    if got_array and like is not None and want.ndim:
        floats = "float" in str(actual.dtype)
        if want.dtype.kind == "f" and (
            not floats or place_of(actual) != place_of(like)
        ):
            raise AssertionError(
                f"{name}: expected {place_of(like)} as the arguments, "
                f"got {place_of(actual)}"
            )
    floats32 = like is not None and "float32" in str(like.dtype)
    rounding = TOLERANCE["float32" if floats32 else "float64"]
    assert_close(name, actual, want, max(rounding, at_least))
