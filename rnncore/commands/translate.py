"""The command `translate`: any file of tab-separated pairs."""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncore.commands import ABOUT, common, evaluation, runs
from rnncore.commands.common import (
    Facts,
    add_operand,
    add_option,
    format_count,
    note,
    run_later,
)
from rnncore.commands.evaluation import NETWORK, Deferred, add_rows
from rnncore.storage.files import Refused, composed, read_bytes, read_text

if TYPE_CHECKING:
    from rnncore.data.translation import Pair
    from rnncore.seq2seq import Translator
    from rnncore.translate.subwords import SubWords

KIND = "translate"
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
SHARES = (0.1, 0.1)  # of the sources: validation and test, in this order
AT_MOST = 1_000  # pairs that are looked at, for validation and as a test
TABLE = 3_000  # pairs from which the table of pieces is learned
DECODERS = ["dot", "additive", "vector"]


def add(commands: Any) -> None:
    """Add `translate train`, `... translate` and `... evaluate`."""
    examples = TRAIN, TRANSLATE, EVALUATE
    parts = common.add_group(commands, KIND, ABOUT[KIND], examples, PAIRS)
    train = runs.add_train(parts, APP, "learn from pairs", TRAIN, "file")
    _add_pairs(train)
    what, kinds = "two kinds of attention, or one vector", DECODERS
    add_option(train, "--decoder", what, "dot", choices=kinds)
    what = "sub-words a side, 259 at least"
    add_option(train, "--pieces", what, 1000, common.at_least(259))
    what = "pieces of the longest sentence that is learned from"
    add_option(train, "--longest", what, 80)
    runs.add_training(
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
    about = "exact match, chrF and BLEU of pairs that were not trained on"
    evaluate = evaluation.add_evaluate(parts, APP, about, EVALUATE, "file")
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
    more: Facts = {"nargs": 2, "metavar": "CODE"}
    add_option(parser, "--languages", what, **more)
    _add_encoding(parser)


def _add_encoding(parser: Any) -> None:
    what = "of FILE; a .po or .tmx file names its own"
    add_option(parser, "--encoding", what, "utf-8", outside=True)


def _add_translate(parts: common.Group) -> None:
    about = "translate line by line"
    translate = parts.add("translate", _translate, about, TRANSLATE, ALWAYS)
    common.add_model(translate, "translate_dot")
    what = "one sentence per line (default: standard input, in UTF-8)"
    add_operand(translate, "file", what, nargs="?")
    add_option(translate, "--encoding", "of FILE", "utf-8")
    what = "search with a beam of N (default: greedily)"
    add_option(translate, "--beam", what, kind=common.whole_number)
    what = (
        "print the N best, each as line number, score and translation with "
        "tabs between; the beam has N at least"
    )
    add_option(translate, "--best", what, kind=common.whole_number)
    what = "of the beam: above 0, larger for longer translations"
    add_option(translate, "--length-penalty", what, 0.6)
    common.add_device(translate)


def _read(arguments: Namespace) -> tuple[tuple, Facts]:
    """The pairs in three parts."""
    path = arguments.file
    parts = _split(path, _read_pairs(arguments))
    return parts, {"data": common.compute_fingerprint(read_bytes(path))}


def _fit(
    arguments: Namespace, data: tuple, run: runs.TrainingRun, device: Any
) -> tuple[Any, Facts]:
    """A translator that has learned the training pairs."""
    from rnncore.application import seeded
    from rnncore.translate.subwords import learn_subwords
    from rnncore.translate.training import (
        build_translator,
        mean_loss,
        shuffled_batches,
        translate_loss,
    )

    training, validation, test = data
    source, target = (
        learn_subwords(side, arguments.pieces)
        for side in zip(*training, strict=True)
    )
    learned = _encode(training, source, target, arguments.longest)
    if not learned:
        raise Refused(
            f"{arguments.file}: no pair of at most {arguments.longest} "
            "pieces a side; a larger --longest"
        )
    if short := len(training) - len(learned):
        note(
            f"{format_count(short, 'pair')} longer than --longest left out"
        )
    sample = _encode(validation[:AT_MOST], source, target, 10**6)
    H, decoder = arguments.hidden, arguments.decoder
    sizes = source.size, target.size, max(1, H // 2), H
    with seeded(arguments.seed):
        model = build_translator(*sizes, decoder, arguments.dropout)
    known, said = zip(*learned, strict=True)
    split = [len(training), len(validation), len(test)]
    return runs.train_run(
        run,
        (model.to(device), source, target),
        {"split": split},
        translate_loss,
        shuffled_batches(known, said, arguments.batch, device),
        lambda model: mean_loss(model, sample),
        common.Bar(f"{decoder} {H}"),
    )


def _translate(arguments: Namespace) -> int:
    """A line for each line; an empty one for an empty one."""
    if arguments.file:  # a refusal does not wait for torch
        with common.name_encoding():
            read_text(arguments.file, arguments.encoding)
    model, source, target, _ = common.load_model(arguments, KIND, LOAD)
    from rnncore.translate.training import search, translate

    skipped: list[str] = []
    best = arguments.best
    width = max(arguments.beam or 0, best or 0)
    lines = _read_lines(arguments.file, arguments.encoding, skipped)
    for number, line in enumerate(lines, 1):
        sentence = composed(_one_line(line))
        if not sentence:
            print(f"{number}\t\t" if best else "", flush=True)
        elif width:
            alpha = arguments.length_penalty
            found = search(model, source, target, sentence, width, alpha)
            for text, one in found[: best or 1]:
                before = f"{number}\t{one.score:.4f}\t" if best else ""
                print(before + _one_line(text), flush=True)
        else:
            (said,) = translate(model, source, target, [sentence])
            print(_one_line(said), flush=True)
    return common.tell_failed(skipped, "line")


def _score_again(
    arguments: Namespace, model: Any, about: Facts
) -> tuple[Facts, Deferred]:
    """The scores of the same pairs, or of others."""
    path, settings = arguments.file, about.get("settings", {})
    same = common.compute_fingerprint(read_bytes(path)) == settings.get(
        "data"
    )
    if same:  # it is read as it was
        arguments.header = settings.get("header", "no")
        arguments.languages = settings.get("languages")
    pairs = _read_pairs(arguments)
    if same:
        return _compute_scores(model, _split(path, pairs))
    found, deferred = _compute_scores(model, ([], [], pairs))
    found["test"] += (
        f" of {path}. It is not the file that the model was trained on, so "
        "it has no baseline but a copy"
    )
    return found, deferred


def _read_pairs(arguments: Namespace) -> "list[Pair]":
    """Read the pairs of the file, and report what is left out."""
    from rnncore.translate.pairs import read_any_pairs

    skipped: list[str] = []
    how = arguments.languages, arguments.header, arguments.encoding
    try:
        with common.name_encoding():
            return read_any_pairs(arguments.file, skipped.append, *how)
    finally:  # where no pair remains, too
        for line in skipped[:5]:
            note(f"left out: {line}")
        if len(skipped) > 5:
            count = format_count(len(skipped) - 5, "more line")
            note(f"left out: {count} like these")


def _split(
    path: Path, pairs: "list[Pair]"
) -> "tuple[list[Pair], list[Pair], list[Pair]]":
    """Eight tenths to learn from, a tenth each to validate and to test.

    A sentence with several translations is in one part alone. Which part
    depends on the sentence, not on its place in the file.
    """
    from rnncore.application import split

    sources = sorted(
        {p.source for p in pairs}, key=common.compute_fingerprint
    )
    try:
        ranges = split(len(sources), *SHARES)
    except ValueError:
        raise Refused(
            f"{path}: {format_count(len(sources), 'sentence')} cannot be "
            "split in three parts"
        ) from None
    part = {sources[k]: n for n, ks in enumerate(ranges) for k in ks}
    parts: tuple[list, list, list] = ([], [], [])
    for pair in pairs:
        parts[part[pair.source]].append(pair)
    return parts


def _encode(
    pairs: "list[Pair]",
    source: "SubWords",
    target: "SubWords",
    longest: int,
) -> list[tuple[list[int], list[int]]]:
    """Pairs as token numbers, without those that are too long."""
    both = [
        (source.encode(p.source), target.encode(p.target)) for p in pairs
    ]
    return [pair for pair in both if max(map(len, pair)) <= longest]


def _compute_scores(known: Any, data: tuple) -> tuple[Facts, Deferred]:
    """Score the network, a copy, the nearest pair and a table of pieces."""
    from sacrebleu.metrics import BLEU, CHRF

    from rnncore.translate.baselines import learn_word_table, nearest
    from rnncore.translate.training import quality, translate

    (model, source, target), (training, _, test) = known, data
    seen = test[:AT_MOST]
    sentences = [p.source for p in seen]
    own = translate(model, source, target, sentences)
    scores = quality(own, seen)
    right = sum(
        text == pair.target for text, pair in zip(own, seen, strict=True)
    )
    what = format_count(len(seen), "pair")
    found = {
        "table": [(NETWORK, *scores)],
        "score": scores.exact,
        "test": what + (", not seen in training" if training else ""),
    }
    found |= evaluation.share_interval("exact match", right, len(seen))
    metrics = {"chrF": CHRF(), "BLEU": BLEU()}
    wanted = [pair.target for pair in seen]
    found |= evaluation.corpus_intervals(metrics, own, [wanted])

    def by_table() -> list[str]:
        table = learn_word_table(
            source,
            target,
            training[:TABLE],
            progress=common.Bar("table", "round"),
        )
        return table.translate(sentences)

    said: dict[str, Callable[[], list[str]]] = {
        "a table, piece by piece": by_table,
        "the most similar known sentence": lambda: nearest(
            source, training, sentences, common.Bar("nearest", "sentence")
        ),
        "a copy of the source": lambda: sentences,
    }

    def row(name: str) -> dict[str, tuple]:
        return {name: tuple(quality(said[name](), seen))}

    names = [*said] if training else ["a copy of the source"]
    return found, {name: add_rows(partial(row, name)) for name in names}


def _show(about: Facts) -> common.Described:
    """What is known of a model, and its table of scores."""
    columns = "exact match %", "chrF", "BLEU"
    flat = [  # in older models the scores are a list in a row
        (name, *(rest if len(rest) > 1 else rest[0]))
        for name, *rest in about["table"]
    ]
    table = common.list_rows({"table": flat}, *columns)
    sizes = about["sizes"]
    network = f"{sizes['decoder']} of {sizes['H']} units"
    scored = [f"scored on {about['test']}"]
    return common.Described(network, table, scored)


def _save(
    path: Path,
    model: "Translator",
    source: "SubWords",
    target: "SubWords",
    about: Facts,
) -> None:
    from rnncore.translate.storage import save_translator

    decoder = about["settings"]["decoder"]
    save_translator(path, model, decoder, source, target, about)


def _read_lines(
    path: Path | None, encoding: str, skipped: list[str]
) -> Iterable[str]:
    """The lines of a file, or of what is piped in, as they come.

    For a piped line that is not UTF-8 comes an empty one, and why in
    `skipped`: the others are translated.
    """
    if path is not None:
        yield from read_text(path, encoding).removesuffix("\n").split("\n")
        return
    for number, raw in enumerate(sys.stdin.buffer, 1):
        try:
            yield raw.decode()
        except UnicodeDecodeError as error:
            skipped.append(f"line {number}: not utf-8: {error}")
            yield ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


LOAD = run_later("translate.storage.load_translator")
APP = evaluation.Application(
    KIND,
    _read,
    _fit,
    _compute_scores,
    _score_again,
    _save,
    LOAD,
    _show,
    hint="more pairs, more --steps and --patience, fewer --pieces",
    higher=True,
)
