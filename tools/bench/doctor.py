"""Run the doctor's corpus, and write its table into book/my_network.md.

Each script of the corpus runs in a process of its own, forked from this
one, which has torch loaded. Its docstring says what is wrong with it
(`fault:`; a healthy one has no such line), the form of which public code
it has (`source:`, a number of SOURCES.md), and whether the rules were never
tuned on it (`held back`). A line that may be named ends with `# fault`.
"""

import argparse
import datetime
import multiprocessing
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rnncore.apps.diagnose.findings import find_faults
from rnncore.apps.diagnose.run import watch_script
from tools import generated_blocks

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "tests/rnncore/apps/diagnose/corpus"
LONG = CORPUS.parent / "scripts/long.py"
PAGE = ROOT / "book/my_network.md"
COMMAND = "python -m tools.bench.doctor --save"


class Script(NamedTuple):
    """A script of the corpus, and what is known of it."""

    path: Path
    fault: str  # "" where it is healthy
    held: bool
    lines: frozenset[int]  # those that may be named


class Verdict(NamedTuple):
    """What was said of a script."""

    names: list[str]  # of the findings, the surest first
    line: int | None  # of the first
    failed: str
    told: list[str]  # the evidence


def read(path: Path) -> Script:
    """A script's header, and its marked lines.

    Raises ValueError unless the docstring names its source.
    """
    text = path.read_text("utf-8")
    head = text.split('"""')[1]
    if not re.search(r"^source: \d+$", head, re.MULTILINE):
        raise ValueError(f"{path}: expected a line 'source: NUMBER'")
    fault = re.search(r"^fault: ([\w-]+)$", head, re.MULTILINE)
    lines = enumerate(text.splitlines(), 1)
    marked = frozenset(n for n, line in lines if line.endswith("# fault"))
    held = re.search(r"^held back$", head, re.MULTILINE) is not None
    return Script(path, fault[1] if fault else "", held, marked)


def read_all() -> list[Script]:
    """The whole corpus, by name."""
    return [read(path) for path in sorted(CORPUS.glob("*/*.py"))]


def judge(script: Script) -> Verdict:
    """What the doctor says of a script, from a process of its own.

    It is forked from one that has torch loaded and has computed nothing: threads
    that have don't come along.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_judge, args=(script.path, sender))
    process.start()
    sender.close()
    try:
        found: dict[str, Any] = receiver.recv()
    except EOFError:
        found = {"names": [], "line": None, "failed": "its process ended", "told": []}
    process.join()
    return Verdict(**found)


def _judge(path: Path, sender: Any) -> None:
    with open(os.devnull, "w", encoding="utf-8") as nothing:
        sys.stdout = sys.stderr = nothing
        record, failed = watch_script(path)
        found = find_faults(record)
    lines = [re.search(r"line (\d+)$", f.line) for f in found[:1]]
    sender.send(
        {
            "names": [f.name for f in found],
            "line": int(lines[0][1]) if lines and lines[0] else None,
            "failed": repr(failed) if failed else "",
            "told": [f"{f.evidence} [{f.line}]" for f in found],
        }
    )


def is_named(script: Script, verdict: Verdict) -> bool:
    """Whether the fault is named first, with a line that is marked."""
    first = verdict.names[:1] == [script.fault]
    return first and (not script.lines or verdict.line in script.lines)


def make_table(judged: Sequence[tuple[Script, Verdict]], day: str) -> str:
    """Precision and recall, and what was missed, as Markdown."""
    heads = ["scripts", "healthy", "accused", "faulty", "named, with the line"]
    heads += ["named at all", "precision", "recall"]
    rows = [f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads)]
    for title, held in (("tuned on", False), ("held back", True)):
        part = [(s, v) for s, v in judged if s.held == held]
        healthy = [v for s, v in part if not s.fault]
        faulty = [(s, v) for s, v in part if s.fault]
        accused = sum(bool(v.names) for v in healthy)
        named = sum(is_named(s, v) for s, v in faulty)
        at_all = sum(s.fault in v.names for s, v in faulty)
        said = accused + sum(bool(v.names) for _, v in faulty)
        rows.append(
            f"| {title} | {len(healthy)} | {accused} | {len(faulty)} | {named} "
            f"| {at_all} | {named / max(1, said):.0%} "
            f"| {named / max(1, len(faulty)):.0%} |"
        )
    missed = [_describe(s, v) for s, v in judged if _is_wrong(s, v)]
    return "\n".join(
        [
            *rows,
            "",
            f"Judged on {day} by `{COMMAND}`. What came out wrong: "
            + ("; ".join(missed) if missed else "nothing")
            + ".",
        ]
    )


def _is_wrong(script: Script, verdict: Verdict) -> bool:
    if not script.fault:
        return bool(verdict.names)
    return not is_named(script, verdict)


def _describe(script: Script, verdict: Verdict) -> str:
    said = ", ".join(verdict.names) or "nothing"
    return f"`{script.path.stem}` ({script.fault or 'healthy'}): {said}"


def time_watching(path: Path) -> tuple[float, float]:
    """Seconds of processor time of a script alone, and of the doctor with it."""
    alone = _time([sys.executable, str(path)])
    watched = _time([sys.executable, "-m", "rnncore", "diagnose", str(path)])
    return alone, watched


def _time(command: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Judge all scripts, or those whose name has a word in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("word", nargs="?", default="")
    parser.add_argument("--held", action="store_true", help="those held back, too")
    parser.add_argument("--save", action="store_true", help="all, into the page")
    arguments = parser.parse_args()
    judged = []
    for script in read_all():
        if script.held and not (arguments.held or arguments.save):
            continue
        if arguments.word not in script.path.stem:
            continue
        start = time.perf_counter()
        verdict = judge(script)
        judged.append((script, verdict))
        took = time.perf_counter() - start
        broke = not script.fault and verdict.failed
        sign = "WRONG" if _is_wrong(script, verdict) or broke else "ok"
        print(f"{sign:6}{took:5.1f} s {_describe(script, verdict)}", verdict.failed)
        if sign == "WRONG":
            print(*verdict.told, sep="\n")
    table = make_table(judged, datetime.date.today().isoformat())
    alone, watched = time_watching(LONG)
    table += (
        f"\n\nA training of {alone:.0f} seconds of processor time took "
        f"{watched - alone:.1f} s more (`{LONG.relative_to(ROOT)}`)."
    )
    print(table)
    if arguments.save:
        generated_blocks.write(PAGE, "doctor", table)


if __name__ == "__main__":
    main()
