"""The networks as torch modules: the course's loop in torch's autograd.

They take the arguments and hold the weights of torch.nn's RNN, LSTM and
GRU, so that a state_dict moves between the two unchanged. On a CPU they
run the loops that `rnncore.fused` compiles, where numba is installed; on a
GPU the loop of torch.nn itself, cuDNN's.
"""

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, overload

try:
    import torch
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "rnncore.nn needs torch: python -m pip install torch",
        name=error.name,
    ) from error
from torch import Tensor
from torch.nn import GRU as TorchGRU  # bound once: ours may take its place
from torch.nn import LSTM as TorchLSTM
from torch.nn import RNN as TorchRNN
from torch.nn.functional import dropout
from torch.nn.utils.rnn import PackedSequence

from rnncore import fused
from rnncore.backend import check_alike, check_real, check_shape, tree_map
from rnncore.bptt import bptt
from rnncore.cells import CELLS
from rnncore.fused import cells as equations
from rnncore.fused.autograd import refuse_batched, takes, transformed
from rnncore.fused.autograd import run as run_fused
from rnncore.fused.loop import Packed
from rnncore.fused.source_text import derived, pair
from rnncore.rnn import Params, State, unroll

__all__ = ["GRU", "LSTM", "RNN", "Cell", "Recurrent"]

EQUATIONS: dict[str, Callable] = {  # by torch's name of the mode
    "RNN_TANH": equations.rnn,
    "RNN_RELU": equations.relu,
    "LSTM": equations.lstm,
    "GRU": equations.gru,
}
STEPS = 8  # fewer are faster in the printed loop
_OUTSIDE = (  # why torch.compile(fullgraph=True) refuses it
    "rnncore.nn runs its loop outside the graph, where it would be "
    "unrolled: expected fullgraph=False"
)
_TELLS = tuple(map(int, torch.__version__.split(".")[:2])) >= (2, 7)
Run = tuple[int, int]  # so many steps of so many sequences
Hidden = Tensor | tuple[Tensor, ...] | None  # hx: h, or (h, c), or zero
_Form = TypeVar("_Form")  # of hx: Tensor, or a pair of them for LSTM
_Device = torch.device | str | int | None
_Torchs = TypeVar("_Torchs", bound=torch.nn.RNNBase)


def __dir__() -> list[str]:
    return __all__


class InputError(ValueError, RuntimeError):
    """An input or a state that does not fit: torch raises either."""


class Loop(torch.autograd.Function):
    """`unroll` forward, `bptt` backward: one node of autograd's graph."""

    @staticmethod
    def forward(
        ctx: Any,
        cell: Callable,
        cell_vjp: Callable,
        x: Tensor,
        *rest: Tensor,
    ) -> tuple[Tensor, ...]:
        """From x, four weights and the first state to y and the last."""
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves: list[Tensor] = []
        ctx.form = tree_map(leaves.append, (params, tape))
        ctx.save_for_backward(*leaves)  # torch frees them after backward
        ctx.cell, ctx.cell_vjp = cell, cell_vjp
        return y, *state

    @staticmethod
    def backward(
        ctx: Any, d_y: Tensor, *d_state: Tensor
    ) -> tuple[Tensor | None, ...]:
        """One gradient for each argument of forward, None for the cells."""
        refuse_batched(d_y, *d_state)
        leaves = iter(ctx.saved_tensors)
        params, tape = tree_map(lambda _: next(leaves), ctx.form)
        with torch.autocast(d_y.device.type, enabled=False):  # as forward
            if torch.is_grad_enabled():  # create_graph: a tape with a graph
                _, _, tape = unroll(ctx.cell, params, tape.x, tape.state)
            d_params, d_x, d_state = bptt(
                ctx.cell_vjp, params, tape, d_y, d_state
            )
        return None, None, d_x, *d_params, *d_state


