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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

LONGEST_NOTE = 100  # quarter notes, and so for a bar
LONGEST_TUNE = 10_000  # quarter notes: two hours are a damaged file
LETTERS = "FCGDAEB"  # as sharps come into a key; flats from the other end
NATURAL = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))
SIGNS = {"": 0, "=": 0, "^": 1, "^^": 2, "_": -1, "__": -2}
SYMBOLS = frozenset(".~HLMOPSTuv")  # decorations of a letter (4.14)
MODES = {"maj": 0, "ion": 0, "lyd": 1, "mix": -1, "dor": -2}
MODES |= {"m": -3, "min": -3, "aeo": -3, "phr": -4, "loc": -5}

BODY_FIELD = re.compile(r"([H-Zmrsw+]):(?![|:])\s*(.*)")
HEADER_FIELD = re.compile(r"([A-Za-z+]):\s*(.*)")
DIRECTIVE = re.compile(r"\s*([\w-]*)\s*(.*)")
MOVES = re.compile(
    r"MIDI\s+r?transpose|transpose|shift|octave", re.IGNORECASE
)
SIGNATURE = re.compile(r"([A-G])([#b]?)(?:(\s*)([A-Za-z]+))?(?![\w#])(.*)")
MARKED = re.compile(r"(\^\^?|__?|=)([A-Ga-g])")  # of a key
CLEF = re.compile(
    r"(?:treble|alto|tenor|bass|perc|none|[GCFP])?[1-5]?([+-](?:8|15))?"
)
BARE_CLEF = re.compile(r"(?:treble|alto|tenor|bass|perc|none)\S*")
SEEN = re.compile(  # properties of a voice that do not move its notes
    r"brace|bracket|cue|dyn|gchords|gstem|lyrics|m|merge|middle|name|nm|pan"
    r"|program|scale|sname|snm|space|spc|stafflines|staffscale|staves|stem"
    r"|style|subname|volume"
)
WORDS = re.compile(r'[^\s"=]+=(?:"[^"]*"|\S*)|"[^"]*"|\S+')
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
    try:
        for _, line in before:
            if line[:2] in ("M:", "L:", "I:", "U:", "m:"):
                tune.read_line(line)
        for number, line in lines:  # noqa: B007 - is told below
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
        voice.bar, voice.compound = _meter(text)
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
        _check_length(unit, text)
        if self.in_header:
            self.unit = unit
        else:
            (self.voice or self.plain).unit = unit

    def read_key(self, text: str) -> None:
        """K: (3.1.14), which ends the header, with a clef (4.6)."""
        voice = self.voice or self.plain
        key, rest = _key(text)
        if key is not None:
            voice.key = key
        for word in _set_properties(voice, rest):
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
            _set_properties(Voice(), properties)  # raises here, if at all
            return
        self.voice = self.voice_of(name)
        _set_properties(self.voice, properties)

    def voice_of(self, name: str) -> Voice:
        """A voice, new where it has not been read yet."""
        if name not in self.voices:
            voice = copy.deepcopy(self.plain)
            _set_properties(voice, self.declared.get(name, ""))
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
                TAKEN.get(kind, _pass)(self.voice, token)

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
            _end_bar(voice, "")
        voices = [v for v in self.voices.values() if v.clocks[0]]
        if len({v.clocks[0] for v in voices}) > 1:
            _check_ends([v.clocks[0] for v in voices], self.plain.bar)
        parts = [
            _sounds(layer)
            for voice in voices
            if not voice.drums
            for layer in voice.layers
        ]
        first = voices[0] if voices else self.plain
        return Tune(
            self.title,
            _tempo(self.tempo, self.plain.unit),
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


def _meter(text: str) -> tuple[Fraction | None, bool]:
    """A bar's length in quarter notes, and whether it is compound."""
    text = text.strip()
    if text in ("", "none"):
        return None, False
    text = {"C": "4/4", "C|": "2/2"}.get(text, text)
    found = re.fullmatch(r"\(?(\d+(?:\s*\+\s*\d+)*)\)?\s*/\s*(\d+)", text)
    above = sum(map(int, found[1].split("+"))) if found else 0
    if not found or not above or not int(found[2]):
        raise ValueError(f"M: expected a meter as 6/8, got {text!r}")
    bar = Fraction(above, int(found[2])) * 4
    _check_length(bar, text)
    return bar, above in (6, 9, 12)


def _check_length(length: Fraction, shown: str) -> None:
    if not 0 < length < LONGEST_NOTE:
        raise ValueError(
            "expected the length of a note or bar to be above 0 quarter "
            f"notes and below {LONGEST_NOTE}, got {shown}"
        )


def _tempo(text: str | None, unit: Fraction) -> float | None:
    """Quarter notes a minute, of Q: (3.1.8; 10.1 without a length)."""
    plain = re.sub(r'"[^"]*"', " ", text or "").strip()
    if not plain:
        return None
    beat, _, rate = plain.rpartition("=")
    total = Fraction(0)
    for word in beat.split() or ["C"]:
        if found := re.fullmatch(r"(\d+)/([1-9]\d*)", word):
            total += Fraction(int(found[1]), int(found[2])) * 4
        elif found := re.fullmatch(r"C(\d*)", word):
            total += unit * int(found[1] or 1)
    if not total or not re.fullmatch(r"\s*\d+(\.\d*)?", rate):
        raise ValueError(f"Q: expected as 1/4=120, got {text!r}")
    return float(total) * float(rate) or None


def _key(text: str) -> tuple[dict[str, int] | None, str]:
    """The semitones of each letter, None if no key is named; the rest."""
    text = text.strip()
    if found := re.match(r"(none|HP|Hp)(?!\S)", text):
        pipes = {"F": 1, "C": 1} if found[1] == "Hp" else {}
        return _marked(pipes, text[found.end() :])
    found = SIGNATURE.fullmatch(text)
    if not found:
        key, rest = _marked({}, text)
        return (key if key or not rest.strip() else None), rest
    letter, sign, space, word, rest = found.groups(default="")
    mode = word.lower() if word == "m" else word.lower()[:3]
    if mode == "exp":
        return _marked({}, rest)
    if word and mode not in MODES:
        if not space:
            raise ValueError(
                f"K: expected a key as Bb or F#m, got {text!r}"
            )
        mode, rest = "maj", f" {word}{rest}"
    sharps = LETTERS.index(letter) - 1 + MODES[mode or "maj"]
    sharps += {"": 0, "#": 7, "b": -7}[sign]
    key = {c: (sharps - k + 6) // 7 for k, c in enumerate(LETTERS)}
    return _marked(key, rest)


def _marked(key: dict[str, int], rest: str) -> tuple[dict[str, int], str]:
    """A key with accidentals of its own, and what else is said."""
    left = []
    for word in WORDS.findall(rest):
        if re.fullmatch(f"(?:{MARKED.pattern})+", word):
            for sign, letter in MARKED.findall(word):
                key = key | {letter.upper(): SIGNS[sign]}
        else:
            left.append(word)
    return key, " ".join(left)


def _set_properties(voice: Voice, text: str) -> list[str]:
    """Clef, octave and transposition (4.6); words that say nothing."""
    unknown = []
    for word in WORDS.findall(text):
        name, equals, value = word.partition("=")
        if not equals and BARE_CLEF.fullmatch(word):
            name, value = "clef", word
        value = value.strip('"')
        if name == "clef":
            found = CLEF.fullmatch(value)
            if not found:
                raise ValueError(f"expected a clef as bass, got {value!r}")
            octaves = {"8": 1, "15": 2}.get((found[1] or "")[1:], 0)
            voice.shifts["clef"] = 12 * octaves
            if value.endswith(("-8", "-15")):
                voice.shifts["clef"] *= -1
            voice.drums = value.startswith(("perc", "P"))
        elif name in ("octave", "transpose", "t") and equals:
            if not re.fullmatch(r"[+-]?\d{1,2}", value):
                raise ValueError(
                    f"{name}: expected a number, got {value!r}"
                )
            kind = "octave" if name == "octave" else "transpose"
            voice.shifts[kind] = int(value) * (
                12 if name == "octave" else 1
            )
        elif equals and not SEEN.fullmatch(name):
            raise ValueError(f"the property {word!r} is not read")
        elif not equals:
            unknown.append(word)
    return unknown


def _pass(voice: Voice, token: str) -> None:
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
    _check_length(length, shown)
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
    if not before or not before[-1].pitches:
        raise ValueError("expected a note before the tie -")
    before[-1].tied = set(before[-1].pitches)


def _broken(voice: Voice, token: str) -> None:
    """a>b: the first is dotted, the second halved; >> twice so (4.4)."""
    if voice.last is None or voice.broken or len(token) > 3:
        raise ValueError(f"expected a note before {token} in its bar")
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


def _end_bar(voice: Voice, token: str) -> None:
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
    "bar": _end_bar,
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


def _sounds(elements: Iterable[Element]) -> list[Sound]:
    """The notes of a layer, with ties joined."""
    found: list[Sound] = []
    held: dict[int, int] = {}  # pitch to the number of its note
    begin = Fraction(0)
    for e in elements:
        end = begin + e.length
        now = {}
        for place, pitch in e.pitches.items():
            k = held.get(pitch, len(found))
            if k == len(found):
                found.append(Sound(begin, end, pitch))
            found[k] = found[k]._replace(end=end)
            if place in e.tied:
                now[pitch] = k
        held = now
        begin = end
    return found
