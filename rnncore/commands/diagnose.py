"""The command `diagnose`: what is wrong in a training script."""

import argparse
import sys
import textwrap
from typing import Any

from rnncore.commands import ABOUT, common
from rnncore.commands.common import add_option
from rnncore.storage.files import Refused

DIAGNOSE_HELP = """\
Runs a training script of torch's and says which fault its recurrent
network has: a state that isn't detached, swapped axes, padding that is
read, a softmax before the loss, a target that leaks, and more.

FILE is run as `python FILE WORDS` would run it, in a process of its own;
it needs no change. What the network does is measured, not how it is
written. A script that seeds is started a second time, for three losses.
After the seconds it is stopped, and what was seen till then is judged.
"""
EXAMPLE = f"""\
example:
  {common.PROGRAM} diagnose train.py
  {common.PROGRAM} diagnose train.py -- --epochs 1

exit codes: 0 nothing was found, 1 a fault was, 2 the command or the
script cannot be used
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
    common.add_operand(command, "file")
    command.add_argument(
        "words", nargs="*", metavar="WORDS", help="words for the script"
    )
    what = "how long the script may train"
    add_option(command, "--seconds", what, 60.0, common.parse_positive)
    command.set_defaults(run=_diagnose)


def _diagnose(arguments: argparse.Namespace) -> int:
    """Examine a script; print what was found."""
    from rnncore.diagnose.process import examine

    found = examine(arguments.file, arguments.words, arguments.seconds)
    if found.calls == 0:
        more = f" ({found.failed})" if found.failed else ""
        raise Refused(
            f"{arguments.file}: expected a model with a recurrent layer "
            f"of torch.nn that is called, got none{more}"
        )
    for finding in found.findings:
        print(finding.name)
        for name in ("evidence", "cure"):
            print(_wrap(f"{name + ':':10}{getattr(finding, name)}"))
        print(_wrap(f"{'page:':10}{finding.section}"))
    if found.failed:
        print(found.failed, file=sys.stderr)
    if found.findings:
        return 1
    print(f"no fault was found in {found.steps} steps of training")
    return 2 if found.failed else 0


def _wrap(text: str) -> str:
    return textwrap.fill(
        text, 76, initial_indent="  ", subsequent_indent=" " * 12
    )
