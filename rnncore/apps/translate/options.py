"""The options of `translate`."""

from pathlib import Path
from typing import Any

from rnncore.apps import ABOUT
from rnncore.apps.estimators import Translator
from rnncore.apps.spine.options import (
    CHOSEN,
    Group,
    add_device,
    add_evaluate,
    add_group,
    add_model,
    add_operand,
    add_option,
    add_train,
    add_training,
    at_least,
    find_defaults,
    mark_read,
    parse_positive,
    whole_number,
)

TRAIN = "translate train pairs.tsv --model pairs.safetensors"
TRANSLATE = "translate translate pairs.safetensors new.txt"
EVALUATE = "translate evaluate pairs.safetensors pairs.tsv"
PAIRS = (
    "pairs.tsv has one pair per line: a sentence, a tab, its translation. "
    "A gettext catalogue (.po) and a translation memory (.tmx) "
    "are read too."
)
ALWAYS = (
    "A model never abstains: it also translates a sentence unlike all that "
    "it was trained on."
)
DECODERS = ["dot", "additive", "vector"]


def add(commands: Any) -> None:
    """Add `translate train`, `... translate` and `... evaluate`."""
    examples = TRAIN, TRANSLATE, EVALUATE
    parts = add_group(commands, "translate", ABOUT["translate"], examples, PAIRS)
    train = add_train(parts, "learn from pairs", TRAIN, "file")
    _add_pairs(train)
    what, own = "two kinds of attention, or one vector", Translator
    add_option(train, "--decoder", what, own.decoder, choices=DECODERS)
    what = f"sub-words a side, 259 at least {CHOSEN}"
    add_option(train, "--pieces", what, kind=at_least(259))
    what = "pieces of the longest sentence that is learned from"
    add_option(train, "--longest", what, own.longest)
    for name, use in ("validation", "choose by"), ("test", "score"):
        what = f"pairs to {use} (default: a tenth of FILE's)"
        add_option(train, f"--{name}", what, kind=Path)
    defaults = find_defaults(Translator)
    add_training(train, **defaults)
    _add_translate(parts)
    about = "chrF, BLEU and exact match of pairs that were not trained on"
    evaluate = add_evaluate(parts, about, EVALUATE, "file")
    _add_pairs(evaluate)


def _add_pairs(parser: Any) -> None:
    """How the file of pairs is read."""
    what = (
        "whether the first line names the columns; auto: if both are names "
        "of languages, or words such as source"
    )
    ways = ["auto", "yes", "no"]
    add_option(parser, "--header", what, "auto", choices=ways)
    what = "of a .tmx file with more than two: source and target, as en de"
    more: dict[str, Any] = {"nargs": 2, "metavar": "CODE"}
    add_option(parser, "--languages", what, **more)
    what = (
        "which of more columns are source and target, as 2 4 in a file of "
        "numbers and sentences (default: 1 2)"
    )
    more = {"nargs": 2, "metavar": "N"}
    add_option(parser, "--columns", what, kind=whole_number, **more)
    _add_encoding(parser)


def _add_encoding(parser: Any) -> None:
    what = "of FILE; a .po or .tmx file names its own"
    add_option(parser, "--encoding", what, "utf-8", outside=True)


def _add_translate(parts: Group) -> None:
    about = "translate line by line"
    translate = parts.add("translate", about, TRANSLATE, ALWAYS)
    add_model(translate, "translate_dot")
    what = "one sentence per line (default: standard input, in UTF-8)"
    add_operand(translate, "file", what, nargs="?")
    mark_read(translate, "file")
    add_option(translate, "--encoding", "of FILE", "utf-8")
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
    kind = parse_positive
    add_option(translate, "--length-penalty", what, kind=kind)
    add_device(translate)
