"""A voice of a tune in ABC: its notes and what holds in its bars.

Numbers in brackets are sections of the standard 2.1 (see
`rnncore.music.abc`).
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

LONGEST_NOTE = 100  # quarter notes, and so for a bar
LONGEST_TUNE = 10_000  # quarter notes: two hours are a damaged file
NATURAL = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))
SIGNS = {"": 0, "=": 0, "^": 1, "^^": 2, "_": -1, "__": -2}

NOTE = re.compile(r"(\^\^?|__?|=)?([A-Ga-g])([,']*)(\d*)(/*)(\d*)")
LENGTH = re.compile(r"(\d*)(/*)(\d*)")
NOTES_BETWEEN_BREAKS = re.compile(
    r"(?!f+$|\d$|[<>][()]?$)[\^_=A-Ga-gz\d,'/]+"
)
TOKEN = re.compile(
    r"""
    (?P<skip>[\s`\\$*\#;?@]+|y\d*|"[^"]*")
    |(?P<inline>\[[A-Za-z]:[^\]]*\])
    |(?P<bar>\.?(?:\[\|\]?|[:|]*\|[:|]*\]?|::)
        (?:\[?\d+(?:[,-]\d+)*\.?)?)
    |(?P<ending>\[\d+(?:[,-]\d+)*\.?)
    |(?P<bars>[ZX]\d*)
    |(?P<tuplet>\(\d+(?::\d*)?(?::\d*)?)
    |(?P<overlay>\(&|&\)|&+)
    |(?P<slur>\.?[()])
    |(?P<tie>\.?-)
    |(?P<broken>>+|<+)
    |(?P<grace>\{[^{}]*\})
    |(?P<decoration>![^!\s|]+!|!)
    |(?P<note>(?:\^\^?|__?|=)?[A-Ga-g][,']*\d*/*\d*)
    |(?P<rest>[zx]\d*/*\d*)
    |(?P<chord>\[(?:"[^"]*"|![^!]*!|[^\]"!])*\]\d*/*\d*)
    |(?P<symbol>[.~H-Wh-w])
    """,
    re.VERBOSE,
)


class Sound(NamedTuple):
    """A note: its beginning and its end in quarter notes."""

    begin: Fraction
    end: Fraction
    pitch: int  # MIDI: 60 is middle C


Place = tuple[str, int]  # a letter and an octave: a line of the staff


@dataclass
class Element:
    """A note, a chord, or, without pitches, a rest."""

    length: Fraction
    pitches: dict[Place, int]
    tied: set[Place] = field(default_factory=set)  # to the next one


@dataclass
class Voice:
    """A voice as far as it is read: its bars, and what holds in them."""

    key: dict[str, int] = field(default_factory=dict)  # letter: semitones
    bar: Fraction | None = None
    compound: bool = False
    unit: Fraction = Fraction(1, 2)
    shifts: dict[str, int] = field(default_factory=dict)  # in semitones
    drums: bool = False
    carry: str = "pitch"
    layers: list[list[Element]] = field(default_factory=lambda: [[]])
    clocks: list[Fraction] = field(default_factory=lambda: [Fraction(0)])
    layer: int = 0  # 0, or that of an overlay
    begin: Fraction = Fraction(0)  # of the bar
    first: Fraction | None = None  # the length of the first bar
    marks: dict[object, int] = field(default_factory=dict)
    last: Element | None = None  # in this bar
    written: Fraction = Fraction(0)  # its length without a > or <
    broken: tuple[Fraction, Fraction] | None = None  # it, and the next's
    tuplet: tuple[Fraction, int] = (Fraction(1), 0)  # for how many more


def check_length(length: Fraction, shown: str) -> None:
    """Raise ValueError for the length of no note: 0, or too long a one."""
    if not 0 < length < LONGEST_NOTE:
        raise ValueError(
            "expected the length of a note or bar to be above 0 quarter "
            f"notes and below {LONGEST_NOTE}, got {shown}"
        )


def pass_over(voice: Voice, token: str) -> None:
    """What neither sounds nor lasts."""


def _pitch(voice: Voice, found: re.Match[str]) -> tuple[Place, int]:
    """Where a note stands (4.1), and its pitch in this bar (4.2, 11.3).

    A note that is tied to takes its accidental over the bar line.
    """
    sign, letter, moved = found[1], found[2].upper(), found[3]
    octave = 4 + found[2].islower() + moved.count("'") - moved.count(",")
    place = (letter, octave)
    where = letter if voice.carry == "pitch" else place
    before = voice.layers[voice.layer][-1:]
    plain = NATURAL[letter] + 12 * (octave + 1) + sum(voice.shifts.values())
    if sign:
        if voice.carry != "not":
            voice.marks[where] = SIGNS[sign]
        return place, plain + SIGNS[sign]
    if where in voice.marks:
        return place, plain + voice.marks[where]
    if before and place in before[0].tied:
        return place, before[0].pitches[place]
    return place, plain + voice.key.get(letter, 0)


def _times(shown: str, number: str, slashes: str, below: str) -> Fraction:
    """The length after a note as a multiple of the unit (4.3)."""
    if below and (len(slashes) > 1 or not int(below)):
        raise ValueError(f"expected a length as 3/2, got {shown}")
    under = int(below) if below else 2 ** len(slashes)
    return Fraction(int(number or 1), under)


def _add(
    voice: Voice, shown: str, pitches: dict[Place, int], length: Fraction
) -> None:
    """An element in the current layer of the voice."""
    factor, left = voice.tuplet
    if left:
        length *= factor
        voice.tuplet = factor, left - 1
    voice.written = length
    if voice.broken:
        equal, factor = voice.broken
        if length != equal:  # 4.4 leaves open what it means
            raise ValueError("expected notes of one length around > or <")
        length *= factor
        voice.broken = None
    check_length(length, shown)
    voice.last = Element(length, pitches)
    voice.layers[voice.layer].append(voice.last)
    _advance(voice, length)


def _advance(voice: Voice, length: Fraction) -> None:
    voice.clocks[voice.layer] += length
    if voice.clocks[voice.layer] > LONGEST_TUNE:
        raise ValueError(f"expected at most {LONGEST_TUNE} quarter notes")


def _note(voice: Voice, token: str) -> None:
    found = NOTE.fullmatch(token)
    assert found
    place, pitch = _pitch(voice, found)
    length = _times(token, *found.group(4, 5, 6)) * voice.unit
    _add(voice, token, {place: pitch}, length)


def _rest(voice: Voice, token: str) -> None:
    """A rest, seen or not (4.5)."""
    found = LENGTH.fullmatch(token[1:])
    if not found:
        raise ValueError(f"expected a rest as z2, got {token}")
    _add(voice, token, {}, _times(token, *found.groups()) * voice.unit)


def _rest_of_bars(voice: Voice, token: str) -> None:
    """Z4: four bars of rest (4.5)."""
    if voice.bar is None:
        raise ValueError(
            f"{token}: there is no M: to say how long a bar is"
        )
    length = voice.bar * int(token[1:] or 1)
    voice.layers[voice.layer].append(Element(length, {}))
    _advance(voice, length)


def _chord(voice: Voice, token: str) -> None:
    """[CEG]2: it lasts as long as its first note (4.17)."""
    inside, _, after = token[1:].rpartition("]")
    pitches: dict[Place, int] = {}
    tied, lengths, last = set(), [], None
    at = 0
    while at < len(inside):
        found = TOKEN.match(inside, at)
        kind = found.lastgroup if found else None
        if not found or kind not in (
            *("note", "tie", "slur", "skip", "decoration", "symbol"),
        ):
            raise ValueError(f"expected a chord as [CEG], got {token!r}")
        at = found.end()
        if kind == "tie" and last:
            tied.add(last)
        elif kind == "note" and (note := NOTE.fullmatch(found[0])):
            last, pitch = _pitch(voice, note)
            pitches[last] = pitch
            lengths.append(_times(token, *note.group(4, 5, 6)))
    outer = LENGTH.fullmatch(after)
    if not lengths or not outer:
        raise ValueError(f"expected a chord as [CEG], got {token!r}")
    length = lengths[0] * _times(token, *outer.groups()) * voice.unit
    _add(voice, token, pitches, length)
    voice.layers[voice.layer][-1].tied = tied


def _tie(voice: Voice, token: str) -> None:
    """- after a note or a chord (4.11)."""
    before = voice.layers[voice.layer]
    if not before:
        raise ValueError("expected a note before the tie -")
    before[-1].tied = set(before[-1].pitches)


def _broken(voice: Voice, token: str) -> None:
    """a>b: the first is dotted, the second halved; >> twice so (4.4)."""
    if voice.last is None or voice.broken or len(token) > 3:
        raise ValueError(f"expected a note before {token} in its bar")
    if voice.last.length != voice.written:  # as in a>b>c
        raise ValueError("expected notes of one length around > or <")
    less = Fraction(1, 2 ** len(token))
    left, right = (2 - less, less) if token[0] == ">" else (less, 2 - less)
    voice.broken = voice.written, right
    _advance(voice, voice.last.length * (left - 1))
    voice.last.length *= left


def _tuplet(voice: Voice, token: str) -> None:
    """(p:q:r: p notes in the time of q, for the next r notes (4.13)."""
    p, q, r, *_ = [*token[1:].split(":"), "", ""]
    n = 3 if voice.compound else 2
    usual = {2: 3, 3: 2, 4: 3, 5: n, 6: 2, 7: n, 8: 3, 9: n}
    P = int(p)
    Q, R = int(q or usual.get(P, 0)), int(r or P)
    if not P or not Q or not R or voice.tuplet[1]:
        raise ValueError(f"expected a tuplet as (3 or (5:4:5, got {token}")
    voice.tuplet = Fraction(Q, P), R


def _grace(voice: Voice, token: str) -> None:
    """{...}: no time of its own (4.12), but accidentals that hold on."""
    for found in NOTE.finditer(token):
        _pitch(voice, found)


def _decoration(voice: Voice, token: str) -> None:
    """!trill! (4.14); a single ! ended a line once (10.2)."""
    name = token.strip("!")
    if name.startswith(("8v", "15m")) or NOTES_BETWEEN_BREAKS.fullmatch(
        name
    ):
        raise ValueError(f"expected a decoration as !trill!, got {token}")


def _overlay(voice: Voice, token: str) -> None:
    """& goes back to the beginning of the bar (7.4)."""
    if token != "&" or voice.clocks[voice.layer] == voice.begin:
        raise ValueError(
            f"expected & within a bar, after its notes, got {token}"
        )
    _check_ended(voice)
    voice.layer += 1
    if voice.layer == len(voice.layers):
        voice.layers.append([])
        voice.clocks.append(Fraction(0))
    if gap := voice.begin - voice.clocks[voice.layer]:
        voice.layers[voice.layer].append(Element(gap, {}))
        voice.clocks[voice.layer] = voice.begin
    voice.marks = {}


def _check_ended(voice: Voice) -> None:
    """Raise ValueError where something waits for a note that isn't here."""
    if voice.broken:
        raise ValueError("expected a note after > or < in its bar")
    voice.last = None


def end_bar(voice: Voice, token: str) -> None:
    """A bar line (4.8): accidentals end here, overlays too."""
    _check_ended(voice)
    if max(voice.clocks) > voice.clocks[0]:
        raise ValueError("the overlay after & is longer than its bar")
    voice.layer = 0
    voice.marks = {}
    voice.begin = voice.clocks[0]
    if voice.first is None and voice.begin and token:
        voice.first = voice.begin


TAKEN: dict[str, Callable[[Voice, str], None]] = {
    "bar": end_bar,
    "bars": _rest_of_bars,
    "broken": _broken,
    "chord": _chord,
    "decoration": _decoration,
    "grace": _grace,
    "note": _note,
    "overlay": _overlay,
    "rest": _rest,
    "tie": _tie,
    "tuplet": _tuplet,
}


def join_ties(elements: Iterable[Element]) -> list[Sound]:
    """The notes of a layer, with ties joined."""
    found: list[Sound] = []
    held = defaultdict[int, list[int]](list)  # pitch to its notes' numbers
    begin = Fraction(0)
    for e in elements:
        end = begin + e.length
        now = defaultdict[int, list[int]](list)
        for place, pitch in e.pitches.items():
            k = held[pitch].pop(0) if held[pitch] else len(found)
            if k == len(found):
                found.append(Sound(begin, end, pitch))
            found[k] = found[k]._replace(end=end)
            if place in e.tied:
                now[pitch].append(k)
        held = now
        begin = end
    return found
