"""The options of `text`."""

from pathlib import Path
from typing import Any

from rnncore.apps import ABOUT
from rnncore.apps.spine.options import (
    Group,
    add_device,
    add_evaluate,
    add_group,
    add_model,
    add_option,
    add_seed,
    add_settings,
    add_train,
    mark_read,
    parse_share,
    whole_number,
)
from rnncore.apps.text.estimator import TextModel

TRAIN = "text train book.txt --model book.safetensors"
SAMPLE = 'text sample book.safetensors --prompt "The " --temperature 0.7'
EVALUATE = "text evaluate book.safetensors book.txt"
FORM = (
    "Takes UTF-8 text files, which are read one after another; a byte order "
    "mark of UTF-16 decides otherwise."
)
FILES: dict[str, Any] = {"nargs": "+", "what": "a text file, or several"}


def add(commands: Any) -> None:
    """Add `text train`, `text sample` and `text evaluate`."""
    examples = TRAIN, SAMPLE, EVALUATE
    parts = add_group(commands, "text", ABOUT["text"], examples, FORM)
    train = add_train(parts, "learn from text files", TRAIN, "file", **FILES)
    for name, use in ("validation", "choose by"), ("test", "score"):
        what = f"a text to {use} (default: a tenth of FILE)"
        add_option(train, f"--{name}", what, kind=Path, metavar="TEXT")
        mark_read(train, name)
    what = "a model to go on from, with its vocabulary and sizes"
    add_option(train, "--from", what, kind=Path, metavar="MODEL", dest="start")
    add_settings(train, TextModel, "tokens", "cell", "layers")
    _add_sample(parts)
    about = "score the part of the text that was not trained on"
    add_evaluate(parts, about, EVALUATE, "file", **FILES)


def _add_sample(parts: Group) -> None:
    sample = parts.add("sample", "write with a model", SAMPLE)
    add_model(sample, "text_python")
    what = "what the text begins with (default: a new line)"
    add_option(sample, "--prompt", what)
    add_option(sample, "--length", "tokens", 400)
    what = "below 1 cautious, above 1 daring"
    add_option(sample, "--temperature", what, 1.0)
    how = sample.add_mutually_exclusive_group()
    count = whole_number
    add_option(how, "--top-k", "draw from the N likeliest tokens", kind=count)
    what = "draw from the fewest tokens with a probability of P together"
    add_option(how, "--nucleus", what, kind=parse_share, metavar="P")
    what = "no drawing: the likeliest text that a beam of N finds"
    add_option(how, "--beam", what, kind=count)
    add_seed(sample)
    add_device(sample)
