"""The command `speech`: one's own recordings, and what is said in them."""

from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain, pairwise
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
from rnncore.commands.estimators import Transcriber
from rnncore.commands.evaluation import NETWORK, Deferred, add_rows
from rnncore.storage.files import Refused, lines_of, read_text

if TYPE_CHECKING:
    import numpy as np

    from rnncore.speech.folder import Folder, Recording, RecordingParts
    from rnncore.speech.reading import Read

KIND = "speech"
TRAIN = "speech train recordings/ --model spoken.safetensors"
TRANSCRIBE = "speech transcribe file.wav --model spoken.safetensors"
EVALUATE = "speech evaluate spoken.safetensors recordings/"
FOLDER = (
    "recordings/ holds WAV, FLAC, MP3 or Ogg files, and for each NAME.wav "
    "(or .flac, ...) a NAME.txt with the words that are said. Or "
    "recordings/transcripts.tsv lists them all: one line per file, with "
    "its name, its words and, better still, its speaker, separated by "
    "tabs. Or, with --transcripts folders, each file is in a folder whose "
    "name is what is said. Sub-folders are read too. Files may have any "
    "rate and any number of channels. Or recordings/ is one that CMU "
    "Sphinx trains on, such as AN4: etc/NAME_train.fileids and its fellows "
    "list the cepstra in feat/; seven people choose, the published test "
    "judges, and what is not given is as the course's own network has it."
)
COURSE = "speech_digits"
CEPSTRA = "cepstra"  # what a model hears, in place of a normalisation
WHOSE = 0  # seed by which people are drawn to choose by
OF_SOUNDS = "transcripts", "speakers", "longest", "validation", "test"
WEIGHED = 100  # recordings of validation by which a letter model is weighed
ALIKE = 3  # recordings of a transcript, on average: then it is a class
ALWAYS = (
    "A model knows nothing but the letters and words that it learned from, "
    "and writes some also for a tone or a noise. Unless --least is given, "
    "it abstains only from digital silence."
)


def add(commands: Any) -> None:
    """Add `speech train`, `speech transcribe` and `speech evaluate`."""
    examples = TRAIN, TRANSCRIBE, EVALUATE
    parts = common.add_group(commands, KIND, ABOUT[KIND], examples, FOLDER)
    train = runs.add_train(
        parts, APP, "learn from a folder", TRAIN, "folder"
    )
    train.set_defaults(run=partial(_choose, runs.learn))
    what = (
        "where the words are: in NAME.txt beside NAME.wav or in "
        "transcripts.tsv (file, tab, words and, if known, tab, speaker), "
        "or in the folder's name"
    )
    ways = ["files", "folders"]
    own = Transcriber
    _add_either(train, "transcripts", what, choices=ways)
    what = (
        "which recordings are of one speaker: those whose names agree "
        "up to the first - or _, or those of one folder. Then no speaker "
        "that is trained on is scored"
    )
    ways = ["unknown", "names", "folders"]
    _add_either(train, "speakers", what, choices=ways)
    what = (
        "what the network writes: one of a few words for each file, which "
        "is easiest to learn; strings of whole words; or letters, which "
        "can write any word. auto: words where each is said in training "
        "at least ten times, and one a file if no transcript has more"
    )
    ways = ["auto", "one", "words", "letters"]
    add_option(train, "--units", what, own.units, choices=ways)
    what = (
        "over what the loudness is made even: what is said, without the "
        "pauses before and after it; the whole recording; or each "
        "frequency band of it, against unlike microphones"
    )
    ways = ["speech", "recording", "band"]
    _add_either(train, "normalise", what, choices=ways)
    common.add_flag(
        train, "--plain", "do not vary voices and tempo in training"
    )
    for name, part in ("--validation", "choose by"), ("--test", "score"):
        what = f"another such folder, to {part} (default: of FOLDER)"
        add_option(train, name, what, kind=Path, metavar="FOLDER")
    what = "leave out recordings of more seconds"
    _add_either(train, "longest", what, kind=float)
    for name in runs.find_defaults(own):
        kind, what = runs.OPTIONS[name.replace("_", "-")]
        _add_either(train, name, what, kind=kind)
    runs.add_training(train)
    _add_transcribe(parts)
    about = "score recordings that were held out"
    evaluation.add_evaluate(parts, APP, about, EVALUATE, "folder")


