"""Train chapter 20's memories to recall values by their keys.

N pairs of a key and a value come in, then the keys again, in another
order; at each the value is asked for. In "again" half of the keys are
written a second time, and the later value counts. One mixer with 64
numbers of state between an embedding and two linear layers; under
"recall.TASK.MIXER" the share right for each N of LENGTHS, a row for each
seed. The rate is the best of RATES on other data with seed 0; where that
is the least or the greatest, the next one is tried. Memories start by
keeping nearly all; what a vector's gate starts with is chosen first, one
of KEEPS at the middle rate. Some ten minutes on one core.
"""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from rnncore.chunks import DELTA, HEBB, Rule, memory_chunks
from rnncore.memory import Steps, unit
from rnncore.scan import linear_scan
from tools.train.grids import search_grid
from tools.train.runner import Measurement, Options, Training, fit_module

KEYS = VALUES = 32
WIDTH, K, V = 64, 8, 8  # of the embedding; the matrix is V by K
LENGTHS = 2, 4, 6, 8, 12, 16, 24
TRAINED = 2, 4, 8, 12, 16
RATES = 0.003, 0.01, 0.03
FACTOR = 3.3
KEEPS = 0.0, 3.0, 6.0  # as torch draws it; some 95 % and 99.8 % are kept
MOST = 8  # rates that are tried
STEPS, BATCH, HELD_OUT = 1200, 32, 512
CHOOSING, REPORTING = 1001, 2002  # seeds of what no training sees


class Asking(NamedTuple):
    """Tokens, and what is asked for at the last N of them."""

    tokens: Tensor  # (T, B)
    values: Tensor  # (N, B)


def draw(rng: np.random.Generator, N: int, B: int, again: int = 0) -> Asking:
    """N different keys with values; `again` of them get a second one."""
    keys = np.argsort(rng.random((B, KEYS)), axis=1)[:, :N]
    rewritten = keys[:, :again]
    order = np.argsort(rng.random((B, again)), axis=1)
    rewritten = np.take_along_axis(rewritten, order, axis=1)
    written = np.concatenate([keys, rewritten], axis=1)
    values = rng.integers(0, VALUES, written.shape)
    latest = np.concatenate([values[:, N:], values[:, again:N]], axis=1)
    if again:  # the order in which they were written again
        back = np.argsort(order, axis=1)
        latest[:, :again] = np.take_along_axis(values[:, N:], back, axis=1)
    shuffle = np.argsort(rng.random((B, N)), axis=1)
    asked = np.take_along_axis(keys, shuffle, axis=1)
    answers = np.take_along_axis(latest, shuffle, axis=1)
    pairs = np.stack([written, KEYS + values], axis=2).reshape(B, -1)
    tokens = np.concatenate([pairs, asked], axis=1)
    return Asking(torch.asarray(tokens.T.copy()), torch.asarray(answers.T.copy()))


class Start(NamedTuple):
    """What is searched."""

    keep: float  # added at first to the bias of the gate that keeps
    rate: float  # of learning


