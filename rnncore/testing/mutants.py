"""The mutant hunt: wrong versions of a function, told apart by probes."""

import base64
import hashlib
import importlib
import inspect
import json
import math
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rnncore.backend import named_leaves, to_numpy, tree_map
from rnncore.storage.files import CHECKS
from rnncore.testing import checks
from rnncore.testing.checks import observe
from rnncore.testing.checks_file import read_checks
from rnncore.testing.compare import NOTHING, compare, differs
from rnncore.testing.fingerprints import Seen
from rnncore.testing.values import is_array, kind_of, unboxed

MOST_NUMBERS, LARGEST = 10_000, 1_000  # in a probe's arrays; a whole one


def black_boxes(
    task: str, path: str | Path = CHECKS
) -> dict[str, Callable]:
    """The wrong versions of a printed function, for the mutant hunt.

    Raises FileNotFoundError, which says what to do, without the file.
    """
    entry = read_checks(path)["boxes"][task]
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
        raise differs("kind", "probes", "a list of tuples", kind_of(probes))
    unsteady: set[int] = set()  # probes that gave two answers
    ready = [
        _called_here(k, probe, unsteady)
        for k, probe in enumerate(probes, 1)
    ]
    answers = [
        _answer_of(right, k, probe) for k, probe in enumerate(ready, 1)
    ]
    opened = {  # the probes that open each box
        name: _find_unlike(box, ready, answers)
        for name, box in boxes.items()
    }
    for k in sorted({*unsteady, *_find_unlike(right, ready, answers)}):
        raise AssertionError(
            f"probe {k}: the right function gives another answer each "
            "time: no probe may depend on chance or on earlier calls"
        )
    count = sum(map(bool, opened.values()))
    bonus = float(count == len(boxes) and len(probes) <= few)
    for name, by in opened.items():
        verdict = f"told apart by probe {by[0]}" if by else "NOT told apart"
        print(f"{name}: {verdict}")
    print(
        f"{count} of {len(boxes)} boxes with {len(probes)} "
        f"probe{'s' * (len(probes) > 1)} (the last point is for all of "
        f"them with at most {few})"
    )
    return round((points - 1) * count / len(boxes) + bonus, 2)


def _check_size(k: int, probe: Any) -> None:
    """Raise AssertionError where probe number k is none, or too large."""
    __tracebackhide__ = True
    if not isinstance(probe, tuple):
        raise differs(
            "kind", f"probe {k}", "a tuple of arguments", kind_of(probe)
        )
    leaves = [x for _, x in named_leaves(probe) if not callable(x)]
    sizes = [math.prod(np.shape(leaf)) for leaf in leaves]
    if sum(s for s in sizes if s > 1) > MOST_NUMBERS:
        raise AssertionError(f"probe {k}: over {MOST_NUMBERS:,} numbers")
    for whole in map(unboxed, leaves):
        if isinstance(whole, int) and abs(whole) > LARGEST:
            raise AssertionError(
                f"probe {k}: expected whole numbers up to {LARGEST:,}, "
                f"got {float(whole):.3g}"
            )


def _answer_of(right: Callable, k: int, probe: tuple) -> Seen:
    """What the right function makes of probe number k.

    Raises AssertionError where it refuses it.
    """
    __tracebackhide__ = True
    answer = _answer(right, probe)
    if isinstance(answer.error, TypeError) and not _fits(right, probe):
        names = ", ".join(inspect.signature(right).parameters)
        raise AssertionError(
            f"probe {k}: expected ({names}), got a tuple of {len(probe)}"
        )
    if answer.error:
        raise AssertionError(
            f"probe {k}: the right function refuses it: {answer.error}"
        )
    if not _alike(answer, answer):
        raise AssertionError(
            f"probe {k}: the right function's answer holds NaN, which "
            "is equal to nothing, not even to itself"
        )
    return answer


