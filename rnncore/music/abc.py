"""Tunes in ABC notation, as its standard says that they sound.

The standard is version 2.1 (C. Walshaw, December 2011,
https://abcnotation.com/wiki/abc:standard:v2.1); numbers in brackets are
its sections. Read is what sounds: pitches, lengths, ties and voices. What
is only seen or sung is passed over, and so are grace notes (4.12), which
have no time of their own. Repeats, variant endings and parts are not
played: the bars come as they are written. Anything else is refused, for
a tune that is nearly read teaches wrong notes.
"""

import copy
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from rnncore.music.abc_fields import (
    parse_key,
    parse_meter,
    parse_tempo,
    set_properties,
)
from rnncore.music.abc_voice import (
    TAKEN,
    TOKEN,
    Sound,
    Voice,
    check_length,
    end_bar,
    join_ties,
    pass_over,
)

SYMBOLS = frozenset(".~HLMOPSTuv")  # decorations of a letter (4.14)

BODY_FIELD = re.compile(r"([H-Zmrsw+]):(?![|:])\s*(.*)")
HEADER_FIELD = re.compile(r"([A-Za-z+]):\s*(.*)")
DIRECTIVE = re.compile(r"\s*([\w-]*)\s*(.*)")
MOVES = re.compile(
    r"MIDI\s+r?transpose|transpose|shift|octave", re.IGNORECASE
)


class Tune(NamedTuple):
    """What is known of a tune."""

    title: str
    tempo: float | None  # quarter notes a minute
    bar: Fraction | None  # the length of a full bar, in quarter notes
    first: Fraction  # of the first bar; 0 where it is the only one
    parts: list[list[Sound]]


class Book(NamedTuple):
    """The tunes of a file, and those refused: name to why."""

    tunes: list[Tune]
    refused: dict[str, str]


def read_abc(text: str) -> Book:
    """All tunes of a text in ABC, one after the other.

    A tune begins at a line `X:` and ends at an empty one (2.2.1). What
    stands between tunes is free text (2.2.3), what stands before the
    first holds for all (2.2.2). Without any `X:` it is one tune (2.3.1).
    """
    before, tunes = _split(_lines(text))
    found, refused = [], {}
    for k, lines in enumerate(tunes, 1):
        try:
            found.append(_read_tune(before, lines))
        except ValueError as error:
            number = lines[0][1].removeprefix("X:").strip()[:20]
            name = f"tune {k}" + (f" (X:{number})" if number else "")
            refused[name] = str(error)
    return Book(found, refused)


def _lines(text: str) -> list[tuple[int, str]]:
    """The lines and their numbers, without comments (2.2.5).

    `%%` is another way to write `I:` (11); texts to be set are left out.
    """
    found = []
    until = ""  # the end of a block
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        if until or line.startswith("%%begin"):
            until = until or line.split()[0].replace("begin", "end", 1)
            until = "" if line.startswith(until) else until
            continue
        if line.startswith("%%"):
            line = f"I:{line[2:]}"
        kept = re.sub(r"(?<!\\)%.*", "", line).strip()
        if kept or not line.strip():
            found.append((number, kept))
    if until:
        raise ValueError(f"there is no {until} in it")
    return found


Lines = list[tuple[int, str]]


def _split(lines: Lines) -> tuple[Lines, list[Lines]]:
    """The header of the file, and the lines of each tune."""
    if not any(line.startswith("X:") for _, line in lines):
        rest = [(n, line) for n, line in lines if line]
        return [], [[(0, "X:"), *rest]] if rest else []
    before: Lines = []
    tunes: list[Lines] = []
    open_block = True  # the header of the file, then a tune
    for number, line in lines:
        if line.startswith("X:"):
            tunes.append([])
            open_block = True
        elif not line:
            open_block = False
        if open_block and line:
            (tunes[-1] if tunes else before).append((number, line))
        elif line and tunes and _is_music(line):
            tunes[-1].append((number, ""))
    return before, tunes


def _is_music(line: str) -> bool:
    """Whether a line outside of tunes has bars, and nothing but music."""
    if "|" not in line or TOKEN.sub("", line):
        return False
    symbols = {m[0] for m in TOKEN.finditer(line) if m["symbol"]}
    return symbols <= SYMBOLS


