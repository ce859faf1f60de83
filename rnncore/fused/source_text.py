"""A traced cell as functions that one can print, read and call."""

from collections.abc import Callable
from functools import lru_cache

from rnncore.backend import check_parts
from rnncore.fused import emit, functions
from rnncore.fused.autodiff import Derived, derive
from rnncore.fused.trace import trace
from rnncore.lstm import gates


@lru_cache(maxsize=64)
def derived(cell: Callable) -> Derived:
    """A cell with its vjp, worked out once."""
    return derive(trace(cell))


@lru_cache(maxsize=64)
def pair(cell: Callable) -> tuple[Callable, Callable]:
    """The cell and its vjp for `rnncore.rnn.unroll` and `bptt`.

    Raises ValueError naming the line where the function is no cell.
    """
    made = derived(cell)
    names = dict(vars(functions), gates=gates, check_parts=check_parts)
    exec(emit.cell_source(made) + emit.vjp_source(made), names)  # noqa: S102
    name = made.cell.name
    found = names[f"{name}_cell"], names[f"{name}_vjp"]
    found[1].equation = cell  # what `equation_of` gives back
    return found


def equation_of(cell_vjp: Callable) -> Callable | None:
    """The cell that `pair` made a vjp of; None for any other function."""
    return getattr(cell_vjp, "equation", None)


def vjp_source(cell: Callable) -> str:
    """The derived way back through one step, to be read.

    Raises ValueError naming the line where the function is no cell.
    """
    return emit.vjp_source(derived(cell))


def loop_source(cell: Callable) -> str:
    """The two loops that numba compiles.

    Raises ValueError naming the line where the function is no cell.
    """
    return emit.loop_source(derived(cell))