def _add_either(parser: Any, name: str, what: str, **how: Any) -> None:
    """An option that has another default, or none, for cepstra."""
    what = f"{what} (default: {getattr(Transcriber, name)})"
    add_option(parser, f"--{name.replace('_', '-')}", what, **how)


def _choose(do: Callable, arguments: Namespace) -> int:
    """`do` with sounds or with cepstra: what is not given depends on it.

    Raises Refused where an option is of sounds alone.
    """
    from rnncore.data.public.sounds import are_cepstra

    if not are_cepstra(arguments.folder):
        runs.fill_in(arguments, vars(Transcriber()))
        return int(do(APP, arguments))
    from rnncore.speech.plan import OF_CEPSTRA

    why = "not with cepstra"
    runs.leave_out(arguments, (*OF_SOUNDS, "normalise"), why)
    runs.fill_in(arguments, OF_CEPSTRA._asdict())
    arguments.normalise = CEPSTRA
    return int(do(APP, arguments))


def _add_transcribe(parts: common.Group) -> None:
    about = "write what is said"
    transcribe = parts.add(
        "transcribe", _transcribe, about, TRANSCRIBE, ALWAYS
    )
    what = "a WAV, FLAC, MP3 or Ogg file of any rate and number of channels"
    add_operand(transcribe, "files", what, metavar="FILE", nargs="+")
    what = (
        "a file that `train` wrote (default: the course's own, which "
        "knows English digits)"
    )
    add_option(
        transcribe, "--model", what, Path(COURSE), Path, metavar="MODEL"
    )
    what = "search with a beam of N (default: %(default)s, greedy)"
    add_option(transcribe, "--beam", what, 1)
    what = "prefer letter sequences of this text, one sentence per line"
    add_option(transcribe, "--text", what, kind=Path)
    add_option(transcribe, "--weight", "how much --text counts", 0.5)
    what = "write no word that is not in --text"
    common.add_flag(transcribe, "--words", what)
    what = (
        "write nothing for a file whose score is below this: the mean "
        "probability of what was written, from 0 to 1, which is told"
    )
    add_option(transcribe, "--least", what, kind=common.parse_share)
    common.add_flag(
        transcribe, "--times", "one word per line, with its time"
    )
    common.add_device(transcribe)


def _read(arguments: Namespace) -> tuple["RecordingParts", Facts]:
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


def _read_cepstra(folder: Path) -> "RecordingParts":
    """The parts of such a folder. Raises Refused naming what is wrong."""
    import numpy as np

    from rnncore.data.public.sounds import are_cepstra, read_cepstra
    from rnncore.speech.cepstra import hear_cepstra

    if not are_cepstra(folder):
        raise Refused(
            f"{folder}: expected etc/NAME_train.fileids: the model reads "
            "cepstra"
        )
    with common.refuse_in_words(folder):
        drawn = np.random.default_rng(WHOSE)
        return hear_cepstra(read_cepstra(folder, drawn))


def prepare(
    options: Any,
    recordings: list["Recording"],
    folder: Path | None = None,
    given: "dict[str, list[Recording]] | None" = None,
) -> tuple["RecordingParts", Facts]:
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
    recordings: list["Recording"], given: "dict[str, list[Recording]]"
) -> list["Recording"]:
    """Those that are not in a part that is given, too."""
    from rnncore.storage.same import Seen

    seen = Seen()

    def keep(part: list["Recording"], of: str = "") -> list["Recording"]:
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
    arguments: Any,
    parts: "RecordingParts",
    run: runs.Run,
    device: Any,
) -> tuple[Any, Facts]:
    """A recogniser that has learned the training part."""
    from rnncore.speech.plan import speech_recipe

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
    from rnncore.speech.plan import SpeechPlan

    given = vars(arguments)
    names = given.keys() & {*SpeechPlan._fields}
    plan = SpeechPlan(**{name: given[name] for name in names})
    return plan._replace(cepstra=arguments.normalise == CEPSTRA)


