"""Write rnncore/data/chorales.npz from music21's corpus; two minutes.

What is stored of each chorale in four parts is its notes on a grid of
eighth notes: which pitch sounds in which part and where it begins, the
length of the bar and of the upbeat, and the name of the file. --check
compares and writes nothing.
"""

import argparse
import io
import sys
from pathlib import Path

import numpy as np
from music21 import corpus
from tqdm import tqdm

from rnncore.data.music import CHORALES
from rnncore.files import whole_file
from rnncore.music.files import from_music21
from rnncore.music.score import Score, encode


def files() -> list[Path]:
    """The files of the corpus that hold chorales."""
    numbers = corpus.chorales.Iterator(returnType="filename")
    return [Path(file) for file in dict.fromkeys(numbers)]


def chorale(file: Path) -> tuple[Score, int] | None:
    """The score of a file, where it has four parts, and how many notes."""
    stream = corpus.parse(file, forceSource=True)
    if len(stream.parts) != 4:
        return None
    # the name whole: bwv244.54 has no ending that says xml
    score = from_music21(stream, 0.5, file.name)
    if score is None or score.pitches.shape[1] != 4:
        return None
    return score, len(stream.stripTies().recurse().notes)


def chorales_file() -> tuple[bytes, str]:
    """The content of the file, and what was left out."""
    tokens, about = [], []
    events, kept = 0, 0
    all_files = files()
    for file in tqdm(all_files, desc="chorales"):
        if found := chorale(file):
            score, notes = found
            events += notes
            kept += int(score.starts.sum())
            tokens.append(encode(score).astype(np.uint8))
            about.append((file.name, score.bar, score.pickup))
    ends = np.cumsum([len(t) for t in tokens])
    names, bars, pickups = zip(*about, strict=True)
    file = io.BytesIO()
    np.savez_compressed(
        file,
        tokens=np.concatenate(tokens),
        ends=ends.astype(np.int32),
        names=np.array(names),
        bars=np.array(bars, np.uint8),
        pickups=np.array(pickups, np.uint8),
        notes=np.array([events, kept]),
    )
    return file.getvalue(), (
        f"{len(all_files)} files, {len(tokens)} in four parts; {kept} of "
        f"{events} notes begin in a frame of their own"
    )


def main() -> int:
    """Write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    content, told = chorales_file()
    print(told)
    if check:
        with np.load(io.BytesIO(content)) as new, np.load(CHORALES) as old:
            same = new.files == old.files and all(
                np.array_equal(new[k], old[k]) for k in new.files
            )
        print("the same" if same else "another content")
        return 0 if same else 1
    with whole_file(CHORALES) as file:
        file.write(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
