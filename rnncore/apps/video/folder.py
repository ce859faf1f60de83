"""Films of one's own: files that can be read, and a table of captions."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnncore.apps.video.features import (
    ENDING,
    GIVEN,
    PHOTOGRAPHS,
    Encoder,
    read_features,
    spread,
)
from rnncore.apps.video.protocols import read_said
from rnncore.data.translation import read_pairs
from rnncore.storage.files import Refused, composed
from rnncore.storage.names import match_names
from rnncore.storage.same import Seen
from rnncore.storage.words import plain_words
from rnncore.video.files import read_video

ENCODER = "efficientnet-lite0"  # of photographs, unless one is named
ENDINGS = (
    *(".mp4", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".gif"),
    *(".m4v", ".3gp", ".mts"),  # of telephones and cameras
)
LONGEST = 20  # words of a caption that is learned, scored or written


class Reader(NamedTuple):
    """How films are read: which files are any, and what is seen of one."""

    endings: tuple[str, ...]
    read: Callable[[Path], np.ndarray]


class Captioned(NamedTuple):
    """Films, and for each one caption or several."""

    frames: np.ndarray  # (N, T, S, S); of features (N, T, F)
    captions: list[list[str]]
    parts: Sequence[int] = ()  # training, validation, test; -1: not told
    encoder: str | None = None
    places: bool = False  # photographs: T is their places


def make_reader(
    T: int,
    S: int,
    whole: bool = False,
    encoder: str | None = None,
    report: Callable[[str], None] = print,
    device: Any = None,
) -> Reader:
    """How a network sees films: T frames of pixels, or rows of features.

    Raises Refused where there is no such encoder, or it is not installed.
    """
    if encoder is None:
        return Reader(ENDINGS, lambda path: read_video(path, T, S, whole))
    if encoder == GIVEN:
        return Reader((ENDING,), lambda path: spread(read_features(path), T))
    eye = Encoder(encoder, report, device)

    def read(path: Path) -> np.ndarray:
        if is_photograph(path):
            return eye.see_photograph(path)
        return eye.see_film(path, T)

    return Reader(ENDINGS, read)


def read_films(
    files: Iterable[Path], reader: Reader, report: Callable[[str], None]
) -> Iterator[tuple[Path, np.ndarray]]:
    """The films among these files, as this reader sees them.

    `report` is told which cannot be read, and why. What an encoder keeps
    beside a film is none.
    """
    for path in files:
        if not _is_film(path, reader.endings):
            continue
        try:
            film = reader.read(path)
        except Refused as error:
            report(f"left out: {error}")
        else:
            yield path, film


def _is_film(path: Path, endings: Sequence[str]) -> bool:
    kept = path.name.startswith(".") and path.suffix == ENDING
    return path.suffix.lower() in endings and not kept


def stack_films(films: Sequence[np.ndarray]) -> np.ndarray:
    """Films side by side.

    Raises Refused where one has other numbers a row than the first.
    """
    for k, film in enumerate(films):
        if film.shape != films[0].shape:
            raise Refused(
                f"film {k + 1}: expected features {films[0].shape} as of "
                f"the first, got {film.shape}"
            )
    return np.stack(films)


def read_captioned(
    folder: Path,
    table: Path,
    T: int,
    S: int,
    report: Callable[[str], None],
    progress: Callable[[Sequence[Path]], Iterable[Path]] = iter,
    encoder: str | None = None,
    device: Any = None,
) -> Captioned:
    """The films of a folder and below it that a table has captions for.

    Each line of the table has a film's name below the folder, a tab and
    a caption; a film may have several lines. MSVD's and MSR-VTT's files
    are read, too. Photographs are seen by an encoder: by ENCODER, unless
    one is named. `report` is told what is left out: also a film that shows
    what another does, so that no two parts of the films have it.

    Raises Refused naming what cannot be read, or where no film is left.
    """
    if not folder.is_dir():
        raise Refused(f"{folder}: there is no such folder")
    said, part_of = _captions(table, report)
    endings = (ENDING,) if encoder == GIVEN else (*ENDINGS, *PHOTOGRAPHS)
    files = {
        composed(path.relative_to(folder).as_posix()): path
        for path in sorted(folder.rglob("*"))
        if _is_film(path, endings)
    }
    names = match_names(said, files)
    for name in sorted(said.keys() - names.keys()):
        why = f"there is no such film in {folder}"
        if Path(name).suffix.lower() not in ("", *endings):
            why += f" ({', '.join(endings)} are read)"
        report(f"left out: {name}: {why}")
    for name in sorted(files.keys() - {*names.values()}):
        report(f"left out: {files[name]}: it has no caption in {table}")
    found = {files[file]: name for name, file in names.items()}
    found = {path: found[path] for path in sorted(found)}
    kinds = {is_photograph(path) for path in found}
    if len(kinds) == 2:
        raise Refused(f"{folder}: expected films or photographs, got both")
    places = kinds == {True}
    if places and encoder is None:
        encoder = ENCODER
        report(f"photographs are seen by {encoder} (--encoder)")
    reader = make_reader(T, S, False, encoder, report, device)
    reader = reader._replace(endings=endings)
    frames, captions, parts = [], [], []
    seen = Seen()
    for path, film in read_films(progress([*found]), reader, report):
        if first := seen.find(str(path), film.tobytes()):
            report(f"left out: {path}: the same film as {first}")
            continue
        frames.append(film)
        captions.append(said[found[path]])
        parts.append(part_of.get(found[path], -1))
    if not frames:
        why = f"{folder}: no film with a caption can be used"
        if files and not names:
            first, other = min(said), min(files)
            why += f": {table} has names as {first!r}, it as {other!r}"
        raise Refused(why)
    whole = stack_films(frames)
    return Captioned(whole, captions, parts, encoder, places)


def frame_sizes(path: Path, about: dict[str, Any]) -> tuple[int, int]:
    """T and S: the films that a model learned from.

    Raises Refused naming its file where it does not say so.
    """
    known = (about.get("T"), about.get("S"))
    sizes = [n for n in known if isinstance(n, int) and 0 < n < 10_000]
    if len(sizes) < 2:
        raise Refused(f"{path}: it does not say what films it learned from")
    return sizes[0], sizes[1]


def is_photograph(path: Path) -> bool:
    """Whether a file's name ends as a photograph's does."""
    return path.suffix.lower() in PHOTOGRAPHS


def check_features(path: Path, film: np.ndarray, about: dict[str, Any]) -> None:
    """Raise Refused unless a film has as many numbers as a model reads."""
    wanted = about.get("features")
    if wanted is not None and film.shape[1] != wanted:
        raise Refused(
            f"{path}: expected features (T, {wanted}), got (T, {film.shape[1]})"
        )


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
        frames[list(part)].mean(axis=1, dtype=np.float32).reshape(len(part), -1)
        for part in (known, asked)
    )
    return [
        known[((film - learned) ** 2).sum(axis=1).argmin()] for film in progress(others)
    ]


def _captions(
    table: Path, report: Callable[[str], None]
) -> tuple[dict[str, list[str]], dict[str, int]]:
    """The captions of each film that a table names, and its part."""
    found: dict[str, list[str]] = defaultdict(list)

    def report_left_out(line: str) -> None:
        report(f"left out: {line}")

    published = read_said(table)
    pairs: Iterable[tuple[str, str]]
    if published is None:
        columns = ("film", "caption")
        pairs = read_pairs(table, report_left_out, columns)
    else:
        pairs = (
            (name, text) for name, texts in published.captions.items() for text in texts
        )
    for name, text in pairs:
        try:
            found[name].append(as_caption(text))
        except Refused as error:
            report_left_out(f"a caption of {name}: {error}")
    said = {name: captions for name, captions in found.items() if captions}
    if not said:
        raise Refused(f"{table}: no caption can be used")
    return said, published.parts if published else {}


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
