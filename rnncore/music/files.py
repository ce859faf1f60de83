"""Scores from files and into files: MIDI, MusicXML and ABC.

music21 reads and writes them. What it reads becomes a photograph a
frame: a note shorter than a frame that lies between two of them is lost.
"""

import itertools
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnncore.files import whole_file
from rnncore.music.score import (
    KEYS,
    LOWEST,
    Score,
    check_score,
    from_piano_roll,
)

ENDINGS = (".mid", ".midi", ".musicxml", ".xml", ".mxl", ".abc")
TEMPO = 80.0  # quarter notes a minute, where the file does not say
QUARTERS = 10_000  # of a MIDI file: two hours are a damaged file
FIELD = re.compile(r"\s*([A-Za-z+]):")  # of an ABC file: T:, M:, K: ...
TOO_LONG = re.compile(r"[A-Ga-gw-zZ>)\]/][,']*\d{3,}")  # after a note
TOO_LARGE = re.compile(r"\d{4,}|\d{3,}\s*/")  # of M: and L:
INLINE = re.compile(r"\[[LM]:[^\]]*")  # the same within a line
LONGEST = 50_000  # frames: an hour of eighth notes is a damaged file


class Folder(NamedTuple):
    """What a folder holds."""

    scores: list[Score]
    unreadable: dict[str, str]  # file to why


class Event(NamedTuple):
    """A note on the grid: from frame `begin` up to `end`."""

    begin: int
    end: int
    pitch: int


def read_score(path: str | os.PathLike, frame: float = 0.5) -> Score:
    """The one score in a file, on a grid of `frame` quarter notes.

    Raises ValueError naming the file where it cannot be read, holds no
    notes, or holds several tunes (`read_folder` takes them all).
    """
    scores = read_scores(path, frame)
    if len(scores) > 1:
        raise ValueError(
            f"{path}: expected one score, got {len(scores)}: "
            "read_folder takes them all"
        )
    return scores[0]


def read_scores(path: str | os.PathLike, frame: float = 0.5) -> list[Score]:
    """All scores in a file: an ABC file may hold a book of tunes.

    Raises ValueError naming the file where it cannot be read or holds no
    notes.
    """
    from music21 import converter, stream

    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file")
    if path.suffix.lower() not in ENDINGS:
        raise ValueError(f"{path}: expected one of {', '.join(ENDINGS)}")
    if path.stat().st_size == 0:
        raise ValueError(f"{path}: the file is empty")
    if path.suffix.lower() == ".abc":
        _check_abc(path)
    try:
        if path.suffix.lower() in (".mid", ".midi"):
            _check_midi(path)
        found: Any = converter.parse(  # no pickle read, none written
            path, forceSource=True, storePickle=False
        )
        opus = isinstance(found, stream.Opus)
        parts = list(found.scores) if opus else [found]
        read = [from_music21(s, frame, path.stem) for s in parts]
    except Exception as error:  # music21 raises dozens of kinds
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{path}: unreadable: {reason[:200]}") from error
    scores = [s for s in read if s is not None]
    if not scores:
        raise ValueError(f"{path}: {_nothing(parts)}")
    return scores


def _check_midi(path: Path) -> None:
    """Raise ValueError where a track lasts longer than music does.

    music21 would write a rest into each bar of a year of silence.
    """
    from music21 import midi

    file = midi.MidiFile()
    file.readstr(path.read_bytes())
    for track in file.tracks:
        ticks = sum(e.time for e in track.events if e.isDeltaTime())
        quarters = ticks / (file.ticksPerQuarterNote or 1)
        if quarters > QUARTERS:
            raise ValueError(
                f"expected at most {QUARTERS} quarter notes, "
                f"got {quarters:.0f}"
            )


def _check_abc(path: Path) -> None:
    """Raise ValueError where a length is beyond all bars.

    music21 would look for a time signature with as many beats, for hours.
    """
    text = path.read_bytes().decode("latin-1")
    for number, line in enumerate(text.splitlines(), 1):
        field = FIELD.match(line)
        if field and field[1] not in "LM":
            continue
        body = re.sub(r'"[^"]*"|%.*', " ", line)
        fields = " ".join(INLINE.findall(body))
        rule = TOO_LARGE if field else TOO_LONG
        if found := rule.search(body) or TOO_LARGE.search(fields):
            shown = found[0][:20]
            raise ValueError(
                f"{path}: unreadable: line {number}: expected lengths of "
                f"a note or bar below 100, got {shown}"
            )


def _nothing(parts: Sequence[Any]) -> str:
    """Why there is no voice in what was read."""
    if not any(len(part.flatten().notes) for part in parts):
        return "there are no notes in it"
    return (
        "there are only drums in it, or notes that are shorter than a "
        "frame or that no piano has"
    )


