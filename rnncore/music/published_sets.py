"""The data sets that published scores refer to, and how they are learned.

Pieces as lists of frames, a frame as the MIDI numbers that sound, in
three parts. They go around as pickles (Boulanger-Lewandowski et al.
2012), as JSON, and as MATLAB's .mat (Bai et al. 2018). A pickle may hold
commands; here it may hold lists and numbers, and nothing else is read.
"""

import io
import os
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from rnncore.music.chords import ChordModel
from rnncore.music.frames import FrameModel, Rolls, shifted
from rnncore.music.score import KEYS, LOWEST, Score, piano_roll
from rnncore.music.training import train_chords, train_frames
from rnncore.storage.files import read_bytes
from rnncore.storage.intake import check_mat, parse_json
from rnncore.storage.limits import LIMITS
from rnncore.storage.weights import load_module

PARTS = ("train", "valid", "test")
KIND = "music, rolls"  # of weights
NETWORKS = "jointly", "keys"  # how a network predicts a frame
MANY = 50_000  # frames: from here on the larger plan
# of pickles: how they begin and end, names, numbers, lists, what is named
# again; and what asks for a class, to be refused by its name
OPERATIONS = """
    PROTO FRAME STOP MARK
    STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE
    INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT
    EMPTY_LIST LIST APPEND APPENDS EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3
    EMPTY_DICT DICT SETITEM SETITEMS
    GET BINGET LONG_BINGET PUT BINPUT LONG_BINPUT MEMOIZE
    GLOBAL STACK_GLOBAL
"""


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


class _Known(dict):
    """What an unpickler does at an operation; nothing at others."""

    def __missing__(self, code: int) -> Any:
        raise ValueError(
            f"operation {bytes([code])!r}: lists and numbers are expected"
        )


class _ListsOnly(pickle._Unpickler):
    """An unpickler that knows no class and no function.

    It is the one in Python: the one in C takes as much memory as eleven
    bytes of a file ask for, which may be tens of gigabytes.
    """

    dispatch = _Known(
        (ord(code), pickle._Unpickler.dispatch[ord(code)])
        for name in OPERATIONS.split()
        for code in [getattr(pickle, name).decode("latin1")]
    )

    def find_class(self, module: str, name: str) -> Any:
        raise ValueError(
            f"it asks for {module}.{name}: lists and numbers are expected"
        )


def _pickle(content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = _ListsOnly(
        io.BytesIO(content), encoding="latin1"
    ).load()
    return found


def _mat(content: bytes) -> dict[str, Any]:
    """MATLAB cells named traindata, validdata and testdata of rolls."""
    from scipy.io import loadmat

    check_mat(content, "pieces")
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


class RollPlan(NamedTuple):
    """How a network learns piano rolls; the defaults are one's of MANY.

    Of the pieces that are drawn a share stays in the key that all have in
    these sets, and the others are moved. That this helps was found on the
    course's own pieces, in the form of these files (`tools.train music
    alike`).
    """

    network: str = "jointly"  # or keys, each by itself
    hidden: int = 200  # units
    dropout: float = 0.3
    transpose: int = 5  # semitones by which pieces are moved, at most
    home: float = 0.5  # the share that is not
    window: int = 64  # frames of a piece that an update sees
    batch: int = 16  # pieces an update
    steps: int = 9_000
    rate: float = 0.003
    evaluate_every: int = 150  # updates


def plan_for(
    frames: int, network: str | None = None, **given: Any
) -> RollPlan:
    """A plan for so many frames to learn from; None is for what is chosen.

    Raises ValueError where there is no such network.
    """
    network = network or NETWORKS[0]
    if network not in NETWORKS:
        raise ValueError(
            f"network: expected {' or '.join(NETWORKS)}, got {network!r}"
        )
    chosen: dict[str, Any] = {"network": network}
    if network == "keys":  # whole pieces
        chosen |= {"hidden": 300, "window": 160, "rate": 0.004}
        chosen["steps"] = 10_000
    if frames < MANY:
        chosen |= {"home": 0.2, "steps": 3_000, "evaluate_every": 50}
    kept = {
        name: value for name, value in given.items() if value is not None
    }
    return RollPlan()._replace(**(chosen | kept))


def train_rolls(
    parts: Sequence[Rolls],
    plan: RollPlan,
    *,
    keep: Callable[[Any, dict[str, Any]], None] | None = None,
    **how: Any,
) -> tuple[FrameModel | ChordModel, dict[str, Any]]:
    """A network of that plan; parts: train, validation.

    `keep` gets the best weights so far, with what can be told of them;
    `how` holds a seed and what `train_frames` takes besides. Training
    pieces are moved to other keys, as those of the published networks were
    not.
    """
    own: dict[str, Any] = {"kind": KIND, "network": plan.network}
    own |= {"hidden": plan.hidden, "drop": plan.dropout}
    if keep is not None:
        how["keep"] = lambda model: keep(model, own)
    train: Any = {"keys": train_frames, "jointly": train_chords}
    model, about = train[plan.network](
        parts[:2],
        hidden=plan.hidden,
        drop=plan.dropout,
        rate=plan.rate,
        shifts=plan.transpose,
        home=plan.home,
        B=plan.batch,
        window=plan.window,
        steps=plan.steps,
        evaluate_every=plan.evaluate_every,
        **how,
    )
    return model, about | own


def load_rolls(
    path: str | os.PathLike,
) -> tuple[FrameModel | ChordModel, dict[str, Any]]:
    """A network that `train_rolls` made, and what was stored of it.

    Raises Refused naming the file where it is no such network.
    """

    def make(about: dict[str, Any]) -> torch.nn.Module:
        made: Any = {"keys": FrameModel, "jointly": ChordModel}
        model: torch.nn.Module = made[about["network"]](
            hidden=about["hidden"], drop=about["drop"]
        )
        return model

    return load_module(path, KIND, make, "network of piano rolls")
