"""An autograd graph that runs on in a learner's process.

What a learner's function computed there is one node here. Its backward is
asked of the learner's process, so the gradients that a test sees are the
learner's; that there was a graph at all is its helper's word.
"""

from __future__ import annotations

from typing import Any

import torch

from grader.isolation.serialization import WireError


class Joined(torch.autograd.Function):
    """The node: its forward has been computed already."""

    @staticmethod
    def forward(
        ctx: Any, link: Any, number: int, raw: dict, anchor: Any, *inputs: Any
    ) -> Any:
        ctx.link, ctx.number, ctx.inputs = link, number, inputs
        ctx.places = sorted(raw)
        ctx.set_materialize_grads(False)
        return tuple(raw[place] for place in ctx.places)

    @staticmethod
    def backward(ctx: Any, *d_outputs: Any) -> Any:
        grads: list[Any] = [None] * (max(ctx.places) + 1)
        for place, d_output in zip(ctx.places, d_outputs, strict=True):
            grads[place] = d_output
        if torch.is_grad_enabled():
            given = [*ctx.inputs, *(d for d in grads if d is not None)]
            found = ctx.link.differentiate(ctx.number, grads, given)
        else:
            task = torch._C._autograd
            retain = task._get_current_graph_task_keep_graph()
            found = ctx.link.do("backward", ctx.number, grads, retain)
        if not isinstance(found, list | tuple):
            raise WireError("expected a list of gradients")
        if len(found) != len(ctx.inputs):
            raise WireError("expected one gradient for each input")
        return None, None, None, None, *found


def join(
    link: Any, number: int, raw: dict[int, Any], inputs: list[Any]
) -> dict[int, Any]:
    """The tensors `raw` as the outputs of one node, by their numbers."""
    if not raw:
        return {}
    anchor = torch.zeros((), requires_grad=True)
    with torch.enable_grad():
        made = Joined.apply(link, number, raw, anchor, *inputs)
    return dict(zip(sorted(raw), made, strict=True))
