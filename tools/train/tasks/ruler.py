"""Train the memory ruler's own cells, for rnncore/ruler.json.

"updates_by_lag" writes, for the plain cell, GRU and LSTM, how many updates
each lag of the copy task took: a list a seed, up to the first lag that was
not learned. About a minute on a quiet core.
"forget_bias.1" and "forget_bias.3" are LSTMs that start with other forget
biases: the longest lag of each seed; half a minute.
"updates.plain" and so on write what each lag took, like "updates_by_lag", for
chapter 7's map with --seeds 0 1 2 3 4 5 6 7 8 9; four minutes.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from tqdm import tqdm

from rnncore import ruler
from rnncore.lstm import lstm_cell, lstm_cell_vjp
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
TRAINING = Training(
    "ruler",
    __doc__,
    copy_lags("ruler", BIASED)
    | {
        f"updates.{name}": partial(updates, name, cell)
        for name, cell in (ruler.CELLS | BIASED).items()
    },
    {"updates_by_lag": updates_by_lag},
)
