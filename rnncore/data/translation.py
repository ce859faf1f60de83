"""Numbers and dates in words: English, German, French.

The languages differ where translation is hard: in order (vierundachtzig:
four and eighty), in how words are built (quatre-vingt-quatre: four times
twenty, four) and in what one must have read before the first word is due.
"""

import datetime
import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from rnncore.storage.files import Refused, lines_of, read_text

LANGUAGES = "en", "de", "fr"
FIRST_DAY = datetime.date(1800, 1, 1)
DAYS = 109_573  # to the end of the year 2099
SIDES = ("source", "target")  # of a pair


class Pair(NamedTuple):
    """A sentence and its translation."""

    source: str
    target: str


class Pairs(NamedTuple):
    """Pairs to learn from, to choose by, and to judge by."""

    train: list[Pair]
    validation: list[Pair]
    test: list[Pair]
    longer: list[Pair]  # of more digits than any of the others


def number_in_words(n: int, language: str) -> str:
    """84 in words: "eighty-four", "vierundachtzig", "quatre-vingt-quatre".

    Raises ValueError for another language, or a negative number.
    """
    from num2words import num2words

    check_language("language", language)
    if n < 0:
        raise ValueError(f"n: expected at least 0, got {n}")
    return num2words(n, lang=language)


def date_in_words(day: datetime.date, language: str) -> str:
    """A date in words, as one would read it aloud.

    Raises ValueError for another language.
    """
    from babel.dates import format_date
    from num2words import num2words

    check_language("language", language)
    month = format_date(day, "MMMM", locale=language)
    year = num2words(day.year, lang=language, to="year")
    if language == "fr" and day.day > 1:  # le premier, but le deux
        number = num2words(day.day, lang=language)
    else:
        number = num2words(day.day, lang=language, to="ordinal")
    return {
        "en": f"the {number} of {month}, {year}",
        "de": f"der {number} {month} {year}",
        "fr": f"le {number} {month} {year}",
    }[language]


def draw_numbers(
    rng: np.random.Generator, digits: int, train: int, held_out: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Numbers for training, validation, test, and longer ones.

    They have 1 to `digits` digits, the longer ones one more; no number is
    drawn twice. How many digits it has is drawn first, as far as there
    are enough such numbers: else nine of ten would be of the longest
    kind. Zero is never held out: no other number has its word.

    Raises ValueError where there are not enough numbers.
    """
    if not 1 <= digits <= 17:
        raise ValueError(f"digits: expected 1 to 17, got {digits}")
    wanted = train + 2 * held_out
    if min(train, held_out) < 1 or wanted > 10**digits:
        raise ValueError(
            f"train, held_out: expected 1 to {10**digits} numbers of up to "
            f"{digits} digits, got {train} + 2 x {held_out}"
        )
    drawn = rng.permutation(_by_digits(rng, digits, wanted))
    drawn = drawn[np.argsort(drawn != 0, kind="stable")]
    longest = rng.choice(9 * 10**digits, held_out, replace=False)
    parts = np.split(drawn, [train, train + held_out])
    return parts[0], parts[1], parts[2], longest + 10**digits


def number_pairs(
    rng: np.random.Generator,
    source: str,
    target: str,
    digits: int = 5,
    train: int = 20_000,
    held_out: int = 1_000,
) -> Pairs:
    """The numbers of `draw_numbers` in the words of two languages.

    Raises ValueError for languages that are equal or unknown, or where
    there are not enough numbers.
    """
    check_languages(source, target)

    def write_pairs(numbers: np.ndarray) -> list[Pair]:
        return [
            Pair(*(number_in_words(int(n), k) for k in (source, target)))
            for n in numbers
        ]

    return Pairs(
        *map(write_pairs, draw_numbers(rng, digits, train, held_out))
    )


def date_pairs(
    rng: np.random.Generator,
    source: str,
    target: str,
    train: int = 10_000,
    held_out: int = 1_000,
) -> Pairs:
    """Days of 1800 to 2099, each at most once; there are no longer ones.

    Raises ValueError for languages that are equal or unknown, or where
    there are not enough days.
    """
    check_languages(source, target)
    wanted = train + 2 * held_out
    if min(train, held_out) < 1 or wanted > DAYS:
        raise ValueError(
            f"train, held_out: expected 1 to {DAYS} days, "
            f"got {train} + 2 x {held_out}"
        )
    days = rng.choice(DAYS, wanted, replace=False)
    pairs = []
    for k in days:
        day = FIRST_DAY + datetime.timedelta(int(k))
        words = (date_in_words(day, name) for name in (source, target))
        pairs.append(Pair(*words))
    return Pairs(
        pairs[: -2 * held_out],
        pairs[-2 * held_out : -held_out],
        pairs[-held_out:],
        [],
    )


def read_pairs(
    path: str | os.PathLike,
    report: Callable[[str, str], None] | None = None,
    sides: tuple[str, str] = SIDES,
    columns: Sequence[int] | None = None,
) -> list[Pair]:
    """Pairs from a UTF-8 file of two columns with a tab between them.

    Or, of more, from these two, counted from 1. A line with an empty side
    is left out, and `report(line, reason)` is told. Messages call the
    columns by the names in `sides`.

    Raises Refused naming the file, and the line, where a line has other
    columns, the text is not UTF-8, or no pair remains.
    """
    expected = ", tab, ".join(sides)
    if columns:
        expected = f"{max(columns)} columns with tabs between"
    pairs = []
    for number, line in enumerate(lines_of(read_text(path)), 1):
        row = [" ".join(cell.split()) for cell in line.split("\t")]
        if not any(row):
            continue
        width = len(row)
        if width < max(columns or (2,)) or (width > 2 and not columns):
            wide = width > 2 and sides == SIDES
            more = ": --columns says which two" if wide else ""
            raise Refused(
                f"{path}, line {number}: expected {expected}, got {width} "
                f"column{'s' * (width > 1)}, {line[:60]!r}{more}"
            )
        pair = Pair(*(row[k - 1] for k in columns or (1, 2)))
        if all(pair):
            pairs.append(pair)
        elif report:
            report(f"line {number}", "with an empty side")
    if not pairs:
        raise Refused(f"{path}: expected lines of {expected}, got none")
    return pairs


def check_language(name: str, language: str) -> None:
    """Raise ValueError unless it is one of LANGUAGES."""
    if language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise ValueError(f"{name}: expected {known}, got {language!r}")


def check_languages(source: str, target: str) -> None:
    """Raise ValueError unless these are two of LANGUAGES."""
    check_language("source", source)
    check_language("target", target)
    if source == target:
        raise ValueError(f"target: expected another one than {source!r}")


def _by_digits(
    rng: np.random.Generator, digits: int, count: int
) -> np.ndarray:
    """Different numbers; equally many of each length, where there are."""
    found: list[np.ndarray] = []
    for d in range(1, digits + 1):
        low = 10 ** (d - 1) if d > 1 else 0
        left = count - sum(map(len, found))
        later = digits - d
        share = left if not later else -(-left // (later + 1))
        share = min(share, 10**d - low)
        found.append(low + rng.choice(10**d - low, share, replace=False))
    return np.concatenate(found)
