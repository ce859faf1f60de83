"""The command `speech`, and the work of its class."""

import os
from argparse import Namespace
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rnncore.apps.speech import training
from rnncore.apps.speech.estimator import Transcriber
from rnncore.apps.speech.folder import (
    Read,
    gather,
    read_folder,
    show,
    speakers_of,
    split_speakers,
)
from rnncore.apps.speech.reading import Reader, choose_weight, make_reader
from rnncore.apps.speech.recordings import (
    HEARD,
    OFTEN,
    choice_of,
    first_word,
    is_closed,
    linear_texts,
    nearest_texts,
    words_of,
)
from rnncore.apps.speech.sound import read_sound
from rnncore.apps.speech.training import count_errors, speech_recipe
from rnncore.apps.spine import common, evaluation, runs, watch
from rnncore.apps.spine.common import Facts, format_count, note
from rnncore.apps.spine.estimator import Prepared
from rnncore.apps.spine.evaluation import NETWORK, Scores, add_rows
from rnncore.data.speech import Recording, RecordingParts
from rnncore.speech.features import RATE
from rnncore.speech.letters import Choice, Letters, Words, letter_bonus, letters_of
from rnncore.speech.model import Recognizer, load_recognizer, save_recognizer
from rnncore.storage.files import Refused, lines_of, read_text
from rnncore.storage.same import Seen
from rnncore.storage.words import plain_words

KIND = "speech"
OVER = "speech"  # what a new model's sounds are normalised over
WEIGHED = 100  # recordings of validation by which a letter model is weighed
ALIKE = 3  # recordings of a transcript, on average: then it is a class
Model = tuple[Recognizer, Letters | Words | Choice]


def read(
    longest: float,
    sounds: Any,
    texts: Sequence[str] | None = None,
    speakers: Sequence[str] | None = None,
    about: Facts | None = None,
) -> Read:
    """The recordings of a folder; or sounds, their texts and speakers.

    As the model that `about` is known of hears them, or else a new one.

    Raises Refused where none can be used, ValueError where sounds have no
    texts.
    """
    listen = HEARD[OVER if about is None else _read_normalisation(about)]
    if texts is not None:
        return gather(sounds, texts, speakers, listen, longest)
    if not isinstance(sounds, str | os.PathLike):
        raise ValueError(  # noqa: TRY004 - the other argument is missing
            "texts: expected what is said in each sound, got none"
        )
    bar = common.Bar("reading", "file")
    return read_folder(Path(sounds), listen, longest, bar)


def prepare(options: Any, found: Read, given: dict[str, Read]) -> Prepared:
    """The recordings in parts; those that are given are none of them.

    Raises Refused where there are fewer speakers than parts.
    """
    known: Facts = {"data": _compute_fingerprint(found.recordings)}
    known |= {"normalise": OVER, "rate": _find_rates([found, *given.values()])}
    for name, part in given.items():
        known[f"{name} data"] = _compute_fingerprint(part.recordings)
    others = {name: part.recordings for name, part in given.items()}
    left_out = {
        f"{name}: {file}": reason
        for name, part in given.items()
        for file, reason in part.left_out.items()
    }
    parts = _split(found.name, found.recordings, options.seed, others)
    parts = _leave_out_copies(parts, left_out)
    lines = show(found, left_out)
    if given:
        lines.append(_show_given(parts, [*given]))
    return Prepared(parts, known, lines)


def _leave_out_copies(
    parts: RecordingParts, left_out: dict[str, str]
) -> RecordingParts:
    """Each sound in one part alone: the test stays whole, then validation.

    Raises Refused where a part has none left.
    """
    seen, kept = Seen(), dict[str, list[Recording]]()
    for part in reversed(RecordingParts._fields):
        kept[part] = []
        for one in getattr(parts, part):
            name = f"{part}: {one.name}"
            if first := seen.find(name, one.features.tobytes()):
                left_out[f"{name}, as {first}"] = "of the same sound"
            else:
                kept[part].append(one)
        if not kept[part]:
            raise Refused(f"{part}: every recording is in another part, too")
    return RecordingParts(**kept)


def _show_given(parts: RecordingParts, names: Iterable[str]) -> str:
    """How many recordings the parts have that were given."""
    learned, said = speakers_of(parts.train), []
    for name in names:
        part = getattr(parts, name)
        people = speakers_of(part)
        count = format_count(len(part), "recording")
        said.append(f"{name}: {count}, {format_count(len(people), 'speaker')}")
        if known := len(people & learned):
            said[-1] += f" of whom {known} are learned from, too"
    return "; ".join(said)


