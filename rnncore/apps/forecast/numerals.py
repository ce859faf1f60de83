"""Numbers as tables have them: decimal comma, thousands, empty cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rnncore.storage.files import Refused

if TYPE_CHECKING:
    import pandas as pd

EMPTY = {"", "na", "nan", "n/a", "#n/a", "null", "none", "-"}
SPACES = r"(?<=\d)[ \u00a0\u2009\u202f'\u2019](?=\d{3}(?!\d))"
MARKED = re.compile(r"[+-]?\d*(?:[.,]\d*)+(?:[eE][+-]?\d+)?")
UNCLEAR = re.compile(r"[+-]?[1-9]\d{0,2}([.,])\d{3}")  # 1234, or 1.234
OTHER = {",": ".", ".": ","}
FILLS = "linear", "last", "zero", "season"
AROUND = 7  # seasons on each side of a gap, at most


def read_numbers(
    path: Path, columns: Sequence[pd.Series], decimal: str | None = None
) -> tuple[list[np.ndarray], str]:
    """The numbers of columns of texts, and the decimal mark they have.

    A text's label is its line. An empty cell is NaN. Thousands may be
    apart by spaces, by apostrophes, or by the mark that is not the
    decimal one. Without `decimal` the mark is found, if it is clear.

    Raises Refused with the line where a text is no number, or the mark
    could be either.
    """
    plain = [_without_spaces(texts) for texts in columns]
    if decimal is None:
        decimal = find_decimal(path, plain)
    return [_numbers(path, texts, decimal) for texts in plain], decimal


def find_decimal(path: Path, columns: Sequence[pd.Series]) -> str:
    """The decimal mark, "." or ",", that the texts have.

    Raises Refused where they have both, or all could be thousands.
    """
    seen: dict[str, str] = {}
    unclear = ""
    for texts in columns:
        for line, text in texts[texts.str.contains("[.,]")].items():
            where = f"line {line}: {texts.name}: {text!r}"
            mark = _mark_of(text)
            if mark:
                seen.setdefault(mark, where)
            elif "," in text and MARKED.fullmatch(text):
                unclear = unclear or where
    if len(seen) == 2:
        raise Refused(
            f"{path}: {seen[',']} has a decimal comma and {seen['.']} a "
            "decimal point: say which it is (--decimal)"
        )
    if not seen and unclear:
        raise Refused(
            f"{path}: {unclear} may have a decimal comma or thousands: say "
            'which (--decimal "," or --decimal .)'
        )
    return next(iter(seen), ".")


def _mark_of(text: str) -> str | None:
    """The decimal mark that this text must have, if only one can be."""
    if not MARKED.fullmatch(text):
        return None
    last = text[max(text.rfind("."), text.rfind(","))]
    if OTHER[last] in text:
        return last
    if text.count(last) > 1:
        return OTHER[last]
    return None if UNCLEAR.fullmatch(text) else last


def _without_spaces(texts: pd.Series) -> pd.Series:
    plain = texts.fillna("").str.strip()
    plain = plain.str.replace("\u2212", "-")  # Unicode's minus
    return plain.str.replace(SPACES, "", regex=True)


def _numbers(path: Path, texts: pd.Series, decimal: str) -> np.ndarray:
    import pandas as pd

    thousands = OTHER[decimal]
    grouped = rf"([+-]?\d{{1,3}})((?:{re.escape(thousands)}\d{{3}})+)"
    whole = texts.str.fullmatch(rf"{grouped}(?:{re.escape(decimal)}\d*)?")
    wrong = texts.str.contains(thousands, regex=False) & ~whole
    plain = texts.where(~whole, texts.str.replace(thousands, "", regex=False)).where(
        ~wrong, "wrong"
    )
    plain = plain.str.replace(decimal, ".", regex=False)
    empty = texts.str.lower().isin(EMPTY).to_numpy()
    numbers = pd.to_numeric(plain, errors="coerce").to_numpy(float, copy=True)
    bad = ~np.isfinite(numbers) & ~empty
    if bad.any():
        row = int(bad.argmax())
        text = texts.iloc[row]
        marked = MARKED.fullmatch(text) and thousands in text
        raise Refused(
            f"{path}: line {texts.index[row]}: {texts.name}: expected a "
            f"number, got {text!r}"
            + f"; --decimal {thousands!r} if that is its mark"
            * bool(marked)
        )
    numbers[empty] = np.nan
    return numbers


def fill_gaps(values: np.ndarray, how: str, period: int = 1) -> np.ndarray:
    """The values with their NaNs filled: "linear", "last" and so on.

    Before the first number there is nothing to go on from: only "zero"
    fills that. "linear" goes on after the last number as "last" does.
    "season" is the mean at the same place of the seasons around, by up to
    a line more: the line joins what the numbers at the gap's two ends
    differ by from their own such means.

    Shapes: values (N,) -> values (N,)

    Raises ValueError for another way, and for seasons of less than two.
    """
    if how not in FILLS:
        ways = ", ".join(FILLS)
        raise ValueError(f"how: expected one of {ways}, got {how!r}")
    if how == "season" and period < 2:
        raise ValueError(f"period: expected at least 2, got {period}")
    filled = np.array(values, float)
    known = np.flatnonzero(~np.isnan(filled))
    if how == "zero":
        return np.nan_to_num(filled)
    if not len(known):
        return filled
    if how == "season":
        usual = _usual(filled, period)
        guess = usual + fill_gaps(filled - usual, "linear")
        filled = np.where(np.isnan(filled), guess, filled)
        return fill_gaps(filled, "linear")
    later = np.arange(known[0], len(filled))
    if how == "linear":
        filled[later] = np.interp(later, known, filled[known])
    else:
        before = np.searchsorted(known, later, side="right") - 1
        filled[later] = filled[known[before]]
    return filled


def _usual(values: np.ndarray, period: int) -> np.ndarray:
    """The mean at the same place of the seasons around, or NaN.

    It is that of pairs, one before and one after, so that a slope drops
    out; at the series' ends, where there is none, that of one side.
    """
    N = len(values)
    sums, counts = np.zeros((2, N)), np.zeros((2, N))  # pairs, any
    for shift in range(period, min((AROUND + 1) * period, N), period):
        outside = np.full(shift, np.nan)
        before = np.concatenate([outside, values[:-shift]])
        after = np.concatenate([values[shift:], outside])
        pair = (before + after) / 2
        for found, k in (pair, 0), (before, 1), (after, 1):
            sums[k] += np.nan_to_num(found)
            counts[k] += ~np.isnan(found)
    mean = np.where(counts > 0, sums, np.nan) / np.maximum(counts, 1)
    return np.where(counts[0] > 0, mean[0], mean[1])
