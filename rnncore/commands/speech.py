"""The command `speech`: one's own recordings, and what is said in them."""

import argparse
from itertools import pairwise
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
    output_file,
    positive,
    refusing_file,
    several,
    show_table,
    train_run,
    whole_number,
)
from rnncore.files import Refused, read_text

if TYPE_CHECKING:
    import numpy as np

    from rnncore.speech.folder import Parts, Recording

KIND = "speech"
TRAIN = (
    "python -m rnncore speech train recordings/ --model spoken.safetensors"
)
TRANSCRIBE = (
    "python -m rnncore speech transcribe file.wav"
    " --model spoken.safetensors"
)
EVALUATE = (
    "python -m rnncore speech evaluate spoken.safetensors recordings/"
)
EPILOG = f"""\
example:
  {TRAIN}
  {TRANSCRIBE}
  {EVALUATE}

In recordings/ lie WAV files, and for each NAME.wav a NAME.txt with the
words that are said. Or recordings/transcripts.tsv tells them all: a line a
file, with its name, its words and, better still, its speaker, and a tab
between them. Or, with --transcripts folders, a file lies in a folder whose
name is what is said. Sub-folders are read too. WAV files may have any rate
and any number of channels.

Interrupted with Ctrl-C or otherwise, the same `train` goes on where it was.
"""
COURSE = "speech_digits"
NETWORK = "the network"
SETTINGS = (  # all that the outcome depends on, with the recordings
    *("transcripts", "speakers", "longest", "hidden", "layers"),
    *("dropout", "batch", "steps", "rate", "evaluate_every", "patience"),
    "seed",
)
AROUND = 20  # steps to which a recording is stretched, to be compared


def add(commands: Any) -> None:
    """Add `speech train`, `speech transcribe` and `speech evaluate`."""
    parts = group(
        commands,
        "speech",
        "what is said in a WAV file, learned from recordings of one's own",
        EPILOG,
    )
    train = parts.add("train", _train, "learn from a folder", TRAIN)
    train.add_argument("folder", metavar="FOLDER", type=Path)
    train.add_argument(
        "--transcripts",
        choices=["files", "folders"],
        default="files",
        help="where the words are: in NAME.txt beside NAME.wav or in "
        "transcripts.tsv, or in the folder's name (default: %(default)s)",
    )
    train.add_argument(
        "--speakers",
        choices=["unknown", "names", "folders"],
        default="unknown",
        help="which recordings are of one speaker: those whose names agree "
        "up to the first - or _, or those of one folder. Then no speaker "
        "that is trained on is scored (default: %(default)s)",
    )
    train.add_argument(
        "--longest",
        type=positive,
        default=20.0,
        metavar="X",
        help="leave out recordings of more seconds (default: %(default)s)",
    )
    add_training(
        train,
        hidden=128,
        layers=2,
        batch=32,
        steps=1500,
        rate=0.004,
        dropout=0.2,
        evaluate_every=100,
        patience=5,
    )
    _add_transcribe(parts)
    parts.add_evaluate(
        _evaluate, "score recordings that were held out", EVALUATE, "folder"
    )


def _add_transcribe(parts: Any) -> None:
    transcribe = parts.add(
        "transcribe", _transcribe, "write what is said", TRANSCRIBE
    )
    transcribe.add_argument(
        "files",
        metavar="FILE",
        type=Path,
        nargs="+",
        help="a WAV file of any rate and number of channels",
    )
    transcribe.add_argument(
        "--model",
        metavar="MODEL",
        type=Path,
        default=Path(COURSE),
        help="a file that `train` wrote (default: the course's own, which "
        "knows English digits)",
    )
    transcribe.add_argument(
        "--beam",
        type=whole_number,
        default=1,
        metavar="N",
        help="search with a beam of N (default: %(default)s, greedy)",
    )
    transcribe.add_argument(
        "--text",
        metavar="FILE",
        type=Path,
        help="prefer letters in the order of this text, a sentence a line",
    )
    transcribe.add_argument(
        "--weight",
        type=positive,
        default=0.5,
        metavar="X",
        help="how much --text counts (default: %(default)s)",
    )
    transcribe.add_argument(
        "--times", action="store_true", help="a word a line, with its time"
    )
    add_device(transcribe)


