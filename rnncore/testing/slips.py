"""A slip, such as a turned sign, recognised by how far results are off."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnncore.backend import named_leaves, to_numpy
from rnncore.testing.values import is_array, unboxed

SAME_SLIP = 5e-4  # of a sketch's size; float32 moves one by less than 1e-4
NOT_WRONG = 1e-5  # an output that is off by less of its size is right
EPSILON = (
    "a small number is added where the formula has none: in a denominator, "
    "a logarithm or a root"
)
SOME = 1e-10  # off by more than the rounding of what is stored
ALONG = (
    0.02  # of its size: how far errors may be off an epsilon's direction
)
FORMS = 10**6  # numbers for forms of results

Row = tuple[str, np.ndarray]  # an output's name, and what it holds


def sketch_errors(
    results: Sequence[Any],
    expected: Sequence[Any],
    right: float = NOT_WRONG,
) -> list[float] | None:
    """How far results are off, in four numbers: None if they are right.

    The number of outputs that are wrong, and of all errors together, each
    in units of its output's size, the norm and the products with two fixed
    vectors. Where results have another form than expected, the results
    take the errors' place, and a number below zero says their form. None
    also where the form alone is wrong, where a number is not finite, or an
    output is no number and no word.
    """
    got, want = _as_rows(results), _as_rows(expected)
    if got is None or want is None:
        return None
    if _form_of(got) == _form_of(want):
        pairs = zip(got, want, strict=True)
        rows = [_relative_error(a, b) for (_, a), (_, b) in pairs]
        wrong = sum(np.abs(e).max(initial=0) > right for e in rows)
    elif _are_among(got, want):
        return None
    else:
        rows = [row for _, row in got]
        wrong = ~(zlib.crc32(repr(_form_of(got)).encode()) % FORMS)
    flat = np.concatenate([row.ravel().astype(float) for row in rows])
    if not np.isfinite(flat).all() or not wrong or not flat.any():
        return None
    k = np.arange(1, flat.size + 1)
    numbers = np.linalg.norm(flat), flat @ np.cos(k), flat @ np.sin(2.3 * k)
    return [int(wrong), *(float(f"{number:.5g}") for number in numbers)]


def _form_of(rows: list[Row]) -> list[tuple[str, tuple[int, ...], bool]]:
    """Each output's name and shape, and whether it is a truth value."""
    return [(name, a.shape, a.dtype == bool) for name, a in rows]


def _are_among(got: list[Row], want: list[Row]) -> bool:
    """Whether the numbers of all outputs are due, in this order."""
    due = iter(want)
    return all(
        any(_holds_the_same(mine, other) for _, other in due)
        for _, mine in got
    )


def _holds_the_same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two outputs have the same numbers, in one shape or not."""
    same_kind = a.size == b.size and (a.dtype == bool) == (b.dtype == bool)
    return (
        same_kind
        and not (
            np.abs(_relative_error(a.ravel(), b.ravel())) > NOT_WRONG
        ).any()
    )


def _relative_error(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    """Differences in units of the largest number that is due."""
    got, want = got.astype(float), want.astype(float)
    with np.errstate(invalid="ignore"):  # inf - inf
        error = np.where(got == want, 0.0, got - want)
        return error / max(1e-9, np.abs(want).max(initial=0))


def _as_rows(results: Sequence[Any]) -> list[Row] | None:
    """Each output's name and its numbers; None if one has none."""
    rows = [
        (name, _as_numbers(leaf))
        for result in results
        for name, leaf in named_leaves(result)
    ]
    if any(numbers is None for _, numbers in rows):
        return None
    return [(name, a) for name, a in rows if a is not None]


def is_same_sketch(
    a: Sequence[float], b: Sequence[float], tolerance: float = SAME_SLIP
) -> bool:
    """Whether two sketches are of the same errors, up to rounding."""
    near = tolerance * max(a[1], b[1])
    return a[0] == b[0] and all(
        abs(p - q) <= near for p, q in zip(a[1:], b[1:], strict=True)
    )


def is_along(a: Sequence[float], b: Sequence[float]) -> bool:
    """Whether the errors of one are those of the other, times a number."""
    times = a[1] / b[1]
    near = ALONG * a[1]
    return all(
        abs(p - times * q) <= near
        for p, q in zip(a[2:], b[2:], strict=True)
    )


def recognised_slip(
    results: Sequence[Any],
    expected: Sequence[Any],
    slips: Mapping[str, Sequence[Sequence[float]]],
) -> str:
    """The kind of slip that gives these results on all inputs, if any.

    An epsilon may be of any size: its errors are in proportion to it.
    """
    if not slips:
        return ""
    if found := sketch_errors(results, expected):
        for kind, sketches in slips.items():
            if any(is_same_sketch(found, sketch) for sketch in sketches):
                return kind
    small = sketch_errors(results, expected, SOME) or [0, 0.0, 0.0, 0.0]
    tiny = small[1] and not found
    if tiny and any(is_along(small, b) for b in slips.get(EPSILON, ())):
        return EPSILON
    return ""


def _as_numbers(leaf: Any) -> np.ndarray | None:
    """An output as floats or truth values; a word as one number."""
    leaf = unboxed(leaf)
    if isinstance(leaf, str):
        return np.array(zlib.crc32(leaf.encode()) / 2**32)
    if not is_array(leaf) and not isinstance(leaf, bool | int | float):
        return None if leaf is not None else np.array(0.5)
    values = np.asarray(to_numpy(leaf))
    if values.dtype.kind == "b":
        return values
    return values.astype(float) if values.dtype.kind in "fiu" else None
