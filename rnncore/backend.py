"""Array-library helpers that all modules share, and argument validation.

Every function of the package finds the library of its arguments with
`array_namespace` and keeps to the array API standard, so that the same
lines run on NumPy, on torch and on a GPU.
"""

import functools
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device, is_torch_array

__all__ = [
    "Array",
    "array_namespace",
    "check_alike",
    "check_backward",
    "check_count",
    "check_layer",
    "check_lengths",
    "check_like_state",
    "check_parts",
    "check_real",
    "check_shape",
    "check_spans",
    "check_state",
    "check_targets",
    "check_tree",
    "device",
    "from_numpy",
    "named_leaves",
    "to_numpy",
    "tree_map",
]

Array = Any


def check_shape(name: str, a: Array, *dims: int | str) -> None:
    """Raise unless `a` has these dimensions: a number, or a letter for any.

    Raises ValueError: "x: expected (T, B, 4), got (7, 2, 3)".
    """
    shape = getattr(a, "shape", None)
    if shape is None:
        raise ValueError(
            f"{name}: expected an array {_dims(dims)}, "
            f"got {type(a).__name__}"
        )
    fits = len(shape) == len(dims) and all(
        n == want if isinstance(want, int) else n > 0
        for n, want in zip(shape, dims, strict=True)
    )
    if not fits:
        empty = len(shape) == len(dims) and 0 in tuple(shape)
        at_least = ", every size at least 1" if empty else ""
        raise ValueError(
            f"{name}: expected {_dims(dims)}{at_least}, "
            f"got {_dims(tuple(shape))}"
        )


def check_alike(like_name: str, like: Array, **arrays: Array) -> None:
    """Raise unless all arrays share library, dtype and device with `like`.

    Raises ValueError: "x: expected float64 on cpu as W_x, got float32 on
    cpu".
    """
    expected = _kind(like)
    for name, a in arrays.items():
        if _kind(a) != expected:
            raise ValueError(
                f"{name}: expected {' '.join(expected)} as {like_name}, "
                f"got {' '.join(_kind(a))}"
            )


def check_real(name: str, a: Array) -> None:
    """Raise unless `a` holds real floats: vjps take no conjugates.

    Raises ValueError: "W_x: expected real floats, got complex128".
    """
    if not array_namespace(a).isdtype(a.dtype, "real floating"):
        raise ValueError(f"{name}: expected real floats, got {a.dtype}")


def check_layer(params: Any) -> None:
    """Raise ValueError unless the four weights belong to one layer."""
    check_shape("W_x", params.W_x, "G*H", "D")
    check_shape("W_h", params.W_h, params.W_x.shape[0], "H")
    check_shape("b_x", params.b_x, params.W_x.shape[0])
    check_shape("b_h", params.b_h, params.W_x.shape[0])
    if params.W_h.shape[0] % params.W_h.shape[1]:
        raise ValueError(
            f"W_h: expected (G*H, H), got {tuple(params.W_h.shape)}"
        )
    check_alike("W_x", params.W_x, **params._asdict())
    check_real("W_x", params.W_x)


def check_state(params: Any, x: Array, state: tuple[Array, ...]) -> None:
    """Raise ValueError unless x and state fit weights and each other."""
    check_tuple("state", state)
    check_shape("state[0]", state[0], x.shape[1], params.W_h.shape[1])
    parts = {f"state[{k}]": part for k, part in enumerate(state)}
    check_alike("W_x", params.W_x, x=x, **parts)


def check_backward(
    state: tuple[Array, ...], steps: int, d_y: Array, d_state: Any
) -> None:
    """Raise ValueError unless the upstream gradients fit the state."""
    check_shape("d_y", d_y, steps, *state[0].shape)
    check_alike("the state", state[0], d_y=d_y)
    check_real("d_y", d_y)
    check_like_state("d_state", d_state, state)


def check_like_state(
    name: str, parts: Any, state: tuple[Array, ...]
) -> None:
    """Raise ValueError unless `parts` has the form of the state."""
    check_tuple(name, parts)
    if len(parts) != len(state):
        raise ValueError(
            f"{name}: expected {len(state)} array(s), got {len(parts)}"
        )
    for k, (part, like) in enumerate(zip(parts, state, strict=True)):
        check_shape(f"{name}[{k}]", part, *like.shape)
        check_alike("the state", like, **{f"{name}[{k}]": part})


def check_parts(state: tuple[Array, ...], count: int) -> tuple[Array, ...]:
    """The state, if it has that many parts; else a ValueError."""
    if not isinstance(state, tuple | list):
        raise ValueError(  # noqa: TRY004 - as for other states
            f"state: expected a tuple of {count} array(s), "
            f"got {type(state).__name__}"
        )
    if len(state) != count:
        raise ValueError(
            f"state: expected {count} array(s), got {len(state)}"
        )
    return state


def check_tuple(name: str, state: Any) -> None:
    """Raise ValueError unless the state is a tuple that holds something."""
    if not isinstance(state, tuple) or not state:
        raise ValueError(
            f"{name}: expected a tuple of arrays, (h,) or (h, c), "
            f"got {type(state).__name__}"
        )


def check_count(name: str, parts: Sequence, count: int) -> None:
    """Raise ValueError unless there are that many parts."""
    if not isinstance(parts, tuple | list) or len(parts) != count:
        got = (
            len(parts)
            if isinstance(parts, tuple | list)
            else type(parts).__name__
        )
        raise ValueError(
            f"{name}: expected a list or tuple of {count}, got {got}"
        )


