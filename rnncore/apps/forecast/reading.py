"""How a table is read: each name and each default stands here once."""

from collections.abc import Sequence
from typing import NamedTuple


class Reading(NamedTuple):
    """The columns of a table, by what they are, and how they are written.

    Each value column is a series; with `id` each of its names is one, or
    several if there are several value columns. `past` and `known` are
    covariates: known of the past alone, or ahead as well.
    """

    date: str
    value: Sequence[str]
    separator: str = ","
    encoding: str = "utf-8"
    date_format: str = "ISO8601"
    gaps: bool = False  # a row is a step, whatever lies between the dates
    id: str | None = None
    past: Sequence[str] = ()
    known: Sequence[str] = ()
    fill: str | None = None  # empty cells and missing dates: `fill_gaps`
    decimal: str | None = None  # the mark; None: found, if it is clear

    @property
    def numbers(self) -> list[str]:
        """Columns that hold numbers: values, known ahead, of the past."""
        return [*self.value, *self.known, *self.past]
