"""Where a caption's words looked, as a picture."""

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rnncore.storage.files import whole_file

ACROSS = 5  # words in a row


def draw_looks(path: Path, words: Sequence[str], weights: Any) -> None:
    """Write a picture: for each word a row of bars, the weight of each frame.

    `weights` are (N, T), with one row more than there are words.
    """
    from matplotlib.figure import Figure

    across = min(ACROSS, max(1, len(words)))
    down = max(1, math.ceil(len(words) / across))
    figure = Figure((2.2 * across, 2.4 * down), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for axis in axes[len(words) :]:
        axis.axis("off")
    for axis, word, row in zip(axes, words, weights, strict=False):
        axis.set_title(word)
        axis.bar(range(1, len(row) + 1), row)
        axis.set_ylim(0, 1)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=100)
    with whole_file(path) as target:
        target.write(out.getvalue())
