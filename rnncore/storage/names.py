"""Names in a table, and the files of a folder that they mean."""

from collections.abc import Collection
from pathlib import Path

from rnncore.storage.files import Refused, composed

QUOTES = "\"'"


def plain_name(name: str) -> str:
    """A name as it is compared: / between folders, no quotes, one space."""
    text = " ".join(composed(name).split()).strip(QUOTES)
    return text.replace("\\", "/").removeprefix("./")


def check_named(
    table: Path, named: Collection[str], there: Collection[str]
) -> None:
    """Raise Refused where a table names none of the files in its folder."""
    if named and there and {*named}.isdisjoint(there):
        raise Refused(
            f"{table}: no line names a file of {table.parent}: it has "
            f"names as {min(named)!r}, the folder as {min(there)!r}"
        )
