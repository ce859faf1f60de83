"""A file's table: texts by pandas, then dates, names and numbers."""

from __future__ import annotations

import csv
import io
import re
from argparse import ArgumentTypeError
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rnncore.apps.forecast.marks import parse_marks, parse_separator
from rnncore.apps.forecast.steps import tell_date
from rnncore.storage.files import Refused, composed, read_text
from rnncore.storage.limits import LIMITS

EMPTY = {"", "NA", "N/A", "NaN", "nan", "null", "NULL"}
HEADERS = 100  # lines in which the one with the names is looked for
HOURS = {*map(str, range(24))}, {*map(str, range(1, 25))}
CLOCK = r"\d{1,2}:\d\d(:\d\d)?"


class Form(NamedTuple):
    """What the columns of a file are, and how it is written.

    Each value column is a series; with `id` each of its names is one, or
    several if there are several value columns.
    """

    date: str
    value: Sequence[str]
    id: str | None = None
    known: Sequence[str] = ()
    separator: str = ","
    decimal: str = "."  # and the mark of thousands after it, if any
    missing: Sequence[str] = ()
    date_format: str | None = None  # ISO 8601

    @property
    def numbers(self) -> list[str]:
        """Columns that hold numbers."""
        return [*self.value, *self.known]

    @property
    def columns(self) -> list[str]:
        """All columns that are read."""
        return [self.date, *self.numbers, *([self.id] if self.id else [])]


class Table(NamedTuple):
    """What is learned from, before it is looked at."""

    frame: pd.DataFrame
    known: Any  # a table, or one for each series
    name: str
    form: Form
    taken: int = 0  # cells that stand for a missing value


def check_form(name: Any, given: Any) -> None:
    """Check the form that a model's file has.

    Raises Refused where it has none.
    """
    try:
        form = Form(**given)
        parse_separator(form.separator)
        parse_marks(form.decimal)
        words = [*form.columns, *form.missing, form.date_format or ""]
        if all(isinstance(word, str) for word in words):
            return
    except (TypeError, ValueError, AttributeError, ArgumentTypeError):
        pass
    raise Refused(f"{name}: no forecaster: it does not say what it read")


def read_table(path: Path, form: Form) -> Table:
    """The table of a file.

    Raises Refused with the file, and the line where there is one: where a
    column is missing, a date or a number is none, or a date stands twice.
    """
    form = form._replace(
        date=composed(form.date),
        value=[*map(composed, form.value)],
        known=[*map(composed, form.known)],
        id=composed(form.id) if form.id else None,
    )
    rows = _read_rows(path, form)
    dates = _read_dates(path, rows[form.date], form.date_format)
    columns = [_read_numbers(path, rows[name], form) for name in form.numbers]
    cells = pd.DataFrame(dict(zip(form.numbers, columns, strict=True)))
    groups = _split(path, rows, form, dates)
    cells = cells.set_axis(dates)
    taken = sum(int(rows[name].isin(form.missing).sum()) for name in form.value)
    series, known = {}, {}
    for group, at in groups.items():
        part = cells.iloc[at]
        for name in form.value:
            alone = len(form.value) == 1 and form.id
            who = group if alone else f"{group} {name}".strip()
            if who in series:
                raise Refused(f"{path}: two series would be called {who!r}")
            series[who] = part[name]
            known[who] = part[form.known]
    frame = pd.DataFrame(series)
    if form.id:
        frame = frame.sort_index()
    some = frame.notna().any(axis=1).to_numpy()
    if form.known and some.any():  # last rows without a value are steps to come
        frame = frame.iloc[: len(frame) - some[::-1].argmax()]
    frame = frame.rename_axis(index=form.date)
    return Table(frame, known if form.known else None, str(path), form, taken)


def _read_rows(path: Path, form: Form) -> pd.DataFrame:
    """The file as texts, by the number of their line."""
    text = read_text(path)
    header = _find_header(path, text, form)
    try:
        rows = pd.read_csv(
            io.StringIO(text),
            sep=form.separator,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,  # so that lines can be counted
        )
    except (ValueError, csv.Error) as error:
        raise Refused(f"{path}: no table: {' '.join(str(error).split())}") from None
    if not isinstance(rows.index, pd.RangeIndex):
        fields = len(header) + rows.index.nlevels
        raise Refused(
            f"{path}: line 2: expected {len(header)} fields, as the header has, got "
            f"{fields}: end no row with a separator, give each column a name"
        )
    rows = rows.set_axis(header, axis=1).set_axis(pd.RangeIndex(2, 2 + len(rows)))
    rows = rows.fillna("")
    rows = rows[(rows != "").any(axis=1)]
    rows = rows.loc[:, ~rows.columns.duplicated()][form.columns + _others(header, form)]
    return rows.apply(lambda texts: texts.str.strip())


def _others(header: Sequence[str], form: Form) -> list[str]:
    return [*dict.fromkeys(name for name in header if name not in form.columns)]


