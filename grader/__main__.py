"""The grader's commands: python -m grader COMMAND, with --help each."""

import os
import sys
from importlib import import_module
from importlib.util import find_spec

from grader import CODE, COURSE_FILE, ROOT
from rnncore.storage.files import escape_output

COMMANDS = {
    "init": ("grader.commands.init", "a course in this folder, with an example"),
    "build": ("grader.commands.build", "the assignments' notebooks"),
    "mistakes": ("grader.assignments.mistakes", "do tests catch them all?"),
    "coverage": (
        "grader.assignments.samples.coverage",
        "are sample answers' mistakes named?",
    ),
    "slips": ("grader.assignments.slips.names", "are slips called what they are?"),
    "agree": (
        "grader.assignments.samples.agreement",
        "do check and grade give the same points?",
    ),
    "samples": (
        "grader.assignments.samples.sample_answers",
        "export or import sample answers",
    ),
    "check": ("rnncore.checking.client", "a notebook's visible tests"),
    "collect": ("grader.commands.collect", "take in what a system exported"),
    "grade": ("grader.commands.grade", "autograde grading/submitted/"),
    "marking": ("grader.commands.marking", "one question over all learners"),
    "mark": ("grader.commands.marking", "the same"),
    "return": ("grader.commands.give_back", "pages and points for a system"),
    "gradescope": ("grader.commands.gradescope", "a zip for Gradescope"),
    "similarity": ("grader.commands.similarity", "which look alike"),
}
INSTALL = (
    "`python3 tools/set_up.py --dev`, or `make test`,"
    if (CODE / "tools" / "set_up.py").is_file()
    else "`pip install markbook`"
)
NO_COURSE = ("init", "check")


def main(program: str = "python -m grader") -> int:
    """Run the given command; return 2 if it is unknown."""
    escape_output()
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in COMMANDS:
        print(f"{program} COMMAND, one of", file=sys.stderr)
        for known, (module, what) in COMMANDS.items():
            if find_spec(module):  # some need the course's repository
                print(f"  {known:12}{what}", file=sys.stderr)
        return 0 if name in ("-h", "--help") else 2
    if not hasattr(os, "fork"):
        print(
            "Grading needs Linux, whose sandbox holds what learners hand in: on "
            "Windows, use the Windows Subsystem for Linux.",
            file=sys.stderr,
        )
        return 2
    if ROOT != CODE and name not in NO_COURSE and not (ROOT / COURSE_FILE).is_file():
        print(
            f"There is no {COURSE_FILE} here or above, so {ROOT} is taken for the "
            f"course's folder; `{program} init` begins a course.",
            file=sys.stderr,
        )
    sys.argv[:2] = [f"{program} {name}"]
    try:
        command = import_module(COMMANDS[name][0])
    except ModuleNotFoundError as error:
        if str(error.name).split(".")[0] in ("grader", "rnncore"):
            raise
        print(
            f"{program} {name} needs {error.name}, which is not installed here: "
            f"{INSTALL} adds it.",
            file=sys.stderr,
        )
        return 2
    return command.main()


if __name__ == "__main__":
    sys.exit(main())
