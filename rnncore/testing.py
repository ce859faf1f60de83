"""What the notebooks check with: results, gradients, causality, mistakes.

One function, `check`, serves the visible tests, the hidden tests and the
catalogue of mistakes. A failure names the argument or the output, the
index, the expected and the actual number and, where the wrong result is
the one that a known mistake gives, that mistake.
"""

import base64
import importlib
import inspect
import json
import os
import re
import zlib
from collections import namedtuple
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnncore.backend import (
    Array,
    array_namespace,
    device,
    named_leaves,
    to_numpy,
    tree_map,
)

__all__ = [
    "Mistake",
    "Seen",
    "Stored",
    "assert_close",
    "assert_gradient",
    "assert_refuses",
    "assert_shape",
    "black_boxes",
    "check",
    "check_causal",
    "check_independent",
    "edited",
    "hidden_rng",
    "hunt",
    "lend",
    "mover",
    "observe",
    "sketch",
    "stored",
]

# Relative to the largest entry. Over 20 steps of three cells, forward and
# backward, float32 is off by 7e-7 and float64 by 1e-15: a hundredfold, and
# more where it costs nothing, for sums that a learner orders otherwise.
TOLERANCE = {"float64": 1e-10, "float32": 1e-4}
STORED_DIGITS = 8  # decimals of a stored result ...
STORED_TOLERANCE = 2e-8  # ... which may thus be wrong by half of 1e-8
NOTHING = 1e-9  # what is smaller is rounding, and differs by machine
SAME_SKETCH = 2e-4  # float32 moves a sketch by less than 1e-5 of its norm


class Mistake(NamedTuple):
    """A known mistake: how its results look, and what to tell about it."""

    says: str
    sketches: list[Any]  # one for each input of the visible check


class Stored(NamedTuple):
    """The right results for the inputs of one visible check."""

    results: list[Any]
    mistakes: list[Mistake]
    task: str = ""


class Seen(NamedTuple):
    """What one call of a candidate did."""

    result: Any
    changed: list[str]  # the arguments that were changed in place
    error: Exception | None


def check(
    candidate: Callable,
    reference: Callable | Stored,
    inputs: Sequence[dict[str, Any]],
    mistakes: Sequence[Mistake] = (),
    outputs: str = "the result",
) -> None:
    """Compare a function with the reference on each input.

    An input maps the arguments' names to their values, in order; outputs
    names the results: "d_a_x, d_a_h, d_state". Checked are the kind and
    number of results, shapes, dtypes, devices and values, and that no
    argument was changed in place.

    Raises AssertionError naming the output, the index and both numbers,
    and the mistake, where it is a known one. An exception that the
    candidate raises passes through.
    """
    __tracebackhide__ = True
    if isinstance(reference, Stored):
        results, mistakes = reference.results, reference.mistakes
        at_least = STORED_TOLERANCE
    else:
        results = [reference(*_copied(args).values()) for args in inputs]
        at_least = 0.0
    name = called = getattr(candidate, "__name__", "the function")
    if isinstance(reference, Stored):
        name = reference.task or called  # the candidate may be a wrapper
    seen = []
    for args in inputs:
        seen.append(observe(candidate, args))
        if isinstance(seen[-1].error, NotImplementedError):
            raise NotImplementedError(f"{name} is not written yet")
    may_be_none = any(expected is None for expected in results)
    for k, (args, expected) in enumerate(zip(inputs, results, strict=True)):
        call = seen[k]
        problem = _problem(name, expected, call, args, outputs, at_least)
        if problem:
            known = _recognised(seen, mistakes, k)
            nothing = call.result is None and not call.error
            if nothing and not known and not may_be_none:
                known = "Is a `return` missing?"
            how = "called" if name == called else "checked"
            raise AssertionError(
                f"{problem}\n({name} was {how} with {_shapes(args)})"
                + (f"\n{known}" if known else "")
            ) from call.error


