"""Public data sets by name: fetched when asked, checked, kept in a folder.

`sets.toml` says where each comes from, under which licence, and the
SHA-256 of its files. A set takes its place whole or not at all, and what
was there stays until then.
"""

import contextlib
import functools
import hashlib
import os
import re
import secrets
import shutil
import tomllib
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rnncore.data.public.archives import collect, sha256_of
from rnncore.storage.files import Refused, read_text, whole_file

VARIABLE = "RNNCORE_DATA"
SUMS = "SHA256SUMS"  # in a set's folder: what `sha256sum -c` reads
LICENCES = "licences.txt"  # those that were accepted
LARGEST = 2 << 30  # bytes of an archive whose size is not known
MB = 1_000_000
WAIT = 30  # seconds for a server's next bytes


class PublicSet(NamedTuple):
    """A row of the table."""

    name: str
    title: str
    chapter: int
    licence: str
    terms: str  # the licence's address
    cite: str
    bytes: int
    split_source: str
    split: dict[str, Any] = {}  # noqa: RUF012 - never written to
    files: dict[str, str] = {}  # noqa: RUF012
    patterns: Sequence[str] = ()
    total: int = 0  # files
    sha256: str = ""
    raw: str = ""
    archive: str = ""
    origin: str = ""

    def place(self, path: str) -> str | None:
        """Where a source's path belongs in the set; None: nowhere.

        An archive may have one folder around the set.
        """
        for inner in (path, path.partition("/")[2]):
            if inner in self.files or any(
                re.fullmatch(_pattern(p), inner) for p in self.patterns
            ):
                return inner
        return None


@functools.cache
def _pattern(text: str) -> str:
    return re.escape(text).replace(r"\*", "[A-Za-z0-9][A-Za-z0-9_-]*")


@functools.cache
def table() -> dict[str, PublicSet]:
    """All public sets, by name."""
    text = Path(__file__).with_name("sets.toml").read_text("utf-8")
    found = tomllib.loads(text)
    return {name: PublicSet(name, **row) for name, row in found.items()}


def find(name: str) -> PublicSet:
    """The set of this name.

    Raises Refused where there is none.
    """
    if name not in table():
        raise Refused(
            f"{name}: no public set; expected one of {', '.join(table())}"
        )
    return table()[name]


def home(folder: str | os.PathLike | None = None) -> Path:
    """Where the sets are kept: `folder`, RNNCORE_DATA, or the cache."""
    given = folder or os.environ.get(VARIABLE)
    if given:
        return Path(given).expanduser()
    import pooch

    return Path(pooch.os_cache("rnncore"))


def path_of(
    name: str, path: str = "", folder: str | os.PathLike | None = None
) -> Path:
    """A file of a set that is there, or its folder.

    Raises Refused where it is not there, and says how to get it.
    """
    found = home(folder) / find(name).name / path
    if not found.exists():
        raise Refused(
            f"{found} is not there: python -m rnncore data get {name}"
        )
    return found


def is_accepted(one: PublicSet, folder: Path) -> bool:
    """Whether this licence of this set was accepted in this folder."""
    path = folder / LICENCES
    return path.exists() and _line(one) in read_text(path).splitlines()


def accept(one: PublicSet, folder: Path) -> None:
    """Remember that the licence was accepted."""
    if is_accepted(one, folder):
        return
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LICENCES
    before = read_text(path) if path.exists() else ""
    with whole_file(path) as file:
        file.write(f"{before}{_line(one)}\n".encode())


def apart(
    items: Sequence[Any], by: str, test: Collection
) -> tuple[list[Any], list[Any]]:
    """The others, and those whose field `by` is one of `test`.

    Raises ValueError where a part would be empty.
    """
    held = [getattr(one, by) in test for one in items]
    if not any(held) or all(held):
        known = sorted({getattr(one, by) for one in items})
        raise ValueError(f"test: expected some of {known}, got {test}")
    pairs = list(zip(items, held, strict=True))
    return [k for k, h in pairs if not h], [k for k, h in pairs if h]


def official(name: str, items: Sequence[Any]) -> tuple[list, list]:
    """Training and test of fsdd, avletters or msr_action3d as published.

    Raises ValueError where a part would be empty.
    """
    split = find(name).split
    return apart(items, split["by"], split["test"])


def _line(one: PublicSet) -> str:
    return f"{one.name}\t{one.licence}\t{one.terms}"


def get(
    name: str,
    folder: Path,
    source: Path | None = None,
    force: bool = False,
    progress: Callable[..., Any] | None = None,
) -> bool:
    """Put a set into the folder; False where it is there already.

    `source` is a folder or an archive that holds it, or a folder with an
    archive NAME.tar.xz; else it is downloaded. Files of a download that
    broke off are not fetched again.

    Raises Refused where the licence was not accepted, the source is not
    the set, or the disk is full; what was there is then as it was.
    """
    one, target = find(name), folder / name
    if not is_accepted(one, folder):
        raise Refused(
            f"{name}: its licence was not accepted yet: {one.licence} "
            f"({one.terms}); --accept accepts it"
        )
    old = folder / f".{name}.old"
    if old.exists() and not target.exists():  # a replacement broke off
        old.rename(target)
    if target.exists() and not force:
        wrong = verify(name, folder)
        if wrong:
            raise Refused(f"{target}: {wrong[0]}; --force replaces it")
        return False
    with _open_new_folder(name, folder) as part:
        if source is None:
            sums = _download_files(one, folder, part, progress)
        else:
            sums = _collect(one, _inner(source, name), part)
        (part / SUMS).write_text(_listed(sums), "utf-8", newline="\n")
        _replace(part, target, old)
    shutil.rmtree(_name_partial(one, folder), ignore_errors=True)
    return True


