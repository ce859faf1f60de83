"""The command `speech`: one's own recordings, and what is said in them."""

from argparse import Namespace
from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from rnncore.apps.speech import training
from rnncore.apps.speech.cepstra import ask_network, hear_cepstra
from rnncore.apps.speech.estimator import Transcriber
from rnncore.apps.speech.folder import Folder, gather, read_folder, split_speakers
from rnncore.apps.speech.plan import OF_CEPSTRA, SpeechPlan, speech_recipe
from rnncore.apps.speech.reading import Read, choose_weight, make_reader
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
from rnncore.apps.speech.training import STEP, count_errors
from rnncore.apps.spine import common, evaluation, models, runs, watch
from rnncore.apps.spine.common import Facts, format_count, note
from rnncore.apps.spine.evaluation import NETWORK, Scores, add_rows
from rnncore.data.public.sounds import are_cepstra, read_cepstra
from rnncore.data.speech import Recording, RecordingParts
from rnncore.speech.letters import Choice, Letters, Words, letter_bonus, letters_of
from rnncore.speech.model import Recognizer, load_recognizer, save_recognizer
from rnncore.storage.files import Refused, lines_of, read_text
from rnncore.storage.same import Seen
from rnncore.storage.words import plain_words

KIND = "speech"
CEPSTRA = "cepstra"  # what a model hears, in place of a normalisation
WHOSE = 0  # seed by which people are drawn to choose by
OF_SOUNDS = "transcripts", "speakers", "longest", "validation", "test"
WEIGHED = 100  # recordings of validation by which a letter model is weighed
ALIKE = 3  # recordings of a transcript, on average: then it is a class
Model = tuple[Recognizer, Letters | Words | Choice]


def _fill_in(arguments: Namespace) -> None:
    """What is not given: it depends on whether sounds or cepstra are there.

    Raises Refused where an option is of sounds alone.
    """
    if not are_cepstra(arguments.folder):
        runs.fill_in(arguments, vars(Transcriber()))
        return
    why = "not with cepstra"
    runs.leave_out(arguments, (*OF_SOUNDS, "normalise"), why)
    runs.fill_in(arguments, OF_CEPSTRA._asdict())
    arguments.normalise = CEPSTRA


def _read(arguments: Namespace) -> tuple[RecordingParts, Facts]:
    """The recordings in parts."""
    settings = vars(arguments)
    if settings["normalise"] == CEPSTRA:
        parts = _read_cepstra(arguments.folder)
        known = {"data": _compute_fingerprint([*chain(*parts)])}
        return parts, known | {"normalise": CEPSTRA}
    given = {
        name: read_recordings(settings[name], settings)
        for name in ("validation", "test")
        if settings[name] is not None
    }
    recordings = read_recordings(arguments.folder, settings)
    return prepare(arguments, recordings, arguments.folder, given)


def _read_cepstra(folder: Path) -> RecordingParts:
    """The parts of such a folder. Raises Refused naming what is wrong."""
    if not are_cepstra(folder):
        raise Refused(
            f"{folder}: expected etc/NAME_train.fileids: the model reads cepstra"
        )
    with common.refuse_in_words(folder):
        drawn = np.random.default_rng(WHOSE)
        return hear_cepstra(read_cepstra(folder, drawn))


def prepare(
    options: Any,
    recordings: list[Recording],
    folder: Path | None = None,
    given: dict[str, list[Recording]] | None = None,
) -> tuple[RecordingParts, Facts]:
    """The recordings in parts; those that are given are none of them.

    Raises Refused where there are fewer speakers than parts.
    """
    given = given or {}
    known = {"data": _compute_fingerprint(recordings)}
    for name, part in given.items():
        known[f"{name} data"] = _compute_fingerprint(part)
    if given:
        recordings = _leave_out(recordings, given)
    return _split(folder, recordings, options.seed, given), known


