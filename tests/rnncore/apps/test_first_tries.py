"""A first try as the README says it, on made things: what comes out.

The commands' own settings hold; nothing is tuned for these data. Only what
would take many minutes gets fewer `--steps`.
"""

import json
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy.io import wavfile

from rnncore.data.music import chorales
from rnncore.data.series import mackey_glass
from rnncore.data.speech import RATE, Sentence, speak, with_noise
from rnncore.data.translation import date_pairs
from rnncore.data.video import stick_figures
from rnncore.music.files import write_midi
from rnncore.video.files import write_video
from tests.helpers.commands import run

pytestmark = pytest.mark.weekly

SPEAKERS = ["en-us+m1", "en+f2", "en-gb-scotland+m3", "en-029+f4"]
SPEAKERS += ["en-gb-x-rp+croak", "en-us-nyc+f5"]
WORDS = ["badu", "kire", "mona", "sipo", "tefa", "lugo", "hani", "wove"]


class Try(NamedTuple):
    """What is written into a folder, and what is then typed."""

    fill: Callable
    words: str
    verdict: str = "ahead"


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


def strings(folder, rng):
    """Two or three made words in noise, eighty times by each of six."""
    said = [
        Sentence(
            " ".join(rng.choice(WORDS, rng.integers(2, 4))),
            voice,
            int(rng.integers(120, 240)),
            int(rng.integers(30, 70)),
        )
        for voice in SPEAKERS
        for _ in range(80)
    ]
    lines = []
    for n, (about, clip) in enumerate(zip(said, speak(said), strict=True)):
        sound = with_noise(rng, clip, rng.uniform(10, 30))
        wavfile.write(folder / f"{n}.wav", RATE, sound)
        lines.append(f"{n}.wav\t{about.text}\t{about.voice}\n")
    (folder / "transcripts.tsv").write_text("".join(lines), "utf-8")
    return folder


def pairs(folder, rng):
    """Dates in words, English and German."""
    made = date_pairs(rng, "en", "de", 5000, 100).train
    path = folder / "pairs.tsv"
    path.write_text("".join(f"{a}\t{b}\n" for a, b in made), "utf-8")
    return path


def songs(folder, rng):
    """Chorales as MIDI files."""
    for n, score in enumerate(chorales()):
        write_midi(folder / f"{n}.mid", score)
    return folder


def table(folder, rng):
    """A chaotic series, a row a day."""
    values = mackey_glass(rng, 3000)
    days = pd.date_range("2020-01-01", periods=len(values), name="day")
    path = folder / "table.csv"
    pd.Series(values, days, name="value").to_csv(path)
    return path


TRIES = {
    "video": Try(films, "", "level"),  # pairs of frames are enough, too
    "forecast": Try(table, "--date day --value value --horizon 14"),
    "speech": Try(strings, "--steps 500"),
    "translate": Try(pairs, "--steps 600"),
    "music": Try(songs, "--steps 1100"),
}


@pytest.mark.parametrize("command", TRIES)
def test_no_first_try_is_behind_a_baseline(command, tmp_path, capsys):
    fill, words, verdict = TRIES[command]
    (tmp_path / "own").mkdir()
    data = fill(tmp_path / "own", np.random.default_rng(0))
    words = [data, *words.split(), "--model", tmp_path / "m.safetensors"]
    code, _, err = run(capsys, command, "train", *words)
    assert code == 0, err
    evaluate = [
        command,
        "evaluate",
        words[words.index("--model") + 1],
        data,
    ]
    code, out, err = run(capsys, *evaluate, "--json")
    assert code == 0, err
    assert json.loads(out)["verdict"] == verdict, out
