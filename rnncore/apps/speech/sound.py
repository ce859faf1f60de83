"""Sound from files of any kind that PyAV opens, whatever their ending."""

import io
import os
from pathlib import Path
from typing import Any

import numpy as np

from rnncore.backend import check_shape
from rnncore.speech.features import FASTEST, SLOWEST
from rnncore.storage.files import Refused, read_bytes
from rnncore.storage.intake import frames_of, open_media

LONGEST = 4 * 3600  # seconds: a small file may hold days of silence


def read_sound(path: str | os.PathLike) -> tuple[np.ndarray, int]:
    """The samples of a recording, all channels' mean, and their rate.

    Of any format of `LIMITS["sound"]`; of a film its sound. What is cut off
    is read as far as it goes.

    Shapes: -> samples (N,); rate

    Raises Refused naming the file where it holds no sound, more than
    LONGEST seconds, or another rate than sound has.
    """
    import av

    path = Path(path)
    content = read_bytes(path, "sound")
    parts: list[np.ndarray] = []
    rate = count = 0
    try:
        with open_media(io.BytesIO(content), "sound") as film:
            if not film.streams.audio:
                raise Refused(f"{path}: without a sound")
            for frame in frames_of(film, "sound", audio=0):
                rate = rate or frame.sample_rate
                count += frame.samples
                if count > LONGEST * rate or frame.sample_rate != rate:
                    raise Refused(
                        f"{path}: expected at most {LONGEST // 3600} h of "
                        f"one rate, got more, or another than {rate}"
                    )
                parts.append(_mean_of_channels(frame))
    except (av.FFmpegError, OSError) as error:
        if not parts:
            why = error.strerror or type(error).__name__
            raise Refused(
                f"{path}: no sound in a format that is read: {why}"
            ) from error
    samples = np.concatenate(parts) if parts else np.empty(0)
    return _check(f"{path}", samples.astype(np.float64), rate)


def as_samples(
    sound: str | os.PathLike | tuple[np.ndarray, int],
) -> tuple[np.ndarray, int]:
    """Samples (N,) and rate of a sound, which may be a file.

    Raises Refused as `read_sound` does.
    """
    if isinstance(sound, str | os.PathLike):
        return read_sound(sound)
    samples, rate = sound
    check_shape("samples", samples, "N")
    return _check("samples", np.asarray(samples, float), int(rate))


def _check(name: str, samples: np.ndarray, rate: int) -> tuple[np.ndarray, int]:
    """The same, unless no sound is so."""
    if not samples.size:
        raise Refused(f"{name}: without a sound")
    if not np.isfinite(samples).all():
        raise Refused(f"{name}: a sample is not a number")
    if not SLOWEST <= rate <= FASTEST:
        raise Refused(
            f"{name}: expected {SLOWEST} to {FASTEST} samples a second, got {rate}"
        )
    return samples, rate


def _mean_of_channels(frame: Any) -> np.ndarray:
    """The samples of one frame of PyAV's, from -1 to 1."""
    raw = frame.to_ndarray()
    if not frame.format.is_planar:  # channels take turns
        raw = raw.reshape(-1, frame.layout.nb_channels).T
    found = raw.astype(np.float32)
    if raw.dtype.kind == "u":
        found = (found - 128) / 128
    elif raw.dtype.kind == "i":
        found /= -np.float32(np.iinfo(raw.dtype).min)
    return found.mean(axis=0)
