"""A folder of recordings, and the table that says what is said in them."""

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnncore.apps.speech.sound import as_samples
from rnncore.apps.speech.training import needed
from rnncore.apps.spine.common import count_left_out, format_count
from rnncore.data.speech import Recording
from rnncore.storage.files import Refused, composed, lines_of, read_text
from rnncore.storage.names import check_named, plain_name
from rnncore.storage.same import Seen
from rnncore.storage.words import plain_words

TABLE = "transcripts.tsv"
FORM = "a file, its words and, where known, its speaker, with tabs between"
SHOWN = 60  # characters of a transcript
Sound = str | os.PathLike | tuple[np.ndarray, int]
Listen = Callable[[np.ndarray, int], np.ndarray]


class Row(NamedTuple):
    """A line of the table."""

    name: str
    words: str
    speaker: str  # "" where it is not known
    line: int


class Spoken(NamedTuple):
    """A recording, and the sound that it was."""

    recording: Recording
    seconds: float
    rate: int  # samples a second


class Read(NamedTuple):
    """What was read of a folder, and why the rest was left out, by name."""

    name: str
    spoken: list[Spoken]
    left_out: dict[str, str]

    @property
    def recordings(self) -> list[Recording]:
        """The recordings alone."""
        return [one.recording for one in self.spoken]


def read_folder(
    folder: Path,
    listen: Listen,
    longest: float = float("inf"),
    progress: Callable[[Sequence[Any]], Iterable[Any]] = iter,
) -> Read:
    """The recordings in a folder and below it that its table names.

    A line of `transcripts.tsv` has a file, a tab, its words and, where known,
    a tab and its speaker; a recording without one is a speaker of its own. Of
    two that sound the same the first counts; none has more than `longest`
    seconds.

    Raises Refused where there is no such table, naming a line of another
    form, or where no recording is left.
    """
    table = folder / TABLE
    if not table.is_file():
        raise Refused(f"{folder}: expected a folder with {TABLE}, on each line {FORM}")
    files = {
        composed(path.relative_to(folder).as_posix()): path
        for path in sorted(folder.rglob("*"))
        if path != table and path.is_file()
    }
    rows = _read_rows(table, {*map(plain_name, files)})
    left_out: dict[str, str] = {}
    given = []
    for name, path in files.items():
        if row := rows.pop(plain_name(name), None):
            given.append((name, row.words, row.speaker, path))
        else:
            left_out[name] = "that no line names"
    for row in rows.values():
        left_out[f"line {row.line}: {row.name}"] = "named in the table but not there"
    return _hear_all(f"{folder}", progress(given), left_out, listen, longest)


def gather(
    sounds: Sequence[Sound],
    texts: Sequence[str],
    speakers: Sequence[str] | None,
    listen: Listen,
    longest: float = float("inf"),
) -> Read:
    """The same of sounds that are no folder: files, or samples and rate.

    Raises ValueError where there are not as many texts or speakers.
    """
    for name, given in ("texts", texts), ("speakers", speakers):
        if given is not None and len(given) != len(sounds):
            raise ValueError(f"{name}: expected {len(sounds)}, got {len(given)}")
    who = speakers if speakers is not None else [""] * len(sounds)
    names = [f"recording {k}" for k in range(len(sounds))]
    rows = zip(names, texts, who, sounds, strict=True)
    return _hear_all("the recordings", rows, {}, listen, longest)


def show(found: Read, more: dict[str, str]) -> list[str]:
    """How many there are, the first two and the last, and what is left out.

    `more` is left out besides.
    """
    spoken = found.spoken
    minutes = sum(one.seconds for one in spoken) / 60
    rates = sorted({one.rate for one in spoken})
    rate = " to ".join(f"{n:,}" for n in dict.fromkeys((rates[0], rates[-1])))
    recordings = found.recordings
    named = speakers_of(recordings)
    alone = sum(not _is_named(one) for one in recordings)
    who = [format_count(len(named), "speaker")] if named else []
    who += [f"{alone} without a speaker, each one of its own"] if alone else []
    count = f"{format_count(len(spoken), 'recording')} of {minutes:.1f} minutes"
    return [
        f"{count} in {found.name}, {rate} samples a second; {', '.join(who)}",
        *(f"  {_show_one(one)}" for one in spoken[:2]),
        *(f"  ... {_show_one(one)}" for one in spoken[2:][-1:]),
        *count_left_out(found.left_out | more),
    ]


