"""The command `diagnose`: what is wrong in a training script."""

import argparse
import sys
import textwrap

from rnncore.storage.files import Refused


def _diagnose(arguments: argparse.Namespace) -> int:
    """Examine a script; print what was found."""
    from rnncore.apps.diagnose.process import examine

    found = examine(arguments.file, arguments.words, arguments.seconds)
    if found.calls == 0:
        more = f" ({found.failed})" if found.failed else ""
        raise Refused(
            f"{arguments.file}: expected a model with a recurrent layer "
            f"of torch.nn that is called, got none{more}"
        )
    for finding in found.findings:
        print(finding.name)
        for name in ("evidence", "cure", "line"):
            print(_wrap(f"{name + ':':10}{getattr(finding, name)}"))
        print(_wrap(f"{'page:':10}{finding.section}"))
    for gap in found.gaps:
        print(f"not looked at: {gap}")
    for warning in found.warnings:
        print(f"the script's own warning: {warning}", file=sys.stderr)
    if found.failed:
        print(found.failed, file=sys.stderr)
    if found.findings:
        return 1
    print(f"no fault was found in {found.steps} steps of training")
    return 2 if found.failed or not found.steps else 0


def _wrap(text: str) -> str:
    return textwrap.fill(text, 76, initial_indent="  ", subsequent_indent=" " * 12)


PARTS = {"": _diagnose}
