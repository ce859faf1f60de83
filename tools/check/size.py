"""Refuse a change that lets the project grow without a reason.

    python -m tools.check.size             is each part within its size?
    python -m tools.check.size --shrink    write what stands, if it is smaller

`size.json` beside this file has the lines of Python of each folder and the
bytes of all tracked files. Who raises one adds an entry to `raised` there, with
the reason: `{"why": "...", "tests": 40}`. `--shrink` makes these entries part
of the sizes. Without git, bytes are not counted.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from rnncore import programs
from rnncore.storage.files import whole_file
from tools import ROOT

SIZES = Path(__file__).with_name("size.json")
FOLDERS = "rnncore", "grader", "tools", "tests", "solutions"
BYTES = "bytes"


def count_lines(folder: Path) -> int:
    """Return the lines of Python in and below a folder."""
    return sum(path.read_bytes().count(b"\n") for path in folder.rglob("*.py"))


def count_bytes(root: Path) -> int | None:
    """Return the bytes of all tracked files but `size.json`; None without git."""
    if not (root / ".git").exists() or not programs.find("git"):
        return None
    listed = subprocess.run(
        [programs.require("git"), "ls-files", "-z"],
        cwd=root,
        check=True,
        capture_output=True,
    ).stdout.decode()
    paths = [root / name for name in listed.split("\0") if name]
    paths = [path for path in paths if path.name != SIZES.name]
    return sum(path.stat().st_size for path in paths if path.is_file())


def measure(root: Path) -> dict[str, int]:
    """Return the size of each part, by its name in `size.json`."""
    sizes = {name: count_lines(root / name) for name in FOLDERS}
    total = count_bytes(root)
    return sizes if total is None else {**sizes, BYTES: total}


def read_limits(path: Path) -> dict[str, int]:
    """Return what each part may have: its size, and what was added to it.

    Raises ValueError where an addition gives no reason or names no part.
    """
    kept: dict[str, Any] = json.loads(path.read_text("utf-8"))
    limits = dict(kept["sizes"])
    for raised in kept["raised"]:
        parts = {name: more for name, more in raised.items() if name != "why"}
        if not raised.get("why", "").strip() or not parts or parts.keys() - limits:
            raise ValueError(
                f'{path.name}: expected {{"why": a reason, part: how many}}, '
                f"got {raised}; the parts are {', '.join(limits)}"
            )
        for name, more in parts.items():
            limits[name] += more
    return limits


def find_growth(sizes: dict[str, int], limits: dict[str, int]) -> list[str]:
    """Return a line for each part that is larger than it may be."""
    return [
        f"{name}: expected at most {limits[name]:,}, got {size:,}"
        for name, size in sizes.items()
        if size > limits[name]
    ]


def shrink(sizes: dict[str, int], path: Path) -> None:
    """Write the sizes that stand, where they are smaller."""
    limits = read_limits(path)
    least = {name: min(sizes.get(name, n), n) for name, n in limits.items()}
    text = json.dumps({"sizes": least, "raised": []}, indent=2)
    with whole_file(path) as file:
        file.write(f"{text}\n".encode())


def main(argv: list[str] | None = None) -> int:
    """Print what grew; 1 if anything did."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shrink", action="store_true", help="write what stands")
    asked = parser.parse_args(argv)
    sizes = measure(ROOT)
    grown = find_growth(sizes, read_limits(SIZES))
    for line in grown:
        print(line)
    if grown:
        print(f"take something out, or give the reason in {SIZES.relative_to(ROOT)}")
    elif asked.shrink:
        shrink(sizes, SIZES)
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
