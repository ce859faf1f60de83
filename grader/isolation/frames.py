"""Pandas' tables, dates and exact numbers as trees of plain parts.

Nothing is unpickled: a table is its columns, each an array of a kind that is
known here, and its two indexes. What has another kind is no data.
"""

from __future__ import annotations

import datetime
import pathlib
import re
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

ZONE = re.compile(r"UTC|[A-Za-z_]+(/[A-Za-z_+-]+\d*)*|UTC[+-]\d\d:\d\d")
UNITS = ("s", "ms", "us", "ns")
DIGITS = 10_000


class Unknown(TypeError):
    """It is no table, or has parts that cannot be sent."""


# ---------------------------------------------------------------- encoding


def encode(value: Any, part: Callable[[Any], Any]) -> Any:
    """The tree of a value of these kinds. Raises Unknown."""
    pd = sys.modules.get("pandas")
    if pd is not None and hasattr(pd, "DataFrame"):
        found = _encode_pandas(value, part, pd)
        if found is not None:
            return {"P": found}
    kind = type(value)
    if isinstance(value, Decimal):
        return {"Q": ["decimal", str(Decimal(value))]}
    if isinstance(value, Fraction):
        ends = int(value.numerator), int(value.denominator)
        return {"Q": ["fraction", *map(part, ends)]}
    if isinstance(value, pathlib.PurePath):
        return {"Q": ["path", str(value)]}
    if kind is datetime.timedelta:
        return {"Q": ["delta", value.days, value.seconds, value.microseconds]}
    if kind in (datetime.date, datetime.time, datetime.datetime):
        zone = getattr(value, "tzinfo", None)
        if zone is not None and not isinstance(zone, ZoneInfo | datetime.timezone):
            raise Unknown
        name = zone.key if isinstance(zone, ZoneInfo) else None
        return {"Q": [kind.__name__, value.isoformat(), name]}
    raise Unknown


def _encode_pandas(value: Any, part: Callable[[Any], Any], pd: Any) -> Any:
    if value is pd.NaT:
        return ["nat"]
    if value is pd.NA:
        return ["na"]
    if type(value) is pd.Timestamp:
        moment = part(int(value.as_unit("ns").value))
        return ["stamp", moment, value.unit, _zone(value.tz)]
    if type(value) is pd.Timedelta:
        return ["delta", part(int(value.as_unit("ns").value)), value.unit]
    if isinstance(value, pd.Index):
        return _encode_index(value, part, pd)
    if isinstance(value, pd.Series):
        column = _column(value.array, part, pd)
        return ["series", column, part(value.index), part(value.name)]
    if isinstance(value, pd.DataFrame):
        columns = [
            _column(value.iloc[:, k].array, part, pd) for k in range(value.shape[1])
        ]
        return ["frame", columns, part(value.columns), part(value.index)]
    if isinstance(value, pd.api.extensions.ExtensionArray):
        return ["array", _column(value, part, pd)]
    return None


def _encode_index(value: Any, part: Callable[[Any], Any], pd: Any) -> Any:
    if isinstance(value, pd.MultiIndex):
        codes = [part(np.asarray(c)) for c in value.codes]
        names = [part(n) for n in value.names]
        return ["levels", [part(level) for level in value.levels], codes, names]
    if isinstance(value, pd.RangeIndex):
        return ["range", value.start, value.stop, value.step, part(value.name)]
    freq = getattr(value, "freqstr", None)
    return ["index", _column(value.array, part, pd), part(value.name), freq]


def _column(array: Any, part: Callable[[Any], Any], pd: Any) -> Any:
    dtype = array.dtype
    if isinstance(array, np.ndarray) or type(array).__name__ == "NumpyExtensionArray":
        plain = np.asarray(array)
        if plain.dtype.kind == "O":
            return ["objects", [part(v) for v in plain.tolist()]]
        return ["plain", part(plain)]
    if isinstance(dtype, pd.CategoricalDtype):
        codes = part(np.asarray(array.codes))
        return ["category", codes, part(array.categories), bool(array.ordered)]
    if isinstance(dtype, pd.StringDtype):
        texts = [None if pd.isna(v) else str(v) for v in array]
        return ["texts", texts, dtype.storage, dtype.na_value is pd.NA]
    if isinstance(array, pd.arrays.DatetimeArray):
        return ["moments", part(np.asarray(array.asi8)), array.unit, _zone(array.tz)]
    if isinstance(array, pd.arrays.TimedeltaArray):
        return ["spans", part(np.asarray(array.asi8)), array.unit]
    masked = (pd.arrays.IntegerArray, pd.arrays.FloatingArray, pd.arrays.BooleanArray)
    if isinstance(array, masked):
        return ["masked", part(np.asarray(array._data)), part(np.asarray(array._mask))]
    raise Unknown


def _zone(zone: Any) -> str | None:
    if zone is None:
        return None
    if not ZONE.fullmatch(str(zone)):
        raise Unknown
    return str(zone)


# ---------------------------------------------------------------- decoding


