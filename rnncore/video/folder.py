"""Films of one's own: files that can be read, and a table of captions."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnncore.data.translation import read_pairs
from rnncore.storage.files import Refused, composed
from rnncore.storage.same import Seen
from rnncore.storage.words import plain_words
from rnncore.video.files import read_video

ENDINGS = ".mp4", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".gif"
LONGEST = 20  # words of a caption that is learned, scored or written


class Captioned(NamedTuple):
    """Films, and for each one caption or several."""

    frames: np.ndarray  # (N, T, S, S)
    captions: list[list[str]]


def read_films(
    files: Iterable[Path],
    T: int,
    S: int,
    report: Callable[[str], None],
    whole: bool = False,
) -> Iterator[tuple[Path, np.ndarray]]:
    """The films among these files, as `read_video` reads them.

    `report` is told which cannot be read, and why.
    """
    for path in files:
        if path.suffix.lower() not in ENDINGS:
            continue
        try:
            film = read_video(path, T, S, whole)
        except Refused as error:
            report(f"left out: {error}")
        else:
            yield path, film


def read_captioned(
    folder: Path,
    table: Path,
    T: int,
    S: int,
    report: Callable[[str], None],
    progress: Callable[[Sequence[Path]], Iterable[Path]] = iter,
) -> Captioned:
    """The films of a folder and below it that a table has captions for.

    Each line of the table has a film's name below the folder, a tab and
    a caption; a film may have several lines. `report` is told what is left
    out: also a film that shows what another does, so that no two parts of
    the films have it.

    Raises Refused naming what cannot be read, or where no film is left.
    """
    if not folder.is_dir():
        raise Refused(f"{folder}: there is no such folder")
    said = _captions(table, report)

    def format_name(path: Path) -> str:
        """As a table has it: with single spaces."""
        return " ".join(
            composed(path.relative_to(folder).as_posix()).split()
        )

    files = {
        format_name(path): path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in ENDINGS
    }
    for name in sorted(said.keys() - files.keys()):
        report(f"left out: {name}: there is no such film in {folder}")
    for name in sorted(files.keys() - said.keys()):
        report(f"left out: {files[name]}: it has no caption in {table}")
    names = {path: name for name, path in files.items() if name in said}
    frames, captions = [], []
    seen = Seen()
    for path, film in read_films(progress([*names]), T, S, report):
        if first := seen.find(str(path), film.tobytes()):
            report(f"left out: {path}: the same film as {first}")
            continue
        frames.append(film)
        captions.append(said[names[path]])
    if not frames:
        raise Refused(f"{folder}: no film with a caption can be used")
    return Captioned(np.stack(frames), captions)


def frame_sizes(path: Path, about: dict[str, Any]) -> tuple[int, int]:
    """T and S: the films that a model learned from.

    Raises Refused naming its file where it does not say so.
    """
    known = (about.get("T"), about.get("S"))
    sizes = [n for n in known if isinstance(n, int) and 0 < n < 10_000]
    if len(sizes) < 2:
        raise Refused(f"{path}: it does not say what films it learned from")
    return sizes[0], sizes[1]


def nearest(
    frames: np.ndarray,
    known: Sequence[int],
    asked: Sequence[int],
    progress: Callable[[Any], Iterable] = iter,
) -> list[int]:
    """For each film asked for, the known one that is most like it.

    The means of their frames are compared, so that no order counts.

    Shapes: frames (N, T, S, S)
    """
    learned, others = (
        frames[list(part)].mean(axis=1).reshape(len(part), -1)
        for part in (known, asked)
    )
    return [
        known[((film - learned) ** 2).sum(axis=1).argmin()]
        for film in progress(others)
    ]


def _captions(
    table: Path, report: Callable[[str], None]
) -> dict[str, list[str]]:
    """The captions of each film that a table names."""
    found: dict[str, list[str]] = defaultdict(list)

    def report_left_out(line: str) -> None:
        report(f"left out: {line}")

    for name, text in read_pairs(
        table, report_left_out, ("film", "caption")
    ):
        try:
            found[name].append(as_caption(text))
        except Refused as error:
            report_left_out(f"a caption of {name}: {error}")
    found = {name: said for name, said in found.items() if said}
    if not found:
        raise Refused(f"{table}: no caption can be used")
    return found


def as_caption(text: str) -> str:
    """A sentence as it is learned: its words without signs.

    Raises Refused where there is no word, or there are too many.
    """
    caption = plain_words(text)
    if not caption:
        raise Refused(f"there is no word in {text[:60]!r}")
    if caption.count(" ") >= LONGEST:
        words = caption.count(" ") + 1
        raise Refused(f"expected at most {LONGEST} words, got {words}")
    return caption
