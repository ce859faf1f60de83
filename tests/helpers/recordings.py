"""Tones in place of words, for the tests of what transcribes them."""

import numpy as np
from scipy.io import wavfile

COUNT = 30


def tones(rng, words, rate=8000):
    """Each word as a tone of its own, with noise and rests around."""
    parts = []
    for word in words:
        seconds = np.arange(int(rate * rng.uniform(0.25, 0.4))) / rate
        pitch = {"o": 300, "i": 1800}[word]
        parts += [np.zeros(rate // 10), np.sin(2 * np.pi * pitch * seconds)]
    sound = np.concatenate([*parts, np.zeros(rate // 10)])
    return sound / 2 + rng.normal(0, 0.02, len(sound))


def fill(folder, count=COUNT, speakers=6, most=3):
    """Recordings of some words, and the table of their transcripts."""
    folder.mkdir(exist_ok=True, parents=True)
    rng = np.random.default_rng(0)
    rows = []
    for k in range(count):
        words = rng.choice(["o", "i"], rng.integers(1, most + 1)).tolist()
        speaker = f"voice{k % speakers}"
        name = f"{speaker}-{k:03}.wav"
        wavfile.write(folder / name, 8000, tones(rng, words).astype("f"))
        rows.append(f"{name}\t{' '.join(words).title()}\t{speaker}\n")
    (folder / "transcripts.tsv").write_text("".join(rows), "utf-8")
    return folder


def rows_of(folder):
    """The lines of its table: files, words and speakers."""
    text = (folder / "transcripts.tsv").read_text("utf-8")
    return [line.split("\t") for line in text.splitlines()]
