"""Everything that is checked without running a test, one line a check."""

import subprocess
import sys
import time

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


def main() -> int:
    failed = []
    for name, command in CHECKS.items():
        print(f"check: {name} ... ", end="", flush=True)
        start = time.perf_counter()
        run = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - start
        print(f"{'failed' if run.returncode else 'ok'} ({seconds:.1f} s)")
        if run.returncode:
            print(run.stdout, flush=True)
            failed.append(name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