def read_folder(
    path: str | os.PathLike,
    frame: float = 0.5,
    progress: Callable[[Iterable[Path]], Iterable[Path]] | None = None,
) -> Folder:
    """All scores in a folder and below it, and the files it cannot read.

    Raises ValueError where there is no folder, or no score in it.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise ValueError(f"{folder}: there is no such folder")
    files = sorted(
        f
        for f in folder.rglob("*")
        if f.is_file() and f.suffix.lower() in ENDINGS
    )
    scores: list[Score] = []
    unreadable = {}
    for file in progress(files) if progress else files:
        try:
            scores += read_scores(file, frame)
        except ValueError as error:
            _, _, reason = str(error).partition(f"{file}: ")
            unreadable[str(file.relative_to(folder))] = reason
    if not files:
        raise ValueError(
            f"{folder}: there is no file that ends in {', '.join(ENDINGS)}"
        )
    if not scores:
        raise ValueError(f"{folder}: {_none_of(unreadable)}")
    return Folder(scores, unreadable)


def _none_of(unreadable: dict[str, str]) -> str:
    """Why no file could be read, one line for each of the first ten."""
    count = len(unreadable)
    what = f"none of {count} files" if count > 1 else "its one file cannot"
    lines = [f"{what} {'can ' if count > 1 else ''}be learned from"]
    for name, reason in list(unreadable.items())[:10]:
        lines.append(f"  {name}: {reason}")
    if count > 10:
        lines.append(f"  and {count - 10} more")
    return "\n".join(lines)


def from_music21(score: Any, frame: float, title: str) -> Score | None:
    """A score of music21's on a grid; None where it holds no notes.

    Parts that sing one note at a time become a voice each, from high to
    low. Anything else goes through a piano roll, so that chords come
    apart into voices.
    """
    parts = [_events(p, frame) for p in getattr(score, "parts", [])]
    parts = [p for p in parts or [_events(score, frame)] if p]
    if not parts:
        return None
    T = max(e.end for part in parts for e in part)
    if T > LONGEST:
        raise ValueError(f"expected at most {LONGEST} frames, got {T}")
    about = _about(score, frame, title)
    if all(_one_at_a_time(part) for part in parts):
        parts.sort(key=lambda p: -np.mean([e.pitch for e in p]))
        pitches = np.zeros((T, len(parts)), int)
        starts = np.zeros((T, len(parts)), bool)
        for v, part in enumerate(parts):
            for begin, end, pitch in part:
                pitches[begin:end, v] = pitch
                starts[begin, v] = True
        return check_score(Score(pitches, starts, **about))
    sounds = np.zeros((T, KEYS), bool)
    struck = np.zeros((T, KEYS), bool)
    for begin, end, pitch in (e for part in parts for e in part):
        sounds[begin:end, pitch - LOWEST] = True
        struck[begin, pitch - LOWEST] = True
    return from_piano_roll(sounds, struck, **about)


def _events(part: Any, frame: float) -> list[Event]:
    """The notes of a part that sound at the beginning of some frame.

    Ties are joined. A chord gives a note a pitch; what is no pitch of a
    piano, such as a drum, gives none.
    """
    flat = part.stripTies().flatten()
    found = []
    for note in flat.notes:
        begin = float(note.offset) / frame
        end = begin + float(note.quarterLength) / frame
        first, last = _ceil(begin), _ceil(end)
        for pitch in getattr(note, "pitches", ()):
            if first < last and LOWEST <= pitch.midi < LOWEST + KEYS:
                found.append(Event(first, last, pitch.midi))
    return sorted(found)


def _ceil(frames: float) -> int:
    return int(np.ceil(frames - 1e-6))  # 2.9999999 is 3, and so is 3.0001


def _one_at_a_time(part: list[Event]) -> bool:
    return all(a.end <= b.begin for a, b in itertools.pairwise(part))


def _about(score: Any, frame: float, title: str) -> dict[str, Any]:
    """Tempo, bar and title, as far as the file tells them."""
    flat = score.flatten()
    marks = flat.getElementsByClass("MetronomeMark")
    rates = [m.getQuarterBPM() for m in marks]
    meters = flat.getElementsByClass("TimeSignature")
    quarters = meters[0].barDuration.quarterLength if meters else 4.0
    bar = max(1, round(float(quarters) / frame))
    parts = list(getattr(score, "parts", [])) or [score]
    bars = list(parts[0].getElementsByClass("Measure"))
    length = float(bars[0].duration.quarterLength) if bars[1:] else quarters
    pickup = round(length / frame) % bar if length < quarters else 0
    known = score.metadata.bestTitle if score.metadata else None
    return {
        "frame": frame,
        "tempo": round(float(next((r for r in rates if r), TEMPO)), 6),
        "bar": bar,
        "pickup": pickup,
        "title": known or title,
    }


def to_music21(score: Score) -> Any:
    """The score as a stream of music21's, in bars, with ties over them."""
    from music21 import key, metadata, meter, stream, tempo

    check_score(score)
    sharps = signature_of(score)
    whole = stream.Score()
    whole.insert(0, metadata.Metadata(title=score.title or "untitled"))
    for v in range(score.pitches.shape[1]):
        part = stream.Part(id=f"voice {v + 1}")
        for number, bar in enumerate(_bars(score, v, sharps)):
            measure = stream.Measure(number=number + (score.pickup == 0))
            if number == 0:
                signature = _signature(score.bar * score.frame)
                measure.append(key.KeySignature(sharps))
                measure.append(meter.TimeSignature(signature))
                measure.append(_clef(score.pitches[:, v]))
                if v == 0:
                    mark = tempo.MetronomeMark(number=score.tempo)
                    measure.insert(0, mark)
            for element in bar:
                measure.append(element)
            missing = (
                score.bar * score.frame - measure.duration.quarterLength
            )
            if number == 0 and score.pickup:
                measure.paddingLeft = missing
            else:
                measure.paddingRight = missing
            part.append(measure)
        part.makeAccidentals(
            inPlace=True,
            cautionaryPitchClass=False,
            cautionaryNotImmediateRepeat=False,
        )
        whole.insert(0, part)
    return whole


