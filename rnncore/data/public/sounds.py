"""Speech that published scores refer to: AN4's cepstra, spoken digits."""

import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnncore.data.public.store import path_of
from rnncore.data.speech import Recording, RecordingParts
from rnncore.speech.features import read_wav
from rnncore.storage.files import Refused, read_bytes, read_text

CEPSTRA = 13
LIST = "_train.fileids"  # by which such a folder is known
LINE = re.compile(r"(?:<s> )?(.*?)(?: </s>)? \((\S+)\)")


class Digit(NamedTuple):
    """One recording of one digit."""

    digit: int
    person: str
    take: int  # 0 to 49
    samples: np.ndarray  # (N,) from -1 to 1
    rate: int  # samples a second


def an4(
    rng: np.random.Generator,
    speakers: int = 7,
    folder: str | os.PathLike | None = None,
) -> RecordingParts:
    """Letters, digits and words: 13 cepstra (T, 13), 100 frames a second.

    So many speakers, drawn from the 74 of the official training part, are
    for validation; the official test has ten others. Texts are in lower
    case; a letter that was spelt is a word of its own.

    Raises Refused where the set is not there, and as `read_cepstra` does.
    Source: Carnegie Mellon University, 1991.
    """
    place = path_of("an4_mfcc", "an4", folder)
    return read_cepstra(place, rng, speakers)


def read_cepstra(
    folder: Path, rng: np.random.Generator, speakers: int = 7
) -> RecordingParts:
    """A folder with the lists and cepstra that CMU Sphinx trains on.

    etc/NAME_train.fileids and etc/NAME_train.transcription list what is
    in feat/, and so for the test. So many speakers of the training list,
    drawn, are for validation.

    Raises Refused where a file is not as its list or header says;
    ValueError unless speakers are left to train on.
    """
    (path,) = folder.glob(f"etc/*{LIST}")
    name = path.name.removesuffix(LIST)
    train, test = (
        _read_part(folder, f"{name}_{part}") for part in ("train", "test")
    )
    names = sorted({one.speaker for one in train})
    if not 1 <= speakers < len(names):
        raise ValueError(
            f"speakers: expected 1 to {len(names) - 1}, got {speakers}"
        )
    held = {names[k] for k in rng.permutation(len(names))[:speakers]}
    return RecordingParts(
        [one for one in train if one.speaker not in held],
        [one for one in train if one.speaker in held],
        test,
    )


def _read_part(place: Path, part: str) -> list[Recording]:
    files = read_text(place / f"etc/{part}.fileids").split()
    path = place / f"etc/{part}.transcription"
    lines = read_text(path).splitlines()
    found = []
    if len(files) != len(lines):
        raise Refused(f"{path}: {len(lines)} lines, {len(files)} files")
    for name, line in zip(files, lines, strict=True):
        said = LINE.fullmatch(line.strip())
        *_, speaker, utterance = ["", *name.split("/")]
        if not said or said[2] != utterance:
            raise Refused(f"{path}: expected words ({utterance}): {line}")
        features = read_mfc(place / "feat" / f"{name}.mfc")
        text = said[1].lower()
        found.append(Recording(name, text, speaker, features))
    return found


def read_mfc(path: str | os.PathLike) -> np.ndarray:
    """A file of cepstra (T, 13): big-endian, a count, then the numbers.

    Raises Refused naming the file where the count is not that of the
    numbers, or one of them is not finite. Source: the CMU Sphinx formats.
    """
    raw = read_bytes(path, "sound")
    count = int.from_bytes(raw[:4], "big")
    if len(raw) != 4 + 4 * count or not count or count % CEPSTRA:
        raise Refused(
            f"{path}: expected frames of {CEPSTRA} numbers, "
            f"got {len(raw)} bytes for {count} numbers"
        )
    values = np.frombuffer(raw, ">f4", offset=4).astype(np.float32)
    if not np.isfinite(values).all():
        raise Refused(f"{path}: a number is not finite")
    return values.reshape(-1, CEPSTRA)


def fsdd(folder: str | os.PathLike | None = None) -> list[Digit]:
    """Six men, ten digits, fifty recordings of each, at 8 kHz.

    Raises Refused where the set is not there, or a file is no recording.
    Source: Jackson et al. 2018.
    """
    found = []
    for path in sorted(path_of("fsdd", "recordings", folder).glob("*.wav")):
        named = re.fullmatch(r"(\d)_([a-z]+)_(\d+)", path.stem)
        if not named:
            raise Refused(f"{path}: expected DIGIT_PERSON_TAKE.wav")
        digit, person, take = named.groups()
        samples, rate = read_wav(path)
        found.append(Digit(int(digit), person, int(take), samples, rate))
    return found
