"""A cell over a whole sequence, forward and backward, on all cores."""

import sys
from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import is_torch_array

from rnncore.backend import (
    Array,
    check_backward,
    check_layer,
    check_like_state,
    check_shape,
    check_state,
    from_numpy,
    to_numpy,
)
from rnncore.fused.autodiff import Derived
from rnncore.fused.emit import BLOCK
from rnncore.fused.loop_cache import Loops
from rnncore.fused.source_text import derived
from rnncore.fused.target import panel_width
from rnncore.fused.thread_pool import in_parts
from rnncore.rnn import Params, State

ROWS = 24  # of the input, steps times sequences, that share its weights


class Memory:
    """A tensor's memory for NumPy, which reads `__array_interface__`.

    torch's own `Tensor.numpy` pins the memory for good: it could no longer
    be freed and filled again, as that of weights which several processes
    share. A view lasts as long as the call that made it.
    """

    def __init__(self, tensor: Any):
        self.tensor = tensor.detach().resolve_neg()
        kind = np.dtype(str(tensor.dtype).removeprefix("torch."))
        steps = self.tensor.stride()
        self.__array_interface__ = {
            "version": 3,
            "typestr": kind.str,
            "shape": tuple(self.tensor.shape),
            "strides": tuple(kind.itemsize * n for n in steps),
            "data": (self.tensor.data_ptr(), False),
        }


def view(a: Array) -> np.ndarray:
    """Any backend's array as a NumPy array; one of a CPU is not copied."""
    here = is_torch_array(a) and a.device.type == "cpu"
    return np.asarray(Memory(a)) if here else to_numpy(a)


class Packed:
    """A layer's weights as the loops read them, laid out when asked for.

    A module makes one at each call, which costs 1 to 9 % of a training
    step. Kept between calls it would need to know of every change: torch
    counts changes in place (`_version`), but not those through `.data`,
    and weights of before would be used in silence.
    """

    def __init__(self, cell: Callable, params: Params):
        self.cell, self.params = derived(cell), params
        dtype = view(params.W_x[:0]).dtype.name
        self.loops = loops_of(cell, dtype)

    @cached_property
    def forward(self) -> tuple[np.ndarray, ...]:
        """W_x, W_h and one row of biases."""
        return _packed_forward(self.cell, self.params, self.loops)

    @cached_property
    def backward(self) -> list[np.ndarray]:
        """W_x and W_h the other way round."""
        return _packed_backward(self.cell, self.params, self.loops)


class Tape(NamedTuple):
    """What the backward loop needs to know of the forward loop."""

    x: np.ndarray
    state: State  # before the first step, in the caller's library
    steps: list[np.ndarray]  # each part of the state, before and after all
    kept: np.ndarray  # what the cell kept, (T, B, n, H)
    like: Array


def unroll(
    cell: Callable,
    params: Params,
    x: Array,
    state: State,
    keep: bool = True,
    packed: "Packed | None" = None,
) -> tuple[Array, State, Tape | None]:
    """Run a cell over a sequence, as `rnncore.rnn.unroll` does.

    Without `keep` there is no tape, and memory for one step's gates.

    Shapes: x (T, B, D); state ((B, H), ...)
        -> y (T, B, H); state ((B, H), ...); tape

    Raises ValueError where a shape, dtype or device does not fit, or
    where torch would take the result to be differentiable.
    """
    made = derived(cell)
    _check(made, params, x, state)
    _refuse_graph(*params, x, *state)
    T, B, D = x.shape
    H = state[0].shape[1]
    dtype = view(x[:0]).dtype
    loops = loops_of(cell, dtype.name)
    x_ = _to_contiguous(x)
    steps, strides = [], []
    for k, part in enumerate(state):
        all_steps = k == 0 or (keep and k not in made.held)
        held = np.empty((T + 1 if all_steps else 1, B, H), dtype)
        held[0] = view(part)
        steps.append(held)
        strides.append(B * H if all_steps else 0)
    n = len(made.kept)
    kept = np.empty((T if keep else 1, B, n, H), dtype)
    q_t = B * n * H if keep else 0
    packed = _packed(cell, params, packed)
    W_x, W_h, bias = packed.forward
    P = bias.size // len(made.slots)
    flat = [
        v
        for s, k in zip(steps, strides, strict=True)
        for v in (_flat(s), k)
    ]

    def run(lo: int, hi: int) -> None:
        some = _count_steps(T, hi - lo)
        loops.forward(
            T,
            B,
            D,
            H,
            lo,
            hi,
            _flat(x_),
            W_x,
            W_h,
            bias,
            some,
            np.empty(some * (hi - lo) * D, dtype),
            np.empty(some * (hi - lo) * bias.size, dtype),
            _flat(kept),
            q_t,
            *flat,
        )

    in_parts(run, B, 2.0 * T * B * made.cell.gates * P * (D + H))
    last = tuple(from_numpy(s[-1].copy(), x) for s in steps)
    y = from_numpy(steps[0][1:], x)
    return y, last, Tape(x_, state, steps, kept, x) if keep else None


