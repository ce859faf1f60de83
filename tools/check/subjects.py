"""Refuse commit subjects that are too long for a list of commits.

    python -m tools.check.subjects .git/COMMIT_EDITMSG    a message being written
    python -m tools.check.subjects main..HEAD             the commits of a change

The first form is a hook of pre-commit (.pre-commit-config.yaml), the second
is what a host runs for each proposed change. Needs nothing but git.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from rnncore import programs

MOST = 72  # characters


def find_long(subjects: list[str]) -> list[str]:
    """Return a line for each subject that is too long; merges may be."""
    return [
        f"{len(subject)} characters, expected at most {MOST}: {subject}"
        for subject in subjects
        if len(subject) > MOST and not subject.startswith(("Merge ", 'Revert "'))
    ]


def read_subjects(source: str) -> list[str]:
    """Return the subject of a file's message, or those of a range of commits."""
    if Path(source).is_file():
        lines = Path(source).read_text("utf-8").splitlines()
        return [line for line in lines if line and not line.startswith("#")][:1]
    log = [programs.require("git"), "log", "--format=%s", source, "--"]
    return subprocess.run(
        log, check=True, capture_output=True, text=True
    ).stdout.splitlines()


def main(argv: list[str] | None = None) -> int:
    """Print what is too long; 1 if anything is, 2 if git does not know it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("source", help="a message's file, or a range as of git log")
    try:
        found = find_long(read_subjects(parser.parse_args(argv).source))
    except subprocess.CalledProcessError as error:
        print(error.stderr.strip(), file=sys.stderr)
        return 2
    except programs.MissingProgramError as error:
        print(error, file=sys.stderr)
        return 2
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
