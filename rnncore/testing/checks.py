"""A learner's function: what it gives, and what it must not do."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from rnncore.backend import named_leaves, to_numpy, tree_map
from rnncore.testing.changes import find_changes, keep_structure
from rnncore.testing.compare import GUESS, INF, NAN, compare, differs
from rnncore.testing.failure import (
    CheckFailure,
    Failure,
    text_of,
    translated,
)
from rnncore.testing.fingerprints import (
    Mistake,
    Seen,
    Stored,
    outputs_apart,
    recognised,
)
from rnncore.testing.properties import Properties
from rnncore.testing.slips import recognised_slip
from rnncore.testing.values import (
    copy_arrays,
    first,
    in_float32,
    is_array,
    like_of,
    name_of,
    path_of,
    place_of,
    shapes,
    shifted,
)

NO_NAME = (
    "None of the mistakes that we know gives this. Begin with the task's "
    "first hint."
)
NOTHING_CAME = Failure(  # of a test that takes the result apart
    about="kind",
    expected="a result",
    got="nothing",
    why="Is a `return` missing, or one of the results?",
)


def check(
    candidate: Callable,
    reference: Callable | Stored,
    inputs: Sequence[dict[str, Any]],
    mistakes: Sequence[Mistake] = (),
    outputs: str = "the result",
    by: Properties | None = None,
    words: Mapping[int, str] | None = None,
) -> None:
    """Compare a function with the reference on each input.

    An input maps the arguments' names to their values, in order; outputs
    names the results: "d_a_x, d_a_h, d_state"; words say what a number in
    an array of whole numbers stands for: {0: "HOLD", 1: "SILENCE"}.
    Checked are the kind and number of results, shapes, dtypes, devices
    and values, and that no argument was changed in place. Where points
    are split by property, an answer may lose one of them here and go on;
    its values must be right on the inputs of the first one's dtype whose
    axes are longer than one.

    Raises AssertionError naming the output, the index and both numbers,
    and the mistake, where it is a known one. An exception that the
    candidate raises passes through.
    """
    __tracebackhide__ = True
    if isinstance(reference, Stored):
        results, mistakes = reference.results, reference.mistakes
    else:
        results = [
            reference(*copy_arrays(args).values()) for args in inputs
        ]
    name = called = name_of(candidate)
    at_least = 0.0
    if isinstance(reference, Stored):
        name = reference.task or called  # the candidate may be a wrapper
        at_least = reference.wrong_by
    seen = []
    for args in inputs:
        seen.append(observe(candidate, args))
        if isinstance(seen[-1].error, NotImplementedError):
            raise NotImplementedError(f"{name} is not written yet")
    told = mistakes and isinstance(reference, Stored)
    may_be_none = any(expected is None for expected in results)
    ways = _ways(inputs, by)
    if by:
        by.met |= _find_properties(inputs, results, ways, outputs)
    for k in sorted(range(len(inputs)), key=lambda k: len(ways[k])):
        args, expected, call = inputs[k], results[k], seen[k]
        for lost, found in _problems(
            name, expected, call, args, outputs, at_least, words
        ):
            if name != called and _unpacks_none(candidate, call.error):
                found = NOTHING_CAME._replace(what=name, function=name)
            how = "called" if name == called else "checked"
            found = found._replace(
                call=f"{how} with {shapes(args)}",
                mistake=recognised(seen, mistakes, k, results),
            )
            if isinstance(reference, Stored) and not found.mistake:
                slip = _slip_of(seen, reference)
                found = found._replace(mistake=slip)
            if found.mistake and found.why == GUESS:
                found = found._replace(why="")  # it is known, not guessed
            if told and not found.mistake and found.about == "value":
                apart = outputs_apart(seen, results)
                found = found._replace(why=_no_name(found, outputs, apart))
            nothing = call.result is None and not call.error
            if nothing and not found.mistake and not may_be_none:
                found = found._replace(why="Is a `return` missing?")
            costs = _property(by, lost, ways[k])
            if by is None or costs == "values":
                raise CheckFailure(found) from call.error
            by.lose(costs, found)
    if by and isinstance(reference, Stored):
        _try_float32(candidate, name, inputs, results, outputs, by)


def _try_float32(
    candidate: Callable,
    name: str,
    inputs: Sequence[dict[str, Any]],
    results: Sequence[Any],
    outputs: str,
    by: Properties,
) -> None:
    """Lose the points for dtypes where a visible input is not kept float32.

    Stored results are those of float64 alone. So where the points for
    dtypes are an answer's to lose, its first input whose axes are longer
    than one comes again in float32, unless the test has one of its own.
    """
    ways = _ways(inputs, by)
    if "dtype" not in by.of or any("dtype" in way for way in ways):
        return
    k = ways.index(())
    args = tree_map(in_float32, inputs[k])
    like = like_of(args)
    if like is None or place_of(like) == place_of(like_of(inputs[k])):
        return
    by.met.add("dtype")
    call = observe(candidate, args)
    for lost, found in _problems(
        name, results[k], call, args, outputs, 1.0, None
    ):
        if lost == "dtype" or call.error:
            by.lose(
                "dtype", found._replace(call=f"called with {shapes(args)}")
            )
            return


def _slip_of(seen: Sequence[Seen], right: Stored) -> str:
    """The slip that explains all results, if any."""
    if any(call.error or call.changed for call in seen):
        return ""
    results = [call.result for call in seen]
    return recognised_slip(results, right.results, right.slips)


def _no_name(
    found: Failure, outputs: str, apart: tuple[list[str], list[str]]
) -> str:
    """What is told where no known mistake explains a wrong number.

    Two at once are likely: then it helps to know which results are right.
    """
    names = _names(outputs)
    right, wrong = (
        list(dict.fromkeys(_output_of(leaf, names) for leaf in leaves))
        for leaves in apart
    )
    right = [name for name in right if name not in wrong]
    lines = [found.why] if found.why else []
    if right and wrong:
        lines.append(
            f"Right on these inputs: {', '.join(right)}. "
            f"Wrong: {', '.join(wrong)}."
        )
    if not found.why.startswith((NAN, INF, GUESS)):  # one is enough there
        lines.append(NO_NAME)
    return "\n".join(lines)


def _output_of(leaf: str, names: list[str]) -> str:
    """The result that a leaf's path, such as 0.1, belongs to."""
    first = leaf.partition(".")[0]
    several = len(names) > 1 and first.isdigit() and int(first) < len(names)
    return names[int(first)] if several else ", ".join(names)


