"""Reading the data set that published scores refer to.

Pieces as lists of frames, a frame as the MIDI numbers that sound, in
three parts. It goes around as a pickle (Boulanger-Lewandowski et al.
2012), as JSON, and as MATLAB's .mat (Bai et al. 2018). A pickle may hold
commands; here it may hold lists and numbers, and nothing else is read.
"""

import io
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from rnncore.application import Score as Seeds
from rnncore.application import spread_of
from rnncore.music.chords import apart_nats, chord_nats
from rnncore.music.frames import (
    Rolls,
    key_chain,
    key_frequencies,
    nats_a_frame,
    shifted,
)
from rnncore.music.score import KEYS, LOWEST, Score, piano_roll
from rnncore.music.training import train_chords, train_frames
from rnncore.storage.files import read_bytes
from rnncore.storage.intake import parse_json
from rnncore.storage.limits import LIMITS

PARTS = ("train", "valid", "test")
# how the two networks are trained; that other keys help was found on the
# course's own pieces, in the form of that file: tools.train music alike
BOTH: dict[str, Any] = {
    "drop": 0.3,
    "shifts": 5,
    "home": 0.2,
    "steps": 3000,
    "evaluate_every": 50,
}
ALONE = BOTH | {"hidden": 300, "window": 160}  # whole pieces


class Published(NamedTuple):
    """The parts as they were published: each roll (T, 88)."""

    train: Rolls
    validation: Rolls
    test: Rolls


def read_published(path: str | os.PathLike) -> Published:
    """The three parts of such a file, as piano rolls.

    Raises ValueError naming the file and what is wrong with it.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file")
    readers: dict[str, Callable] = {".json": parse_json, ".mat": _mat}
    try:
        raw = read_bytes(path, "pieces")
        content = readers.get(path.suffix, _pickle)(raw)
        count = _Count()
        parts = [
            [_roll(p, count) for p in count.of(content[name])]
            for name in PARTS
        ]
    except KeyError as error:
        raise ValueError(f"{path}: it has no part {error}") from error
    except Exception as error:  # each format's library has its own kinds
        raise ValueError(
            f"{path}: not the published form: {error}"
        ) from error
    if not all(parts):
        raise ValueError(f"{path}: a part holds no piece")
    return Published(*parts)


class _ListsOnly(pickle.Unpickler):
    """An unpickler that knows no class and no function."""

    def find_class(self, module: str, name: str) -> Any:
        raise ValueError(
            f"it asks for {module}.{name}: lists and numbers are expected"
        )

    def persistent_load(self, pid: Any) -> Any:
        raise ValueError("it points to an object elsewhere")


def _pickle(content: bytes) -> dict[str, Any]:
    return _ListsOnly(io.BytesIO(content), encoding="latin1").load()


def _mat(content: bytes) -> dict[str, Any]:
    """MATLAB cells named traindata, validdata and testdata of rolls."""
    from scipy.io import loadmat

    found = loadmat(io.BytesIO(content))
    return {name: list(found[f"{name}data"].ravel()) for name in PARTS}


class _Count:
    """How much was read: a list that is named twice is read twice."""

    def __init__(self) -> None:
        self.left = LIMITS["pieces"].parts

    def of(self, found: Any) -> Any:
        """The same list. Raises ValueError where it is one too many."""
        self.left -= len(found)
        if self.left < 0:
            most = LIMITS["pieces"].parts
            raise ValueError(f"expected at most {most:,} frames and notes")
        return found


def _roll(piece: Any, count: _Count) -> np.ndarray:
    """One piece as a roll: a list of frames of MIDI numbers, or a roll.

    Numbers below 0 mean rests in some copies, and are left out.
    """
    if isinstance(piece, np.ndarray):
        count.of(piece)
        if piece.ndim != 2 or piece.shape[1] != KEYS:
            raise ValueError(f"expected rolls (T, 88), got {piece.shape}")
        return (piece > 0).astype(np.float32)
    roll = np.zeros((len(count.of(piece)), KEYS), np.float32)
    for t, frame in enumerate(piece):
        keys = [int(p) - LOWEST for p in count.of(frame) if p >= 0]
        if any(not 0 <= k < KEYS for k in keys):
            raise ValueError(f"frame {t}: expected pitches 21 to 108")
        roll[t, keys] = 1
    if not len(piece):
        raise ValueError("expected frames, got an empty piece")
    return roll


def as_published(score: Score) -> np.ndarray:
    """A score in the form of that file's pieces, to try things on.

    A frame is a quarter note, and the piece is moved by six semitones at
    most so that the lowest note of its end is a C.

    Shapes: score -> roll (N, 88)

    Raises ValueError where nothing sounds on a quarter note.
    """
    quarter = round(1 / score.frame)
    roll = piano_roll(score)[0][score.pickup % quarter :: quarter]
    sounding = np.flatnonzero(roll.any(1))
    if not sounding.size:
        raise ValueError("score: expected a note that sounds on a beat")
    bass = LOWEST + np.flatnonzero(roll[sounding[-1]])[0]
    to_c = int((6 - bass) % 12 - 6)  # -6 to 5 semitones
    return shifted(roll, to_c).astype(np.float32)


def published_scores(
    parts: Published,
    seeds: tuple[int, ...] = (0, 1, 2),
    *,
    progress: Callable[[Any], Any] | None = None,
    device: torch.device | str = "cpu",
    **plan: Any,
) -> dict[str, Seeds]:
    """Nats a frame of the test part: two baselines and two networks.

    The one that is trained on whole frames is scored twice: asked for
    each key by itself, as the others are, and for all of a frame.

    The protocol of the published scores: all frames of the test pieces,
    first frames left out, summed over keys; weights chosen on the
    validation part. Training pieces are moved to other keys, as those of
    the published networks were not; the test pieces share one.
    `plan` is what both networks are to have other than `ALONE` or
    `BOTH`.
    """
    test, keys, apart, jointly = parts.test, [], [], []
    often = nats_a_frame(key_frequencies(parts.train), test)
    chain = nats_a_frame(key_chain(parts.train), test)
    for seed in seeds:
        plan |= {"seed": seed, "progress": progress, "device": device}
        frames, _ = train_frames(parts[:2], **ALONE | plan)
        keys.append(nats_a_frame(frames, test))
        chords, _ = train_chords(parts[:2], **BOTH | plan)
        drawn = torch.Generator(device).manual_seed(seed)
        apart.append(apart_nats(chords, test, drawn, draws=256))
        jointly.append(chord_nats(chords, test))
    return {
        "each key's frequency": spread_of([often]),
        "each key, given itself before": spread_of([chain]),
        "independent keys, LSTM": spread_of(keys),
        "trained jointly, asked key by key": spread_of(apart),
        "keys of a frame jointly": spread_of(jointly),
    }
