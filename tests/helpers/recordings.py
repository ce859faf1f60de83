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
    """Recordings of some words, and their transcripts."""
    folder.mkdir(exist_ok=True, parents=True)
    rng = np.random.default_rng(0)
    for k in range(count):
        words = rng.choice(["o", "i"], rng.integers(1, most + 1)).tolist()
        stem = folder / f"voice{k % speakers}-{k:03}"
        wavfile.write(f"{stem}.wav", 8000, tones(rng, words).astype("f"))
        stem.with_suffix(".txt").write_text(" ".join(words).title() + "\n")
    return folder
