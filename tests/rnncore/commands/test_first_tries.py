"""A first try as the README says it, on made things: ahead of baselines.

The commands' own settings hold; nothing is tuned for these data.
"""

import json
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from rnncore.data.series import mackey_glass
from rnncore.data.video import stick_figures
from rnncore.video.files import write_video
from tests.helpers.commands import run

pytestmark = pytest.mark.weekly


class Try(NamedTuple):
    """What is written into a folder, and what is then typed."""

    fill: Callable
    words: str
    higher: bool = False  # of two scores the higher one is better


def films(folder, rng):
    """A folder an action, with forty films of stick figures each."""
    made = stick_figures(rng, 320)
    for n, (film, name) in enumerate(
        zip(made.frames, made.captions, strict=True)
    ):
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        write_video(place / f"{n}.mp4", film, zoom=2)
    return folder


def table(folder, rng):
    """A chaotic series, a row a day."""
    values = mackey_glass(rng, 1500)
    days = pd.date_range("2020-01-01", periods=len(values), name="day")
    path = folder / "table.csv"
    pd.Series(values, days, name="value").to_csv(path)
    return path


TRIES = {
    "video": Try(films, "", higher=True),
    "forecast": Try(table, "--date day --value value --horizon 14"),
}


@pytest.mark.parametrize("command", TRIES)
def test_a_first_try_is_clearly_ahead_of_every_baseline(
    command, tmp_path, capsys
):
    fill, words, higher = TRIES[command]
    (tmp_path / "own").mkdir()
    data = fill(tmp_path / "own", np.random.default_rng(0))
    words = [data, *words.split(), "--model", tmp_path / "m.safetensors"]
    words += ["--threads", 1, "--json"]
    code, out, err = run(capsys, command, "train", *words)
    assert code == 0, err
    found = json.loads(out)
    score, baseline = found["score"], found["baseline"]
    around = 2 * found.get("spread", 0.0)  # of the seeds
    ends = ["", score - around, score + around]
    _, low, high = found.get("interval", ends)
    assert baseline < low if higher else high < baseline, out
