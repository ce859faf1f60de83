"""Write rnncore/data/reels.npz and chorales.npz from music21's corpus.

Of each reel its title and the pitches and lengths of its notes are stored,
without rests and ornaments. Of each chorale in four parts it is its notes
on a grid of eighth notes: which pitch sounds in which part and where it
begins, the length of the bar and of the upbeat, and the name of the file.
Two minutes, for the chorales. --check compares and writes nothing; of the
reels it compares music21's own reading, too.
"""

import argparse
import io
import re
import sys
from pathlib import Path

import numpy as np
from music21 import abcFormat, corpus, pitch
from tqdm import tqdm

from rnncore.data.music import CHORALES, REELS
from rnncore.music.abc import Sound, read_abc
from rnncore.music.files import from_music21
from rnncore.music.score import Score, encode
from rnncore.storage.files import whole_file

ONEILL = "oneills1850/1376-1475.abc"  # a hundred of O'Neill's 1,850 tunes
UNHEARD = re.compile(r"\{[^}]*\}|\((?!\d)|\)")  # grace notes and slurs, in ABC


def read_oneill() -> str:
    """The text of the reels, in ABC."""
    file = corpus.getWork(ONEILL)
    assert isinstance(file, Path)  # a list where the name is of several
    return file.read_text(encoding="latin-1")


def read_reels() -> dict[str, np.ndarray]:
    """The notes of all tunes, one after the other, and where each ends."""
    book = read_abc(read_oneill())
    assert not book.refused
    found: dict[str, list[Sound]] = {}
    for tune in book.tunes:
        found.setdefault(tune.title, tune.parts[0])
    notes = [note for tune in found.values() for note in tune]
    return {
        "titles": np.array(list(found)),
        "ends": np.cumsum([len(tune) for tune in found.values()]),
        "pitches": np.array([note.pitch for note in notes], np.int8),
        "beats": np.array([float(note.end - note.begin) for note in notes]),
    }


def is_read_again(content: dict[str, np.ndarray]) -> bool:
    """Whether music21, which is not our reader, reads these reels, too.

    Its tokens, not its scores, which cut a note in two where a triplet has a
    grace note. It lets accidentals hold to the end of the bar only in a text
    that calls itself ABC 2, and forgets a broken rhythm at a slur.
    """
    text = "%abc-2.1\n" + UNHEARD.sub("", read_oneill())
    pitches, beats = [], []
    titles = set()
    for tune in abcFormat.ABCFile().readstr(text).splitByReferenceNumber().values():
        if tune.getTitle() in titles:
            continue
        titles.add(tune.getTitle())
        for token in tune.tokens:
            if type(token) is abcFormat.ABCNote and not token.isRest:
                group = token.activeTuplet
                ratio = group.tupletMultiplier() if group else 1
                pitches.append(pitch.Pitch(token.pitchName).midi)
                beats.append(float(token.quarterLength * ratio))
    return np.array_equal(pitches, content["pitches"]) and np.array_equal(
        beats, content["beats"]
    )


def list_files() -> list[Path]:
    """The files of the corpus that hold chorales."""
    numbers = corpus.chorales.Iterator(returnType="filename")
    return [Path(file) for file in dict.fromkeys(numbers)]


def read_chorale(file: Path) -> tuple[Score, int] | None:
    """The score of a file, where it has four parts, and how many notes."""
    stream = corpus.parse(file, forceSource=True)
    if len(stream.parts) != 4:
        return None
    # the full name: bwv244.54 has no ending that says xml
    score, _ = from_music21(stream, 0.5, file.name)
    if score is None or score.pitches.shape[1] != 4:
        return None
    return score, len(stream.stripTies().recurse().notes)


def read_chorales() -> tuple[dict[str, np.ndarray], str]:
    """The content of the file, and what was left out."""
    tokens, about = [], []
    events, kept = 0, 0
    all_files = list_files()
    for file in tqdm(all_files, desc="chorales"):
        if found := read_chorale(file):
            score, notes = found
            events += notes
            kept += int(score.starts.sum())
            tokens.append(encode(score).astype(np.uint8))
            about.append((file.name, score.bar, score.pickup))
    ends = np.cumsum([len(t) for t in tokens])
    names, bars, pickups = zip(*about, strict=True)
    return {
        "tokens": np.concatenate(tokens),
        "ends": ends.astype(np.int32),
        "names": np.array(names),
        "bars": np.array(bars, np.uint8),
        "pickups": np.array(pickups, np.uint8),
        "notes": np.array([events, kept]),
    }, (
        f"{len(all_files)} files, {len(tokens)} in four parts; {kept} of "
        f"{events} notes begin in a frame of their own"
    )


def has_content(path: Path, content: dict[str, np.ndarray]) -> bool:
    """Whether a file has this content."""
    with np.load(path) as old:
        return set(old) == set(content) and all(
            np.array_equal(old[name], content[name]) for name in content
        )


def main() -> int:
    """Write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    found, told = read_chorales()
    print(told)
    wrong = False
    for path, content in ((REELS, read_reels()), (CHORALES, found)):
        if check:
            equal = has_content(path, content)
            if path == REELS:
                equal = equal and is_read_again(content)
            print(f"{path.name}: {'the same' if equal else 'another content'}")
            wrong = wrong or not equal
            continue
        packed = io.BytesIO()
        np.savez_compressed(packed, allow_pickle=False, **content)
        with whole_file(path) as file:
            file.write(packed.getvalue())
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
