"""Results as they come: copies of them, and how a message says them."""

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from array_api_compat import is_torch_array

from rnncore.backend import (
    Array,
    array_namespace,
    device,
    named_leaves,
    to_numpy,
    tree_map,
)

FEW = 8  # numbers of an argument that a message has room for
LONG = 44  # characters of a text that it shows
ALARM = (
    r"(divide by zero|overflow|invalid value) encountered in (mat|dot|vec)"
)


@contextmanager
def without_false_alarms() -> Iterator[None]:
    """While it lasts, no product of matrices warns of what is finite.

    On some processors a BLAS computes with numbers that lie beside a
    matrix, throws the results away, and leaves the flags that they raised:
    https://github.com/numpy/numpy/issues/24067 and .../28687. A product
    that is infinite or NaN is told by its value.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ALARM, RuntimeWarning)
        yield


def is_array(value: Any) -> bool:
    """Whether a value is an array of some library, by its class.

    What an object calls its attributes says nothing: a learner's tuple
    may have a `shape`.
    """
    if isinstance(value, np.ndarray | np.generic) or is_torch_array(value):
        return True
    return hasattr(type(value), "__array_namespace__")


def copy_arrays(args: dict[str, Any]) -> dict[str, Any]:
    """The arguments with copies of their arrays."""
    return tree_map(
        lambda a: (
            array_namespace(a).asarray(a, copy=True) if is_array(a) else a
        ),
        args,
    )


def identical(a: Array, b: Array) -> bool:
    """Whether two arrays have one shape and the same numbers."""
    if tuple(a.shape) != tuple(b.shape):
        return False
    p, q = to_numpy(a), to_numpy(b)
    return bool(np.array_equal(p, q, equal_nan=p.dtype.kind == "f"))


def is_close(a: Array, b: Array, tolerance: float) -> bool:
    """Whether two arrays of floats are equal, to a share of the largest."""
    p, q = to_numpy(a), to_numpy(b)
    if p.shape != q.shape or p.dtype != q.dtype or p.dtype.kind != "f":
        return False
    with np.errstate(invalid="ignore"):
        off, scale = np.abs(p - q), np.abs(p)
    return bool((off <= tolerance * scale.max(initial=0.0)).all())


def shifted(a: Array, here: Any) -> Array:
    """A copy of an array with one entry moved."""
    xp = array_namespace(a)
    moved = xp.asarray(a, copy=True)
    if "float" in str(a.dtype):
        moved[here] = moved[here] + 1.7
    else:
        moved[here] = 1 - moved[here]
    return moved


def first(result: Any) -> np.ndarray:
    """The first result of several, as floats of NumPy."""
    first = result[0] if isinstance(result, tuple | list) else result
    return np.asarray(to_numpy(first), dtype=float)


def in_float32(leaf: Any) -> Any:
    """A copy in float32 of an array of float64; the rest as it is."""
    if not is_array(leaf) or "float64" not in str(leaf.dtype):
        return leaf
    xp = array_namespace(leaf)
    return xp.astype(leaf, xp.float32)


def is_plain(tree: Any) -> bool:
    """Whether a tree holds no array, so that it can be printed."""
    if isinstance(tree, tuple | list):
        return all(is_plain(part) for part in tree)
    return isinstance(tree, bool | int | str)


def unboxed(leaf: Any) -> Any:
    """An int or a bool for NumPy's own; the rest as it is."""
    return leaf.item() if isinstance(leaf, np.integer | np.bool_) else leaf


def like_of(args: dict[str, Any]) -> Any:
    """The first array of floats among the arguments, or None."""
    for _, leaf in named_leaves(args):
        if is_array(leaf) and "float" in str(leaf.dtype):
            return leaf
    return None


def path_of(name: str) -> str:
    """A leaf's name as Python writes it: state.0.h is state[0].h."""
    first, *rest = name.split(".")
    return first + "".join(
        f"[{part}]" if part.isdigit() else f".{part}" for part in rest
    )


def place_of(a: Any) -> str:
    """An array's library, dtype and device, in words."""
    library = "torch " if type(a).__module__.startswith("torch") else ""
    dtype = str(a.dtype).rpartition(".")[2]
    return f"{library}{dtype} on {device(a)}"


def shapes(args: dict[str, Any]) -> str:
    """Each argument's name and shape, in a line; a few numbers in full."""
    return ", ".join(f"{n} {format_array(a)}" for n, a in args.items())


def format_array(value: Any) -> str:
    """An argument in a word: its shape, or what kind of thing it is.

    The numbers of an array that has few of them follow its shape.
    """
    if is_array(value):
        shape = tuple(value.shape)
        if not 0 < math.prod(shape) <= FEW:
            return str(shape)
        texts = round_to_digits(np.asarray(to_numpy(value)), 3)
        return f"{shape} = {_bracketed(texts)}"
    if hasattr(value, "_fields"):
        return type(value).__name__
    if isinstance(value, tuple | list):
        inside = ", ".join(format_array(v) for v in value[:4])
        more = ", ..." if len(value) > 4 else "," * (len(value) == 1)
        return f"({inside}{more})"
    if isinstance(value, str) and len(value) > LONG:
        return f"{value[:LONG]!r}... ({len(value)} characters)"
    return getattr(value, "__name__", repr(value))


def round_to_digits(a: np.ndarray, digits: int) -> np.ndarray:
    """Each number as a text."""
    texts = [
        f"{x + 0.0:.{digits}g}" if isinstance(x, float) else str(x)
        for x in a.ravel().tolist()
    ]
    return np.array(texts).reshape(a.shape)


def _bracketed(texts: np.ndarray) -> str:
    """Texts as a list in a line, in brackets for each axis."""
    if not texts.ndim:
        return str(texts)
    return f"[{', '.join(_bracketed(part) for part in texts)}]"


def name_of(function: Any) -> str:
    """What a function is called in a message."""
    return getattr(function, "__name__", "the function")


def format_short(value: Any) -> str:
    """At most 80 characters of a value, or that it cannot be told."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a number too long, or a learner's
        return f"{kind_of(value)} that cannot be told"
    return text if len(text) < 80 else text[:77] + "..."


def kind_of(value: Any) -> str:
    """What kind of thing a value is, in words."""
    if value is None:
        return "None"
    if is_array(value):
        return f"an array {tuple(value.shape)}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return type(value).__name__


def describe_swap(want: Sequence[int], got: Sequence[int]) -> str:
    """A remark where the sizes are right and their order is not."""
    want, got = tuple(want), tuple(got)
    if len(want) != len(got) or sorted(want) != sorted(got):
        return ""
    if len(want) == 2:
        return " (transposed)"
    return " (the same sizes in another order: time comes first)"
