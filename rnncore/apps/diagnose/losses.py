"""Losses: what was forecast, and what was to be forecast."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from rnncore.apps.diagnose.look import find_line, spared
from rnncore.apps.diagnose.models import Models
from rnncore.apps.diagnose.record import EARLY, LossCall, Record

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


class Losses:
    """Notes what losses are given."""

    def __init__(self, record: Record, models: Models):
        self.record, self.models = record, models

    def loss(self, name: str, original: Callable) -> Callable:
        """Look at what a loss function is given."""

        def run(*given: Any, **named: Any) -> Any:
            said = dict(zip(("input", "target"), given, strict=False))
            said.update(named)
            if self.models.depth == 0 or said["input"].requires_grad:
                plain = len(given) < 3 and named.get("reduction", "mean") == "mean"
                plain = plain and named.get("weight") is None
                self._look_at_loss(name, said["input"], said["target"], plain)
            self.models.depth += 1  # what it subtracts is its own
            try:
                return original(*given, **named)
            finally:
                self.models.depth -= 1

        return run

    def difference(self, original: Callable) -> Callable:
        """Look at a forecast minus its target, or the other way round."""

        def run(one: Tensor, two: Any, *more: Any) -> Any:
            model = self.models.model
            if self.models.depth == 0 and model is not None and type(two) is Tensor:
                a, b = (two, one) if two.requires_grad else (one, two)
                learns = a.requires_grad or not model.grad
                if learns and a.dim() and b.dim() and not b.requires_grad:
                    self._look_at_loss("difference", a, b, False)
            return original(one, two, *more)

        return run

    @spared
    def _look_at_loss(
        self, name: str, forecast: Tensor, target: Tensor, plain: bool
    ) -> None:
        record, model, line = self.record, self.models.model, find_line()
        if forecast.is_floating_point() and target.is_floating_point():
            self._look_at_shapes(name, forecast, target, line)
        call = LossCall(name, forecast.detach(), target.detach(), line, plain, model)
        record.late[torch.is_grad_enabled() and forecast.requires_grad].append(call)
        if model is not None and name != "difference":
            model.target = target.detach()
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
