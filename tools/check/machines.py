"""The quick numeric tests as other machines would run them.

    python -m tools.check.machines [NAME ...]

One processor can play older ones: the libraries are told to leave out its
wider instructions, and how many threads to start. Each row asks the libraries
themselves what they then do; a setting without effect fails. Other Pythons
are those that are installed here; each gets NumPy, and torch where pip finds
it, in a folder of its own below .venv/machines, made once. Two rows run at a
time.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

from tools import ROOT

TESTS = ROOT / "tests"
VENVS = ROOT / ".venv" / "machines"
# Tests of what is around the package's modules: no numeric ones.
AROUND = re.compile(r"\s*from (grader|tools|rnncore\.__main__)\b")
# For other Pythons: what NumPy and torch are enough for.
ELSEWHERE = [
    *("arrays", "bptt", "chunks", "ctc", "factors", "gradient_flow", "gru", "layers"),
    *("losses", "lstm", "memory", "rtrl", "nn", "norm", "optim", "rnn"),
    *("music_infill", "scan", "seq2seq", "speech_model"),
    *("text_probe", "text_sampling", "text_softmax", "tracking"),
    *("transducer", "video_convolutional", "xlstm"),
]
PROBE = """
import json, os, sys
import numpy as np
import threadpoolctl
try:
    from numpy._core import _multiarray_umath as numpy_core
except ModuleNotFoundError:  # NumPy 1
    from numpy.core import _multiarray_umath as numpy_core
found = {"python": sys.version.split()[0], "numpy": np.__version__}
found["features"] = [
    name for name in numpy_core.__cpu_dispatch__
    if numpy_core.__cpu_features__.get(name)
]
found["dispatch"] = list(numpy_core.__cpu_dispatch__)
try:
    import torch
except ImportError:
    found["torch"] = None
else:
    found["torch"] = torch.__version__
    found["aten"] = torch.backends.cpu.get_cpu_capability()
    found["torch_threads"] = torch.get_num_threads()
    os.environ["MKL_VERBOSE"] = "1"
    torch.rand(64, 64) @ torch.rand(64, 64)
    sys.stdout.flush()
    conv = torch.nn.functional.conv2d
    conv(torch.rand(2, 64, 32, 32), torch.rand(64, 64, 3, 3))
np.ones((64, 64)) @ np.ones((64, 64))
for library in threadpoolctl.threadpool_info():
    if library["internal_api"] == "openblas":
        found["openblas"] = library["architecture"]
        found["blas_threads"] = library["num_threads"]
print("\\nPROBE " + json.dumps(found))
"""


# What NumPy alone is enough for: for a Python without torch.
PLAIN = [
    *("bptt", "characters", "data_tasks", "factors", "lstm", "memory", "rnn"),
    *("scan", "train"),
]
PYTHON = Path(sys.executable)


def supported() -> list[str]:
    """The Pythons that the package's classifiers name, the oldest first."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
    listed = re.compile(r"Programming Language :: Python :: (\d+\.\d+)")
    return [m[1] for m in map(listed.fullmatch, project["classifiers"]) if m]


# The oldest is tried with the oldest NumPy, the others with the newest.
OLDEST, *PYTHONS = supported()
NEEDED = [
    *("array-api-compat", "array-api-strict", "hypothesis", "pytest"),
    "pytest-timeout",
    *("threadpoolctl", "tqdm"),
]


Words = list[str | Path]


class Machine(NamedTuple):
    """A processor to play: what its libraries may use."""

    name: str
    threads: int = 1
    aten: str = ""  # default (SSE), avx2 or avx512
    openblas: str = ""  # a processor's name in OpenBLAS
    numpy: str | None = None  # leave out dispatched features that match
    others: tuple[str, ...] = ()  # settings of oneDNN and MKL
    flag: str = ""  # what this processor must have


MACHINES = [  # `make test` runs on this one with one thread
    Machine(
        "SSE",
        aten="default",
        openblas="Prescott",
        numpy=r".*",
        others=("ONEDNN_MAX_CPU_ISA=SSE41", "MKL_CBWR=COMPATIBLE"),
    ),
    Machine(
        "AVX2, 2 threads",
        threads=2,
        aten="avx2",
        openblas="Haswell",
        numpy=r"AVX512.*|X86_V4",
        others=("ONEDNN_MAX_CPU_ISA=AVX2", "MKL_CBWR=AVX2"),
        flag="avx2",
    ),
    Machine(
        "AVX-512",
        aten="avx512",
        openblas="SkylakeX",
        others=("ONEDNN_MAX_CPU_ISA=AVX512_CORE",),
        flag="avx512bw",
    ),
]


