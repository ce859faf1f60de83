"""Runs the visible tests of one notebook: make check NOTEBOOK=path.

The first check starts a small process that stays warm; every later one
takes as long as the cells that changed. --watch checks again at each save.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parent.parent
START_SECONDS = 60  # until the process that stays is ready
LONGEST = 103  # bytes that every system allows a socket's path
PAUSE = 0.1  # seconds between two looks at the file
Answer = dict[str, Any]


class Refused(Exception):
    """Why nothing could be checked; the text says what to do."""


def main(argv: list[str] | None = None) -> int:
    """Check; 0 where all visible tests hold, 1 where not, 2 if misused."""
    options = _options(argv)
    try:
        path = _notebook(options.notebook)
        while True:
            seen = path.stat().st_mtime_ns  # a save during a check counts
            status = _check(path, options.seconds)
            if not options.watch:
                break
            _wait_for_save(path, seen)
    except Refused as refused:
        print(f"make check: {refused}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return status


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("notebook", type=Path, nargs="?")
    parser.add_argument(
        "--watch", action="store_true", help="check again at each save"
    )
    parser.add_argument(
        "--seconds", type=float, default=30, help="that a check may take"
    )
    return parser.parse_args(argv)


def _notebook(path: Path | None) -> Path:
    if path is None:
        raise Refused("say which one: make check NOTEBOOK=path")
    if path.is_dir():
        path = path / f"{path.resolve().name}.ipynb"
    if not path.is_file():
        raise Refused(f"there is no notebook {path}")
    return path.resolve()


def _check(path: Path, seconds: float) -> int:
    start = time.perf_counter()
    cells = read_cells(path)
    answer = ask(path, cells, seconds)
    print(report(path, cells, answer, time.perf_counter() - start))
    tests = answer["tests"]
    good = tests and all(test["holds"] for test in tests)
    return 0 if good and not answer["stopped"] else 1


def _wait_for_save(path: Path, seen: int) -> None:
    """Return when the file is there, and is not that of the time `seen`."""
    while not path.exists() or path.stat().st_mtime_ns == seen:
        time.sleep(PAUSE)


def read_cells(path: Path) -> list[dict[str, Any]]:
    """The code cells up to the last test, each with its test's name.

    Raises Refused where the file is no notebook, or has no test.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["cells"]
        cells = [_cell(c) for c in found if c["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(
            f"{path.name} is not a notebook ({type(error).__name__}: "
            f"{error}). Save it in JupyterLab, then check again"
        ) from error
    tests = [k for k, cell in enumerate(cells) if cell["test"]]
    if not tests:
        raise Refused(
            f"{path.name} has no test cell: is it the notebook of an "
            "assignment, with its cells' marks?"
        )
    return cells[: tests[-1] + 1]


def _cell(raw: dict[str, Any]) -> dict[str, Any]:
    source = raw["source"]
    text = source if isinstance(source, str) else "".join(source)
    meta = raw.get("metadata", {}).get("nbgrader", {})
    graded = meta.get("grade") and not meta.get("solution")
    return {
        "source": text,
        "test": meta.get("grade_id", "") if graded else "",
        "points": meta.get("points", 0),
    }


def ask(path: Path, cells: list[dict[str, Any]], seconds: float) -> Answer:
    """What the cells gave, from the process that stays."""
    place = socket_of(path)
    connection = _connect(place)
    if connection is None:
        _start(path, place)
        connection = _connect(place, START_SECONDS)
    if connection is None:
        raise Refused(f"the checker did not start; see {place}.log")
    with connection, connection.makefile("rw", encoding="utf-8") as file:
        json.dump({"cells": cells, "seconds": seconds}, file)
        file.write("\n")
        file.flush()
        line = file.readline()
    if not line:
        raise Refused(f"the checker ended; see {place}.log")
    answer: Answer = json.loads(line)
    return answer


def socket_of(path: Path) -> Path:
    """Where the process of this notebook listens.

    It is another one where the code has changed, and where the folder was
    removed and put there again: the old process stands in the removed one.
    """
    folder = Path(tempfile.gettempdir()) / f"rnncore-check-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    info = folder.lstat()
    if info.st_uid != os.getuid() or info.st_mode & 0o077:
        raise Refused(f"{folder} is open to others: remove it")
    code = PACKAGE.rglob("*.py")
    times = sorted((str(p), p.stat().st_mtime_ns) for p in code)
    here = path.parent.stat()
    state = sys.executable, times, here.st_dev, here.st_ino
    place = folder / f"{_short(path)}-{_short(state)}"
    if len(os.fsencode(place)) > LONGEST:
        raise Refused(
            f"the path of a socket, {place}, has more than {LONGEST} "
            "bytes: set TMPDIR to a folder with a shorter path"
        )
    return place


def _short(what: object) -> str:
    return hashlib.sha256(str(what).encode()).hexdigest()[:12]


def _connect(place: Path, patience: float = 0.0) -> socket.socket | None:
    """A connection, or None where nobody listens within `patience`."""
    until = time.monotonic() + patience
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(place))
            return connection
        except (FileNotFoundError, ConnectionRefusedError):
            connection.close()
        if time.monotonic() > until:
            return None
        time.sleep(0.02)


def _start(path: Path, place: Path) -> None:
    """Start the process that stays; what served older code ends."""
    place.unlink(missing_ok=True)
    for old in place.parent.glob(f"{_short(path)}-*"):
        if old.is_socket() and (connection := _connect(old)):
            with connection:
                connection.sendall(b"{}\n")
    with open(f"{place}.log", "a", encoding="utf-8") as log:
        subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-m",
                "rnncore.checking.server",
                str(place),
            ],
            cwd=path.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=os.environ
            | {
                "OMP_NUM_THREADS": "1",  # threads do not survive a fork
                "OPENBLAS_NUM_THREADS": "1",
                "MPLBACKEND": "agg",
                "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
            },
        )


def report(
    path: Path, cells: list[dict[str, Any]], answer: Answer, took: float
) -> str:
    """What a learner reads: one line per test, and what to do about it."""
    points = {cell["test"]: cell["points"] for cell in cells}
    lines = [f"{path.stem}: visible tests, {took:.1f} s"]
    lines += [f"  {error}" for error in answer["errors"]]
    for test in answer["tests"]:
        task = test["test"].removeprefix("test_")
        worth = f"{points[test['test']]:g} points"
        if test["got"] is not None:
            worth = f"{test['got']:g} of {worth}"
        if test["holds"]:
            lines.append(f"  + {task}: holds ({worth})")
            continue
        says = test["says"]
        if test["got"] is not None:
            says = f"{worth}\n{says}"
        lines.append(f"  - {task}: {says}".replace("\n", "\n      "))
        if place := test["failure"].get("read"):
            lines.append(f"      Read {_shown(*place)}")
    if answer["stopped"]:
        lines.append(f"  {answer['stopped']}; nothing after it ran")
    holds = sum(test["holds"] for test in answer["tests"])
    lines.append(f"{holds} of {len([c for c in cells if c['test']])} hold")
    return "\n".join(lines)


def _shown(page: str, title: str, anchor: str) -> str:
    """Where the book explains a task."""
    return f'"{title}" (book: {page}{anchor and f"#{anchor}"})'


if __name__ == "__main__":
    sys.exit(main())