def signature_of(score: Score) -> int:
    """The key signature that leaves fewest notes to be marked by hand.

    Sharps as a number from 1 to 6, flats from -1 to -5, 0 for none.
    """
    begun = score.pitches[score.starts] * 7 % 12  # on the line of fifths
    count = np.bincount(begun, minlength=12)
    kept = {
        sharps: sum(count[(sharps + k) % 12] for k in range(-1, 6))
        for sharps in (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6)
    }
    return max(kept, key=lambda sharps: kept[sharps])


def spelled(pitch: int, sharps: int) -> str:
    """A pitch by name, as music21 writes it, for a key signature.

    Of F sharp and G flat it is the one closer to the key on the line of
    fifths ... B flat, F, C, G ... F sharp, which is where keys live.
    """
    place = (pitch * 7 - (sharps - 3)) % 12 + sharps - 3  # C is 0
    letter = "FCGDAEB"[(place + 1) % 7]
    marks = (place + 1) // 7
    sign = "#" * marks if marks > 0 else "-" * -marks
    octave = (pitch - marks) // 12 - 1
    return f"{letter}{sign}{octave}"


def write_midi(path: str | os.PathLike, score: Score) -> None:
    """The score as a MIDI file, written whole."""
    from music21.midi.translate import streamToMidiFile

    content = streamToMidiFile(to_music21(score)).writestr()
    with whole_file(path) as file:
        file.write(content)


def write_musicxml(path: str | os.PathLike, score: Score) -> None:
    """The score as a MusicXML file, written whole."""
    with whole_file(path) as file:
        file.write(musicxml(score))


def musicxml(score: Score) -> bytes:
    """The score as MusicXML."""
    from music21.musicxml.m21ToXml import GeneralObjectExporter

    return GeneralObjectExporter(to_music21(score)).parse()


def notes(score: Score, v: int) -> list[Event]:
    """A voice as notes and rests, a rest with pitch 0, without gaps."""
    pitches = score.pitches[:, v]
    change = np.array(score.starts[:, v])
    change[0] = True
    change[1:] |= pitches[1:] != pitches[:-1]
    begins = [int(t) for t in np.flatnonzero(change)]
    ends = [*begins[1:], len(pitches)]
    return [
        Event(b, e, int(pitches[b]))
        for b, e in zip(begins, ends, strict=True)
    ]


def _bars(score: Score, v: int, sharps: int) -> list[list[Any]]:
    """The notes of a voice as music21's, cut at bar lines and tied."""
    from music21 import note, tie

    T = len(score.pitches)
    lines = [0, *range(score.pickup or score.bar, T, score.bar), T]
    bars: list[list[Any]] = []
    for left, right in itertools.pairwise(lines):
        bar = []
        for begin, end, pitch in notes(score, v):
            if end <= left or begin >= right:
                continue
            span = min(end, right) - max(begin, left)
            name = spelled(pitch, sharps)
            made: Any = note.Note(name) if pitch else note.Rest()
            made.quarterLength = span * score.frame
            if pitch and end > right:
                made.tie = tie.Tie("start" if begin >= left else "continue")
            elif pitch and begin < left:
                made.tie = tie.Tie("stop")
            bar.append(made)
        bars.append(bar)
    return bars


def _signature(quarters: float) -> str:
    """A time signature for a bar so long: 4/4, 3/8, ..."""
    for lower in (4, 8, 16, 32, 64):
        upper = quarters * lower / 4
        if abs(upper - round(upper)) < 1e-6:
            return f"{round(upper)}/{lower}"
    raise ValueError(f"bar: no time signature has {quarters} quarters")


def _clef(pitches: np.ndarray) -> Any:
    from music21 import clef

    sung = pitches[pitches > 0]
    low = sung.size and np.mean(sung) < 57
    return clef.BassClef() if low else clef.TrebleClef()
