"""Builds the package and tries it: `make release-check`, or this module.

The results are in _build/release: the source distribution and, from it,
the wheel. Both are built twice and have to be byte for byte the same (the
times in them are those of the last commit, or SOURCE_DATE_EPOCH). twine
looks at both. Each supported Python that this machine has gets an empty
environment with the wheel: it is imported there with NumPy alone, and the
tests of the source distribution that need NumPy alone run. On the Python that
runs this, whose torch is there, the wheel is also installed with the extras
`torch` and `fused`, and the tests of the modules and of the recipes run; and the
grader's own wheel, alone in an environment, begins and builds a course. What
needs torch is tested on each Python by .ci/python. The steps are printed as a
checklist; the status is 1 if one of them failed.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import rnncore
from tools import ROOT
from tools.publish import PublishError, find_time, grader_wheel, require_program, unpack

OUT = ROOT / "_build" / "release"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CHANGES = ROOT / "rnncore" / "CHANGELOG.md"
SDIST = """
import sys
from setuptools import build_meta
build_meta.build_sdist(sys.argv[1])
"""  # in a process: the backend reads the command line
WHEEL = SDIST.replace("sdist", "wheel")
TRIED = """
import sys, rnncore, numpy as np
assert rnncore.__version__ == sys.argv[1], rnncore.__version__
assert "torch" not in sys.modules
from rnncore.rnn import init_params, rnn_cell, unroll, zero_state
params = init_params(np.random.default_rng(0), 3, 4)
y, _, _ = unroll(rnn_cell, params, np.zeros((5, 2, 3)), zero_state(params, 2))
assert y.shape == (5, 2, 4)
"""
TESTS = "tests.helpers.oldest_numpy"  # those that NumPy is enough for
TESTING = "array-api-strict", "hypothesis", "pytest", "pytest-timeout"
QUIET = "--quiet", "--disable-pip-version-check", "--only-binary=:all:"


class ReleaseError(Exception):
    """A step of the checklist failed; the text says how."""


def run_command(
    *words: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None
) -> str:
    """What a command prints; ReleaseError with its last lines if it fails."""
    own = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    run = subprocess.run(
        [str(w) for w in words],
        cwd=cwd,
        env=own | (env or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if run.returncode:
        end = "\n".join(run.stdout.splitlines()[-15:])
        raise ReleaseError(f"{' '.join(map(str, words[:4]))}:\n{end}")
    return run.stdout


def find_pythons() -> dict[str, Path]:
    """The supported Pythons of this machine, by version."""
    pattern = re.compile(r"Programming Language :: Python :: (\d+\.\d+)")
    versions = [m[1] for m in map(pattern.fullmatch, PROJECT["classifiers"]) if m]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    found = {}
    for version in versions:
        paths = [*sorted(pyenv.glob(f"{version}.*/bin/python")), f"python{version}"]
        there = [path for p in paths if (path := shutil.which(str(p)))]
        if there:
            found[version] = Path(there[0])
    return found


def check_texts() -> str:
    """The version is new, and the library's list of changes has it."""
    version = rnncore.__version__
    if f"\n## {version}" not in CHANGES.read_text("utf-8"):
        raise ReleaseError(f"{CHANGES.name}: expected a section {version}, got none")
    tags = run_command(require_program("git"), "tag", "--list", f"v{version}").split()
    if tags:
        raise ReleaseError(f"version: expected a new one, got {version}: tagged")
    return version


def build(folder: Path) -> list[Path]:
    """Source distribution, and the wheel that is built from it."""
    env = {"SOURCE_DATE_EPOCH": str(find_time())}
    tree, folder = folder / "tree", folder / "dist"
    folder.mkdir(parents=True)
    listed = run_command(require_program("git"), "ls-files", "-z").split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
    run_command(sys.executable, "-c", SDIST, folder, cwd=tree, env=env)
    (sdist,) = folder.glob("*.tar.gz")
    at_one_time(sdist, find_time())
    source = find_unpacked(sdist, folder.with_name("source"))
    run_command(sys.executable, "-c", WHEEL, folder, cwd=source, env=env)
    return sorted(folder.iterdir())


def at_one_time(sdist: Path, seconds: int) -> None:
    """Rewrite an archive: sorted, without owners, with one time for all."""
    made = sdist.with_suffix(".new")
    with (
        tarfile.open(sdist) as old,
        made.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=seconds) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for part in sorted(old.getmembers(), key=lambda m: m.name):
            part.mtime, part.uid, part.gid = seconds, 0, 0
            part.uname = part.gname = ""
            part.pax_headers = {}
            part.mode = 0o755 if part.isdir() or part.mode & 0o100 else 0o644
            new.addfile(part, old.extractfile(part) if part.isfile() else None)
    made.replace(sdist)


