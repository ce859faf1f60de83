"""What a training does, recorded while it runs.

Inside `watch` each call of a recurrent layer, each call of a model that
holds one, each loss, each `backward` and each step of an optimizer
leaves a line. Nothing that the program computes is changed.
"""

import importlib
import inspect
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

KEPT = 4  # calls that are kept whole, of training and of evaluation
WINDOWS = 200_000  # pieces of training sequences that are remembered
LOSSES = (
    "cross_entropy",
    "nll_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "mse_loss",
    "l1_loss",
    "smooth_l1_loss",
    "huber_loss",
)
STEP = "rnncore step"  # in a graph's node: the step that made it


class Enough(BaseException):
    """Ends a script of which enough was seen."""


@dataclass
class LayerCall:
    """One call of a recurrent layer; x and y are (T, B, ...), y None
    where the sequences are packed.
    """

    layer: torch.nn.RNNBase
    x: Tensor
    y: Tensor | None
    state: tuple[Tensor, ...]
    last: tuple[Tensor, ...]
    training: bool
    weights: dict[str, Tensor]  # of the first layer, as they were
    d_x: Tensor | None = None
    d_y: Tensor | None = None
    d_last: Tensor | None = None
    loaded: int | None = None  # sequences in the loader's batch


@dataclass
class ModelCall:
    """One call of the outermost module that holds a recurrent layer."""

    module: torch.nn.Module
    given: tuple[Any, ...]
    named: dict[str, Any]
    output: Tensor
    training: bool
    learnt: bool = False  # a gradient came back
    loaded: int | None = None
    target: Tensor | None = None


@dataclass
class Update:
    """One step of an optimizer."""

    loss: float
    norm: float  # of the gradient, before it was clipped
    share: float  # length of the step over that of the weights
    promised: float  # what the slope says that the loss falls by
    rate: float
    training: bool  # whether the model was in training mode


@dataclass
class Record:
    """All that was seen."""

    layers: list[LayerCall] = field(default_factory=list)
    models: list[ModelCall] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    probabilities: dict[str, int] = field(default_factory=dict)
    loss_calls: int = 0
    clipped: bool = False
    seeded: bool = False
    shuffles: bool = False
    uncleared: int = 0
    backwards: int = 0
    carried: list[int] = field(default_factory=list)
    passed_on: int = 0  # calls that got the state of the call before
    jumps: list[float] = field(default_factory=list)
    windows: set[int] = field(default_factory=set)
    overlaps: list[bool] = field(default_factory=list)
    longest: int = 0
    untouched: int = 0  # recurrent calls in training without a state


