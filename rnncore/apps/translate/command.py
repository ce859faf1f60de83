"""The command `translate`, and the work of its class."""

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from sacrebleu.metrics import BLEU, CHRF

from rnncore.application import split
from rnncore.apps.spine import common, evaluation, runs, watch
from rnncore.apps.spine.common import Facts, format_count, note
from rnncore.apps.spine.estimator import Prepared
from rnncore.apps.spine.evaluation import NETWORK, Scores, add_rows
from rnncore.apps.translate.estimator import Translator
from rnncore.apps.translate.plan import (
    PENALTIES,
    WIDTH,
    TranslationPlan,
    begin_translator,
    encode_pairs,
    falling_rate,
    plan_for,
    score_penalties,
    smoothed_loss,
    translate_by_beam,
)
from rnncore.data.translation import Pair, read_pairs
from rnncore.seq2seq import Translator as Network
from rnncore.storage.files import Refused, composed, read_bytes, read_text
from rnncore.translate import storage
from rnncore.translate.baselines import learn_word_table, nearest
from rnncore.translate.storage import save_translator
from rnncore.translate.subwords import SubWords
from rnncore.translate.training import (
    mean_loss,
    quality,
    search,
    shuffled_batches,
    translate,
)

KIND = "translate"
SHARE = 0.1  # of the sources, for validation; as many for the test
AT_MOST = 1_000  # pairs that are looked at, for validation and as a test
SHOWN = 60  # characters of a sentence
TABLE = 3_000  # pairs from which the table of pieces is learned
COLUMNS = ["chrF", "BLEU", "exact match %"]
OLD_COLUMNS = ["exact match %", "chrF", "BLEU"]  # of models without them
Model = tuple[Network, SubWords, SubWords]


class Read(NamedTuple):
    """Pairs, where they are from, and what was left out by its line."""

    pairs: list[Pair]
    name: str
    left_out: dict[str, str]
    digest: str


def read(given: Any, columns: Sequence[int] | None) -> Read:
    """The pairs of a file, or pairs themselves.

    Raises Refused naming the line that is no pair.
    """
    if not isinstance(given, str | os.PathLike):
        pairs = [Pair(composed(a), composed(b)) for a, b in given]
        text = "".join(f"{a}\t{b}\n" for a, b in pairs)
        return Read(pairs, "pairs", {}, common.compute_fingerprint(text))
    path, left_out = Path(given), dict[str, str]()
    pairs = read_pairs(path, left_out.__setitem__, columns=columns)
    digest = common.compute_fingerprint(read_bytes(path))
    return Read(pairs, str(path), left_out, digest)


def prepare(options: Any, found: Read, given: dict[str, list[Pair]]) -> Prepared:
    """The pairs in three parts; what is not chosen is, by their number."""
    parts = _split(found.name, found.pairs, given)
    known = {"data": found.digest}
    for name, pairs in given.items():
        known[f"{name} data"] = common.compute_fingerprint(repr(pairs))
    learned = {pair.source for pair in parts[0]}
    lines = _show_read(found)
    for other, part in zip(("validation", "test"), parts[1:], strict=True):
        if seen := sum(pair.source in learned for pair in part):
            count = format_count(len(part), "pair")
            lines.append(f"of the {count} of {other} {seen} are in {found.name}, too")
    for option, value in _make_plan(options, parts[0])._asdict().items():
        setattr(options, option, value)
    return Prepared(parts, known, lines)


def _show_read(found: Read) -> list[str]:
    """How many pairs, and the first and the last as they were understood."""
    first, last = found.pairs[:2], found.pairs[2:][-1:]
    return [
        f"{format_count(len(found.pairs), 'pair')} in {found.name}",
        *(f"  {pair.source[:SHOWN]}  ->  {pair.target[:SHOWN]}" for pair in first),
        *(f"  ... {pair.source[:SHOWN]}  ->  {pair.target[:SHOWN]}" for pair in last),
        *common.count_left_out(found.left_out),
    ]


def _make_plan(options: Any, training: list[Pair]) -> Any:
    given = {name: getattr(options, name) for name in TranslationPlan._fields}
    return plan_for(len(training), **given)


