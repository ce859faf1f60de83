"""Machine code on the user's disk: compiled once, then only loaded."""

import contextlib
import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

import rnncore
from rnncore.fused.autodiff import Derived
from rnncore.fused.emit import SHARED, loop_source
from rnncore.fused.target import (
    Function,
    lanes_of,
    llvm,
    load,
    processor,
    tiles_name,
)
from rnncore.storage.files import locked

PATIENCE = 120  # seconds that another process may compile
CHECK = 32  # bytes of a file that are the digest of the others
ARRAYS = re.compile(  # the loops' parameters that are no whole numbers
    r"[xh]|W_[xh]|bias|[acdq]|(d_)?s\d+|d_[yhx]|(x_)?row|block|panel|sums|"
    r"out(_[xh])?"
)


class Loops:
    """What is compiled for one cell and one dtype."""

    def __init__(self, cell: Derived, dtype: str):
        load_tiles(dtype)
        source = f"{SHARED}\n\n{loop_source(cell)}"
        functions = functions_of(source)

        def make() -> bytes:
            from rnncore.fused.jit import machine_code

            return machine_code(source, functions, dtype)

        told = f"the loops of {cell.cell.name} in {dtype}"
        place = load(code_for(source, dtype, make, told))
        self.forward, self.backward, self.outer, self.pack = (
            Function(place(name), functions[name], dtype)
            for name in ("forward", "backward", "outer", "pack")
        )
        self.lanes = lanes_of(dtype)


@cache
def load_tiles(dtype: str) -> None:
    """Bring the product's tiles into memory, where the loops find them."""

    def make() -> bytes:
        from rnncore.fused.product import tiles_code

        return tiles_code(dtype)

    name = tiles_name(dtype)
    llvm().add_symbol(name, load(code_for(name, dtype, make))(name))


def functions_of(source: str) -> dict[str, list[bool]]:
    """Each function that a source defines; which parameters are arrays."""
    found = re.findall(r"^def (\w+)\(([^)]*)", source, re.MULTILINE)
    return {
        name: [bool(ARRAYS.fullmatch(p)) for p in re.findall(r"\w+", given)]
        for name, given in found
    }


def code_for(
    source: str, dtype: str, make: Callable[[], bytes], told: str = ""
) -> bytes:
    """The machine code of a source: read from the disk, or made and kept.

    One process makes it and others wait. In a terminal it is said what
    is compiled, as that takes a moment.
    """
    path = path_for(digest_of(source, dtype))
    found = read(path)
    if found is not None:
        return found
    with hold_place(path) as path:
        found = read(path)  # another process may just have made it
        if found is not None:
            return found
        if told and sys.stderr.isatty():
            where = f"kept in {path.parent}" if path else "not kept"
            print(
                f"rnncore.fused: compiles {told}, a few seconds ({where})",
                file=sys.stderr,
                flush=True,
            )
        code = make()
        with contextlib.suppress(OSError):  # as of a disk that is full
            write(path, code)
    return code


def read(path: Path | None) -> bytes | None:
    """A file's machine code; None where there is none that is whole."""
    try:
        data = path.read_bytes() if path else b""
    except OSError:
        return None
    whole = hashlib.sha256(data[CHECK:]).digest() == data[:CHECK]
    return data[CHECK:] if whole else None


def write(path: Path | None, code: bytes) -> None:
    """Keep machine code; no reader ever finds a part of the file.

    Raises OSError where it cannot be written.
    """
    if path:
        part = path.with_suffix(f".{os.getpid()}")
        try:
            part.write_bytes(hashlib.sha256(code).digest() + code)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


@contextlib.contextmanager
def hold_place(path: Path | None) -> Iterator[Path | None]:
    """The path, while no other process compiles; None without a lock."""
    with contextlib.ExitStack() as stack:
        held = None
        with contextlib.suppress(OSError, NotImplementedError):
            if path:
                lock = path.with_suffix(".lock")
                stack.enter_context(locked(lock, PATIENCE))
                held = path
        yield held


def digest_of(source: str, dtype: str) -> str:
    """A name for this source under these versions of all that matters."""
    found = hashlib.sha256(_versions())
    found.update(f"{dtype}\n{source}".encode())
    return found.hexdigest()[:24]


def path_for(digest: str) -> Path | None:
    """The file of what was compiled from one source.

    None where there is no folder that other users cannot write to.
    """
    try:
        folder = store()
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True)
        about = folder.stat()
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        return None
    if hasattr(os, "getuid") and about.st_uid not in {0, os.getuid()}:
        return None  # what another user wrote is not run
    return None if about.st_mode & 0o022 else folder / f"{digest}.code"


def store() -> Path:
    """The folder: RNNCORE_LOOPS, or one of the user's own.

    Raises RuntimeError where the user has no home.
    """
    given = Path(os.environ.get("RNNCORE_LOOPS", ""))
    return given if given.is_absolute() else user_cache() / "rnncore/fused"


def user_cache() -> Path:
    """Where this system keeps what can be made again.

    A relative XDG_CACHE_HOME is not valid (XDG Base Directory, 0.8).
    """
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if given.is_absolute():
        return given
    if sys.platform == "win32" and os.environ.get("LOCALAPPDATA"):
        return Path(os.environ["LOCALAPPDATA"])
    home = Path.home()
    return home / (
        "Library/Caches" if sys.platform == "darwin" else ".cache"
    )


@cache
def _versions() -> bytes:
    """All that the machine code depends on besides the cell."""
    parts = [rnncore.__version__, version("numba"), version("llvmlite")]
    texts = [
        p.read_text("utf-8")
        for p in sorted(Path(__file__).parent.glob("*.py"))
    ]
    return "\n".join([*parts, processor(), *texts]).encode()
