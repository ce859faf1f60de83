"""The options of `music`."""

import argparse
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnncore.apps import ABOUT
from rnncore.apps.music.estimator import Composer
from rnncore.apps.spine.options import (
    OPTIONS,
    Group,
    add_device,
    add_evaluate,
    add_flag,
    add_force,
    add_group,
    add_model,
    add_option,
    add_seed,
    add_train,
    add_training,
    find_defaults,
    mark_read,
    parse_positive,
    whole_number,
)

TRAIN = "music train songs/ --model songs.safetensors"
SAMPLE = "music sample songs.safetensors --out new.mid --wav"
EVALUATE = "music evaluate songs.safetensors songs/"
ENDINGS = ".mat", ".json", ".pickle", ".pkl"
NETWORKS = "jointly", "keys"
SONGS = (
    "songs/ is a folder of MIDI, MusicXML or ABC files. In its place may "
    f"stand a file ({', '.join(ENDINGS)}) of pieces in three parts, "
    "such as JSB_Chorales.mat of `data get poly_music`: whole frames are "
    "learned then, and the set's test part is scored as published."
)
MOST_VOICES = 4  # unless --voices asks for more


def add(commands: Any) -> None:
    """Add `music train`, `music sample` and `music evaluate`."""
    examples = TRAIN, SAMPLE, EVALUATE
    parts = add_group(commands, "music", ABOUT["music"], examples, SONGS)
    _add_train(parts)
    _add_sample(parts)
    about = "score pieces that were held out"
    add_evaluate(parts, about, EVALUATE, "folder")


def _add_train(parts: Group) -> None:
    about = "learn from a folder, or from a published set"
    what = "of scores; or the file of a published set"
    train = add_train(parts, about, TRAIN, "folder", what=what)
    own = Composer
    what = f"the shortest note, in quarter notes (default: {own.frame})"
    add_option(train, "--frame", what, kind=parse_positive)
    what = (
        "how many (default: as most pieces have, at most "
        f"{MOST_VOICES}); of others outer ones stay, silent ones are added"
    )
    add_option(train, "--voices", what, kind=whole_number)
    what = (
        "of a published set: a frame's keys are predicted one after "
        "another (jointly), or each by itself (keys)"
    )
    names: dict[str, Any] = {"choices": NETWORKS, "metavar": "NAME"}
    add_option(train, "--network", f"{what} (default: jointly)", **names)
    what = (
        "of a published set: share of the pieces drawn that stay in their "
        "key (default: chosen by its size)"
    )
    add_option(train, "--home", what, kind=_parse_part, metavar="X")
    what = "learn each piece also up to N semitones higher and lower"
    _add_either(train, "transpose", what, _parse_semitones)
    for name in find_defaults(own):
        kind, what = OPTIONS[name.replace("_", "-")]
        _add_either(train, name, what, kind)
    add_training(train)


def _add_either(parser: Any, name: str, what: str, kind: Callable) -> None:
    """An option that has another default for a published set."""
    default = getattr(Composer, name)
    what = f"{what} (default: {default}); a published set's by its size"
    add_option(parser, f"--{name.replace('_', '-')}", what, kind=kind)


def _add_sample(parts: Group) -> None:
    about = "write a new piece, or harmonise one"
    sample = parts.add("sample", about, SAMPLE)
    add_model(sample, "music_voices")
    mark_read(sample, "melody")
    what = "the MIDI file to be written; NAME.musicxml comes with it"
    form = {"metavar": "NAME.mid", "required": True}
    add_option(sample, "--out", what, kind=Path, **form)
    add_flag(sample, "--wav", "write NAME.wav too, to listen")
    add_force(sample)
    add_option(sample, "--bars", default=16)
    what = "write lower voices for the first voice of this score"
    add_option(sample, "--melody", what, kind=Path)
    what = "below 1 cautious, above 1 daring (default: 1)"
    add_option(sample, "--temperature", what, 1.0)
    what = "quarter notes a minute (default: the pieces' own)"
    add_option(sample, "--tempo", what, kind=parse_positive)
    add_seed(sample)
    add_device(sample)


def _parse_semitones(text: str) -> int:
    """For argparse: 0 to 11."""
    if not text.isdecimal() or int(text) > 11:
        raise argparse.ArgumentTypeError(f"expected 0 to 11, got {text!r}")
    return int(text)


def _parse_part(text: str) -> float:
    """For argparse: a number from 0 to 1."""
    with contextlib.suppress(ValueError):
        if 0 <= float(text) <= 1:
            return float(text)
    raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, got {text!r}")