def one_direction(
    cells: tuple[Callable, Any],
    params: Params,
    x: Tensor,
    runs: list[Run],
    first: State,
    reverse: bool,
    loop: Callable = Loop.apply,
) -> tuple[Tensor, State]:
    """One layer, one direction, over sequences of different lengths.

    The longest sequence comes first, so that the batch of a step is the
    first rows of the batch before. Steps with equally many rows are a run
    and go through the loop together. Between runs sequences leave, or,
    in reverse, join.
    """
    sizes = [steps * B for steps, B in runs]
    xs = x.split(sizes) if len(runs) > 1 else [x]
    order = range(len(runs))
    state, left = tuple(s[:0] for s in first), []
    y = [x] * len(runs)
    for k in reversed(order) if reverse else order:
        steps, B = runs[k]
        rows = state[0].shape[0]
        left.append(tuple(s[B:] for s in state))
        both = zip(state, first, strict=True)
        state = tuple(torch.cat([s[:B], new[rows:B]]) for s, new in both)
        x_k = xs[k].unflatten(0, (steps, B))
        x_k = x_k.flip(0) if reverse else x_k
        y_k, *state = loop(*cells, x_k, *params, *state)
        y_k = y_k.flip(0) if reverse else y_k
        y[k] = y_k.flatten(0, 1)
    parts = zip(state, *reversed(left), strict=True)
    return _join(y), tuple(torch.cat(rows) for rows in parts)


