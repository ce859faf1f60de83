"""What a training does, recorded while it runs.

Inside `watch` each call of a recurrent layer, each call of a model that
holds one, each loss, each `backward` and each step of an optimizer
leaves a line. Nothing that the program computes is changed. What takes
long to look at is left out once it takes a part of the program's time.
"""

import importlib
import math
import random
import sys
import sysconfig
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache, wraps
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

KEPT = 4  # calls that are kept whole, of training and of evaluation
LATE = 8  # losses that are kept whole at the end
EARLY = 50  # calls in which states are followed, and losses looked at
WINDOWS = 200_000  # pieces of training sequences that are remembered
WAITING = 64  # calls of a model that wait for a gradient
PART = 0.1  # of the program's processor time that may be spent on looking,
FREE = 0.5  # beyond so many seconds
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
LAYERS = torch.nn.RNNBase, torch.nn.RNNCellBase


class Enough(BaseException):
    """Ends a script of which enough was seen."""


@dataclass
class LayerCall:
    """One call of a recurrent layer, unpacked; x and y are (T, B, ...)."""

    layer: torch.nn.RNNBase
    x: Tensor
    y: Tensor
    state: tuple[Tensor, ...]
    last: tuple[Tensor, ...]
    training: bool
    weights: dict[str, Tensor]  # of the first layer, as they were
    line: str = ""
    tokens: Tensor | None = None  # (T, B), where x is an embedding of them
    learnt: bool = False  # x comes from a layer that learns
    d_x: Tensor | None = None
    d_y: Tensor | None = None
    d_last: Tensor | None = None
    loaded: int | None = None  # sequences in the loader's batch
    batch: int = 0  # which batch of the loaders it is in
    shuffled: bool = False  # that loader shuffles


@dataclass
class ModelCall:
    """One call of the outermost module that holds a recurrent layer."""

    module: torch.nn.Module
    given: tuple[Any, ...]
    named: dict[str, Any]
    output: Tensor
    training: bool
    line: str = ""
    grad: bool = True  # called where gradients are computed
    learnt: bool = False  # a gradient came back
    loaded: int | None = None
    target: Tensor | None = None
    after: int = 0  # steps made before it

    @property
    def x(self) -> Tensor | None:
        """The first tensor that was given."""
        return next((v for v in self.given if isinstance(v, Tensor)), None)

    @property
    def batch_first(self) -> bool:
        """Whether its first recurrent layer, or cell, takes (B, T, D)."""
        layer = next(m for m in self.module.modules() if isinstance(m, LAYERS))
        return getattr(layer, "batch_first", False)


@dataclass
class LossCall:
    """A loss: what was forecast, what was to be forecast, by which model."""

    name: str
    forecast: Tensor
    target: Tensor
    line: str
    plain: bool  # the mean, without weights
    model: ModelCall | None


@dataclass
class Weight:
    """A weight of a module that was called in training."""

    name: str
    group: tuple[int, str]  # its module, and which layer of it
    module: torch.nn.Module
    weight: Tensor
    line: str
    learnt: bool = False  # it got a gradient
    owned: bool = False  # it is in an optimizer


@dataclass
class Update:
    """One step of an optimizer; the last three only if it was looked at."""

    loss: float
    rate: float
    training: bool  # whether the model was in training mode
    line: str
    looked: bool = False
    norm: float = math.nan  # of the gradient, before it was clipped
    share: float = math.nan  # length of the step over that of the weights
    promised: float = math.nan  # what the slope says that the loss falls by


@dataclass
class Record:
    """All that was seen."""

    layers: list[LayerCall] = field(default_factory=list)
    models: list[ModelCall] = field(default_factory=list)
    uses: list[ModelCall] = field(default_factory=list)  # in training mode
    late: dict[bool, deque[LossCall]] = field(
        default_factory=lambda: {k: deque(maxlen=LATE) for k in (True, False)}
    )  # with and without a gradient
    losses: list[float] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    weights: dict[int, Weight] = field(default_factory=dict)
    loss_calls: dict[str, int] = field(default_factory=dict)
    probabilities: dict[str, list[Any]] = field(default_factory=dict)
    broadcasts: list[tuple[Any, ...]] = field(default_factory=list)
    carried: list[tuple[int, str]] = field(default_factory=list)
    follows: list[tuple[bool, str]] = field(default_factory=list)  # what was predicted
    rows: set[int] = field(default_factory=set)  # whole training sequences
    windows: set[int] = field(default_factory=set)  # and their pieces
    asked: list[tuple[int, int, int, str]] = field(default_factory=list)
    clipped: bool = False
    seeded: bool = False
    stopped: bool = False  # by us, before its end
    sparing: bool = False  # looking became too slow
    uncleared: list[str] = field(default_factory=list)
    used_intervals: int = 0  # between two steps, with a use in training mode
    repeats: int = 0  # uses of the same input again
    backwards: int = 0
    by_hand: int = 0  # changes of weights by no optimizer
    calls: int = 0  # of recurrent layers, in training
    cells: int = 0  # of single cells, in training
    untouched: int = 0  # calls in training that begin at zero
    longest: int = 0
    begun: float = field(default_factory=time.process_time)
    spent: float = 0.0  # seconds of processor time on looking
    third: float = math.inf  # those of the process, to the third loss


