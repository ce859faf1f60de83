"""Everything that is checked without running a test, one line per check."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tools import ROOT

CHECKS = {
    "format": ["-m", "ruff", "format", "--check", "--quiet", "."],
    "lint": ["-m", "ruff", "check", "--quiet", "."],
    "types": ["-m", "mypy", "--no-error-summary"],
    "weave": ["-m", "tools.build.weave", "--check"],
    "readme": ["-m", "tools.build.readme", "--check"],
    "floats": ["-m", "tools.check.floats"],
    "answers": ["-m", "tools.check.answers"],
    "claims": ["-m", "tools.check.claims"],
}


def timed(command: list[str]) -> tuple[subprocess.CompletedProcess[str], float]:
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


def main() -> int:
    failed = 0
    with ThreadPoolExecutor(2) as pool:  # the types take as long as all others
        runs = {name: pool.submit(timed, command) for name, command in CHECKS.items()}
        for name, found in runs.items():
            print(f"check: {name} ... ", end="", flush=True)
            run, seconds = found.result()
            print(f"{'failed' if run.returncode else 'ok'} ({seconds:.1f} s)")
            if run.returncode:
                print(run.stdout, flush=True)
                failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
