"""Numbers, arrays and trees of them against what is expected."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rnncore.backend import Array, to_numpy
from rnncore.testing.failure import CheckFailure, Failure
from rnncore.testing.values import (
    describe_swap,
    format_short,
    is_array,
    is_plain,
    kind_of,
    place_of,
    round_to_digits,
    unboxed,
)

# Relative to the largest entry. Over 20 steps of three cells, forward and
# backward, float32 is off by 7e-7 and float64 by 1e-15: a hundredfold at
# most, for sums that a learner orders otherwise; less in a small array, in
# float64 more, where it costs nothing.
FLOAT64 = 1e-10
FLOAT32, FLOAT32_MOST = 2e-5, 7e-5  # one entry; any number of them
NOTHING = 1e-9  # what is smaller is rounding, and differs by machine
NAN = (
    "nan comes from the logarithm or root of a negative number, from "
    "0 / 0, inf - inf or 0 * inf, or from a nan that was read."
)
INF = "inf comes from exp of a large number, or from a division by 0."
SMALL = 24  # entries of an array that is told in full
WIDTH = 36  # characters of its lines: a phone's
GUESS = (
    "Right to 6 digits: was a small number added (an epsilon), a constant "
    "rounded, or did a number go through float32?"
)


def rounding(dtype: str, size: int) -> float:
    """How far the entries of an array of this dtype and size may be off."""
    if "float32" not in dtype:
        return FLOAT64
    return min(FLOAT32_MOST, FLOAT32 * max(size, 1) ** 0.5)


def assert_shape(name: str, actual: Any, shape: tuple[int, ...]) -> None:
    """Raise AssertionError unless `actual` is an array of this shape."""
    __tracebackhide__ = True
    if not is_array(actual):
        raise differs("kind", name, f"an array {shape}", kind_of(actual))
    if tuple(actual.shape) != tuple(shape):
        got = f"{tuple(actual.shape)}{describe_swap(shape, actual.shape)}"
        raise differs("shape", name, f"shape {tuple(shape)}", got)


def differs(
    about: str, what: str, expected: str, got: str, **more: Any
) -> CheckFailure:
    """The error that says what was expected and what the code gave."""
    failure = Failure(about=about, what=what, expected=expected, got=got)
    return CheckFailure(failure._replace(**more))


def assert_that(holds: bool, says: str) -> None:
    """Raise AssertionError unless it holds.

    What it says is told also where the test is hidden, so it holds none
    of the test's values.
    """
    __tracebackhide__ = True
    if not holds:
        raise CheckFailure(Failure(why=says))


def assert_close(
    name: str,
    actual: Any,
    expected: Any,
    tolerance: float | None = None,
    why: str = "",
    by: str = "",
    words: Mapping[int, str] | None = None,
) -> None:
    """Compare numbers or arrays; errors are relative to the largest entry.

    `why` says more about a difference, `by` where `expected` comes from;
    `words` say what a whole number stands for: {0: "HOLD"}.

    Raises AssertionError naming the worst entry, and both numbers.
    """
    __tracebackhide__ = True
    want = np.asarray(to_numpy(expected))
    if want.ndim or is_array(actual):
        assert_shape(name, actual, want.shape)
    elif isinstance(actual, bool) or not isinstance(actual, int | float):
        raise differs("kind", name, "a number", kind_of(actual))
    got = np.asarray(to_numpy(actual))
    if got.dtype.kind not in "fiub":
        raise differs("kind", name, "numbers", str(got.dtype))
    if tolerance is None:
        dtype = str(actual.dtype) if is_array(actual) else "float64"
        tolerance = rounding(dtype, want.size)
    if want.size == 0:
        return
    error, scale = _errors(got, want)
    worst = tuple(
        int(k) for k in np.unravel_index(error.argmax(), error.shape)
    )
    if error[worst] > tolerance * scale:
        wrong = error > tolerance * scale
        differ = f"{wrong.sum()} of {want.size} entries differ"
        of = f" ({differ})" if worst else ""
        if tolerance < 1e-6 and error.max() < 1e-6 * scale:
            why = f"{GUESS}\n{why}" if why else GUESS
        if said := _not_finite(want[worst], got[worst]):
            why = f"{said}\n{why}" if why else said
        if want.dtype.kind not in "iu":
            words = None
        raise differs(
            "value",
            name,
            _format_number(want[worst], words) + (by and f" ({by})"),
            _format_number(got[worst], words) + of,
            at=worst,
            why=why,
            **_in_full(want, got, wrong),
        )


def _not_finite(want: Any, got: Any) -> str:
    """Where a number that is none comes from, in a sentence."""
    if not np.isfinite(want) or np.isfinite(got):
        return ""
    return NAN if np.isnan(got) else INF


def _format_number(number: Any, words: Mapping[int, str] | None) -> str:
    """A number, after the word for it where it has one."""
    text = f"{number + 0.0:.8g}"
    word = words.get(number) if words else None
    return f"{word} ({text})" if word else text


def _errors(got: np.ndarray, want: np.ndarray) -> tuple[np.ndarray, float]:
    """How far each entry is off, and the size of the largest one."""
    finite = np.isfinite(want)
    scale = np.abs(want[finite]).max(initial=1.0)
    with np.errstate(invalid="ignore"):
        error = np.abs(got.astype(float) - want)
    error = np.where(np.isnan(error), np.inf, error)
    return np.where(got == want, 0, error), float(scale)


def _in_full(
    want: np.ndarray, got: np.ndarray, wrong: np.ndarray
) -> dict[str, str]:
    """Both arrays as texts, with the digits that tell them apart."""
    if not want.ndim or want.size > SMALL:
        return {}
    for digits in (3, 8, 17):
        expected, got = (
            round_to_digits(want, digits),
            round_to_digits(got, digits),
        )
        if (expected != got)[wrong].all():
            break
    width = int(np.char.str_len([expected, got]).max())
    expected, got = np.char.rjust([expected, got], width)
    got = np.char.add(got, np.where(wrong, "*", " "))
    expected = np.char.add(expected, " ")
    return {"all_expected": _lines(expected), "all_got": _lines(got)}


def _lines(texts: np.ndarray) -> str:
    """A line for each row; a long one goes on below, further right."""
    if texts.ndim > 1:
        between = "\n" * (texts.ndim - 1)
        return between.join(_lines(part) for part in texts)
    fit = max(1, WIDTH // (len(texts[0]) + 1))
    parts = [
        " ".join(texts[k : k + fit]) for k in range(0, len(texts), fit)
    ]
    return "\n  ".join(part.rstrip() for part in parts)


def assert_gradient(
    f: Callable[[Array], float], x: Array, d_x: Any, name: str = "d_x"
) -> None:
    """Compare a gradient with finite differences of f, in float64.

    Raises AssertionError naming the entry, and both numbers; ValueError
    unless x is float64, the only dtype that finite differences can judge.
    """
    __tracebackhide__ = True
    from rnncore.bptt import numerical_gradient

    if "float64" not in str(x.dtype):
        raise ValueError(f"x: expected float64, got {x.dtype}")
    assert_shape(name, d_x, tuple(x.shape))
    numbers = numerical_gradient(f, x)
    assert_close(name, d_x, numbers, 1e-6, by="finite differences")


def compare(
    names: list[str],
    expected: Any,
    actual: Any,
    like: Any,
    at_least: float,
    *,
    dtypes: bool = True,
    words: Mapping[int, str] | None = None,
) -> None:
    """Raise AssertionError where two trees differ.

    Without `dtypes` only the values count, to the coarser one's digits.
    `words` are those of `assert_close`.
    """
    __tracebackhide__ = True
    name = ", ".join(names)
    more: dict[str, Any] = {"dtypes": dtypes, "words": words}
    if isinstance(expected, tuple | list):
        parts = _parts(names, expected)
        _check_count(name, parts, expected, actual)
        for part, e, a in zip(parts, expected, actual, strict=True):
            compare([part], e, a, like, at_least, **more)
    elif expected is None or isinstance(expected, bool | str | int):
        actual = unboxed(actual)
        same_type = type(actual) is type(expected)
        if not same_type or actual != expected:
            kinds = [f" ({type(v).__name__})" for v in (expected, actual)]
            if same_type:
                kinds = ["", ""]
            raise differs(
                "value" if same_type else "kind",
                name,
                f"{expected!r}{kinds[0]}",
                f"{format_short(actual)}{kinds[1]}",
            )
    else:
        _compare_arrays(name, expected, actual, like, at_least, **more)


def _parts(names: list[str], expected: tuple | list) -> list[str]:
    """What the parts of a result are called."""
    if len(names) == len(expected) > 1:
        return names
    name = ", ".join(names)
    fields = getattr(expected, "_fields", range(len(expected)))
    return [
        f"{name}.{f}" if isinstance(f, str) else f"{name}[{f}]"
        for f in fields
    ]


def _check_count(
    name: str, parts: list[str], expected: tuple | list, actual: Any
) -> None:
    """Raise AssertionError unless there are as many values as expected."""
    __tracebackhide__ = True
    several = isinstance(actual, tuple | list)
    if several and len(actual) == len(parts):
        return
    if actual is None and is_plain(expected):
        raise differs("kind", name, repr(expected), "None")
    shown = parts if len(parts) < 9 else [parts[0], "...", parts[-1]]
    due = f"{len(parts)} values ({', '.join(shown)})"
    if len(parts) == 1:
        due = "1 value" if several else f"a tuple of one, ({parts[0]},)"
    got = f"{len(actual)} values" if several else kind_of(actual)
    raise differs("count", name, due, got)


def _compare_arrays(
    name: str,
    expected: Any,
    actual: Any,
    like: Any,
    at_least: float,
    dtypes: bool,
    words: Mapping[int, str] | None,
) -> None:
    __tracebackhide__ = True
    want = np.asarray(to_numpy(expected))
    got_array = is_array(actual)
    if isinstance(actual, int | float) and want.ndim and not want.any():
        actual = want + actual  # 0.0 stands for a path that does not exist
        got_array = False
    elif want.ndim == 0 and not want.any() and got_array:
        want = np.zeros(tuple(actual.shape))  # the same, the other way
    if dtypes and got_array and like is not None and want.ndim:
        floats = "float" in str(actual.dtype)
        if want.dtype.kind == "f" and (
            not floats or place_of(actual) != place_of(like)
        ):
            due = f"{place_of(like)} as the arguments"
            raise differs("dtype", name, due, place_of(actual))
    dtype = "float64" if like is None else str(like.dtype)
    if got_array and not dtypes:
        dtype += str(actual.dtype)
    tolerance = max(rounding(dtype, want.size), at_least)
    assert_close(name, actual, want, tolerance, words=words)