class Recurrent(torch.nn.RNNBase, Generic[_Form]):
    """What the three share; torch's base class holds the weights.

    As in torch the input may also be (B, T, D) where batch_first, (T, D)
    for one sequence, or a PackedSequence, and y has its form. hx is zero
    where left out, for LSTM a pair (h, c); it has a row for each of L
    layers times N directions.

    Plain floats on a CPU go through the compiled loop where there are
    enough steps, and on a GPU torch's modes through torch.nn's own, cuDNN;
    where `fused` is False, as all else, through the printed.

    Shapes: input (T, B, D); hx (N*L, B, H) -> y (T, B, N*H); hx

    Raises ValueError where a shape, dtype or device does not fit, which is
    a RuntimeError as well: torch.nn raises now one, now the other.
    """

    fused = True
    in_torch = True  # whether torch.nn has this cell, too

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """Outputs of the last layer, and the last state of every layer."""
        if isinstance(input, torch.fx.Proxy):
            return _as_one_call(self, input, hx)
        if _is_compiling():  # one break in the graph, not T steps in it
            if _TELLS:  # where that is refused, by fullgraph=True
                torch._dynamo.graph_break(msg=_OUTSIDE)
            return torch.compiler.disable(self.run)(input, hx)
        return self.run(input, hx)

    if TYPE_CHECKING:  # what a call of `forward` returns

        @overload
        def __call__(
            self, input: Tensor, hx: _Form | None = None
        ) -> tuple[Tensor, _Form]: ...

        @overload
        def __call__(
            self, input: PackedSequence, hx: _Form | None = None
        ) -> tuple[PackedSequence, _Form]: ...

        def __call__(self, input: Any, hx: Any = None) -> Any: ...

    def run(
        self, input: Tensor | PackedSequence, hx: Hidden
    ) -> tuple[Any, Any]:
        """`forward`, step by step."""
        try:
            if isinstance(input, PackedSequence):
                return self.over_packed(input, hx)
            if input.dim() == 2:
                return self.over_one(input, hx)
            return self.over_batch(input, hx)
        except ValueError as error:
            if type(error) is not ValueError:
                raise
            told = InputError(*error.args)
            raise told.with_traceback(error.__traceback__) from None

    def over_batch(self, input: Tensor, hx: Hidden) -> tuple[Tensor, Any]:
        """Sequences of one length."""
        x = input.transpose(0, 1) if self.batch_first else input
        empty = x.dim() == 3 and not x.shape[1]
        rows: int | str = 0 if empty else "B"
        dims = (rows, "T") if self.batch_first else ("T", rows)
        check_shape("input", input, *dims, self.input_size)
        T, B, _ = x.shape
        state = self.first_state(hx, x, B)
        y, state = self.over_runs(x.flatten(0, 1), [(T, B)], state)
        y = y.unflatten(0, (T, B))
        y = y.transpose(0, 1) if self.batch_first else y
        return y, self.last_state(state)

    def over_one(self, x: Tensor, hx: Hidden) -> tuple[Tensor, Any]:
        """One sequence, without a batch."""
        check_shape("input", x, "T", self.input_size)
        state = self.first_state(hx, x)
        state = tuple(s[:, None] for s in state)
        y, state = self.over_runs(x, [(x.shape[0], 1)], state)
        return y, self.last_state(tuple(s[:, 0] for s in state))

    def over_packed(
        self, packed: PackedSequence, hx: Hidden
    ) -> tuple[PackedSequence, Any]:
        """Sequences of different lengths, as torch packs them."""
        x, sizes, order, order_back = packed
        check_shape("input.data", x, "N", self.input_size)
        B, steps = torch.unique_consecutive(sizes, return_counts=True)
        runs = list(zip(steps.tolist(), B.tolist(), strict=True))
        state = self.first_state(hx, x, runs[0][1])
        if order is not None:
            state = tuple(s[:, order] for s in state)
        y, state = self.over_runs(x, runs, state, ("GRU", "LSTM"))
        if order_back is not None:
            state = tuple(s[:, order_back] for s in state)
        return packed._replace(data=y), self.last_state(state)

    def over_runs(
        self,
        x: Tensor,
        runs: list[Run],
        state: State,
        keep: Sequence[str] = ("GRU",),
    ) -> tuple[Tensor, State]:
        """Layer by layer; dropout between them, not after the last.

        Under autocast on a CPU torch's modes in `keep` return the type of
        their first state.
        """
        if self.fused and self.in_torch and x.is_cuda and not transformed():
            return self.by_cudnn(x, runs, state)
        own = 4 if self.bias else 2  # the fifth or third is a projection
        params = [_weights(*w[:own]) for w in self.all_weights]
        given = state[0].dtype
        x, state, params = tree_map(_autocast, (x, state, params))
        parts = {f"hx[{k}]": s for k, s in enumerate(state)}
        check_alike("weight_ih_l0", params[0].W_x, input=x, **parts)
        check_real("weight_ih_l0", params[0].W_x)
        directions = 2 if self.bidirectional else 1
        if not x.shape[0]:
            width = directions * (self.proj_size or self.hidden_size)
            return _of_nothing(self, x, state, width)
        last = []
        for layer in range(0, len(params), directions):
            if layer:
                x = dropout(x, self.dropout, self.training)
            y = []
            for k in range(layer, layer + directions):
                first = tuple(s[k] for s in state)
                y_k, s_k = self.direction(k, params[k], x, runs, first)
                y.append(y_k)
                last.append(s_k)
            x = _join(y, -1)
        ends = [torch.stack(part) for part in zip(*last, strict=True)]
        if self.mode in keep and x.device.type == "cpu":
            x, ends = x.to(given), [s.to(given) for s in ends]
        return x, tuple(ends)

    def by_cudnn(
        self, x: Tensor, runs: list[Run], state: State
    ) -> tuple[Tensor, State]:
        """All layers in the one call that torch.nn makes on a GPU.

        cuDNN goes backward only after a forward of training, which with
        no dropout is also that of evaluation.
        """
        weights = [w for layer in self.all_weights for w in layer]
        w = _autocast(weights[0])
        parts = {f"hx[{k}]": _autocast(s) for k, s in enumerate(state)}
        check_alike("weight_ih_l0", w, input=_autocast(x), **parts)
        check_real("weight_ih_l0", w)
        if not x.shape[0]:
            width = self.proj_size or self.hidden_size
            width *= 1 + self.bidirectional
            return _of_nothing(self, x, state, width)
        loop = getattr(torch, self.mode.lower())  # torch.lstm, rnn_tanh
        state = tuple(s.contiguous() for s in state)
        first = state if self.mode == "LSTM" else state[0]
        T, B = runs[0]
        given: tuple[Any, ...]
        if len(runs) == 1:
            given = x.unflatten(0, (T, B)), first
        else:
            steps, rows = map(torch.tensor, zip(*runs, strict=True))
            given = x, rows.repeat_interleave(steps), first
        y, *last = loop(
            *given,
            weights,
            self.bias,
            self.num_layers,
            self.dropout if self.training else 0.0,
            self.training or torch.is_grad_enabled(),
            self.bidirectional,
            *([False] if len(runs) == 1 else []),  # batch_first
        )
        return y.flatten(0, 1) if len(runs) == 1 else y, tuple(last)

    def direction(
        self,
        k: int,
        params: Params,
        x: Tensor,
        runs: list[Run],
        first: State,
    ) -> tuple[Tensor, State]:
        """The k-th of the N*L: with two, every second one is in reverse."""
        reverse = self.bidirectional and k % 2 == 1
        many = sum(n for n, _ in runs) >= STEPS  # they pay for packing
        many &= 8 * x.shape[0] >= x.shape[1] + self.hidden_size
        fits = many and takes(x, *params, *first)
        rest = params, x, runs, first, reverse
        if self.fused and fits and _compiles():
            equation = self.equation()
            packed = equation, Packed(equation, params)
            return one_direction(packed, *rest, run_fused)
        cell, cell_vjp = self.cells()
        if not torch.is_grad_enabled():
            cell = _without_cache(cell)
        loop = _apart if transformed() else Loop.apply
        return one_direction((cell, cell_vjp), *rest, loop)

    def cells(self) -> tuple[Callable, Callable]:
        """The cell and its vjp, for the printed loop."""
        return CELLS[self.mode][:2]

    def equation(self) -> Callable:
        """The same cell as an equation, for the compiled loop."""
        return EQUATIONS[self.mode]

    def first_state(self, hx: Hidden, x: Tensor, *B: int) -> State:
        """hx as a tuple of (L, B, H), or (L, H) without a batch."""
        rows, H = (len(self._all_weights), *B), self.hidden_size
        shapes = [(*rows, self.proj_size or H)]
        if self.mode == "LSTM":
            shapes.append((*rows, H))
        if hx is None:
            return tuple(x.new_zeros(shape) for shape in shapes)
        if len(shapes) == 1:
            check_shape("hx", hx, *shapes[0])
            return (hx,)
        if not isinstance(hx, tuple | list) or len(hx) != 2:
            raise ValueError(
                f"hx: expected a pair (h, c), got {type(hx).__name__}"
            )
        for k, shape in enumerate(shapes):
            check_shape(f"hx[{k}]", hx[k], *shape)
        return tuple(hx)

    def last_state(self, state: State) -> Any:
        """The state in the form of hx: a pair for LSTM alone."""
        return state if self.mode == "LSTM" else state[0]

    def load_state_dict(
        self,
        state_dict: Mapping[str, Any],
        strict: bool = True,
        assign: bool = False,
    ) -> Any:
        """All weights or none: torch alone would keep those that fit."""
        before = [
            (module, name, w, None if assign else w.detach().clone())
            for module in self.modules()
            for own in (module._parameters, module._buffers)
            for name, w in own.items()
            if w is not None
        ]
        try:
            return super().load_state_dict(state_dict, strict, assign)
        except BaseException:
            for module, name, w, old in before:
                setattr(module, name, w)
                if old is not None:
                    w.data.copy_(old)
            raise

    @property
    def qconfig(self) -> None:
        """Quantization is not supported; torch.ao reads this."""
        raise AttributeError("qconfig")

    @qconfig.setter
    def qconfig(self, config: Any) -> None:
        """Raise NotImplementedError, or warn where it is None."""
        name = f"rnncore.nn.{type(self).__name__}"
        if config is not None:
            raise NotImplementedError(
                f"quantisation: expected torch.nn's modules, got {name}: "
                "to_torch() gives one with the same weights"
            )
        warnings.warn(
            f"quantisation: {name} stays as it is; to_torch() gives a "
            "module of torch.nn, which is quantised",
            stacklevel=2,
        )

    def __prepare_scriptable__(self) -> "Recurrent":
        raise NotImplementedError(
            "torch.jit.script: expected torch.nn's modules, got "
            f"rnncore.nn.{type(self).__name__}: torch.jit.trace takes it"
        )


