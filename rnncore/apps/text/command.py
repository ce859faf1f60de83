"""The command `text`, and the work of its class."""

import math
import os
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnncore.application import cooling, seeded, split
from rnncore.apps.spine import common, evaluation, inputs, runs, watch
from rnncore.apps.spine.common import Facts
from rnncore.apps.spine.estimator import Prepared
from rnncore.apps.spine.evaluation import NETWORK, Scores, add_rows, mean_interval
from rnncore.apps.text.estimator import TextModel
from rnncore.storage.files import Refused, composed, read_text
from rnncore.text import ngrams, sampling, storage
from rnncore.text.generation import likeliest, stream, write_text
from rnncore.text.model import (
    LanguageModel,
    begin_at_frequencies,
    contiguous_windows,
    dynamic_nats,
    language_loss,
    stretches,
    token_nats,
)
from rnncore.text.ngrams import (
    KneserNey,
    bits_given,
    kneser_ney_probabilities,
    three_discounts,
)
from rnncore.text.vocabulary import (
    Vocabulary,
    character_vocabulary,
    split_words,
    word_vocabulary,
)

KIND = "text"
SHOWN = 60  # characters of a text, of both its ends
COUNTED = 5_000_000  # tokens that n-grams are counted in, at most
GRAMS = 12_000_000  # different ones that are held: 48 bytes each
CHUNK = 1_000_000  # characters that become numbers at a time
READ, LEARNED = 256, 64  # steps that a text is read by, or learned by
LANES = 16  # stretches in which the held-out text is read at a time
IN_ORDER = 200_000  # tokens of a stretch that is learned from as it is read
AT_MOST = 40_000  # tokens of the validation part that are looked at
ORDERS = {"characters": (3, 4, 5, 6, 8, 12, 16, 24), "words": (2, 3, 4, 5, 7, 9, 12)}
SHARES = (0.1, 0.1)  # of the text: validation and test, in this order
WIDTH = 64  # of the embedding of characters: there are few
PASSES, FEWEST, MOST = 20, 300, 2500  # over the training part, in updates
GLIMPSE = {"characters": 60, "words": 12}  # that are shown at each look
RATES = (0.1, 0.3, 1.0)  # of dynamic evaluation; the best on validation
Model = tuple[Any, Vocabulary]  # a LanguageModel; a stored one may have blocks


class TextParts(NamedTuple):
    """A text in three pieces, one after the other."""

    training: str
    validation: str
    test: str


class Text(NamedTuple):
    """A text, its name, and how much of it each file has."""

    whole: str
    name: str
    files: dict[str, int]  # characters by file


def read(given: str | os.PathLike | Sequence[os.PathLike]) -> Text:
    """A string as it is; else UTF-8 files, one after another.

    Raises Refused naming a file that is none.
    """
    if isinstance(given, str):
        return Text(given, "the text", {})
    paths = [given] if isinstance(given, os.PathLike) else [*given]
    texts = [read_text(path) for path in paths]
    files = {os.fspath(p): len(t) for p, t in zip(paths, texts, strict=True)}
    name = os.fspath(paths[0])
    if len(paths) == 1:
        return Text(texts[0], name, files)
    whole = "\n".join(text.removesuffix("\n") for text in texts) + "\n"
    return Text(whole, f"{name} and {len(paths) - 1} more", files)


def _train(arguments: Namespace) -> int:
    more = "validation", "test", "start"
    return evaluation.train(TextModel, arguments, arguments.file, inputs=more)


def _sample(arguments: Namespace) -> int:
    """Write token by token, or the likeliest text."""
    model = TextModel.load(arguments.model, arguments.device)
    names = "prompt", "length", "temperature", "top_k", "nucleus", "beam"
    how = {name: getattr(arguments, name) for name in (*names, "seed")}
    stream(write_after(model._fitted(), **how))
    return 0


def _evaluate(arguments: Namespace) -> int:
    return evaluation.evaluate(TextModel, arguments, arguments.file)


