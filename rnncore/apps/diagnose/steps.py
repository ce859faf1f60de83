"""Gradients, and the steps of optimizers that follow them."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rnncore.apps.diagnose.look import Limit, find_line, spared
from rnncore.apps.diagnose.models import Models
from rnncore.apps.diagnose.record import Record, Update


@dataclass
class _Book:
    """What an optimizer owns, and whether gradients were cleared since."""

    weights: list[Tensor]
    cleared: bool = True
    before: list[Tensor] | None = None


class Steps:
    """Notes each way back, and each step of an optimizer."""

    def __init__(self, record: Record, models: Models, limit: Limit):
        self.record, self.models, self.limit = record, models, limit
        self.norm: float | None = None
        self.stepping, self.stepped = False, True
        self.books: dict[int, _Book] = {}

    def backward(self, original: Callable) -> Callable:
        """Note each way back, and a gradient left from the last."""

        def run(loss: Tensor, *given: Any, **named: Any) -> Any:
            self._look_before()
            result = original(loss, *given, **named)
            self._look_after(loss)
            self.limit.look()
            return result

        return run

    def _look_before(self) -> None:
        for book in self.books.values():
            if not book.cleared and not _have_gradients(book.weights):
                book.cleared = True
        hand = self.models.layers.hand
        if hand is not None and not (self.stepped or self.stepping):
            weight, before = hand
            if not torch.equal(weight.detach(), before):
                self.record.by_hand += 1
                if _have_gradients([weight]):
                    self.record.uncleared.append(find_line())
        self.stepped, self.norm = False, None

    def _look_after(self, loss: Tensor) -> None:
        record = self.record
        record.backwards += 1
        if loss.numel() == 1:
            record.losses.append(loss.item())
        if record.backwards == 3:
            record.third = time.process_time()
        self.models.note_uses()
        hand = self.models.layers.hand
        if hand is not None:
            hand[1].copy_(hand[0].detach())
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

    @spared
    def _copy(self, book: _Book) -> None:
        book.before = [p.detach().clone() for p in book.weights]

    def after_step(self, optimizer: Any, *_: Any) -> None:
        """Compare an update with what the gradient promised."""
        self.stepping, self.stepped = False, True
        book, record, line = self.books[id(optimizer)], self.record, find_line()
        if not book.cleared:
            record.uncleared.append(line)
        book.cleared = False
        model = self.models.model
        update = Update(
            record.losses[-1] if record.losses else math.nan,
            float(optimizer.param_groups[0]["lr"]),
            model is None or model.training,
            line,
        )
        record.updates.append(update)
        for p in book.weights:
            if id(p) in record.weights:
                record.weights[id(p)].owned = True
        if book.before is not None:
            self._measure(book, update)

    @spared
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


def _have_gradients(weights: Sequence[Tensor]) -> bool:
    for p in weights:
        if p.grad is not None:
            grad = p.grad.coalesce().values() if p.grad.is_sparse else p.grad
            if grad.any():
                return True
    return False


def _measure_norm(parts: Sequence[Tensor | None]) -> float:
    norms = [p.detach().norm().item() for p in parts if p is not None]
    return math.hypot(*norms) if norms else 0.0