def find_unpacked(sdist: Path, folder: Path) -> Path:
    """The one folder that a source distribution holds."""
    with tarfile.open(sdist) as archive:
        unpack(archive, folder)
    (tree,) = folder.iterdir()
    return tree


def build_twice(work: Path) -> str:
    """Into OUT, if the second build has the same bytes."""
    first, second = (build(work / name) for name in ("first", "second"))
    for one, other in zip(first, second, strict=True):
        if one.read_bytes() != other.read_bytes():
            raise ReleaseError(f"{one.name}: expected the same bytes twice")
    shutil.rmtree(OUT, ignore_errors=True)
    shutil.copytree(work / "first" / "dist", OUT)
    return ", ".join(path.name for path in first)


def check_metadata() -> str:
    """twine's check, strict."""
    run_command(
        sys.executable, "-m", "twine", "check", "--strict", *sorted(OUT.iterdir())
    )
    return "no remarks"


def install_wheel(python: Path, work: Path, extras: str = "") -> tuple[Path, Path]:
    """The Python of an environment with the wheel, and its tests' folder."""
    own = work / "own"
    run_command(python, "-m", "venv", own)
    there = own / "bin" / "python"
    (wheel,) = OUT.glob("rnncore-*.whl")
    (sdist,) = OUT.glob("*.tar.gz")
    run_command(there, "-m", "pip", "install", *QUIET, f"{wheel}{extras}")
    tree = find_unpacked(sdist, work / "source")
    shutil.rmtree(tree / "rnncore")  # what is tested is what was installed
    return there, tree


def try_installed(python: Path, work: Path) -> str:
    """Import and test in an empty environment of this Python."""
    there, tree = install_wheel(python, work)
    empty = work / "empty"
    empty.mkdir()
    run_command(there, "-c", TRIED, rnncore.__version__, cwd=empty)
    run_command(there, "-m", "rnncore", "--version", cwd=empty)
    return "NumPy " + run_command(there, "-m", TESTS, cwd=tree).split()[-1]


def try_extras(python: Path, work: Path) -> str:
    """The tests of modules and recipes, with torch and numba as asked for."""
    there, tree = install_wheel(python, work, "[torch,fused]")
    run_command(there, "-m", "pip", "install", *QUIET, *TESTING)
    pytest = there, "-m", "pytest", "-p", "no:cacheprovider"
    alone = "--noconftest"  # tests/book's asks for a browser
    found = [
        run_command(*pytest, "tests/rnncore/test_nn.py", cwd=tree),
        run_command(*pytest, alone, "tests/book/test_recipes.py", cwd=tree),
    ]
    ends = [said.splitlines()[-1] for said in found]
    return ", ".join(end.partition(" in ")[0] for end in ends)


def try_grader(python: Path, work: Path) -> str:
    """The grader's own wheel, twice the same, begins and builds a course."""
    first, second = (grader_wheel.build(work / name) for name in ("first", "second"))
    if first.read_bytes() != second.read_bytes():
        raise ReleaseError(f"{first.name}: expected the same bytes twice")
    run_command(sys.executable, "-m", "twine", "check", "--strict", first)
    own = work / "own"
    run_command(python, "-m", "venv", own)
    run_command(own / "bin" / "python", "-m", "pip", "install", *QUIET, first)
    run_command(own / "bin" / "markbook", "init", "course", cwd=work)
    run_command(own / "bin" / "markbook", "build", cwd=work / "course")
    shutil.copy(first, OUT)
    return first.name


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", action="store_true", help="try no Python")
    only = parser.parse_args().build
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        steps: dict[str, Callable[[], str]] = {
            "version and changes": check_texts,
            "built twice, byte for byte the same": lambda: build_twice(work),
            "twine check --strict": check_metadata,
        }
        for version, python in ({} if only else find_pythons()).items():
            place = work / version
            name = f"installed and tested on Python {version}"
            steps[name] = partial(try_installed, python, place)
            if version == "{}.{}".format(*sys.version_info):
                name = f"the grader alone, on Python {version}"
                steps[name] = partial(try_grader, python, work / "grader")
                name = f"with torch and numba, and the recipes, on Python {version}"
                steps[name] = partial(try_extras, python, work / "extras")
        return run_steps(steps)


def run_steps(steps: dict[str, Callable[[], str]]) -> int:
    """Print a line for each step; stop at the first that fails."""
    for name, step in steps.items():
        try:
            print(f"[x] {name}: {step()}", flush=True)
        except (ReleaseError, PublishError) as error:
            print(f"[ ] {name}: {error}", flush=True)
            return 1
    print("Left to you: a tag, `twine upload _build/release/*`, the README's line")
    return 0


if __name__ == "__main__":
    sys.exit(main())