def write_after(
    known: Any,
    prompt: str | None = None,
    length: int = 400,
    temperature: float = 1.0,
    top_k: int | None = None,
    nucleus: float | None = None,
    beam: int | None = None,
    seed: int = 0,
) -> Iterator[str]:
    """The prompt, then piece by piece what a model and vocabulary add.

    Raises Refused where the prompt is empty or holds unknown tokens.
    """
    model, vocabulary = known
    if prompt is None:  # the end of a line, or of a sentence
        ends = "\n", ".", " ", vocabulary.tokens[-1]
        prompt = next(end for end in ends if end in vocabulary.tokens)
    prompt = composed(prompt)  # as `read_text` has what is learned from
    ids = vocabulary.encode(prompt)
    _check_prompt(vocabulary, prompt, ids)
    if beam:
        found = likeliest(model, ids, beam, length)[0]
        yield vocabulary.decode([*ids, *found.tokens])
        return

    def shape(logits: np.ndarray) -> np.ndarray:
        logits = logits.copy()
        logits[:, 0] = -np.inf  # what stands for unknown tokens
        p = sampling.at_temperature(logits, temperature)
        if top_k:
            p = sampling.top_k(p, top_k)
        return sampling.nucleus(p, nucleus) if nucleus else p

    rng = np.random.default_rng(seed)
    yield from write_text(model, vocabulary, prompt, rng, shape, length)


def prepare(
    options: Any, text: Text, given: dict[str, Text], start: Path | None
) -> Prepared:
    """A text in parts, its vocabulary, and the batches of training.

    The parts that are given are none of the text.

    Raises Refused, naming the text, where it is too short.
    """
    others = {part: other.whole for part, other in given.items()}
    parts = split_text(text.name, text.whole, others)
    known = {"data": common.compute_fingerprint(text.whole)}
    for part, other in others.items():
        known[f"{part} data"] = common.compute_fingerprint(other)
    lines = _show_read(text)
    begun = None
    if start is not None:
        path = inputs.model_file(start, KIND)
        model, vocabulary, about = storage.load_model(path)
        known["from"] = common.compute_fingerprint(path.read_bytes())
        begun = model
        _take_sizes(options, vocabulary, about["sizes"])
    else:
        words = options.tokens == "words"
        make = word_vocabulary if words else character_vocabulary
        vocabulary = make(parts.training)
    ids = _encode(vocabulary, parts.training)
    _choose_steps(options, len(ids))
    lines.append(
        f"{vocabulary.size - 1} different {options.tokens}, {len(ids):,} of them "
        f"in training, then {len(parts.validation):,} characters to choose by and "
        f"{len(parts.test):,} to score"
    )
    windows = _make_windows(options, text.name, ids)
    data = parts, vocabulary, windows, begun, "test" in given
    return Prepared(data, known, lines)


def _show_read(text: Text) -> list[str]:
    """How much was read, and how it begins and ends."""
    whole = " ".join(text.whole[:SHOWN].split()), " ".join(text.whole[-SHOWN:].split())
    size = f"{len(text.whole):,} characters, {text.whole.count(chr(10)):,} lines"
    return [f"{size} in {text.name}", f"  {whole[0]} ...", f"  ... {whole[1]}"]


def _take_sizes(options: Any, vocabulary: Vocabulary, sizes: Facts) -> None:
    """The settings of the model that is gone on from.

    Raises Refused where it is one of blocks, which no command trains.
    """
    if "cell" not in sizes:
        raise Refused("--from: expected a model of cells, got one of blocks")
    options.tokens = "words" if vocabulary.words else "characters"
    options.cell, options.hidden = sizes["cell"], sizes["H"]
    options.layers = sizes["layers"]


def _choose_steps(options: Any, tokens: int) -> None:
    """What is not given, by the length of the training part."""
    if options.steps is None:
        wanted = PASSES * tokens // (options.window * options.batch)
        options.steps = min(max(FEWEST, wanted), MOST)


def _encode(vocabulary: Vocabulary, text: str) -> np.ndarray:
    """The tokens of a long text, in half the memory and piece by piece."""
    if vocabulary.words:
        pieces = _split_paragraphs(text)
    else:
        starts = range(0, len(text), CHUNK)
        pieces = (text[k : k + CHUNK] for k in starts)
    found = [vocabulary.encode(piece).astype(np.int32) for piece in pieces]
    return np.concatenate(found) if found else np.empty(0, np.int32)


def _split_paragraphs(text: str) -> Iterator[str]:
    """A text in pieces that end with a line, so that no word is cut."""
    start = 0
    while start < len(text):
        end = text.find("\n", start + CHUNK)
        end = len(text) if end < 0 else end + 1
        yield text[start:end]
        start = end


