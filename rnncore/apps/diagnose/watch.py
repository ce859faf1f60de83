"""What a training does, recorded while it runs.

Inside `watch` each call of a recurrent layer, each call of a model that
holds one, each loss, each `backward` and each step of an optimizer
leaves a line. Nothing that the program computes is changed.
"""

import importlib
import math
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor

from rnncore.apps.diagnose.layers import Layers
from rnncore.apps.diagnose.look import Limit
from rnncore.apps.diagnose.losses import LOSSES, Losses
from rnncore.apps.diagnose.models import Models
from rnncore.apps.diagnose.record import Record
from rnncore.apps.diagnose.steps import Steps

SEEDS = (torch, "manual_seed"), (random, "seed"), (np.random, "seed")


@contextmanager
def watch(seconds: float = math.inf, stop: int | None = None) -> Iterator[Record]:
    """Record what torch does inside; Enough is raised when the seconds
    from the first gradient on are over, or after `stop` gradients.
    """

    def seed(original: Callable) -> Callable:
        def run(*given: Any, **named: Any) -> Any:
            record.seeded = True
            return original(*given, **named)

        return run

    record = Record()
    limit, layers = Limit(record, seconds, stop), Layers(record)
    models = Models(record, layers, limit)
    losses, steps = Losses(record, models), Steps(record, models, limit)
    functional, utils = torch.nn.functional, torch.nn.utils
    step = importlib.import_module("torch.optim.optimizer")
    places: list[tuple[Any, str, Callable]] = [
        (torch.nn.Module, "__call__", models.call),
        (Tensor, "backward", steps.backward),
        (Tensor, "__sub__", losses.difference),
        (utils, "clip_grad_norm_", steps.clip),
        (utils, "clip_grad_value_", steps.clip),
        (torch.utils.data.DataLoader, "__iter__", layers.load),
    ]
    places += [(owner, name, seed) for owner, name in SEEDS]
    with ExitStack() as stack:
        for owner, name, wrap in places:
            new = wrap(getattr(owner, name))
            stack.enter_context(patch.object(owner, name, new))
        for name in LOSSES:
            new = losses.loss(name, getattr(functional, name))
            stack.enter_context(patch.object(functional, name, new))
        before = step.register_optimizer_step_pre_hook(steps.before_step)
        stack.callback(before.remove)
        after = step.register_optimizer_step_post_hook(steps.after_step)
        stack.callback(after.remove)
        try:
            yield record
        finally:
            if not record.stopped:
                models.note_uses()
