"""The options of `speech`."""

from pathlib import Path
from typing import Any

from rnncore.apps import ABOUT
from rnncore.apps.speech.estimator import Transcriber
from rnncore.apps.spine.options import (
    OPTIONS,
    Group,
    add_device,
    add_evaluate,
    add_flag,
    add_group,
    add_operand,
    add_option,
    add_train,
    add_training,
    find_defaults,
    mark_read,
    parse_share,
)

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
ALWAYS = (
    "A model knows nothing but the letters and words that it learned from, "
    "and writes some also for a tone or a noise. Unless --least is given, "
    "it abstains only from digital silence."
)
COURSE = "speech_digits"


def add(commands: Any) -> None:
    """Add `speech train`, `speech transcribe` and `speech evaluate`."""
    examples = TRAIN, TRANSCRIBE, EVALUATE
    parts = add_group(commands, "speech", ABOUT["speech"], examples, FOLDER)
    train = add_train(parts, "learn from a folder", TRAIN, "folder")
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
    add_flag(train, "--plain", "do not vary voices and tempo in training")
    for name, part in ("--validation", "choose by"), ("--test", "score"):
        what = f"another such folder, to {part} (default: of FOLDER)"
        add_option(train, name, what, kind=Path, metavar="FOLDER")
    what = "leave out recordings of more seconds"
    _add_either(train, "longest", what, kind=float)
    for name in find_defaults(own):
        kind, what = OPTIONS[name.replace("_", "-")]
        _add_either(train, name, what, kind=kind)
    add_training(train)
    _add_transcribe(parts)
    about = "score recordings that were held out"
    add_evaluate(parts, about, EVALUATE, "folder")


def _add_either(parser: Any, name: str, what: str, **how: Any) -> None:
    """An option that has another default, or none, for cepstra."""
    what = f"{what} (default: {getattr(Transcriber, name)})"
    add_option(parser, f"--{name.replace('_', '-')}", what, **how)


def _add_transcribe(parts: Group) -> None:
    about = "write what is said"
    transcribe = parts.add("transcribe", about, TRANSCRIBE, ALWAYS)
    what = "a WAV, FLAC, MP3 or Ogg file of any rate and number of channels"
    add_operand(transcribe, "files", what, metavar="FILE", nargs="+")
    mark_read(transcribe, "files")
    what = (
        "a file that `train` wrote (default: the course's own, which "
        "knows English digits)"
    )
    add_option(transcribe, "--model", what, Path(COURSE), Path, metavar="MODEL")
    what = "search with a beam of N (default: %(default)s, greedy)"
    add_option(transcribe, "--beam", what, 1)
    what = "prefer letter sequences of this text, one sentence per line"
    add_option(transcribe, "--text", what, kind=Path)
    add_option(transcribe, "--weight", "how much --text counts", 0.5)
    what = "write no word that is not in --text"
    add_flag(transcribe, "--words", what)
    what = (
        "write nothing for a file whose score is below this: the mean "
        "probability of what was written, from 0 to 1, which is told"
    )
    add_option(transcribe, "--least", what, kind=parse_share)
    add_flag(transcribe, "--times", "one word per line, with its time")
    add_device(transcribe)