def _fit(options: Any, data: tuple, run: watch.Run, device: Any) -> tuple[Model, Facts]:
    """A translator that has learned the training pairs."""
    training, validation, test = data
    plan = _make_plan(options, training)
    model, source, target = begin_translator(training, plan, options.seed)
    learned = encode_pairs(training, source, target, plan.longest)
    if not learned:
        raise Refused(
            f"pairs: none has at most {plan.longest} pieces a side; a larger --longest"
        )
    if short := len(training) - len(learned):
        note(f"{format_count(short, 'pair')} longer than --longest left out")
    sample = encode_pairs(validation[:AT_MOST], source, target)
    sources, targets = zip(*learned, strict=True)
    about: Facts = {"split": [len(training), len(validation), len(test)]}
    about["weights"] = sum(w.numel() for w in model.parameters())
    return runs.train_run(
        run,
        (model.to(device), source, target),
        about,
        smoothed_loss(),
        shuffled_batches(sources, targets, plan.batch, device),
        lambda model: mean_loss(model, sample),
        common.Bar(f"{plan.decoder} {plan.hidden}"),
        optimizer=falling_rate(plan),
    )


def _train(arguments: Namespace) -> int:
    more = "validation", "test"
    return evaluation.train(Translator, arguments, arguments.file, inputs=more)


def _translate(arguments: Namespace) -> int:
    """A line for each line; an empty one for an empty one."""
    if arguments.file:  # a refusal does not wait for the weights
        read_text(arguments.file)
    model = Translator.load(arguments.model, arguments.device)
    skipped: list[str] = []
    best = arguments.best
    how = arguments.beam, arguments.length_penalty, best or 0
    lines = _read_lines(arguments.file, skipped)
    for number, line in enumerate(lines, 1):
        known = model._fitted(), model.about_
        for text, score in translate_line(*known, line, *how):
            shown = "" if score is None else f"{score:.4f}"
            before = f"{number}\t{shown}\t" if best else ""
            print(before + text, flush=True)
    return common.tell_failed(skipped, "line")


def _evaluate(arguments: Namespace) -> int:
    return evaluation.evaluate(Translator, arguments, arguments.file)


def translate_line(
    model: Any,
    about: Facts,
    line: str,
    beam: int | None = None,
    penalty: float | None = None,
    best: int = 0,
) -> list[tuple[str, float | None]]:
    """The best translation of a line, or several, with scores in a beam.

    Beam and penalty are those that the model was scored with, unless
    given; of an empty line it is an empty one.
    """
    network, source, target = model
    sentence = composed(_one_line(line))
    if not sentence:
        return [("", None)]
    beam = beam or about.get("beam", 1)
    width = max(beam if beam > 1 else 0, best)
    if not width:
        (said,) = translate(network, source, target, [sentence])
        return [(_one_line(said), None)]
    alpha = penalty or about.get("penalty", PENALTIES[0])
    found = search(network, source, target, sentence, width, alpha)
    return [(_one_line(text), one.score) for text, one in found[: best or 1]]


def score_pairs(model: Any, about: Facts, read: Read) -> Scores:
    """The scores of the test part if the pairs are the same, else of all.

    Raises Refused where all of them were learned from.
    """
    common.tell_read(_show_read(read))
    penalty = about.get("penalty")
    if evaluation.was_learned(about, read.digest, read.name):
        return _compute_scores(model, _split(read.name, read.pairs, {}), penalty)
    found, deferred = _compute_scores(model, ([], [], read.pairs), penalty)
    found["test"] += (
        f" of {read.name}. It is not what the model was trained on, so it has "
        "no baseline but a copy"
    )
    return found, deferred


def _split(
    path: str, pairs: list[Pair], given: dict[str, list[Pair]]
) -> tuple[list[Pair], list[Pair], list[Pair]]:
    """What to learn from, to validate and to test.

    A tenth each of what is not `given` as files of its own. A sentence
    with several translations is in one part alone. Which part depends on
    the sentence, not on its place in the file.
    """
    names = [n for n in ("validation", "test") if n not in given]
    sources = sorted({p.source for p in pairs}, key=common.compute_fingerprint)
    try:
        ranges = split(len(sources), *[SHARE] * len(names))
    except ValueError:
        into = ("one part", "two parts", "three parts")[len(names)]
        raise Refused(
            f"{path}: {format_count(len(sources), 'sentence')} cannot be "
            f"split in {into}"
        ) from None
    parts: dict[str, list[Pair]] = {"training": []} | given
    of: dict[str, str] = {}
    for name, places in zip(["training", *names], ranges, strict=True):
        parts.setdefault(name, [])
        of |= dict.fromkeys((sources[k] for k in places), name)
    for pair in pairs:
        parts[of[pair.source]].append(pair)
    return parts["training"], parts["validation"], parts["test"]


