"""Sets up the course's environment, .venv: python3 tools/set_up.py [--dev].

--parts 1-2 installs what Parts I and II need, and no more; --torch cpu or cuda
chooses torch's build, as tools/cpu_torch.py says.

What is there already is kept, so that it goes on where the last set-up ended,
however that ended; where nothing changed since, it does nothing. --dev adds what
authors, graders and tests need, --lite JupyterLite, --hub JupyterHub and its proxy,
which npm brings. Else it needs nothing but Python, and no make.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = "Scripts/python.exe" if os.name == "nt" else "bin/python"
PY = VENV / PYTHON
LITE = VENV / "lite"
HUB = VENV / "hub"
CONSTRAINTS = ("--constraint", "requirements/constraints.txt")
COURSE = ("--no-deps", "--no-build-isolation", "--editable", ".")
CPU_TORCH = ROOT / "tools" / "cpu_torch.py"
AUTHORS = (
    ("--requirement", "requirements/dev.txt", *CONSTRAINTS),
    (
        *("--no-deps", "--upgrade", "--target", ".venv/oldest"),
        *("--requirement", "requirements/oldest.txt"),
    ),
)
ADDED = ("--no-deps", "--requirement")
FOR_LITE = ((*ADDED, "requirements/lite.txt"),)
FOR_HUB = (("--upgrade", "--target", ".venv/hub", *ADDED, "requirements/hub.txt"),)
PROXY = (
    *("install", "--silent", "--no-audit", "--no-fund"),
    *("--prefix", ".venv/hub", "configurable-http-proxy@5.3.0"),
)
GOES_ON = "then give the same command again; it goes on from here."
NO_VENV = (
    "this Python has no venv: install it (Debian and Ubuntu: apt-get install "
    f"python3-venv), {GOES_ON}"
)
REASONS = (  # what is in an installer's last words, and what to do
    (
        r"No space left|\[Errno 28\]|Disk quota|\[Errno 122\]",
        (
            f"the disk is full: make room in {ROOT} and where TMPDIR is "
            f"(README.md says how much), {GOES_ON}"
        ),
    ),
    (r"No module named '?(venv|ensurepip)|ensurepip is not", NO_VENV),
    (
        r"Python\.h|[Uu]nable to execute|command '[^']*(gcc|cc|clang)",
        (
            "a package is compiled here, and this Python has no headers or the machine "
            "no compiler: install both (Debian and Ubuntu: apt-get install python3-dev "
            f"build-essential), {GOES_ON}"
        ),
    ),
    (
        (
            r"[Cc]onnection|[Rr]ead timed out|ReadTimeout|IncompleteRead|name resolution|"
            r"getaddrinfo|Max retries|ProtocolError|SSLError|Network is unreachable"
        ),
        f"the package index cannot be reached: see to the network, {GOES_ON}",
    ),
    (
        r"Permission denied|\[Errno 13\]|Read-only file system|\[Errno 30\]",
        (
            f"a file in {ROOT} cannot be written: make the folder yours, or copy the "
            f"course to one that is, {GOES_ON}"
        ),
    ),
)


class SetUpError(Exception):
    """Why the environment could not be set up, and what to do."""


def set_up(*, dev: bool = False, parts: str = "", torch: str = "") -> None:
    """Install what is missing. Raises SetUpError with what to do where it cannot."""
    check_python()
    pins = f"requirements/parts-{parts}.txt" if parts else "requirements.txt"
    stamp = VENV / (f".installed-{parts}" if parts else ".installed")
    inputs = [
        ROOT / n for n in (pins, "requirements/constraints.txt", "pyproject.toml")
    ]
    if is_older(stamp, inputs):
        print("Setting up .venv (once, about two minutes) ...", flush=True)
        check_writable()
        make_environment(VENV)
        if CPU_TORCH.exists():  # copies for classrooms have none
            run([str(PY), "-I", str(CPU_TORCH), *filter(None, [torch])])
        install((("--requirement", pins, *CONSTRAINTS), COURSE), stamp)
    stamp, before = VENV / ".installed-dev", stamp
    inputs = [ROOT / f"requirements/{kind}.txt" for kind in ("dev", "oldest")]
    if dev and is_older(stamp, [*inputs, before]):
        print("Adding what authors, graders and tests need (once) ...", flush=True)
        check_writable()
        forget_unfinished(VENV)
        install(AUTHORS, stamp)


def add_lite() -> None:
    """Make JupyterLite's environment. Raises SetUpError where it cannot."""
    stamp = LITE / ".installed"
    if is_older(stamp, [ROOT / "requirements/lite.txt", VENV / ".installed"]):
        print(f"Adding JupyterLite in {LITE} ...", flush=True)
        check_writable()
        make_environment(LITE)
        install(FOR_LITE, stamp, LITE)