class RNN(Recurrent[Tensor], TorchRNN):
    """The plain network, tanh or relu, as torch.nn.RNN; see `Recurrent`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: _Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        _refuse_projection(proj_size)
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            nonlinearity,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
            device,
            dtype,
        )

    def to_torch(self) -> TorchRNN:
        """torch.nn.RNN with a copy of the weights; see `LSTM.to_torch`."""
        kind = self.nonlinearity
        made = TorchRNN(**_options(self), nonlinearity=kind)
        return _with_weights_of(self, made)


class LSTM(Recurrent[tuple[Tensor, Tensor]], TorchLSTM):
    """The long short-term memory, as torch.nn.LSTM; see `Recurrent`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: _Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
            device,
            dtype,
        )

    def to_torch(self) -> TorchLSTM:
        """torch.nn.LSTM with a copy of the weights, for what needs it.

        torch exports its own module as one operation, for any number of
        steps, and quantises it. The copy has the type, the device and the
        mode (training or not) of this module, and its frozen weights are
        frozen.

        Raises ValueError where another parameter stands for a weight, as
        `torch.nn.utils.weight_norm` makes it.
        """
        options = _options(self) | {"proj_size": self.proj_size}
        return _with_weights_of(self, TorchLSTM(**options))

    def direction(
        self,
        k: int,
        params: Params,
        x: Tensor,
        runs: list[Run],
        first: State,
    ) -> tuple[Tensor, State]:
        """As of every network, a projection W_r folded into W_h.

        The gates read W_h r_{t-1} with r = W_r h, which is (W_h W_r)
        h_{t-1}: a plain LSTM, whose outputs are projected at the end. An
        r_0 other than zero enters as an input of the first step.
        """
        if not self.proj_size:
            return super().direction(k, params, x, runs, first)
        W_r = _autocast(getattr(self, self._all_weights[k][-1]))
        r, c = first
        W_x, W_h, *biases = params
        if not takes(r) or r.requires_grad or r.any():
            at = _begins(runs, self.bidirectional and k % 2 == 1)
            zero, at = r.new_zeros(len(x), len(W_r)), at.to(x.device)
            x = torch.cat([x, zero.index_add(0, at, r)], -1)
            W_x = torch.cat([W_x, W_h], -1)
        params = Params(W_x, W_h @ W_r, *biases)
        state = torch.zeros_like(c), c
        y, (h, c) = super().direction(k, params, x, runs, state)
        return y @ W_r.T, (h @ W_r.T, c)


