"""What the browser's Python finds: one archive, compiled and without ballast.

JupyterLite's kernel comes as thirty archives of sources, which it unpacks,
and whose modules it compiles, whenever a notebook is opened. Here they become
one, with the course's package in it, without what no browser can run, and
compiled: that halves the time to the first output.

This module alone knows the kernel, jupyterlite-xeus-python, whose repository is
archived; its successor, jupyterlite-xeus, takes its packages from emscripten-forge
when a site is built. When those can be had, it takes this one's place: KERNEL,
STATIC, ADDON and the lists below are its names then, CHANGES and IN_FOLDER go if
it needs them no more, and Matplotlib comes with it in place of drawing/.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.metadata
import importlib.util
import io
import json
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tools.publish import unpack

ROOT = Path(__file__).resolve().parents[3]
DRAWING = Path(__file__).with_name("drawing")
KERNEL = {"name": "xeus-python", "display_name": "Python 3", "language": "python"}
STATIC = "extensions/@jupyterlite/xeus-python-kernel/static"
ADDON = "jupyterlite-xeus-python"
ADDED = ("array_api_compat", "comm", "ipywidgets", "tqdm")  # pure Python
# Ours, for the pages, in tools/publish/browser/drawing: these, and the data of chapter 1.
INSTEAD = ("matplotlib", "myst_nb")
DATA = ("statsmodels",)
TEXT = "pytest"  # whose source the networks of chapter 4 learn to write
LISTING = "empack_env_meta.json"
LIBRARY = "lib/python3.11"  # in the browser
TARGET = f"{LIBRARY}/site-packages"
VERSION = (3, 11)  # compiled elsewhere, a module is of no use there
LEFT_OUT = ("weights", "__pycache__")
READ = ("rnncore",)  # learners look into its sources
# Needs a screen, a compiler, a shell or a package index; jedi, which the kernel
# loads and does not use; and the grammars of languages that no notebook is in.
BALLAST = ["conda-meta"]
BALLAST += [
    f"{LIBRARY}/{name}"
    for name in ("distutils", "ensurepip", "idlelib", "lib2to3", "tkinter", "venv")
]
BALLAST += [
    f"{TARGET}/{name}"
    for name in ("jedi", "parso", "pexpect", "pip", "pkg_resources", "ptyprocess")
]
BALLAST += [f"{TARGET}/wheel"]
BALLAST += [f"{TARGET}/numpy/{name}" for name in ("distutils", "f2py")]
LEXERS = f"{TARGET}/pygments/lexers"
NEEDED = ("__init__", "_mapping", "data", "python", "special")
# The kernel's program: Python is there before all else and brings its packages;
# the browser unpacks them, in a third of the time that the kernel takes.
PROGRAM = "xpython_wasm.js"
CHANGES = (
    (",l=bootstrap_python(", ",l=await bootstrap_python("),
    ("Module.FS.isDir(a)||", "Module.FS.analyzePath(a).exists||"),
    ("Module.FS.writeFile(a,r),Module._untar(a,_)", "await unpackInto(Module.FS,r)"),
)
# The kernel answers before it is in its notebook's folder.
IN_FOLDER = (
    ("this.initFileSystem(e)}", "this.there=this.initFileSystem(e)}"),
    (
        "await this._remote.processMessage(",
        "await this.there.catch(console.error),await this._remote.processMessage(",
    ),
)
# Python starts in the C locale, and files would be ASCII: PYTHONUTF8 is ignored.
AT_START = """import locale
import time

locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
time.process_time = time.perf_counter  # a browser tells no processor time
"""
UNPACK = Path(__file__).with_name("lite_unpack.js")


class LiteError(Exception):
    """Raised with the reason why nothing was built."""


def pack(static: Path) -> None:
    """Make the kernel's archives one, with the course's package in it.

    Raises LiteError where a package is not installed or does not compile.
    """
    listing = static / LISTING
    listed = json.loads(listing.read_text("utf-8"))
    kept = [p for p in listed["packages"] if p["name"] == "python"]
    if len(kept) != 1:
        raise LiteError(f"{listing.name} lists {len(kept)} Pythons: another kernel?")
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        for package in listed["packages"]:
            with tarfile.open(static / package["filename"]) as tar:
                unpack(tar, root)
        throw_out(root)
        add_course(root / TARGET)
        (root / TARGET / "sitecustomize.py").write_text(AT_START, "utf-8")
        compile_modules(root)
        add_text(root / TARGET)
        content = archive(root)
    for package in listed["packages"]:
        (static / package["filename"]).unlink()
    stem = f"python-{hashlib.sha256(content).hexdigest()[:16]}"
    (static / f"{stem}.tar.gz").write_bytes(content)
    named = {"filename_stem": stem, "filename": f"{stem}.tar.gz"}
    listed["packages"] = [kept[0] | named]
    listing.write_text(json.dumps(listed), "utf-8")
    for old, new in CHANGES:
        replace(static / PROGRAM, old, new)
    program = (static / PROGRAM).read_text("utf-8")
    (static / PROGRAM).write_text(UNPACK.read_text("utf-8") + program, "utf-8")


def replace(path: Path, old: str, new: str) -> None:
    """Change one place of a program.

    Raises LiteError where the program has not one such place.
    """
    text = path.read_text("utf-8")
    if text.count(old) != 1:
        raise LiteError(f"{path.name} has not one '{old}': another JupyterLite?")
    path.write_text(text.replace(old, new), "utf-8")


def wait_for_folder(static: Path) -> None:
    """Run no cell before the kernel is in its notebook's folder.

    Raises LiteError where the kernel's program is not as expected.
    """
    for old, new in IN_FOLDER:
        files = [p for p in static.glob("*.js") if old in p.read_text("utf-8")]
        if len(files) != 1:
            raise LiteError(f"{len(files)} files have '{old}': another kernel?")
        replace(files[0], old, new)


def throw_out(root: Path) -> None:
    """Remove what no notebook in a browser can use.

    Raises LiteError if a part of it is missing.
    """
    for name in BALLAST:
        if not (root / name).is_dir():
            raise LiteError(f"there is no {name} in the kernel: another one?")
        shutil.rmtree(root / name)
    lexers = [p for p in (root / LEXERS).iterdir() if p.stem not in NEEDED]
    for path in lexers:
        path.unlink()


def add_course(packages: Path) -> None:
    """Copy the course's package, and the few that it needs besides NumPy."""
    here = Path(sysconfig.get_path("purelib"))
    folders = [ROOT / "rnncore", *(here / name for name in ADDED)]
    for folder in [*folders, *(DRAWING / name for name in INSTEAD + DATA)]:
        if not folder.is_dir():
            raise LiteError(f"there is no {folder}: run make lite")
        shutil.copytree(
            folder,
            packages / folder.name,
            ignore=shutil.ignore_patterns(*LEFT_OUT),
            dirs_exist_ok=True,
        )


def add_text(packages: Path) -> None:
    """Copy what rnncore.data.text reads: a package's sources, as they are.

    Raises LiteError where it is not installed.
    """
    try:
        release = importlib.metadata.distribution(TEXT)
    except importlib.metadata.PackageNotFoundError as error:
        raise LiteError(f"there is no {TEXT}: run make lite") from error
    for file in release.files or []:
        listed = file.name in ("METADATA", "RECORD")
        if ".." not in file.parts and (listed or file.suffix == ".py"):
            copy = packages / file
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(release.locate_file(file)), copy)


def compile_modules(root: Path) -> None:
    """Put compiled modules in the place of sources that few will read.

    Where another Python builds the site, the browser has to compile them.
    """
    if sys.version_info[:2] != VERSION:
        print("make lite: built by Python 3.11, notebooks would open faster.")
        return
    made = subprocess.run(
        [
            *(sys.executable, "-I", "-m", "compileall", "-q", "-b"),
            *("--invalidation-mode", "unchecked-hash", "-s", root, "-p", "/"),
            root / LIBRARY,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise LiteError(f"not compiled:\n{made.stdout}{made.stderr}")
    read = [root / TARGET / name for name in READ]
    for source in sorted(root.rglob("*.py")):
        compiled = source.with_suffix(".pyc")
        if any(folder in source.parents for folder in read):
            tagged = Path(importlib.util.cache_from_source(str(source)))
            tagged.parent.mkdir(exist_ok=True)
            compiled.rename(tagged)
        else:
            source.unlink()


def archive(root: Path) -> bytes:
    """A folder as a .tar.gz, the same bytes for the same files."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for path in list_files(root):
            content = path.read_bytes()
            entry = tarfile.TarInfo(path.relative_to(root).as_posix())
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def list_files(root: Path) -> Iterable[Path]:
    """The files below a folder, in a fixed order."""
    return (path for path in sorted(root.rglob("*")) if path.is_file())
