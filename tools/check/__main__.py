"""Everything that is checked without running a test, one line per check.

    python -m tools.check                 the checks
    python -m tools.check -n 2 tests      and pytest, with these arguments

Types take as long on a new clone as all else together: with arguments,
pytest begins while they are still looked at, and after all other checks.
"""

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tools import ROOT

CHECKS = {
    "types": ["-m", "mypy", "--no-error-summary"],
    "format": ["-m", "ruff", "format", "--check", "--quiet", "."],
    "lint": ["-m", "ruff", "check", "--quiet", "."],
    "encodings": [
        *("-m", "ruff", "check", "--quiet", "--preview", "--select", "PLW1514"),
        *("rnncore", "grader", "tools"),
    ],
    "weave": ["-m", "tools.pages.weave", "--check"],
    "chapters": ["-m", "tools.check.chapters"],
    "readme": ["-m", "tools.build.readme", "--check"],
    "tree": ["-m", "tools.build.tree", "--check"],
    "size": ["-m", "tools.check.size"],
    "answers": ["-m", "tools.check.answers"],
    "claims": ["-m", "tools.check.claims"],
    "contests": ["-m", "tools.check.contests"],
}


def run_timed(command: list[str]) -> tuple[subprocess.CompletedProcess[str], float]:
    """A finished check, and its seconds."""
    start = time.perf_counter()
    run = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return run, time.perf_counter() - start


def print_result(
    name: str, run: subprocess.CompletedProcess[str], seconds: float
) -> bool:
    """Whether a check holds; a line says so, and what it found."""
    print(f"check: {name} ... {'failed' if run.returncode else 'ok'} ({seconds:.1f} s)")
    if run.returncode:
        print(run.stdout)
    sys.stdout.flush()
    return not run.returncode


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.check",
        usage="%(prog)s [arguments of pytest]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _, tests = parser.parse_known_args(arguments)
    with ThreadPoolExecutor(2) as pool:
        runs = {
            name: pool.submit(run_timed, command) for name, command in CHECKS.items()
        }
        types = runs.pop("types")
        held = [print_result(name, *found.result()) for name, found in runs.items()]
        if tests and all(held):
            pytest = [sys.executable, "-m", "pytest", *tests]
            held.append(not subprocess.run(pytest, cwd=ROOT, check=False).returncode)
        held.append(print_result("types", *types.result()))
    return not all(held)


if __name__ == "__main__":
    sys.exit(main())