class Row(NamedTuple):
    """A line of the table."""

    name: str
    settings: str
    effect: str
    passed: int
    failed: int
    left_out: int
    seconds: float
    output: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(
        description="The quick numeric tests as other machines run them."
    )
    names = [*(m.name for m in MACHINES), "oldest", *PYTHONS]
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        choices=[[], *names],
        help=f"only these rows: {'; '.join(names)}",
    )
    wanted = parser.parse_args().names
    failed = False
    head = ("machine", "passed", "failed", "left out", "seconds")
    print("{:26} {:>6} {:>6} {:>8} {:>7}".format(*head), flush=True)
    for row in rows(wanted):
        print(line(row), flush=True)
        if isinstance(row, Row) and row.failed:
            failed = True
            print(row.output, flush=True)
    return 1 if failed else 0


def rows(wanted: list[str]) -> Iterator[Row | str]:
    """Each machine's row, then each Python's, with what is not here."""
    here = Path("/proc/cpuinfo")
    flags = here.read_text("utf-8").split() if here.exists() else []
    known = interpreters()
    jobs: dict[str, Callable[[], Row | str]] = {}
    for machine in MACHINES:
        jobs[machine.name] = partial(played, machine, flags)
    jobs["oldest"] = partial(of_python, OLDEST, "oldest", known)
    for version in PYTHONS:
        jobs[version] = partial(of_python, version, "newest", known)
    with ThreadPoolExecutor(2) as two:
        chosen = [jobs[name] for name in wanted or jobs]
        yield from two.map(lambda job: job(), chosen)


def played(machine: Machine, flags: list[str]) -> Row | str:
    """The tests, under the machine's settings."""
    if machine.flag and machine.flag not in flags:
        return f"left out: {machine.name}: not a part of this processor"
    features = probed(PYTHON, {})["dispatch"]
    env = settings(machine, features)
    found = probed(PYTHON, env)
    wrong = without_effect(machine, found)
    shown = " ".join(f"{k}={v}" for k, v in env.items()) or "nothing"
    if wrong:
        text = f"no effect: {', '.join(wrong)}"
        return Row(machine.name, shown, told(found), 0, 1, 0, 0.0, text)
    return tested(machine.name, shown, told(found), PYTHON, env, numeric())


def numeric() -> list[Path]:
    """The tests of the package's modules, told from what they import."""
    found = [TESTS / "test_arrays.py", TESTS / "test_fused_nn.py"]  # around them
    for path in TESTS.glob("test_*.py"):
        lines = path.read_text(encoding="utf-8").split("\n")
        ours = any(re.match(r"\s*(from|import) rnncore\b", x) for x in lines)
        command = path.name.startswith("test_command")
        if ours and not command and not any(map(AROUND.match, lines)):
            found.append(path)
    return sorted(set(found))


