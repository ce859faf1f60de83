"""Train the memory ruler's own cells, for rnncore/ruler.json.

"updates_by_lag" writes, for the plain cell, GRU and LSTM, how many updates
each lag of the copy task took: a list a seed, up to the first lag that was
not learned. About a minute on a quiet core.
"forget_bias.1" and "forget_bias.3" are LSTMs that start with other forget
biases: the longest lag of each seed; half a minute.
"updates.plain" and so on write what each lag took, like "updates_by_lag", for
chapter 7's map with --seeds 0 1 2 3 4 5 6 7 8 9; four minutes.
"updates.sLSTM" and "updates.gated-delta" are the cells of chapter 20.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from rnncore import ruler
from rnncore.lstm import lstm_cell, lstm_cell_vjp
from rnncore.memory import gated_delta_cell, gated_delta_cell_vjp
from rnncore.xlstm import slstm_cell, slstm_cell_vjp
from tools.train.runner import Asked, Found, Training

PATH = Path(ruler.__file__).with_name("ruler.json")


def copy_lags(
    prefix: str, cells: Mapping[str, ruler.Cell]
) -> dict[str, Callable[[int, Asked], Iterator[Found]]]:
    """Runs that find the longest copy lag of cells."""

    def run(name: str, cell: ruler.Cell, seed: int, asked: Asked) -> Iterator[Found]:
        budget = asked.steps or ruler.BUDGET
        needed = ruler.updates_by_lag(cell, seed, budget)
        yield Found(
            f"{prefix}.{name}",
            ruler.longest_lag(needed, budget),
            f"longest copy lag in {budget} updates, one a seed",
        )

    return {n: partial(run, n, cell) for n, cell in cells.items()}


def updates(name: str, cell: ruler.Cell, seed: int, asked: Asked) -> Iterator[Found]:
    """What each lag took with one seed; rnncore/ruler.json has the first three."""
    budget = asked.steps or ruler.BUDGET
    yield Found(
        f"ruler.updates.{name}",
        ruler.updates_by_lag(cell, seed, budget),
        f"updates, at lags {ruler.LAGS}; budget {budget}, a list a seed",
    )


def biased(bias: float) -> ruler.Cell:
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


def updates_by_lag(asked: Asked) -> Iterator[Found]:
    """What rnncore/ruler.json holds."""
    budget = asked.steps or ruler.BUDGET
    yield Found(
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


BIASED = {f"forget_bias.{bias}": biased(bias) for bias in (1, 3)}
LATER = {
    "sLSTM": ruler.Cell(slstm_cell, slstm_cell_vjp, 4, 4),
    "gated-delta": ruler.Cell(memory_cell, memory_cell_vjp, 5, 1 + ruler.HIDDEN),
}
TRAINING = Training(
    "ruler",
    __doc__,
    copy_lags("ruler", BIASED)
    | {
        f"updates.{name}": partial(updates, name, cell)
        for name, cell in (ruler.CELLS | BIASED | LATER).items()
    },
    {"updates_by_lag": updates_by_lag},
)
