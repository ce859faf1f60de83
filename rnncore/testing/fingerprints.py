"""A result in a few numbers, by which a known mistake is recognised."""

import itertools
import re
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnncore.backend import named_leaves, to_numpy
from rnncore.storage.files import CHECKS
from rnncore.testing.checks_file import read_checks
from rnncore.testing.compare import NOTHING
from rnncore.testing.values import is_array, unboxed

AND_ANOTHER = " And another: "  # between the names of two mistakes
STORED_DIGITS = 11  # decimals: wrong by a twentieth of what is allowed
SAME_FINGERPRINT = (
    2e-4  # float32 moves a fingerprint by less than 1e-5 of its norm
)


class Seen(NamedTuple):
    """What one call of a candidate did."""

    result: Any
    changed: list[str]  # the arguments that were changed in place
    error: Exception | None
    how: str = ""  # the first of them was changed


class Mistake(NamedTuple):
    """A known mistake: how its results look, and what to tell about it."""

    says: str
    fingerprints: list[Any]  # one for each input of the visible check


class Stored(NamedTuple):
    """The right results for the inputs of one visible check."""

    results: list[Any]
    mistakes: list[Mistake]
    task: str = ""
    wrong_by: float = 0.0  # what the results may be off themselves
    slips: Mapping[str, Sequence[Sequence[float]]] = {}  # sketches by kind


def stored(task: str, path: str | Path = CHECKS) -> Stored:
    """The right results and known mistakes of a task's visible check.

    Raises FileNotFoundError, which says what to do, without the file.
    """
    entry = read_checks(path)["checks"][task]
    results = [decoded(r) for r in entry["results"]]
    mistakes = [
        Mistake(m["says"], with_shapes(m["sketches"], results))
        for m in entry["mistakes"]
    ]
    return Stored(results, mistakes, task, slips=entry.get("slips", {}))


def fingerprint_of(call: Seen) -> Any:
    """A few numbers by which a wrong result is recognised again.

    For each array its shape and its norm, and its products with two fixed
    vectors; rounded, and equal in float32 up to a tolerance. Of an error
    its type, and the numbers in its message: shapes, mostly.
    """
    if call.error:
        kind = type(call.error).__name__
        return ["raises", kind, *re.findall(r"\d+", str(call.error))]
    leaves = [
        _leaf_fingerprint(leaf) for _, leaf in named_leaves(call.result)
    ]
    return [call.changed, leaves]


def is_same_fingerprint(
    a: Any, b: Any, tolerance: float = SAME_FINGERPRINT
) -> bool:
    """Whether two fingerprints describe one result, up to rounding."""
    if isinstance(a, list) and isinstance(b, list):
        if a[:1] == ["array"] == b[:1] and a[1] == b[1]:
            near = tolerance * max(a[2], b[2]) + 1e-7
            return all(
                abs(p - q) <= near
                for p, q in zip(a[2:], b[2:], strict=True)
            )
        return len(a) == len(b) and all(
            is_same_fingerprint(p, q, tolerance)
            for p, q in zip(a, b, strict=True)
        )
    return a == b


def recognised(
    seen: list[Seen],
    mistakes: Sequence[Mistake],
    failed: int,
    expected: Sequence[Any],
) -> str:
    """What is told of the mistake that gives these results, if any.

    It gives them on all inputs: what agrees on some of them may be so by
    chance. Beside results, an error of any kind will do for an error: each
    library has its own. Two mistakes that spoil outputs of their own are
    told together, if they explain all. A result that is wrong in its dtype
    alone has the right one's fingerprint, and says nothing of mistakes that
    show later. Where a warning was made an error, nobody knows what would
    have come.
    """
    known = [
        k for k, c in enumerate(seen) if not isinstance(c.error, Warning)
    ]
    if failed not in known:
        return ""
    failed = known.index(failed)
    seen = [seen[k] for k in known]
    expected = [expected[k] for k in known]
    mistakes = [
        m._replace(fingerprints=[m.fingerprints[k] for k in known])
        for m in mistakes
    ]
    fingerprints = [fingerprint_of(call) for call in seen]
    for mistake in mistakes:
        if is_same_fingerprint(fingerprints, mistake.fingerprints):
            return mistake.says
    if any(call.error is None for call in seen):
        fingerprints = _without_errors(fingerprints)
        mistakes = [
            m._replace(fingerprints=_without_errors(m.fingerprints))
            for m in mistakes
        ]
        for mistake in mistakes:
            if is_same_fingerprint(fingerprints, mistake.fingerprints):
                return mistake.says
    right = [fingerprint_of(Seen(result, [], None)) for result in expected]
    return _of_two(fingerprints, mistakes, right)


