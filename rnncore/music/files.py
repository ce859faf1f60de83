"""Scores from files and into files: MIDI, MusicXML and ABC.

music21 reads MusicXML and writes; `rnncore.music.abc` and `midi` read the
others. What is read becomes a photograph a frame: a note shorter than a
frame that lies between two of them is lost. Repeats are not played out.
"""

import itertools
import os
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnncore.music.abc import Sound, Tune, read_abc
from rnncore.music.midi import read_midi
from rnncore.music.score import (
    KEYS,
    LOWEST,
    Score,
    check_score,
    from_piano_roll,
)
from rnncore.storage.files import check_size, read_bytes, whole_file
from rnncore.storage.intake import is_zip, open_zip

ENDINGS = (".mid", ".midi", ".musicxml", ".xml", ".mxl", ".abc")
TEMPO = 80.0  # quarter notes a minute, where the file does not say
LATE = 0.12  # of a frame: as much as a player's fingers may be behind
LONGEST = 50_000  # frames: an hour of eighth notes is a damaged file
OTHER = "no MIDI, MusicXML or ABC by its ending"
SILENT = "there are no notes in it"
UNHEARD = (
    "there are only drums in it, or notes that are shorter than a frame or "
    "that no piano has"
)


class Tally(NamedTuple):
    """How many notes of a piano's stand in a file, and on its grid."""

    written: int
    kept: int