def decode_exact(body: list, read: Callable[[Any], Any]) -> Any:
    """A number or a date of Python's own. Raises ValueError."""
    tag, *rest = body
    if tag == "decimal":
        return Decimal(_text(rest[0]))
    if tag == "fraction":
        return Fraction(_whole(read(rest[0])), _whole(read(rest[1])))
    if tag == "path":
        return pathlib.Path(_text(rest[0]))
    if tag == "delta":
        return datetime.timedelta(*map(_whole, rest))
    if tag not in ("date", "time", "datetime"):
        raise ValueError(f"no date is a {tag!r:.40}")
    made = getattr(datetime, tag).fromisoformat(_text(rest[0]))
    if not rest[1]:
        return made
    return made.replace(tzinfo=ZoneInfo(_parse_zone(rest[1]) or "UTC"))


def decode(body: list, read: Callable[[Any], Any]) -> Any:
    """A table, or part of one. Raises ValueError."""
    import pandas as pd

    tag, *rest = body
    if tag == "nat":
        return pd.NaT
    if tag == "na":
        return pd.NA
    if tag == "stamp":
        value, unit, zone = rest
        made = pd.Timestamp(_whole(read(value)), unit="ns", tz=_parse_zone(zone))
        return made.as_unit(_unit(unit))
    if tag == "delta":
        return pd.Timedelta(_whole(read(rest[0])), unit="ns").as_unit(_unit(rest[1]))
    if tag == "range":
        ends = [_whole(end) for end in rest[:3]]
        return pd.RangeIndex(*ends, name=_name(read(rest[3])))
    if tag == "levels":
        levels, codes, names = rest
        found = [_index(read(level), pd) for level in levels]
        numbers = [np.asarray(read(c)) for c in codes]
        return pd.MultiIndex(found, numbers, names=[_name(read(n)) for n in names])
    if tag == "index":
        column, name, freq = rest
        values = _read_column(column, read, pd)
        made = pd.Index(values, name=_name(read(name)), copy=False)
        if freq is not None and isinstance(made, pd.DatetimeIndex | pd.TimedeltaIndex):
            made.freq = str(freq)[:20]
        return made
    if tag == "series":
        column, index, name = rest
        values = _read_column(column, read, pd)
        index = _index(read(index), pd)
        return pd.Series(values, index=index, name=_name(read(name)))
    if tag == "frame":
        columns, names, index = rest
        index, names = _index(read(index), pd), _index(read(names), pd)
        if len(columns) != len(names):
            raise ValueError("a table of as many columns as names is expected")
        parts = {k: _read_column(c, read, pd) for k, c in enumerate(columns)}
        if any(len(part) != len(index) for part in parts.values()):
            raise ValueError("columns as long as the index are expected")
        made = pd.DataFrame(parts, index=index)
        made.columns = names
        return made
    if tag == "array":
        return pd.array(_read_column(rest[0], read, pd))
    raise ValueError(f"no table is a {tag!r:.40}")


def _read_column(body: list, read: Callable[[Any], Any], pd: Any) -> Any:
    tag, *rest = body
    if tag == "plain":
        return _flat(read(rest[0]))
    if tag == "objects":
        made = np.empty(len(rest[0]), dtype=object)
        for k, part in enumerate(rest[0]):
            made[k] = read(part)
        return made
    if tag == "category":
        codes, categories, ordered = rest
        return pd.Categorical.from_codes(
            _flat(read(codes)), _index(read(categories), pd), ordered=ordered is True
        )
    if tag == "texts":
        texts, storage, na = rest
        if not all(t is None or type(t) is str for t in texts):
            raise ValueError("a column of texts holds something else")
        storage = storage if storage in ("python", "pyarrow") else None
        dtype = pd.StringDtype(storage, na_value=pd.NA if na is True else np.nan)
        return pd.array(texts, dtype=dtype)
    if tag in ("moments", "spans"):
        numbers = _flat(read(rest[0])).astype("int64")
        kind = "M8" if tag == "moments" else "m8"
        made = pd.Series(numbers.view(f"{kind}[{_unit(rest[1])}]"))
        if tag == "moments" and rest[2]:
            made = made.dt.tz_localize("UTC").dt.tz_convert(_parse_zone(rest[2]))
        return made.array
    if tag == "masked":
        data, mask = (_flat(read(part)) for part in rest)
        names = {"b": "BooleanArray", "f": "FloatingArray"}
        kind = getattr(pd.arrays, names.get(data.dtype.kind, "IntegerArray"))
        return kind(data, mask)
    raise ValueError(f"no column is a {tag!r:.40}")


def _flat(value: Any) -> np.ndarray:
    if type(value) is not np.ndarray or value.ndim != 1:
        raise ValueError("a column is not a flat array")
    return value


def _index(value: Any, pd: Any) -> Any:
    if not isinstance(value, pd.Index):
        raise ValueError("an index is expected")  # noqa: TRY004 - as of any other part
    return value


def _name(value: Any) -> Any:
    hash(value)
    return value


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise ValueError("a whole number is expected")
    return value


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > DIGITS:
        raise ValueError("a short text is expected")
    return value


def _unit(value: Any) -> str:
    if value not in UNITS:
        raise ValueError("a unit of time is expected")
    return value


def _parse_zone(value: Any) -> str | None:
    if value is not None and not ZONE.fullmatch(_text(value)):
        raise ValueError("no time zone has such a name")
    return value
