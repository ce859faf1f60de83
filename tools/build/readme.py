"""Write the tables of README.md, book/measured.md and book/public_sets.md from
the measurements.

Each block between `<!-- NAME -->` and `<!-- end NAME -->` is rewritten;
`--check` writes nothing and fails where a block is not what it should be.
"""

import argparse
import sys
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from rnncore.storage.files import whole_file
from tools import ROOT, generated_blocks
from tools.build.real_scores import format_few, format_real
from tools.measurements import read

README = ROOT / "README.md"
MEASURED = ROOT / "book" / "measured.md"
CARDS = ROOT / "book" / "public_sets.md"
Known = dict[str, dict[str, Any]]


def format_origin(found: Known) -> str:
    """Where, when and with which command the oldest was measured."""
    one = min(found.values(), key=lambda entry: entry["date"])
    return f"{one['device']}, {one['date']}: `{one['command']}`."


def make_ratio_table(key: str, **columns: str) -> Callable[[Known], str]:
    """The maker of a table of ratios, a row a cell and shape.

    `columns` has the heading of each kind of ratio.
    """

    def table(found: Known) -> str:
        head = ["cell", "T × B × D × H", *columns.values()]
        lines = [f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]
        for cell, sizes in sorted({tuple(k.split(".")[2:4]) for k in found}):
            row = f"{key}{cell}.{sizes}"
            values = [f"{found[f'{row}.{k}']['value']:.2f}" for k in columns]
            shape = sizes.replace("x", " × ")
            lines.append(f"| {cell} | {shape} | {' | '.join(values)} |")
        lines += ["", f"float32, {format_origin(found)}"]
        return "\n".join(lines)

    return table


