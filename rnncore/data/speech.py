"""Spoken digits: a speech synthesiser's many voices, rates and noises.

espeak NG comes in a package, with its voices; no microphone and no network
is needed. Nobody has spoken these words: what a network learns of them
holds for synthetic voices until it is tried on others.
"""

import ctypes
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

ACCENTS = (
    "en",
    "en-us",
    "en-gb-scotland",
    "en-gb-x-rp",
    "en-gb-x-gbclan",
    "en-gb-x-gbcwmd",
    "en-029",
    "en-us-nyc",
)
RATE = 22_050  # samples a second, as espeak NG makes them
WORDS = (
    *("zero", "one", "two", "three", "four"),
    *("five", "six", "seven", "eight", "nine"),
)


class Recording(NamedTuple):
    """What is heard in a file, and what is said in it."""

    name: str  # below the folder
    text: str
    speaker: str
    features: np.ndarray  # (T, D)


class RecordingParts(NamedTuple):
    """Recordings in three parts; no speaker is in two of them."""

    train: list[Recording]
    validation: list[Recording]
    test: list[Recording]


class Sentence(NamedTuple):
    """What is to be said, and how."""

    text: str
    voice: str = "en-us"  # an accent, or accent+variant: "en-us+f1"
    words_a_minute: int = 160  # 80 to 450
    pitch: int = 50  # 0 to 100


class Clip(NamedTuple):
    """A recording that was never recorded, and what is said in it."""

    samples: np.ndarray  # (N,) float32, from -1 to 1
    sentence: Sentence
    signal_to_noise: float  # dB


def variants() -> list[str]:
    """The names of the synthesiser's voices: 104 of them."""
    return sorted(p.name for p in (_data() / "voices" / "!v").iterdir())


def voices(accents: Sequence[str] = ACCENTS) -> list[str]:
    """Every accent in every voice, "en-us+f1", in alphabetic order."""
    return sorted(f"{a}+{v}" for a in accents for v in variants())


def speak(sentences: Sequence[Sentence]) -> list[np.ndarray]:
    """What the synthesiser says, at 22,050 samples a second, from -1 to 1.

    Its state carries over from one sentence to the next, and its breaths
    are random; so each call starts it afresh in a process of its own, and
    the same sentences in the same order always give the same samples.

    Raises ValueError naming the sentence where a voice is unknown, a rate
    or a pitch out of range, or nothing is heard.
    """
    known, accents = set(variants()), _list_accents()
    for k, one in enumerate(sentences):
        accent, plus, variant = one.voice.partition("+")
        # For a variant that it lacks espeak goes on with the voice before.
        if accent not in accents or (plus and variant not in known):
            raise ValueError(
                f"sentence {k}: there is no voice {one.voice!r}"
            )
        if not 80 <= one.words_a_minute <= 450:
            raise ValueError(
                f"sentence {k}: expected 80 to 450 words a minute, "
                f"got {one.words_a_minute}"
            )
        if not 0 <= one.pitch <= 100:
            raise ValueError(
                f"sentence {k}: expected a pitch of 0 to 100, "
                f"got {one.pitch}"
            )
    run = subprocess.run(
        [sys.executable, "-m", "rnncore.data.speech"],
        input=json.dumps(sentences).encode(),
        capture_output=True,
        check=False,  # the message is in stderr
    )
    if run.returncode:
        raise RuntimeError(f"espeak NG: {run.stderr.decode().strip()}")
    with np.load(io.BytesIO(run.stdout)) as file:
        said = np.split(file["samples"], np.cumsum(file["lengths"])[:-1])
    for k, samples in enumerate(said[: len(sentences)]):
        if not samples.any():
            raise ValueError(
                f"sentence {k}: expected words, got {sentences[k].text!r}"
            )
    return [(a / 32768).astype(np.float32) for a in said[: len(sentences)]]


def with_noise(
    rng: np.random.Generator, samples: np.ndarray, signal_to_noise: float
) -> np.ndarray:
    """White noise added, so many dB below the mean power of the samples.

    Where the sum leaves -1 to 1, all of it is made quieter.

    Shapes: samples (N,) -> noisy (N,)
    """
    power = float(np.mean(np.square(samples, dtype=float)))
    scale = (power * 10 ** (-signal_to_noise / 10)) ** 0.5
    noisy = samples + scale * rng.normal(size=len(samples))
    return (noisy / max(1.0, np.abs(noisy).max())).astype(np.float32)