def _fit(options: Any, data: tuple, run: watch.Run, device: Any) -> tuple[Model, Facts]:
    """A model that has learned the training part."""
    parts, vocabulary, next_batch, start, _ = data
    ids = vocabulary.encode(parts.training)
    if start is None:
        with seeded(options.seed), common.refuse_in_words():
            model = _make_model(options, vocabulary, ids)
    else:
        model = start.train()
        _tell_unknown(vocabulary, parts.training)
    model.to(device)
    validation = _split_lanes(vocabulary.encode(parts.validation)[:AT_MOST])
    split = {k: len(v) for k, v in parts._asdict().items()}
    return runs.train_run(
        run,
        (model, vocabulary),
        {"split": split},
        language_loss,
        next_batch,
        lambda model: _to_bits(token_nats(model, validation)),
        common.Bar(f"{options.cell} {options.hidden}"),
        unit="bits",
        carry=model.zero_state(options.batch),
        optimizer=cooling(options.rate, options.steps, options.falls),
        trivial=_unigram_bits(ids, validation),
        show=lambda model: _show_glimpse(model, vocabulary),
    )


def _show_glimpse(model: Any, vocabulary: Vocabulary) -> str:
    """What a model writes by now, in one line: the same draws each time."""
    tokens = "words" if vocabulary.words else "characters"
    known = model, vocabulary
    pieces = write_after(known, length=GLIMPSE[tokens], temperature=0.7, seed=0)
    return " ".join("".join(pieces).split())


def _unigram_bits(training: np.ndarray, validation: np.ndarray) -> float:
    """Bits a token if each is as likely as in training, whatever came."""
    K = 1 + int(max(training.max(), validation.max()))
    counts = np.bincount(training, minlength=K) + 1
    return float(-np.log2(counts / counts.sum())[validation].mean())


def _tell_unknown(vocabulary: Vocabulary, text: str) -> None:
    """Report how many tokens of a text the vocabulary lacks."""
    unknown = int((_encode(vocabulary, text) == 0).sum())
    if unknown:
        common.note(
            f"{unknown} tokens of the training part are unknown to the "
            "model that is gone on from: one token"
        )


def _make_model(options: Any, vocabulary: Vocabulary, ids: np.ndarray) -> LanguageModel:
    """Layers of cells with random weights, which begin at the frequencies.

    An untrained readout then says how often each token comes.
    """
    H, layers, dropout = options.hidden, options.layers, options.dropout
    width = None if vocabulary.words else min(WIDTH, H)
    model = LanguageModel(vocabulary.size, H, options.cell, layers, dropout, width)
    begin_at_frequencies(model, ids)
    return model


def score_text(model: Any, about: Facts, text: Text) -> Scores:
    """The scores of the held-out part, if it is the text; else of all.

    Raises Refused where all of it was learned from.
    """
    common.tell_read(_show_read(text))
    digest = common.compute_fingerprint(text.whole)
    if not evaluation.was_learned(about, digest, text.name):
        return _score_elsewhere(model, text.name, text.whole)
    found, deferred = _compute_scores(model, (split_text(text.name, text.whole), False))
    if "validation data" in about["settings"]:  # then it is not this tenth
        deferred = {}
    return found, deferred


def split_text(name: str, whole: str, given: dict[str, str] | None = None) -> TextParts:
    """The first eight tenths, and a tenth each to validate and to test.

    What is given of these two is not taken from the text.
    """
    given = given or {}
    asked = dict(zip(TextParts._fields[1:], SHARES, strict=True))
    missing = {part: asked[part] for part in asked if part not in given}
    try:
        ranges = split(len(whole), *missing.values())
    except ValueError:
        raise Refused(
            f"{name}: {len(whole)} characters are too few to be split"
        ) from None
    own = [whole[r.start : r.stop] for r in ranges]
    return TextParts(own[0], **(dict(zip(missing, own[1:], strict=True)) | given))


def _make_windows(options: Any, name: str, ids: np.ndarray) -> Any:
    """The next_batch of training.

    Raises Refused where the text is shorter than one window.
    """
    window, batch = options.window, options.batch
    needed = window * batch + 1
    if len(ids) < needed:
        raise Refused(
            f"{name}: its training part has {len(ids)} {options.tokens}, "
            f"one update takes {needed} ({window} steps of {batch} stretches): "
            "a longer text, or from Python a smaller window or batch"
        )
    windows = contiguous_windows(stretches(ids, batch), window)
    return lambda rng, step: windows(rng, step).astype(int)


