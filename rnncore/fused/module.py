"""A torch module of any cell that is written as an equation."""

import functools
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from rnncore import fused
from rnncore.backend import check_shape
from rnncore.fused.printed import derived, pair
from rnncore.nn import (
    Hidden,
    Loop,
    Recurrent,
    Run,
    _apart,
    _transformed,
    _without_cache,
    one_direction,
)
from rnncore.rnn import Params, State


@functools.cache
def _compiled() -> Any:
    """`rnncore.fused.autograd`, or None, said once, without numba."""
    if fused.available():
        from rnncore.fused import autograd

        return autograd
    warnings.warn(
        "rnncore.fused: numba is not installed, so cells run in the "
        "printed loop, several times slower (pip install rnncore[fused])",
        stacklevel=2,
    )
    return None


class Cell(Recurrent):
    """A network of a cell that is written as an equation.

    The function is one of `rnncore.fused`. hx holds the parts of its
    state: h alone as a tensor, several as a tuple. A part that the cell
    returns as it came is a weight of each unit, `weight_NAME_l0`.
    Arrays have the shapes that `rnncore.nn.Recurrent` names.

    Raises ValueError naming the line where the function is no cell.
    """

    def __init__(
        self,
        function: Callable,
        input_size: int,
        hidden_size: int,
        *args: Any,
        **options: Any,
    ):
        traced = derived(function)
        torch.nn.RNNBase.__init__(
            self, "RNN_TANH", input_size, hidden_size, *args, **options
        )
        self.function = function
        names = traced.cell.parts
        self.kept = [names[k] for k in traced.held]
        self.parts = len(names) - len(self.kept)
        if traced.held != list(range(self.parts, len(names))):
            raise ValueError(
                f"{function.__name__}: expected its weights "
                f"({', '.join(self.kept)}) after the rest of its state"
            )
        for layer in self._all_weights:
            for name in layer:  # torch made one gate: as many as it has
                w = getattr(self, name)
                rows = traced.cell.gates * hidden_size, *w.shape[1:]
                setattr(self, name, torch.nn.Parameter(w.new_empty(rows)))
            suffix = layer[0].removeprefix("weight_ih")
            for name in self.kept:
                self.register_parameter(
                    f"weight_{name}{suffix}",
                    torch.nn.Parameter(w.new_empty(hidden_size)),
                )
        self.reset_parameters()

    def direction(
        self,
        k: int,
        params: Params,
        x: Tensor,
        runs: list[Run],
        first: State,
    ) -> tuple[Tensor, State]:
        """The compiled loop where it can run, elsewhere the printed one."""
        loops, f = _compiled(), self.function
        given = (*first, *self.own_weights(k, x.dtype, runs[0][1]))
        reverse = self.bidirectional and k % 2 == 1
        rest = params, x, runs, given, reverse
        if loops is not None and loops.takes(x, *params, *given):
            packed = loops.Packed(f, params)
            y, last = one_direction((f, packed), *rest, loop=loops.run)
        else:
            cell, cell_vjp = pair(f)
            if not torch.is_grad_enabled():
                cell = _without_cache(cell)
            loop = _apart if _transformed() else Loop.apply
            y, last = one_direction((cell, cell_vjp), *rest, loop=loop)
        return y, last[: len(first)]

    def own_weights(self, k: int, dtype: torch.dtype, B: int) -> State:
        """Each unit's weights in its state, for every sequence."""
        suffix = self._all_weights[k][0].removeprefix("weight_ih")
        return tuple(
            getattr(self, f"weight_{name}{suffix}").expand(B, -1).to(dtype)
            for name in self.kept
        )

    def first_state(self, hx: Hidden, x: Tensor, *B: int) -> State:
        """hx as a tuple of (L, B, H), or (L, H) without a batch."""
        shape = len(self.all_weights), *B, self.hidden_size
        if hx is None:
            return (x.new_zeros(shape),) * self.parts
        given = hx if isinstance(hx, tuple | list) else (hx,)
        if len(given) != self.parts:
            raise ValueError(
                f"hx: expected {self.parts} part(s), got {len(given)}"
            )
        for k, part in enumerate(given):
            check_shape(f"hx[{k}]", part, *shape)
        return tuple(given)

    def last_state(self, state: State) -> Any:
        """The state in the form of hx."""
        return state if self.parts > 1 else state[0]