def _transcribe(arguments: Namespace) -> int:
    """Print the words of each file, one line a file."""
    from rnncore.speech.recordings import first_word
    from rnncore.speech.sound import read_sound

    if len(arguments.files) == 1:
        read_sound(arguments.files[0])  # a refusal does not wait for torch
    network, letters, about = common.load_model(arguments, KIND, LOAD)
    from rnncore.speech import training

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
        text, log_p = write_down(
            known, about, samples, rate, width, language, read
        )
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
    samples: "np.ndarray",
    rate: int,
    width: int = 1,
    language: Any = None,
    read: "Read | None" = None,
) -> tuple[str, Any]:
    """What is said, and the log probabilities that it was read from.

    By greedy reading, a beam, or what `read` makes of them. `samples` are
    (N,), the log probabilities (T, K).
    """
    from rnncore.speech import training
    from rnncore.speech.recordings import HEARD

    network, letters = known
    listen = HEARD[_read_normalisation(about.get("settings", {}))]
    (log_p,) = training.outputs(network, [listen(samples, rate)])
    if read is not None:
        text = read(log_p)
    else:
        text = training.written(log_p, letters, width, language)
    # no training has digital silence in it
    return text if samples.any() else "", log_p


def _score_again(
    arguments: Namespace, model: Any, about: Facts
) -> tuple[Facts, Deferred]:
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
    model: Any,
    about: Facts,
    recordings: list["Recording"],
    folder: Path | None = None,
) -> tuple[Facts, Deferred]:
    """The scores of the test part, if it was learned from; else of all.

    Raises Refused where all of it was learned from.
    """
    from rnncore.speech.folder import RecordingParts

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


def read_recordings(folder: Path, settings: Facts) -> list["Recording"]:
    """The recordings that can be learned; the others are named on stderr.

    Raises Refused where none is left.
    """
    from rnncore.speech.folder import read_folder
    from rnncore.speech.recordings import HEARD

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
) -> list["Recording"]:
    """The same of sounds in memory: files, or (samples, rate).

    Raises ValueError where there are not as many texts.
    """
    from rnncore.speech.folder import gather
    from rnncore.speech.recordings import HEARD

    listen = HEARD[_read_normalisation(settings)]
    found = gather(sounds, texts, speakers, listen)
    return choose_recordings(found, settings, "the recordings")


def choose_recordings(
    found: "Folder", settings: Facts, folder: str
) -> list["Recording"]:
    """Those that are not too long, and can have their transcript."""
    from rnncore.speech.training import STEP

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
    from rnncore.speech.recordings import HEARD

    over = settings.get("normalise", "band")
    if over == CEPSTRA:
        raise Refused("the model reads cepstra: expected one of sounds")
    if over not in HEARD:
        raise Refused(
            f"normalise: expected {', '.join(HEARD)}, got {over!r}"
        )
    return over


def _split(
    folder: Path | None,
    recordings: list["Recording"],
    seed: int,
    given: "dict[str, list[Recording]]",
) -> "RecordingParts":
    """What to learn from, to choose and to score by; some may be given."""
    from rnncore.speech.folder import RecordingParts, split_speakers

    names = [name for name in ("validation", "test") if name not in given]
    with common.refuse_in_words(folder):
        learned, *parts = split_speakers(
            recordings, seed, held_out=len(names)
        )
    every = dict(zip(names, parts, strict=True)) | given
    return RecordingParts(learned, every["validation"], every["test"])


def _compute_fingerprint(recordings: list["Recording"]) -> str:
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
    from rnncore.speech.letters import letters_of
    from rnncore.speech.recordings import choice_of, is_closed, words_of

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
        raise Refused(
            f"--units one: expected one word a recording, got {longer[0]!r}"
        )
    choice = choice_of(texts)
    count = format_count(len(choice.choices), "word")
    note(f"learning {count}, one a file (--units)")
    return choice


def _tell_rare(texts: list[str]) -> None:
    """Why letters are learned: words that training has too seldom."""
    from rnncore.speech.recordings import OFTEN

    counts = Counter(word for text in texts for word in text.split())
    rare = [word for word, n in counts.items() if n < OFTEN]
    note(
        f"learning letters: of {format_count(len(counts), 'word')} "
        f"{len(rare)}, such as {rare[0]!r}, are said fewer than {OFTEN} "
        "times (--units)"
    )