def _split_lanes(ids: np.ndarray, least: int = 100) -> np.ndarray:
    """A text as some stretches of `least` tokens, to be read faster.

    Raises Refused where there are not two tokens.
    """
    if len(ids) < 2:
        raise Refused("held-out part: it has fewer than two tokens")
    return stretches(ids, min(LANES, 1 + len(ids) // least))


def _to_bits(nats: np.ndarray) -> float:
    return float(nats.mean()) / math.log(2)


def _compute_interval(nats: np.ndarray) -> Facts:
    """How sure the bits are, by stretches of the text of 100 or more."""
    flat = nats.T.ravel()
    many = min(200, len(flat) // 100)
    parts = np.array_split(flat, many) if many else []
    return mean_interval("bits", [_to_bits(p) for p in parts], [*map(len, parts)])


def _compute_scores(known: Model, data: Any) -> Scores:
    """Bits a token of the test part, and those of the baselines."""
    (model, vocabulary), parts, given = known, data[0], data[-1]
    validation, test = map(vocabulary.encode, parts[1:])
    lanes = _split_lanes(test)
    with _report_progress(model, NETWORK, lanes):
        nats = token_nats(model, lanes, READ)
    bits = _to_bits(nats)
    which = "the text given for it" if given else "the last tenth"
    what = f"{which}: {len(test)} tokens, not seen in training"
    unknown = int((test == 0).sum())
    found = {
        "table": [(NETWORK, bits)],
        "score": bits,
        "test": {"what": what, "unknown": unknown},
    } | _compute_interval(nats)
    reads, lzma = (
        f"{NETWORK}, learning as it reads",
        "lzma that has read the training part",
    )

    def compress() -> dict[str, float]:
        both = parts.training, parts.test
        size = sum(len(part.encode()) for part in both) / 1e6
        common.note(f"lzma compresses {size:.1f} MB; Ctrl-C skips it")
        bar = common.Bar("lzma", "MB")
        bits = bits_given(*both, bar)
        return {lzma: bits / len(parts.test)}

    deferred = {
        reads: add_rows(lambda: {reads: _score_dynamic(model, validation, test)}),
        "n-grams": add_rows(
            lambda: _score_ngrams(
                vocabulary, _last_tokens(vocabulary, parts.training), validation, test
            )
        ),
    }
    if not vocabulary.words:
        deferred[lzma] = add_rows(compress)
    return found, deferred


def _score_dynamic(model: Any, validation: np.ndarray, test: np.ndarray) -> float:
    """Bits of a network that learns from the test part as it reads it."""
    sample, lanes = (
        _split_lanes(part, IN_ORDER) for part in (validation[:AT_MOST], test)
    )
    tried = [
        (_to_bits(dynamic_nats(model, sample, rate)), rate)
        for rate in common.Bar("validation", "rate")(RATES)
    ]
    with _report_progress(model, f"{NETWORK}, learning", lanes, LEARNED):
        return _to_bits(dynamic_nats(model, lanes, min(tried)[1], LEARNED))


@contextmanager
def _report_progress(
    model: Any, label: str, lanes: np.ndarray, window: int = READ
) -> Iterator[None]:
    """Report how far a text is read, by windows that go through."""
    count = -(-(len(lanes) - 1) // window)
    windows = iter(common.Bar(label, "window")([*range(count)]))

    def step(*given: Any) -> None:
        next(windows, None)

    hook = model.register_forward_hook(step)
    try:
        yield
    finally:
        hook.remove()
        step()  # the bar is complete


def _last_tokens(vocabulary: Vocabulary, text: str) -> np.ndarray:
    """What n-grams are counted in: of a long text the end alone.

    All its counts would fill the memory.
    """
    if not vocabulary.words:
        text = text[-COUNTED - 1 :]  # one more, to know of more
    ids = _encode(vocabulary, text)
    if len(ids) > COUNTED:
        common.note(f"n-grams are counted in the last {COUNTED} tokens of training")
    return ids[-COUNTED:].astype(int)


def _score_ngrams(
    vocabulary: Vocabulary,
    training: np.ndarray,
    validation: np.ndarray,
    test: np.ndarray,
) -> dict[str, float]:
    """What n-grams give; validation chooses smoothing and context."""
    K = vocabulary.size
    sample = validation[:AT_MOST]
    tried = (
        (_ngram_bits(model, n, sample), n, name, model)
        for n, name, model in _ngram_models(vocabulary, training)
    )
    _, n, name, best = min(tried, key=lambda found: found[:3])
    counts = np.bincount(training, minlength=K) + 1
    often = -np.log(counts[test[1:]] / counts.sum())
    return {
        f"n-grams ({name}, up to {n} tokens)": _ngram_bits(best, n, test),
        "how often each token occurs": _to_bits(often),
    }


def _ngram_models(
    vocabulary: Vocabulary, ids: np.ndarray
) -> Iterator[tuple[int, str, KneserNey]]:
    """Models of each order in both smoothings, from one count.

    What would fill the memory is not counted, and a message says so.
    """
    every = ORDERS["words" if vocabulary.words else "characters"]
    orders = [n for n in every if n <= len(ids)]
    models = ngrams.kneser_ney_models(ids, orders[-1], vocabulary.size)
    bar = common.Bar("n-grams", "order")
    held = 0
    for n in bar([*range(1, orders[-1] + 1)]):
        model = next(models)
        if n in orders:
            yield n, "Kneser-Ney", model
            yield n, "modified Kneser-Ney", _three_discounts(model)
        held += len(model.orders[-1].codes)
        if held > GRAMS and orders[0] <= n < orders[-1]:
            common.note(
                f"n-grams of more than {n} tokens are left out: their "
                "counts would fill the memory"
            )
            break


def _three_discounts(model: KneserNey) -> KneserNey:
    """The same counts with the discounts of modified Kneser-Ney."""
    orders = []
    for order in model.orders:
        discounts = three_discounts(order.counts)
        taken = np.bincount(
            order.codes // model.K,
            discounts[np.minimum(order.counts, 3)],
            minlength=len(order.covered),
        )
        orders.append(order._replace(discounts=discounts, taken=taken))
    return model._replace(orders=orders)


def _ngram_bits(model: KneserNey, n: int, ids: np.ndarray) -> float:
    """Bits a token but the first; of a long text, piece by piece."""
    nats = 0.0
    for start in range(1, len(ids), CHUNK):
        before = min(n - 1, start)
        piece = ids[start - before : start + CHUNK]
        p = kneser_ney_probabilities(model, piece)[before:]
        nats -= float(np.log(p).sum())
    return nats / (len(ids) - 1) / math.log(2)


def _score_elsewhere(known: Any, name: str, whole: str) -> Scores:
    """Bits on another text, and those of baselines without training."""
    model, vocabulary = known
    ids = vocabulary.encode(whole)
    lanes = _split_lanes(ids)
    with _report_progress(model, NETWORK, lanes):
        nats = token_nats(model, lanes, READ)
    bits = _to_bits(nats)
    uniform = "as if all tokens were equally likely"
    found = {
        "table": [(NETWORK, bits), (uniform, math.log2(vocabulary.size))],
        "test": {
            "what": f"all of {name}: {len(ids)} tokens. It is not the file "
            "that the model was trained on, so no baseline could read that",
            "unknown": int((ids == 0).sum()),
        },
    } | _compute_interval(nats)
    return found, {}


def _show(about: Facts) -> evaluation.Described:
    """What is known of a model, and its table of scores."""
    words = about["vocabulary"]["words"]
    token = "word" if words else "character"
    table = evaluation.list_rows(about, f"bits per {token}")
    if words:
        table["perplexity"] = 2 ** table.iloc[:, 0]
    sizes = about["sizes"]
    lines = [f"scored on {about['test']['what']}"]
    if unknown := about["test"]["unknown"]:
        what = "of them are unknown to the model: one token"
        lines.append(f"{unknown} {what}")
    network = f"{sizes.get('cell')} of {sizes.get('H')} units"
    if "mixer" in sizes:
        count = common.format_count(sizes["layers"], "block")
        network = f"{count} of {sizes['D']} units, {sizes['mixer']}"
    return evaluation.Described(network, table, lines)


def _check_prompt(vocabulary: Vocabulary, prompt: str, ids: np.ndarray) -> None:
    """Raise Refused where the prompt is empty or holds unknown tokens."""
    if not len(ids):
        raise Refused("--prompt: expected at least one token, got none")
    tokens = split_words(prompt) if vocabulary.words else prompt
    unknown = {t for t, k in zip(tokens, ids, strict=True) if k == 0}
    if unknown:
        shown = ", ".join(map(repr, sorted(unknown)))
        raise Refused(f"--prompt: the model never saw {shown}")


APP = evaluation.Application(
    kind=KIND,
    fit=_fit,
    score=_compute_scores,
    save=storage.save_model,
    load=storage.load_model,
    show=_show,
    hint="a longer text, or more --steps",
)
PARTS = {"train": _train, "sample": _sample, "evaluate": _evaluate}
