"""The grader's commands: python -m grader COMMAND, with --help each."""

import os
import sys
from importlib import import_module

from rnncore.storage.files import escape_output

COMMANDS = {
    "build": ("grader.commands.build", "the assignments' notebooks"),
    "mistakes": ("grader.assignments.mistakes", "do tests catch them all?"),
    "coverage": ("grader.assignments.coverage", "are sample answers' mistakes named?"),
    "samples": ("grader.assignments.sample_answers", "export or import sample answers"),
    "collect": ("grader.commands.collect", "take in what a system exported"),
    "grade": ("grader.commands.grade", "autograde grading/submitted/"),
    "marking": ("grader.commands.marking", "one question over all learners"),
    "return": ("grader.commands.give_back", "pages and points for a system"),
    "gradescope": ("grader.commands.gradescope", "a zip for Gradescope"),
    "classroom": ("grader.commands.classroom", "GitHub Classroom: start, collect"),
    "similarity": ("grader.commands.similarity", "which look alike"),
}


def main() -> int:
    """Run the given command; return 2 if it is unknown."""
    escape_output()
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in COMMANDS:
        print("python -m grader COMMAND, one of", file=sys.stderr)
        for known, (_, what) in COMMANDS.items():
            print(f"  {known:12}{what}", file=sys.stderr)
        return 0 if name in ("-h", "--help") else 2
    if not hasattr(os, "fork"):
        print(
            "Grading needs Linux, whose sandbox holds what learners hand in: on "
            "Windows, use the Windows Subsystem for Linux.",
            file=sys.stderr,
        )
        return 2
    sys.argv[:2] = [f"python -m grader {name}"]
    return import_module(COMMANDS[name][0]).main()


if __name__ == "__main__":
    sys.exit(main())
