"""The options of `diagnose`."""

import argparse
from typing import Any

from rnncore.apps import ABOUT
from rnncore.apps.spine.options import PROGRAM, add_operand, add_option, parse_positive

DIAGNOSE_HELP = """\
Runs a training script of torch's and says which fault its recurrent
network has, with the line: shapes that broadcast, a state that isn't
detached, swapped axes, padding that is read, a target that leaks, weights
without a gradient, and more.

FILE, a script or a notebook, is run as `python FILE WORDS` would run it,
in a process of its own; it needs no change. What the network does is
measured, not how it is written. A script that seeds, and in which nothing
was found, is started a second time, for three losses. The seconds count
from the first gradient; then the script is stopped, and what was seen
is judged.
"""
EXAMPLE = f"""\
example:
  {PROGRAM} diagnose train.py
  {PROGRAM} diagnose train.py -- --epochs 1

exit codes: 0 nothing was found, 1 a fault was, 2 the command or the
script cannot be used, or no step of an optimizer was seen
"""


def add(commands: Any) -> None:
    """The command diagnose, and its options."""
    command = commands.add_parser(
        "diagnose",
        help=ABOUT["diagnose"],
        description=DIAGNOSE_HELP,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_operand(command, "file")
    command.add_argument(
        "words", nargs="*", metavar="WORDS", help="words for the script"
    )
    what = "how long the script may train"
    add_option(command, "--seconds", what, 60.0, parse_positive)
