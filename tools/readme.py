"""Write the README's figures from the file of measurements.

Each block between `<!-- NAME -->` and `<!-- end NAME -->` is written anew;
`--check` writes nothing and fails where a block is not what it should be.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from files import write_atomically
from measurements import read

README = Path(__file__).resolve().parent.parent / "README.md"
Known = dict[str, dict[str, Any]]


def bench(known: Known) -> str:
    """The table of ratios against torch.nn and the autograd loop."""
    found = {k: v for k, v in known.items() if k.startswith("bench.cpu.")}
    rows = sorted({tuple(k.split(".")[2:4]) for k in found})
    lines = [
        "| cell | T × B × D × H | / torch.nn | / autograd | memory |",
        "| --- | --- | --- | --- | --- |",
    ]
    for cell, sizes in rows:
        values = [
            found[f"bench.cpu.{cell}.{sizes}.{k}"]["value"]
            for k in ("nn", "autograd", "memory")
        ]
        shape = sizes.replace("x", " × ")
        ratios = " | ".join(f"{v:.2f}" for v in values)
        lines.append(f"| {cell} | {shape} | {ratios} |")
    one = next(iter(found.values()))
    lines += ["", f"{one['device']}, float32, {one['date']}: `make bench`."]
    return "\n".join(lines)


def times(known: Known) -> str:
    """The table of what each command takes."""
    lines = ["| command | seconds |", "| --- | --- |"]
    found = {k: v for k, v in known.items() if k.startswith("times.")}
    for key, entry in sorted(found.items()):
        name = key.removeprefix("times.")
        lines.append(f"| {name} | {entry['value']:.0f} |")
    one = next(iter(found.values()))
    lines += ["", f"{one['device']}, {one['date']}: `{one['command']}`."]
    return "\n".join(lines)


BLOCKS = {"bench": bench, "times": times}


def written(text: str, known: Known) -> str:
    """The README with every block written anew.

    Raises ValueError where a block has no beginning or no end.
    """
    for name, make in BLOCKS.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end {name} -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ValueError(
                f"README.md: expected one {begin.strip()} block"
            )
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = before + begin + make(known) + "\n" + end + after
    return text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing"
    )
    check = parser.parse_args().check
    before = README.read_text("utf-8")
    after = written(before, read())
    if check and after != before:
        print("README.md is not what book/measurements.json says")
        return 1
    if after != before:
        write_atomically(README, after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