def check_lengths(
    lengths: Sequence[int] | None, T: int, B: int
) -> list[int]:
    """The length of each sequence as a list; None stands for T.

    Raises ValueError unless there are B whole numbers from 1 to T.
    """
    if lengths is None:
        return [T] * B
    found = _whole_numbers("lengths", lengths, B)
    for k, n in enumerate(found):
        if not 1 <= n <= T:
            raise ValueError(f"lengths[{k}]: expected 1 to {T}, got {n}")
    return found


def check_spans(
    x: Array, begins: Sequence[int], ends: Sequence[int]
) -> None:
    """Raise ValueError unless 0 <= begin < end <= T for each sequence."""
    T, B, _ = x.shape
    firsts = _whole_numbers("begins", begins, B)
    lasts = _whole_numbers("ends", ends, B)
    for k, (first, last) in enumerate(zip(firsts, lasts, strict=True)):
        if not 0 <= first < last <= T:
            raise ValueError(
                f"sequence {k}: expected 0 <= begin < end <= {T}, "
                f"got {first} and {last}"
            )


def check_targets(targets: Array, logits: Array) -> None:
    """Raise ValueError unless targets are class numbers that fit logits."""
    check_shape("targets", targets, *logits.shape[:-1])
    if type(targets) is not type(logits) or (
        device(targets) != device(logits)
    ):
        raise ValueError(
            f"targets: expected {type(logits).__name__} on "
            f"{device(logits)} as logits, got {type(targets).__name__}"
            f" on {device(targets)}"
        )
    xp, classes = array_namespace(targets), logits.shape[-1]
    if not xp.isdtype(targets.dtype, "integral"):
        raise ValueError(f"targets: expected integers, got {targets.dtype}")
    lowest, highest = int(xp.min(targets)), int(xp.max(targets))
    if lowest < 0 or highest >= classes:
        wrong = lowest if lowest < 0 else highest
        raise ValueError(
            f"targets: expected 0 to {classes - 1}, got {wrong}"
        )


def check_tree(name: str, tree: Any, like: Any) -> None:
    """Raise ValueError unless a tree has the arrays that `like` has."""
    leaves, expected = dict(named_leaves(tree)), dict(named_leaves(like))
    if not expected:
        raise ValueError(f"{name}: expected at least one array, got none")
    if leaves.keys() != expected.keys():
        raise ValueError(
            f"{name}: expected {', '.join(expected)}, "
            f"got {', '.join(leaves) or 'none'}"
        )
    for path, array in expected.items():
        dims = ["N"] * len(getattr(array, "shape", ()))
        check_shape(f"params.{path}", array, *dims)
        check_shape(f"{name}.{path}", leaves[path], *array.shape)
        check_alike("params", array, **{f"{name}.{path}": leaves[path]})


def from_numpy(a: np.ndarray, like: Array) -> Array:
    """A NumPy array in the library and on the device of `like`.

    Floats take the dtype of `like` too; integers stay integers.
    """
    xp = array_namespace(like)
    dtype = like.dtype if a.dtype.kind == "f" else None
    return xp.asarray(a, dtype=dtype, device=device(like))


def to_numpy(a: Array) -> np.ndarray:
    """Any backend's array as a NumPy array on the CPU."""
    return a.detach().cpu().numpy() if is_torch_array(a) else np.asarray(a)


def tree_map(f: Callable, tree: Any, *others: Any) -> Any:
    """Apply `f` to each leaf of a tree of tuples, lists and dicts."""
    if isinstance(tree, dict):
        entries = {
            k: tree_map(f, v, *(o[k] for o in others))
            for k, v in tree.items()
        }
        return entries if type(tree) is dict else type(tree)(entries)
    if isinstance(tree, tuple | list):
        parts = [
            tree_map(f, *leaves)
            for leaves in zip(tree, *others, strict=True)
        ]
        return (
            tree._make(parts)
            if hasattr(tree, "_make")
            else type(tree)(parts)
        )
    return f(tree, *others)


def named_leaves(
    tree: Any, prefix: str = ""
) -> Iterator[tuple[str, Array]]:
    """Each array of a tree with its path: ("cell.W_h", array)."""
    if isinstance(tree, dict):
        items = list(tree.items())
    elif hasattr(tree, "_fields"):
        items = list(zip(tree._fields, tree, strict=True))
    elif isinstance(tree, tuple | list):
        items = [(str(k), leaf) for k, leaf in enumerate(tree)]
    else:
        yield prefix or "array", tree
        return
    for key, leaf in items:
        yield from named_leaves(
            leaf, f"{prefix}.{key}" if prefix else str(key)
        )


def _dims(dims: tuple[int | str, ...]) -> str:
    inside = ", ".join(str(d) for d in dims)
    return f"({inside},)" if len(dims) == 1 else f"({inside})"


def _whole_numbers(name: str, values: Any, B: int) -> list[int]:
    try:
        found = [operator.index(n) for n in values]
    except TypeError:
        raise ValueError(
            f"{name}: expected {B} whole numbers, got {values!r}"
        ) from None
    if len(found) != B:
        raise ValueError(f"{name}: expected {B}, got {len(found)}")
    return found


def _kind(a: Array) -> tuple[str, ...]:
    if not hasattr(a, "dtype"):
        return (type(a).__name__,)
    return _words(a.dtype, device(a), is_torch_array(a))


@functools.cache  # NumPy computes the name of a dtype each time anew
def _words(dtype: Any, where: Any, of_torch: bool) -> tuple[str, ...]:
    name = str(dtype).rpartition(".")[2]
    return ("torch." * of_torch + name, "on", str(where))
