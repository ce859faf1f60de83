"""Sound from files of any common kind: WAV by itself, others by PyAV."""

import io
import os
from pathlib import Path

import numpy as np

from rnncore.speech.features import FASTEST, SLOWEST, read_wav
from rnncore.storage.files import Refused, read_bytes
from rnncore.storage.intake import frames_of, open_media

ENDINGS = ".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a"
WAVES = b"RIFF", b"RIFX", b"RF64"  # WAV files begin so
LONGEST = 4 * 3600  # seconds: a small file may hold days of silence


def read_sound(path: str | os.PathLike) -> tuple[np.ndarray, int]:
    """The samples of a recording, all channels' mean, and their rate.

    WAV, FLAC, MP3, Ogg, Opus, and the other formats of `LIMITS["sound"]`;
    of a film its sound. What is cut off is read as far as it goes.

    Shapes: -> samples (N,); rate

    Raises Refused naming the file where it holds no sound, more than
    LONGEST seconds, or another rate than sound has.
    """
    path = Path(path)
    content = read_bytes(path, "sound")
    if content[:4] in WAVES:
        return read_wav(path)
    import av

    parts: list[np.ndarray] = []
    rate = count = 0
    try:
        with open_media(io.BytesIO(content), "sound") as film:
            if not film.streams.audio:
                raise Refused(f"{path}: it holds no sound")
            for frame in frames_of(film, "sound", audio=0):
                rate = rate or _check_rate(path, frame.sample_rate)
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
            raise Refused(f"{path}: no sound: {why}") from error
    samples = np.concatenate(parts) if parts else np.empty(0)
    if not samples.size:
        raise Refused(f"{path}: it holds no sound")
    if not np.isfinite(samples).all():
        raise Refused(f"{path}: a sample is not a number")
    return samples.astype(np.float64), rate


def _check_rate(path: Path, rate: int) -> int:
    if not SLOWEST <= rate <= FASTEST:
        raise Refused(
            f"{path}: expected {SLOWEST} to {FASTEST} samples a second, got {rate}"
        )
    return rate


def _mean_of_channels(frame: "av.AudioFrame") -> np.ndarray:  # type: ignore[name-defined]  # noqa: F821
    """One frame's samples, from -1 to 1."""
    raw = frame.to_ndarray()
    if not frame.format.is_planar:  # channels take turns
        raw = raw.reshape(-1, frame.layout.nb_channels).T
    found = raw.astype(np.float32)
    if raw.dtype.kind == "u":
        found = (found - 128) / 128
    elif raw.dtype.kind == "i":
        found /= -np.float32(np.iinfo(raw.dtype).min)
    return found.mean(axis=0)