def _compute_scores(known: Model, data: tuple, penalty: float | None = None) -> Scores:
    """Score the network, a copy, the nearest pair and a table of pieces.

    The beam's length penalty is the one given; else validation chooses it.
    """
    (_, source, target), (training, validation, test) = known, data
    found: Facts = {}
    if penalty is None and validation:
        bar = common.Bar("beam", "length penalty")
        bleu = score_penalties(known, validation[:AT_MOST], bar)
        penalty = max(PENALTIES, key=lambda alpha: bleu[alpha])
        found["penalties"] = [[*one] for one in bleu.items()]
    seen = test[:AT_MOST]
    sentences = [p.source for p in seen]
    found |= {"beam": WIDTH, "penalty": penalty or PENALTIES[0]}
    own = translate_by_beam(known, sentences, found["penalty"])
    found |= _score_own(own, seen)
    if training:
        found["test"] += ", not seen in training"

    def by_table() -> list[str]:
        table = learn_word_table(
            source, target, training[:TABLE], progress=common.Bar("table", "round")
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
        return {name: _make_row(said[name](), seen)}

    names = [*said] if training else ["a copy of the source"]
    return found, {name: add_rows(partial(row, name)) for name in names}


def _score_own(said: list[str], pairs: list[Pair]) -> Facts:
    """The network's scores with intervals, and how they were computed."""
    scores = _make_row(said, pairs)
    found: Facts = {
        "table": [(NETWORK, *scores)],
        "columns": COLUMNS,
        "score": scores[0],
        "test": format_count(len(pairs), "pair"),
    }
    metrics = {"chrF": CHRF(), "BLEU": BLEU()}
    wanted = [[pair.target for pair in pairs]]
    drawn = evaluation.corpus_intervals(metrics, said, wanted)["intervals"]
    right = sum(text == pair.target for text, pair in zip(said, pairs, strict=True))
    exact = evaluation.share_interval("exact match", right, len(pairs))
    if drawn and drawn[0][0] == "chrF":  # else all draws agree
        found["interval"] = drawn.pop(0)
    found["intervals"] = [*drawn, exact["interval"]]
    found["signatures"] = []
    for name, metric in ("chrF", CHRF()), ("BLEU", BLEU()):
        metric.corpus_score(said, wanted)
        found["signatures"].append([name, str(metric.get_signature())])
    return found


def _make_row(said: list[str], pairs: list[Pair]) -> tuple:
    """Scores as in COLUMNS."""
    exact, chrf, bleu = quality(said, pairs)
    return chrf, bleu, exact


def _show(about: Facts) -> evaluation.Described:
    """What is known of a model, and its table of scores."""
    columns = about.get("columns", OLD_COLUMNS)
    flat = [  # in older models the scores are a list in a row
        (name, *(rest if len(rest) > 1 else rest[0])) for name, *rest in about["table"]
    ]
    table = evaluation.list_rows({"table": flat}, *columns)
    sizes = about["sizes"]
    network = f"{sizes['decoder']} of {sizes['H']} units"
    lines = [f"scored on {about['test']}"]
    if "beam" in about:
        how = f"a beam of {about['beam']}, length penalty"
        lines.append(f"by {how} {about['penalty']:g}")
    lines += [f"{n}: {s}" for n, s in about.get("signatures", [])]
    return evaluation.Described(network, table, lines)


def _save(
    path: Path, model: Network, source: SubWords, target: SubWords, about: Facts
) -> None:
    decoder = about["settings"]["decoder"]
    save_translator(path, model, decoder, source, target, about)


def _read_lines(path: Path | None, skipped: list[str]) -> Iterable[str]:
    """The lines of a file, or of what is piped in, as they come.

    For a piped line that is not UTF-8 comes an empty one, and why in
    `skipped`: the others are translated.
    """
    if path is not None:
        yield from read_text(path).removesuffix("\n").split("\n")
        return
    for number, raw in enumerate(sys.stdin.buffer, 1):
        try:
            yield raw.decode()
        except UnicodeDecodeError as error:
            skipped.append(f"line {number}: not utf-8: {error}")
            yield ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


APP = evaluation.Application(
    kind=KIND,
    fit=_fit,
    score=_compute_scores,
    save=_save,
    load=storage.load_translator,
    show=_show,
    hint="more pairs, more --steps, fewer --pieces",
    higher=True,
)
PARTS = {"train": _train, "translate": _translate, "evaluate": _evaluate}
