"""The command `markbook`: what `python -m grader` is in the course."""

import sys

import markbook


def main() -> int:
    """Run the given command; return its status."""
    try:
        markbook.prepare()
    except markbook.WrongVersionError as error:
        print(f"markbook: {error}", file=sys.stderr)
        return 2
    from grader.__main__ import main as run

    return run("markbook")


if __name__ == "__main__":
    sys.exit(main())