def _find_rates(found: Iterable[Read]) -> list[int]:
    """The lowest and the highest rate, as far as a network hears it.

    All sounds are read at 16,000 samples a second. A slower one lacks the
    upper bands, which a faster one has.
    """
    rates = [min(one.rate, RATE) for part in found for one in part.spoken]
    return [min(rates), max(rates)]


def _tell_rate(about: Facts, name: str, rate: int) -> None:
    """Say so where a sound has other bands than those of training."""
    low, high = about.get("settings", {}).get("rate", (0, RATE))
    if not low <= min(rate, RATE) <= high:
        known = f"{low:,}" if low == high else f"{low:,} to {high:,}"
        note(
            f"{name}: {rate:,} samples a second; the model learned from {known}, and "
            "may err more here"
        )


def _fit(
    options: Any, parts: RecordingParts, run: watch.Run, device: Any
) -> tuple[Model, Facts]:
    """A recogniser that has learned the training part."""
    known = _choose_labels(options.units, [r.text for r in parts.train])
    network, recipe = speech_recipe(
        parts.train, parts.validation, known, options, device
    )
    split = {k: len(v) for k, v in parts._asdict().items()}
    return runs.train_run(
        run,
        (network, known),
        {"split": split},
        bar=common.Bar(format_count(len(parts.train), "recording")),
        unit="% word errors",
        trivial=100.0,  # without a word
        **recipe,
    )


def _train(arguments: Namespace) -> int:
    more = "validation", "test"
    return evaluation.train(Transcriber, arguments, arguments.folder, inputs=more)


def _transcribe(arguments: Namespace) -> int:
    """Print the words of each file, one line a file."""
    if len(arguments.files) == 1:
        read_sound(arguments.files[0])  # a refusal does not wait for torch
    model = Transcriber.load(arguments.model, arguments.device)
    known, about = model._fitted(), model.about_
    letters = known[1]
    language = reader = None
    if arguments.words:
        reader = _make_reader(arguments, letters)
    elif arguments.text:
        language = _make_language(arguments, letters)
    skips = _read_normalisation(about) == "speech"
    width = arguments.beam if language is None else max(arguments.beam, 8)

    def transcribe(path: Path) -> None:
        samples, rate = read_sound(path)
        _tell_rate(about, f"{path}", rate)
        text, log_p = write_down(known, about, samples, rate, width, language, reader)
        if not text.strip():
            note(f"{path}: no words were heard")
        elif arguments.least is not None:
            sure = training.confidence(log_p)
            low = sure < arguments.least
            text = "" if low else text
            below = f", below {arguments.least:g}: nothing is written"
            note(f"{path}: score {sure:.2f}{below if low else ''}")
        before = f"{path}\t" if len(arguments.files) > 1 else ""
        if not arguments.times:
            print(f"{before}{text}")
            return
        pause = first_word(samples, rate) if skips else 0.0
        found = training.word_times(log_p, letters, text) if text else []
        for second, word in found:
            print(f"{before}{pause + second:.2f}\t{word}")

    return common.process_each(arguments.files, transcribe)


def _evaluate(arguments: Namespace) -> int:
    return evaluation.evaluate(Transcriber, arguments, arguments.folder)


def write_down(
    known: Any,
    about: Facts,
    samples: np.ndarray,
    rate: int,
    width: int = 1,
    language: Any = None,
    reader: Reader | None = None,
) -> tuple[str, Any]:
    """What is said, and the log probabilities that it was read from.

    By greedy reading, a beam, or what `reader` makes of them. `samples` are
    (N,), the log probabilities (T, K).
    """
    network, letters = known
    listen = HEARD[_read_normalisation(about)]
    (log_p,) = training.outputs(network, [listen(samples, rate)])
    if reader is not None:
        text = reader(log_p)
    else:
        text = training.written(log_p, letters, width, language)
    # no training has digital silence in it
    return text if samples.any() else "", log_p


def score_recordings(known: Model, about: Facts, found: Read) -> Scores:
    """The scores of the test part if the recordings are the same, else of all.

    Raises Refused where all of them were learned from.
    """
    common.tell_read(show(found, {}))
    for one in {one.rate: one for one in found.spoken}.values():
        _tell_rate(about, f"{found.name}: {one.recording.name}", one.rate)
    recordings = found.recordings
    if evaluation.was_learned(about, _compute_fingerprint(recordings), found.name):
        given: dict[str, list[Recording]] = {}
        if "validation data" in about["settings"]:
            given["validation"] = []
        parts = _split(found.name, recordings, about["seed"], given)
        return _compute_scores(known, parts)
    scores, deferred = _compute_scores(known, RecordingParts([], [], recordings))
    scores["test"] += (
        f" of {found.name}. They are not what the model was trained on, so there is "
        "no baseline but one that writes nothing"
    )
    return scores, deferred


