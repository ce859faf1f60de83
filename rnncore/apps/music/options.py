"""The options of `music`."""

from pathlib import Path
from typing import Any

from rnncore.apps import ABOUT
from rnncore.apps.music.estimator import Composer
from rnncore.apps.spine.options import (
    Group,
    add_device,
    add_evaluate,
    add_flag,
    add_force,
    add_group,
    add_model,
    add_option,
    add_seed,
    add_settings,
    add_train,
    mark_read,
    parse_positive,
)

TRAIN = "music train songs/ --model songs.safetensors"
SAMPLE = "music sample songs.safetensors --out new.mid --wav"
EVALUATE = "music evaluate songs.safetensors songs/"
FORM = "Takes a folder of scores: MIDI, MusicXML (.mxl, too) or ABC."


def add(commands: Any) -> None:
    """Add `music train`, `music sample` and `music evaluate`."""
    examples = TRAIN, SAMPLE, EVALUATE
    parts = add_group(commands, "music", ABOUT["music"], examples, FORM)
    train = add_train(parts, "learn from a folder", TRAIN, "folder")
    add_settings(train, Composer, "frame", "voices", "transpose")
    _add_sample(parts)
    about = "score pieces that were held out"
    add_evaluate(parts, about, EVALUATE, "folder")


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
