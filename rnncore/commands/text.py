"""The command `text`: a language model of one's own text file."""

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rnncore.commands.common import (
    Bar,
    Clock,
    about_run,
    add_device,
    add_seed,
    add_training,
    begin,
    describe,
    fingerprint,
    finish,
    group,
    model_file,
    note,
    positive,
    share,
    show_table,
    train_run,
    whole_number,
)
from rnncore.files import Refused, read_text

if TYPE_CHECKING:
    import numpy as np

    from rnncore.text.model import LanguageModel
    from rnncore.text.vocabulary import Vocabulary

KIND = "text"
TRAIN = "python -m rnncore text train book.txt --model book.safetensors"
SAMPLE = (
    'python -m rnncore text sample book.safetensors --prompt "The "'
    " --temperature 0.7"
)
EVALUATE = "python -m rnncore text evaluate book.safetensors book.txt"
EPILOG = f"""\
example:
  {TRAIN}
  {SAMPLE}
  {EVALUATE}

Interrupted with Ctrl-C or otherwise, the same `train` goes on where it was.
"""
LANES = 16  # the held-out text is read as so many stretches at a time
AT_MOST = 40_000  # tokens of the validation part that are looked at
ORDERS = {"characters": (3, 4, 5, 6, 8), "words": (2, 3, 4, 5)}
SHARES = (0.1, 0.1)  # of the text: validation and test, in this order
NETWORK = "the network"
SETTINGS = (  # all that the outcome depends on, with the text itself
    *("tokens", "cell", "hidden", "layers", "dropout", "window"),
    *("batch", "steps", "rate", "evaluate_every", "patience", "seed"),
)
RATES = (0.1, 0.3, 1.0)  # of dynamic evaluation; the best on validation


class Parts(NamedTuple):
    """A text in three pieces, one after the other."""

    training: str
    validation: str
    test: str


def add(commands: Any) -> None:
    """Add `text train`, `text sample` and `text evaluate`."""
    parts = group(
        commands,
        KIND,
        "a language model of any text file: train it, write with it",
        EPILOG,
    )
    train = parts.add("train", _train, "learn from a text file", TRAIN)
    train.add_argument("file", metavar="FILE", type=Path)
    train.add_argument(
        "--encoding", default="utf-8", help="of FILE (default: %(default)s)"
    )
    train.add_argument(
        "--tokens",
        choices=list(ORDERS),
        default="characters",
        help="what is predicted (default: %(default)s)",
    )
    train.add_argument(
        "--cell",
        choices=["RNN", "LSTM", "GRU"],
        default="LSTM",
        help="(default: %(default)s)",
    )
    add_training(
        train,
        hidden=128,
        layers=1,
        window=64,
        batch=32,
        steps=2000,
        rate=0.004,
        dropout=0.1,
        evaluate_every=100,
        patience=5,
    )
    _add_sample(parts)
    evaluate = parts.add_evaluate(
        _evaluate,
        "score the part of the text that was not trained on",
        EVALUATE,
        "file",
    )
    evaluate.add_argument(
        "--encoding", default="utf-8", help="of FILE (default: %(default)s)"
    )


def _add_sample(parts: Any) -> None:
    sample = parts.add("sample", _sample, "write with a model", SAMPLE)
    sample.add_argument(
        "model",
        metavar="MODEL",
        type=Path,
        help="a file that `train` wrote, or a model that comes with the "
        "course: text_python",
    )
    sample.add_argument(
        "--prompt", help="what the text begins with (default: a new line)"
    )
    sample.add_argument(
        "--length",
        type=whole_number,
        default=400,
        metavar="N",
        help="tokens (default: %(default)s)",
    )
    sample.add_argument(
        "--temperature",
        type=positive,
        default=1.0,
        metavar="X",
        help="below 1 cautious, above 1 daring (default: %(default)s)",
    )
    how = sample.add_mutually_exclusive_group()
    how.add_argument(
        "--top-k",
        type=whole_number,
        metavar="N",
        help="draw from the N likeliest tokens",
    )
    how.add_argument(
        "--nucleus",
        type=share,
        metavar="P",
        help="draw from the fewest tokens with a probability of P together",
    )
    how.add_argument(
        "--beam",
        type=whole_number,
        metavar="N",
        help="no drawing: the likeliest text that a beam of N finds",
    )
    add_seed(sample)
    add_device(sample)