def observe(candidate: Callable, args: dict[str, Any]) -> Seen:
    """Call the candidate on a copy: what it gave, and did to the copy."""
    given = lend(args)
    kept = keep_structure(given)
    result, error = None, None
    try:
        result = candidate(*given.values())
    except Exception as raised:  # noqa: BLE001 - whatever a learner raises
        error = raised
    found = list(find_changes(args, kept))
    how = found[0].how if found else ""
    return Seen(result, [change.path for change in found], error, how)


def lend(args: dict[str, Any]) -> dict[str, Any]:
    """A copy of the arguments that a candidate may change.

    A grader whose candidate runs in another process brings back the
    changes of what was lent, and of nothing else.
    """
    return copy_arrays(args)


def assert_refuses(
    candidate: Callable, args: dict[str, Any], why: str, begins: str = ""
) -> None:
    """A call that makes no sense has to raise a ValueError.

    `why` says what is wrong with the arguments, `begins` how the message
    has to begin. Raises AssertionError naming what the call did instead.
    """
    __tracebackhide__ = True
    error = observe(candidate, args).error
    if isinstance(error, ValueError) and text_of(error).startswith(begins):
        return
    message = f" whose message begins with {begins!r}" if begins else ""
    name = name_of(candidate)
    raise differs(
        "refusal",
        f"{name}, {why}",
        f"a ValueError{message}",
        f"{type(error).__name__}: {text_of(error)}"
        if error
        else "a result",
        function=name,
        call=f"called with {shapes(args)}",
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
    before = first(candidate(*copy_arrays(args).values()))
    for t in range(1, steps):
        moved = copy_arrays(args)
        moved[changes] = shifted(moved[changes], np.s_[t:, ...])
        after = first(candidate(*moved.values()))
        differs = np.abs(after[:t] - before[:t]) > 0
        if differs.any():
            early = int(np.argwhere(differs)[0][0])
            raise CheckFailure(
                Failure(
                    why="a later input must not reach an earlier output",
                    got=f"step {early} of the result changes when "
                    f"{changes} changes from step {t} on",
                )
            )


def check_independent(
    candidate: Callable,
    args: dict[str, Any],
    changes: dict[str, int],
    axis: int = 1,
) -> None:
    """One sequence of a batch must not reach another's result.

    `changes` maps an argument to its batch axis; `axis` is that of the
    first (or only) result. Raises AssertionError naming both sequences, and
    ValueError where an axis is not the batch's.
    """
    __tracebackhide__ = True
    before = first(candidate(*copy_arrays(args).values()))
    sizes = {
        f"{name}'s axis {at}": np.shape(leaf)[at]
        for name, at in changes.items()
        for _, leaf in named_leaves(args[name])
    }
    sizes[f"the result's axis {axis}"] = np.shape(before)[axis]
    if len(set(sizes.values())) > 1:
        found = ", ".join(f"{what} has {n}" for what, n in sizes.items())
        raise ValueError(f"batch axes: expected one size, but {found}")
    last = before.shape[axis] - 1
    moved = copy_arrays(args)
    for name, batch_axis in changes.items():
        here: Any = (slice(None),) * batch_axis + (last, ...)
        moved[name] = tree_map(
            lambda a, here=here: shifted(a, here), moved[name]
        )
    after = first(candidate(*moved.values()))
    differs = np.moveaxis(np.abs(after - before) > 0, axis, 0)[:last]
    if differs.any():
        other = int(np.argwhere(differs)[0][0])
        raise CheckFailure(
            Failure(
                why="the sequences of a batch are independent",
                got=f"the result of sequence {other} changes when only "
                f"sequence {last} does",
            )
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


def _ways(
    inputs: Sequence[dict[str, Any]], by: Properties | None
) -> list[tuple[str, ...]]:
    """For each input the properties that it tries, beside the values."""
    likes = [like_of(args) for args in inputs]
    places = ["" if like is None else place_of(like) for like in likes]
    found = [
        ("sizes",) * small + ("dtype",) * (place != places[0])
        for small, place in zip(
            _find_broadcast(inputs), places, strict=True
        )
    ]
    if by is None or () not in found:
        return [()] * len(inputs)
    return found


def _find_properties(
    inputs: Sequence[dict[str, Any]],
    results: Sequence[Any],
    ways: list[tuple[str, ...]],
    outputs: str,
) -> set[str]:
    """The properties that a check looks at."""
    found = {*_kinds(_names(outputs)), *(w for some in ways for w in some)}
    made = [a for r in results for _, a in named_leaves(r)]
    if not any(np.ndim(to_numpy(a)) for a in made if is_array(a)):
        found -= {"dtype"}  # a number has none
    given = [a for args in inputs for a in args.values()]
    if any(isinstance(a, dict | list) for a in given) or any(
        is_array(leaf) for _, leaf in named_leaves(given)
    ):
        found.add("arguments")
    return found


def _find_broadcast(inputs: Sequence[dict[str, Any]]) -> list[bool]:
    """For each input, whether an axis of one is longer in others."""
    axes = [
        {
            (name, axis): size
            for name, leaf in named_leaves(args)
            for axis, size in enumerate(getattr(leaf, "shape", ()))
        }
        for args in inputs
    ]
    longer = {key for sizes in axes for key in sizes if sizes[key] > 1}
    return [
        any(sizes[key] < 2 for key in sizes if key in longer)
        for sizes in axes
    ]


def _property(
    by: Properties | None, lost: str, ways: tuple[str, ...]
) -> str:
    """The property that a problem costs, by what its input tries."""
    if by is None:
        return "values"
    if lost in by.of and lost != "values":
        return lost
    if lost in ("dtype", "arguments"):
        return "values"
    costs = [way for way in ways if way in by.of]
    already = [name for name in costs if name in by.lost]
    return (already or costs or ["values"])[0]


def _problems(
    name: str,
    expected: Any,
    call: Seen,
    args: dict[str, Any],
    outputs: str,
    at_least: float,
    words: Mapping[int, str] | None,
) -> Iterator[tuple[str, Failure]]:
    """What is wrong with one call: the property, and the record."""
    if isinstance(call.error, CheckFailure):  # found by the candidate
        yield "values", call.error.failure._replace(function=name)
        return
    if call.error:
        text = text_of(call.error)
        lines = [line.strip() for line in text.split("\n")]
        yield (
            "values",
            Failure(
                kind=type(call.error).__name__,
                about="error",
                what=name,
                got=" ".join([*lines[:3], *["..."] * (len(lines) > 3)]),
                why=translated(text),
                function=name,
            ),
        )
        return
    changed = path_of(call.changed[0]) if call.changed else ""
    done = call.how.format(f"its argument {changed}")
    names = _names(outputs)
    like = like_of(args)
    for kind, some, want, got in _split_results(
        names, expected, call.result
    ):
        for found in _find_differences(
            some, want, got, like, at_least, words
        ):
            nearly = found.why.startswith(GUESS)
            lost = "dtype" if nearly or found.about == "dtype" else kind
            yield (
                lost,
                found._replace(function=name, changed=changed, done=done),
            )
    if changed:
        yield (
            "arguments",
            Failure(
                about="argument",
                what=name,
                function=name,
                changed=changed,
                done=done,
            ),
        )


def _unpacks_none(wrapper: Callable, error: Exception | None) -> bool:
    """Whether a test's own function took None for a result to unpack."""
    if not isinstance(error, TypeError) or "NoneType" not in text_of(error):
        return False
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    code = getattr(wrapper, "__code__", None)
    return bool(trace and trace.tb_frame.f_code is code)


def _names(outputs: str) -> list[str]:
    """The names of the results, one by one."""
    return [part.strip() for part in outputs.split(",")]


def _kinds(names: list[str]) -> list[str]:
    """What each result is; gradients alone are the values."""
    kinds = [
        "gradients" if name.startswith("d_") else "values" for name in names
    ]
    return kinds if "values" in kinds else ["values"] * len(kinds)


def _split_results(
    names: list[str], expected: Any, actual: Any
) -> Iterator[tuple[str, list[str], Any, Any]]:
    """The results; where there are both, gradients after the others."""
    several = isinstance(actual, tuple | list) and len(actual) == len(names)
    kinds = _kinds(names)
    if not several or "gradients" not in kinds:
        yield "values", names, expected, actual
        return
    for k in sorted(
        range(len(names)), key=lambda k: kinds[k] == "gradients"
    ):
        yield kinds[k], [names[k]], expected[k], actual[k]


def _find_differences(
    names: list[str],
    expected: Any,
    actual: Any,
    like: Any,
    at_least: float,
    words: Mapping[int, str] | None,
) -> Iterator[Failure]:
    """Where results differ: in their dtype first, then in the rest."""
    trees = names, expected, actual, like, at_least
    for dtypes in (True, False):
        try:
            compare(*trees, dtypes=dtypes, words=words)
            return
        except CheckFailure as error:
            found = error.failure
        yield found
        if found.about != "dtype":
            return