def _read_tune(before: Lines, lines: Lines) -> Tune:
    """One tune; raises ValueError with the number of the line."""
    tune = _Reading()
    number = lines[0][0]
    kept = [b for b in before if b[1][:2] in ("M:", "L:", "I:", "U:", "m:")]
    try:
        for number, line in kept + lines:  # noqa: B007 - is told below
            tune.read_line(line)
        return tune.finished()
    except ValueError as error:
        raise ValueError(f"line {number}: {error}") from error


class _Reading:
    """A tune, read a line at a time: first its header, up to K:."""

    def __init__(self) -> None:
        self.title = ""
        self.tempo: str | None = None
        self.unit: Fraction | None = None
        self.symbols = set(SYMBOLS)
        self.line_break = False  # whether ! ends a line (6.1.1)
        self.in_header = True
        self.plain = Voice()  # what a voice begins as
        self.declared: dict[str, str] = {}
        self.voices: dict[str, Voice] = {}
        self.voice: Voice | None = None

    def read_line(self, line: str) -> None:
        """A field or, in the body, music."""
        if not line:
            raise ValueError(
                "there is music after an empty line, which ends a tune"
            )
        form = HEADER_FIELD if self.in_header else BODY_FIELD
        if found := form.fullmatch(line):
            self.read_field(found[1], found[2])
        elif self.in_header:
            raise ValueError(
                f"expected a field such as T: or K:, got {line[:20]!r}"
            )
        else:
            self.read_music(line)

    def read_field(self, letter: str, text: str) -> None:
        """A field (3.1), on a line of its own or within one (3.2)."""
        read: dict[str, Callable[[str], None]] = {
            "I": self.read_instruction,
            "K": self.read_key,
            "L": self.read_unit,
            "M": self.read_meter,
            "U": self.read_symbol,
            "V": self.read_voice,
            "m": self.read_macro,
        }
        if letter == "T" and self.in_header:
            self.title = self.title or text
        elif letter == "Q":
            self.tempo = self.tempo or text
        elif letter in read:
            read[letter](text)

    def read_meter(self, text: str) -> None:
        """M: (3.1.6). It leaves the unit as it is in the tune's body."""
        voice = self.voice or self.plain
        voice.bar, voice.compound = parse_meter(text)
        if self.in_header:
            short = voice.bar is not None and voice.bar < 3
            self.plain.unit = Fraction(1, 4 if short else 2)

    def read_unit(self, text: str) -> None:
        """L: (3.1.7)."""
        found = re.fullmatch(r"(\d+)(?:\s*/\s*(\d+))?", text)
        whole = found and int(found[1]) and int(found[2] or 1)
        if not found or not whole:
            raise ValueError(f"L: expected a length as 1/8, got {text!r}")
        unit = Fraction(int(found[1]), int(found[2] or 1)) * 4
        check_length(unit, text)
        if self.in_header:
            self.unit = unit
        else:
            (self.voice or self.plain).unit = unit

    def read_key(self, text: str) -> None:
        """K: (3.1.14), which ends the header, with a clef (4.6)."""
        voice = self.voice or self.plain
        key, rest = parse_key(text)
        if key is not None:
            voice.key = key
        for word in set_properties(voice, rest):
            raise ValueError(f"K: expected a key or clef, got {word!r}")
        if self.in_header:
            self.in_header = False
            self.plain.unit = self.unit or self.plain.unit

    def read_voice(self, text: str) -> None:
        """V: (7.1): its properties in the header, then the voice."""
        name, properties = (*text.split(maxsplit=1), "", "")[:2]
        if name in ("", "*"):
            raise ValueError(f"V: expected a voice, got {text!r}")
        if self.in_header:
            known = self.declared.get(name, "")
            self.declared[name] = f"{known} {properties}"
            set_properties(Voice(), properties)  # raises here, if at all
            return
        self.voice = self.voice_of(name)
        set_properties(self.voice, properties)

    def voice_of(self, name: str) -> Voice:
        """A voice, new where it has not been read yet."""
        if name not in self.voices:
            voice = copy.deepcopy(self.plain)
            set_properties(voice, self.declared.get(name, ""))
            self.voices[name] = voice
        return self.voices[name]

    def read_symbol(self, text: str) -> None:
        """U: a letter that stands for a decoration (4.16)."""
        found = re.fullmatch(r'([~H-Wh-w])\s*=?\s*[!"+].*', text)
        if not found:
            raise ValueError(f"U: expected as T = !trill!, got {text!r}")
        self.symbols.add(found[1])

    def read_macro(self, text: str) -> None:
        """m: (9)."""
        raise ValueError(f"m: macros are not read, got {text!r}")

    def read_instruction(self, text: str) -> None:
        """I: or a directive (3.1.17, 11): some change what sounds."""
        found = DIRECTIVE.fullmatch(text)
        name, value = (found[1], found[2].strip()) if found else ("", "")
        if name == "propagate-accidentals":  # 11.3
            if value not in ("not", "octave", "pitch"):
                raise ValueError(
                    f"{name}: expected not, octave or pitch, got {value!r}"
                )
            (self.voice or self.plain).carry = value
        elif name == "linebreak":
            self.line_break = "!" in value
        elif found := re.fullmatch(r"MIDI\s+transpose\s+(-?\d+)", text):
            if self.in_header and self.declared:
                raise ValueError(f"{text}: expected it in a voice's music")
            (self.voice or self.plain).shifts["MIDI"] = int(found[1])
        elif text.split() == ["MIDI", "nobarlines"]:  # of abc2midi, too
            (self.voice or self.plain).carry = "not"
        elif name == "decoration" or MOVES.match(text.strip()):
            raise ValueError(f"the directive {text!r} is not read")

    def read_music(self, line: str) -> None:
        """A line of music (4)."""
        if self.line_break:
            line = line.replace("!", " ")
        at = 0
        while at < len(line):
            found = TOKEN.match(line, at)
            if not found:
                raise ValueError(
                    f"expected music, got {line[at : at + 20]!r}"
                )
            kind, token = str(found.lastgroup), found[0]
            at = found.end()
            if kind == "inline":
                self.read_field(token[1], token[3:-1].strip())
            elif kind == "symbol" and self.in_word(line, found.start()):
                raise ValueError(
                    f"expected music, got {line[at - 1 :][:20]!r}"
                )
            else:
                if self.voice is None:
                    first = next(iter(self.declared), "1")
                    self.voice = self.voice_of(first)
                TAKEN.get(kind, pass_over)(self.voice, token)

    def in_word(self, line: str, at: int) -> bool:
        """Whether a letter is no decoration (4.16), known or not.

        One that no U: explains is silent. But as part of a word, such as
        Fine or Coda without quotes, it shows that its notes are none.
        """
        free = re.compile(r"[~.H-Wh-w]")
        after = line[at + 1 : at + 2]
        return line[at] not in self.symbols and bool(
            re.match("[A-Ga-g]", line[at - 1 : at])
            or (free.match(after) and after not in self.symbols)
        )

    def finished(self) -> Tune:
        """The tune, when all lines are read."""
        if self.in_header:
            raise ValueError("the header has no K:, which ends it")
        for voice in self.voices.values():
            end_bar(voice, "")
        voices = [v for v in self.voices.values() if v.clocks[0]]
        if len({v.clocks[0] for v in voices}) > 1:
            _check_ends([v.clocks[0] for v in voices], self.plain.bar)
        parts = [
            join_ties(layer)
            for voice in voices
            if not voice.drums
            for layer in voice.layers
        ]
        first = voices[0] if voices else self.plain
        return Tune(
            self.title,
            parse_tempo(self.tempo, self.plain.unit),
            first.bar if self.plain.bar is None else self.plain.bar,
            _upbeat(first),
            [p for p in parts if p],
        )


def _upbeat(voice: Voice) -> Fraction:
    """The length of the first bar, 0 where it is the only one."""
    first = voice.first or Fraction(0)
    return first if first < voice.clocks[0] else Fraction(0)


def _check_ends(ends: Sequence[Fraction], bar: Fraction | None) -> None:
    """Raise ValueError where a voice lacks bars: nobody knows which."""
    if max(ends) - min(ends) >= (bar or 4):
        told = " and ".join(f"{float(e):g}" for e in ends)
        raise ValueError(
            "expected voices of one length, with rests where they are "
            f"silent, got {told} quarter notes"
        )