def digit_strings(
    rng: np.random.Generator,
    count: int,
    voices: list[str],
    digits: tuple[int, int] = (1, 5),
    words_a_minute: tuple[int, int] = (120, 240),
    signal_to_noise: tuple[float, float] = (10.0, 30.0),
) -> list[Clip]:
    """Strings of digits, each with its own random voice, rate and noise.

    Ranges hold both their ends.

    Raises ValueError where there is no voice or a range runs backward.
    """
    if not voices:
        raise ValueError("voices: expected at least one, got none")
    ranges = {
        "digits": digits,
        "words_a_minute": words_a_minute,
        "signal_to_noise": signal_to_noise,
    }
    for name, (low, high) in ranges.items():
        if low > high:
            raise ValueError(
                f"{name}: expected (low, high), got ({low}, {high})"
            )
    if digits[0] < 1:
        raise ValueError(f"digits: expected at least 1, got {digits[0]}")
    sentences, levels = [], []
    for _ in range(count):
        n = rng.integers(digits[0], digits[1] + 1)
        text = " ".join(WORDS[k] for k in rng.integers(0, 10, n))
        voice = voices[rng.integers(len(voices))]
        rate = rng.integers(words_a_minute[0], words_a_minute[1] + 1)
        pitch = rng.integers(30, 71)
        sentences.append(Sentence(text, voice, int(rate), int(pitch)))
        levels.append(float(rng.uniform(*signal_to_noise)))
    return [
        Clip(with_noise(rng, samples, level), sentence, level)
        for samples, sentence, level in zip(
            speak(sentences), sentences, levels, strict=True
        )
    ]


def split_voices(
    rng: np.random.Generator, held_out: int = 20
) -> tuple[list[str], list[str]]:
    """Voices to train on and voices to judge by: no variant is in both.

    Raises ValueError unless some variants remain for each side.
    """
    names = variants()
    if not 0 < held_out < len(names):
        raise ValueError(
            f"held_out: expected 1 to {len(names) - 1}, got {held_out}"
        )
    out = set(rng.choice(names, held_out, replace=False).tolist())
    both: tuple[list[str], list[str]] = [], []
    for voice in voices():
        both[voice.partition("+")[2] in out].append(voice)
    return both


def _data() -> Path:
    import espeakng_loader

    return Path(espeakng_loader.get_data_path())


def _list_accents() -> set[str]:
    """The names, in lower case, of all languages that it speaks."""
    files = (_data() / "lang").rglob("*")
    return {file.name.lower() for file in files if file.is_file()}


def _say(sentences: list[list]) -> list[np.ndarray]:
    """The sentences in 16 bit, by the library itself, once a process."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    heard: list[np.ndarray] = []

    def listen(samples, count, events):
        if count > 0:
            heard.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    shorts = ctypes.POINTER(ctypes.c_short)
    kind = (ctypes.c_int, shorts, ctypes.c_int, ctypes.c_void_p)
    callback = ctypes.CFUNCTYPE(*kind)(listen)
    path = espeakng_loader.get_data_path().encode()
    retrieve, utf8, words_a_minute, pitch = 2, 1, 1, 3  # espeak's numbers
    rate = library.espeak_Initialize(retrieve, 0, path, 0)
    if rate != RATE:
        raise RuntimeError(f"expected {RATE} samples a second, got {rate}")
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))
    library.espeak_SetSynthCallback(callback)
    said = []
    for text, voice, speed, height in sentences:
        heard.clear()
        _succeed(library.espeak_SetVoiceByName(voice.encode()), voice)
        for name, value in (words_a_minute, speed), (pitch, height):
            _succeed(library.espeak_SetParameter(name, value, 0), voice)
        raw = text.encode() + b"\0"
        size, zero = ctypes.c_size_t(len(raw)), ctypes.c_uint(0)
        status = library.espeak_Synth(
            raw, size, zero, 0, zero, ctypes.c_uint(utf8), None, None
        )
        _succeed(status, text)
        said.append(np.concatenate([np.zeros(0, np.int16), *heard]))
    return said


def _succeed(status: int, what: str) -> None:
    if status:
        raise RuntimeError(f"status {status} for {what!r}")


if __name__ == "__main__":  # see `speak`
    _said = _say(json.load(sys.stdin))
    _file = io.BytesIO()
    np.savez(
        _file,
        samples=np.concatenate([np.zeros(0, np.int16), *_said]),
        lengths=[len(a) for a in _said],
    )
    sys.stdout.buffer.write(_file.getvalue())
