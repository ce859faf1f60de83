"""Calls of recurrent layers: what they read, which state they begin with."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from rnncore.apps.diagnose.look import find_line, find_tensors, spared
from rnncore.apps.diagnose.record import EARLY, LayerCall, Record

KEPT = 4  # calls that are kept whole, of training and of evaluation
WINDOWS = 200_000  # pieces of training sequences that are remembered
STEP = "rnncore step"  # in a graph's node: the step that made it


class Layers:
    """Notes calls of recurrent layers, and the batches of the loaders."""

    def __init__(self, record: Record):
        self.record = record
        self.loaded: int | None = None
        self.batch, self.shuffled = 0, False
        self.previous: dict[int, LayerCall] = {}
        self.hand: tuple[Tensor, Tensor] | None = None  # a weight, as it was

    def load(self, original: Callable) -> Callable:
        """Note how a loader orders its batches."""

        def run(loader: Any) -> Iterator[Any]:
            sampler = getattr(loader, "sampler", None)
            shuffles = isinstance(sampler, torch.utils.data.RandomSampler)
            plain = loader.collate_fn is torch.utils.data.default_collate
            for batch in original(loader):
                first = next(find_tensors(batch), None)
                if plain and first is not None and first.ndim:
                    self.loaded = len(first)
                self.batch, self.shuffled = self.batch + 1, shuffles
                yield batch

        return run

    def call(self, original: Callable, layer: Any, given: Any, named: Any) -> Any:
        """A layer's result; what went in and came out is noted."""
        x = given[0] if given else named.get("input")
        state = tuple(find_tensors((*given[1:2], named.get("hx"))))
        learns = torch.is_grad_enabled()
        if learns and self.hand is None:
            weight = next(layer.parameters())
            self.hand = weight, weight.detach().clone()
        if isinstance(layer, torch.nn.RNNCellBase):
            result = original(layer, *given, **named)
            self.record.cells += learns
            if learns:
                self._follow(state, find_tensors(result))
            return result
        kept = learns and self.record.calls < 2 * KEPT
        seen = x
        if kept and given and isinstance(x, Tensor) and not x.requires_grad:
            seen = x.detach().requires_grad_()
            given = (seen, *given[1:])
        result = original(layer, *given, **named)
        self._follow(state, find_tensors(result))
        self.record.calls += learns
        self.record.untouched += learns and not any(s.any() for s in state)
        packed = isinstance(x, PackedSequence)
        T = len(x.batch_sizes) if packed else len(to_time_first(layer, x))
        self.record.longest = max(self.record.longest, T)
        if not packed:
            self._keep(layer, x, seen, state, result, kept)
        return result

    def _follow(self, state: Sequence[Tensor], made: Any) -> None:
        """Note a state that leads back to the graph of an earlier step."""
        now = self.record.backwards
        if now > EARLY:
            return
        for tensor in state:
            made_at = _find_step(tensor, now)
            if made_at is not None:
                self.record.carried.append((now - made_at, find_line()))
        for tensor in made:
            if tensor.grad_fn is not None:
                tensor.grad_fn.metadata.setdefault(STEP, now)

    @spared
    def _keep(
        self, layer: Any, x: Tensor, seen: Tensor, state: Any, result: Any, kept: bool
    ) -> None:
        y, last = result[0], tuple(find_tensors(result[1]))
        call = LayerCall(
            layer,
            to_time_first(layer, x.detach()),
            to_time_first(layer, y.detach()),
            tuple(s.detach() for s in state),
            tuple(s.detach() for s in last),
            layer.training,
            {},
            find_line(),
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


def to_time_first(layer: Any, x: Any) -> Tensor:
    """What a layer reads or says, as (T, B, D), whatever its own order."""
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
            setattr(call, name, d if layer is None else to_time_first(layer, d))

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
