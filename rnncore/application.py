"""What the applications share: training a module, devices, splits.

The networks are torch modules made of `rnncore.nn`; the loop that trains
them is `rnncore.train.fit`, the update one of `rnncore.optim`. torch is
imported where it is needed, so that a refusal does not wait for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rnncore.backend import check_shape, tree_map
from rnncore.optim import Optimizer, Tree, adam, falling, scheduled
from rnncore.storage.files import Refused
from rnncore.storage.weights import place
from rnncore.train import Fit, Schedule, fit

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Score(NamedTuple):
    """What several seeds gave: "1.84 ± 0.04 (3 seeds)"."""

    mean: float
    spread: float  # the sample's standard deviation
    seeds: int

    def __str__(self) -> str:
        if self.seeds == 1:
            return f"{self.mean:.4g} (1 seed)"
        if self.spread < 1e-12 * max(1.0, abs(self.mean)):  # rounding
            return f"{self.mean:.4g} ± 0 ({self.seeds} seeds)"
        # one digit of the spread, as many of the mean
        digits = max(0, -math.floor(math.log10(self.spread)))
        return (
            f"{self.mean:.{digits}f} ± {self.spread:.{digits}f} "
            f"({self.seeds} seeds)"
        )


def spread_of(values: Sequence[float]) -> Score:
    """Mean and standard deviation of one score per seed.

    Raises ValueError where there is none.
    """
    if not len(values):
        raise ValueError("values: expected at least one, got none")
    some = len(values) > 1
    spread = float(np.std(values, ddof=1)) if some else 0.0
    return Score(float(np.mean(values)), spread, len(values))


def check_device(name: str) -> None:
    """Raise Refused unless there is a device of this name.

    torch is imported only where a GPU is asked for by name.
    """
    kind, _, number = name.partition(":")
    known = name in ("auto", "cpu", "cuda")
    if not known and not (kind == "cuda" and number.isdecimal()):
        raise Refused(
            f"device: expected auto, cpu, cuda or cuda:0, got {name!r}"
        )
    if name in ("auto", "cpu"):
        return
    import torch

    if not torch.cuda.is_available():
        raise Refused(f"device: torch finds no GPU here, got {name!r}")
    last = torch.cuda.device_count() - 1
    if number and int(number) > last:
        raise Refused(
            f"device: expected cuda:0 to cuda:{last}, got {name!r}"
        )


def choose_device(name: str = "auto") -> torch.device:
    """The device of this name; "auto" is a GPU where there is one.

    Raises Refused where there is no such device.
    """
    import torch

    check_device(name)
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    torch.cuda.init()  # from now on `seeded` knows of its generators
    return torch.device("cuda" if name == "auto" else name)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, torch draws from this seed; then from where it was before.

    That holds on the CPU and on each GPU in use: for first weights,
    and for dropout.
    """
    import torch

    before = torch.random.get_rng_state()
    on_gpu = torch.cuda.is_initialized()
    others = torch.cuda.get_rng_state_all() if on_gpu else []
    torch.default_generator.manual_seed(seed)
    if on_gpu:
        torch.cuda.manual_seed_all(seed)
    try:
        yield
    finally:
        torch.random.set_rng_state(before)
        if others:
            torch.cuda.set_rng_state_all(others)


def cooling(
    rate: float,
    steps: int,
    last: float = 0.4,
    warm: int = 0,
    beta_2: float = 0.999,
) -> Optimizer:
    """Adam whose rate falls in a straight line to 0 over the last part.

    Over the first `warm` steps it rises in one.
    """
    fall = falling(rate, steps, last)

    def at(step: int) -> float:
        rise = (step + 1) / warm if step < warm else 1.0
        return min(rate * rise, fall(step))

    return scheduled(lambda now: adam(now, beta_2=beta_2), at)