class _Watch:
    """The functions in the place of torch's own."""

    def __init__(self, record: Record, seconds: float, stop: int | None):
        self.record = record
        self.until = time.monotonic() + seconds
        self.stop = stop
        self.depth = 0
        self.loaded: int | None = None
        self.stepped = False
        self.norm: float | None = None
        self.before: list[tuple[Tensor, Tensor]] = []
        self.model: ModelCall | None = None
        self.previous: dict[int, LayerCall] = {}
        self.models_seen = [0, 0]
        self.layers_seen = 0

    # modules

    def call(self, original: Callable) -> Callable:
        """Note what goes through a model, and what comes out."""

        def run(module: torch.nn.Module, *given: Any, **named: Any) -> Any:
            inner = isinstance(module, torch.nn.RNNBase)
            if self.depth == 0 and _holds_layer(module):
                return self._call_model(original, module, given, named)
            if inner:
                return self._call_layer(original, module, given, named)
            return original(module, *given, **named)

        return run

    def _call_model(
        self, original: Callable, module: Any, given: Any, named: Any
    ) -> Any:
        self.depth += 1
        try:
            if isinstance(module, torch.nn.RNNBase):
                result = self._call_layer(original, module, given, named)
            else:
                result = original(module, *given, **named)
        finally:
            self.depth -= 1
        output = next(_find_tensors(result), None)
        if output is None:
            return result
        call = ModelCall(
            module,
            tuple(_detach(v) for v in given),
            {k: _detach(v) for k, v in named.items()},
            output.detach(),
            module.training,
            loaded=self.loaded,
        )
        self.model = call
        if output.requires_grad:
            output.register_hook(lambda _: setattr(call, "learnt", True))
        used = self.models_seen[torch.is_grad_enabled()]
        self.models_seen[torch.is_grad_enabled()] += 1
        if used < KEPT:
            self.record.models.append(call)
        return result

    def _call_layer(
        self, original: Callable, layer: Any, given: Any, named: Any
    ) -> Any:
        bound = inspect.signature(layer.forward).bind(*given, **named)
        values = [*bound.arguments.values(), None][:2]
        x, state = values[0], tuple(_find_tensors(values[1]))
        learns = torch.is_grad_enabled()
        if learns and isinstance(x, Tensor) and not x.requires_grad:
            x = x.detach().requires_grad_()
            result = original(layer, x, *bound.args[1:])
        else:
            result = original(layer, *given, **named)
        steps = [_find_step(s, self.record.backwards) for s in state]
        self.record.carried += [
            self.record.backwards - k for k in steps if k is not None
        ]
        self._keep(layer, x, state, result, learns)
        return result

    def _keep(self, layer: Any, x: Any, state: Any, result: Any, learns: bool) -> None:
        y, last = result[0], tuple(_find_tensors(result[1]))
        for tensor in (*_find_tensors(y), *last):
            if tensor.grad_fn is not None:
                notes: Any = tensor.grad_fn.metadata
                notes.setdefault(STEP, self.record.backwards)
        packed = isinstance(x, PackedSequence)
        whole = _to_time_first(layer, x)
        call = LayerCall(
            layer,
            whole.detach(),
            None if packed else _to_time_first(layer, y).detach(),
            tuple(s.detach() for s in state),
            tuple(s.detach() for s in last),
            layer.training,
            {},
            loaded=self.loaded,
        )
        self.record.longest = max(self.record.longest, len(whole))
        self._compare(call, learns)
        self.previous[id(layer)] = call
        self.record.untouched += learns and not any(s.any() for s in call.state)
        self.layers_seen += learns
        if not learns or self.layers_seen > 2 * KEPT or packed:
            return
        self.record.layers.append(call)
        call.weights.update(
            (name, p.detach().clone())
            for name, p in layer.named_parameters()
            if name.endswith("ih_l0") or name == "bias_hh_l0"
        )
        _keep_gradient(x, call, "d_x", layer)
        _keep_gradient(y, call, "d_y", layer)
        _keep_gradient(last[0], call, "d_last", None)

    def _compare(self, call: LayerCall, learns: bool) -> None:
        """With what was read before: does it go on, was it trained on?"""
        before = self.previous.get(id(call.layer))
        same = (
            before is not None
            and len(call.state) == len(before.last) > 0
            and all(
                a.shape == b.shape and torch.equal(a, b)
                for a, b in zip(call.state, before.last, strict=True)
            )
        )
        if learns and same and before is not None and len(call.x) > 2:
            self.record.passed_on += 1
            gap = (call.x[0] - before.x[-1]).abs().mean().item()
            inside = call.x.diff(dim=0).abs().mean().item()
            self.record.jumps.append(gap / (inside + 1e-12))
        pieces = _cut(call.x)
        if learns and len(self.record.windows) < WINDOWS:
            self.record.windows.update(k for row in pieces for k in row)
        elif not learns:
            seen = self.record.windows
            self.record.overlaps += [
                row[0] in seen or row[-1] in seen for row in pieces if row
            ]

    # losses, gradients, steps

    def loss(self, name: str, original: Callable) -> Callable:
        """Look at what a loss function is given."""

        def run(*given: Any, **named: Any) -> Any:
            said = dict(zip(("input", "target"), given, strict=False))
            said.update(named)
            self._look_at_loss(name, said["input"], said["target"])
            return original(*given, **named)

        return run

    def _look_at_loss(self, name: str, pred: Tensor, target: Tensor) -> None:
        self.record.loss_calls += 1
        if self.model is not None:
            self.model.target = target.detach()
        if _are_probabilities(name, pred.detach()):
            seen = self.record.probabilities
            seen[name] = seen.get(name, 0) + 1

    def backward(self, original: Callable) -> Callable:
        """Note each way back, and a gradient left from the last."""

        def run(loss: Tensor, *given: Any, **named: Any) -> Any:
            if self.stepped and any(
                p.grad is not None and p.grad.any() for p, _ in self.before
            ):
                self.record.uncleared += 1
            self.stepped, self.norm = False, None
            result = original(loss, *given, **named)
            self.record.backwards += 1
            if loss.numel() == 1:
                self.record.losses.append(loss.item())
            done = self.stop is not None and self.record.backwards >= self.stop
            if done or time.monotonic() > self.until:
                raise Enough
            return result

        return run

    def clip(self, original: Callable) -> Callable:
        """Note that gradients are clipped, and their norm before."""

        def run(weights: Any, *given: Any, **named: Any) -> Any:
            self.record.clipped = True
            weights = [weights] if isinstance(weights, Tensor) else [*weights]
            self.norm = _measure_norm([w.grad for w in weights])
            return original(weights, *given, **named)

        return run

    def before_step(self, optimizer: Any, *_: Any) -> None:
        """Keep the weights as they are before an update."""
        groups = optimizer.param_groups
        weights = [p for group in groups for p in group["params"]]
        self.before = [(p, p.detach().clone()) for p in weights]

    def after_step(self, optimizer: Any, *_: Any) -> None:
        """Compare an update with what the gradient promised."""
        self.stepped = True
        moved = [(p.detach() - old, p.grad) for p, old in self.before]
        promised = sum(-(d * g).sum().item() for d, g in moved if g is not None)
        norm = self.norm
        if norm is None:
            norm = _measure_norm([g for _, g in moved])
        size = _measure_norm([old for _, old in self.before])
        self.record.updates.append(
            Update(
                self.record.losses[-1] if self.record.losses else math.nan,
                norm,
                _measure_norm([d for d, _ in moved]) / (size + 1e-12),
                promised,
                float(optimizer.param_groups[0]["lr"]),
                self.model is None or self.model.training,
            )
        )

    # data and seeds

    def load(self, original: Callable) -> Callable:
        """Note how a loader orders its batches."""

        def run(loader: Any) -> Iterator[Any]:
            sampler = getattr(loader, "sampler", None)
            if isinstance(sampler, torch.utils.data.RandomSampler):
                self.record.shuffles = True
            plain = loader.collate_fn is torch.utils.data.default_collate
            for batch in original(loader):
                first = next(_find_tensors(batch), None)
                if plain and first is not None and first.ndim:
                    self.loaded = len(first)
                yield batch

        return run

    def seed(self, original: Callable) -> Callable:
        """Note that the script sets a seed."""

        def run(*given: Any, **named: Any) -> Any:
            self.record.seeded = True
            return original(*given, **named)

        return run


