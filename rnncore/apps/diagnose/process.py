"""A script in a process of its own: what was found comes back as JSON."""

import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
import types
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rnncore.apps.diagnose.finding import Finding
from rnncore.storage.files import Refused, read_bytes

AGAIN = 3  # losses that a second process computes, to be compared
PART = 0.2  # of a training's processor time that all may take,
FREE = 3.0  # beyond so many seconds
PATIENCE = 600.0  # seconds until the first gradient, and after the last
TOLD = 10  # warnings that are passed on


class Examined(NamedTuple):
    """What was found in a script, and what was looked at."""

    findings: list[Finding]
    calls: int  # of models with a recurrent layer
    steps: int  # of the optimizer
    failed: str  # how the script broke off, "" where it didn't
    gaps: list[str]  # what could not be looked at
    warnings: list[str]  # the script's own


def examine(path: Path, words: Sequence[str] = (), seconds: float = 60.0) -> Examined:
    """Run a script twice, the second time for three losses: the faults.

    Raises Refused where there is no such file, or a process ended
    without a word.
    """
    if not path.is_file():
        raise Refused(f"{path}: there is no such file")
    first = _start(path, words, seconds, 0)
    findings, gaps = [Finding(*f) for f in first["findings"]], first["gaps"]
    left = FREE + PART * first["took"] - first["spent"]
    if first["seeded"] and first["losses"] and not findings:
        brief = first["third"] <= left
        again = _start(path, words, seconds, AGAIN)["losses"] if brief else []
        differs = compare_losses(first["losses"], again)
        findings += [differs] if differs else []
        if not again:
            why = "broke off" if brief else "would take too long"
            gaps.append(f"a second start {why}: whether it repeats was not looked at")
    told = first["calls"], first["steps"], first["failed"], gaps, first["warnings"]
    return Examined(findings, *told)


def compare_losses(one: Sequence[float], two: Sequence[float]) -> Finding | None:
    """A Finding where two processes with one seed differ, or None."""
    pairs = list(zip(one, two, strict=False))
    apart = [abs(a - b) > 1e-4 * abs(a) for a, b in pairs]
    if True not in apart:
        return None
    k = apart.index(True)
    return Finding(
        "not-repeatable",
        f"seeded, and the loss of step {k + 1} is {one[k]:.6g} in one "
        f"process and {two[k]:.6g} in another",
        "a seed for each generator (torch, numpy, random), and sorted() "
        "around a set: its order differs from process to process",
        "ch04_training",
    )


def _start(
    path: Path, words: Sequence[str], seconds: float, stop: int
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "found.json"
        given = [str(answer), str(seconds), str(stop), str(path), *words]
        environment = dict(os.environ)
        environment.pop("PYTHONHASHSEED", None)  # as on another day
        environment.setdefault("MPLBACKEND", "Agg")  # no window waits
        try:
            run = subprocess.run(
                [sys.executable, "-m", __name__, *given],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=environment,
                timeout=seconds + PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Refused(
                f"{path}: no end after {seconds + PATIENCE:g} seconds"
            ) from None
        if not answer.is_file():
            said = run.stderr.decode(errors="replace").strip()
            last = said.splitlines()[-1:] or [f"status {run.returncode}"]
            raise Refused(f"{path}: its process ended: {last[0]}")
        found: dict[str, Any] = json.loads(read_bytes(answer))
    return found


def main(argv: Sequence[str]) -> int:
    """Run a script watched, and write what was found."""
    from rnncore.apps.diagnose.findings import find_faults, find_gaps
    from rnncore.apps.diagnose.run import watch_script

    answer, seconds, stop, path, *words = argv
    script = Path(path)
    said: list[str] = []
    warnings.showwarning = lambda message, kind, *_: _note(said, message, kind)
    if stop != "0":
        _leave_out_compiler()
    record, failed = watch_script(script, words, float(seconds), int(stop) or None)
    found = {
        "findings": []
        if stop != "0"
        else [_shorten(f, script) for f in find_faults(record)],
        "losses": record.losses[:AGAIN],
        "third": record.third,
        "spent": record.spent,
        "took": time.process_time() - record.spent,
        "seeded": record.seeded,
        "calls": len(record.models),
        "steps": len(record.updates),
        "failed": "" if failed is None else _tell(script, failed),
        "gaps": find_gaps(record),
        "warnings": said[:TOLD],
    }
    Path(answer).write_text(json.dumps(found), "utf-8")
    return 0


def _leave_out_compiler() -> None:
    """Spare three steps the second in which torch's optimizers import its compiler.

    A script that compiles breaks off without it.
    """
    import torch

    compiler: Any = types.ModuleType("torch._dynamo")
    compiler.disable = lambda function, *_, **__: function
    compiler.graph_break = lambda: None
    sys.modules["torch._dynamo"] = torch._dynamo = compiler


def _note(said: list[str], message: Warning | str, kind: type[Warning]) -> None:
    """Keep a warning of the script's, once."""
    told = f"{kind.__name__}: {' '.join(str(message).split())}"
    if told not in said:
        said.append(told)


def _tell(script: Path, failed: BaseException) -> str:
    """How a script broke off: the line, and the error's first line."""
    frames = traceback.extract_tb(failed.__traceback__)
    lines = [f for f in frames if f.filename.startswith(str(script))]
    where = f"{lines[-1].filename}, line {lines[-1].lineno}" if lines else str(script)
    return f"{where}: {type(failed).__name__}: {str(failed).partition(chr(10))[0]}"


def _shorten(finding: Finding, script: Path) -> Finding:
    """A finding whose file is named from the script's folder on."""
    folder = f"{script.resolve().parent}{os.sep}"
    return finding._replace(line=finding.line.removeprefix(folder))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