class GRU(Recurrent[Tensor], TorchGRU):
    """The gated recurrent unit, as torch.nn.GRU; see `Recurrent`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: _Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        _refuse_projection(proj_size)
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
            device,
            dtype,
        )

    def to_torch(self) -> TorchGRU:
        """torch.nn.GRU with a copy of the weights; see `LSTM.to_torch`."""
        return _with_weights_of(self, TorchGRU(**_options(self)))


class Cell(Recurrent[Any]):
    """A network of a cell that is written as an equation.

    The function is one of `rnncore.fused`; the options are torch's
    num_layers, bias, batch_first, dropout and bidirectional. hx holds
    the parts of its state: h alone as a tensor, several as a tuple. A
    part that the cell returns as it came is not in hx: it is a weight of
    each unit, `weight_NAME_l0`, and has to stand after the rest of the
    state. A part returned changed, or in another place, is state, not a
    weight: print(layer) shows which. Gate k, in the order in which `a` is
    taken apart, has rows k*H to (k+1)*H of weight_ih, weight_hh and both
    biases. All are drawn from +-1/sqrt(H). Arrays have the shapes that
    `rnncore.nn.Recurrent` names. A leaky unit::

        from rnncore.fused import sigmoid, tanh

        def leaky(a, h, rate):
            keep = sigmoid(rate)
            return keep * h + (1 - keep) * tanh(a), rate

        layer = Cell(leaky, 3, 4)
        with torch.no_grad():  # a start of one's own
            layer.weight_rate_l0.fill_(3.0)
        y, h = layer(torch.zeros(5, 2, 3))

    On a GPU its printed loop runs: no compiled one is for a GPU.

    Raises ValueError naming the line where the function is no cell.
    """

    in_torch = False

    def __init__(
        self,
        function: Callable,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: _Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        traced = derived(function)
        _refuse_projection(proj_size)
        torch.nn.RNNBase.__init__(
            self,
            "RNN_TANH",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
            device,
            dtype,
        )
        self.function = function
        names, self.gates = traced.cell.parts, traced.cell.gates
        self.kept = [names[k] for k in traced.held]
        self.parts = len(names) - len(self.kept)
        self.changed = names[: self.parts]
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
                own = f"weight_{name}{suffix}"
                if hasattr(self, own):
                    raise ValueError(
                        f"{function.__name__}: {name}: expected another "
                        f"name, torch has a weight {own}"
                    )
                self.register_parameter(
                    own, torch.nn.Parameter(w.new_empty(hidden_size))
                )
        self.reset_parameters()

    def to_torch(self) -> NoReturn:
        """Raise ValueError: torch.nn has no module of one's own cell."""
        raise ValueError(
            "to_torch: expected an RNN, LSTM or GRU of rnncore.nn, got a "
            f"Cell of {self.function.__name__}: torch.nn has no such module"
        )

    def extra_repr(self) -> str:
        """The cell's name, torch's text, and what it took for what."""
        return (
            f"{self.function.__name__}, {super().extra_repr()}, "
            f"state=({', '.join(self.changed)}), "
            f"weights=({', '.join(self.kept)}), gates={self.gates}"
        )

    def direction(
        self,
        k: int,
        params: Params,
        x: Tensor,
        runs: list[Run],
        first: State,
    ) -> tuple[Tensor, State]:
        """As of every network, with each unit's weights in the state."""
        given = (*first, *self.own_weights(k, runs[0][1]))
        y, last = super().direction(k, params, x, runs, given)
        return y, last[: len(first)]

    def cells(self) -> tuple[Callable, Callable]:
        """The cell and its derived vjp, for the printed loop."""
        return pair(self.function)

    def equation(self) -> Callable:
        """The cell, for the compiled loop."""
        return self.function

    def own_weights(self, k: int, B: int) -> State:
        """Each unit's weights in its state, for every sequence."""
        suffix = self._all_weights[k][0].removeprefix("weight_ih")
        return tuple(
            _autocast(getattr(self, f"weight_{name}{suffix}")).expand(B, -1)
            for name in self.kept
        )

    def first_state(self, hx: Hidden, x: Tensor, *B: int) -> State:
        """hx as a tuple of (L, B, H), or (L, H) without a batch."""
        shape = len(self._all_weights), *B, self.hidden_size
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