def _find_header(path: Path, text: str, form: Form) -> list[str]:
    """The names in the first line.

    Raises Refused unless each column is there once; where a later line
    has them all, with that line's number.
    """
    twice = [name for name in form.columns if form.columns.count(name) > 1]
    if twice:
        raise Refused(f"{path}: the column {twice[0]!r} is asked for twice")
    lines = csv.reader(io.StringIO(text), delimiter=form.separator)
    header: list[str] = []
    begins = 1
    try:
        for fields in islice(lines, HEADERS):
            names = [name.strip() for name in fields]
            header = header or names
            if {*form.columns} <= {*names}:
                if begins == 1:
                    break
                raise Refused(
                    f"{path}: the header stands in line {begins}: delete the lines "
                    "before it"
                )
            begins = lines.line_num + 1
    except csv.Error as error:
        raise Refused(f"{path}: line {lines.line_num}: {error}") from None
    if len(header) > LIMITS["table"].parts:
        most = LIMITS["table"].parts
        raise Refused(f"{path}: expected at most {most:,} columns, got {len(header):,}")
    for name in form.columns:
        if header.count(name) == 1:
            continue
        there = ", ".join(map(repr, header))
        if header.count(name):
            raise Refused(f"{path}: two columns are called {name!r}: {there}")
        found = f"{path}: there is no column {name!r}; there are: {there}"
        if len(header) == 1:
            found += f"; columns are separated by {form.separator!r} (--separator)"
        raise Refused(found)
    return header


def _read_dates(
    path: Path, texts: pd.Series, date_format: str | None
) -> pd.DatetimeIndex:
    """The dates; those with an offset in UTC."""
    try:
        dates = pd.to_datetime(
            texts, format=date_format or "ISO8601", errors="coerce", utc=True
        )
    except (ValueError, re.error) as error:
        raise Refused(f"--date-format {date_format}: {error}") from None
    if dates.isna().any():
        line = dates.isna().idxmax()
        example = date_format or "2024-01-31"
        raise Refused(
            f"{path}: line {line}: expected a date such as {example}, got "
            f"{texts[line]!r}; --date-format says how dates are written, such as "
            "%d.%m.%Y, in English; others `pd.to_datetime` makes dates, in pandas"
        )
    return pd.DatetimeIndex(dates).tz_localize(None)


def _read_numbers(path: Path, texts: pd.Series, form: Form) -> np.ndarray:
    """The numbers; NaN where a cell is empty or stands for a missing one."""
    decimal, thousands = form.decimal[0], form.decimal[1:]
    texts = texts.where(~texts.isin({*EMPTY, *form.missing}), "")
    whole = r"\d*"
    if thousands:
        whole = rf"(?:\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+|\d*)"
    number = rf"[+-]?{whole}(?:{re.escape(decimal)}\d*)?(?:[eE][+-]?\d+)?"
    right = texts.str.fullmatch(number)
    plain = texts.str.replace(thousands, "", regex=False) if thousands else texts
    plain = plain.str.replace(decimal, ".", regex=False).where(right, "")
    numbers = pd.to_numeric(plain, errors="coerce").to_numpy(float, copy=True)
    bad = ~np.isfinite(numbers) & (texts != "").to_numpy()
    if bad.any():
        row = int(bad.argmax())
        marks = f"the decimal mark {decimal!r}"
        marks += f" and {thousands!r} between thousands" if thousands else ""
        raise Refused(
            f"{path}: line {texts.index[row]}: {texts.name}: expected a number with "
            f"{marks} (--decimal), got {texts.iloc[row]!r}; --missing takes a text "
            "for a missing value"
        )
    return numbers


def _split(
    path: Path, rows: pd.DataFrame, form: Form, dates: pd.DatetimeIndex
) -> dict[str, np.ndarray]:
    """The places of each series' rows; under "" where all are one's.

    Raises Refused where a date stands twice in a series.
    """
    if form.id is None:
        groups = {"": np.arange(len(rows))}
    else:
        names = rows[form.id]
        if (names == "").any():
            line = (names == "").idxmax()
            raise Refused(
                f"{path}: line {line}: {form.id}: expected the name of a series, got ''"
            )
        groups = {
            str(name): places
            for name, places in names.groupby(names, sort=False).indices.items()
        }
    for name, at in groups.items():
        own = dates[at]
        if (twice := own.duplicated()).any():
            second = int(twice.argmax())
            first = int((own == own[second]).argmax())
            lines = [int(rows.index[at[k]]) for k in (first, second)]
            who = f"{name}: " * bool(name)
            raise Refused(
                f"{path}: {who}{tell_date(own[second])} stands twice, in lines "
                f"{lines[0]} and {lines[1]}{_advise(rows, form)}"
            )
    return groups


def _advise(rows: pd.DataFrame, form: Form) -> str:
    """What one column of dates lacks: the time, or the name of a series."""
    date = form.date
    for name in [] if form.id else _others(list(rows), form):
        names = rows[name]
        if rows.duplicated([date, name]).any() or names.value_counts().min() < 2:
            continue  # a column of row numbers has each once
        join = ""
        if {*names} in HOURS:
            join = f"pd.to_datetime(frame[{date!r}]) + pd.to_timedelta(frame[{name!r}]"
            join += ", unit='h')"
        elif names.str.fullmatch(CLOCK).all():
            join = f"frame[{date!r}] + ' ' + frame[{name!r}]"
        if join:
            return f"; date and time have to be one column: in pandas `{join}`"
        return f"; if {name!r} names series that stand below each other: --id {name}"
    return (
        "; where series stand below each other, one column has to name them; hours "
        "of a clock that is changed need their offset from UTC"
    )