def _fits(function: Callable, probe: tuple) -> bool:
    """Whether a function can be called with as many arguments."""
    try:
        inspect.signature(function).bind(*probe)
    except TypeError:
        return False
    return True


def _find_unlike(
    function: Callable, probes: Sequence[tuple], answers: Sequence[Seen]
) -> list[int]:
    """The numbers of the probes that a function answers otherwise."""
    return [
        k
        for k, (probe, answer) in enumerate(
            zip(probes, answers, strict=True), start=1
        )
        if not _alike(answer, _answer(function, probe))
    ]


def _called_here(k: int, probe: Any, unsteady: set[int]) -> tuple:
    """Probe number k with its functions as ones of this process.

    What such a function changes in the arrays that it gets is changed in
    them. It is one table of arguments and answers over the whole hunt: a
    second answer to the same arguments puts k into `unsteady`.

    Raises AssertionError where the probe is none, or too large.
    """
    __tracebackhide__ = True
    _check_size(k, probe)

    def wrap(part: Any) -> Any:
        return _as_table(part, k, unsteady) if callable(part) else part

    return tree_map(wrap, probe)


def _as_table(part: Callable, k: int, unsteady: set[int]) -> Callable:
    table: dict[bytes, bytes] = {}

    def function(*args: Any) -> Any:
        asked = _digest(args)
        given = {str(n): arg for n, arg in enumerate(args)}
        lent = checks.lend(given)
        result, error = None, None
        try:
            result = part(*lent.values())
        except Exception as raised:  # noqa: BLE001 - it is an answer too
            error = raised
        said = _digest((result, repr(error), list(lent.values())))
        if asked and table.setdefault(asked, said) != said:
            unsteady.add(k)
        if error:
            raise error
        for (_, mine), (_, now) in zip(
            named_leaves(given), named_leaves(lent), strict=True
        ):
            if isinstance(mine, np.ndarray) and mine.flags.writeable:
                mine[...] = now
        return result

    return function


def _digest(tree: Any) -> bytes:
    """A short sum of a tree of data; none if it holds another thing."""
    try:
        return hashlib.sha256(repr(_to_plain(tree)).encode()).digest()
    except TypeError:
        return b""


def _to_plain(tree: Any) -> Any:
    """A tree as texts, numbers and bytes. Raises TypeError."""
    if is_array(tree):
        a = np.asarray(to_numpy(tree))
        return str(a.dtype), a.shape, a.tobytes()
    if isinstance(tree, tuple | list):
        return type(tree).__name__, [_to_plain(part) for part in tree]
    if isinstance(tree, dict):
        return type(tree).__name__, [
            _to_plain(part) for part in tree.items()
        ]
    if isinstance(tree, bool | int | float | complex | str | bytes | None):
        return type(tree).__name__, tree
    raise TypeError(f"expected data, got {type(tree).__name__}")


def encode_edit(was: str, now: str) -> str:
    """An edit as text that is not read by accident."""
    both = json.dumps([was, now]).encode()
    return base64.b64encode(zlib.compress(both, 9)).decode()


def _open(edit: str) -> list[str]:
    return json.loads(zlib.decompress(base64.b64decode(edit)))


def _answer(function: Callable, probe: tuple) -> Seen:
    args = {str(k): part for k, part in enumerate(probe)}
    with np.errstate(all="ignore"):
        seen = observe(function, args)
    if _no_memory(seen.error):  # a box is not told apart by its size
        raise AssertionError(
            "a probe makes a function take too much memory"
        )
    return seen


def _no_memory(error: Exception | None) -> bool:
    """Whether NumPy, Python or torch got no memory."""
    of_torch = isinstance(error, RuntimeError) and "memory" in str(error)
    return of_torch or isinstance(error, MemoryError)


def _alike(a: Seen, b: Seen) -> bool:
    if b.error or a.changed != b.changed:
        return False
    try:
        compare(["result"], a.result, b.result, None, NOTHING)
    except AssertionError:
        return False
    return True