def _train(arguments: argparse.Namespace) -> int:
    """Train, or go on; then score, and write the model."""
    from rnncore import application
    from rnncore.text.model import LanguageModel, language_loss, token_nats
    from rnncore.text.storage import load_model, save_model
    from rnncore.text.vocabulary import (
        character_vocabulary,
        word_vocabulary,
    )

    device = application.choose_device(arguments.device)
    whole = read_text(arguments.file, arguments.encoding)
    parts = _split(arguments.file, whole)
    make = {
        "characters": character_vocabulary,
        "words": word_vocabulary,
    }[arguments.tokens]
    vocabulary = make(parts.training)
    next_batch = _windows(arguments, vocabulary.encode(parts.training))
    settings = {name: getattr(arguments, name) for name in SETTINGS}
    settings |= {"kind": KIND, "data": fingerprint(whole)}
    run = begin(arguments.model, settings, arguments.restart)
    if run is None:
        _print(arguments.model, load_model(arguments.model)[2])
        return 0
    with application.seeded(arguments.seed):
        model = LanguageModel(
            vocabulary.size,
            arguments.hidden,
            arguments.cell,
            arguments.layers,
            arguments.dropout,
        )
    model.to(device)
    validation = _lanes(vocabulary.encode(parts.validation)[:AT_MOST])
    clock, bar = Clock(run), Bar(f"{arguments.cell} {arguments.hidden}")

    def evaluate(model: "LanguageModel") -> float:
        clock.seconds()
        return bar.tell("bits", _bits(token_nats(model, validation)))

    result = train_run(
        run,
        arguments,
        model,
        language_loss,
        next_batch,
        carry=model.zero_state(arguments.batch),
        evaluate=evaluate,
        progress=bar,
    )
    seconds = clock.seconds()
    note("scoring the test part, beside what counts and compresses ...")
    about = _scores(model, vocabulary, parts)
    about |= about_run(arguments, settings, seconds)
    about["split"] = {k: len(v) for k, v in parts._asdict().items()}
    about["steps"] = len(result.history.loss)
    save_model(arguments.model, model, vocabulary, about)
    finish(run)
    _print(arguments.model, load_model(arguments.model)[2])
    return 0


def _sample(arguments: argparse.Namespace) -> int:
    """Write token by token, or the likeliest text."""
    import numpy as np

    from rnncore import application
    from rnncore.text.generation import likeliest, stream, write_text
    from rnncore.text.sampling import at_temperature, nucleus, top_k
    from rnncore.text.storage import load_model

    model, vocabulary, _ = load_model(model_file(arguments.model))
    model.to(application.choose_device(arguments.device))
    prompt = arguments.prompt
    if prompt is None:
        prompt = _beginning(vocabulary)
    ids = vocabulary.encode(prompt)
    _check_prompt(vocabulary, prompt, ids)
    if arguments.beam:
        found = likeliest(model, ids, arguments.beam, arguments.length)[0]
        print(vocabulary.decode([*ids, *found.tokens]))
        return 0

    def shape(logits: "np.ndarray") -> "np.ndarray":
        logits = logits.copy()
        logits[:, 0] = -np.inf  # what stands for unknown tokens
        p = at_temperature(logits, arguments.temperature)
        if arguments.top_k:
            p = top_k(p, arguments.top_k)
        if arguments.nucleus:
            p = nucleus(p, arguments.nucleus)
        return p

    rng = np.random.default_rng(arguments.seed)
    stream(
        write_text(model, vocabulary, prompt, rng, shape, arguments.length)
    )
    return 0


def _evaluate(arguments: argparse.Namespace) -> int:
    """The table of scores, computed again."""
    from rnncore import application
    from rnncore.text.storage import load_model

    model, vocabulary, about = load_model(arguments.model)
    model.to(application.choose_device(arguments.device))
    whole = read_text(arguments.file, arguments.encoding)
    if fingerprint(whole) == about.get("settings", {}).get("data"):
        scores = _scores(model, vocabulary, _split(arguments.file, whole))
    else:
        scores = _scores_elsewhere(model, vocabulary, arguments.file, whole)
    _print(arguments.model, about | scores)
    return 0


def _split(path: Path, whole: str) -> Parts:
    """The first eight tenths, and a tenth each to choose and to judge."""
    from rnncore.application import split

    try:
        ranges = split(len(whole), *SHARES)
    except ValueError:
        raise Refused(
            f"{path}: {len(whole)} characters are too few to be split"
        ) from None
    return Parts(*(whole[r.start : r.stop] for r in ranges))


def _windows(arguments: argparse.Namespace, ids: "np.ndarray") -> Any:
    """The next_batch of training.

    Raises Refused where the text is shorter than one window.
    """
    from rnncore.text.model import contiguous_windows, stretches

    window, batch = arguments.window, arguments.batch
    needed = window * batch + 1
    if len(ids) < needed:
        raise Refused(
            f"{arguments.file}: its training part has {len(ids)} "
            f"{arguments.tokens}, one window of {window} steps of {batch} "
            f"sequences takes {needed}: a longer text, or a smaller "
            "--window or --batch"
        )
    return contiguous_windows(stretches(ids, batch), window)