def _read_normalisation(about: Facts) -> str:
    """Over what; a model that says nothing: each band.

    Raises Refused where the model says something else.
    """
    over = about.get("settings", {}).get("normalise", "band")
    if over not in HEARD:
        raise Refused(
            f"normalise: expected a model of {' or '.join(HEARD)}, got one of {over!r}"
        )
    return str(over)


def _split(
    name: str, recordings: list[Recording], seed: int, given: dict[str, list[Recording]]
) -> RecordingParts:
    """What to learn from, to choose and to score by; some may be given."""
    names = [name for name in ("validation", "test") if name not in given]
    with common.refuse_in_words(Path(name)):
        learned, *parts = split_speakers(recordings, seed, held_out=len(names))
    every = dict(zip(names, parts, strict=True)) | given
    return RecordingParts(learned, every["validation"], every["test"])


def _compute_fingerprint(recordings: list[Recording]) -> str:
    """The folder's fingerprint: of sounds, words and speakers."""
    rows = [
        f"{r.name}\t{r.text}\t{r.speaker}\t{common.compute_fingerprint(r.features.tobytes())}"
        for r in recordings
    ]
    return common.compute_fingerprint("\n".join(rows))


def _choose_labels(units: str, texts: list[str]) -> Any:
    """What the network writes: the words of training, or letters.

    Raises Refused where it is to be one word, and a text has more.
    """
    longer = [text for text in texts if " " in text]
    if units == "auto":
        closed = "words" if longer else "one"
        units = closed if is_closed(texts) else "letters"
        if units == "letters":
            _tell_rare(texts)
    if units == "letters":
        return letters_of(texts)
    if units == "words":
        words = words_of(texts)
        count = format_count(len(words.words), "word")
        note(f"learning {count} as wholes (--units)")
        return words
    if longer:
        raise Refused(f"--units one: expected one word a recording, got {longer[0]!r}")
    choice = choice_of(texts)
    count = format_count(len(choice.choices), "word")
    note(f"learning {count}, one a file (--units)")
    return choice


def _tell_rare(texts: list[str]) -> None:
    """Why letters are learned: words that training has too seldom."""
    counts = Counter(word for text in texts for word in text.split())
    rare = [word for word, n in counts.items() if n < OFTEN]
    note(
        f"learning letters: of {format_count(len(counts), 'word')} "
        f"{len(rare)}, such as {rare[0]!r}, are said fewer than {OFTEN} "
        "times in training (--units)"
    )


def _compute_scores(model: Model, parts: RecordingParts) -> Scores:
    """Word and letter errors on the test part, also of the baselines."""
    network, letters = model
    true = [r.text for r in parts.test]
    found = training.outputs(network, [r.features for r in parts.test])
    own = [training.written(p, letters) for p in found]

    def errors(read: list[str]) -> tuple[float, float]:
        words = training.word_errors(true, read)
        return words, training.letter_errors(true, read)

    def score_constant(text: str) -> dict[str, tuple]:
        name = "the commonest transcript" if text else "nothing"
        return {f"always {name}": errors([text] * len(true))}

    def score_nearest() -> dict[str, tuple]:
        bar = common.Bar("nearest", "recording")
        read = nearest_texts(parts.train, parts.test, bar)
        return {"what the most similar recording says": errors(read)}

    def score_linear() -> dict[str, tuple]:
        bar = common.Bar("linear", "strength")
        read = linear_texts(parts.train, parts.validation, parts.test, bar)
        return {"a linear classifier of 20 moments": errors(read)}

    def score_spelt() -> dict[str, tuple]:
        texts = [r.text for r in parts.train]
        weight, said = _read_words(model, texts, parts.validation, found)
        name = f"{NETWORK}, in words of training, --weight {weight:g}"
        return {name: errors(said)}

    deferred = {}
    if parts.train and parts.validation and isinstance(letters, Letters):
        deferred["words of training"] = add_rows(score_spelt)
    if parts.train:
        texts = [r.text for r in parts.train]
        usual = max(sorted(set(texts)), key=texts.count)
        deferred["the most similar recording"] = add_rows(score_nearest)
        classes = 1 < len(set(texts)) <= len(texts) / ALIKE
        if classes and parts.validation:
            deferred["a linear classifier"] = add_rows(score_linear)
        deferred["the commonest transcript"] = add_rows(lambda: score_constant(usual))
    deferred["nothing"] = add_rows(lambda: score_constant(""))
    speakers = len({r.speaker for r in parts.test})
    alone = speakers == len(parts.test)  # also where they are unknown
    by = "" if alone else f" by {format_count(speakers, 'speaker')}"
    unseen = f"{format_count(len(true), 'recording')}{by}"
    scores = errors(own)
    about = {
        "table": [(NETWORK, *scores)],
        "score": scores[0],
        "test": f"{unseen} not used in training" if parts.train else unseen,
    }
    about |= _draw_intervals(true, own, [r.speaker for r in parts.test])
    return about, deferred


