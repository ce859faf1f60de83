"""What a language model's writing is worth to its reader."""

import ast
import re
import textwrap
import warnings
from collections import Counter
from fractions import Fraction

from rnncore.data.music import Note


def first_function(text: str) -> str | None:
    """The text up to the first line that is no deeper than its first one.

    None where there is no such line: the function was not finished. It
    comes without the indentation that a method has.
    """
    lines = text.splitlines(keepends=True)
    for k, line in enumerate(lines[1:], start=1):
        ends = line.strip() and _depth(line) <= _depth(lines[0])
        if ends and line.lstrip()[0] != ")":  # of a long signature
            return textwrap.dedent("".join(lines[:k])).rstrip() + "\n"
    return None


def parses(source: str) -> bool:
    """Whether Python's own parser accepts it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d" in a string is accepted
        try:
            ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def line_parses(line: str) -> bool:
    """Whether a line would be accepted somewhere in a program by itself.

    A line that opens a block gets one; `else` and its like what they go
    on from. A line inside an open bracket or a long string is refused.
    """
    line = line.strip()
    first = re.split(r"\W", line, maxsplit=1)[0]
    if line.startswith("@"):
        return parses(f"{line}\ndef f(): pass")
    if first in ("except", "finally"):
        return parses(f"try: pass\n{line} pass")
    if first in ("elif", "else"):
        return parses(f"if 1: pass\n{line} pass")
    if line.endswith(":"):
        line += " pass"
    return parses(f"async def f():\n  while 1:\n    {line}")


def read_tune(abc: str) -> tuple[Note, ...]:
    """The notes that music21 reads in a tune in ABC notation.

    Raises ValueError where it reads none.
    """
    from music21 import converter

    try:
        score = converter.parse(f"X:1\n{abc.strip()}\n", format="abc")
    except Exception as error:  # music21 raises what its parts raise
        raise ValueError(f"abc: music21 cannot read it: {error}") from error
    notes = tuple(
        Note(n.pitch.midi, float(n.quarterLength))  # type: ignore[attr-defined]
        for n in score.flatten().notes
        if n.isNote and n.quarterLength > 0
    )
    if not notes:
        raise ValueError("abc: music21 reads no note in it")
    return notes


def bars_that_fit(abc: str) -> tuple[int, int]:
    """How many bars of a tune last what its metre says, and of how many.

    The first bar of a part and the last may be shorter: they are not
    counted, nor are bars after a change of metre inside a line.

    Raises ValueError where the tune has no metre that can be read.
    """
    metre = re.search(r"^M: ?(C\||C|(\d+)/(\d+))", abc, re.MULTILINE)
    if not metre:
        raise ValueError("abc: expected a metre such as M:6/8")
    whole = Fraction(1)
    if metre.group(2):
        whole = Fraction(int(metre.group(2)), int(metre.group(3)))
    unit = re.search(r"^L: ?(\d+)/(\d+)", abc, re.MULTILINE)
    length = Fraction(1, 8)
    if unit:
        length = Fraction(int(unit.group(1)), int(unit.group(2)))
    lines = [x for x in abc.splitlines() if not re.match(r"[A-Za-z]:", x)]
    parts = re.split(r"\|\]|\[\||:\||\|:|::|\|\||:", " ".join(lines))
    fit = counted = 0
    for part in parts:
        for bar in part.split("|")[1:-1]:
            counted += 1
            fit += duration(bar) * length == whole
    return fit, counted


def duration(bar: str) -> Fraction:
    """How many unit lengths the notes and rests of a bar last."""
    total, after, left, ratio = Fraction(0), Fraction(1), 0, Fraction(1)
    for token in NOTE.finditer(bar):
        if token["tuplet"]:
            left = int(token["tuplet"])
            ratio = TUPLETS.get(left, Fraction(1))
            continue
        value = _length(token["number"], token["slashes"])
        value *= after * (ratio if left else 1)
        after, left = Fraction(1), max(0, left - 1)
        for sign in token["broken"] or "":
            value *= Fraction(3, 2) if sign == ">" else Fraction(1, 2)
            after *= Fraction(1, 2) if sign == ">" else Fraction(3, 2)
        total += value
    return total


TUPLETS = {2: Fraction(3, 2), 3: Fraction(2, 3), 4: Fraction(3, 4)}
NOTE = re.compile(
    r"\((?P<tuplet>\d)"
    r"|(?:\[[^\]]*\]|[\^_=]*[A-Ga-gzx][,']*)"
    r"(?P<number>\d+)?(?P<slashes>/+\d*)?\s*(?P<broken>[<>]+)?"
)


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _length(number: str | None, slashes: str | None) -> Fraction:
    """3/2 as three halves, / as a half, // as a quarter."""
    value = Fraction(int(number or 1))
    if slashes:
        bars = Counter(slashes)["/"]
        below = slashes.strip("/")
        value /= int(below) or 1 if below else 2**bars
    return value
