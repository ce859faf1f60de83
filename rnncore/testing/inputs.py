"""The inputs on which a hidden test compares a function."""

import gc
import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from rnncore.testing.checks import hidden_rng, mover

DTYPES = ("float64", "float32")


def hidden_inputs(
    make: Callable[..., dict[str, Any]],
    sizes: Iterable[tuple],
    *places: str,
    rng: np.random.Generator | None = None,
) -> list[dict[str, Any]]:
    """Inputs `make(rng, *size)`, of both float types, at each place.

    `make` returns the arguments by name, as NumPy arrays; every input is
    drawn by itself. A place is "numpy" or a device of torch. Without a
    generator, the grader may choose the seed, as in `hidden_rng`.
    """
    rng = hidden_rng() if rng is None else rng
    return [
        mover(place)(make(rng, *size), dtype)
        for size in sizes
        for dtype in DTYPES
        for place in places
    ]


def count_lines(function: Callable, args: dict[str, Any]) -> int:
    """How many lines of Python a call runs: a loop runs its own each time.

    What NumPy or torch does in one call is one line, however large its
    arrays are. So the count tells how often a function does something, at
    any speed of the machine. The learner's functions are counted where
    they run.
    """
    return beside(run_counted, function, *args.values())


def list_called(function: Callable, args: dict[str, Any]) -> list[str]:
    """What a call calls: `torch.autograd.grad`, say, or `slow_loop`.

    A function of a notebook has its own name alone. What is written in C
    is not told.
    """
    return beside(run_listed, function, *args.values())


def beside(helper: Callable, function: Callable, *args: Any) -> Any:
    """Let a helper of this package call a function, where that runs.

    A grader whose learner's functions run in another process sends the
    helper's name there; what comes back is data, and no more to be
    believed than what the function gives.
    """
    return helper(function, *args)


def run_counted(function: Callable, *args: Any) -> int:
    """Call a function; how many lines of Python it ran."""
    count = 0

    def trace(_frame: Any, event: str, _arg: Any) -> Any:
        nonlocal count
        count += event in ("call", "line")
        return trace

    _run_traced(trace, function, args)
    return count


def run_listed(function: Callable, *args: Any) -> list[str]:
    """Call a function; what functions of Python it ran, each once."""
    found: dict[str, None] = {}

    def trace(frame: Any, _event: str, _arg: Any) -> None:
        module = frame.f_globals.get("__name__", "__main__")
        name = frame.f_code.co_name
        package = str(module).partition(".")[0]
        known = package in ("rnncore", "torch", "numpy")
        found[f"{module}.{name}" if known else name] = None

    _run_traced(trace, function, args)
    return list(found)


def _run_traced(trace: Any, function: Callable, args: Any) -> None:
    """Call a function under a tracer, and put the one before back.

    What waits to be collected runs no line of its own meanwhile.
    """
    before, collects = sys.gettrace(), gc.isenabled()
    gc.disable()
    sys.settrace(trace)
    try:
        function(*args)
    finally:
        sys.settrace(before)
        if collects:
            gc.enable()