def _lanes(ids: "np.ndarray") -> "np.ndarray":
    """A text as some stretches, so that it is read faster.

    Raises Refused where there are not two tokens.
    """
    from rnncore.text.model import stretches

    if len(ids) < 2:
        raise Refused("a held-out part has fewer than two tokens")
    return stretches(ids, min(LANES, 1 + len(ids) // 100))


def _bits(nats: "np.ndarray") -> float:
    return float(nats.mean()) / math.log(2)


def _scores(
    model: "LanguageModel", vocabulary: "Vocabulary", parts: Parts
) -> dict[str, Any]:
    """Bits a token of the test part, beside those of the baselines."""
    from rnncore.text.model import dynamic_nats
    from rnncore.text.ngrams import bits_given

    training, validation, test = map(vocabulary.encode, parts)
    table = _network_scores(model, test)
    rate = min(
        RATES,
        key=lambda r: _bits(
            dynamic_nats(model, _lanes(validation[:AT_MOST]), r)
        ),
    )
    name = f"{NETWORK}, learning as it reads"
    table[name] = _bits(dynamic_nats(model, _lanes(test), rate))
    baselines = _counted(vocabulary, training, validation, test)
    if not vocabulary.words:
        bits = bits_given(parts.training, parts.test)
        name = "lzma that has read the training part"
        baselines[name] = bits / len(parts.test)
    return {
        "table": list((table | baselines).items()),
        "score": table[NETWORK],
        "baseline": min(baselines.values()),
        "test": {
            "what": f"the last tenth: {len(test)} tokens, "
            "not seen in training",
            "unknown": int((test == 0).sum()),
        },
    }


def _counted(
    vocabulary: "Vocabulary",
    training: "np.ndarray",
    validation: "np.ndarray",
    test: "np.ndarray",
) -> dict[str, float]:
    """What n-grams give; the longest context is chosen on validation."""
    import numpy as np

    from rnncore.text.ngrams import fit_kneser_ney, kneser_ney_probabilities

    def bits(order: int, ids: "np.ndarray") -> float:
        p = kneser_ney_probabilities(fits[order], ids)
        return _bits(-np.log(p[1:]))

    K = vocabulary.size
    orders = ORDERS["words" if vocabulary.words else "characters"]
    fits = {
        n: fit_kneser_ney(training, n, K)
        for n in orders
        if n <= len(training)
    }
    best = min(fits, key=lambda n: bits(n, validation))
    counts = np.bincount(training, minlength=K) + 1
    often = -np.log(counts[test[1:]] / counts.sum())
    return {
        f"n-grams (Kneser-Ney, up to {best} tokens)": bits(best, test),
        "how often each token occurs": _bits(often),
    }


def _network_scores(
    model: "LanguageModel", test: "np.ndarray"
) -> dict[str, float]:
    from rnncore.text.model import token_nats

    return {NETWORK: _bits(token_nats(model, _lanes(test)))}


def _scores_elsewhere(
    model: "LanguageModel", vocabulary: "Vocabulary", path: Path, whole: str
) -> dict[str, Any]:
    """Bits on another text, without what has to read the training part."""
    ids = vocabulary.encode(whole)
    table = _network_scores(model, ids)
    name = "as if all tokens were equally likely"
    return {
        "table": [*table.items(), (name, math.log2(vocabulary.size))],
        "test": {
            "what": f"all of {path}: {len(ids)} tokens. It is not the file "
            "that the model was trained on, so no baseline could read that",
            "unknown": int((ids == 0).sum()),
        },
    }


def _print(path: Path, about: dict[str, Any]) -> None:
    """What is known of a model, and its table of scores."""
    import pandas as pd

    words = about["vocabulary"]["words"]
    unit = "word" if words else "character"
    table = pd.DataFrame({f"bits a {unit}": dict(about["table"])})
    if words:
        table["perplexity"] = 2 ** table.iloc[:, 0]
    sizes = about["sizes"]
    network = f"{sizes['cell']} of {sizes['H']} units"
    print(describe(path, network, about))
    print(f"scored on {about['test']['what']}")
    if unknown := about["test"]["unknown"]:
        print(f"{unknown} of them are unknown to the model: one token")
    print(show_table(table))


def _beginning(vocabulary: "Vocabulary") -> str:
    """A prompt where none is given: the end of a line, or of a sentence."""
    for token in ("\n", ".", " "):
        if token in vocabulary.tokens:
            return token
    return vocabulary.tokens[-1]


def _check_prompt(
    vocabulary: "Vocabulary", prompt: str, ids: "np.ndarray"
) -> None:
    """Raise Refused where the prompt is empty or holds unknown tokens."""
    from rnncore.text.vocabulary import split_words

    if not len(ids):
        raise Refused("--prompt: expected at least one token, got none")
    tokens = split_words(prompt) if vocabulary.words else prompt
    unknown = {t for t, k in zip(tokens, ids, strict=True) if k == 0}
    if unknown:
        shown = ", ".join(map(repr, sorted(unknown)))
        raise Refused(f"--prompt: the model never saw {shown}")
