"""The loops as one node of torch's graph."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from rnncore.bptt import bptt as printed_bptt
from rnncore.fused.loop import Packed, Tape, bptt, unroll, view
from rnncore.fused.source_text import pair
from rnncore.rnn import Params, State
from rnncore.rnn import unroll as printed_unroll


def transformed() -> bool:
    """Whether torch.func, torch.jit.trace or a dual level is looking on."""
    active = torch._C._are_functorch_transforms_active()
    dual = torch.autograd.forward_ad._current_level >= 0
    return active or dual or torch.jit.is_tracing()


def refuse_batched(*upstream: Tensor) -> None:
    """Raise RuntimeError where torch asks for many gradients at once."""
    if any(map(torch._C._functorch.is_legacy_batchedtensor, upstream)):
        raise RuntimeError(
            "is_grads_batched: expected False, got True: rnncore.nn has "
            "batches of gradients by torch.func alone (vmap, vjp)"
        )


def takes(*tensors: Tensor) -> bool:
    """Whether the loops can run on these: plain floats on a CPU."""
    hidden = torch.compiler.is_compiling() or transformed()
    return not hidden and all(
        type(a) in {Tensor, torch.nn.Parameter}
        and a.device.type == "cpu"
        and a.dtype in {torch.float32, torch.float64}
        for a in tensors
    )


def run(
    cell: Callable, packed: Packed, x: Tensor, *rest: Tensor
) -> tuple[Tensor, ...]:
    """From x, four weights and the first state to y and the last.

    Without gradients nothing is kept for a way back.
    """
    if torch.is_grad_enabled() and any(a.requires_grad for a in (x, *rest)):
        return Fused.apply(cell, packed, x, *rest)
    params, state = Params(*rest[:4]), rest[4:]
    y, last, _ = unroll(cell, params, x, state, keep=False, packed=packed)
    return y, *last


def differentiable_bptt(
    cell: Callable,
    params: Params,
    x: Tensor,
    state: State,
    d_y: Tensor,
    d_state: State,
) -> tuple[Tensor, ...]:
    """Gradients of x, the weights and the first state, with their graph.

    The printed loops, forward again and backward, in operations that
    torch records: the price of `create_graph=True`.
    """
    forward, vjp = pair(cell)
    with torch.autocast(d_y.device.type, enabled=False):  # as forward
        _, _, tape = printed_unroll(forward, params, x, state)
        given = params, tape, d_y, d_state
        d_params, d_x, d_first = printed_bptt(vjp, *given)
    return d_x, *d_params, *d_first


class Fused(torch.autograd.Function):
    """`unroll` forward, `bptt` backward."""

    @staticmethod
    def forward(ctx: Any, cell: Callable, packed: Packed, x, *rest):
        """From x, four weights and the first state to y and the last."""
        params, state = Params(*rest[:4]), rest[4:]
        y, last, tape = unroll(cell, params, x, state, packed=packed)
        assert tape is not None
        own = [torch.from_numpy(a) for a in (*tape.steps, tape.kept)]
        ctx.save_for_backward(x, *rest, *own)
        ctx.cell, ctx.packed, ctx.spent = cell, packed, False
        # y has the memory of steps[0]; this has its version, but no graph
        ctx.y, ctx.version = y.detach(), y._version
        return y, *last

    @staticmethod
    def backward(ctx: Any, d_y: Tensor, *d_state: Tensor):
        """One gradient for each argument of forward, None for the cell."""
        refuse_batched(d_y, *d_state)
        x, *rest = ctx.saved_tensors
        n = len(d_state)
        params, state, own = (
            Params(*rest[:4]),
            rest[4 : 4 + n],
            rest[4 + n :],
        )
        if torch.is_grad_enabled():  # create_graph
            given = params, x, tuple(state), d_y, d_state
            return None, None, *differentiable_bptt(ctx.cell, *given)
        changed = not ctx.spent and ctx.y._version != ctx.version
        if ctx.spent or changed:  # a second time, or y was changed in place
            _, _, tape = unroll(
                ctx.cell, params, x, tuple(state), packed=ctx.packed
            )
        else:
            arrays = [a.numpy() for a in own]
            tape = Tape(
                view(x.contiguous()),
                tuple(state),
                arrays[:-1],
                arrays[-1],
                x,
            )
        ctx.spent, ctx.y = True, None
        ctx.packed.__dict__.pop("forward", None)  # made again if needed
        assert tape is not None
        d_params, d_x, d_first = bptt(
            ctx.cell,
            params,
            tape,
            d_y,
            d_state,
            d_x=ctx.needs_input_grad[2],
            spend=True,
            packed=ctx.packed,
        )
        return None, None, d_x, *d_params, *d_first
