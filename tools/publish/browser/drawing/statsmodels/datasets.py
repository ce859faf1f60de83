"""Sunspots and carbon dioxide, as statsmodels' own loaders give them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

__all__ = ["co2", "sunspots"]


class Column(NamedTuple):
    """One column of a table."""

    values: np.ndarray

    def to_numpy(self, dtype: type | None = None) -> np.ndarray:
        """The values, as another type where one is named."""
        return self.values.astype(dtype or self.values.dtype)


class Table(dict[str, Column]):
    """Columns by name, and the index of the rows."""

    index: Column


class Loaded(NamedTuple):
    """What a loader gives."""

    data: Table


class Loader:
    """A table's name in statsmodels."""

    def __init__(self, *columns: str, index: str = "") -> None:
        self.columns, self.index = columns, index

    def load_pandas(self) -> Loaded:
        """The table; this one needs no pandas."""
        with np.load(Path(__file__).with_name("tables.npz")) as kept:
            table = Table({name: Column(kept[name]) for name in self.columns})
            if self.index:
                table.index = Column(kept[self.index].astype("datetime64[D]"))
        return Loaded(table)


sunspots = Loader("YEAR", "SUNACTIVITY")
co2 = Loader("co2", index="days")
