"""The loops of a cell as compiled functions."""

import contextlib
import hashlib
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding
import numba
from filelock import FileLock
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

import rnncore
from rnncore.fused.derive import Derived
from rnncore.fused.elementary import make_functions
from rnncore.fused.emit import loop_source
from rnncore.fused.product import WIDTH, make_product
from rnncore.fused.vector import (
    Vec,
    full,
    llvm_vec,
    load,
    load_some,
    store,
    store_some,
    vec_of,
)

ARRAYS = re.compile(  # the loops' parameters that are no whole numbers
    r"x|W_[xh]|bias|[acdq]|(d_)?s\d+|d_[yhx]|x_row|panel|sums|out"
)
PATIENCE = 120  # seconds that another process may compile
BLOCK = 256  # steps times sequences whose gradients are packed at a time

SOURCE = '''
def copy(rows, N, a, a0, a_row, c, c0, c_row):
    zero = nothing()
    for r in range(rows):
        A, C = a0 + r * a_row, c0 + r * c_row
        j = 0
        while j + L <= N:
            store(c, C + j, load(zero, a, A + j))
            j += L
        if j < N:
            store_some(c, C + j, load_some(zero, a, A + j, N - j), N - j)


def outer(first, last, low, high, K, M, N, a, d, d0, d_row,
          panel, sums, out, wide):
    """out = a^T d for some panels of d's columns and rows of out."""
    zero = nothing()
    for p in range(first, last):
        n = p * W * L
        for k0 in range(0, K, BLOCK):
            steps = min(K - k0, BLOCK)
            for k in range(steps):
                for v in range(W):
                    c = n + v * L
                    at = d0 + (k0 + k) * d_row + c
                    row = zero
                    if c + L <= N:
                        row = load(zero, d, at)
                    elif c < N:
                        row = load_some(zero, d, at, N - c)
                    store(panel, (k * W + v) * L, row)
                    store(sums, c, load(zero, sums, c) + row)
            product(high - low, steps, W, a, k0 * M + low, 1, M, panel, 0,
                    out, low * wide + n, wide, out, low * wide + n, wide)
'''


class Loops:
    """What is compiled for one cell and one dtype."""

    def __init__(self, cell: Derived, dtype: str):
        names = dict(shared_names(dtype))
        told = f"the loops of {cell.cell.name} in {dtype}"
        compile_into(names, loop_source(cell), dtype, told)
        self.forward, self.backward = names["forward"], names["backward"]
        self.outer, self.lanes = names["outer"], names["L"]


@cache
def shared_names(dtype: str) -> dict[str, Any]:
    """What the loops of every cell call, for one dtype."""
    vec = vec_of(dtype)
    names = make_functions(dtype) | {
        "L": vec.lanes,
        "W": WIDTH,
        "BLOCK": BLOCK,
        "full": full,
        "load": load,
        "load_some": load_some,
        "store": store,
        "store_some": store_some,
        "nothing": _nothing(vec),
        "product": make_product(dtype),
    }
    compile_into(names, SOURCE, dtype, "")
    return names


def compile_into(
    names: dict[str, Any], source: str, dtype: str, told: str
) -> None:
    """Define what the source defines, compiled or read from the disk.

    On the disk the functions carry the digest in their names: numba tells
    machine code apart by the names alone.
    """
    digest = digest_of(source, dtype)
    functions = re.findall(r"^def (\w+)\(([^)]*)", source, re.MULTILINE)
    for name, _ in functions:
        source = re.sub(rf"\b{name}\(", f"{name}_{digest}(", source)
    names["__name__"] = __name__
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(kept_in(store_for(digest), source))
        if told and not (path and any(path.parent.rglob("*.nbi"))):
            kept = f"kept in {path.parent}" if path else "not kept"
            print(
                f"rnncore.fused: compiles {told}, a few seconds ({kept})",
                file=sys.stderr,
                flush=True,
            )
        exec(compile(source, str(path or "<loops>"), "exec"), names)  # noqa: S102
        for name, given in functions:
            f = names[f"{name}_{digest}"]
            made = compiled(f, signature_of(given, dtype), path is not None)
            names[name] = names[f"{name}_{digest}"] = made


@contextlib.contextmanager
def kept_in(folder: Path | None, source: str) -> Iterator[Path | None]:
    """The source's file, while no other process compiles it.

    None where no file can be written: then nothing is kept.
    """
    with contextlib.ExitStack() as stack:
        path = None
        with contextlib.suppress(OSError, NotImplementedError):
            if folder:
                lock = FileLock(folder / "lock", timeout=PATIENCE)
                stack.enter_context(lock)
                file = folder / "loops.py"
                if not file.exists() or file.read_text() != source:
                    file.write_text(source)
                path = file
        yield path


def compiled(f: Callable, signature: Any, keep: bool) -> Callable:
    """Machine code for one signature, from the disk if it is there."""
    if keep:
        with contextlib.suppress(OSError):  # as of a disk that is full
            return njit(signature, cache=True, nogil=True)(f)
    return njit(signature, nogil=True)(f)


def signature_of(parameters: str, dtype: str) -> Any:
    """What a loop takes: rows of numbers, and whole numbers."""
    row = types.Array(getattr(types, dtype), 1, "C")
    return types.void(
        *(
            row if ARRAYS.fullmatch(name) else types.int64
            for name in re.findall(r"\w+", parameters)
        )
    )


def digest_of(source: str, dtype: str) -> str:
    """A name for this source under these versions of all that matters."""
    found = hashlib.sha256(_versions())
    found.update(f"{dtype}\n{source}".encode())
    return found.hexdigest()[:24]


def store_for(digest: str) -> Path | None:
    """The folder of what was compiled from one source.

    None where there is nothing that the user alone may write to.
    """
    try:
        folder = user_cache() / "rnncore" / "fused" / digest
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.stat()
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        return None
    if hasattr(os, "getuid") and about.st_uid != os.getuid():
        return None  # what another user wrote is not run
    if about.st_mode & 0o022 or not os.access(folder, os.W_OK):
        return None
    return folder


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
    parts = [rnncore.__version__, numba.__version__, llvmlite.__version__]
    parts += [platform.machine(), llvmlite.binding.get_host_cpu_name()]
    parts += [llvmlite.binding.get_host_cpu_features().flatten()]
    texts = [
        p.read_text() for p in sorted(Path(__file__).parent.glob("*.py"))
    ]
    return "\n".join(parts + texts).encode()


def _nothing(vec: Vec) -> Any:
    """A register of zeros, which says what the loops load."""

    @intrinsic
    def nothing(typing_context):
        def code(context, builder, sig, args):
            return ir.Constant(llvm_vec(vec), [0.0] * vec.lanes)

        return vec(), code

    return nothing
