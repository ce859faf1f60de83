"""What a build keeps of slips, and of which of them a kind is told.

A learner's numbers are all that is known of the edit behind them. Two edits that
give the same on the visible inputs look alike, and what is told of one is told of
the other. So a kind is kept only where it is true of all that look alike: each is
of this kind itself, or gives what an edit of this kind gives on the hidden inputs
too. Where there is none, the learner reads what differs, and no kind.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from grader.assignments.calling.calls import Call, is_same_mistake
from grader.assignments.calling.running import Endless, limited
from grader.assignments.known_mistakes import Mistake
from rnncore.backend import array_namespace, named_leaves, to_numpy
from rnncore.testing.fingerprints import Seen
from rnncore.testing.slips import (
    EPSILON,
    NOT_WRONG,
    SAME_SLIP,
    SOME,
    is_same_sketch,
    sketch_errors,
)
from rnncore.testing.values import is_array

HIDDEN_SECONDS = 20.0  # of computing: a slip on all inputs
TWICE_AS_FAR = 2 * SAME_SLIP  # an answer's numbers may lie between two edits'


class Sketched(NamedTuple):
    """A slip, and how far the visible results are off with it."""

    slip: Mistake
    sketch: list[float]


def sketch_slips(
    slips: Iterator[Mistake],
    right: list[Any],
    known: list[list[float]],
    call: Callable[[str], list[Seen]],
    call_nudged: Callable[[str], list[Seen]],
    call_all: Callable[[str], list[list[Call]]],
) -> dict[str, list[list[float]]]:
    """By the kind, the sketches of slips that are no known mistake's.

    None where results are words alone, such as "right" and "wrong": many edits
    are told in the same words; nor of a slip whose results rounding decides.
    `call` makes a solution's calls on the visible inputs, `call_nudged` on what
    `nudge` makes of them, `call_all` on the visible and the hidden ones.
    """
    kept: dict[str, list[list[float]]] = {}
    if all(map(_is_word, (leaf for _, leaf in named_leaves(right)))):
        return kept
    each = [*_sketch_each(slips, right, call)]
    small = [one.sketch for one in each if one.slip.says == EPSILON]
    shown = [
        one
        for one in each
        if one.slip.says != EPSILON and _is_steady(one, right, call_nudged)
    ]

    @cache
    def calls_of(source: str) -> list[list[Call]]:
        try:
            with limited(HIDDEN_SECONDS):
                return call_all(source)
        except Endless:
            return []

    for one in shown:
        if any(is_same_sketch(one.sketch, other) for other in known):
            continue
        alike = [o.slip for o in shown if _look_alike(one, o)]
        if kind := _find_true_kind(alike, calls_of):
            mine = kept.setdefault(kind, [])
            if not any(is_same_sketch(one.sketch, other) for other in mine):
                mine.append(one.sketch)
    return kept | ({EPSILON: small} if small else {})


def _is_word(leaf: Any) -> bool:
    """Whether an output is a text without a number."""
    return isinstance(leaf, str) and not any(map(str.isdigit, leaf))


def _sketch_each(
    slips: Iterator[Mistake], right: list[Any], call: Callable[[str], list[Seen]]
) -> Iterator[Sketched]:
    """The slips that the visible inputs show by numbers alone."""
    for slip in slips:
        try:
            with limited():
                calls = call(slip.now)
            if any(one.error or one.changed for one in calls):
                continue  # the message of these says what it is
            enough = SOME if slip.says == EPSILON else NOT_WRONG
            sketch = sketch_errors([one.result for one in calls], right, enough)
        except (Exception, Endless):  # noqa: BLE001, S112 - a slip that cannot run shows itself
            continue
        if sketch:
            yield Sketched(slip, sketch)


def _is_steady(
    one: Sketched, right: list[Any], call: Callable[[str], list[Seen]]
) -> bool:
    """Whether rounding leaves a slip's results as they are.

    The logarithm of what is zero but for rounding is another one on each
    processor: nobody's numbers are known by it.
    """
    again = [*_sketch_each(iter([one.slip]), right, call)]
    return bool(again) and is_same_sketch(one.sketch, again[0].sketch)


def nudge(leaf: Any) -> Any:
    """An input whose floats, but for whole ones, differ in their last digits."""
    if not is_array(leaf) or (values := to_numpy(leaf)).dtype.kind != "f":
        return leaf
    off = np.where(values == values.round(), 0, 8 * np.finfo(values.dtype).eps)
    return leaf * array_namespace(leaf).asarray((1 + off).astype(values.dtype))


def _look_alike(a: Sketched, b: Sketched) -> bool:
    return is_same_sketch(a.sketch, b.sketch, TWICE_AS_FAR)


def _find_true_kind(
    alike: Sequence[Mistake], calls_of: Callable[[str], list[list[Call]]]
) -> str:
    """The first kind that is true of all these slips; "" if there is none."""

    def is_true(kind: str, slip: Mistake) -> bool:
        if slip.says == kind:
            return True
        mine = calls_of(slip.now)
        edits = [calls_of(other.now) for other in alike if other.says == kind]
        return bool(mine) and any(its and is_same_mistake(mine, its) for its in edits)

    kinds = dict.fromkeys(slip.says for slip in alike)
    return next((k for k in kinds if all(is_true(k, s) for s in alike)), "")
