"""From a waveform to what a network reads: the logarithm of its energies.

A window of 25 ms slides over the sound in hops of 10 ms. In each window
the power of every frequency is found, and added up in bands as wide as
the ear's: the mel scale.
"""

import io
import os
import warnings
from functools import lru_cache
from math import gcd

import numpy as np

from rnncore.backend import check_shape
from rnncore.storage.files import Refused, read_bytes

RATE = 16_000  # samples a second: speech has little above 8 kHz
WINDOW = 400  # samples: 25 ms
HOP = 160  # samples: 10 ms
FFT = 512
BANDS = 40
FLOOR = 1e-8  # power below which all is silence
SLOWEST = 1_000  # samples a second that a file may have
FASTEST = 768_000


def read_wav(path: str | os.PathLike) -> tuple[np.ndarray, int]:
    """The samples of a WAV file, all channels' mean, and their rate.

    Shapes: -> samples (N,); rate

    Raises Refused naming the file where it is no WAV file, is empty, its
    channels cancel out, or it has another rate than sound has.
    """
    from scipy.io import wavfile

    content = read_bytes(path, "sound")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rate, raw = wavfile.read(io.BytesIO(content))
    except Exception as error:  # scipy lets many kinds through
        told = isinstance(error, ValueError)  # the others are internals
        why = error if told else "its header is damaged or cut off"
        raise Refused(f"{path}: no WAV file: {why}") from error
    samples = np.asarray(raw, dtype=np.float64)
    if raw.dtype.kind == "u":  # 8 bits, with silence at 128
        samples = (samples - 128) / 128
    elif raw.dtype.kind == "i":
        samples = samples / -float(np.iinfo(raw.dtype).min)
    if samples.ndim == 2:
        loudest = np.abs(samples).max(initial=0)
        samples = samples.mean(axis=1)
        if np.abs(samples).max(initial=0) < 1e-4 * loudest:
            raise Refused(f"{path}: its channels are opposite: no sound")
    if not samples.size:
        raise Refused(f"{path}: its header says that it holds no sound")
    if not SLOWEST <= rate <= FASTEST:
        raise Refused(
            f"{path}: expected {SLOWEST} to {FASTEST} samples a second, "
            f"got {rate}"
        )
    if not np.isfinite(samples).all():
        raise Refused(f"{path}: a sample is not a number")
    return samples, rate


def resample(samples: np.ndarray, rate: int, to: int = RATE) -> np.ndarray:
    """The same sound at another number of samples a second.

    Raises ValueError where samples are no row of numbers.
    """
    from scipy.signal import resample_poly

    check_shape("samples", samples, "N")
    if rate == to:
        return samples
    factor = gcd(rate, to)
    up, down = to // factor, rate // factor
    low_pass = _low_pass(max(up, down), np.result_type(samples, np.float32))
    return resample_poly(samples, up, down, window=low_pass)


@lru_cache  # to design it takes longer than to apply it to a word
def _low_pass(largest: int, dtype: np.dtype) -> np.ndarray:
    """SciPy's own filter for this step, made once."""
    from scipy.signal import firwin

    made = firwin(20 * largest + 1, 1 / largest, window=("kaiser", 5.0))
    return made.astype(dtype)


def power_spectra(samples: np.ndarray) -> np.ndarray:
    """The power of each frequency in each window of the sound.

    Half a window of silence is put before and after, so that the first
    window is centred on the first sample.

    Shapes: samples (N,) -> power (T, 257)

    Raises ValueError where samples are no row of numbers.
    """
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    frames = padded[starts[:, None] + np.arange(WINDOW)]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    spectrum = np.fft.rfft(frames * hann, FFT)
    return spectrum.real**2 + spectrum.imag**2


def mel(hertz: np.ndarray) -> np.ndarray:
    """How high a tone seems: 1,000 mel at 1,000 Hz.

    Source: O'Shaughnessy 1987.
    """
    return 2595 * np.log10(1 + np.asarray(hertz) / 700)


def mel_bands(count: int = BANDS, rate: int = RATE) -> np.ndarray:
    """Triangles over the frequencies, equally wide in mel.

    Each rises from the centre of the band below to its own and falls to
    that of the band above.

    Shapes: -> weights (count, 257)
    """
    frequency = mel(np.arange(FFT // 2 + 1) * rate / FFT)
    edges = np.linspace(0, mel(np.asarray(rate / 2)), count + 2)[:, None]
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (frequency - low) / (centre - low)
    falling = (high - frequency) / (high - centre)
    return np.clip(np.minimum(rising, falling), 0, None)


def log_mel(samples: np.ndarray, rate: int = RATE) -> np.ndarray:
    """The logarithm of the power in each band, every 10 ms.

    Shapes: samples (N,) -> features (T, 40)

    Raises ValueError where samples are no row of numbers.
    """
    check_shape("samples", samples, "N")
    power = power_spectra(resample(samples, rate))
    return np.log(power @ mel_bands().T + FLOOR)


def standardised(features: np.ndarray) -> np.ndarray:
    """Each band's mean 0 and deviation 1 over the recording.

    What stays the same throughout goes: a dull microphone, a low voice.

    Shapes: features (T, D) -> features (T, D)
    """
    check_shape("features", features, "T", "D")
    mean, spread = features.mean(axis=0), features.std(axis=0)
    return (features - mean) / np.maximum(spread, 1e-3)


def stacked(features: np.ndarray, k: int = 2) -> np.ndarray:
    """k frames side by side as one: a k-th of the steps for the loop.

    The last frame is repeated where k does not divide T.

    Shapes: features (T, D) -> features ((T + k - 1) // k, k*D)

    Raises ValueError where k is below 1.
    """
    check_shape("features", features, "T", "D")
    if k < 1:
        raise ValueError(f"k: expected at least 1, got {k}")
    T, D = features.shape
    short = -T % k
    features = np.concatenate([features, features[-1:].repeat(short, 0)])
    return features.reshape(-1, k * D)


def heard(samples: np.ndarray, rate: int) -> np.ndarray:
    """The features that the network reads of a sound, 50 steps a second.

    Shapes: samples (N,) -> features (T, 80)
    """
    features = stacked(standardised(log_mel(samples, rate)))
    return features.astype(np.float32)
