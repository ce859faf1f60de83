"""A folder of one's own recordings: which transcript belongs to which."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnncore.apps.speech.sound import ENDINGS, read_sound
from rnncore.backend import check_shape
from rnncore.data.speech import Recording
from rnncore.speech.features import heard
from rnncore.storage.files import Refused, composed, lines_of, read_text
from rnncore.storage.names import match_names
from rnncore.storage.same import Seen
from rnncore.storage.words import plain_words

TABLE = "transcripts.tsv"


class Folder(NamedTuple):
    """What was read of a folder, and which files say why not."""

    recordings: list[Recording]
    unreadable: dict[str, str]


def read_folder(
    folder: Path,
    transcripts: str = "files",
    speakers: str = "unknown",
    progress: Callable[[Sequence[Path]], Iterable[Path]] = iter,
    listen: Callable[[np.ndarray, int], np.ndarray] = heard,
) -> Folder:
    """All recordings in a folder and below it, with their transcripts.

    "files": what `transcripts.tsv` in the folder says (file, words and,
    where they are known, the speaker, a tab between them); where there is
    no such table, NAME.txt beside NAME.wav. "folders": each file lies in
    a folder whose name is what is said; one that begins with _ says
    nothing. Speakers are the table's, or each file's "folders", or its
    "names" up to the first - or _; "unknown" takes each recording for a
    speaker of its own.

    Raises Refused where there is no recording with a transcript.
    """
    if not folder.is_dir():
        raise Refused(f"{folder}: there is no such folder")
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS)
    names = [composed(p.relative_to(folder).as_posix()) for p in files]
    known: dict[str, Row] | None = None
    missing: list[Row] = []
    if transcripts == "files" and (folder / TABLE).exists():
        rows = _read_rows(folder / TABLE)
        known, missing = _match_rows(folder / TABLE, rows, names)
    found, unreadable = [], {}
    seen = Seen()
    for path in progress(files):
        name = composed(path.relative_to(folder).as_posix())
        try:
            text, speaker = _find_row(path, name, transcripts, known)
            one = Recording(
                name,
                text,
                speaker or _speaker(path, name, speakers),
                listen(*_check_sound(*read_sound(path))),
            )
            if first := seen.find(name, one.features.tobytes()):
                raise ValueError(f"the same sound as {first}")
        except ValueError as error:
            unreadable[name] = str(error).removeprefix(f"{path}: ")
            continue
        found.append(one)
    for row in missing:
        where = f"{TABLE}, line {row.line}"
        unreadable[row.name] = f"{where}: there is no such file"
    if not found:
        why = f"{folder}: there is no recording with a transcript"
        if known is not None and not known and missing and names:
            why += (
                f"; {TABLE} has names as {missing[0].name!r}, the folder "
                f"as {names[0]!r}"
            )
        for name, reason in list(unreadable.items())[:1]:
            why += f"; {name}: {reason}"
        raise Refused(why)
    return Folder(found, unreadable)


def gather(
    sounds: Sequence[str | os.PathLike | tuple[np.ndarray, int]],
    texts: Sequence[str],
    speakers: Sequence[str] | None = None,
    listen: Callable[[np.ndarray, int], np.ndarray] = heard,
) -> Folder:
    """The same of sounds that are no folder: files, or samples and rate.

    Without speakers each recording is taken for one of its own.

    Raises ValueError where there are not as many texts or speakers.
    """
    for name, given in ("texts", texts), ("speakers", speakers):
        if given is not None and len(given) != len(sounds):
            raise ValueError(f"{name}: expected {len(sounds)}, got {len(given)}")
    found, unreadable = [], {}
    seen = Seen()
    for k, sound in enumerate(sounds):
        name = f"recording {k}"
        try:
            text = _as_spelt(texts[k])
            speaker = speakers[k] if speakers else name
            features = listen(*_check_sound(*as_samples(sound)))
            if first := seen.find(name, features.tobytes()):
                raise Refused(f"the same sound as {first}")
        except Refused as error:
            unreadable[name] = str(error)
            continue
        found.append(Recording(name, text, speaker, features))
    return Folder(found, unreadable)


def as_samples(
    sound: str | os.PathLike | tuple[np.ndarray, int],
) -> tuple[np.ndarray, int]:
    """Samples and rate of a sound, which may be a file.

    The samples are (N,).
    """
    if isinstance(sound, str | os.PathLike):
        return read_sound(sound)
    samples, rate = sound
    check_shape("samples", samples, "N")
    return np.asarray(samples, float), rate


def split_speakers(
    recordings: Sequence[Recording], seed: int, share: float = 0.1, held_out: int = 2
) -> list[list[Recording]]:
    """Recordings split by speaker: a tenth each to validate and to test.

    What is to learn from comes first, then so many parts held out.

    Raises ValueError where there are fewer speakers than parts.
    """
    by_speaker: dict[str, list[Recording]] = {}
    for one in recordings:
        by_speaker.setdefault(one.speaker, []).append(one)
    names = sorted(by_speaker)
    if len(names) <= held_out:
        raise ValueError(
            f"expected at least {held_out + 1} speakers, got {len(names)}: "
            "one to learn from, others to choose and to judge by"
        )
    parts: list[list[Recording]] = [[] for _ in range(held_out)]
    order = [names[k] for k in np.random.default_rng(seed).permutation(len(names))]
    for part in parts:
        while len(part) < share * len(recordings) and len(order) > held_out:
            part += by_speaker[order.pop()]
        part += [] if part else by_speaker[order.pop()]
    train = [one for name in order for one in by_speaker[name]]
    return [train, *parts]


class Row(NamedTuple):
    """A line of the table."""

    name: str
    words: str
    speaker: str  # "" where it is not known
    line: int


def _read_rows(path: Path) -> list[Row]:
    """The lines of a table that are not empty."""
    found = []
    for k, line in enumerate(lines_of(read_text(path)), 1):
        if not line.strip():
            continue
        name, *rest = (field.strip() for field in line.split("\t"))
        if not 1 <= len(rest) <= 2:
            raise Refused(
                f"{path}, line {k}: expected a file, words and perhaps a "
                f"speaker, with tabs between, got {len(rest) + 1} fields"
            )
        found.append(Row(name, rest[0], "".join(rest[1:]), k))
    return found


def _match_rows(
    path: Path, rows: Sequence[Row], names: Sequence[str]
) -> tuple[dict[str, Row], list[Row]]:
    """The row of each file, and the rows of none.

    Raises Refused where two rows of a file differ, or where the files'
    names are in the second column.
    """
    meant = match_names([row.name for row in rows], names)
    if not meant and match_names([row.words for row in rows], names):
        raise Refused(
            f"{path}: expected a file, words and perhaps a speaker on each "
            "line, with tabs between; the files' names are in column 2"
        )
    found: dict[str, Row] = {}
    for row in rows:
        if row.name not in meant:
            continue
        first = found.setdefault(meant[row.name], row)
        if first[1:3] != row[1:3]:
            raise Refused(
                f"{path}, line {row.line}: an earlier line says something "
                f"else of {row.name}"
            )
    return found, [row for row in rows if row.name not in meant]


def _check_sound(samples: np.ndarray, rate: int) -> tuple[np.ndarray, int]:
    """The same, unless there is no sound in it.

    Raises Refused where all samples are equal: nobody says anything.
    """
    if samples.size and np.ptp(samples) == 0:
        raise Refused("there is no sound in it: all samples are equal")
    return samples, rate


def _find_row(
    path: Path, name: str, transcripts: str, table: dict[str, Row] | None
) -> tuple[str, str]:
    """The transcript, and the speaker where the table has one.

    Raises ValueError where there is none.
    """
    speaker = ""
    if transcripts == "folders":
        if path.parent.name.startswith("_"):  # as in Speech Commands
            raise ValueError(f"in {path.parent.name}, which says nothing")
        text = path.parent.name.replace("_", " ")
    elif table is None:
        beside = path.with_suffix(".txt")
        if not beside.is_file():
            raise ValueError(f"no {beside.name} beside it")
        text = read_text(beside)
    elif name in table:
        text, speaker = table[name][1:3]
    else:
        raise ValueError(f"no line in {TABLE}")
    return _as_spelt(text), speaker


def _as_spelt(text: str) -> str:
    spelt = plain_words(text)
    if not spelt:
        raise Refused("its transcript is empty")
    return spelt


def _speaker(path: Path, name: str, how: str) -> str:
    if how == "folders":
        return path.parent.as_posix()
    if how == "names":
        return path.stem.replace("_", "-").partition("-")[0]
    return name