class Lstm(nn.Module):
    """32 units: 64 numbers of state, h and c."""

    def __init__(self, D: int, keep: float = 0.0) -> None:
        super().__init__()
        self.layer = nn.LSTM(D, K * V // 2)
        self.out = K * V // 2
        with torch.no_grad():  # the forget gate's
            bias = self.layer.get_parameter("bias_ih_l0")
            bias[self.out : 2 * self.out] += keep

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (T, B, D) -> y (T, B, out)."""
        return self.layer(x)[0]


class Minimal(nn.Module):
    """Chapter 18's layer of 64 units, read as it is or with the query."""

    def __init__(self, D: int, query: bool = False, keep: float = 0.0) -> None:
        super().__init__()
        self.out = K * V
        self.inputs = nn.Linear(D, (3 if query else 2) * self.out)
        with torch.no_grad():  # z is what is written, 1 - z what is kept
            self.inputs.bias[: self.out] -= keep
        self.first = nn.Parameter(torch.zeros(self.out))

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (T, B, D) -> y (T, B, out)."""
        z, n, *query = self.inputs(x).split(self.out, dim=-1)
        z = torch.sigmoid(z)
        h, _ = linear_scan(1 - z, z * n, self.first.expand(x.shape[1], -1))
        return h * query[0] if query else h


class Memory(nn.Module):
    """A matrix of 64 numbers, with a rule of writing and perhaps a decay."""

    def __init__(
        self, D: int, rule: Rule, decay: bool = False, columns: int = K
    ) -> None:
        super().__init__()
        self.out, self.rule, self.decay = K * V // columns, rule, decay
        self.sizes = [columns, columns, self.out, 1, 1]  # q, k, v, beta, a
        self.inputs = nn.Linear(D, sum(self.sizes))
        self.first = nn.Parameter(torch.zeros(self.out, columns))
        with torch.no_grad():  # at first nearly all is kept
            self.inputs.bias[-1] = 4.0

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (T, B, D) -> y (T, B, out)."""
        q, k, v, beta, a = self.inputs(x).split(self.sizes, dim=-1)
        log_a = nn.functional.logsigmoid(a) if self.decay else 0 * a
        beta = torch.sigmoid(beta) if self.rule is DELTA else 1 + 0 * beta
        steps = Steps(unit(q)[0], unit(k)[0], v, log_a, beta)
        first = self.first.expand(x.shape[1], -1, -1)
        return memory_chunks(self.rule, steps, first, x.shape[0])[0]


class Network(nn.Module):
    """Each token and the one before it, a mixer, and two linear layers."""

    def __init__(self, mixer: Callable) -> None:
        super().__init__()
        self.embedding = nn.Embedding(KEYS + VALUES, WIDTH)
        self.mixer = mixer(2 * WIDTH)
        self.norm = nn.RMSNorm(self.mixer.out)
        self.head = nn.Sequential(
            nn.Linear(self.mixer.out, WIDTH), nn.ReLU(), nn.Linear(WIDTH, VALUES)
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """Shapes: tokens (T, B) -> logits (T, B, VALUES)."""
        e = self.embedding(tokens)
        before = torch.cat([torch.zeros_like(e[:1]), e[:-1]])
        return self.head(self.norm(self.mixer(torch.cat([e, before], dim=-1))))


MIXERS: dict[str, Callable] = {
    "lstm": Lstm,
    "minimal": Minimal,
    "minimal-query": partial(Minimal, query=True),
    "hebb": partial(Memory, rule=HEBB),
    "decay": partial(Memory, rule=HEBB, decay=True),
    "delta": partial(Memory, rule=DELTA),
    "gated-delta": partial(Memory, rule=DELTA, decay=True),
    "delta-wide": partial(Memory, rule=DELTA, columns=4 * K),
}
VECTORS = "lstm", "minimal", "minimal-query"
TASKS = {"once": 0, "again": 2}  # every second key is written again
RUNS = [("once", name) for name in MIXERS if name not in ("decay", "gated-delta")]
RUNS += [("again", n) for n in MIXERS if n not in (*VECTORS, "delta-wide")]


def count_pairs(task: str, N: int) -> int:
    """How many of N keys are written a second time."""
    return N // TASKS[task] if TASKS[task] else 0


def compute_loss(network: Network, batch: Asking, carry: Any) -> tuple[Tensor, Any]:
    """Cross entropy where something is asked."""
    logits = network(batch.tokens)[-len(batch.values) :]
    return nn.functional.cross_entropy(logits.flatten(0, 1), batch.values.flatten()), 0


def share_right(network: Network, task: str, N: int, seed: int) -> float:
    """The scores on the values of N keys, on separate sequences."""
    rng = np.random.default_rng((seed, N))
    asked = draw(rng, N, HELD_OUT, count_pairs(task, N))
    with torch.no_grad():
        found = network(asked.tokens)[-N:].argmax(-1)
    return float((found == asked.values).double().mean())


def train_network(
    task: str, mixer: str, start: Start, seed: int, steps: int
) -> Network:
    """One run, from its seed."""
    torch.manual_seed(seed)
    chosen = {"keep": start.keep} if mixer in VECTORS else {}
    network = Network(partial(MIXERS[mixer], **chosen))

    def next_batch(rng: np.random.Generator, step: int) -> Asking:
        N = int(rng.choice(TRAINED))
        return draw(rng, N, BATCH, count_pairs(task, N))

    label = f"{task} {mixer} {start.keep:g} {start.rate:g}"
    fit_module(network, compute_loss, next_batch, start.rate, steps, seed, label)
    return network


def next_rate(rates: list[float], best: float) -> float:
    """The rate next to the best, which ends the grid."""
    return round(best / FACTOR if best == rates[0] else best * FACTOR, 5)


def compete(task: str, mixer: str, asked: Options) -> Iterator[Measurement]:
    """Search start and rate with one seed, then train with all."""
    steps = asked.steps or STEPS
    first = asked.seeds[0]
    networks: dict[Start, Network] = {}

    @cache
    def score(keep: float, rate: float) -> float:
        start = Start(keep, rate)
        networks[start] = train_network(task, mixer, start, first, steps)
        shares = [share_right(networks[start], task, N, CHOOSING) for N in TRAINED]
        return -float(np.mean(shares))

    keeps = KEEPS if mixer in VECTORS else KEEPS[:1]
    starts = {keep: score(keep, RATES[1]) for keep in keeps}
    keep = min(starts, key=starts.__getitem__)
    tried = search_grid(partial(score, keep), RATES, MOST, next_rate)
    best = Start(keep, min(tried, key=tried.__getitem__))
    every = [networks[best]]
    every += [train_network(task, mixer, best, seed, steps) for seed in asked.seeds[1:]]
    shares = [[share_right(n, task, N, REPORTING) for N in LENGTHS] for n in every]
    key, seeds = f"recall.{task}.{mixer}", list(asked.seeds)
    unit_ = f"share right for N = {LENGTHS}, {steps} steps of Adam"
    yield Measurement(key, shares, unit_, seeds)
    numbers = sum(p.numel() for p in every[0].parameters())
    yield Measurement(f"{key}.numbers", numbers, "weights", seeds)
    rates = {f"{rate:g}": -tried[rate] for rate in sorted(tried)}
    yield Measurement(f"{key}.tried", rates, "share right by rate, other data", first)
    if mixer in VECTORS:
        kept = {f"{keep:g}": -starts[keep] for keep in keeps}
        about = f"share right by added bias, rate {RATES[1]}, other data"
        yield Measurement(f"{key}.starts", kept, about, first)


TRAINING = Training(
    "recall",
    __doc__,
    {},
    {f"{task}.{mixer}": partial(compete, task, mixer) for task, mixer in RUNS},
)
