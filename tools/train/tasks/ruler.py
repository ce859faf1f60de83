"""Train the memory ruler's own cells, for rnncore/ruler.json.

Writes, for the plain cell, GRU and LSTM, how many updates each lag of the
copy task took: a list a seed, up to the first lag that was not learned.
Takes about a minute on a quiet core. With --forget-bias it trains LSTMs
that start with other forget biases, for chapter 7, and writes their lags
into book/measurements.json ("ruler.forget_bias.3"); half a minute for two.
"""

import argparse
from pathlib import Path

from tqdm import tqdm

from rnncore import ruler
from rnncore.lstm import lstm_cell, lstm_cell_vjp
from tools import measurements
from tools.measurements import record

PATH = Path(ruler.__file__).with_name("ruler.json")


def biased(bias: float) -> ruler.Cell:
    """An LSTM whose forget gates start further open by a constant."""

    def cell(a_x, a_h, state):
        H = a_x.shape[-1] // 4
        a = a_x.copy()
        a[:, H : 2 * H] += bias  # gates i, f, g, o
        return lstm_cell(a, a_h, state)

    return ruler.Cell(cell, lstm_cell_vjp, 4, 2)


def train_biased(bias: float, path: Path) -> None:
    """The longest lag of each seed, with another forget bias."""
    lags = []
    for seed in tqdm(ruler.SEEDS, desc=f"forget bias {bias:g}"):
        needed = ruler.updates_by_lag(biased(bias), seed, ruler.BUDGET)
        lags.append(ruler.longest_lag(needed, ruler.BUDGET))
    tqdm.write(f"forget bias {bias:g}: {lags}")
    record(
        {f"ruler.forget_bias.{bias:g}": lags},
        unit=f"longest copy lag in {ruler.BUDGET} updates, one a seed",
        seed=list(ruler.SEEDS),
        command="python -m tools.train ruler --forget-bias 1 3",
        path=path,
    )


def main(argv: list[str] | None = None) -> None:
    """Train, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", type=Path, default=PATH)
    parser.add_argument("--forget-bias", type=float, nargs="*", default=[])
    chosen = parser.parse_args(argv)
    for bias in chosen.forget_bias:
        train_biased(bias, measurements.PATH)
    if chosen.forget_bias:
        return
    runs = [(name, seed) for name in ruler.CELLS for seed in ruler.SEEDS]
    updates: dict[str, list[list[int]]] = {n: [] for n in ruler.CELLS}
    for name, seed in tqdm(runs):
        needed = ruler.updates_by_lag(ruler.CELLS[name], seed, ruler.BUDGET)
        tqdm.write(f"{name}, seed {seed}: {needed}")
        updates[name].append(needed)
    record(
        {"ruler.updates_by_lag": updates},
        unit=f"updates, at lags {ruler.LAGS}; budget {ruler.BUDGET}",
        seed=list(ruler.SEEDS),
        command="python -m tools.train ruler",
        path=chosen.path,
    )


if __name__ == "__main__":
    main()