def format_packed(found: Known) -> str:
    """The table of packed sequences, a row a device, cell and length."""
    lines = [
        "| device | cell | T | `rnncore.nn`, s | `torch.nn`, s | ratio |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    rows = {tuple(key.split(".")[1:4]) for key in found}
    for device, cell, T in sorted(rows, key=lambda r: (*r[:2], int(r[2]))):
        key = f"bench-packed.{device}.{cell}.{T}"
        ours, theirs, ratio = (
            found[f"{key}.{kind}"]["value"] for kind in ("ours", "torch", "ratio")
        )
        lines.append(
            f"| {device} | {cell} | {T} | {ours:.3f} | {theirs:.2f} | {ratio:.3f} |"
        )
    lines += ["", f"float32, {format_origin(found)}"]
    return "\n".join(lines)


def format_times(found: Known) -> str:
    """The table of what each command takes."""
    lines = ["| command | seconds |", "| --- | --- |"]
    for key, entry in sorted(found.items()):
        name = key.removeprefix("times.")
        lines.append(f"| {name} | {entry['value']:.0f} |")
    lines += ["", format_origin(found)]
    return "\n".join(lines)


def format_scores(found: Known) -> str:
    """The table of what each application scores, and its baseline."""
    lines = [
        "| chapter | command | held-out data | network | baseline |",
        "| --- | --- | --- | --- | --- |",
    ]
    rows = [
        (row["chapter"], k, key.removeprefix("scores."), row)
        for key, entry in found.items()
        for k, row in enumerate(entry["value"])
    ]
    for chapter, _, name, row in sorted(rows, key=lambda r: r[:2]):
        network, rival = row["network"], row["baseline"]
        digits = 1 if row["higher"] or max(network, rival) > 10 else 2
        lines.append(
            f"| {chapter} | `{name}` | {row['what']} | "
            f"{network:.{digits}f} | {rival:.{digits}f}, {row['than']} |"
        )
    lines += ["", f"One seed each, {format_origin(found)}"]
    return "\n".join(lines)


def format_grader(found: Known) -> str:
    """The table of the grader's times and stock nbgrader's."""
    head = "assignment | submissions | nbgrader | here | times | memory"
    lines = [f"| {head} | a worker's own |", "| --- " * 7 + "|"]
    forms = {"stock": ".2f", "ours": ".3f", "times": ".1f"}
    forms |= {"memory": ".0f", "worker": ".0f"}
    for kind, size in sorted({(k.split(".")[1], int(k.split(".")[2])) for k in found}):
        cells = [kind, f"{size:,}"]
        for name, form in forms.items():
            entry = found.get(f"grader.{kind}.{size}.{name}")
            cells.append(format(entry["value"], form) if entry else "-")
        lines.append(f"| {' | '.join(cells)} |")
    commands = sorted({entry["command"] for entry in found.values()})
    asked = ", ".join(f"`{command}`" for command in commands)
    about = "Seconds a submission on two cores, medians of rounds in which "
    about += "both grade the same class, one after the other; MB"
    lines += ["", f"{about}: {asked}."]
    return "\n".join(lines)


class Block(NamedTuple):
    """A block of the README: its measurements, table and command."""

    keys: str | tuple[str, ...]  # which begin so
    table: Callable[[Known], str]
    command: str


RATIOS: dict[str, tuple[str, dict[str, str]]] = {
    "bench": (
        "bench.cpu.",
        {
            "nn": "loop",
            "module": "module",
            "one-thread": "module, 1 thread",
            "autograd": "autograd",
            "memory": "memory",
        },
    ),
    "fused": (
        "bench-fused.cpu.",
        {"train": "forward and backward", "forward": "forward", "memory": "memory"},
    ),
    "parts": (
        "bench-parts.cpu.",
        {
            "layout": "layout",
            "forward": "forward",
            "backward": "backward",
            "weights": "gradients",
            "roof": "roof",
            "torch": "roof, torch",
            "read": "read",
        },
    ),
    "own": (
        "bench-own.cpu.",
        {"LSTM": "our LSTM", "steps": "a step at a time", "compiled": "torch.compile"},
    ),
}
BLOCKS = {
    name: Block(key, make_ratio_table(key, **columns), "make bench SAVE=1")
    for name, (key, columns) in RATIOS.items()
}
LSTM = {
    "ratio": "beside torch",
    "layout": "layout",
    "forward": "forward",
    "backward": "backward",
    "weights": "gradients",
    "exponentials": "exponentials",
    "rest": "rest",
    "forward-speed": "speed, forward",
    "backward-speed": "speed, backward",
    "weights-speed": "speed, gradients",
}
REAL = "real.", "music.published."
BLOCKS |= {
    "few": Block(REAL, format_few, "python -m tools.train"),
    "cards": Block(REAL, format_real, "python -m tools.train"),
    "packed": Block(
        "bench-packed.", format_packed, "python -m tools.bench.packed --save"
    ),
    "lstm": Block(
        "bench-lstm.cpu.",
        make_ratio_table("bench-lstm.cpu.", **LSTM),
        "python -m tools.bench.lstm_step --save",
    ),
    "scores": Block("scores.", format_scores, "make scores"),
    "times": Block("times.", format_times, "make times"),
    "grader": Block("grader.", format_grader, "make bench-grader SAVE=1"),
}


def rewrite_blocks(text: str, known: Known, names: Iterable[str]) -> str:
    """A page with these blocks rewritten.

    Raises ValueError where a block has no beginning or no end.
    """
    for name in names:
        keys, table, command = BLOCKS[name]
        found = {k: v for k, v in known.items() if k.startswith(keys)}
        block = table(found) if found else f"Not measured yet: `{command}`."
        text = generated_blocks.replace_block(text, name, block)
    return text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    known, others = read(), BLOCKS.keys() - {"few", "cards"}
    new = {}
    blocks = {README: {"few"}, CARDS: {"cards"}, MEASURED: others}
    for page, names in blocks.items():
        new[page] = rewrite_blocks(page.read_text("utf-8"), known, names).encode()
    stale = [path for path, content in new.items() if path.read_bytes() != content]
    for path in stale:
        if check:
            print(f"{path.relative_to(ROOT)} is not up to date: make readme")
            continue
        with whole_file(path) as file:
            file.write(new[path])
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
