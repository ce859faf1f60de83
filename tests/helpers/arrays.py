"""How all tests compare numbers that were computed.

A product is summed in one order here and in another there: the BLAS, the
width of the processor's vectors, the number of threads and the shape of
the operands decide. What is equal on paper then differs by rounding.
"""

import math
import numbers

import numpy as np

from rnncore.backend import to_numpy


def assert_close(
    actual,
    expected,
    *,
    terms=64,
    amplified=1.0,
    scale=0.0,
    within=0.0,
    computed_in=None,
    name="result",
):
    """Fail unless two arrays, or trees of arrays, differ by rounding alone.

    Shape and dtype must agree, NaN and infinities stand at the same places;
    a number or a list has no dtype, and one number is expected everywhere
    if it is compared with an array. Each other pair may differ by

        8 * sqrt(terms) * eps * largest * amplified + within

    where `eps` is that of the coarser dtype and `largest` the greatest
    magnitude in the whole expected array: a sum that comes out near zero is
    no more exact than its neighbours. With the defaults that is 1.4e-14
    of it in float64 and 7.6e-6 in float32.

    terms        how many products are summed, one after the other, if that
                 is far more than the 64 of a small network
    amplified    by how much the computation magnifies a rounding
    scale        magnitude of what is summed, where all that is expected
                 may be much smaller (a sum that cancels)
    within       what is no rounding: printed digits, a sample, a method
    computed_in  the dtype behind numbers that have another, as the float64
                 mean of float32's losses; the dtypes may then differ
    """
    __tracebackhide__ = True
    rest = {
        "terms": terms,
        "amplified": amplified,
        "scale": scale,
        "within": within,
        "computed_in": computed_in,
    }
    if _is_tree(actual) or _is_tree(expected):
        for key, a, b in _pairs(actual, expected, name):
            assert_close(a, b, name=key, **rest)
        return
    a, b = _array(actual), _array(expected)
    if not isinstance(expected, numbers.Number):
        assert a.shape == b.shape, (
            f"{name}: expected shape {b.shape}, got {a.shape}"
        )
    if computed_in is None:
        _check_dtypes(name, actual, a, expected, b)
    eps = max(_eps(dtype) for dtype in (computed_in, a.dtype, b.dtype))
    finite = np.abs(b[np.isfinite(b)])
    largest = max(scale, float(finite.max()) if finite.size else 0.0)
    rounding = 8 * math.sqrt(terms) * eps * largest * amplified
    tolerance = rounding + np.asarray(within)
    _check_values(name, a, np.broadcast_to(b, a.shape), tolerance)


def _check_values(name, a, b, tolerance):
    """Raise AssertionError with the worst place unless all are near."""
    __tracebackhide__ = True
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.where(same, 0.0, np.abs(_wide(a) - _wide(b)))
    tolerance = np.broadcast_to(tolerance, error.shape)
    near = error <= tolerance  # NaN and infinity are not
    if near.all():
        return
    beyond = np.where(near, -1.0, np.where(np.isnan(error), np.inf, error))
    worst = np.unravel_index(np.argmax(beyond), error.shape)
    place = f"[{', '.join(map(str, worst))}]" if worst else ""
    raise AssertionError(
        f"{name}{place}: expected {b[worst]!r}, got {a[worst]!r}: they "
        f"differ by {error[worst]:.2g}, {tolerance[worst]:.2g} is allowed; "
        f"{(~near).sum()} of {near.size} are too far off"
    )


def _check_dtypes(name, actual, a, expected, b):
    """Raise AssertionError if two arrays of floats have two dtypes."""
    __tracebackhide__ = True
    floats = all(
        hasattr(given, "dtype")
        and not isinstance(given, float)
        and np.issubdtype(array.dtype, np.inexact)
        for given, array in ((actual, a), (expected, b))
    )
    assert not floats or a.dtype == b.dtype, (
        f"{name}: expected {b.dtype}, got {a.dtype}"
    )


def _numbers_only(value):
    if isinstance(value, list | tuple):
        return all(map(_numbers_only, value))
    return isinstance(value, numbers.Number)


def _is_tree(value):
    return isinstance(value, dict) or (
        isinstance(value, list | tuple) and not _numbers_only(value)
    )


def _pairs(actual, expected, name):
    """The branches of two trees of one form, each with its name."""
    __tracebackhide__ = True
    if isinstance(expected, dict):
        assert isinstance(actual, dict), (
            f"{name}: expected a dict, got {type(actual).__name__}"
        )
        assert actual.keys() == expected.keys(), (
            f"{name}: expected {list(expected)}, got {list(actual)}"
        )
        return [
            (f"{name}[{k!r}]", actual[k], expected[k]) for k in expected
        ]
    found, wanted = list(actual), list(expected)
    assert len(found) == len(wanted), (
        f"{name}: expected {len(wanted)} parts, got {len(found)}"
    )
    fields = getattr(expected, "_fields", None)
    names = (
        [f"{name}.{field}" for field in fields]
        if fields
        else [f"{name}[{k}]" for k in range(len(wanted))]
    )
    return list(zip(names, found, wanted))


def _array(value):
    """NumPy's array of any library's array, number or list."""
    known = hasattr(value, "__array_namespace__") or hasattr(
        value, "detach"
    )
    return to_numpy(value) if known else np.asarray(value)


def _eps(dtype):
    if dtype is None or not np.issubdtype(dtype, np.inexact):
        return float(np.finfo(np.float64).eps)
    return float(np.finfo(dtype).eps)


def _wide(a):
    """The same numbers, where their difference is not rounded to theirs."""
    return a.astype(np.promote_types(a.dtype, np.float64))
