"""Train the memory ruler's own cells, for rnncore/comparison/ruler.json.

"updates_by_lag" writes, for the plain cell, GRU and LSTM, how many updates
each lag of the copy task took: a list per seed, up to the first lag that was
not learned. About a minute on a quiet core.
"updates.plain" and so on write what each lag took, like "updates_by_lag", for
chapter 7's map with --seeds 0 1 2 3 4 5 6 7 8 9; four minutes.
"tuned" is the comparison: plain cell, GRU and LSTM with as many weights as the
GRU of 32 units, each with several starts and its own best rate of one grid, by
`rnncore.comparison`, with five seeds; the score is less the longest lag, and a
test is a training with other seeds; half an hour. "tuned-more" is the LSTM with
two more starts, a forget bias of 5 and chrono, on the lower half of the grid.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from rnncore.cells import CELLS as KNOWN
from rnncore.cells import Cell
from rnncore.comparison import Setting, Trained, compare, ruler, to_json
from rnncore.fused import cells as equations
from rnncore.gradient_flow import orthogonal
from rnncore.lstm import chrono
from rnncore.rnn import Params, init_readout
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


TRAINING = Training(
    "ruler",
    __doc__,
    {
        f"updates.{name}": partial(run_updates, name, cell)
        for name, cell in ruler.CELLS.items()
    },
    {
        "updates_by_lag": updates_by_lag,
        "tuned": partial(run_tuned, "ruler.tuned", TUNED, RATES),
        "tuned-more": partial(run_tuned, "ruler.tuned-more", MORE, LOW),
    },
)