def _train(arguments: argparse.Namespace) -> int:
    """Train, or go on; then score, and write the model."""
    from rnncore import application
    from rnncore.speech import letters, model, training

    device = application.choose_device(arguments.device)
    output_file(arguments.model, ".safetensors")
    recordings = _read(arguments.folder, vars(arguments))
    parts = _split(arguments.folder, recordings, arguments.seed)
    known = letters.letters_of(r.text for r in parts.train)
    settings = {name: getattr(arguments, name) for name in SETTINGS}
    settings |= {"kind": KIND, "data": _fingerprint(recordings)}
    run = begin(arguments.model, settings, arguments.restart)
    if run is None:
        _print(arguments.model, model.load_recognizer(arguments.model)[2])
        return 0
    features = [r.features for r in parts.train]
    labels = [known.encode(r.text) for r in parts.train]
    with application.seeded(arguments.seed):
        network = model.Recognizer(
            features[0].shape[1],
            arguments.hidden,
            known.size,
            arguments.layers,
            arguments.dropout,
        )
    network.to(device)
    clock, bar = Clock(run), Bar(several(len(features), "recording"))

    def evaluate(network: model.Recognizer) -> float:
        clock.seconds()
        nats = _nats(network, parts.validation, known)
        return bar.tell("nats a letter", nats)

    result = train_run(
        run,
        arguments,
        network,
        model.speech_loss,
        training.similar_lengths(features, labels, arguments.batch, device),
        evaluate=evaluate,
        progress=bar,
    )
    note("scoring the recordings held out ...")
    about = about_run(arguments, settings, clock.seconds())
    about |= _scores(network, known, parts)
    about["split"] = {k: len(v) for k, v in parts._asdict().items()}
    about["steps"] = len(result.history.loss)
    training.save_recognizer(arguments.model, network, known, about)
    finish(run)
    _print(arguments.model, about | {"H": arguments.hidden})
    return 0


def _transcribe(arguments: argparse.Namespace) -> int:
    """The words of each file, on a line of their own."""
    from rnncore import application
    from rnncore.speech import model, training
    from rnncore.speech.features import heard, read_wav

    network, letters, _ = model.load_recognizer(model_file(arguments.model))
    network.to(application.choose_device(arguments.device))
    language = _language(arguments, letters) if arguments.text else None
    width = arguments.beam if language is None else max(arguments.beam, 8)
    for path in arguments.files:
        samples, rate = read_wav(path)
        (log_p,) = training.outputs(network, [heard(samples, rate)])
        text = training.written(log_p, letters, width, language)
        if not samples.any():  # no training has digital silence in it
            text = ""
        if not text.strip():
            note(f"{path}: no words were heard")
        before = f"{path}\t" if len(arguments.files) > 1 else ""
        if not arguments.times:
            print(f"{before}{text}")
            continue
        for second, word in training.word_times(log_p, letters, text):
            print(f"{before}{second:.2f}\t{word}")
    return 0


def _evaluate(arguments: argparse.Namespace) -> int:
    """Word errors, computed again; of another folder without baselines."""
    from rnncore import application
    from rnncore.speech import model
    from rnncore.speech.folder import Parts

    network, letters, about = model.load_recognizer(
        model_file(arguments.model)
    )
    network.to(application.choose_device(arguments.device))
    settings = about.get("settings", {})
    recordings = _read(arguments.folder, settings)
    if _fingerprint(recordings) == settings.get("data"):
        parts = _split(arguments.folder, recordings, about["seed"])
    else:
        note("not the recordings that the model was trained on")
        parts = Parts([], [], recordings)
    _print(arguments.model, about | _scores(network, letters, parts))
    return 0


def _read(folder: Path, settings: dict[str, Any]) -> list["Recording"]:
    """The recordings that can be learned; the others are named on stderr.

    Raises Refused where none is left.
    """
    from rnncore.speech.folder import read_folder
    from rnncore.speech.training import STEP

    bar = Bar("reading", "file")
    found = read_folder(
        folder,
        settings.get("transcripts", "files"),
        settings.get("speakers", "unknown"),
        bar,
    )
    bar.close()
    left_out = dict(found.unreadable)
    longest = settings.get("longest", float("inf"))
    fit = []
    for one in found.recordings:
        steps, letters = len(one.features), len(one.text)
        repeats = sum(a == b for a, b in pairwise(one.text))
        if steps * STEP > longest:
            left_out[one.name] = f"longer than {longest:g} s (--longest)"
        elif letters + repeats > steps:
            left_out[one.name] = (
                f"{letters} letters in {steps * STEP:.2f} s: too many"
            )
        else:
            fit.append(one)
    for name, reason in left_out.items():
        note(f"{name}: {reason}")
    if left_out:
        note(
            f"{several(len(left_out), 'file')} left out; going on with "
            f"{several(len(fit), 'recording')}"
        )
    if not fit:
        raise Refused(f"{folder}: no recording can be used")
    return fit


