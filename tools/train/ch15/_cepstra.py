"""Cepstra: a spectrum as a few cosines, as published sets have it.

They are what is left of 40 bands when fine detail is dropped. So they can
be bands again, be varied as another voice would vary them, and go back.
"""

import numpy as np

from rnncore.apps.speech.training import varied
from rnncore.backend import check_shape
from rnncore.data.speech import RecordingParts
from rnncore.speech.features import BANDS, stacked, standardised

STACK = 3  # frames a step: 30 ms
COUNT = 13  # cepstra of a frame


def cosines(count: int) -> np.ndarray:
    """How each cepstrum looks in the bands; the first is alike in all.

    Shapes: -> basis (count, 40)

    Raises ValueError unless there are 1 to 40.
    Source: Davis & Mermelstein 1980.
    """
    if not 1 <= count <= BANDS:
        raise ValueError(f"count: expected 1 to {BANDS}, got {count}")
    centre = (np.arange(BANDS) + 0.5) / BANDS
    basis = 2 * np.cos(np.pi * np.arange(count)[:, None] * centre)
    basis[0] = 1
    return basis


def smooth_bands(cepstra: np.ndarray) -> np.ndarray:
    """The bands that these cepstra stand for, normalised, 3 frames a step.

    Shapes: cepstra (T, D) -> features ((T + 2) // 3, 120)
    """
    check_shape("cepstra", cepstra, "T", "D")
    bands = cepstra @ cosines(cepstra.shape[1])
    return stacked(standardised(bands), STACK).astype(np.float32)


def back_to_cepstra(features: np.ndarray, count: int = COUNT) -> np.ndarray:
    """The cepstra of such bands: each with mean 0 and deviation 1.

    Shapes: features (U, 120) -> features (U, 3*count)
    """
    check_shape("features", features, "U", STACK * BANDS)
    features = np.asarray(features, float)
    back = np.linalg.pinv(cosines(count))
    cepstra = standardised(features.reshape(-1, BANDS) @ back)
    return cepstra.reshape(len(features), -1).astype(np.float32)


def hear_cepstra(parts: RecordingParts) -> RecordingParts:
    """Recordings of cepstra as the bands that these stand for."""
    return RecordingParts(
        *(
            [r._replace(features=smooth_bands(r.features)) for r in part]
            for part in parts
        )
    )


def varied_cepstra(
    rng: np.random.Generator, features: np.ndarray, least: int = 1
) -> np.ndarray:
    """As `varied`, of the bands; what comes out are cepstra.

    Shapes: features (T, 120) -> features (U, 39)
    """
    return back_to_cepstra(varied(rng, features, least))