def train_module(
    module: torch.nn.Module,
    loss: Callable[[Any, Any, Any], tuple[Tensor, Any]],
    next_batch: Callable[[np.random.Generator, int], Any],
    *,
    optimizer: Optimizer,
    schedule: Schedule,
    rng: np.random.Generator,
    carry: Any = None,
    evaluate: Callable[[Any], float] | None = None,
    average: float = 0.0,
) -> Fit:
    """`rnncore.train.fit` around a torch module, in place.

    `loss(module, batch, carry)` gives a scalar and the next carry, which
    is detached for it; `evaluate(module)` a held-out score, without
    gradients and dropout. The seed of each step's dropout comes from
    `rng`, so that a run resumed from its checkpoint has the same losses.
    Then the module holds the best weights and is in evaluation mode; so
    it does where `schedule.keep(module)` is called. With `average` all
    weights but those that learn are running means: at each step so much
    of the mean is kept.

    Raises what `fit` raises; ValueError where the module has nothing to
    train or the loss is no scalar.
    """
    import torch

    def detached(leaf: Any) -> Any:
        return leaf.detach() if isinstance(leaf, torch.Tensor) else leaf

    given = {n: p for n, p in module.named_parameters() if p.requires_grad}
    if not given:
        raise ValueError("module: expected a parameter to train, got none")

    start: Tree = {n: p.detach().clone() for n, p in given.items()}
    if average:
        start, optimizer = (
            Averaged(start, start),
            averaged(optimizer, average),
        )

    def loss_and_gradient(params, batch, carry):
        place(given, params.learning if average else params)
        module.train()
        with torch.enable_grad(), seeded(int(rng.integers(2**62))):
            value, carry = loss(module, batch, carry)
            check_shape("loss", value)
            d = torch.autograd.grad(
                value, list(given.values()), materialize_grads=True
            )
        d_params = dict(zip(given, d, strict=True))
        return value.detach(), d_params, tree_map(detached, carry)

    def measure(params):
        place(given, params.mean if average else params)
        return evaluated(module, evaluate)

    keep = schedule.keep
    if keep is not None:  # `measure` has placed the weights
        schedule = schedule._replace(keep=lambda params: keep(module))
    result = fit(
        loss_and_gradient,
        start,
        next_batch,
        optimizer=optimizer,
        schedule=schedule,
        rng=rng,
        carry=carry,
        evaluate=measure if evaluate else None,
    )
    best = result.params.mean if average else result.params
    place(given, {n: w.clone() for n, w in best.items()})
    module.eval()
    return result


class Averaged(NamedTuple):
    """Weights that learn, and their running mean."""

    learning: Tree
    mean: Tree


def averaged(optimizer: Optimizer, kept: float) -> Optimizer:
    """The same, for weights whose running mean comes along.

    The mean begins as the weights after the first step. The gradient is
    that of the weights that learn.

    Raises ValueError unless kept is in [0, 1).
    Source: Polyak & Juditsky 1992, of all steps alike.
    """
    if not 0 <= kept < 1:
        raise ValueError(f"kept: expected [0, 1), got {kept}")

    def init(params):
        return optimizer.init(params.learning)

    def update(params, d_params, state):
        first = state.steps == 0
        now, state = optimizer.update(params.learning, d_params, state)
        mean = tree_map(
            lambda m, w: kept * m + (1 - kept) * w,
            now if first else params.mean,
            now,
        )
        return Averaged(now, mean), state

    return Optimizer(init, update)


@contextmanager
def evaluating(module: torch.nn.Module) -> Iterator[None]:
    """Inside, the module evaluates; then each part is in its mode again."""
    if not module.training:
        yield
        return
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode


def evaluated(module: torch.nn.Module, evaluate: Callable) -> float:
    """`evaluate(module)` without gradients, dropout and chance."""
    import torch

    module.eval()
    with torch.no_grad(), seeded(0):
        return evaluate(module)


def split(count: int, *shares: float) -> list[range]:
    """0 to count - 1 in parts, in order: the rest first, then each share.

    No part is empty. To shuffle, take these parts of a permutation.

    Raises ValueError where that cannot be.
    """
    if not all(0 < s < 1 for s in shares) or not sum(shares) < 1:
        raise ValueError(
            "shares: expected positive numbers with a sum below 1, "
            f"got {shares}"
        )
    if count <= len(shares):
        raise ValueError(
            f"count: expected at least {len(shares) + 1}, got {count}"
        )
    sizes = [max(1, round(s * count)) for s in shares]
    while sum(sizes) >= count:
        sizes[sizes.index(max(sizes))] -= 1
    ends = [*np.cumsum([count - sum(sizes), *sizes]).tolist()]
    return [range(a, b) for a, b in zip([0, *ends], ends, strict=False)]