@contextmanager
def watch(seconds: float = math.inf, stop: int | None = None) -> Iterator[Record]:
    """Record what torch does inside; Enough is raised in `backward` when
    the seconds are over, or after `stop` of them.
    """
    record = Record()
    look = _Watch(record, seconds, stop)
    functional, utils = torch.nn.functional, torch.nn.utils
    step = importlib.import_module("torch.optim.optimizer")
    places: list[tuple[Any, str, Callable]] = [
        (torch.nn.Module, "__call__", look.call),
        (Tensor, "backward", look.backward),
        (utils, "clip_grad_norm_", look.clip),
        (utils, "clip_grad_value_", look.clip),
        (torch.utils.data.DataLoader, "__iter__", look.load),
        (torch, "manual_seed", look.seed),
        (random, "seed", look.seed),
        (np.random, "seed", look.seed),
    ]
    with ExitStack() as stack:
        for owner, name, wrap in places:
            new = wrap(getattr(owner, name))
            stack.enter_context(patch.object(owner, name, new))
        for name in LOSSES:
            new = look.loss(name, getattr(functional, name))
            stack.enter_context(patch.object(functional, name, new))
        before = step.register_optimizer_step_pre_hook(look.before_step)
        stack.callback(before.remove)
        after = step.register_optimizer_step_post_hook(look.after_step)
        stack.callback(after.remove)
        yield record


def _holds_layer(module: torch.nn.Module) -> bool:
    kinds = torch.nn.RNNBase, torch.nn.RNNCellBase
    return any(isinstance(m, kinds) for m in module.modules())


def _find_tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, PackedSequence):
        yield value.data
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _find_tensors(part)
    elif isinstance(value, dict):
        yield from _find_tensors(list(value.values()))


def _detach(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().clone()
    if type(value) in (tuple, list):
        return type(value)(_detach(v) for v in value)
    return value


def _to_time_first(layer: Any, x: Any) -> Tensor:
    if isinstance(x, PackedSequence):
        return torch.nn.utils.rnn.pad_packed_sequence(x)[0]
    if x.ndim == 2:
        return x[:, None]
    return x.transpose(0, 1) if layer.batch_first else x


def _keep_gradient(x: Any, call: LayerCall, name: str, layer: Any) -> None:
    def keep(d: Tensor | None) -> None:
        if d is not None and getattr(call, name) is None:
            d = d.detach()
            setattr(call, name, d if layer is None else _to_time_first(layer, d))

    if x.requires_grad:
        x.register_hook(keep)


def _find_step(state: Tensor, now: int) -> int | None:
    """The earlier step that a state's graph leads back to."""
    todo: list[Any] = [state.grad_fn]
    seen: set[Any] = set()
    while todo and len(seen) < 20_000:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        made = node.metadata.get(STEP)
        if made is not None and made < now:
            return int(made)
        todo += [above for above, _ in node.next_functions]
    return None


def _cut(x: Tensor) -> list[list[int]]:
    """Hashes of all pieces of half the length of x (T, B, D), by row.

    Empty for symbols: their pieces recur in any text.
    """
    T, half = len(x), max(4, len(x) // 2)
    if half > T or (x == x.round()).all():
        return []
    rows = x.transpose(0, 1).contiguous().cpu().numpy()
    starts = range(T - half + 1)
    return [[hash(row[k : k + half].tobytes()) for k in starts] for row in rows]


def _are_probabilities(name: str, pred: Tensor) -> bool:
    """Whether a loss that applies its own softmax gets probabilities."""
    if pred.numel() == 0 or pred.min() < 0 or pred.max() > 1:
        return False
    if name == "binary_cross_entropy_with_logits":
        return True
    if name not in ("cross_entropy", "nll_loss") or pred.ndim < 1:
        return False
    total = pred.sum(1 if pred.ndim > 1 else 0)
    return bool((total - 1).abs().max() < 1e-3)


def _measure_norm(parts: Sequence[Tensor | None]) -> float:
    norms = [p.detach().norm().item() for p in parts if p is not None]
    return math.hypot(*norms) if norms else 0.0