def _compute_scores(
    model: Any, parts: "RecordingParts"
) -> tuple[Facts, Deferred]:
    """Word and letter errors on the test part, also of the baselines."""
    from rnncore.speech import training
    from rnncore.speech.cepstra import ask_network
    from rnncore.speech.letters import Letters
    from rnncore.speech.recordings import linear_texts, nearest_texts

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
        deferred["the commonest transcript"] = add_rows(
            lambda: score_constant(usual)
        )
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
    model: Any,
    texts: list[str],
    validation: list["Recording"],
    found: "list[np.ndarray]",
) -> tuple[float, list[str]]:
    """What a beam reads in words of training; validation weighs them."""
    from rnncore.speech.cepstra import ask_network
    from rnncore.speech.reading import choose_weight, make_reader

    network, letters = model
    part = validation[:WEIGHED]
    held = ask_network(network, [r.features for r in part])
    true = [r.text for r in part]
    bar = common.Bar("letter model", "weight")
    weight, _ = choose_weight(letters, texts, held, true, True, bar)
    read = make_reader(letters, texts, weight, True)
    return weight, [
        read(p) for p in common.Bar("words", "recording")(found)
    ]


def _draw_intervals(
    true: list[str], own: list[str], speakers: list[str]
) -> Facts:
    """Intervals of word and letter errors, over speakers where known.

    Over recordings where there is but one speaker.
    """
    from rnncore.speech.training import count_errors

    if not true:
        return {}
    several = 1 < len(set(speakers)) < len(speakers)
    groups = speakers if several else range(len(speakers))
    over = " over speakers" if several else ""
    words, letters = (
        evaluation.error_interval(
            f"% {unit} errors{over}",
            *count_errors(true, own, unit == "letter"),
            groups,
        )
        for unit in ("word", "letter")
    )
    return {"interval": words, "intervals": [letters]}


def _make_language(arguments: Namespace, letters: Any) -> Any:
    """What `prefix_beam` adds for a letter, by n-grams of a text.

    Raises Refused where the model writes one word a file.
    """
    from rnncore.speech.letters import Choice, letter_bonus

    if isinstance(letters, Choice):
        raise Refused(
            f"--text: {arguments.model} writes one word a file, so that no "
            "sentence tells which; `train` with --units words or letters"
        )

    texts = _read_texts(arguments, letters)
    return letter_bonus(texts, letters, 6, arguments.weight)


def _read_texts(
    arguments: Namespace, letters: Any, whole: bool = False
) -> list[str]:
    """Lines of --text in what the model has learned, `whole` ones alone.

    Raises Refused where there is none.
    """
    from rnncore.storage.words import plain_words

    lines = map(plain_words, lines_of(read_text(arguments.text)))
    known = ((line, letters.known(line)) for line in lines)
    texts = [
        text for line, text in known if text and (text == line or not whole)
    ]
    if not texts:
        raise Refused(
            f"{arguments.text}: no line can be written in what "
            f"{arguments.model} has learned"
        )
    return texts


def _make_reader(arguments: Namespace, letters: Any) -> "Read":
    """What writes words of --text alone, likely ones before others.

    Raises Refused where there is no text, or the model spells nothing.
    """
    from rnncore.speech.letters import Letters
    from rnncore.speech.reading import make_reader

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


def _show(about: Facts) -> common.Described:
    """What is known of a model, and its table of scores."""
    table = common.list_rows(about, "% word errors", "% letter errors")
    network = f"bidirectional LSTM of {about['H']} units"
    scored = [f"scored on {about['test']}"]
    return common.Described(network, table, scored)


SAVE = run_later("speech.training.save_recognizer")
LOAD = run_later("speech.model.load_recognizer")
HINT = (
    "recordings of more people; --units words if few words are said; "
    "more --steps, or half of the --rate; --normalise band where "
    "microphones differ"
)
APP = evaluation.Application(
    KIND,
    _read,
    _fit,
    _compute_scores,
    _score_again,
    SAVE,
    LOAD,
    _show,
    hint=HINT,
)
