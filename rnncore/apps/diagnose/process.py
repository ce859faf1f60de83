"""A script in a process of its own: what was found comes back as JSON."""

import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rnncore.storage.files import Refused, read_bytes

AGAIN = 3  # losses that a second process computes, to be compared


class Examined(NamedTuple):
    """What was found in a script, and what was looked at."""

    findings: list[Any]  # of Finding
    calls: int  # of models with a recurrent layer
    steps: int  # of the optimizer
    failed: str  # how the script broke off, "" where it didn't


def examine(path: Path, words: Sequence[str] = (), seconds: float = 60.0) -> Examined:
    """Run a script twice, the second time for three losses: the faults.

    Raises Refused where there is no such file, or a process ended
    without a word.
    """
    from rnncore.apps.diagnose.findings import Finding

    if not path.is_file():
        raise Refused(f"{path}: there is no such file")
    first = _start(path, words, seconds, 0)
    findings = [Finding(*f) for f in first["findings"]]
    if first["seeded"] and len(first["losses"]) > 0:
        again = _start(path, words, seconds, AGAIN)
        differs = compare_losses(first["losses"], again["losses"])
        findings += [differs] if differs else []
    return Examined(findings, first["calls"], first["steps"], first["failed"])


def compare_losses(one: Sequence[float], two: Sequence[float]) -> Any:
    """A Finding where two processes with one seed differ, or None."""
    from rnncore.apps.diagnose.findings import Finding

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
        try:
            run = subprocess.run(
                [sys.executable, "-m", __name__, *given],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=environment,
                timeout=2 * seconds + 60,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Refused(
                f"{path}: no gradient was computed for {seconds:g} seconds"
            ) from None
        if not answer.is_file():
            said = run.stderr.decode(errors="replace").strip()
            last = said.splitlines()[-1:] or [f"status {run.returncode}"]
            raise Refused(f"{path}: its process ended: {last[0]}")
        found: dict[str, Any] = json.loads(read_bytes(answer))
    return found


def main(argv: Sequence[str]) -> int:
    """Run a script watched, and write what was found."""
    from rnncore.apps.diagnose.findings import find_faults
    from rnncore.apps.diagnose.run import watch_script

    answer, seconds, stop, path, *words = argv
    script = Path(path)
    record, failed = watch_script(script, words, float(seconds), int(stop) or None)
    told = ""
    if failed is not None:
        frames = traceback.extract_tb(failed.__traceback__)
        lines = [f.lineno for f in frames if f.filename == path]
        where = f", line {lines[-1]}" if lines else ""
        said = str(failed).partition("\n")[0]
        told = f"{path}{where}: {type(failed).__name__}: {said}"
    found = {
        "findings": [] if stop != "0" else find_faults(record),
        "losses": record.losses[:AGAIN],
        "seeded": record.seeded,
        "calls": len(record.models),
        "steps": len(record.updates),
        "failed": told,
    }
    Path(answer).write_text(json.dumps(found), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
