"""Where a caption's words looked, as a picture."""

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rnncore.storage.files import whole_file

ACROSS = 5  # pictures in a row
SIDE = 448  # pixels of a photograph


def draw_looks(
    path: Path, file: Path, words: Sequence[str], weights: Any, places: bool
) -> None:
    """Write a picture: each word, and the weight of each place or frame.

    The photograph is lighter where a word looked; of a film the frames
    are a row of bars.

    `weights` are (N, T), with one row more than there are words.
    """
    from matplotlib.figure import Figure

    from rnncore.apps.video.features import read_photograph

    seen = np.asarray(weights)[: len(words)]
    across = min(ACROSS, max(1, len(words)))
    down = max(1, math.ceil(len(words) / across))
    figure = Figure((2.2 * across, 2.4 * down), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).ravel()
    picture = read_photograph(file, SIDE) if places else None
    for axis in axes:
        axis.axis("off")
    for axis, word, row in zip(axes, words, seen, strict=False):
        axis.set_title(word)
        if picture is None:
            axis.axis("on")
            axis.bar(range(1, len(row) + 1), row)
            axis.set_ylim(0, 1)
            continue
        side = math.isqrt(len(row))
        wide = SIDE // side
        light = row.reshape(side, side).repeat(wide, 0).repeat(wide, 1)
        light = 0.25 + 0.75 * light / max(light.max(), 1e-9)
        axis.imshow((picture * light[..., None]).astype(np.uint8))
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=100)
    with whole_file(path) as target:
        target.write(out.getvalue())