def observe(candidate: Callable, args: dict[str, Any]) -> Seen:
    """Call the candidate on a copy: what it gave, and did to the copy."""
    given = lend(args)
    result, error = None, None
    try:
        result = candidate(*given.values())
    except Exception as raised:  # noqa: BLE001 - whatever a learner raises
        error = raised
    pairs = zip(named_leaves(args), named_leaves(given), strict=True)
    changed = [
        name
        for (name, before), (_, after) in pairs
        if hasattr(before, "shape") and not _identical(before, after)
    ]
    return Seen(result, changed, error)


def lend(args: dict[str, Any]) -> dict[str, Any]:
    """A copy of the arguments that a candidate may change.

    A grader whose candidate runs in another process brings back the
    changes of what was lent, and of nothing else.
    """
    return _copied(args)


def assert_shape(name: str, actual: Any, shape: tuple[int, ...]) -> None:
    """Raise AssertionError unless `actual` is an array of this shape."""
    __tracebackhide__ = True
    if not hasattr(actual, "shape"):
        raise AssertionError(
            f"{name}: expected an array {shape}, got {_kind(actual)}"
        )
    if tuple(actual.shape) != tuple(shape):
        raise AssertionError(
            f"{name}: expected shape {tuple(shape)}, "
            f"got {tuple(actual.shape)}{_swapped(shape, actual.shape)}"
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
            f"{name}: expected a number, got {_kind(actual)}"
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


def assert_refuses(
    candidate: Callable, args: dict[str, Any], why: str, begins: str = ""
) -> None:
    """A call that makes no sense has to raise a ValueError.

    `why` says what is wrong with the arguments, `begins` how the message
    has to begin. Raises AssertionError naming what came instead.
    """
    __tracebackhide__ = True
    error = observe(candidate, args).error
    if isinstance(error, ValueError) and str(error).startswith(begins):
        return
    message = f" whose message begins with {begins!r}" if begins else ""
    got = f"{type(error).__name__}: {error}" if error else "a result"
    name = getattr(candidate, "__name__", "the function")
    raise AssertionError(
        f"{name}, {why}: expected a ValueError{message}, got {got}\n"
        f"({name} was called with {_shapes(args)})"
    ) from error


def check_causal(
    candidate: Callable, args: dict[str, Any], changes: str
) -> None:
    """A later entry of one argument must reach no earlier output.

    The argument is (T, ...), and so is the first (or only) result.
    Raises AssertionError naming the first step that moved too early.
    """
    __tracebackhide__ = True
    steps = args[changes].shape[0]
    before = _first(candidate(*_copied(args).values()))
    for t in range(1, steps):
        moved = _copied(args)
        moved[changes] = _moved(moved[changes], np.s_[t:, ...])
        after = _first(candidate(*moved.values()))
        differs = np.abs(after[:t] - before[:t]) > 0
        if differs.any():
            early = int(np.argwhere(differs)[0][0])
            raise AssertionError(
                f"step {early} of the result changes when {changes} "
                f"changes from step {t} on: a later input must not reach "
                "an earlier output"
            )


def check_independent(
    candidate: Callable,
    args: dict[str, Any],
    changes: dict[str, int],
    axis: int = 1,
) -> None:
    """One sequence of a batch must not reach another's result.

    `changes` maps an argument to its batch axis; `axis` is that of the
    first (or only) result. Raises AssertionError naming both sequences.
    """
    __tracebackhide__ = True
    before = _first(candidate(*_copied(args).values()))
    last = before.shape[axis] - 1
    moved = _copied(args)
    for name, batch_axis in changes.items():
        here: Any = (slice(None),) * batch_axis + (last, ...)
        moved[name] = tree_map(
            lambda a, here=here: _moved(a, here), moved[name]
        )
    after = _first(candidate(*moved.values()))
    differs = np.moveaxis(np.abs(after - before) > 0, axis, 0)[:last]
    if differs.any():
        other = int(np.argwhere(differs)[0][0])
        raise AssertionError(
            f"the result of sequence {other} changes when only sequence "
            f"{last} does: the sequences of a batch are independent"
        )


def mover(place: str) -> Callable:
    """A function that moves a tree of NumPy arrays to a place.

    The place is "numpy", or a device of torch such as "cpu" or "cuda";
    `move(tree, "float32")` also changes the dtype of the floats.
    """

    def put(a: Any, dtype: str | None) -> Any:
        if not isinstance(a, np.ndarray):
            return a
        a = a.astype(dtype) if dtype and a.dtype.kind == "f" else a
        if place == "numpy":
            return a.copy()
        import torch

        return torch.tensor(a, device=place)

    return lambda tree, dtype=None: tree_map(lambda a: put(a, dtype), tree)


def hidden_rng() -> np.random.Generator:
    """The generator of the hidden tests: the grader may choose its seed."""
    return np.random.default_rng(
        int(os.environ.get("RNNCORE_SEED", "2026"))
    )


def stored(task: str, path: str | Path = "checks.json") -> Stored:
    """The right results and known mistakes of a task's visible check."""
    entry = json.loads(Path(path).read_text())["checks"][task]
    mistakes = [
        Mistake(m["says"], m["sketches"]) for m in entry["mistakes"]
    ]
    return Stored([_decoded(r) for r in entry["results"]], mistakes, task)


def black_boxes(
    task: str, path: str | Path = "checks.json"
) -> dict[str, Callable]:
    """The wrong versions of a printed function, for the mutant hunt."""
    entry = json.loads(Path(path).read_text())["boxes"][task]
    module, _, name = entry["of"].rpartition(".")
    right = getattr(importlib.import_module(module), name)
    return {
        f"box {k}": edited(right, *_open(edit))
        for k, edit in enumerate(entry["edits"], start=1)
    }


def edited(function: Callable, was: str, now: str) -> Callable:
    """The function with one edit of its source, in a copy of its module.

    Raises ValueError unless `was` occurs exactly once in the source.
    """
    source = inspect.getsource(function)
    if source.count(was) != 1:
        raise ValueError(
            f"{function.__name__}: {was!r} occurs {source.count(was)} "
            "times in its source, expected once"
        )
    namespace = dict(inspect.unwrap(function).__globals__)  # undecorated
    exec(compile(source.replace(was, now), "<box>", "exec"), namespace)  # noqa: S102
    return namespace[function.__name__]


def hunt(
    right: Callable,
    boxes: dict[str, Callable],
    probes: Sequence[tuple],
    few: int,
    points: int,
) -> float:
    """Points for the boxes that some probe tells apart from the original.

    One of the points is for telling all apart with at most `few` probes.
    A table shows the first probe that opens each box.

    Raises AssertionError where a probe is none, too large, or refused, or
    where the original answers it in two ways.
    """
    __tracebackhide__ = True
    if not isinstance(probes, list) or not probes:
        raise AssertionError(
            f"probes: expected a list of tuples, got {_kind(probes)}"
        )
    answers = []
    for k, probe in enumerate(probes, start=1):
        if not isinstance(probe, tuple):
            raise AssertionError(  # noqa: TRY004 - a failed test
                f"probe {k}: expected a tuple of arguments, "
                f"got {_kind(probe)}"
            )
        sizes = [np.size(leaf) for _, leaf in named_leaves(probe)]
        if sum(s for s in sizes if s > 1) > 10_000:
            raise AssertionError(f"probe {k}: over 10,000 numbers")
        answer = _answer(right, probe)
        if answer.error:
            raise AssertionError(
                f"probe {k}: the right function refuses it: {answer.error}"
            )
        answers.append(answer)
    told = 0
    for name, box in boxes.items():
        by = [
            k
            for k, (probe, answer) in enumerate(
                zip(probes, answers, strict=True), start=1
            )
            if not _alike(answer, _answer(box, probe))
        ]
        told += bool(by)
        verdict = f"told apart by probe {by[0]}" if by else "NOT told apart"
        print(f"{name}: {verdict}")
    for k, (probe, answer) in enumerate(
        zip(probes, answers, strict=True), start=1
    ):
        if not _alike(answer, _answer(right, probe)):
            raise AssertionError(
                f"probe {k}: the right function gives another answer each "
                "time: no probe may depend on chance or on earlier calls"
            )
    all_told = told == len(boxes)
    bonus = float(all_told and len(probes) <= few)
    print(
        f"{told} of {len(boxes)} boxes with {len(probes)} "
        f"probe{'s' * (len(probes) > 1)} (the last point is for all of "
        f"them with at most {few})"
    )
    return round((points - 1) * told / len(boxes) + bonus, 2)


def sketch(call: Seen) -> Any:
    """A few numbers by which a wrong result is recognised again.

    For each array its shape and its norm, and its products with two fixed
    vectors; rounded, and equal in float32 up to a tolerance. Of an error
    its type, and the numbers in its message: shapes, mostly.
    """
    if call.error:
        kind = type(call.error).__name__
        return ["raises", kind, *re.findall(r"\d+", str(call.error))]
    leaves = [_leaf_sketch(leaf) for _, leaf in named_leaves(call.result)]
    return [call.changed, leaves]


def same_sketch(a: Any, b: Any, tolerance: float = SAME_SKETCH) -> bool:
    """Whether two sketches describe one result, up to rounding."""
    if isinstance(a, list) and isinstance(b, list):
        if a[:1] == ["array"] == b[:1] and a[1] == b[1]:
            near = tolerance * max(a[2], b[2]) + 1e-7
            return all(
                abs(p - q) <= near
                for p, q in zip(a[2:], b[2:], strict=True)
            )
        return len(a) == len(b) and all(
            same_sketch(p, q, tolerance) for p, q in zip(a, b, strict=True)
        )
    return a == b


def encoded(tree: Any) -> Any:
    """A result as JSON; `stored` reads it back."""
    if isinstance(tree, tuple | list):
        fields = list(getattr(tree, "_fields", ()))
        return {"fields": fields, "parts": [encoded(t) for t in tree]}
    tree = _unboxed(tree)
    if tree is None or isinstance(tree, bool | int | str):
        return tree
    values = to_numpy(tree)
    if values.dtype.kind == "f":
        values = values.round(STORED_DIGITS) + 0.0  # no minus zero
    return {"array": values.tolist(), "kind": values.dtype.kind}


def shut(was: str, now: str) -> str:
    """An edit as text that is not read by accident."""
    both = json.dumps([was, now]).encode()
    return base64.b64encode(zlib.compress(both, 9)).decode()


def _open(edit: str) -> list[str]:
    return json.loads(zlib.decompress(base64.b64decode(edit)))


def _decoded(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    if "array" in tree:
        kinds = {"f": float, "b": bool}
        return np.asarray(tree["array"], dtype=kinds.get(tree["kind"], int))
    parts = [_decoded(t) for t in tree["parts"]]
    if tree["fields"]:
        return namedtuple("Result", tree["fields"])(*parts)
    return tuple(parts)


def _copied(args: dict[str, Any]) -> dict[str, Any]:
    return tree_map(
        lambda a: (
            array_namespace(a).asarray(a, copy=True)
            if hasattr(a, "shape") and hasattr(a, "dtype")
            else a
        ),
        args,
    )


def _identical(a: Array, b: Array) -> bool:
    if tuple(a.shape) != tuple(b.shape):
        return False
    p, q = to_numpy(a), to_numpy(b)
    return bool(np.array_equal(p, q, equal_nan=p.dtype.kind == "f"))


def _moved(a: Array, here: Any) -> Array:
    xp = array_namespace(a)
    moved = xp.asarray(a, copy=True)
    if "float" in str(a.dtype):
        moved[here] = moved[here] + 1.7
    else:
        moved[here] = 1 - moved[here]
    return moved


def _first(result: Any) -> np.ndarray:
    first = result[0] if isinstance(result, tuple | list) else result
    return np.asarray(to_numpy(first), dtype=float)


def _problem(
    name: str,
    expected: Any,
    call: Seen,
    args: dict[str, Any],
    outputs: str,
    at_least: float,
) -> str:
    """What is wrong with one call, as text; empty where all is well."""
    if call.error:
        lines = [line.strip() for line in str(call.error).split("\n")]
        said = " ".join([*lines[:3], *["..."] * (len(lines) > 3)])
        return f"{name} raised {type(call.error).__name__}: {said}"
    changed = (
        f"changed its argument {_path(call.changed[0])} in place: the "
        "caller still needs it (`a = a + b` makes a new array, `a += b` "
        "does not)"
        if call.changed
        else ""
    )
    names = [part.strip() for part in outputs.split(",")]
    try:
        _compare(names, expected, call.result, _like(args), at_least)
    except AssertionError as error:
        also = f"\n{name} also {changed}" if changed else ""
        return f"{error}{also}"
    return f"{name} {changed}" if changed else ""


def _compare(
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
        got = _kind(actual)
        if actual is None and _plain(expected):
            raise AssertionError(f"{name}: expected {expected!r}, got None")
        if isinstance(actual, tuple | list):
            got = f"{len(actual)} values"
        if got != f"{count} values":
            shown = parts if count < 9 else [parts[0], "...", parts[-1]]
            raise AssertionError(
                f"{name}: expected a tuple of one, ({parts[0]},), got {got}"
                if count == 1
                else f"{name}: expected {count} values "
                f"({', '.join(shown)}), got {got}"
            )
        for part, e, a in zip(parts, expected, actual, strict=True):
            _compare([part], e, a, like, at_least)
    elif expected is None or isinstance(expected, bool | str | int):
        actual = _unboxed(actual)
        if type(actual) is not type(expected) or actual != expected:
            kinds = [f" ({type(v).__name__})" for v in (expected, actual)]
            if type(actual) is type(expected):
                kinds = ["", ""]
            raise AssertionError(
                f"{name}: expected {expected!r}{kinds[0]}, "
                f"got {_short(actual)}{kinds[1]}"
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
            not floats or _place(actual) != _place(like)
        ):
            raise AssertionError(
                f"{name}: expected {_place(like)} as the arguments, "
                f"got {_place(actual)}"
            )
    floats32 = like is not None and "float32" in str(like.dtype)
    rounding = TOLERANCE["float32" if floats32 else "float64"]
    assert_close(name, actual, want, max(rounding, at_least))


def _path(name: str) -> str:
    first, *rest = name.split(".")
    return first + "".join(
        f"[{part}]" if part.isdigit() else f".{part}" for part in rest
    )


def _recognised(
    seen: list[Seen], mistakes: Sequence[Mistake], failed: int
) -> str:
    """The mistake that gives these results, as text; empty if none does.

    Beside results, an error of any kind will do for an error: each library
    has its own. Where none gives all of them, one that gives those up to
    the wrong one will do, if it is the only one: after that learners' ways
    part (one raises where another goes on).
    """
    sketches = [sketch(call) for call in seen]
    for mistake in mistakes:
        if same_sketch(sketches, mistake.sketches):
            return f"A known mistake: {mistake.says}"
    if any(call.error is None for call in seen):
        sketches = _without_errors(sketches)
        mistakes = [
            m._replace(sketches=_without_errors(m.sketches))
            for m in mistakes
        ]
        for mistake in mistakes:
            if same_sketch(sketches, mistake.sketches):
                return f"A known mistake: {mistake.says}"
    upto = slice(failed + 1)
    near = [
        mistake
        for mistake in mistakes
        if same_sketch(sketches[upto], mistake.sketches[upto])
    ]
    if len(near) == 1 and not seen[failed].error:
        return f"A known mistake: {near[0].says}"
    return ""


def _without_errors(sketches: list[Any]) -> list[Any]:
    """Sketches in which all errors look alike."""
    return [["raises"] if s[0] == "raises" else s for s in sketches]


def _plain(tree: Any) -> bool:
    """Whether a tree holds no array, so that it can be printed."""
    if isinstance(tree, tuple | list):
        return all(_plain(part) for part in tree)
    return isinstance(tree, bool | int | str)


def _unboxed(leaf: Any) -> Any:
    """An int or a bool for NumPy's own; the rest as it is."""
    return leaf.item() if isinstance(leaf, np.integer | np.bool_) else leaf


def _leaf_sketch(leaf: Any) -> Any:
    leaf = _unboxed(leaf)
    numeric = hasattr(leaf, "dtype") or isinstance(leaf, float)
    if not numeric or isinstance(leaf, bool):
        known = leaf is None or isinstance(leaf, bool | int | str)
        return leaf if known else type(leaf).__name__
    values = np.asarray(to_numpy(leaf))
    if values.dtype.kind not in "fiub":
        return str(values.dtype)
    flat = values.astype(float).ravel()
    if not np.isfinite(flat).all():
        return ["not finite", list(values.shape)]
    if (
        not flat.size or np.abs(flat).max() < NOTHING
    ):  # as 0.0, its stand-in
        return ["array", [], 0.0, 0.0, 0.0]
    k = np.arange(1, flat.size + 1)
    numbers = np.linalg.norm(flat), flat @ np.cos(k), flat @ np.sin(2.3 * k)
    return ["array", list(values.shape), *(_rounded(n) for n in numbers)]


def _rounded(number: Any) -> float:
    return float(f"{number:.6g}") if abs(number) > NOTHING else 0.0


def _answer(function: Callable, probe: tuple) -> Seen:
    args = {str(k): part for k, part in enumerate(probe)}
    with np.errstate(all="ignore"):
        return observe(function, args)


def _alike(a: Seen, b: Seen) -> bool:
    if b.error or a.changed != b.changed:
        return False
    try:
        _compare(["result"], a.result, b.result, None, NOTHING)
    except AssertionError:
        return False
    return True


def _like(args: dict[str, Any]) -> Any:
    for _, leaf in named_leaves(args):
        if "float" in str(getattr(leaf, "dtype", "")):
            return leaf
    return None


def _place(a: Any) -> str:
    library = "torch " if type(a).__module__.startswith("torch") else ""
    dtype = str(a.dtype).rpartition(".")[2]
    return f"{library}{dtype} on {device(a)}"


def _shapes(args: dict[str, Any]) -> str:
    return ", ".join(f"{n} {_shown(a)}" for n, a in args.items())


def _shown(value: Any) -> str:
    """An argument in a word: its shape, or what kind of thing it is."""
    if hasattr(value, "shape"):
        return str(tuple(value.shape))
    if hasattr(value, "_fields"):
        return type(value).__name__
    if isinstance(value, tuple | list):
        inside = ", ".join(_shown(v) for v in value[:4])
        more = ", ..." if len(value) > 4 else "," * (len(value) == 1)
        return f"({inside}{more})"
    return getattr(value, "__name__", repr(value))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 80 else text[:77] + "..."


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    if hasattr(value, "shape"):
        return f"an array {tuple(value.shape)}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return type(value).__name__


def _swapped(want: Sequence[int], got: Sequence[int]) -> str:
    want, got = tuple(want), tuple(got)
    if len(want) != len(got) or sorted(want) != sorted(got):
        return ""
    if len(want) == 2:
        return " (transposed)"
    return " (the same sizes in another order: time comes first)"
