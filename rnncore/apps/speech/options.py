"""The options of `speech`."""

from pathlib import Path
from typing import Any

from rnncore.apps import ABOUT
from rnncore.apps.speech.estimator import Transcriber
from rnncore.apps.spine.options import (
    Group,
    add_device,
    add_evaluate,
    add_flag,
    add_group,
    add_operand,
    add_option,
    add_settings,
    add_train,
    mark_read,
    parse_share,
)

TRAIN = "speech train recordings/ --model spoken.safetensors"
TRANSCRIBE = "speech transcribe file.wav --model spoken.safetensors"
EVALUATE = "speech evaluate spoken.safetensors recordings/"
FORM = (
    "Takes a folder with transcripts.tsv, in UTF-8: on each line a file, a tab, "
    "its words and, where known, a tab and its speaker. A file is any sound that "
    "PyAV opens, whatever its ending, its rate and its channels. Of one folder no "
    "speaker is both learned from and scored."
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
    parts = add_group(commands, "speech", ABOUT["speech"], examples, FORM)
    train = add_train(parts, "learn from a folder", TRAIN, "folder")
    for name, use in ("validation", "choose by"), ("test", "score"):
        what = f"another such folder, to {use} (default: of FOLDER)"
        add_option(train, f"--{name}", what, kind=Path, metavar="FOLDER")
        mark_read(train, name)
    add_settings(train, Transcriber, "units", "longest", "layers")
    _add_transcribe(parts)
    about = "score recordings that were held out"
    add_evaluate(parts, about, EVALUATE, "folder")


def _add_transcribe(parts: Group) -> None:
    about = "write what is said"
    transcribe = parts.add("transcribe", about, TRANSCRIBE, ALWAYS)
    what = "any sound that PyAV opens"
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