def bptt(
    cell: Callable,
    params: Params,
    tape: Tape,
    d_y: Array,
    d_state: State,
    d_x: bool = True,
    spend: bool = False,
    packed: "Packed | None" = None,
) -> tuple[Params, Array | None, State]:
    """Backpropagation through time, as `rnncore.bptt.bptt` does.

    With `spend` the gradients of the gates take the place of what the
    tape keeps, which is then of no more use.

    Shapes: d_y (T, B, H); d_state ((B, H), ...)
        -> d_params; d_x (T, B, D); d_state ((B, H), ...)

    Raises ValueError where a shape, dtype or device does not fit the tape.
    """
    made = derived(cell)
    _check(made, params, tape.like, tape.state)
    _check_tape(made, tape)
    check_backward(tape.state, tape.x.shape[0], d_y, d_state)
    _refuse_graph(d_y, *d_state)
    x, steps, kept = _to_contiguous(tape.x), tape.steps, tape.kept
    T, B, D = x.shape
    H, G = steps[0].shape[2], made.cell.gates
    loops = loops_of(cell, x.dtype.name)
    slots = len(made.slots)
    d = kept
    if not spend or kept.shape[2] < slots:
        d = np.empty((T, B, slots, H), x.dtype)
    packed = _packed(cell, params, packed)
    W_x, W_h = packed.backward
    d_first = [np.array(view(s), x.dtype, order="C") for s in d_state]
    d_x_ = np.empty(x.shape if d_x else (0,), x.dtype)
    d_y_ = _to_contiguous(d_y)
    P, P_x = _round_up(H, loops.lanes), _round_up(D, loops.lanes)
    parts = []
    for s, d_s in zip(steps, d_first, strict=True):
        parts += [_flat(s), B * H if len(s) > 1 else 0, _flat(d_s)]

    def run(lo: int, hi: int) -> None:
        d_h = np.zeros((hi - lo, P), x.dtype)
        d_h[:, :H] = d_first[0][lo:hi]
        some = _count_steps(T, hi - lo)
        rows = some * (hi - lo) if d_x else 0
        loops.backward(
            T,
            B,
            D,
            H,
            lo,
            hi,
            _flat(d_y_),
            _flat(kept),
            _flat(d),
            d.shape[2],
            W_h,
            W_x,
            _flat(d_h),
            some,
            np.empty(rows * G * H, x.dtype),
            np.zeros((rows + 1) * P_x, x.dtype),
            P_x if d_x else 0,
            _flat(d_x_),
            *parts,
        )

    in_parts(run, B, 2.0 * T * B * G * H * (D + H))
    d_params = weight_gradients(made, loops, x, steps[0], d)
    d_params = Params(*(from_numpy(w, tape.like) for w in d_params))
    d_state = tuple(from_numpy(s, tape.like) for s in d_first)
    return d_params, from_numpy(d_x_, tape.like) if d_x else None, d_state


def weight_gradients(
    cell: Derived, loops: Loops, x: np.ndarray, h: np.ndarray, d: np.ndarray
) -> Params:
    """The gradients of the weights from those of the gates, d.

    x is (T, B, D), h (T + 1, B, H) and d (T, B, slots, H).
    """
    (T, B, D), dtype = x.shape, x.dtype
    G, H = cell.cell.gates, h.shape[2]
    nap, K, lanes = len(cell.cell.apart), T * B, loops.lanes
    rows = d.shape[2] * H
    wide = [_round_up(n, lanes) for n in (D, H)]
    out_x, out_h = (np.zeros((rows, w), dtype) for w in wide)
    sums = np.zeros(rows, dtype)
    both = [(nap, G, D, H)]  # slots from, to; columns of x, of h
    parts = [(0, nap, D, 0), *both, (G, G + nap, 0, H)] if nap else both

    def run(lo: int, hi: int) -> None:
        most = max(end - start for start, end, *_ in parts) * (hi - lo)
        block = np.empty(BLOCK * most + lanes, dtype)
        panel = np.empty(BLOCK * panel_width() * lanes, dtype)
        for start, end, *columns in parts:
            n = end - start
            loops.outer(
                start * H + n * lo,
                start * H + n * hi,
                K,
                *columns,
                _flat(x),
                _flat(h),
                _flat(d),
                rows,
                block,
                panel,
                sums,
                _flat(out_x),
                wide[0],
                _flat(out_h),
                wide[1],
            )

    in_parts(run, H, 2.0 * K * G * H * (D + H))
    found = []
    for out, M, of_h in ((out_x, D, False), (out_h, H, True)):
        start = nap * H if of_h else 0
        order = np.argsort(_order(cell, of_h))
        for a in (out[start:, :M], sums[start:, None]):
            gates = a[: G * H].reshape(G, H, -1)[order]
            found.append(gates.reshape(G * H, -1))
    d_W_x, d_b_x, d_W_h, d_b_h = found
    return Params(d_W_x, d_W_h, d_b_x[:, 0], d_b_h[:, 0])


