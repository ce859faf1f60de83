"""Compares scores with published ones: python -m tools.bench.published FILE.

Runs the protocol of the publications on the file that they are about, as a
table; nothing is kept.
"""

import argparse
from pathlib import Path

from tqdm import tqdm

from rnncore.music.published_sets import published_scores, read_published


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path)
    parts = read_published(parser.parse_args().file)
    sizes = ", ".join(str(len(p)) for p in parts)
    print(f"{sizes} pieces; nats per frame of the test pieces:")
    for name, score in published_scores(parts, progress=tqdm).items():
        print(f"{name:34}{score}")


if __name__ == "__main__":
    main()
