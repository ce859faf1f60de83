"""Train the memory ruler's own cells, for rnncore/comparison/ruler.json.

"updates_by_lag" writes, for the plain cell, GRU and LSTM, how many updates
each lag of the copy task took: a list per seed, up to the first lag that was
not learned. About a minute on a quiet core.
"forget_bias.1" and "forget_bias.3" are LSTMs that start with other forget
biases: the longest lag of each seed; half a minute.
"updates.plain" and so on write what each lag took, like "updates_by_lag", for
chapter 7's map with --seeds 0 1 2 3 4 5 6 7 8 9; four minutes.
"tuned" is the comparison: plain cell, GRU and LSTM with as many weights as the
GRU of 32 units, each with several starts and its own best rate of one grid, by
`rnncore.comparison`, with five seeds; the score is less the longest lag, and a
test is a training with other seeds; half an hour. "tuned-more" is the LSTM with
two more starts, a forget bias of 5 and chrono, on the lower half of the grid.
"updates.sLSTM" and "updates.gated-delta" are the cells of chapter 20,
"updates.leaky", "updates.relu" and "updates.minimal" those of chapter 18.
"layers.NAME" puts a layer of part IV on the same ruler: a matrix before it and
one after it, trained through autograd by the same loop. The layers start as in
chapter 22's blocks; "layers.NAME-slow" and "layers.NAME-fast" from others.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, logsigmoid
from tqdm import tqdm

from examples.my_cell import leaky_cell, leaky_cell_vjp
from rnncore.application import seeded
from rnncore.blocks import HEADS, MIXERS, Node
from rnncore.cells import CELLS as KNOWN
from rnncore.cells import Cell
from rnncore.chunks import DELTA, HEBB, Rule, memory_chunks, memory_chunks_vjp
from rnncore.comparison import Setting, Trained, compare, ruler, to_json
from rnncore.fused import cells as equations
from rnncore.gradient_flow import orthogonal
from rnncore.lstm import chrono, lstm_cell, lstm_cell_vjp
from rnncore.memory import Steps, gated_delta_cell, gated_delta_cell_vjp, unit
from rnncore.rnn import Params, init_readout
from rnncore.xlstm import slstm_cell, slstm_cell_vjp
from tools.train.ch05 import lags
from tools.train.ch05.lags import choose_units
from tools.train.ch07.cells import draw_layer, make_identity
from tools.train.runner import Measurement, Options, Training

RATES, SEEDS = (0.003, 0.01, 0.03), (0, 1, 2, 3, 4)
LOW = (0.0009, 0.003, 0.01)  # of the same grid, as far as it grew
PATH = Path(ruler.__file__).with_name("ruler.json")


def copy_lags(
    prefix: str, cells: Mapping[str, ruler.Cell]
) -> dict[str, Callable[[int, Options], Iterator[Measurement]]]:
    """Runs that find the longest copy lag of cells."""

    def run(
        name: str, cell: ruler.Cell, seed: int, asked: Options
    ) -> Iterator[Measurement]:
        budget = asked.steps or ruler.BUDGET
        needed = ruler.updates_by_lag(cell, seed, budget)
        yield Measurement(
            f"{prefix}.{name}",
            ruler.longest_lag(needed, budget),
            f"longest copy lag in {budget} updates, one per seed",
        )

    return {n: partial(run, n, cell) for n, cell in cells.items()}


def run_updates(
    name: str, cell: ruler.Cell, seed: int, asked: Options
) -> Iterator[Measurement]:
    """What each lag took with one seed; rnncore/comparison/ruler.json has the first three."""
    budget = asked.steps or ruler.BUDGET
    yield Measurement(
        f"ruler.updates.{name}",
        ruler.updates_by_lag(cell, seed, budget),
        f"updates, at lags {ruler.LAGS}; budget {budget}, a list per seed",
    )


class Contender(NamedTuple):
    """A cell, how W_h starts (None: as torch.nn's), and its second gate's bias."""

    cell: Cell
    W_h: Callable[..., np.ndarray] | None = None
    bias: float = 0.0
    chrono: bool = False  # an LSTM's biases, up to the end of the ruler
    equation: Any = None  # for the compiled loops, else the printed ones

    def draw(self, rng: np.random.Generator) -> Params:
        """A layer with the number of weights of the GRU of ruler.HIDDEN units."""
        D, G = ruler.SYMBOLS + 2, self.cell.G
        H = choose_units(G, D, ruler.HIDDEN, ruler.SYMBOLS)
        layer = draw_layer(rng, D, H, G, self.W_h)
        layer.b_x[H : 2 * H] += self.bias
        if self.chrono:
            b_x = chrono(rng, H, max(ruler.LAGS))
            layer = layer._replace(b_x=b_x, b_h=np.zeros_like(b_x))
        return layer


TUNED = {
    "plain, uniform": Contender(KNOWN["RNN_TANH"]),
    "plain, orthogonal": Contender(KNOWN["RNN_TANH"], orthogonal),
    "plain, identity": Contender(KNOWN["RNN_RELU"], make_identity),
    "GRU, uniform": Contender(KNOWN["GRU"]),
    "GRU, open": Contender(KNOWN["GRU"], bias=3),
    "LSTM, uniform": Contender(KNOWN["LSTM"]),
    "LSTM, open": Contender(KNOWN["LSTM"], bias=3),
}
MORE = {
    "LSTM, open 5": Contender(KNOWN["LSTM"], bias=5, equation=equations.lstm),
    "LSTM, chrono": Contender(KNOWN["LSTM"], chrono=True, equation=equations.lstm),
}


def at_rate(one: Contender, setting: Setting, seed: int, budget: int) -> Trained:
    """Less the longest lag at a rate; a test trains with another seed."""

    def score(seed: int) -> float:
        if one.equation is None:
            needed = ruler.updates_by_lag(
                one.cell, seed, budget, rate=setting["rate"], start=one.draw
            )
        else:
            needed = ruler.by_lag(
                partial(run_compiled, one, setting["rate"], seed, budget)
            )
        return -float(ruler.longest_lag(needed, budget))

    found = score(seed)
    tqdm.write(f"{setting['rate']:g} {seed}: {-found:g}")
    return Trained(found, budget, lambda: score(100 + seed))


def run_compiled(
    one: Contender, rate: float, seed: int, budget: int, lag: int
) -> int | None:
    """`ruler.updates_needed`, through the compiled loops."""
    rng = np.random.default_rng(seed)
    layer = one.draw(rng)
    params = layer, init_readout(rng, layer.W_h.shape[1], ruler.SYMBOLS)
    start = lags.Start(one.cell, one.equation)
    step = lags.compiled_loss(start, lags.TASKS["copy"])
    return ruler.updates_to_learn(step, params, lag, rng, budget, rate)


def run_tuned(
    key: str,
    contenders: Mapping[str, Contender],
    rates: tuple[float, ...],
    asked: Options,
) -> Iterator[Measurement]:
    """Cells at equal weights, each with its own start and rate."""
    found = compare(
        {name: partial(at_rate, one) for name, one in contenders.items()},
        {"rate": rates},
        steps=asked.steps or ruler.BUDGET,
        seeds=SEEDS,
        headline=True,
    )
    unit = "less the longest copy lag; steps are updates a lag"
    yield Measurement(key, to_json(found), unit, list(SEEDS))


def make_biased(bias: float) -> ruler.Cell:
    """An LSTM whose forget gates start further open by a constant."""

    def cell(a_x, a_h, state):
        H = a_x.shape[-1] // 4
        a = a_x.copy()
        a[:, H : 2 * H] += bias  # gates i, f, g, o
        return lstm_cell(a, a_h, state)

    return ruler.Cell(cell, lstm_cell_vjp, 4, 2)


def memory_cell(a_x, a_h, state):
    """A matrix memory whose rows are parts of the state, after the output."""
    y, *rows = state
    (y, S), cache = gated_delta_cell(a_x, a_h, (y, np.stack(rows, axis=1)))
    return (y, *np.moveaxis(S, 1, 0)), cache


def memory_cell_vjp(d_state, cache):
    """Backward through `memory_cell`."""
    d_y, *d_rows = d_state
    d_memory = d_y, np.stack(d_rows, axis=1)
    d_x, d_h, (d_y, d_S) = gated_delta_cell_vjp(d_memory, cache)
    return d_x, d_h, (d_y, *np.moveaxis(d_S, 1, 0))


class Memory(nn.Module):
    """A row of chapter 20's table: a matrix for each of four heads.

    `keep` says what is kept: all, a fixed share of each head ("fixed"), or a
    share of each column that the input chooses ("columns").

    Shapes: x (T, B, D); state -> y (T, B, D); state
    """

    def __init__(self, D: int, rule: Rule, keep: str = "all") -> None:
        super().__init__()
        self.d, self.rule, self.keep = D // HEADS, rule, keep
        self.inputs = nn.Linear(D, 4 * D + HEADS)  # q, k, v, alpha, beta

    def first(self, B: int) -> tuple[Tensor]:
        """The state before any step."""
        return (self.inputs.bias.new_zeros(B * HEADS, self.d, self.d),)

    def forward(self, x: Tensor, state: tuple[Tensor]) -> tuple[Tensor, tuple]:
        """Outputs (T, B, D), and the state after the last step."""
        sizes = *[HEADS * self.d] * 4, HEADS
        parts = self.inputs(x).split(sizes, dim=-1)
        q, k, v, a, beta = (
            part.unflatten(-1, (HEADS, -1)).flatten(1, 2) for part in parts
        )
        beta = beta.sigmoid() if self.rule is DELTA else torch.ones_like(beta)
        steps = Steps(unit(q)[0], unit(k)[0], v, self.log_kept(a), beta)
        y, S = Node.apply(self.chunks, self.chunks_vjp, *state, *steps)
        return y.unflatten(1, (-1, HEADS)).flatten(2), (S,)

    def chunks(self, S: Tensor, *steps: Tensor) -> tuple:
        """Outputs and the last matrix, then what the vjp needs."""
        y, S, chunks = memory_chunks(self.rule, Steps(*steps), S, CHUNK)
        return (y, S), chunks

    def chunks_vjp(self, chunks: list, d_y: Tensor, d_S: Tensor) -> tuple:
        """Of the first matrix and of the steps."""
        d_steps, d_S = memory_chunks_vjp(self.rule, chunks, d_y, d_S)
        return d_S, *d_steps

    def log_kept(self, a: Tensor) -> Tensor:
        """log of the share that is kept: (T, B * HEADS, 1 or d)."""
        if self.keep == "columns":  # as published: the gate's 16th root
            return logsigmoid(a) / 16
        kept = a.new_zeros(HEADS)
        if self.keep == "fixed":  # as published: 31 of 32, and so on
            kept = torch.log1p(-(2 ** -torch.arange(5, 5 + HEADS).to(a)))
        kept = kept.repeat(a.shape[1] // HEADS)
        return kept[None, :, None].expand(a.shape[0], -1, -1)


class Reader(nn.Module):
    """A layer between two matrices: symbols in, scores of the last step out."""

    def __init__(self, layer: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.inputs = nn.Linear(ruler.SYMBOLS + 2, ruler.HIDDEN)
        self.layer: Any = layer(ruler.HIDDEN)
        self.out = nn.Linear(ruler.HIDDEN, ruler.SYMBOLS)

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (T, B, SYMBOLS + 2) -> logits (B, SYMBOLS)."""
        y, _ = self.layer(self.inputs(x), self.layer.first(x.shape[1]))
        return self.out(y[-1])


def make_started(name: str, change: Callable[[Any], Any]) -> Callable[[int], nn.Module]:
    """A mixer of chapter 22 from another start."""

    def layer(D: int) -> nn.Module:
        made = MIXERS[name](D)
        with torch.no_grad():
            change(made)
        return made

    return layer


def layer_updates_needed(
    layer: Callable[[int], nn.Module], lag: int, seed: int, budget: int
) -> int | None:
    """`ruler.updates_needed` of a layer, whose gradient is autograd's."""
    with seeded(seed):
        network = Reader(layer).double()
    params = {name: p.detach() for name, p in network.named_parameters()}

    def step(params: dict[str, Tensor], batch: tuple, carry: None) -> tuple:
        weights = {name: p.detach().requires_grad_() for name, p in params.items()}
        x, targets = map(torch.asarray, batch)
        logits = torch.func.functional_call(network, weights, (x,))
        loss = cross_entropy(logits, targets[0])
        d = torch.autograd.grad(loss, [*weights.values()], materialize_grads=True)
        return loss.item(), dict(zip(weights, d, strict=True)), carry

    rng = np.random.default_rng(seed)
    return ruler.updates_to_learn(step, params, lag, rng, budget)


def layer_updates(
    name: str, layer: Callable[[int], nn.Module], seed: int, asked: Options
) -> Iterator[Measurement]:
    """What each lag took with one seed."""
    budget = asked.steps or ruler.BUDGET
    yield Measurement(
        f"ruler.layers.{name}",
        ruler.by_lag(lambda lag: layer_updates_needed(layer, lag, seed, budget)),
        f"updates, at lags {ruler.LAGS}; budget {budget}, a list per seed",
    )


def updates_by_lag(asked: Options) -> Iterator[Measurement]:
    """What rnncore/comparison/ruler.json holds."""
    budget = asked.steps or ruler.BUDGET
    yield Measurement(
        "ruler.updates_by_lag",
        {
            name: [
                ruler.updates_by_lag(cell, seed, budget)
                for seed in tqdm(asked.seeds, desc=name)
            ]
            for name, cell in ruler.CELLS.items()
        },
        f"updates, at lags {ruler.LAGS}; budget {budget}",
        list(asked.seeds),
        path=PATH,
    )


BIASED = {f"forget_bias.{bias}": make_biased(bias) for bias in (1, 3)}
LATER = {
    "sLSTM": ruler.Cell(slstm_cell, slstm_cell_vjp, 4, 4),
    "gated-delta": ruler.Cell(memory_cell, memory_cell_vjp, 5, 1 + ruler.HIDDEN),
    "leaky": ruler.Cell(leaky_cell, leaky_cell_vjp),
    "relu": KNOWN["RNN_RELU"],
    "minimal": KNOWN["minimal"],
}
CHUNK = 16  # steps of a memory that are taken together
MEMORIES = {
    "linear-attention": partial(Memory, rule=HEBB),
    "RetNet": partial(Memory, rule=HEBB, keep="fixed"),
    "GLA": partial(Memory, rule=HEBB, keep="columns"),
    "DeltaNet": partial(Memory, rule=DELTA),
}
D = ruler.HIDDEN
STARTS = {  # controls: slow for fast, and fast for slow
    "minLSTM-slow": make_started(  # f at 0.98 and i at 0.02
        "minLSTM", lambda m: (m.b_x[:D].add_(4), m.b_x[D : 2 * D].sub_(4))
    ),
    "RG-LRU-fast": make_started(  # where r is 1/2, half is kept
        "RG-LRU", lambda m: m.decay.fill_(0.5**0.25).logit_()
    ),
    "selective-fast": make_started("selective", lambda m: m.b_x[:D].zero_()),
    "mLSTM-fast": make_started("mLSTM", lambda m: m.inputs.bias[-HEADS:].zero_()),
}
LAYERS = MIXERS | MEMORIES | STARTS
TRAINING = Training(
    "ruler",
    __doc__,
    copy_lags("ruler", BIASED)
    | {
        f"updates.{name}": partial(run_updates, name, cell)
        for name, cell in (ruler.CELLS | BIASED | LATER).items()
    }
    | {
        f"layers.{name}": partial(layer_updates, name, layer)
        for name, layer in LAYERS.items()
    },
    {
        "updates_by_lag": updates_by_lag,
        "tuned": partial(run_tuned, "ruler.tuned", TUNED, RATES),
        "tuned-more": partial(run_tuned, "ruler.tuned-more", MORE, LOW),
    },
)
