"""The options of `data`."""

from pathlib import Path
from typing import Any

from rnncore.apps import ABOUT
from rnncore.apps.spine.options import (
    add_flag,
    add_force,
    add_group,
    add_operand,
    add_option,
)
from rnncore.data.public import store

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
    parts = add_group(commands, "data", ABOUT["data"], examples, CHECKED, last=GOES_ON)
    about = "the sets, their licences, and which are there"
    shown = parts.add("list", about, "data list")
    about = "fetch a set, or take it from the disk"
    got = parts.add("get", about, GET, CHECKED, GOES_ON)
    about = "compare a set's files with their SHA-256"
    verified = parts.add("verify", about, VERIFY)
    for parser in got, verified:
        add_operand(parser, "name", "as `data list` has it", type=str)
    what = "take it from the disk: a folder, a .tar.* or .zip archive"
    named: dict[str, Any] = {"dest": "source", "metavar": "PATH"}
    add_option(got, "--from", what, kind=Path, **named)
    add_flag(got, "--accept", "accept the licence, which is shown")
    add_force(got)
    for parser in shown, got, verified:
        what = (
            "where the sets are kept (default: the environment's "
            f"{store.VARIABLE}, else the user's cache)"
        )
        add_option(parser, "--folder", what, kind=Path, metavar="FOLDER")