def outputs_apart(
    seen: list[Seen], expected: Sequence[Any]
) -> tuple[list[str], list[str]]:
    """The parts of a result that are right on all inputs, and the others.

    Both are empty where the results do not hold the same parts.
    """
    if any(call.error or call.changed for call in seen):
        return [], []
    right = [fingerprint_of(Seen(result, [], None)) for result in expected]
    found = [fingerprint_of(call) for call in seen]
    if len({len(one[1]) for one in [*found, *right]}) > 1:
        return [], []
    bad = {leaf for _, leaf in _find_differences(found, right)}
    whole = expected[0]
    whole = tuple(whole) if isinstance(whole, tuple | list) else whole
    names = [name for name, _ in named_leaves(whole)]
    apart: tuple[list[str], list[str]] = ([], [])
    for leaf, name in enumerate(names):
        apart[leaf in bad].append(name)
    return apart


def _of_two(
    fingerprints: list[Any], mistakes: Sequence[Mistake], right: list[Any]
) -> str:
    """What is told of the one pair that explains all wrong outputs."""
    wrong = _find_differences(fingerprints, right)
    parts = []
    for mistake in mistakes:
        spoilt = _find_differences(mistake.fingerprints, right)
        if (
            spoilt
            and spoilt < wrong
            and all(
                is_same_fingerprint(
                    fingerprints[k][1][leaf],
                    mistake.fingerprints[k][1][leaf],
                )
                for k, leaf in spoilt
            )
        ):
            parts.append((spoilt, mistake.says))
    told = [
        f"{first}{AND_ANOTHER}{second}"
        for (a, first), (b, second) in itertools.combinations(parts, 2)
        if not a & b and a | b == wrong
    ]
    return told[0] if len(told) == 1 else ""


def _find_differences(
    fingerprints: list[Any], right: list[Any]
) -> set[tuple[int, int]]:
    """Input and output of what differs; none where there is no array."""
    found = set()
    for k, (seen, due) in enumerate(zip(fingerprints, right, strict=True)):
        changed, leaves = seen if len(seen) == 2 else (["an error"], [])
        if changed or len(leaves) != len(due[1]):
            return set()
        found |= {
            (k, leaf)
            for leaf, (a, b) in enumerate(zip(leaves, due[1], strict=True))
            if not is_same_fingerprint(a, b)
        }
    return found


def encoded(tree: Any) -> Any:
    """A result as JSON; `stored` reads it back."""
    if isinstance(tree, tuple | list):
        fields = list(getattr(tree, "_fields", ()))
        return {"fields": fields, "parts": [encoded(t) for t in tree]}
    tree = unboxed(tree)
    if tree is None or isinstance(tree, bool | int | str):
        return tree
    values = to_numpy(tree)
    if values.dtype.kind == "f":
        values = values.round(STORED_DIGITS) + 0.0  # no minus zero
        if not np.isfinite(values).all():
            values = values.astype(str)  # JSON has no number inf or nan
            return {"array": values.tolist(), "kind": "f"}
    return {"array": values.tolist(), "kind": values.dtype.kind}


def without_shapes(
    fingerprints: list[Any], results: list[Any]
) -> list[Any]:
    """Wrong results' fingerprints, of which a right shape is not said.

    An array's three numbers stay where it has the shape of the right result
    in that place; `with_shapes` brings it back.
    """

    def shorten(leaf: Any, shape: list[int]) -> Any:
        is_right = isinstance(leaf, list) and leaf[:2] == ["array", shape]
        return leaf[2:] if is_right else leaf

    return _map_leaves(shorten, fingerprints, results)


def with_shapes(fingerprints: list[Any], results: list[Any]) -> list[Any]:
    """Fingerprints as they were before `without_shapes`."""

    def complete(leaf: Any, shape: list[int]) -> Any:
        is_short = isinstance(leaf, list) and len(leaf) == 3
        return ["array", shape, *leaf] if is_short else leaf

    return _map_leaves(complete, fingerprints, results)


def _map_leaves(
    change: Callable[[Any, list[int]], Any],
    fingerprints: list[Any],
    results: list[Any],
) -> list[Any]:
    """Fingerprints whose leaves are changed, each with the right shape.

    An error has none, nor has what is not as many leaves as the result.
    """
    found = []
    for one, result in zip(fingerprints, results, strict=True):
        shapes = [list(np.shape(leaf)) for _, leaf in named_leaves(result)]
        if one[0] == "raises" or len(one[1]) != len(shapes):
            found.append(one)
        else:
            leaves = zip(one[1], shapes, strict=True)
            found.append([one[0], [change(*pair) for pair in leaves]])
    return found


def decoded(tree: Any) -> Any:
    """What was written as plain data, as arrays again."""
    if not isinstance(tree, dict):
        return tree
    if "array" in tree:
        kinds = {"f": float, "b": bool}
        return np.asarray(tree["array"], dtype=kinds.get(tree["kind"], int))
    parts = [decoded(t) for t in tree["parts"]]
    if tree["fields"]:
        return namedtuple("Result", tree["fields"])(*parts)
    return tuple(parts)


def _without_errors(fingerprints: list[Any]) -> list[Any]:
    """Sketches in which all errors look alike."""
    return [["raises"] if s[0] == "raises" else s for s in fingerprints]


def _leaf_fingerprint(leaf: Any) -> Any:
    leaf = unboxed(leaf)
    numeric = is_array(leaf) or isinstance(leaf, float)
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