def settings(machine: Machine, dispatch: list[str]) -> dict[str, str]:
    """What the environment says to the libraries."""
    count = str(machine.threads)
    env = {"OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count}
    if machine.aten:
        env["ATEN_CPU_CAPABILITY"] = machine.aten
    if machine.openblas:
        env["OPENBLAS_CORETYPE"] = machine.openblas
    if machine.numpy:
        off = [f for f in dispatch if re.fullmatch(machine.numpy, f)]
        env["NPY_DISABLE_CPU_FEATURES"] = " ".join(off)
    return env | dict(other.split("=") for other in machine.others)


def without_effect(machine: Machine, found: dict[str, Any]) -> list[str]:
    """The settings that the libraries do not follow."""
    aten = {"avx2": "AVX2", "avx512": "AVX512", "default": "DEFAULT"}
    wrong = []
    if machine.aten and found["aten"] != aten[machine.aten]:
        wrong.append(f"torch uses {found['aten']}")
    # In wheels all processors before AVX share a kernel, under one name.
    core = {"Prescott": "Katmai"}.get(machine.openblas, machine.openblas)
    if core and found["openblas"] not in (core, machine.openblas):
        wrong.append(f"OpenBLAS uses {found['openblas']}")
    pattern = machine.numpy or "nothing"
    wrong += [
        f"NumPy uses {feature}"
        for feature in found["features"]
        if re.fullmatch(pattern, feature)
    ]
    for name in ("torch_threads", "blas_threads"):
        if found[name] != machine.threads:
            wrong.append(f"{name}: {found[name]}")
    return wrong


def probed(python: Path, env: dict[str, str]) -> dict[str, Any]:
    """What the libraries say of themselves under these settings."""
    run = subprocess.run(
        [python, "-c", PROBE],
        env={**os.environ, "ONEDNN_VERBOSE": "1", **env},
        capture_output=True,
        text=True,
        check=True,
    )
    before, _, last = run.stdout.rpartition("PROBE ")
    found = json.loads(last)
    isa = re.search(r"info,cpu,isa:(.*)", before)
    branch = re.search(r"CNR:(\S+)", before)
    found["onednn"] = isa[1] if isa else None
    found["mkl"] = branch[1] if branch else None
    return found


def told(found: dict[str, Any]) -> str:
    """The same in a line of the table."""
    words = [
        f"Python {found['python']}",
        f"NumPy {found['numpy']} ({' '.join(found['features']) or 'SSE'})",
        f"OpenBLAS {found.get('openblas')} x{found.get('blas_threads')}",
    ]
    if found["torch"]:
        words += [
            f"torch {found['torch']} ({found['aten']})",
            f"x{found['torch_threads']}",
            f"oneDNN {found['onednn'] or 'silent'}",
            f"MKL's branch {found['mkl'] or 'silent'}",
        ]
    return ", ".join(words)


def of_python(version: str, numpy: str, known: dict[str, Path]) -> Row | str:
    """The tests on another Python, with the newest or the oldest NumPy."""
    if version not in known:
        return f"left out: Python {version} is not found here"
    name = f"Python {version}, {numpy} NumPy"
    start = time.perf_counter()
    folder = VENVS / f"{version}-{numpy}"
    try:
        inside = made(folder, known[version], numpy)
        found = probed(inside, {})
    except subprocess.CalledProcessError as error:
        seconds = time.perf_counter() - start
        return Row(name, "", "not made", 0, 1, 0, seconds, error.stderr)
    names = ELSEWHERE if found["torch"] else PLAIN
    files = [TESTS / f"test_{n}.py" for n in names]
    effect = told(found) + ("" if found["torch"] else ", no torch")
    return tested(name, "", effect, inside, {}, files)


def made(folder: Path, python: Path, numpy: str) -> Path:
    """A virtual environment with NumPy, and torch where pip finds it."""
    inside = folder / "bin" / "python"
    ready = folder / ".installed"
    if ready.exists():
        return inside
    command(python, "-m", "venv", "--clear", folder)
    pip: Words = [inside, "-m", "pip", "install", "--quiet"]
    chosen: Words = (
        ["--requirement", ROOT / "requirements-oldest.txt"]
        if numpy == "oldest"
        else ["numpy"]
    )
    command(*pip, "--only-binary=:all:", *chosen, *NEEDED)
    if numpy == "newest":
        torch = probed(PYTHON, {})["torch"]
        subprocess.run(  # there may be none: the tests say so
            [*pip, "--only-binary=:all:", f"torch=={torch}"],
            capture_output=True,
            check=False,
        )
    ready.touch()
    return inside


def command(*words: str | Path) -> None:
    """Run to the end; raises subprocess.CalledProcessError."""
    subprocess.run(words, check=True, capture_output=True, text=True)


def interpreters() -> dict[str, Path]:
    """The newest interpreter of each version that is installed here."""
    found: dict[str, Path] = {}
    for version in (OLDEST, *PYTHONS):
        name = f"python{version}"
        on_path = shutil.which(name)
        places = [Path(on_path)] if on_path else []
        for pattern in (
            f".pyenv/versions/{version}.*/bin/{name}",
            f".local/share/uv/python/*/bin/{name}",
        ):
            places += sorted(Path.home().glob(pattern))
        places += sorted(Path("/").glob(f"opt/*/bin/{name}"))
        places.append(Path(f"/usr/local/bin/{name}"))
        good = [place for place in places if works(place)]
        if good:
            found[version] = good[0]
    return found


def works(python: Path) -> bool:
    """Is it there, and can it make an environment?"""
    if not python.exists():
        return False
    asked = "import ensurepip, venv, sqlite3, ssl"
    run = subprocess.run([python, "-c", asked], capture_output=True, check=False)
    return run.returncode == 0


def tested(
    name: str,
    shown: str,
    effect: str,
    python: Path,
    env: dict[str, str],
    files: list[Path],
) -> Row:
    """Run the files' tests, and count."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "tests.xml"
        words = ["-m", "pytest", "-p", "no:cacheprovider", "--tb=short"]
        words += ["-m", "not slow and not system"]
        run = subprocess.run(
            [python, *words, f"--junitxml={report}", *files],
            cwd=ROOT,
            env={**os.environ, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - start
        if not report.exists():
            return Row(name, shown, effect, 0, 1, 0, seconds, run.stdout)
        suite = ElementTree.parse(report).getroot()[0]
    every, skipped = (int(suite.get(k, 0)) for k in ("tests", "skipped"))
    failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    failed = failed or int(run.returncode != 0)
    passed = every - skipped - failed
    return Row(name, shown, effect, passed, failed, skipped, seconds, run.stdout)


def line(row: Row | str) -> str:
    """The row as the table shows it."""
    if isinstance(row, str):
        return row
    counts = (
        f"{row.name:26} {row.passed:6} {row.failed:6} {row.left_out:8} "
        f"{row.seconds:7.0f}"
    )
    lines = [counts, f"    in effect: {row.effect}"]
    if row.settings:
        lines.append(f"    set: {row.settings}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