class _Known(NamedTuple):
    """A module that was called."""

    module: torch.nn.Module
    recurrent: bool
    noisy: bool


@dataclass
class _Book:
    """What an optimizer owns, and whether gradients were cleared since."""

    weights: list[Tensor]
    cleared: bool = True
    before: list[Tensor] | None = None


def _spared(look: Callable) -> Callable:
    """Count the time that a function takes; leave it out if too much."""

    @wraps(look)
    def run(self: "_Watch", *given: Any) -> None:
        start, record = time.process_time(), self.record
        if record.spent > FREE + PART * (start - record.begun):
            record.sparing = True
            return
        look(self, *given)
        record.spent += time.process_time() - start

    return run


class _Watch:
    """The functions in the place of torch's own."""

    def __init__(self, record: Record, seconds: float, stop: int | None):
        self.record = record
        self.seconds, self.until = seconds, math.inf
        self.stop = stop
        self.depth = 0
        self.loaded: int | None = None
        self.batch, self.shuffled = 0, False
        self.norm: float | None = None
        self.stepping, self.stepped = False, True
        self.books: dict[int, _Book] = {}
        self.hand: tuple[Tensor, Tensor] | None = None
        self.model: ModelCall | None = None
        self.waiting: deque[ModelCall] = deque(maxlen=WAITING)
        self.previous: dict[int, LayerCall] = {}
        self.modules: dict[int, _Known] = {}
        self.names: dict[int, str] = {}
        self.models_seen = [0, 0]

    # modules

    def call(self, original: Callable) -> Callable:
        """Note what goes through a model, and what comes out."""

        def run(module: torch.nn.Module, *given: Any, **named: Any) -> Any:
            if module._parameters and torch.is_grad_enabled():
                self._list_weights(module)
            outer = self.depth == 0 and self._find_out(module).recurrent
            if outer:
                self._end()
            self.depth += outer
            try:
                if isinstance(module, LAYERS):
                    result = self._call_layer(original, module, given, named)
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
                    Weight(f"{name}.{key}", (id(module), suffix), module, p, _line()),
                )
        if isinstance(module, LAYERS) and self.hand is None:
            p = next(module.parameters())
            self.hand = p, p.detach().clone()

    def _keep_model(self, module: Any, given: Any, named: Any, result: Any) -> None:
        output = next(_find_tensors(result), None)
        if output is None:
            return
        grad = torch.is_grad_enabled()
        keep = self.models_seen[grad] < KEPT
        call = ModelCall(
            module,
            tuple(_detach(v, keep) for v in given),
            {k: _detach(v, keep) for k, v in named.items()},
            output.detach(),
            module.training,
            _line(),
            grad,
            loaded=self.loaded,
            after=len(self.record.updates),
        )
        self.model = call
        noisy = self._find_out(module).noisy
        if noisy:
            self.waiting.append(call)
        if (noisy or keep) and output.requires_grad:
            output.register_hook(lambda _: setattr(call, "learnt", True))
        self.models_seen[grad] += 1
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

    def _follow(self, state: Sequence[Tensor], made: Any) -> None:
        """Note a state that leads back to the graph of an earlier step."""
        now = self.record.backwards
        if now > EARLY:
            return
        for tensor in state:
            made_at = _find_step(tensor, now)
            if made_at is not None:
                self.record.carried.append((now - made_at, _line()))
        for tensor in made:
            if tensor.grad_fn is not None:
                tensor.grad_fn.metadata.setdefault(STEP, now)

    def _call_layer(
        self, original: Callable, layer: Any, given: Any, named: Any
    ) -> Any:
        x = given[0] if given else named.get("input")
        state = tuple(_find_tensors((*given[1:2], named.get("hx"))))
        learns = torch.is_grad_enabled()
        if isinstance(layer, torch.nn.RNNCellBase):
            result = original(layer, *given, **named)
            self.record.cells += learns
            if learns:
                self._follow(state, _find_tensors(result))
            return result
        kept = learns and self.record.calls < 2 * KEPT
        seen = x
        if kept and given and isinstance(x, Tensor) and not x.requires_grad:
            seen = x.detach().requires_grad_()
            given = (seen, *given[1:])
        result = original(layer, *given, **named)
        self._follow(state, _find_tensors(result))
        self.record.calls += learns
        self.record.untouched += learns and not any(s.any() for s in state)
        packed = isinstance(x, PackedSequence)
        T = len(x.batch_sizes) if packed else len(_to_time_first(layer, x))
        self.record.longest = max(self.record.longest, T)
        if not packed:
            self._keep(layer, x, seen, state, result, kept)
        return result

    @_spared
    def _keep(
        self, layer: Any, x: Tensor, seen: Tensor, state: Any, result: Any, kept: bool
    ) -> None:
        y, last = result[0], tuple(_find_tensors(result[1]))
        call = LayerCall(
            layer,
            _to_time_first(layer, x.detach()),
            _to_time_first(layer, y.detach()),
            tuple(s.detach() for s in state),
            tuple(s.detach() for s in last),
            layer.training,
            {},
            _line(),
            _find_tokens(layer, x),
            x.requires_grad,
            loaded=self.loaded,
            batch=self.batch,
            shuffled=self.shuffled,
        )
        self._compare(call)
        self.previous[id(layer)] = call
        if not kept:
            return
        self.record.layers.append(call)
        call.weights.update(
            (name, p.detach().clone())
            for name, p in layer.named_parameters()
            if name.endswith("ih_l0") or name == "bias_hh_l0"
        )
        _keep_gradient(seen, call, "d_x", layer)
        _keep_gradient(y, call, "d_y", layer)
        _keep_gradient(last[0], call, "d_last", None)

    def _compare(self, call: LayerCall) -> None:
        """With what was read before: does it go on, was it trained on?"""
        before, learns = self.previous.get(id(call.layer)), torch.is_grad_enabled()
        if learns and before is not None and len(call.x) > 2:
            same = len(call.state) == len(before.last) > 0 and all(
                a.shape == b.shape and torch.equal(a, b)
                for a, b in zip(call.state, before.last, strict=True)
            )
            if same and (call.batch != before.batch or not call.batch):
                late = self.record.late[True]
                if late and before.x.shape == call.x.shape:
                    follows = _follows(before, call, late[-1].target)
                    if follows is not None:
                        self.record.follows.append((follows, call.line))
        if call.learnt or len(self.record.windows) > WINDOWS:
            return
        for whole, pieces in _cut(call.x):
            if learns:
                self.record.rows.add(whole)
                self.record.windows.update(pieces)
            else:
                self.record.asked.append((whole, pieces[0], pieces[-1], call.line))

    # losses, gradients, steps

    def loss(self, name: str, original: Callable) -> Callable:
        """Look at what a loss function is given."""

        def run(*given: Any, **named: Any) -> Any:
            said = dict(zip(("input", "target"), given, strict=False))
            said.update(named)
            if self.depth == 0 or said["input"].requires_grad:
                plain = len(given) < 3 and named.get("reduction", "mean") == "mean"
                plain = plain and named.get("weight") is None
                self._look_at_loss(name, said["input"], said["target"], plain)
            self.depth += 1  # what it subtracts is its own
            try:
                return original(*given, **named)
            finally:
                self.depth -= 1

        return run

    def difference(self, original: Callable) -> Callable:
        """Look at a forecast minus its target, or the other way round."""

        def run(one: Tensor, two: Any, *more: Any) -> Any:
            if self.depth == 0 and self.model is not None and type(two) is Tensor:
                a, b = (two, one) if two.requires_grad else (one, two)
                learns = a.requires_grad or not self.model.grad
                if learns and a.dim() and b.dim() and not b.requires_grad:
                    self._look_at_loss("difference", a, b, False)
            return original(one, two, *more)

        return run

    @_spared
    def _look_at_loss(
        self, name: str, forecast: Tensor, target: Tensor, plain: bool
    ) -> None:
        record, line = self.record, _line()
        if forecast.is_floating_point() and target.is_floating_point():
            self._look_at_shapes(name, forecast, target, line)
        call = LossCall(
            name, forecast.detach(), target.detach(), line, plain, self.model
        )
        record.late[torch.is_grad_enabled() and forecast.requires_grad].append(call)
        if self.model is not None and name != "difference":
            self.model.target = target.detach()
        record.loss_calls[name] = record.loss_calls.get(name, 0) + 1
        early = record.loss_calls[name] <= EARLY
        if early and _are_probabilities(name, forecast.detach()):
            seen = record.probabilities.setdefault(name, [0, 0, line])
            seen[0] += 1
            seen[1] += forecast.numel()

    def _look_at_shapes(self, name: str, a: Tensor, b: Tensor, line: str) -> None:
        if a.shape == b.shape or name.startswith("binary"):
            return
        try:
            both = torch.broadcast_shapes(a.shape, b.shape)
        except RuntimeError:
            return
        size = math.prod(both)
        wide = size > a.numel() > 1 and a.dim() != b.dim()
        if wide and (size > b.numel() > 1 or name != "difference"):
            seen = tuple(a.shape), tuple(b.shape), size // a.numel(), line
            if seen not in self.record.broadcasts:
                self.record.broadcasts.append(seen)

    def backward(self, original: Callable) -> Callable:
        """Note each way back, and a gradient left from the last."""

        def run(loss: Tensor, *given: Any, **named: Any) -> Any:
            self._look_before()
            result = original(loss, *given, **named)
            self._look_after(loss)
            done = self.stop is not None and self.record.backwards >= self.stop
            if done:
                raise Enough
            if self.until == math.inf:
                self.until = time.monotonic() + self.seconds
            self._end()
            return result

        return run

    def _end(self) -> None:
        """Stop the script when its time, from the first gradient, is over."""
        if time.monotonic() > self.until:
            self.record.stopped = True
            raise Enough

    def _look_before(self) -> None:
        for book in self.books.values():
            if not book.cleared and not _have_gradients(book.weights):
                book.cleared = True
        if self.hand is not None and not (self.stepped or self.stepping):
            weight, before = self.hand
            if not torch.equal(weight.detach(), before):
                self.record.by_hand += 1
                if _have_gradients([weight]):
                    self.record.uncleared.append(_line())
        self.stepped, self.norm = False, None

    def _look_after(self, loss: Tensor) -> None:
        record = self.record
        record.backwards += 1
        if loss.numel() == 1:
            record.losses.append(loss.item())
        if record.backwards == 3:
            record.third = time.process_time()
        self.note_uses()
        if self.hand is not None:
            self.hand[1].copy_(self.hand[0].detach())
        for weight in record.weights.values():
            if not weight.learnt:
                weight.learnt = _have_gradients([weight.weight])

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
        book = self.books.setdefault(id(optimizer), _Book(weights))
        book.weights, book.before = weights, None
        self.stepping = True
        self._copy(book)

    @_spared
    def _copy(self, book: _Book) -> None:
        book.before = [p.detach().clone() for p in book.weights]

    def after_step(self, optimizer: Any, *_: Any) -> None:
        """Compare an update with what the gradient promised."""
        self.stepping, self.stepped = False, True
        book, record, line = self.books[id(optimizer)], self.record, _line()
        if not book.cleared:
            record.uncleared.append(line)
        book.cleared = False
        update = Update(
            record.losses[-1] if record.losses else math.nan,
            float(optimizer.param_groups[0]["lr"]),
            self.model is None or self.model.training,
            line,
        )
        record.updates.append(update)
        for p in book.weights:
            if id(p) in record.weights:
                record.weights[id(p)].owned = True
        if book.before is not None:
            self._measure(book, update)

    @_spared
    def _measure(self, book: _Book, update: Update) -> None:
        old = book.before or []
        moved = [p.detach() - q for p, q in zip(book.weights, old, strict=True)]
        slopes = [p.grad for p in book.weights]
        update.looked = True
        update.promised = sum(
            -(d * g).sum().item()
            for d, g in zip(moved, slopes, strict=True)
            if g is not None and not g.is_sparse
        )
        update.norm = _measure_norm(slopes) if self.norm is None else self.norm
        update.share = _measure_norm(moved) / (_measure_norm(old) + 1e-12)

    # data and seeds

    def load(self, original: Callable) -> Callable:
        """Note how a loader orders its batches."""

        def run(loader: Any) -> Iterator[Any]:
            sampler = getattr(loader, "sampler", None)
            shuffles = isinstance(sampler, torch.utils.data.RandomSampler)
            plain = loader.collate_fn is torch.utils.data.default_collate
            for batch in original(loader):
                first = next(_find_tensors(batch), None)
                if plain and first is not None and first.ndim:
                    self.loaded = len(first)
                self.batch, self.shuffled = self.batch + 1, shuffles
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
    """Record what torch does inside; Enough is raised when the seconds
    from the first gradient on are over, or after `stop` gradients.
    """
    record = Record()
    look = _Watch(record, seconds, stop)
    functional, utils = torch.nn.functional, torch.nn.utils
    step = importlib.import_module("torch.optim.optimizer")
    places: list[tuple[Any, str, Callable]] = [
        (torch.nn.Module, "__call__", look.call),
        (Tensor, "backward", look.backward),
        (Tensor, "__sub__", look.difference),
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
        try:
            yield record
        finally:
            if not record.stopped:
                look.note_uses()


# where a program is, and what it holds

OURS = (
    str(Path(__file__).parents[2]),  # rnncore
    str(Path(torch.__file__).parent),
    sysconfig.get_path("stdlib"),
    sysconfig.get_path("purelib"),
)


@cache
def _is_theirs(name: str) -> bool:
    return not name.startswith(("<", *OURS))


def _line() -> str:
    """File and line of the innermost frame of the user's own code."""
    frame: Any = sys._getframe(1)
    while frame is not None and not _is_theirs(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None:
        return ""
    return f"{frame.f_code.co_filename}, line {frame.f_lineno}"


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
    a, b = list(_find_tensors(one.given)), list(_find_tensors(two.given))
    return len(a) == len(b) > 0 and all(
        k.shape == j.shape and k.equal(j) for k, j in zip(a, b, strict=True)
    )


def _have_gradients(weights: Sequence[Tensor]) -> bool:
    for p in weights:
        if p.grad is not None:
            grad = p.grad.coalesce().values() if p.grad.is_sparse else p.grad
            if grad.any():
                return True
    return False


def _to_time_first(layer: Any, x: Any) -> Tensor:
    if x.ndim == 2:
        return x[:, None]
    return x.transpose(0, 1) if layer.batch_first else x


def _find_tokens(layer: Any, x: Tensor) -> Tensor | None:
    """The (T, B) indices whose embedding x is, through one-way nodes."""
    node: Any = x.grad_fn
    for _ in range(6):
        if node is None or "Embedding" in node.name():
            break
        node = node.next_functions[0][0] if node.next_functions else None
    indices = getattr(node, "_saved_indices", None)
    if indices is None or indices.dim() != 2 or x.dim() != 3:
        return None
    for each in (indices, indices.T):
        if each.shape == x.shape[:2]:
            return each.detach().T if layer.batch_first else each.detach()
    return None


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
        if made is None:  # else it was followed when it was made
            todo += [above for above, _ in node.next_functions]
    return None


def _follows(before: LayerCall, call: LayerCall, target: Tensor) -> bool | None:
    """Whether a call begins with what the one before was to predict last.

    None where the targets weren't the next inputs, or windows overlap.
    """
    T, B, D = call.x.shape
    if target.numel() != T * B:
        return None
    first = before.layer.batch_first
    steps = target.reshape(B, T).T if first else target.reshape(T, B)
    one, two = (
        c.tokens if c.tokens is not None else (c.x.argmax(2) if D > 1 else c.x[..., 0])
        for c in (before, call)
    )
    if (one[1:] == steps[:-1]).float().mean() < 0.99:
        return None
    if any(torch.equal(two[:-s], one[s:]) for s in range(1, T // 2 + 1)):
        return None  # windows that overlap, in order
    return bool((two[0] == steps[-1]).float().mean() > 0.5)


def _cut(x: Tensor) -> Iterator[tuple[int, list[int]]]:
    """Hashes of each row of x (T, B, D), and of its pieces of half the length.

    None for symbols: their pieces recur in any text.
    """
    T, half = len(x), max(4, len(x) // 2)
    if half > T or (x == x.round()).all():
        return
    for row in x.transpose(0, 1).contiguous().cpu().numpy():
        pieces = [hash(row[k : k + half].tobytes()) for k in range(T - half + 1)]
        yield hash(row.tobytes()), pieces


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