def _read_words(
    model: Any, texts: list[str], validation: list[Recording], found: list[np.ndarray]
) -> tuple[float, list[str]]:
    """What a beam reads in words of training; validation weighs them."""
    network, letters = model
    part = validation[:WEIGHED]
    held = training.outputs(network, [r.features for r in part])
    true = [r.text for r in part]
    bar = common.Bar("letter model", "weight")
    weight, _ = choose_weight(letters, texts, held, true, True, bar)
    reader = make_reader(letters, texts, weight, True)
    return weight, [reader(p) for p in common.Bar("words", "recording")(found)]


def _draw_intervals(true: list[str], own: list[str], speakers: list[str]) -> Facts:
    """Intervals of word and letter errors, over speakers where known.

    Over recordings where there is but one speaker.
    """
    if not true:
        return {}
    several = 1 < len(set(speakers)) < len(speakers)
    groups = speakers if several else range(len(speakers))
    over = " over speakers" if several else ""
    words, letters = (
        evaluation.error_interval(
            f"% {unit} errors{over}", *count_errors(true, own, unit == "letter"), groups
        )
        for unit in ("word", "letter")
    )
    return {"interval": words, "intervals": [letters]}


def _make_language(arguments: Namespace, letters: Any) -> Any:
    """What `prefix_beam` adds for a letter, by n-grams of a text.

    Raises Refused where the model writes one word a file.
    """
    if isinstance(letters, Choice):
        raise Refused(
            f"--text: {arguments.model} writes one word a file, so that no "
            "sentence tells which; `train` with --units words or letters"
        )

    texts = _read_texts(arguments, letters)
    return letter_bonus(texts, letters, 6, arguments.weight)


def _read_texts(arguments: Namespace, letters: Any, whole: bool = False) -> list[str]:
    """Lines of --text in what the model has learned, `whole` ones alone.

    Raises Refused where there is none.
    """
    lines = map(plain_words, lines_of(read_text(arguments.text)))
    known = ((line, letters.known(line)) for line in lines)
    texts = [text for line, text in known if text and (text == line or not whole)]
    if not texts:
        raise Refused(
            f"{arguments.text}: no line can be written in what "
            f"{arguments.model} has learned"
        )
    return texts


def _make_reader(arguments: Namespace, letters: Any) -> Reader:
    """What writes words of --text alone, likely ones before others.

    Raises Refused where there is no text, or the model spells nothing.
    """
    if not arguments.text:
        raise Refused("--words: expected --text, which has them")
    if not isinstance(letters, Letters):
        raise Refused(
            f"--words: {arguments.model} writes whole words already; "
            "expected one that `train` made with --units letters"
        )
    texts = _read_texts(arguments, letters, whole=True)
    width = {"width": arguments.beam} if arguments.beam > 1 else {}
    return make_reader(letters, texts, arguments.weight, True, **width)


def _show(about: Facts) -> evaluation.Described:
    """What is known of a model, and its table of scores."""
    table = evaluation.list_rows(about, "% word errors", "% letter errors")
    network = f"bidirectional LSTM of {about['H']} units"
    scored = [f"scored on {about['test']}"]
    return evaluation.Described(network, table, scored)


HINT = "recordings of more people; --units words if few words are said; more --steps"
APP = evaluation.Application(
    kind=KIND,
    fit=_fit,
    score=_compute_scores,
    save=save_recognizer,
    load=load_recognizer,
    show=_show,
    hint=HINT,
)
PARTS = {"train": _train, "transcribe": _transcribe, "evaluate": _evaluate}
