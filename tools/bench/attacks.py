"""Runs the hostile notebooks: python -m tools.bench.attacks [NAME ...].

Prints what each of them gets, on a stock nbgrader (in a bubblewrap, for
this machine's sake) and here. --write puts the table into the guide.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from tests.attacks import harness, stock
from tests.attacks.catalogue import ATTACKS
from tools import ROOT, marks

GUIDE, README = ROOT / "book" / "grading.md", ROOT / "README.md"
IN_README = [  # the rest is in the guide
    "replaced_assert",
    "equal_array",
    "uses_reference",
    "reads_source",
    "reads_history",
    "gradebook",
    "transformer",
    "false_result",
    "skip_tag",
    "other_submission",
    "processes",
    "double_mark",
]
KEPT = ROOT / "tests" / "attacks" / "stock.json"


def main(argv: list[str] | None = None) -> int:
    """Print the table; 1 where an attack gained something here."""
    options = _options(argv)
    names = options.names or list(ATTACKS)
    known = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    if options.stock:
        with tempfile.TemporaryDirectory(prefix="stock-") as folder:
            ready = Path(folder) / "ready"
            stock.prepare(ready)
            for group in _groups(names):
                known |= _on_stock(group, ready)
                print(f"stock: {len(known)} are known", flush=True)
                text = json.dumps(known, indent=1, sort_keys=True)
                KEPT.write_text(text + "\n")
    here = _here(names)
    rows = [(n, known.get(n, "not run"), here[n]) for n in names]
    head = ["| a notebook that | stock nbgrader | here |"]
    head += ["| --- | --- | --- |"]
    print("\n".join([*head, *lines(rows)]))
    if options.write and not options.names:
        marks.write(GUIDE, "attacks", "\n".join([*head, *lines(rows)]))
        chosen = [row for row in rows if row[0] in IN_README]
        block = "\n".join([*head, *lines(chosen)])
        marks.write(README, "readme attacks", block)
    bad = [name for name, words in here.items() if words != NOTHING]
    print(f"{len(names) - len(bad)} of {len(names)} gain nothing here")
    return 1 if bad else 0


NOTHING = "0 points"


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument(
        "--stock", action="store_true", help="run the stock nbgrader too"
    )
    parser.add_argument(
        "--write", action="store_true", help="put the table into the guide"
    )
    options = parser.parse_args(argv)
    if unknown := set(options.names) - ATTACKS.keys():
        parser.error(f"there is no attack {min(unknown)!r}")
    return options


def _groups(names: list[str]) -> list[list[str]]:
    """The attacks that are run together: ten, or one that does not do."""
    together = [name for name in names if name not in stock.ALONE]
    tens = [together[k : k + 10] for k in range(0, len(together), 10)]
    return tens + [[n] for n in names if n in stock.ALONE]


def _on_stock(names: list[str], ready: Path) -> dict[str, str]:
    chosen = [ATTACKS[name] for name in names if ATTACKS[name].stock]
    found = {
        name: "not run: it would take the machine"
        for name in names
        if not ATTACKS[name].stock
    }
    if not chosen:
        return found
    base = ready.with_name("class")
    shutil.copytree(ready, base, symlinks=True)
    try:
        made = stock.run(base, chosen)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    return found | {name: outcome.words() for name, outcome in made.items()}


def _here(names: list[str]) -> dict[str, str]:
    """What each of them gets here, all in one class."""
    with tempfile.TemporaryDirectory(prefix="attacked-") as folder:
        chosen = [ATTACKS[name] for name in names]
        root = harness.make_class(Path(folder), chosen)
        before = harness.picture(root)
        with harness.a_service():
            harness.grade(root)
        changed = harness.picture(root) != before
        points, left = harness.points(root), harness.left_processes()
        return {
            name: stock.Outcome(
                points.get(name, 0),
                harness.secrets_in(harness.shown(root, name)),
                name in left,
                changed,
                False,
            ).words()
            for name in names
        }


def lines(rows: list[tuple[str, str, str]]) -> list[str]:
    """The outcomes as a table's lines."""
    return [f"| {ATTACKS[name].tries} | {was} | {now} |" for name, was, now in rows]


if __name__ == "__main__":
    sys.exit(main())