def speakers_of(recordings: Iterable[Recording]) -> set[str]:
    """Those who have a name."""
    return {one.speaker for one in recordings if _is_named(one)}


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
            "one to learn from, others to choose and to judge by, or none named"
        )
    parts: list[list[Recording]] = [[] for _ in range(held_out)]
    order = [names[k] for k in np.random.default_rng(seed).permutation(len(names))]
    for part in parts:
        while len(part) < share * len(recordings) and len(order) > held_out:
            part += by_speaker[order.pop()]
        part += [] if part else by_speaker[order.pop()]
    train = [one for name in order for one in by_speaker[name]]
    return [train, *parts]


def _read_rows(path: Path, there: Collection[str]) -> dict[str, Row]:
    """The lines of a table that are not empty, by file.

    Raises Refused naming a line that is none, or that says something else
    than an earlier one; also where no line names a file that is there.
    """
    found: dict[str, Row] = {}
    unlike: list[str] = []
    for k, line in enumerate(lines_of(read_text(path)), 1):
        if not line.strip():
            continue
        name, *rest = (field.strip() for field in line.split("\t"))
        if not 1 <= len(rest) <= 2:
            columns = f"{len(rest) + 1} columns" if rest else "no tab"
            raise Refused(f"{path}, line {k}: expected {FORM}, got {columns}")
        row = Row(name, rest[0], "".join(rest[1:]), k)
        first = found.setdefault(plain_name(name), row)
        if first[1:3] != row[1:3]:
            unlike.append(f"line {k}: line {first.line} says something else of {name}")
    check_named(path, found, there)
    if unlike:
        raise Refused(f"{path}, {unlike[0]}")
    return found


def _hear_all(
    place: str,
    given: Iterable[tuple[str, str, str, Sound]],
    left_out: dict[str, str],
    listen: Listen,
    longest: float,
) -> Read:
    """What can be learned from, of names, words, speakers and sounds.

    Raises Refused where nothing can.
    """
    spoken, seen = [], Seen()
    for name, words, speaker, sound in given:
        try:
            one = _hear(name, words, speaker, sound, listen, longest)
        except Refused as error:
            left_out[name] = str(error).removeprefix(f"{sound}: ")
            continue
        if first := seen.find(name, one.recording.features.tobytes()):
            left_out[f"{name}, as {first}"] = "of the same sound"
        else:
            spoken.append(one)
    if not spoken:
        why = "; ".join(["no recording can be used", *count_left_out(left_out)])
        raise Refused(f"{place}: {why}")
    return Read(place, spoken, left_out)


def _hear(
    name: str, words: str, speaker: str, sound: Any, listen: Listen, longest: float
) -> Spoken:
    """A recording, and how long it is.

    Raises Refused saying why it cannot be learned from.
    """
    text = plain_words(words)
    if not text:
        raise Refused("without words")
    samples, rate = as_samples(sound)
    seconds = len(samples) / rate
    if seconds > longest:
        raise Refused(f"longer than {longest:g} s (--longest)")
    if np.ptp(samples) == 0:  # also where two channels cancel out
        raise Refused("silent: all samples are equal")
    features = listen(samples, rate)
    if needed(text) > len(features):  # a string's letters are its labels
        raise Refused("with more letters than there is time for")
    return Spoken(Recording(name, text, speaker or name, features), seconds, rate)


def _is_named(one: Recording) -> bool:
    """Whether it is known who speaks; else the file's name stands there."""
    return one.speaker != one.name


def _show_one(one: Spoken) -> str:
    name, text, speaker, _ = one.recording
    who = f"  speaker {speaker}" if _is_named(one.recording) else ""
    return f"{name}  {one.seconds:.1f} s  {text[:SHOWN]}{who}"
