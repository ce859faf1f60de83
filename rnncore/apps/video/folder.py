"""Films of one's own: a folder with a folder for each class, or with a table."""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnncore.apps.spine import common
from rnncore.apps.spine.common import format_count
from rnncore.apps.video import TABLE
from rnncore.apps.video.features import ENDING, Encoder
from rnncore.backend import check_shape
from rnncore.data.translation import Pair, read_pairs
from rnncore.storage.files import Refused, composed
from rnncore.storage.names import check_named, plain_name
from rnncore.storage.same import Seen
from rnncore.storage.words import plain_words
from rnncore.video.files import read_video
from rnncore.video.frames import seconds_of

LONGEST = 20  # words of a caption that is learned, scored or written
SHOWN = 60  # characters of what is said of a film
NAMED = 8  # classes that are counted one by one


class View(NamedTuple):
    """How a network sees a film."""

    T: int  # frames
    S: int  # their width and height
    whole: bool = False  # all of a frame; else its middle square
    encoder: str | None = None  # features in place of pixels
    device: Any = None  # of the encoder


class Film(NamedTuple):
    """One film as a network sees it."""

    name: str
    frames: np.ndarray  # (T, S, S); of features (T, F)
    seconds: float  # 0: nobody knows
    said: list[str]  # its class, or its captions


class Films(NamedTuple):
    """Films side by side, and where they are from."""

    frames: np.ndarray  # (N, T, S, S); of features (N, T, F)
    names: list[str]
    seconds: list[float]
    said: list[list[str]]
    left_out: dict[str, str]  # reasons, by name
    where: str

    def choose(self, kept: Sequence[int], left_out: dict[str, str]) -> "Films":
        """Some of the films, and why others are left out."""
        return self._replace(
            frames=self.frames[kept],
            names=[self.names[k] for k in kept],
            seconds=[self.seconds[k] for k in kept],
            said=[self.said[k] for k in kept],
            left_out=self.left_out | left_out,
        )

    @property
    def digest(self) -> str:
        """By which the same films are recognised."""
        content = self.frames.tobytes() + repr(self.said).encode()
        return common.compute_fingerprint(content)


def view_of(about: dict[str, Any], device: Any = None) -> View:
    """How the network of a model's file sees films.

    Raises Refused where the file does not say so.
    """
    sizes = [about.get(name) for name in ("T", "S")]
    known = [n for n in sizes if isinstance(n, int) and 0 < n < 10_000]
    if len(known) < 2:
        raise Refused("the model does not say what films it learned from")
    T, S = known
    return View(T, S, about.get("whole", False), about.get("encoder"), device)


def make_reader(view: View) -> Callable[[Path], np.ndarray]:
    """What reads a file: T frames of pixels, or T rows of features.

    Raises Refused where the encoder is not installed.
    """
    T, S, whole, encoder, device = view
    if encoder is None:
        return lambda path: read_video(path, T, S, whole)
    eye = Encoder(encoder, common.note, device)
    return lambda path: eye.see_film(path, T)


def read_classes(folder: Path, view: View) -> Films:
    """The films in the folders of a folder, which are their classes.

    Raises Refused where there are not two classes with films.
    """
    if not folder.is_dir():
        raise Refused(f"{folder}: expected a folder with a folder of films a class")
    todo, left_out = [], dict[str, str]()
    for place in sorted(folder.iterdir()):
        name = composed(place.name)
        if not place.is_dir():
            left_out[name] = "in no class's folder"
        elif name.startswith("."):
            left_out[name] = "hidden"
        else:
            inside = sorted(place.iterdir())
            todo += [(f"{name}/{composed(p.name)}", p, [name]) for p in inside]
    found = read_each(todo, view, left_out)
    return gather(found, left_out, str(folder), of_classes=True)


def read_captions(folder: Path, view: View) -> Films:
    """The films of a folder and below it, and what its table says of them.

    Raises Refused naming the line that is no film and words with a tab
    between them, or where no film is left.
    """
    if not folder.is_dir():
        raise Refused(f"{folder}: expected a folder with films and {TABLE}")
    table, left_out = folder / TABLE, dict[str, str]()

    def report(line: str, reason: str) -> None:
        left_out[f"{TABLE}, {line}"] = reason

    pairs = read_pairs(table, report, ("file", "words"))
    said = _group_captions(pairs, left_out)
    files = {
        plain_name(path.relative_to(folder).as_posix()): path
        for path in sorted(folder.rglob("*"))
        if path != table and not path.is_dir()
    }
    for name in sorted(said.keys() - files.keys()):
        left_out[name] = f"named in {TABLE}, but not there"
    for name in sorted(files.keys() - said.keys()):
        if not _is_kept(files[name]):
            left_out[name] = f"with no usable line in {TABLE}"
    todo = [(name, files[name], said[name]) for name in files if name in said]
    check_named(table, said, files)
    found = read_each(todo, view, left_out)
    return gather(found, left_out, str(folder))


