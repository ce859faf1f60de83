"""What is seen of a training: a line for each call, loss and step."""

import math
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

LATE = 8  # losses that are kept whole at the end
EARLY = 50  # calls in which states are followed, and losses looked at
LAYERS = torch.nn.RNNBase, torch.nn.RNNCellBase


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