def _split(
    folder: Path, recordings: list["Recording"], seed: int
) -> "Parts":
    from rnncore.speech.folder import split_speakers

    with refusing_file(folder):
        return split_speakers(recordings, seed)


def _fingerprint(recordings: list["Recording"]) -> str:
    """By which a folder is known again: sounds, words and speakers."""
    rows = [
        f"{r.name}\t{r.text}\t{r.speaker}\t{fingerprint(r.features.tobytes())}"
        for r in recordings
    ]
    return fingerprint("\n".join(rows))


def _nats(network: Any, recordings: list["Recording"], known: Any) -> float:
    """The loss a letter; letters that training never saw are left out."""
    from rnncore.ctc import ctc_loss
    from rnncore.speech.training import outputs

    total, count = 0.0, 0
    found = outputs(network, [r.features for r in recordings])
    for one, log_p in zip(recordings, found, strict=True):
        text = "".join(a for a in one.text if a in known.letters)
        loss, _ = ctc_loss(log_p[:, None], [known.encode(text)])
        total, count = total + float(loss[0]), count + len(text)
    return total / max(count, 1)


def _scores(network: Any, letters: Any, parts: "Parts") -> dict[str, Any]:
    """Word and letter errors of the test part, beside the baselines."""
    from rnncore.speech import training

    true = [r.text for r in parts.test]
    found = training.outputs(network, [r.features for r in parts.test])
    read = {NETWORK: [training.written(p, letters) for p in found]}
    if parts.train:
        texts = [r.text for r in parts.train]
        nearest = _nearest(parts.train, parts.test)
        read["what the most similar recording says"] = nearest
        usual = max(sorted(set(texts)), key=texts.count)
        read["always the commonest transcript"] = [usual] * len(true)
    read["always nothing"] = [""] * len(true)
    table = [
        (
            name,
            training.word_errors(true, r),
            training.letter_errors(true, r),
        )
        for name, r in read.items()
    ]
    speakers = len({r.speaker for r in parts.test})
    alone = speakers == len(parts.test)  # also where they are unknown
    by = "" if alone else f" by {several(speakers, 'speaker')}"
    unseen = f"{several(len(true), 'recording')}{by}"
    return {
        "table": table,
        "score": table[0][1],
        "baseline": min(words for _, words, _ in table[1:]),
        "test": f"{unseen} that training did not hear",
    }


def _nearest(
    learned: list["Recording"], asked: list["Recording"]
) -> list[str]:
    """For each recording the transcript of the most similar one learned.

    Both are stretched to 20 steps, so that only the order counts.
    """
    import numpy as np

    def stretched(one: "Recording") -> "np.ndarray":
        last = len(one.features) - 1
        at = np.linspace(0, last, AROUND).round().astype(int)
        return one.features[at].ravel()

    known = np.stack([stretched(one) for one in learned])
    squares = (known**2).sum(axis=1)
    found = []
    for one in asked:
        distance = squares - 2 * known @ stretched(one)
        found.append(learned[int(distance.argmin())].text)
    return found


def _language(arguments: argparse.Namespace, letters: Any) -> Any:
    """What `prefix_beam` adds for a letter, by n-grams of a text."""
    from rnncore.speech.folder import as_spelt
    from rnncore.speech.letters import letter_bonus

    lines = map(as_spelt, read_text(arguments.text).splitlines())
    texts = [
        "".join(a for a in line if a in letters.letters) for line in lines
    ]
    return letter_bonus(filter(None, texts), letters, 6, arguments.weight)


def _print(path: Path, about: dict[str, Any]) -> None:
    """What is known of a model, and its table of scores."""
    import pandas as pd

    columns = ["% word errors", "% letter errors"]
    rows = {name: values for name, *values in about["table"]}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    network = f"bidirectional LSTM of {about['H']} units"
    print(describe(path, network, about))
    print(f"scored on {about['test']}")
    print(show_table(table))