def _leave_out(
    recordings: list[Recording], given: dict[str, list[Recording]]
) -> list[Recording]:
    """Those that are not in a part that is given, too."""
    seen = Seen()

    def keep(part: list[Recording], of: str = "") -> list[Recording]:
        kept = []
        for one in part:
            name = f"{of}{one.name}"
            if first := seen.find(name, one.features.tobytes()):
                note(f"{name}: the same sound as {first}")
            else:
                kept.append(one)
        return kept

    for name in reversed(given):  # the test first: it stays whole
        given[name] = keep(given[name], f"{name}: ")
    return keep(recordings)


def _fit(
    arguments: Any, parts: RecordingParts, run: watch.Run, device: Any
) -> tuple[Model, Facts]:
    """A recogniser that has learned the training part."""
    known = _choose_labels(arguments.units, [r.text for r in parts.train])
    network, recipe = speech_recipe(
        parts.train, parts.validation, known, _make_plan(arguments), device
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


def _make_plan(arguments: Any) -> Any:
    """The plan with what the options say."""
    given = vars(arguments)
    names = given.keys() & {*SpeechPlan._fields}
    plan = SpeechPlan(**{name: given[name] for name in names})
    return plan._replace(cepstra=arguments.normalise == CEPSTRA)


def _transcribe(arguments: Namespace) -> int:
    """Print the words of each file, one line a file."""
    if len(arguments.files) == 1:
        read_sound(arguments.files[0])  # a refusal does not wait for torch
    network, letters, about = models.load_model(arguments, KIND, load_recognizer)
    language = read = None
    if arguments.words:
        read = _make_reader(arguments, letters)
    elif arguments.text:
        language = _make_language(arguments, letters)
    skips = _read_normalisation(about.get("settings", {})) == "speech"
    width = arguments.beam if language is None else max(arguments.beam, 8)
    known = network, letters

    def transcribe(path: Path) -> None:
        samples, rate = read_sound(path)
        text, log_p = write_down(known, about, samples, rate, width, language, read)
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


def write_down(
    known: Any,
    about: Facts,
    samples: np.ndarray,
    rate: int,
    width: int = 1,
    language: Any = None,
    read: Read | None = None,
) -> tuple[str, Any]:
    """What is said, and the log probabilities that it was read from.

    By greedy reading, a beam, or what `read` makes of them. `samples` are
    (N,), the log probabilities (T, K).
    """
    network, letters = known
    listen = HEARD[_read_normalisation(about.get("settings", {}))]
    (log_p,) = training.outputs(network, [listen(samples, rate)])
    if read is not None:
        text = read(log_p)
    else:
        text = training.written(log_p, letters, width, language)
    # no training has digital silence in it
    return text if samples.any() else "", log_p


def _score_again(arguments: Namespace, model: Model, about: Facts) -> Scores:
    """Word errors again; of another folder without baselines."""
    settings = about.get("settings", {})
    if settings.get("normalise") == CEPSTRA:
        parts = _read_cepstra(arguments.folder)
        if _compute_fingerprint([*chain(*parts)]) != settings["data"]:
            note("not the recordings that the model was trained on")
            parts = parts._replace(train=[], validation=[])
        return _compute_scores(model, parts)
    recordings = read_recordings(arguments.folder, settings)
    return score_recordings(model, about, recordings, arguments.folder)


def score_recordings(
    model: Any, about: Facts, recordings: list[Recording], folder: Path | None = None
) -> Scores:
    """The scores of the test part, if it was learned from; else of all.

    Raises Refused where all of it was learned from.
    """
    settings = about.get("settings", {})
    if _compute_fingerprint(recordings) == settings.get("data"):
        if "test data" in settings:
            raise Refused(
                f"{folder or 'the recordings'}: the model was trained on "
                "them: expected the folder of --test, or another"
            )
        given: dict[str, list[Recording]] = {}
        if "validation data" in settings:
            given["validation"] = []
        parts = _split(folder, recordings, about["seed"], given)
    else:
        note("not the recordings that the model was trained on")
        parts = RecordingParts([], [], recordings)
    return _compute_scores(model, parts)


def read_recordings(folder: Path, settings: Facts) -> list[Recording]:
    """The recordings that can be learned; the others are named on stderr.

    Raises Refused where none is left.
    """
    found = read_folder(
        folder,
        settings.get("transcripts", "files"),
        settings.get("speakers", "unknown"),
        common.Bar("reading", "file"),
        HEARD[_read_normalisation(settings)],
    )
    return choose_recordings(found, settings, str(folder))


def hear(
    sounds: Sequence[Any],
    texts: Sequence[str],
    speakers: Sequence[str] | None,
    settings: Facts,
) -> list[Recording]:
    """The same of sounds in memory: files, or (samples, rate).

    Raises ValueError where there are not as many texts.
    """
    listen = HEARD[_read_normalisation(settings)]
    found = gather(sounds, texts, speakers, listen)
    return choose_recordings(found, settings, "the recordings")


def choose_recordings(found: Folder, settings: Facts, folder: str) -> list[Recording]:
    """Those that are not too long, and can have their transcript."""
    left_out = dict(found.unreadable)
    longest = settings.get("longest", float("inf"))
    fit = []
    for one in found.recordings:
        steps, letters = len(one.features), len(one.text)
        repeats = sum(a == b for a, b in pairwise(one.text))
        if steps * STEP > longest:
            left_out[one.name] = f"longer than {longest:g} s (--longest)"
        elif letters + repeats > steps:
            left_out[one.name] = f"{letters} letters in {steps * STEP:.2f} s: too many"
        else:
            fit.append(one)
    for name, reason in left_out.items():
        note(f"{name}: {reason}")
    if left_out:
        note(
            f"{format_count(len(left_out), 'file')} left out; going on "
            f"with {format_count(len(fit), 'recording')}"
        )
    if not fit:
        raise Refused(f"{folder}: no recording can be used")
    return fit


def _read_normalisation(settings: Facts) -> str:
    """Over what; models that are older than the option: each band.

    Raises Refused where the model says something else.
    """
    over = settings.get("normalise", "band")
    if over == CEPSTRA:
        raise Refused("the model reads cepstra: expected one of sounds")
    if over not in HEARD:
        raise Refused(f"normalise: expected {', '.join(HEARD)}, got {over!r}")
    return over


def _split(
    folder: Path | None,
    recordings: list[Recording],
    seed: int,
    given: dict[str, list[Recording]],
) -> RecordingParts:
    """What to learn from, to choose and to score by; some may be given."""
    names = [name for name in ("validation", "test") if name not in given]
    with common.refuse_in_words(folder):
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
        "times (--units)"
    )