def add_hub() -> None:
    """Add JupyterHub and its proxy. Raises SetUpError where it cannot."""
    stamp = HUB / ".installed"
    if is_older(stamp, [ROOT / "requirements/hub.txt", VENV / ".installed-dev"]):
        print(f"Adding JupyterHub in {HUB} ...", flush=True)
        check_writable()
        npm = shutil.which("npm")
        if npm is None:
            raise SetUpError(
                "JupyterHub's proxy comes with npm: install npm (Debian and Ubuntu: "
                f"apt-get install npm), {GOES_ON}"
            )
        run([npm, *PROXY])
        install(FOR_HUB, stamp)


def is_older(stamp: Path, inputs: list[Path]) -> bool:
    """Whether the stamp is missing, or one of the files newer: make's rule."""
    made = stamp.stat().st_mtime_ns if stamp.exists() else -1
    return any(path.stat().st_mtime_ns > made for path in inputs)


def check_python() -> None:
    """Raise SetUpError where this Python is too old for pyproject.toml."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r'requires-python = ">=([0-9.]+)"', text)
    if not found:
        raise SetUpError("pyproject.toml: expected requires-python, got none")
    if sys.version_info < tuple(map(int, found.group(1).split("."))):
        is_here = sys.version.split()[0]
        raise SetUpError(
            f"Python {found.group(1)} or newer is needed, this is {is_here}"
        )


def check_writable() -> None:
    """Raise SetUpError where nothing can be written here."""
    try:
        with tempfile.TemporaryFile(dir=str(ROOT)) as file:
            file.write(bytes(100_000))
            file.flush()
    except OSError as error:
        raise SetUpError(explain(str(error))) from error


def make_environment(folder: Path) -> None:
    """Make the environment where it has no pip that runs."""
    forget_unfinished(folder)
    for more in ([], ["--clear"]):
        if has_pip(folder):
            return
        run([sys.executable, "-I", "-m", "venv", *more, str(folder)])
    if not has_pip(folder):
        raise SetUpError(NO_VENV)


def has_pip(folder: Path) -> bool:
    """Whether the environment's pip runs."""
    python = folder / PYTHON
    if not python.exists():
        return False
    asked = [str(python), "-I", "-m", "pip", "--version"]
    quiet = subprocess.DEVNULL
    return subprocess.call(asked, stdout=quiet, stderr=quiet) == 0


def forget_unfinished(folder: Path) -> None:
    """Remove what says "installed" of a package whose files may not all be there.

    pip writes the list of files, RECORD, when all else is in its place.
    """
    for packages in "lib/python3*/site-packages", "Lib/site-packages":
        for about in folder.glob(f"{packages}/*.dist-info"):
            if not (about / "RECORD").exists():
                shutil.rmtree(about)


def install(
    steps: tuple[tuple[str, ...], ...], stamp: Path, folder: Path = VENV
) -> None:
    """Call pip once for each step; the stamp says that all is there."""
    for words in steps:
        run([str(folder / PYTHON), "-m", "pip", "install", "--quiet", *words])
    try:
        stamp.touch()
    except OSError as error:
        raise SetUpError(explain(str(error))) from error


def run(command: list[str]) -> None:
    """Run a command, and show what it says. Raises SetUpError where it fails."""
    # a foreign folder on the path would count as installed
    own = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    said = []
    with subprocess.Popen(
        command,
        cwd=str(ROOT),
        env=own,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout
        for line in process.stdout:
            sys.stderr.write(line)
            said.append(line)
    if process.returncode:
        raise SetUpError(explain("".join(said[-200:])))


def explain(said: str) -> str:
    """One sentence for the words with which a set-up ended, and what to do."""
    for pattern, sentence in REASONS:
        if re.search(pattern, said):
            return sentence
    return f"the lines above say why; mend that, {GOES_ON}"


def main(argv: list[str] | None = None) -> int:
    """Set up; return 0 where all is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dev", action="store_true", help="what tests need, too")
    parser.add_argument("--lite", action="store_true", help="JupyterLite, too")
    parser.add_argument("--hub", action="store_true", help="JupyterHub, too")
    parser.add_argument("--parts", choices=["1-2"], default="", help="these alone")
    parser.add_argument("--torch", choices=["cpu", "cuda"], default="")
    asked = parser.parse_args(argv)
    try:
        set_up(dev=asked.dev or asked.hub, parts=asked.parts, torch=asked.torch)
        if asked.lite:
            add_lite()
        if asked.hub:
            add_hub()
    except SetUpError as error:
        print(f"Not set up: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        with contextlib.suppress(BrokenPipeError):
            print("\nInterrupted: the same command goes on from here.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
