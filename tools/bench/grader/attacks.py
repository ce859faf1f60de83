"""Runs the hostile notebooks: python -m tools.bench.grader.attacks [NAME ...].

Prints what each of them gains, reads and harms here, and how long the honest
learner beside it waits: the worse of two ways to grade, as root and as an
ordinary user. --stock runs them on a stock nbgrader too (in a bubblewrap, for
this machine's sake); --write puts the table into the guide, or renews the rows
of the attacks that are named.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from grader.isolation import sandbox
from tests.attacks import harness, stock
from tests.attacks.catalogue import ATTACKS
from tests.attacks.target import POINTS
from tools import ROOT, generated_blocks

GUIDE = ROOT / "book" / "grading_attacks.md"
KEPT = ROOT / "tests" / "attacks" / "stock.json"
HEAD = (
    "| class | a notebook that | stock nbgrader | gain | leak | harm | delay |",
    "| --- | --- | --- | --- | --- | --- | --- |",
)
LATE = 2.0  # times as long as usual: from here on it counts as a delay
Found = dict[str, dict[str, Any]]  # by the attack's name


def main(argv: list[str] | None = None) -> int:
    """Print the table; 1 where an attack gained something here."""
    options = _parse_options(argv)
    names = options.names or list(ATTACKS)
    known = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    if options.stock:
        _run_stock(names, known)
    sandbox.require()
    here: dict[str, Found] = {}
    for user in harness.USERS:
        here[user] = _run_attacks(names, user)
        bad = [n for n, row in here[user].items() if _format_row(row) != NOTHING]
        done = len(names) - len(bad)
        print(f"{user}: {done} of {len(names)} come to nothing", flush=True)
    rows = {
        name: _find_worst([found[name] for found in here.values()]) for name in names
    }
    lines = {n: _format_line(n, known.get(n, "not run"), rows[n]) for n in names}
    print("\n".join([*HEAD, *lines.values()]))
    if options.write:
        ran = "; ".join(map(str, here))
        lines = _read_lines() | lines
        table = [*HEAD, *(lines[name] for name in ATTACKS if name in lines)]
        generated_blocks.write(
            GUIDE, "attacks", "\n".join([*table, "", f"Graded as {ran}."])
        )
    return 1 if any(_format_row(row) != NOTHING for row in rows.values()) else 0


def _read_lines() -> dict[str, str]:
    """The rows that stand in the guide, by the attack's name."""
    text = GUIDE.read_text("utf-8").splitlines()
    begins = {f"| {a.kind} | {a.tries} |": name for name, a in ATTACKS.items()}
    return {
        name: line
        for line in text
        for begin, name in begins.items()
        if line.startswith(begin)
    }


NOTHING = ["0 points", "none", "none", "none"]


def _parse_options(argv: list[str] | None) -> argparse.Namespace:
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


# ------------------------------------------------------------------- stock


def _run_stock(names: list[str], known: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix="stock-") as folder:
        ready = Path(folder) / "ready"
        stock.prepare(ready)
        for group in _group_attacks(names):
            known |= _grade_on_stock(group, ready)
            print(f"stock: {len(known)} are known", flush=True)
            text = json.dumps(known, indent=1, sort_keys=True)
            KEPT.write_text(text + "\n", "utf-8")


def _group_attacks(names: list[str]) -> list[list[str]]:
    """The attacks that are run together: ten, or one that does not do."""
    together = [name for name in names if name not in stock.ALONE]
    tens = [together[k : k + 10] for k in range(0, len(together), 10)]
    return tens + [[n] for n in names if n in stock.ALONE]


def _grade_on_stock(names: list[str], ready: Path) -> dict[str, str]:
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


# -------------------------------------------------------------------- here


def _run_attacks(names: list[str], user: str) -> Found:
    """What each attack gets; those that made others wait are run again.

    A delay from other programs on this machine does not happen twice.
    """
    found = _run_class(names, user)
    late = [name for name in names if _is_late(*found[name]["delay"])]
    again = _run_class(late, user) if late else {}
    for name, row in again.items():
        took, usual = found[name]["delay"]
        shorter = min(took, row["delay"][0])
        found[name] = _find_worst([found[name], row]) | {"delay": (shorter, usual)}
    return found


def _is_late(took: float, usual: float) -> bool:
    return took > LATE * usual


def _run_class(names: list[str], user: str) -> Found:
    """What each of them gets here, all in one class."""
    with tempfile.TemporaryDirectory(prefix="attacked-") as folder:
        chosen = [ATTACKS[name] for name in names]
        root = harness.make_class(Path(folder), chosen, user)
        before = harness.picture(root)
        with harness.a_service():
            harness.grade(root, user)
        changed = harness.picture(root) != before
        points, left = harness.points(root), harness.left_processes()
        usual = harness.usual_seconds(root, names)
        pages = harness.handed_out(root)
        return {
            name: {
                "gain": points.get(name, 0),
                "leak": {
                    *harness.secrets_in(harness.shown(root, name), root),
                    *harness.secrets_in(pages.get(harness.page(name), ""), root),
                },
                "harm": {
                    *(["processes stay"] if name in left else []),
                    *(["other files change"] if changed else []),
                    *(
                        ["an honest learner loses points"]
                        if points.get(name + harness.BESIDE) != POINTS
                        else []
                    ),
                },
                "delay": (harness.seconds(root, name + harness.BESIDE), usual),
            }
            for name in names
        }


def _find_worst(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The outcome of all ways together."""
    return {
        "gain": max((row["gain"] for row in rows), default=0),
        "leak": set().union(*(row["leak"] for row in rows)),
        "harm": set().union(*(row["harm"] for row in rows)),
        "delay": max((r["delay"] for r in rows), key=lambda d: d[0] / d[1]),
    }


def _format_row(row: dict[str, Any]) -> list[str]:
    """Gain, leak, harm and delay in a table's words."""
    took, usual = row["delay"]
    late = f"{took:.1f} s, usual {usual:.1f} s" if _is_late(took, usual) else "none"
    leak, harm = ", ".join(sorted(row["leak"])), ", ".join(sorted(row["harm"]))
    return [f"{row['gain']:g} points", leak or "none", harm or "none", late]


def _format_line(name: str, was: str, row: dict[str, Any]) -> str:
    cells = [ATTACKS[name].kind, ATTACKS[name].tries, was, *_format_row(row)]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