def verify(name: str, folder: Path) -> list[str]:
    """What is wrong with a set's files: one line each, none if nothing.

    Raises Refused where the set is not there.
    """
    one, place = find(name), path_of(name, folder=folder)
    path = place / SUMS
    if not path.is_file():
        return [f"{SUMS} is missing"]
    lines = path.read_text("utf-8", "replace").splitlines()
    sums = {k: v for v, _, k in (line.partition("  ") for line in lines)}
    wrong = _differences(one, sums)
    if wrong:
        return [f"{SUMS} is damaged: {wrong}"]
    told = []
    for inner, known in sums.items():
        if not (place / inner).is_file():
            told.append(f"{inner} is missing")
        elif sha256_of(place / inner) != known:
            told.append(f"{inner} has changed")
    there = (p for p in sorted(place.rglob("*")) if p.is_file())
    names = (p.relative_to(place).as_posix() for p in there)
    strange = [n for n in names if n not in sums and one.place(n) == n]
    return told + [f"{n} does not belong to the set" for n in strange]


@contextlib.contextmanager
def _open_new_folder(name: str, folder: Path) -> Iterator[Path]:
    """A folder to be filled; it is gone at the end, whatever happens."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{name}.{secrets.token_hex(4)}.part"
    part.mkdir()
    try:
        yield part
    except OSError as error:
        why = error.strerror or str(error)
        raise Refused(f"{name}: {why}; nothing was changed") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _replace(part: Path, target: Path, old: Path) -> None:
    """One folder in another's place; the other comes back if it fails."""
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    try:
        part.rename(target)
    except BaseException:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _inner(source: Path, name: str) -> Path:
    """What a folder holds of this name, else the source itself."""
    for inner in (name, f"{name}.tar.xz", f"{name}.tar.gz", f"{name}.zip"):
        if source.is_dir() and (source / inner).exists():
            if inner == name and not (source / inner).is_dir():
                continue
            return source / inner
    return source


def _collect(one: PublicSet, source: Path, part: Path) -> dict[str, str]:
    """Copy the set's files; raise Refused unless they are its own."""
    sums = collect(source, one.place, one.bytes, part)
    wrong = _differences(one, sums)
    if wrong:
        raise Refused(f"{source}: not the set {one.name}: {wrong}")
    return dict(sorted(sums.items()))


def _download_files(
    one: PublicSet, folder: Path, part: Path, tell: Callable | None
) -> dict[str, str]:
    """Download the set's files; what is refused will be fetched anew."""
    source = _download(one, folder, tell)
    try:
        return _collect(one, source, part)
    except Refused:
        shutil.rmtree(_name_partial(one, folder), ignore_errors=True)
        raise


def _differences(one: PublicSet, sums: dict[str, str]) -> str:
    """In which way files are not those of the set; "" if they are."""
    for path, known in one.files.items():
        if sums.get(path) != known:
            how = "differs" if path in sums else "is missing"
            return f"{path} {how}"
    total = one.total or len(one.files)
    if len(sums) != total:
        return f"expected {total} files, got {len(sums)}"
    listed = hashlib.sha256(_listed(sums).encode()).hexdigest()
    return "a file differs" if one.sha256 not in ("", listed) else ""


def _listed(sums: dict[str, str]) -> str:
    return "".join(f"{sums[path]}  {path}\n" for path in sorted(sums))


class Meter:
    """Tells the megabytes that came, and breaks off what is too much."""

    total = 0  # as pooch writes it: what the server announces

    def __init__(self, name: str, most: int, tell: Callable | None):
        self.name, self.most, self.tell = name, most, tell
        self.got = 0

    def update(self, count: int) -> None:
        """So many bytes more."""
        self.got += count
        if self.got > self.most:
            raise Refused(f"{self.name}: the server sends more than it has")
        if self.tell:
            self.tell(self.got // MB - (self.got - count) // MB)

    def reset(self) -> None:
        """All is there: pooch then tells the whole size once more."""
        self.got, self.tell = 0, None

    def close(self) -> None:
        """Nothing is left to be done."""


def _name_partial(one: PublicSet, folder: Path) -> Path:
    """Where the files of an unfinished download wait for the others."""
    return folder / f".{one.name}.download"


def _download(one: PublicSet, folder: Path, tell: Callable | None) -> Path:
    """The files, or the archive, that the table's address has."""
    import pooch
    from requests import RequestException

    wanted: dict[str, tuple[str, str | None]] = {
        path: (one.raw + path, f"sha256:{known}")
        for path, known in one.files.items()
        if one.raw
    }
    if one.archive:
        wanted = {"archive.tar.gz": (one.archive, None)}
    if not wanted:
        raise Refused(
            f"{one.name}: it has no address; --from takes it from the disk "
            f"({one.origin})"
        )
    pooch.get_logger().setLevel("WARNING")
    into = _name_partial(one, folder)
    most = LARGEST if one.archive else 2 * one.bytes + (1 << 20)
    for path, (url, known) in wanted.items():
        load = pooch.HTTPDownloader(
            Meter(one.name, most, tell), 1 << 16, timeout=WAIT
        )
        where, _, name = path.rpartition("/")
        try:
            pooch.retrieve(url, known, name, into / where, None, load)
        except RequestException as error:
            raise Refused(
                f"{url}: {type(error).__name__}; the same command goes on "
                "from here, --from takes a copy on the disk"
            ) from error
        except Refused:
            raise
        except ValueError as error:  # pooch's, for a wrong SHA-256
            raise Refused(f"{url}: not the file of the table") from error
    return into / "archive.tar.gz" if one.archive else into
