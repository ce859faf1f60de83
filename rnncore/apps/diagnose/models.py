"""Calls of models: the outermost modules that hold a recurrent layer."""

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rnncore.apps.diagnose.layers import KEPT, Layers
from rnncore.apps.diagnose.look import Limit, find_line, find_tensors
from rnncore.apps.diagnose.record import LAYERS, ModelCall, Record, Weight

WAITING = 64  # calls of a model that wait for a gradient


class _Known(NamedTuple):
    """A module that was called."""

    module: torch.nn.Module
    recurrent: bool
    noisy: bool


class Models:
    """Notes what goes through a model, and which weights it has."""

    def __init__(self, record: Record, layers: Layers, limit: Limit):
        self.record, self.layers, self.limit = record, layers, limit
        self.depth = 0
        self.model: ModelCall | None = None
        self.waiting: deque[ModelCall] = deque(maxlen=WAITING)
        self.modules: dict[int, _Known] = {}
        self.names: dict[int, str] = {}
        self.seen = [0, 0]

    def call(self, original: Callable) -> Callable:
        """Note what goes through a model, and what comes out."""

        def run(module: torch.nn.Module, *given: Any, **named: Any) -> Any:
            if module._parameters and torch.is_grad_enabled():
                self._list_weights(module)
            outer = self.depth == 0 and self._find_out(module).recurrent
            if outer:
                self.limit.look()
            self.depth += outer
            try:
                if isinstance(module, LAYERS):
                    result = self.layers.call(original, module, given, named)
                else:
                    result = original(module, *given, **named)
            finally:
                self.depth -= outer
            if outer:
                self._keep_model(module, given, named, result)
            return result

        return run

    def _find_out(self, module: torch.nn.Module) -> _Known:
        if id(module) not in self.modules:
            held = any(isinstance(m, LAYERS) for m in module.modules())
            self.modules[id(module)] = _Known(module, held, has_dropout(module))
            for name, part in module.named_modules() if held else ():
                self.names.setdefault(id(part), name)
        return self.modules[id(module)]

    def _list_weights(self, module: torch.nn.Module) -> None:
        seen = self.record.weights
        own = module._parameters
        if all(p is None or id(p) in seen for p in own.values()):
            return
        name = self.names.get(id(module)) or type(module).__name__
        for key, p in own.items():
            if p is not None and p.requires_grad:
                suffix = key.partition("_l")[2] if isinstance(module, LAYERS) else ""
                seen.setdefault(
                    id(p),
                    Weight(
                        f"{name}.{key}", (id(module), suffix), module, p, find_line()
                    ),
                )

    def _keep_model(self, module: Any, given: Any, named: Any, result: Any) -> None:
        output = next(find_tensors(result), None)
        if output is None:
            return
        grad = torch.is_grad_enabled()
        keep = self.seen[grad] < KEPT
        call = ModelCall(
            module,
            tuple(_detach(v, keep) for v in given),
            {k: _detach(v, keep) for k, v in named.items()},
            output.detach(),
            module.training,
            find_line(),
            grad,
            loaded=self.layers.loaded,
            after=len(self.record.updates),
        )
        self.model = call
        noisy = self._find_out(module).noisy
        if noisy:
            self.waiting.append(call)
        if (noisy or keep) and output.requires_grad:
            output.register_hook(lambda _: setattr(call, "learnt", True))
        self.seen[grad] += 1
        if keep:
            self.record.models.append(call)

    def note_uses(self) -> None:
        """Which calls of the model were for use, in training mode."""
        uses = [c for c in self.waiting if c.after and c.training and not c.learnt]
        self.waiting.clear()
        if not uses:
            return
        self.record.used_intervals += any(c.grad for c in uses)
        kept = self.record.uses
        for use in uses:
            before = kept[-1] if kept else None
            self.record.repeats += (
                before is not None
                and before.after == use.after
                and _is_same(before, use)
            )
            kept.append(use)
            del kept[KEPT:-1]


def has_dropout(module: torch.nn.Module) -> bool:
    """Whether a module acts otherwise in training."""
    return any(
        getattr(m, "p", 0) > 0
        if isinstance(m, torch.nn.modules.dropout._DropoutNd)
        else getattr(m, "dropout", 0) and getattr(m, "num_layers", 0) > 1
        for m in module.modules()
    )


def _detach(value: Any, copied: bool) -> Any:
    if isinstance(value, Tensor):
        return value.detach().clone() if copied else value.detach()
    if type(value) in (tuple, list):
        return type(value)(_detach(v, copied) for v in value)
    return value


def _is_same(one: ModelCall, two: ModelCall) -> bool:
    a, b = list(find_tensors(one.given)), list(find_tensors(two.given))
    return len(a) == len(b) > 0 and all(
        k.shape == j.shape and k.equal(j) for k, j in zip(a, b, strict=True)
    )
