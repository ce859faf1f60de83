"""Train the memory ruler's own cells, for rnncore/ruler.json.

Writes, for the plain cell, GRU and LSTM, how many updates each lag of the
copy task took: a list a seed, up to the first lag that was not learned.
Takes about a minute on a quiet core.
"""

import argparse
from pathlib import Path

from measurements import record
from tqdm import tqdm

from rnncore import ruler

PATH = Path(ruler.__file__).with_name("ruler.json")


def main(argv: list[str] | None = None) -> None:
    """Train, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", type=Path, default=PATH)
    chosen = parser.parse_args(argv)
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
        command="python tools/train_ruler.py",
        path=chosen.path,
    )


if __name__ == "__main__":
    main()
