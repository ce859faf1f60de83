"""The mutant hunt: wrong versions of a function, told apart by probes."""

import base64
import importlib
import inspect
import json
import math
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rnncore.backend import named_leaves
from rnncore.testing import checks
from rnncore.testing.checks import observe
from rnncore.testing.compare import NOTHING, compare, differs
from rnncore.testing.fingerprints import Seen
from rnncore.testing.values import kind_of


def black_boxes(
    task: str, path: str | Path = "checks.json"
) -> dict[str, Callable]:
    """The wrong versions of a printed function, for the mutant hunt."""
    entry = json.loads(Path(path).read_text("utf-8"))["boxes"][task]
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
    answers = [
        _answer_of(right, k, probe) for k, probe in enumerate(probes, 1)
    ]
    probes = [tuple(map(_called_here, probe)) for probe in probes]
    opened = {  # the probes that open each box
        name: _unlike(box, probes, answers) for name, box in boxes.items()
    }
    for k in _unlike(right, probes, answers):
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


def _answer_of(right: Callable, k: int, probe: Any) -> Seen:
    """What the right function makes of probe number k.

    Raises AssertionError where it is none, too large, or refused.
    """
    __tracebackhide__ = True
    if not isinstance(probe, tuple):
        raise differs(
            "kind", f"probe {k}", "a tuple of arguments", kind_of(probe)
        )
    leaves = [leaf for _, leaf in named_leaves(probe)]
    sizes = [
        math.prod(np.shape(leaf)) for leaf in leaves if not callable(leaf)
    ]
    if sum(s for s in sizes if s > 1) > 10_000:
        raise AssertionError(f"probe {k}: over 10,000 numbers")
    answer = _answer(right, tuple(map(_called_here, probe)))
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


def _unlike(
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


def _called_here(part: Any) -> Any:
    """A probe's function as one of this process, wherever it runs.

    What it changes in the arrays that it gets is changed in them.
    """
    if not callable(part):
        return part

    def function(*args: Any) -> Any:
        given = {str(k): arg for k, arg in enumerate(args)}
        lent = checks.lend(given)
        result = part(*lent.values())
        for (_, mine), (_, now) in zip(
            named_leaves(given), named_leaves(lent), strict=True
        ):
            if isinstance(mine, np.ndarray) and mine.flags.writeable:
                mine[...] = now
        return result

    return function


def encode_edit(was: str, now: str) -> str:
    """An edit as text that is not read by accident."""
    both = json.dumps([was, now]).encode()
    return base64.b64encode(zlib.compress(both, 9)).decode()


def _open(edit: str) -> list[str]:
    return json.loads(zlib.decompress(base64.b64decode(edit)))


def _answer(function: Callable, probe: tuple) -> Seen:
    args = {str(k): part for k, part in enumerate(probe)}
    with np.errstate(all="ignore"):
        return observe(function, args)


def _alike(a: Seen, b: Seen) -> bool:
    if b.error or a.changed != b.changed:
        return False
    try:
        compare(["result"], a.result, b.result, None, NOTHING)
    except AssertionError:
        return False
    return True
