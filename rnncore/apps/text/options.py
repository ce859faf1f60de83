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
    add_train,
    add_training,
    at_least,
    find_defaults,
    parse_share,
    whole_number,
)
from rnncore.apps.text.estimator import TextModel

TRAIN = "text train book.txt --model book.safetensors"
SAMPLE = 'text sample book.safetensors --prompt "The " --temperature 0.7'
EVALUATE = "text evaluate book.safetensors book.txt"
WINDOWS = "in-order", "anywhere"  # of the text
FILES: dict[str, Any] = {
    "nargs": "+",
    "what": "a text file, a folder of them, or a pattern such as '*.md'",
}
MIXERS = ["LSTM", "sLSTM", "minGRU", "minLSTM", "RG-LRU"]
MIXERS += ["selective", "gated-delta", "mLSTM", "attention"]
MIXERS += ["turning", "solved-GRU"]


def add(commands: Any) -> None:
    """Add `text train`, `text sample` and `text evaluate`."""
    examples = TRAIN, SAMPLE, EVALUATE
    parts = add_group(commands, "text", ABOUT["text"], examples)
    train = add_train(parts, "learn from text files", TRAIN, "file", **FILES)
    _add_encoding(train)
    what = (
        "a model to go on from: its vocabulary, sizes and kind are kept, "
        "and --cell, --hidden and the like say nothing"
    )
    add_option(train, "--from", what, kind=Path, metavar="MODEL", dest="start")
    tokens, cells = ["characters", "words"], ["RNN", "LSTM", "GRU"]
    for name, part in ("--validation", "choose by"), ("--test", "score"):
        what = f"a text to {part} (default: a tenth of FILE)"
        add_option(train, name, what, kind=Path, metavar="TEXT")
    what = "what is predicted"
    add_option(train, "--tokens", what, TextModel.tokens, choices=tokens)
    add_option(train, "--cell", default=TextModel.cell, choices=cells)
    what = "in place of layers of cells: blocks, with this between their steps"
    add_option(train, "--model-kind", what, choices=MIXERS)
    _add_recipe(train)
    add_training(train, **find_defaults(TextModel))
    _add_sample(parts)
    about = "score the part of the text that was not trained on"
    evaluate = add_evaluate(parts, about, EVALUATE, "file", **FILES)
    _add_encoding(evaluate)


def _add_recipe(train: Any) -> None:
    """How a network learns, beyond what every `train` has."""
    what = (
        "read the text window after window, the state carried on, or "
        "windows from anywhere in it, from a state of zeros"
    )
    add_option(train, "--windows", what, TextModel.windows, choices=list(WINDOWS))
    what = "steps in which the rate rises first"
    add_option(train, "--warm", what, TextModel.warm, at_least(0))
    what = "share of Adam's mean square that each step keeps"
    kind = parse_share
    add_option(train, "--beta", what, TextModel.beta, kind)
    what = (
        "use the running mean of the weights, of which each step keeps "
        "this share, such as 0.998 (0: the weights themselves)"
    )
    add_option(train, "--average", what, TextModel.average, kind)


def _add_encoding(parser: Any) -> None:
    what = "of FILE (default: what its first bytes name, else utf-8)"
    add_option(parser, "--encoding", what, outside=True)


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