def read_given(films: Sequence, said: Sequence, view: View, of_classes: bool) -> Films:
    """Films that come themselves, and what is said of each."""
    if len(films) != len(said):
        what = "labels" if of_classes else "captions"
        raise ValueError(f"{what}: expected {len(films)}, got {len(said)}")
    several = [[one] if isinstance(one, str) else [*one] for one in said]
    if not of_classes:
        several = [[as_caption(one) for one in some] for some in several]
    frames = see_films(films, view)
    found = [
        Film(f"film {k}", one, 0.0, words)
        for k, (one, words) in enumerate(zip(frames, several, strict=True), 1)
    ]
    return gather(found, {}, "the films", of_classes)


def see_films(films: Sequence, view: View) -> np.ndarray:
    """Files, or arrays of grey frames, as a network sees them.

    An encoder gives features (N, T, F) in their place.

    Shapes: -> frames (N, T, S, S)

    Raises Refused naming a file that is no film, ValueError where an array
    has another shape, or an encoder is to see it.
    """
    read, found = make_reader(view), []
    for film in films:
        if isinstance(film, str | os.PathLike):
            found.append(read(Path(film)))
        elif view.encoder:
            raise ValueError(f"film: expected a file, which {view.encoder} sees")
        else:
            check_shape("film", film, view.T, view.S, view.S)
            found.append(np.asarray(film, np.float32))
    return np.stack(found)


def read_each(
    todo: Iterable[tuple[str, Path, list[str]]], view: View, left_out: dict[str, str]
) -> list[Film]:
    """The films among these files, whatever their names end in.

    `left_out` is told why another is none.
    """
    read, found = make_reader(view), []
    for name, path, said in common.Bar("reading", "film")([*todo]):
        if _is_kept(path):
            continue
        if not path.is_file():  # a pipe is not waited for
            left_out[name] = "a folder, or no file"
            continue
        try:
            film = Film(name, read(path), seconds_of(path), said)
        except (Refused, OSError) as error:
            why = common.reason_of(error).removeprefix(f"{path}: ")
            left_out[name] = "no film" if why.startswith("no film") else why
        else:
            found.append(film)
    return found


def _is_kept(path: Path) -> bool:
    """Whether an encoder kept it beside a film."""
    return path.name.startswith(".") and path.suffix == ENDING


def gather(
    films: Sequence[Film],
    left_out: dict[str, str],
    where: str,
    of_classes: bool = False,
) -> Films:
    """Films side by side, each once; one in two classes is in none.

    Raises Refused where none is left, or one class.
    """
    seen, kept = Seen(), dict[str, Film]()
    for film in films:
        first = seen.find(film.name, film.frames.tobytes())
        if first is None:
            kept[film.name] = film
            continue
        left_out[film.name] = "the same film as another"
        if of_classes and first in kept and kept[first].said != film.said:
            left_out[first] = "a film in two classes"
            del kept[first]
    classes = {film.said[0] for film in kept.values()} if of_classes else ()
    told = "; ".join(["", *common.count_left_out(left_out)])
    if of_classes and len(classes) < 2:
        raise Refused(
            f"{where}: expected films of at least two classes, got {len(classes)}{told}"
        )
    if not kept:
        raise Refused(f"{where}: no film is left{told}")
    names, frames, seconds, said = zip(*kept.values(), strict=True)
    columns = np.stack(frames), [*names], [*seconds], [*said]
    return Films(*columns, left_out, where)


def show_read(films: Films, of_classes: bool) -> list[str]:
    """How many, how long, and the first and the last as they were understood."""
    counts = Counter(one for some in films.said for one in some)
    if of_classes:
        what = f"of {len(counts)} classes"
        if len(counts) <= NAMED:
            what = ", ".join(f"{name} {n}" for name, n in sorted(counts.items()))
    else:
        what = format_count(counts.total(), "caption")
    lasts = f", {sum(films.seconds):.0f} s" * any(films.seconds)
    places = [*range(len(films.names))]
    rows = [*places[:2], *places[2:][-1:]]
    return [
        f"{format_count(len(places), 'film')} in {films.where}: {what}{lasts}",
        *("  " + "... " * (k > 1) + _show_film(films, k) for k in rows),
        *common.count_left_out(films.left_out),
    ]


def _show_film(films: Films, k: int) -> str:
    first, *others = films.said[k]
    lasts = f", {films.seconds[k]:.1f} s" * bool(films.seconds[k])
    more = f" (and {len(others)} more)" * bool(others)
    return f"{films.names[k]}{lasts}  ->  {first[:SHOWN]}{more}"


def _group_captions(
    pairs: Iterable[Pair], left_out: dict[str, str]
) -> dict[str, list[str]]:
    """The captions that can be learned, by the film that they are of."""
    said, count = defaultdict(list), Counter[str]()
    for name, text in pairs:
        name = plain_name(name)
        count[name] += 1
        try:
            said[name].append(as_caption(text))
        except Refused as error:
            left_out[f"caption {count[name]} of {name}"] = str(error)
    return {name: captions for name, captions in said.items() if captions}


def as_caption(text: str) -> str:
    """A sentence as it is learned: its words without signs.

    Raises Refused where there is no word, or there are too many.
    """
    caption = plain_words(text)
    if not caption:
        raise Refused("without a word")
    if caption.count(" ") >= LONGEST:
        raise Refused(f"of more than {LONGEST} words")
    return caption
