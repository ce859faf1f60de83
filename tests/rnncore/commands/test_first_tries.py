"""A first try as the README says it, on made things: ahead of baselines.

The commands' own settings hold; only what would take longer than a minute
or two gets fewer `--steps`, with which a network is behind what it would be.
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
from tests.helpers import ROOT
from tests.helpers.commands import run

pytestmark = pytest.mark.weekly

SPEAKERS = ["en-us+m1", "en-gb+f2", "en-gb-scotland+m3", "en-029+f4"]
SPEAKERS += ["en-gb-x-rp+croak", "en-us+f5"]
WORDS = ["stop", "go", "left", "right", "up", "down", "yes", "no"]


class Try(NamedTuple):
    """What is written into a folder, and what is then typed."""

    fill: Callable
    words: str
    higher: bool = False  # of two scores the higher one is better


def recordings(folder, rng):
    """A folder a word; each is said ten times by each of six, in noise."""
    said = [
        Sentence(word, voice, int(speed), int(pitch))
        for voice in SPEAKERS
        for word in WORDS
        for speed, pitch in rng.integers((120, 30), (240, 70), (10, 2))
    ]
    for n, (about, clip) in enumerate(zip(said, speak(said), strict=True)):
        place = folder / about.text
        place.mkdir(parents=True, exist_ok=True)
        sound = with_noise(rng, clip, rng.uniform(10, 30))
        speaker = about.voice.replace("-", "")
        wavfile.write(place / f"{speaker}-{n}.wav", RATE, sound)
    return folder


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


def pages(folder, rng):
    """The pages of this book."""
    return ROOT / "book"


def table(folder, rng):
    """A chaotic series, a row a day."""
    values = mackey_glass(rng, 1500)
    days = pd.date_range("2020-01-01", periods=len(values), name="day")
    path = folder / "table.csv"
    pd.Series(values, days, name="value").to_csv(path)
    return path


def pairs(folder, rng):
    """Dates in words, English and German."""
    made = date_pairs(rng, "en", "de", 5000, 100).train
    path = folder / "pairs.tsv"
    path.write_text("".join(f"{a}\t{b}\n" for a, b in made), "utf-8")
    return path


def songs(folder, rng):
    """A hundred chorales as MIDI files."""
    for n, score in enumerate(chorales()[:100]):
        write_midi(folder / f"{n}.mid", score)
    return folder


TRIES = {
    "speech": Try(recordings, "--transcripts folders --speakers names"),
    "video": Try(films, "", higher=True),
    "text": Try(pages, "--steps 1000"),
    "forecast": Try(table, "--date day --value value --horizon 14"),
    "translate": Try(pairs, "--steps 600", higher=True),
    "music": Try(songs, "--steps 600"),
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
    print(command, score, baseline, found.get("interval"))
    worst = found.get("interval", [None, score, score])[1 if higher else 2]
    if higher:
        assert baseline < min(score, worst), out
    else:
        assert max(score, worst) < baseline, out
