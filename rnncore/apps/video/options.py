"""The options of `video`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnncore.apps import ABOUT
from rnncore.apps.spine.options import (
    OPTIONS,
    Group,
    add_device,
    add_evaluate,
    add_force,
    add_group,
    add_operand,
    add_option,
    add_seed,
    add_train,
    add_training,
    at_least,
    find_defaults,
    mark_read,
    whole_number,
)
from rnncore.apps.video.estimator import Captioner, VideoClassifier

DRAW = 'video draw sitting.mp4 --what "sit down"'
CLASSIFY = "video classify sitting.mp4 --model video_actions"
DRAW_DIGITS = "video draw digits.mp4 --what digits"
CAPTION = "video caption digits.mp4 --model video_captions"
TRAIN = "video train films/ --model films.safetensors"
EVALUATE = "video evaluate films.safetensors films/"
LEARN = "video train films/ --captions captions.tsv --model said.safetensors"
SCORE = "video evaluate said.safetensors films/ --captions captions.tsv"
FOLDER = (
    "films/ has a folder of films for each class. Or --captions names a "
    "table of what is to be said of them: one caption per line, the film's "
    "name below films/, a tab and the caption, in UTF-8. A film may have "
    "several lines; no film is in two of training, validation and test. "
    "Or films/ has files of joints, as MSR Action3D names them: people "
    "with odd numbers are learned from, the others are the test, as "
    "published, and what is not given is as the course's own network has "
    "it; `classify` takes such a file. "
    "The classifier sees what changes in a film: classes that differ only "
    "in what stands still are alike to it."
)
ALWAYS = (
    "A model never abstains: it gives one of the answers that it learned, "
    "and often a high probability, whatever the film shows."
)
NAMES = ["efficientnet-lite0"]  # of encoders
GIVEN = "given"  # as --encoder: features that another program made


def add(commands: Any) -> None:
    """Add `video classify`, `caption`, `train`, `evaluate`, `draw`."""
    examples = [DRAW, CLASSIFY, DRAW_DIGITS, CAPTION, TRAIN, EVALUATE]
    examples += [LEARN, SCORE]
    parts = add_group(commands, "video", ABOUT["video"], examples, FOLDER)
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
    evaluate = add_evaluate(parts, about, EVALUATE, "folder")
    _add_captions(evaluate)
    _add_split(evaluate)
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


def _add_captions(parser: Any) -> None:
    """The option --captions: another network, and another table."""
    what = (
        "a table: on each line a film's name below FOLDER, a tab and a "
        "caption. The model then writes captions, and names no class"
    )
    add_option(parser, "--captions", what, kind=Path)
    mark_read(parser, "captions")


def _add_train(parts: Group) -> None:
    about = "learn from a folder of films for each class, or from captions"
    train = add_train(parts, about, TRAIN, "folder")
    _add_captions(train)
    _add_either(train, "frames", "frames taken from a film")
    what = "another such folder, to test on; else a fifth of FOLDER"
    add_option(train, "--test", what, kind=Path, metavar="FOLDER")
    _add_split(train)
    what = (
        "a frozen image network that sees each frame, and photographs: "
        f"{', '.join(NAMES)}; or {GIVEN}, where FOLDER has .npy files with "
        "an array (T, D) in place of films (default: frames are seen as "
        "grey pixels)"
    )
    pieces = (
        "with --captions: learn so many pieces of words, 259 at least, in "
        "place of whole words"
    )
    add_option(train, "--pieces", pieces, kind=at_least(259))
    names = [*NAMES, GIVEN]
    add_option(train, "--encoder", what, choices=names, metavar="NAME")
    _add_either(train, "size", "width and height of a frame")
    for name in find_defaults(VideoClassifier):
        kind, about = OPTIONS[name.replace("_", "-")]
        _add_either(train, name, about, kind)
    add_training(train)


def _add_split(parser: Any) -> None:
    what = (
        "a published split: UCF101's trainlist01.txt, or one of HMDB51's "
        "files CLASS_test_split1.txt; its other files lie beside it"
    )
    add_option(parser, "--split", what, kind=Path)


def _add_either(
    parser: Any, name: str, what: str, kind: Callable = whole_number
) -> None:
    """An option that has another default with --captions, or of joints."""
    one = getattr(VideoClassifier, name)
    other = getattr(Captioner, name, one)
    also = f", with --captions {other}" if other != one else ""
    what = f"{what} (default: {one}{also})"
    add_option(parser, f"--{name.replace('_', '-')}", what, kind=kind)