@cache
def _compiles() -> bool:
    """Whether numba is installed; where it is not, that is said once.

    Where RNNCORE_LOOPS is "off", as where learners' code is graded, the
    printed loops run and nothing is compiled.
    """
    if os.environ.get("RNNCORE_LOOPS") == "off":
        return False
    if not fused.available():
        warnings.warn(
            "rnncore.nn: numba is not installed, so the printed loops run, "
            "several times slower (python -m pip install numba filelock)",
            stacklevel=2,
        )
    return fused.available()


def _apart(
    cell: Callable, cell_vjp: Callable, x: Tensor, *rest: Tensor
) -> tuple[Tensor, ...]:
    """As `Loop`, a node for each operation, as torch.func needs them."""
    params, state = Params(*rest[:4]), rest[4:]
    y, state, _ = unroll(cell, params, x, state)
    return y, *state


def _refuse_projection(size: int) -> None:
    """Raise ValueError unless proj_size is 0."""
    if size:
        raise ValueError(
            f"proj_size: expected 0, got {size}: an LSTM alone has it"
        )


def _begins(runs: list[Run], reverse: bool) -> Tensor:
    """The row of each sequence's first step; in reverse, of its last."""
    if not reverse:
        return torch.arange(runs[0][1])
    found, end = [], sum(steps * B for steps, B in runs)
    left = 0  # so many sequences are longer than the run
    for steps, B in reversed(runs):
        found.append(torch.arange(end - B + left, end))
        end, left = end - steps * B, B
    return torch.cat(found)


