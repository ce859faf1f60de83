"""The options of `translate`."""

from pathlib import Path
from typing import Any

from rnncore.apps import ABOUT
from rnncore.apps.spine.options import (
    Group,
    add_device,
    add_evaluate,
    add_group,
    add_model,
    add_operand,
    add_option,
    add_settings,
    add_train,
    mark_read,
    parse_positive,
    whole_number,
)
from rnncore.apps.translate.estimator import Translator

TRAIN = "translate train pairs.tsv --model pairs.safetensors"
TRANSLATE = "translate translate pairs.safetensors new.txt"
EVALUATE = "translate evaluate pairs.safetensors pairs.tsv"
FORM = (
    "Takes a UTF-8 file with one pair a line: a sentence, a tab, its "
    "translation. Which two of more columns, --columns says."
)
ALWAYS = (
    "A model never abstains: it also translates a sentence unlike all that "
    "it was trained on."
)


def add(commands: Any) -> None:
    """Add `translate train`, `... translate` and `... evaluate`."""
    examples = TRAIN, TRANSLATE, EVALUATE
    parts = add_group(commands, "translate", ABOUT["translate"], examples, FORM)
    train = add_train(parts, "learn from pairs", TRAIN, "file")
    for name, use in ("validation", "choose by"), ("test", "score"):
        what = f"pairs to {use} (default: a tenth of FILE's)"
        add_option(train, f"--{name}", what, kind=Path)
        mark_read(train, name)
    add_settings(train, Translator, "columns", "decoder", "pieces", "longest")
    _add_translate(parts)
    about = "chrF, BLEU and exact match of pairs that were not trained on"
    add_evaluate(parts, about, EVALUATE, "file")


def _add_translate(parts: Group) -> None:
    about = "translate line by line"
    translate = parts.add("translate", about, TRANSLATE, ALWAYS)
    add_model(translate, "translate_dot")
    what = "one sentence per line (default: standard input), in UTF-8"
    add_operand(translate, "file", what, nargs="?")
    mark_read(translate, "file")
    what = "search with a beam of N, 1 for none (default: as the model was scored)"
    add_option(translate, "--beam", what, kind=whole_number)
    what = (
        "print the N best, each as line number, score and translation with "
        "tabs between; the beam has N at least"
    )
    add_option(translate, "--best", what, kind=whole_number)
    what = (
        "of the beam: above 0, larger for longer translations (default: "
        "the one that validation chose)"
    )
    add_option(translate, "--length-penalty", what, kind=parse_positive)
    add_device(translate)
