"""The options of `video`."""

from pathlib import Path
from typing import Any

from rnncore.apps import ABOUT
from rnncore.apps.spine.options import (
    Group,
    add_device,
    add_evaluate,
    add_force,
    add_group,
    add_operand,
    add_option,
    add_seed,
    add_settings,
    add_train,
    mark_read,
)
from rnncore.apps.video import TABLE
from rnncore.apps.video.estimator import Captioner

DRAW = 'video draw sitting.mp4 --what "sit down"'
CLASSIFY = "video classify sitting.mp4 --model video_actions"
DRAW_DIGITS = "video draw digits.mp4 --what digits"
CAPTION = "video caption digits.mp4 --model video_captions"
TRAIN = "video train films/ --model films.safetensors"
EVALUATE = "video evaluate films.safetensors films/"
FORM = (
    f"Takes a folder with a folder of films for each class, or a folder with {TABLE}: "
    "file, tab, words (a film may have several lines); any film that PyAV opens, "
    f"whatever its ending. Where there is {TABLE}, the model writes captions, and "
    "names no class."
)
CHANGES = (
    "Without an encoder a classifier sees what changes in a film: classes that differ "
    "only in what stands still are alike to it."
)
ALWAYS = (
    "A model never abstains: it gives one of the answers that it learned, "
    "and often a high probability, whatever the film shows."
)


def add(commands: Any) -> None:
    """Add `video classify`, `caption`, `train`, `evaluate`, `draw`."""
    examples = [DRAW, CLASSIFY, DRAW_DIGITS, CAPTION, TRAIN, EVALUATE]
    parts = add_group(commands, "video", ABOUT["video"], examples, FORM, CHANGES)
    about = "say what happens in a video file"
    part = parts.add("classify", about, CLASSIFY, ALWAYS)
    _add_file(part, "actions", "stick figures")
    about = "say in words what happens"
    part = parts.add("caption", about, CAPTION, ALWAYS)
    _add_file(part, "captions", "moving digits")
    what = "draw where each word looked into a .png file"
    add_option(part, "--looks", what, kind=Path)
    add_force(part)
    _add_train(parts)
    about = "score the films that were not trained on"
    add_evaluate(parts, about, EVALUATE, "folder")
    draw = parts.add("draw", "make a film to try the rest on", DRAW)
    add_operand(draw, "file")
    what = "digits, an action such as 'sit down', or any action"
    add_option(draw, "--what", what, "any action", metavar="WHAT")
    add_seed(draw)
    add_force(draw)


def _add_file(parser: Any, model: str, told: str) -> None:
    add_operand(parser, "file")
    mark_read(parser, "file")
    what = (
        f"a file that `train` wrote; or video_{model}, the course's, which "
        f"knows nothing but {told}"
    )
    add_option(parser, "--model", what, kind=Path)
    parser.set_defaults(stored=f"video_{model}", knows=told)
    add_device(parser)


def _add_train(parts: Group) -> None:
    about = "learn from a folder of films for each class, or from captions"
    train = add_train(parts, about, TRAIN, "folder")
    what = "of classes: another such folder, to test on (default: a fifth of FOLDER)"
    add_option(train, "--test", what, kind=Path, metavar="FOLDER")
    mark_read(train, "test")
    add_settings(train, Captioner, "encoder", "frames", "size", "pieces")
