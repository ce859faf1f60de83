"""The command `translate`: any file of tab-separated pairs."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncore.commands.common import (
    Bar,
    Clock,
    about_run,
    add_device,
    add_training,
    begin,
    describe,
    fingerprint,
    finish,
    group,
    model_file,
    note,
    positive,
    several,
    show_table,
    train_run,
    whole_number,
)
from rnncore.files import Refused, read_text

if TYPE_CHECKING:
    from rnncore.data.translation import Pair
    from rnncore.seq2seq import Translator
    from rnncore.translate.subwords import SubWords

KIND = "translate"
TRAIN = (
    "python -m rnncore translate train pairs.tsv --model pairs.safetensors"
)
TRANSLATE = (
    "python -m rnncore translate translate pairs.safetensors new.txt"
)
EVALUATE = (
    "python -m rnncore translate evaluate pairs.safetensors pairs.tsv"
)
EPILOG = f"""\
example:
  {TRAIN}
  {TRANSLATE}
  {EVALUATE}

pairs.tsv has a pair a line: a sentence, a tab, its translation, in UTF-8.
Interrupted with Ctrl-C or otherwise, the same `train` goes on where it was.
"""
SHARES = (0.1, 0.1)  # of the sources: validation and test, in this order
AT_MOST = 1_000  # pairs that are looked at, for validation and as a test
TABLE = 3_000  # pairs from which the table of pieces is learned
NETWORK = "the network"
SETTINGS = (  # all that the outcome depends on, with the pairs
    *("decoder", "pieces", "longest", "hidden", "dropout", "batch"),
    *("steps", "rate", "evaluate_every", "patience", "seed"),
)


def add(commands: Any) -> None:
    """Add `translate train`, `... translate` and `... evaluate`."""
    parts = group(
        commands,
        KIND,
        "a translator from any file of pairs of sentences",
        EPILOG,
    )
    train = parts.add("train", _train, "learn from pairs", TRAIN)
    train.add_argument("file", metavar="FILE", type=Path)
    train.add_argument(
        "--decoder",
        choices=["dot", "additive", "vector"],
        default="dot",
        help="two kinds of attention, or one vector (default: %(default)s)",
    )
    train.add_argument(
        "--pieces",
        type=_pieces,
        default=1000,
        metavar="N",
        help="sub-words a side, 259 at least (default: %(default)s)",
    )
    train.add_argument(
        "--longest",
        type=whole_number,
        default=80,
        metavar="N",
        help="pieces of the longest sentence that is learned from "
        "(default: %(default)s)",
    )
    add_training(
        train,
        hidden=128,
        batch=64,
        steps=3000,
        rate=0.003,
        dropout=0.2,
        evaluate_every=100,
        patience=5,
    )
    _add_translate(parts)
    parts.add_evaluate(
        _evaluate,
        "exact match, chrF and BLEU of pairs that were not trained on",
        EVALUATE,
        "file",
    )


def _add_translate(parts: Any) -> None:
    translate = parts.add(
        "translate", _translate, "translate line by line", TRANSLATE
    )
    translate.add_argument(
        "model",
        metavar="MODEL",
        type=Path,
        help="a file that `train` wrote, or a model that comes with the "
        "course: translate_dot",
    )
    translate.add_argument(
        "file",
        metavar="FILE",
        type=Path,
        nargs="?",
        help="a sentence a line, in UTF-8 (default: what is piped in)",
    )
    translate.add_argument(
        "--beam",
        type=whole_number,
        metavar="N",
        help="search with a beam of N (default: greedily)",
    )
    translate.add_argument(
        "--length-penalty",
        type=positive,
        default=0.6,
        metavar="X",
        help="of the beam: above 0, larger for longer translations "
        "(default: %(default)s)",
    )
    add_device(translate)


def _pieces(text: str) -> int:
    """For argparse: room for all bytes and three signs."""
    if not text.isdecimal() or int(text) < 259:
        raise argparse.ArgumentTypeError(
            f"expected a whole number of at least 259, got {text!r}"
        )
    return int(text)


def _train(arguments: argparse.Namespace) -> int:
    """Train, or go on; then score, and write the model."""
    from rnncore import application
    from rnncore.translate.storage import load_translator, save_translator
    from rnncore.translate.subwords import learn_subwords
    from rnncore.translate.training import (
        build_translator,
        mean_loss,
        shuffled_batches,
        translate_loss,
    )

    device = application.choose_device(arguments.device)
    training, validation, test = _split(arguments.file, _read(arguments))
    settings = {name: getattr(arguments, name) for name in SETTINGS}
    settings |= {"kind": KIND, "data": fingerprint(_content(arguments))}
    run = begin(arguments.model, settings, arguments.restart)
    if run is None:
        _print(arguments.model, load_translator(arguments.model)[3])
        return 0
    source, target = (
        learn_subwords(side, arguments.pieces)
        for side in zip(*training, strict=True)
    )
    learned = _encoded(training, source, target, arguments.longest)
    if not learned:
        raise Refused(
            f"{arguments.file}: no pair of at most {arguments.longest} "
            "pieces a side; a larger --longest"
        )
    if short := len(training) - len(learned):
        note(f"{several(short, 'pair')} longer than --longest left out")
    looked = _encoded(validation[:AT_MOST], source, target, 10**6)
    with application.seeded(arguments.seed):
        model = build_translator(
            source.size,
            target.size,
            max(1, arguments.hidden // 2),
            arguments.hidden,
            arguments.decoder,
            arguments.dropout,
        )
    model.to(device)
    known, said = zip(*learned, strict=True)
    clock, bar = Clock(run), Bar(f"{arguments.decoder} {arguments.hidden}")

    def evaluate(model: "Translator") -> float:
        clock.seconds()
        return bar.tell("nats", mean_loss(model, looked))

    result = train_run(
        run,
        arguments,
        model,
        translate_loss,
        shuffled_batches(known, said, arguments.batch, device),
        evaluate=evaluate,
        progress=bar,
    )
    seconds = clock.seconds()
    note("scoring the test part, beside simpler ways to translate ...")
    about = _scores(model, source, target, training, test)
    about |= about_run(arguments, settings, seconds)
    about["split"] = [len(training), len(validation), len(test)]
    about["steps"] = len(result.history.loss)
    save_translator(
        arguments.model, model, arguments.decoder, source, target, about
    )
    finish(run)
    _print(arguments.model, load_translator(arguments.model)[3])
    return 0


def _translate(arguments: argparse.Namespace) -> int:
    """A line for each line; an empty one for an empty one."""
    from rnncore import application
    from rnncore.translate.storage import load_translator
    from rnncore.translate.training import search, translate

    model, source, target, _ = load_translator(model_file(arguments.model))
    model.to(application.choose_device(arguments.device))
    for line in _lines(arguments.file):
        sentence = " ".join(line.split())
        if not sentence:
            print(flush=True)
        elif arguments.beam:
            found = search(
                model,
                source,
                target,
                sentence,
                arguments.beam,
                arguments.length_penalty,
            )
            print(_one_line(found[0][0]), flush=True)
        else:
            (said,) = translate(model, source, target, [sentence])
            print(_one_line(said), flush=True)
    return 0


def _evaluate(arguments: argparse.Namespace) -> int:
    """The table of scores, computed again."""
    from rnncore import application
    from rnncore.translate.storage import load_translator

    path = model_file(arguments.model)
    model, source, target, about = load_translator(path)
    model.to(application.choose_device(arguments.device))
    pairs = _read(arguments)
    known = about.get("settings", {}).get("data")
    if fingerprint(_content(arguments)) == known:
        training, _, test = _split(arguments.file, pairs)
        scores = _scores(model, source, target, training, test)
    else:
        scores = _scores(model, source, target, [], pairs)
        scores["test"] += (
            f" of {arguments.file}. It is not the file that the model was "
            "trained on, so it has no baseline but a copy"
        )
    _print(path, about | scores)
    return 0


def _content(arguments: argparse.Namespace) -> bytes:
    return arguments.file.read_bytes()


def _read(arguments: argparse.Namespace) -> "list[Pair]":
    """The pairs of the file; what is left out is told."""
    from rnncore.data.translation import read_pairs

    told: list[str] = []
    pairs = read_pairs(arguments.file, told.append)
    for line in told[:5]:
        note(f"left out: {line}")
    if len(told) > 5:
        note(f"left out: {several(len(told) - 5, 'more line')} like these")
    return pairs


def _split(
    path: Path, pairs: "list[Pair]"
) -> "tuple[list[Pair], list[Pair], list[Pair]]":
    """Eight tenths to learn from, a tenth each to choose and to judge.

    A sentence with several translations is in one part alone. Which part
    depends on the sentence, not on its place in the file.
    """
    from rnncore.application import split

    sources = sorted({p.source for p in pairs}, key=fingerprint)
    try:
        ranges = split(len(sources), *SHARES)
    except ValueError:
        raise Refused(
            f"{path}: {several(len(sources), 'sentence')} cannot be split "
            "in three parts"
        ) from None
    part = {sources[k]: n for n, ks in enumerate(ranges) for k in ks}
    parts: tuple[list, list, list] = ([], [], [])
    for pair in pairs:
        parts[part[pair.source]].append(pair)
    return parts


def _encoded(
    pairs: "list[Pair]",
    source: "SubWords",
    target: "SubWords",
    longest: int,
) -> list[tuple[list[int], list[int]]]:
    """Pairs as numbers, without those that have too long a side."""
    both = [
        (source.encode(p.source), target.encode(p.target)) for p in pairs
    ]
    return [pair for pair in both if max(map(len, pair)) <= longest]


def _scores(
    model: "Translator",
    source: "SubWords",
    target: "SubWords",
    training: "list[Pair]",
    test: "list[Pair]",
) -> dict[str, Any]:
    """The network beside a copy, the nearest pair and a table of pieces."""
    from rnncore.translate.baselines import learn_word_table, nearest
    from rnncore.translate.training import quality, translate

    seen = test[:AT_MOST]
    sentences = [p.source for p in seen]
    said = {NETWORK: translate(model, source, target, sentences)}
    if training:
        table = learn_word_table(source, target, training[:TABLE])
        said["a table, piece by piece"] = table.translate(sentences)
        said["the most similar known sentence"] = nearest(
            source, training, sentences
        )
    said["a copy of the source"] = sentences
    rows = [(name, quality(texts, seen)) for name, texts in said.items()]
    what = several(len(seen), "pair")
    return {
        "table": rows,
        "score": rows[0][1].exact,
        "test": what + (", not seen in training" if training else ""),
    }


def _print(path: Path, about: dict[str, Any]) -> None:
    """What is known of a model, and its table of scores."""
    import pandas as pd

    table = pd.DataFrame(
        dict(about["table"]), index=["exact match %", "chrF", "BLEU"]
    ).T
    sizes = about["sizes"]
    network = f"{sizes['decoder']} of {sizes['H']} units"
    print(describe(path, network, about))
    print(f"scored on {about['test']}")
    print(show_table(table))


def _lines(path: Path | None) -> Iterable[str]:
    """The lines of a file, or of what is piped in, as they come.

    Raises Refused where a piped line is not UTF-8.
    """
    if path is not None:
        yield from read_text(path).removesuffix("\n").split("\n")
        return
    for number, raw in enumerate(sys.stdin.buffer, 1):
        try:
            yield raw.decode()
        except UnicodeDecodeError as error:
            raise Refused(f"line {number}: not utf-8: {error}") from error


def _one_line(text: str) -> str:
    return " ".join(text.split())
