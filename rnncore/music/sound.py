"""A score as samples: a small organ, made of sines."""

import numpy as np

from rnncore.music.files import notes
from rnncore.music.score import Score

STOPS = (1.0, 0.5, 0.3, 0.15, 0.1, 0.05)  # loudness of each overtone
ATTACK, RELEASE = 0.02, 0.08  # seconds in which a pipe begins, and ends


def synthesise(score: Score, rate: int = 11_025) -> np.ndarray:
    """The score as samples between -1 and 1, all voices together.

    A note that begins while the same pitch sounds is heard to begin: the
    pipe closes for a moment before.

    Shapes: score -> samples (N,)

    Raises ValueError where the score is silent, or too fast to be heard.
    """
    seconds = score.frame * 60 / score.tempo  # a frame
    total = round(len(score.pitches) * seconds * rate)
    samples = np.zeros(total)
    for v in range(score.pitches.shape[1]):
        for begin, end, pitch in notes(score, v):
            first, last = (round(t * seconds * rate) for t in (begin, end))
            if last - first < 2 and pitch:
                raise ValueError(
                    f"tempo: expected a slower one, got {score.tempo:g}"
                )
            if pitch:
                samples[first:last] += pipe(pitch, last - first, rate)
    peak = np.abs(samples).max(initial=0)
    if peak == 0:
        raise ValueError("score: expected a note, got silence")
    return samples * (0.95 / peak)


def pipe(pitch: int, samples: int, rate: int) -> np.ndarray:
    """One held note: overtones of fixed loudness, soft at both ends.

    Shapes: pitch; samples; rate -> tone (samples,)
    """
    t = np.arange(samples) / rate
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    tone = sum(
        loud * np.sin(2 * np.pi * k * frequency * t)
        for k, loud in enumerate(STOPS, start=1)
        if k * frequency < rate / 2
    )
    rise = np.minimum(1, t / ATTACK)
    fall = np.minimum(1, (t[-1] - t) / RELEASE)
    return tone * rise * fall