class Folder(NamedTuple):
    """What a folder holds, or a file."""

    scores: list[Score]
    unreadable: dict[str, str]  # file, or tune of a file, to why
    remarks: dict[str, str]  # what is to be known of others
    nothing: str = SILENT  # why there is no score, where none is refused
    tally: Tally = Tally(0, 0)


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

    Warns of each tune that is left out, and of notes that a MIDI file
    never ends. Raises ValueError naming the file where it cannot be read
    or holds no notes.
    """
    found = _read(Path(path), frame)
    for name, reason in (found.unreadable | found.remarks).items():
        warnings.warn(f"{path}: {name}: {reason}", stacklevel=2)
    return found.scores


def _read(path: Path, frame: float) -> Folder:
    """What a file holds, by the names of its tunes."""
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file")
    if path.suffix.lower() not in ENDINGS:
        raise ValueError(f"{path}: expected one of {', '.join(ENDINGS)}")
    check_size(path, path.stat().st_size, "score")
    if path.stat().st_size == 0:
        raise ValueError(f"{path}: the file is empty")
    read = READERS.get(path.suffix.lower(), _read_musicxml)
    try:
        found = read(path, frame)
    except Exception as error:  # music21 raises dozens of kinds
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{path}: unreadable: {reason[:200]}") from error
    if not found.scores:
        told = [f"{name}: {why}" for name, why in found.unreadable.items()]
        raise ValueError(f"{path}: {'; '.join(told[:3]) or found.nothing}")
    return found


def _read_abc(path: Path, frame: float) -> Folder:
    """The tunes of an ABC file."""
    content = read_bytes(path, "score")
    try:
        text = content.decode("utf-8-sig")  # as ABC 2.1 has it
    except UnicodeDecodeError:
        text = content.decode("latin-1")  # as older files do
    book = read_abc(text)
    made = [from_tune(tune, frame, path.stem) for tune in book.tunes]
    heard = any(part for tune in book.tunes for part in tune.parts)
    return _folder(made, heard, book.refused)


def _read_musicxml(path: Path, frame: float) -> Folder:
    """The score, or the scores, of a MusicXML file, as they sound."""
    from music21 import converter, stream

    if is_zip(path):  # as an .mxl is
        found: Any = converter.parseData(
            _unpack_score(path), format="musicxml"
        )
    else:
        found = converter.parse(  # no pickle read, none written
            path, forceSource=True, storePickle=False
        )
    opus = isinstance(found, stream.Opus)
    made = []
    for score in list(found.scores) if opus else [found]:
        score.toSoundingPitch(inPlace=True)  # a clarinet's are written
        made.append(from_music21(score, frame, path.stem))
    return _folder(made, len(found.recurse().notes) > 0)


def _unpack_score(path: Path) -> str:
    """The score of an .mxl: the root file that its container.xml names.

    Beside it there may be its parts, or what an archiver adds.
    """
    from defusedxml.ElementTree import fromstring

    with open_zip(path, "score") as archive:  # it refuses what grows
        container = fromstring(archive.read("META-INF/container.xml"))
        named = [
            e.get("full-path") for e in container.iter() if _is_root(e)
        ]
        if not named:
            raise ValueError("its container.xml names no root file")
        return archive.read(str(named[0])).decode("utf-8-sig")


def _is_root(element: Any) -> bool:
    """Whether it names a score, not a picture or sound of it."""
    kind = element.get("media-type", "")
    return str(element.tag).endswith("rootfile") and (
        not kind or "musicxml" in kind or kind.endswith("xml")
    )


def _read_midi(path: Path, frame: float) -> Folder:
    """The score of a MIDI file, and whether notes never end in it."""
    found = read_midi(read_bytes(path, "midi"))
    made = from_tune(found.tune, frame, path.stem, LATE)
    told = f"{found.endless} that never end last to the end of their track"
    remarks = {"notes": told} if found.endless else {}
    heard = found.drums or any(found.tune.parts)
    return _folder([made], heard, remarks=remarks)


def _folder(
    made: list[tuple[Score | None, Tally]],
    heard: bool,
    refused: dict[str, str] | None = None,
    remarks: dict[str, str] | None = None,
) -> Folder:
    """The scores of a file; `heard`: whether there are notes, or drums."""
    nothing = UNHEARD if heard else SILENT
    found = [score for score, _ in made if score]
    tally = _add_up(tally for _, tally in made)
    return Folder(found, refused or {}, remarks or {}, nothing, tally)


def _add_up(counts: Iterable[Tally]) -> Tally:
    written, kept = np.array([Tally(0, 0), *counts]).sum(0)
    return Tally(int(written), int(kept))


READERS: dict[str, Callable[[Path, float], Folder]] = {
    ".abc": _read_abc,
    ".mid": _read_midi,
    ".midi": _read_midi,
}


def read_folder(
    path: str | os.PathLike,
    frame: float = 0.5,
    progress: Callable[[Iterable[Path]], Iterable[Path]] | None = None,
) -> Folder:
    """All scores in a folder and below it, and what it cannot read.

    Raises ValueError where there is no folder, or no score in it.
    """
    folder = Path(path)
    if not folder.is_dir():
        what = "expected a folder, got a file"
        what = what if folder.exists() else "there is no such folder"
        raise ValueError(f"{folder}: {what}")
    every = sorted(f for f in folder.rglob("*") if f.is_file())
    files = [f for f in every if f.suffix.lower() in ENDINGS]
    other = {
        str(f.relative_to(folder)): OTHER for f in every if f not in files
    }
    scores: list[Score] = []
    unreadable: dict[str, str] = {}
    remarks: dict[str, str] = {}
    tallies: list[Tally] = []
    for file in progress(files) if progress else files:
        name = str(file.relative_to(folder))
        try:
            found = _read(file, frame)
        except ValueError as error:
            _, _, unreadable[name] = str(error).partition(f"{file}: ")
            continue
        scores += found.scores
        tallies.append(found.tally)
        for all_files, of_file in (
            (unreadable, found.unreadable),
            (remarks, found.remarks),
        ):
            all_files |= {f"{name}, {k}": v for k, v in of_file.items()}
    if not files:
        raise ValueError(
            f"{folder}: there is no file that ends in {', '.join(ENDINGS)}"
        )
    if not scores:
        raise ValueError(f"{folder}: {_describe_unreadable(unreadable)}")
    unreadable |= other
    return Folder(scores, unreadable, remarks, tally=_add_up(tallies))


def _describe_unreadable(unreadable: dict[str, str]) -> str:
    """Why no file could be read, one line for each of the first ten."""
    count = len(unreadable)
    what = f"none of {count} files" if count > 1 else "its one file cannot"
    lines = [f"{what} {'can ' if count > 1 else ''}be learned from"]
    for name, reason in list(unreadable.items())[:10]:
        lines.append(f"  {name}: {reason}")
    if count > 10:
        lines.append(f"  and {count - 10} more")
    return "\n".join(lines)


def from_tune(
    tune: Tune, frame: float, title: str, late: float = 0.0
) -> tuple[Score | None, Tally]:
    """A tune on a grid, None where it holds no notes; what the grid keeps.

    Voices as in `from_music21`. Beginnings and ends may come `late`, by a
    part of a frame.
    """
    parts = [_put_on_grid(part, frame, late) for part in tune.parts]
    quarters = 4 if tune.bar is None else tune.bar
    bar = max(1, round(quarters / frame))
    pickup = round(tune.first / frame) % bar if tune.first < quarters else 0
    made = _from_parts(
        [p for p in parts if p],
        frame=frame,
        tempo=round(tune.tempo or TEMPO, 6),
        bar=bar,
        pickup=pickup,
        title=tune.title or title,
    )
    return made, _count(tune.parts, parts)


def from_music21(
    score: Any, frame: float, title: str
) -> tuple[Score | None, Tally]:
    """A score of music21's on a grid, and its notes, as from `from_tune`.

    Parts that sing one note at a time become a voice each, from high to
    low. Anything else goes through a piano roll, so that chords come
    apart into voices.
    """
    written = [_sounds(p) for p in getattr(score, "parts", [])]
    written = written or [_sounds(score)]
    parts = [_put_on_grid(sounds, frame) for sounds in written]
    about = _about(score, frame, title)
    made = _from_parts([p for p in parts if p], **about)
    return made, _count(written, parts)


def _count(written: list[list[Sound]], parts: list[list[Event]]) -> Tally:
    sounds = [s for part in written for s in part if _is_a_pianos(s.pitch)]
    return Tally(len(sounds), sum(map(len, parts)))


def _is_a_pianos(pitch: int) -> bool:
    return LOWEST <= pitch < LOWEST + KEYS


def _from_parts(parts: list[list[Event]], **about: Any) -> Score | None:
    """The score of some parts, None where there is none."""
    if not parts:
        return None
    T = max(e.end for part in parts for e in part)
    if T > LONGEST:
        raise ValueError(f"expected at most {LONGEST} frames, got {T}")
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


def _sounds(part: Any) -> list[Sound]:
    """The notes of a part of music21's.

    Ties are joined, in whichever voice of the next bar they go on. A chord
    gives a note a pitch; what is no pitch of a piano, such as a drum,
    gives none.
    """
    from music21.common.numberTools import opFrac

    found: list[Sound] = []
    tied = defaultdict[tuple, list[int]](list)  # pitch and end: its notes
    for chord in part.flatten().notes:
        begin = opFrac(chord.offset)
        end = opFrac(begin + chord.quarterLength)
        for note in getattr(chord, "notes", (chord,)):
            if not hasattr(note, "pitch"):
                continue
            pitch, tie = note.pitch.midi, note.tie.type if note.tie else ""
            k = len(found)
            if tie in ("stop", "continue") and tied[pitch, begin]:
                k = tied[pitch, begin].pop()
            if k == len(found):
                found.append(Sound(begin, end, pitch))
            found[k] = found[k]._replace(end=end)
            if tie in ("start", "continue"):
                tied[pitch, end].append(k)
    return found


def _put_on_grid(
    sounds: Iterable[Sound], frame: float, late: float = 0.0
) -> list[Event]:
    """The notes that sound at the beginning of some frame, or `late`."""
    found = []
    for begin, end, pitch in sounds:
        first = _ceil(begin / frame - late)
        short = min(first + 1, _ceil(end / frame))
        last = max(_ceil(end / frame - late), short)
        if first < last and _is_a_pianos(pitch):
            found.append(Event(first, last, pitch))
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
