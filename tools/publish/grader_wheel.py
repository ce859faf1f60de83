"""Builds the grader as a package of its own, `markbook`: one wheel.

    python -m tools.publish.grader_wheel          into _build/grader
    python -m tools.publish.grader_wheel FOLDER

The wheel has the package `grader`, as it is here, in a folder that its command
puts on Python's path, and the few modules of rnncore that `grader` imports. They
keep their names, so no code is changed and an assignment's `from rnncore.testing
import check` is the same there and here; they stand last on the path and only
where no rnncore is installed, so they hide nobody's. No chapter's module is in it,
and nothing that needs torch. What it prints speaks of `markbook grade` where the
course says `make grade`.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import rnncore
from tools import ROOT
from tools.publish import PublishError, find_time

OUT = ROOT / "_build" / "grader"
SOURCE = ROOT / "wheels" / "grader"
LARGEST = 2_000_000  # bytes of the wheel
LEFT_OUT = {  # they copy or read the course's repository
    "grader/assignments/samples/agreement.py",
    "grader/assignments/samples/coverage.py",
    "grader/assignments/samples/sample_answers.py",
    "grader/commands/gradescope.py",
    "grader/commands/on_gradescope.py",
    "grader/systems/gradescope.py",
    "grader/systems/jupyterhub_config.py",
    "grader/systems/tree.py",
    "grader/systems/trial.py",
    "rnncore/bptt.py",  # for assert_gradient, in notebooks of that course
}
STARTED = (  # modules that are named in a text, or imported by one
    "rnncore.checking.client",
    "rnncore.checking.runner",
    "rnncore.testing.closed",
)
KINDS = (".py", ".html")
CALLS = {"exercises": "build", "marking": "mark"}  # ours, by the Makefile's
ASKED = {
    "TASK": "--task",
    "BY": "--by",
    "SHARE": "--share",
    "WITH": "--with",
    "MISSING": "--missing",
}
TARGET = re.compile(
    r"\bmake (exercises|check|collect|grade|marking|return|similarity)\b"
    r"((?: (?:ASSIGNMENT|NOTEBOOK|MISSING|TASK|BY|SHARE|WITH)=[^\s`\"']+)*)"
)
BUILD = """
import sys
from setuptools import build_meta
build_meta.build_wheel(sys.argv[1])
"""


def main(argv: list[str] | None = None) -> int:
    """Build the wheel, and print its path and size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", default=OUT)
    folder = parser.parse_args(argv).folder
    try:
        wheel = build(folder)
    except PublishError as error:
        print(f"grader_wheel: {error}", file=sys.stderr)
        return 1
    print(f"{wheel}: {wheel.stat().st_size / 1e6:.2f} MB")
    return 0


def build(folder: Path) -> Path:
    """Write the wheel into a folder, and return its path.

    Raises PublishError where it cannot be built, or is too large.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("markbook-*.whl"):
        old.unlink()
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"
        fill(tree)
        run = subprocess.run(
            [sys.executable, "-c", BUILD, str(folder.resolve())],
            cwd=tree,
            env=os.environ | {"SOURCE_DATE_EPOCH": str(find_time())},
            capture_output=True,
            text=True,
            check=False,
        )
    if run.returncode:
        raise PublishError("\n".join(run.stderr.splitlines()[-15:]))
    (wheel,) = folder.glob("markbook-*.whl")
    if (size := wheel.stat().st_size) > LARGEST:
        raise PublishError(f"expected {LARGEST:,} bytes at most, got {size:,}")
    return wheel


def fill(tree: Path) -> None:
    """Write what the wheel is built from."""
    shutil.copytree(SOURCE, tree, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "LICENSE", tree)
    package = tree / "markbook"
    head = package / "__init__.py"
    text, found = re.subn(
        r'^VERSION = "0".*$',
        f'VERSION = "{rnncore.__version__}"',
        head.read_text("utf-8"),
        flags=re.MULTILINE,
    )
    if found != 1:
        raise PublishError(f"{head.name}: expected one VERSION, got {found}")
    head.write_text(text, "utf-8")
    own = [ROOT / "nbgrader_config.py", *list_grader()]
    for place, paths in (("lib", own), ("beside", list_beside())):
        for path in paths:
            target = package / place / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(name_commands(path.read_text("utf-8")), "utf-8")


def list_grader() -> list[Path]:
    """The files of the package `grader` that go into the wheel."""
    return [
        path
        for path in sorted((ROOT / "grader").rglob("*"))
        if path.suffix in KINDS and str(path.relative_to(ROOT)) not in LEFT_OUT
    ]


def list_beside() -> list[Path]:
    """The files of rnncore that these import, and what those import in turn."""
    found: set[Path] = set()
    wanted = set(STARTED)
    for path in (p for p in list_grader() if p.suffix == ".py"):
        wanted |= set(_find_imports(path))
    while wanted:
        file = _find_module(wanted.pop())
        if file is not None and file not in found:
            found.add(file)
            wanted |= set(_find_imports(file))
    folders = {f for path in found for f in path.relative_to(ROOT).parents}
    found |= {p for f in folders if (p := ROOT / f / "__init__.py").is_file()}
    return sorted(found)


def _find_imports(path: Path) -> Iterator[str]:
    """The modules of rnncore that a file imports; some may be names in one."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            module = node.module or ""
            names = [module, *(f"{module}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (n for n in names if n.partition(".")[0] == "rnncore")


def _find_module(name: str) -> Path | None:
    """The file of a module; None where the name is not one, or is left out."""
    place = name.replace(".", "/")
    paths = f"{place}.py", f"{place}/__init__.py"
    there = (p for p in paths if p not in LEFT_OUT and (ROOT / p).is_file())
    return next((ROOT / path for path in there), None)


def name_commands(text: str) -> str:
    """A text that speaks of `markbook grade` in place of `make grade`."""
    return TARGET.sub(_name_command, text).replace("python -m grader ", "markbook ")


def _name_command(found: re.Match[str]) -> str:
    words = ["markbook", CALLS.get(found[1], found[1])]
    for given in found[2].split():
        key, _, value = given.partition("=")
        option = ASKED.get(key, "")
        words += [option, value] if option else [value]
    return " ".join(words)


if __name__ == "__main__":
    sys.exit(main())