def _order(cell: Derived, of_h: bool = False) -> list[int]:
    """The gates in the order of the slots that a product fills."""
    shared = [int(s[1:]) for s in cell.cell.shared]
    apart = cell.cell.apart
    return [*shared, *apart] if of_h else [*apart, *shared]


def _packed_forward(cell: Derived, params: Params, loops: Loops):
    """Weights as the forward loop reads them, and one row of biases."""
    G, H = cell.cell.gates, params.W_h.shape[1]
    P, nap = _round_up(H, loops.lanes), len(cell.cell.apart)
    packed = []
    for W, of_h in ((params.W_x, False), (params.W_h, True)):
        rows = _in_slots(cell, W, H, of_h)
        packed.append(pack(loops, rows.transpose(2, 0, 1)))
    bias = np.zeros((len(cell.slots), P), packed[0].dtype)
    bias[:G, :H] += _in_slots(cell, params.b_x, H)[..., 0]
    bias[nap:, :H] += _in_slots(cell, params.b_h, H, True)[..., 0]
    return *packed, bias.reshape(-1)


def _packed_backward(cell: Derived, params: Params, loops: Loops):
    """Weights as the backward loop reads them."""
    H = params.W_h.shape[1]
    return [
        pack(loops, _in_slots(cell, W, H, of_h).reshape(len(W), 1, -1))
        for W, of_h in ((params.W_x, False), (params.W_h, True))
    ]


def _in_slots(cell: Derived, W: Array, H: int, of_h: bool = False):
    """Weights or biases, each gate's H rows in the place of its slot."""
    order = _order(cell, of_h)
    gates = _to_contiguous(W).reshape(len(order), H, -1)
    return gates if order == sorted(order) else gates[order]


def pack(loops: Loops, W: np.ndarray) -> np.ndarray:
    """Weights (K, G, H), panel after panel, each gate in whole registers.

    They lie in memory as (K, G, H), or as (G, H, K).
    """
    K, G, H = W.shape
    P = _round_up(H, loops.lanes)
    out = np.empty(K * G * P, W.dtype)
    k, j = (1, K) if W.strides[0] == W.itemsize else (G * H, 1)
    whole = W.transpose(1, 2, 0) if k == 1 else W
    loops.pack(K, G, H, P, k, j, _flat(whole), out)
    return out


@lru_cache(maxsize=64)
def loops_of(cell: Callable, dtype: str) -> Loops:
    """The compiled loops of a cell."""
    return Loops(derived(cell), dtype)


def _check(cell: Derived, params: Params, x: Array, state: State) -> None:
    check_layer(params)
    check_shape("x", x, "T", "B", params.W_x.shape[1])
    check_state(params, x, state)
    H, G = params.W_h.shape[1], cell.cell.gates
    check_shape("W_h", params.W_h, G * H, H)
    check_like_state("state", state, (state[0],) * len(cell.d_after))
    if str(x.dtype).rpartition(".")[2] not in {"float32", "float64"}:
        raise ValueError(f"x: expected float32 or float64, got {x.dtype}")


def _check_tape(cell: Derived, tape: Tape) -> None:
    """Raise ValueError where another cell's tape is too small."""
    expected, got = len(cell.kept), tape.kept.shape[2]
    if got != expected:
        raise ValueError(
            f"tape: expected one of {cell.cell.name}, which keeps "
            f"{expected} value(s) per unit, got {got}"
        )


def _packed(cell: Callable, params: Params, given: Packed | None) -> Packed:
    """The weights as the loops read them, laid out here unless given.

    Raises ValueError where they are those of another cell or layer.
    """
    if given is None:
        return Packed(cell, params)
    expected, got = (
        (made.slots, *(w.shape for w in weights), weights.W_x.dtype)
        for made, weights in (
            (derived(cell), params),
            (given.cell, given.params),
        )
    )
    if expected != got:
        raise ValueError(
            f"packed: expected weights of {cell.__name__}, "
            f"W_x {expected[1]} and W_h {expected[2]} of {expected[-1]}; "
            f"got those of {given.cell.cell.name}, "
            f"W_x {got[1]} and W_h {got[2]} of {got[-1]}"
        )
    return given


def _refuse_graph(*arrays: Array) -> None:
    """Raise ValueError where torch would have to record the loop."""
    asked = any(getattr(a, "requires_grad", False) for a in arrays)
    if asked and sys.modules["torch"].is_grad_enabled():
        raise ValueError(
            "requires_grad: expected False, got True: torch does not see "
            "these loops; rnncore.nn.Cell is a module of any cell"
        )


def _to_contiguous(a: Array) -> np.ndarray:
    """An array as the loops take it; most are, and are not copied."""
    return np.require(view(a), requirements=["C", "A", "W"])


def _flat(a: np.ndarray) -> np.ndarray:
    return a.reshape(-1)


def _count_steps(T: int, sequences: int) -> int:
    """How many steps' inputs go into one product."""
    return min(T, -(-ROWS // sequences)) if sequences else 1


def _round_up(n: int, lanes: int) -> int:
    """n rounded up to whole registers."""
    return -(-n // lanes) * lanes
