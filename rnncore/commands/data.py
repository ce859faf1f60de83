"""The command `data`: public data sets by name."""

import contextlib
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from rnncore.commands import ABOUT, common
from rnncore.commands.common import add_flag, add_operand, add_option, note
from rnncore.data.public import store
from rnncore.storage.files import Refused

GET = "data get tinyshakespeare --accept"
GIVEN = "data get fsdd --from Downloads/fsdd.tar.xz --accept"
VERIFY = "data verify tinyshakespeare"
CHECKED = (
    "A set is checked against the table's SHA-256 and takes its place "
    "whole or not at all. Its licence is shown and has to be accepted once."
)
GOES_ON = (
    "Interrupted, the same `get` goes on: files that are there already are "
    "not fetched again; an archive is fetched from its beginning."
)


def add(commands: Any) -> None:
    """Add `data list`, `data get` and `data verify`."""
    examples = "data list", GET, GIVEN, VERIFY
    parts = common.add_group(
        commands, "data", ABOUT["data"], examples, CHECKED, last=GOES_ON
    )
    about = "the sets, their licences, and which are there"
    shown = parts.add("list", _list, about, "data list")
    about = "fetch a set, or take it from the disk"
    got = parts.add("get", _get, about, GET, CHECKED, GOES_ON)
    about = "compare a set's files with their SHA-256"
    verified = parts.add("verify", _verify, about, VERIFY)
    for parser in got, verified:
        add_operand(parser, "name", "as `data list` has it", type=str)
    what = "take it from the disk: a folder, a .tar.* or .zip archive"
    named: dict[str, Any] = {"dest": "source", "metavar": "PATH"}
    add_option(got, "--from", what, kind=Path, **named)
    add_flag(got, "--accept", "accept the licence, which is shown")
    common.add_force(got)
    for parser in shown, got, verified:
        what = (
            "where the sets are kept (default: the environment's "
            f"{store.VARIABLE}, else the user's cache)"
        )
        add_option(parser, "--folder", what, kind=Path, metavar="FOLDER")


def _list(arguments: Namespace) -> int:
    folder = store.home(arguments.folder)
    print(f"{'name':16} {'chapter':7} {'MB':>5} {'there':5} licence")
    for one in store.table().values():
        there = "yes" if (folder / one.name / store.SUMS).exists() else "no"
        size = f"{one.bytes / 1e6:.1f}"
        print(
            f"{one.name:16} {one.chapter:7} {size:>5} {there:5} "
            f"{one.licence}"
        )
    print(f"in {folder}")
    return 0


def _get(arguments: Namespace) -> int:
    one = store.find(arguments.name)
    folder = store.home(arguments.folder)
    if not store.is_accepted(one, folder):
        print(f"{one.title}\nfrom {one.cite}")
        print(f"licence: {one.licence}\n         {one.terms}")
        _ask(one, arguments.accept)
        store.accept(one, folder)
    given = one.name, folder, arguments.source, arguments.force
    target = folder / one.name
    bar = common.make_progress_bar(desc=one.name, unit="MB", total=None)
    with contextlib.closing(bar):
        new = store.get(*given, bar.update)
    if new:
        print(f"{target}: {one.bytes / 1e6:.1f} MB, all as published")
    else:
        note(f"{target}: it is there already, and whole")
    return 0


def _ask(one: store.PublicSet, yes: bool) -> None:
    """Raise Refused unless the licence is accepted now."""
    if yes:
        return
    if sys.stdin.isatty():
        with contextlib.suppress(EOFError):
            answer = input("Type yes to accept it: ")
            if answer.strip().lower() == "yes":
                return
    raise Refused(
        f"{one.name}: its licence was not accepted; --accept accepts it"
    )


def _verify(arguments: Namespace) -> int:
    name, folder = arguments.name, store.home(arguments.folder)
    wrong = store.verify(name, folder)
    for line in wrong:
        print(f"{name}: {line}")
    if not wrong:
        print(f"{name}: all files are as published")
    return 1 if wrong else 0