def _compute_scores(model: Model, parts: RecordingParts) -> Scores:
    """Word and letter errors on the test part, also of the baselines."""
    network, letters = model
    true = [r.text for r in parts.test]
    found = ask_network(network, [r.features for r in parts.test])
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
        "test": f"{unseen} not used in training",
    }

    about |= _draw_intervals(true, own, [r.speaker for r in parts.test])
    return about, deferred


def _read_words(
    model: Any, texts: list[str], validation: list[Recording], found: list[np.ndarray]
) -> tuple[float, list[str]]:
    """What a beam reads in words of training; validation weighs them."""
    network, letters = model
    part = validation[:WEIGHED]
    held = ask_network(network, [r.features for r in part])
    true = [r.text for r in part]
    bar = common.Bar("letter model", "weight")
    weight, _ = choose_weight(letters, texts, held, true, True, bar)
    read = make_reader(letters, texts, weight, True)
    return weight, [read(p) for p in common.Bar("words", "recording")(found)]


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


def _make_reader(arguments: Namespace, letters: Any) -> Read:
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


HINT = (
    "recordings of more people; --units words if few words are said; "
    "more --steps, or half of the --rate; --normalise band where "
    "microphones differ"
)
APP = evaluation.Application(
    kind=KIND,
    read=_read,
    fit=_fit,
    score=_compute_scores,
    rescore=_score_again,
    save=save_recognizer,
    load=load_recognizer,
    show=_show,
    hint=HINT,
)


def _train(arguments: Namespace) -> int:
    _fill_in(arguments)
    return runs.learn(APP, arguments)


PARTS = {
    "train": _train,
    "transcribe": _transcribe,
    "evaluate": partial(evaluation.score_again, APP),
}