def _options(module: Recurrent) -> dict[str, Any]:
    """The arguments that made a module, but for its nonlinearity."""
    like = module.all_weights[0][0]
    names = "input_size hidden_size num_layers bias batch_first dropout"
    options = {k: getattr(module, k) for k in names.split()}
    both = {"bidirectional": module.bidirectional}
    return options | both | {"device": like.device, "dtype": like.dtype}


def _with_weights_of(module: Recurrent, theirs: _Torchs) -> _Torchs:
    """torch's module with a copy of the weights, frozen as they are."""
    names = [name for layer in module._all_weights for name in layer]
    others = [name for name in module._parameters if name not in names]
    if others:
        raise ValueError(
            f"to_torch: expected the weights themselves, got {others[0]}; "
            "remove what computes a weight from it first"
        )
    for name in names:
        ours, copied = getattr(module, name), getattr(theirs, name)
        copied.data.copy_(ours.detach())
        copied.requires_grad_(ours.requires_grad)
    return theirs.train(module.training)


def _is_compiling() -> bool:
    """Whether torch.compile reads along; torch.export takes the steps."""
    exporting = getattr(torch.compiler, "is_exporting", bool)
    return torch.compiler.is_dynamo_compiling() and not exporting()


def _as_one_call(
    module: Recurrent, input: torch.fx.Proxy, hx: Any
) -> tuple[Any, Any]:
    """A call in the graph of torch.fx, as of one of torch.nn's modules."""
    tracer: Any = input.tracer
    if tracer.root is module:
        raise TypeError(
            "torch.fx: expected a module that holds a "
            f"rnncore.nn.{type(module).__name__}, got itself"
        )
    name = tracer.path_of_module(module)
    y: Any = tracer.create_proxy("call_module", name, (input, hx), {})
    return y[0], y[1]


def _of_nothing(
    module: Recurrent, x: Tensor, state: State, width: int
) -> tuple[Tensor, State]:
    """What an empty batch gives: no rows, whose gradients are zero."""
    every = (*module.parameters(), x, *state)
    zero = sum(a.sum() for a in every).to(x.dtype) * 0
    return x.new_zeros(0, width) + zero, tuple(s + zero for s in state)


def _join(parts: list[Tensor], dim: int = 0) -> Tensor:
    """torch.cat, without its copy where there is one part."""
    return torch.cat(parts, dim) if len(parts) > 1 else parts[0]


def _weights(W_x: Tensor, W_h: Tensor, *biases: Tensor) -> Params:
    """One layer's weights; without biases, zeros in their place."""
    zero = W_x.new_zeros(W_x.shape[0])
    return Params(W_x, W_h, *(biases or (zero, zero)))


def _autocast(a: Tensor) -> Tensor:
    """What torch's products do under autocast, done once for the loop."""
    kind = a.device.type
    if not (
        a.dtype in (torch.float32, torch.float16, torch.bfloat16)
        and torch.amp.is_autocast_available(kind)
        and torch.is_autocast_enabled(kind)
    ):
        return a
    return a.to(torch.get_autocast_dtype(kind))


def _without_cache(cell: Callable) -> Callable:
    """A cell whose tape stays empty, for when no gradient will be asked."""
    return lambda *given: (cell(*given)[0], None)
