"""The command `data`: public data sets by name."""

import contextlib
import sys
from argparse import Namespace

from rnncore.apps.spine import common
from rnncore.apps.spine.common import note
from rnncore.data.public import store
from rnncore.storage.files import Refused


def _list(arguments: Namespace) -> int:
    folder = store.home(arguments.folder)
    print(f"{'name':16} {'chapter':7} {'MB':>5} {'there':5} licence")
    for one in store.table().values():
        there = "yes" if (folder / one.name / store.SUMS).exists() else "no"
        size = f"{one.bytes / 1e6:.1f}"
        print(f"{one.name:16} {one.chapter:7} {size:>5} {there:5} {one.licence}")
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
    raise Refused(f"{one.name}: its licence was not accepted; --accept accepts it")


def _verify(arguments: Namespace) -> int:
    name, folder = arguments.name, store.home(arguments.folder)
    wrong = store.verify(name, folder)
    for line in wrong:
        print(f"{name}: {line}")
    if not wrong:
        print(f"{name}: all files are as published")
    return 1 if wrong else 0


PARTS = {"list": _list, "get": _get, "verify": _verify}
