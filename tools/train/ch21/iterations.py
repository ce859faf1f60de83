"""Train for chapter 21 what else may say at each bit whether the ones are odd.

Each is learnt on 16 bits: "block" as the page has it, 20 iterations and a gradient
through all; "last" with that of the last one alone; "once" with the bits in the first
iteration only; "residual" with the state added to what the block gives, and layer
normalisation; "stack", twenty of these, each with weights of its own; "time", the
block along the string. Each has the learning rate with the lowest mean loss of all seeds
on other strings, on a grid that grows where its best rate ends it. Under
"iterations.NAME", for each seed: updates until the loss of ten batches is below
LEARNT; of test strings of 16 and 64 bits how many are right at every position, and
how many bits are, after 20 iterations and after MOST; the change that the last
iteration of these makes. Half an hour of one core.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, layer_norm, pad

from rnncore import losses
from rnncore.application import cooling, seeded, train_module
from rnncore.bptt import readout_vjp
from rnncore.data.tasks import swap_problem
from rnncore.depth import (
    Iterated,
    answer_after,
    apply_block,
    init_iterated,
    iterate,
    iterate_vjp,
)
from rnncore.rnn import readout
from rnncore.train import Schedule, fit
from tools.train.grids import search_grid
from tools.train.runner import Measurement, Options, Training, show_progress

BITS, TIMES, BATCH, UPDATES = 16, 20, 32, 600
STATE, HIDDEN = 16, 32
TESTED, MOST = (16, 64), 200
LEARNT = 0.02  # nats
RATES = 0.001, 0.003, 0.01
CHOOSING, TESTING = 70_000, 80_000  # seeds of strings


class Net(nn.Module):
    """One block, or several in turn."""

    def __init__(self, blocks: int = 1, residual: bool = False, once: bool = False):
        super().__init__()
        self.first = nn.ModuleList(
            nn.Linear(3 * STATE + 2, HIDDEN) for _ in range(blocks)
        )
        self.second = nn.ModuleList(nn.Linear(HIDDEN, STATE) for _ in range(blocks))
        self.out = nn.Linear(STATE, 2)
        self.residual, self.once = residual, once

    def step(self, x: Tensor, h: Tensor, t: int) -> Tensor:
        """Iteration t of all positions: x (T, B, 2), h (T, B, STATE)."""
        k = t % len(self.first)
        wide = pad(h, (0, 0, 0, 0, 1, 1))
        x = x * 0 if self.once and t else x
        seen = torch.cat([wide[:-2], h, wide[2:], x], -1)
        new = self.second[k](self.first[k](seen).relu())
        return layer_norm(h + new, (STATE,)) if self.residual else new.tanh()

    def forward(self, x: Tensor) -> Tensor:
        """Answers (T, B, 2) after all iterations."""
        h = x.new_ones(*x.shape[:2], STATE)
        for t in range(TIMES):
            h = self.step(x, h, t)
        return self.out(h)


class InTime(nn.Module):
    """The same block along the string: it reads the state before, and the bit."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(STATE + 2, HIDDEN)
        self.second = nn.Linear(HIDDEN, STATE)
        self.out = nn.Linear(STATE, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Answers (T, B, 2) after one pass."""
        h, states = x.new_zeros(x.shape[1], STATE), []
        for bit in x:
            h = self.second(self.first(torch.cat([h, bit], -1)).relu()).tanh()
            states.append(h)
        return self.out(torch.stack(states))


NETS: dict[str, Callable[[], nn.Module]] = {
    "block": Net,
    "last": Net,
    "once": partial(Net, once=True),
    "residual": partial(Net, residual=True),
    "stack": partial(Net, TIMES, residual=True),
    "time": InTime,
}


def draw_bits(rng: np.random.Generator, T: int, B: int) -> tuple[Tensor, Tensor]:
    """Bits, one-hot, and whether the ones so far are odd."""
    x, targets = swap_problem(rng, T, B)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(targets)


def answers_loss(model: nn.Module, batch: Any, carry: Any) -> tuple[Tensor, Any]:
    """Nats per answer."""
    x, targets = batch
    return cross_entropy(model(x).flatten(0, 1), targets.flatten()), carry


def train_net(name: str, rate: float, seed: int, steps: int) -> tuple[Any, list[float]]:
    """One run, from its seed, and the loss of each batch."""
    rng, optimizer = np.random.default_rng(seed), cooling(rate, steps)
    progress = show_progress(f"{name} {rate:g} {seed}")
    schedule = Schedule(steps, 1.0, progress=progress)
    with seeded(seed):
        model = NETS[name]()
    if name not in PRINTED:
        run = train_module(
            model,
            answers_loss,
            lambda rng, step: draw_bits(rng, BITS, BATCH),
            optimizer=optimizer,
            schedule=schedule,
            rng=rng,
        )
        return model.eval(), run.history.loss
    run = fit(
        PRINTED[name],
        init_iterated(rng, 2, STATE, HIDDEN, 2),
        lambda rng, step: [a.numpy() for a in draw_bits(rng, BITS, BATCH)],
        optimizer=optimizer,
        schedule=schedule,
        rng=rng,
    )
    named = [w for part in run.params for w in part]
    with torch.no_grad():
        for given, found in zip(model.parameters(), named, strict=True):
            given.copy_(torch.tensor(found))
    return model.eval(), run.history.loss


def answer_once(net: Iterated, batch: Any, carry: Any) -> tuple[Any, Iterated, Any]:
    """As `answer_after`, but with inputs of zeros from the second iteration on."""
    x, targets = batch
    h, first = apply_block(net.block, x, np.ones((*x.shape[:2], STATE), x.dtype))
    h, later = iterate(net.block, 0 * x, h, TIMES - 1)
    loss, cache = losses.cross_entropy(readout(net.out, h), targets)
    d_logits = losses.cross_entropy_vjp(1.0, cache)
    d_out, d_h = readout_vjp(d_logits, net.out, h)
    d_block, _ = iterate_vjp(net.block, [first, *later], d_h)
    return loss, Iterated(d_block, d_out), carry


PRINTED = {  # trained by the package's own functions
    "block": answer_after(TIMES, TIMES),
    "last": answer_after(TIMES, 1),
    "once": answer_once,
}


def count_updates(loss: list[float]) -> int | None:
    """Updates until ten batches in a row have a mean loss below LEARNT."""
    means = np.convolve(loss, np.full(10, 0.1), "valid")
    low = np.flatnonzero(means < LEARNT)
    return int(low[0]) + 10 if len(low) else None


@torch.no_grad()
def measure_answers(model: Any, T: int) -> dict[str, float]:
    """Strings and bits that are right after TIMES and after MOST iterations."""
    x, targets = draw_bits(np.random.default_rng(TESTING), T, 300)

    def share(logits: Tensor, when: str) -> dict[str, float]:
        right = logits.argmax(-1) == targets
        strings, bits = right.all(0).float().mean(), right.float().mean()
        return {f"strings{when}": strings.item(), f"bits{when}": bits.item()}

    if isinstance(model, InTime):
        return share(model(x), "")
    found: dict[str, float] = {}
    h = x.new_ones(T, 300, STATE)
    for t in range(MOST):
        before, h = h, model.step(x, h, t)
        if t + 1 == TIMES:
            found |= share(model.out(h), "_20")
    change = ((h - before).norm() / h.norm()).item()
    return found | share(model.out(h), "") | {"change": float(f"{change:.1e}")}


def compete(name: str, asked: Options) -> Iterator[Measurement]:
    """Train with each seed at each rate, and measure those of the best rate."""
    steps = asked.steps or UPDATES
    others = draw_bits(np.random.default_rng(CHOOSING), BITS, 300)
    runs: dict[float, Any] = {}

    def score(rate: float) -> float:
        runs[rate] = [train_net(name, rate, seed, steps) for seed in asked.seeds]
        with torch.no_grad():
            nats = [answers_loss(model, others, None)[0] for model, _ in runs[rate]]
        return float(np.mean(nats))

    nats = search_grid(score, RATES)
    best = min(nats, key=nats.__getitem__)
    every = runs[best]
    found = [
        {"updates": count_updates(loss)}
        | {str(T): measure_answers(model, T) for T in TESTED}
        for model, loss in every
    ]
    numbers = sum(w.numel() for w in every[0][0].parameters())
    yield Measurement(
        f"iterations.{name}", found, f"{steps} updates", list(asked.seeds)
    )
    tried = {f"{rate:g}": nats[rate] for rate in sorted(nats)}
    yield Measurement(
        f"iterations.{name}.tried", tried, "nats by rate", list(asked.seeds)
    )
    yield Measurement(f"iterations.{name}.weights", numbers, "weights", None)


TRAINING = Training(
    "iterations", __doc__, {}, {name: partial(compete, name) for name in NETS}
)
