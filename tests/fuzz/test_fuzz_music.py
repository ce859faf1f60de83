"""Music composed from what the standards allow is read as it was meant."""

import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import note

from rnncore.music.abc import read_abc
from rnncore.music.files import read_score
from rnncore.music.score import piano_roll
from tests.helpers.fuzzing import composed, some

DRUMS = 9
DIVISIONS = 12, 24, 96, 480, 960  # all hold quarters and thirds


def assert_sounds(score, notes):
    """A score has these notes (begin, end, pitch), in frames."""
    sounds = np.zeros((max(end for _, end, _ in notes), 88), bool)
    struck = np.zeros_like(sounds)
    for begin, end, pitch in notes:
        sounds[begin:end, pitch - 21] = True
        struck[begin, pitch - 21] = True
    found = piano_roll(score)
    for got, expected in zip(found, (sounds, struck), strict=True):
        assert np.argwhere(got).tolist() == np.argwhere(expected).tolist()


# ---------------------------------------------------------------------- MIDI


def some_notes(rng):
    """Notes in frames; no pitch is struck while it sounds."""
    begin, ends, found = 0, {}, []
    for _ in range(rng.randrange(1, 8)):
        pitch = rng.choice([60, 64, rng.randrange(21, 109)])
        begin = max(begin + rng.choice([0, 1, 2, 7]), ends.get(pitch, 0))
        ends[pitch] = begin + rng.randrange(1, 6)
        found.append((begin, ends[pitch], pitch))
    return found


def variable(n):
    """A number as MIDI has it: seven bits a byte."""
    out = bytes([n & 127])
    while n := n >> 7:
        out = bytes([n & 127 | 128]) + out
    return out


def meta(kind, data):
    return bytes([0xFF, kind]) + variable(len(data)) + data


def played(rng, notes, channel, ticks):
    """A voice as messages (tick, order, bytes): ends before beginnings."""
    for begin, end, pitch in notes:
        velocity = rng.randrange(1, 128)
        off = rng.choice([(0x80, velocity), (0x90, 0)])
        yield begin * ticks, 2, bytes([0x90 | channel, pitch, velocity])
        yield end * ticks, 1, bytes([off[0] | channel, pitch, off[1]])
    for tick in some(rng, range(20 * ticks), 3):
        yield (
            tick,
            0,
            rng.choice(
                [
                    bytes([0xB0 | channel, 7, 100]),
                    bytes([0xC0 | channel, 5]),
                    bytes([0xD0 | channel, 9]),
                    bytes([0xE0 | channel, 0, 64]),
                    meta(1, "für".encode()),
                    meta(0x7F, bytes(200)),
                    b"\xf0" + variable(3) + b"\x01\x02\xf7",
                ]
            ),
        )


def track(rng, messages):
    """A chunk; a status that goes on may be left out."""
    out, before, running = b"", 0, None
    for tick, _, message in sorted(messages, key=lambda m: m[:2]):
        status = message[0]
        short = status == running and rng.randrange(2)
        out += variable(tick - before) + message[short:]
        before, running = tick, status if status < 0xF0 else None
    return chunk(b"MTrk", out + variable(0) + meta(0x2F, b""))


def chunk(name, data, form=">4sI"):
    return struct.pack(form, name, len(data)) + data


def midi_file(rng, frames):
    """A file, its notes in frames (so many a quarter note), its tempo."""
    division = rng.choice(DIVISIONS)
    ticks = division // frames
    channels = rng.sample([0, 1, 5, 15], rng.randrange(1, 4))
    voices = {channel: some_notes(rng) for channel in channels}
    notes = [one for voice in voices.values() for one in voice]
    if rng.randrange(2):
        voices[DRUMS] = some_notes(rng)
    head = [(0, 0, meta(0x58, bytes([rng.choice([2, 3, 4]), 2, 24, 8])))]
    tempo = rng.choice([None, 1_000_000, 500_000, 352_941, 750_000])
    if tempo:
        later = rng.randrange(1, 9) * division
        for at, micros in (0, tempo), (later, 400_000):
            head.append((at, 0, meta(0x51, micros.to_bytes(3, "big"))))
    parts = [
        [*played(rng, voice, channel, ticks)]
        for channel, voice in voices.items()
    ]
    kind = rng.randrange(2)
    parts = [head, *parts] if kind else [sum(parts, head)]
    more = bytes(rng.choice([0, 0, 2]))
    content = chunk(
        b"MThd", struct.pack(">HHH", kind, len(parts), division) + more
    )
    for part in parts:
        if not rng.randrange(4):
            content += chunk(b"XFIH", b"abc")
        content += track(rng, part)
    if not rng.randrange(4):
        content = b"RMID" + chunk(b"data", content, "<4sI")
        content = chunk(b"RIFF", content, "<4sI")
    return content, notes, 60e6 / (tempo or 500_000)


@composed
def test_midi(folder, rng):
    frames = rng.choice([1, 2, 3, 4])
    content, notes, tempo = midi_file(rng, frames)
    note(repr(content))
    path = folder / "a.mid"
    path.write_bytes(content)
    score = read_score(path, 1 / frames)
    assert_sounds(score, notes)
    assert abs(score.tempo - tempo) < 0.01


# ------------------------------------------------------------------ MusicXML


def xml_pitch(rng):
    """A note as it is written, and its MIDI number."""
    step, alter = rng.choice("CDEFGAB"), rng.choice([0, 0, 0, 1, -1, 2])
    octave = rng.randrange(3, 6)
    low = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))[step]
    sign = f"<alter>{alter}</alter>" if alter else ""
    text = (
        f"<pitch><step>{step}</step>{sign}<octave>{octave}</octave></pitch>"
    )
    return text, 12 * (octave + 1) + low + alter


def xml_voice(rng, bars):
    """Bars of [length, pitches, tied from before, tied to the next]."""
    found, before = [], None
    for length in bars:
        bar, left = [], length
        while left:
            span = rng.randrange(1, left + 1)
            tied = bool(before and before[1]) and not rng.randrange(4)
            if tied:
                before[3], pitches = True, before[1]
            else:
                count = rng.choice([0, 1, 1, 1, 2, 3])
                pitches = {
                    n: text for text, n in map(xml_pitch, [rng] * count)
                }
            before = [span, pitches, tied, False]
            bar.append(before)
            left -= span
        found.append(bar)
    return found


def heard(voice, shift):
    """The notes of such a voice, in frames, as they sound."""
    notes, held, at = [], {}, 0
    for bar in voice:
        for span, pitches, tied, _ in bar:
            if not tied:
                held = {p: len(notes) + k for k, p in enumerate(pitches)}
                notes += [[at, at, p + shift] for p in pitches]
            for k in held.values():
                notes[k][1] = at + span
            at += span
    return notes


def xml_bar(rng, elements, number, unit):
    """The notes of a voice in a bar; `unit` is a frame's length there."""
    out = ""
    for span, pitches, tied, ties in elements:
        if not pitches and number > 1 and rng.randrange(2):
            out += f"<forward><duration>{span * unit}</duration></forward>"
            continue
        if not rng.randrange(6):
            out += f"<note><grace/>{xml_pitch(rng)[0]}<voice>{number}</voice></note>"
        for k, text in enumerate(pitches.values() or ["<rest/>"]):
            out += "<note>" + "<chord/>" * bool(k) + text
            out += f"<duration>{span * unit}</duration>"
            out += (
                '<tie type="stop"/>' * tied + '<tie type="start"/>' * ties
            )
            out += f"<voice>{number}</voice></note>"
    return out


def xml_part(rng, bars, meter, frames):
    """A part's measures, and its notes."""
    voices = [xml_voice(rng, bars) for _ in range(rng.randrange(1, 3))]
    steps, octaves = rng.choice(
        [
            ((0, 0), 0),
            ((-1, -2), 0),
            ((-5, -9), 0),
            ((0, 0), -1),
            ((1, 2), 1),
        ]
    )
    out, division = "", None
    for k, length in enumerate(bars):
        said = ""
        if k == 0 or not rng.randrange(4):
            division = rng.choice(DIVISIONS)
            said = f"<divisions>{division}</divisions>"
        if k == 0:
            said += f"<time><beats>{meter}</beats><beat-type>4</beat-type></time>"
            said += f"<transpose><diatonic>{steps[0]}</diatonic><chromatic>"
            said += f"{steps[1]}</chromatic><octave-change>{octaves}"
            said += "</octave-change></transpose>"
        first = length < max(bars)
        out += f'<measure number="{k}"' + ' implicit="yes"' * first
        out += f"><attributes>{said}</attributes>"
        unit = division // frames
        back = f"<backup><duration>{length * unit}</duration></backup>"
        out += back.join(
            xml_bar(rng, voice[k], v, unit)
            for v, voice in enumerate(voices, 1)
        )
        out += "</measure>"
    shift = steps[1] + 12 * octaves
    return out, [n for voice in voices for n in heard(voice, shift)]


def musicxml_file(rng, frames):
    meter = rng.choice([2, 3, 4])
    bars = [meter * frames] * rng.randrange(2, 5)
    if rng.randrange(2):
        bars[0] = frames
    parts = [
        xml_part(rng, bars, meter, frames)
        for _ in range(rng.randrange(1, 3))
    ]
    names = range(1, len(parts) + 1)
    text = "<?xml version='1.0' encoding='UTF-8'?><score-partwise version='4.0'><part-list>"
    for n in names:
        text += (
            f"<score-part id='P{n}'><part-name>é</part-name></score-part>"
        )
    text += "</part-list>"
    for n, (measures, _) in zip(names, parts, strict=True):
        text += f"<part id='P{n}'>{measures}</part>"
    return text + "</score-partwise>", [
        n for _, notes in parts for n in notes
    ]


@composed
def test_musicxml(folder, rng):
    frames = rng.choice([1, 2, 3, 4])
    text, notes = musicxml_file(rng, frames)
    note(text)
    path = folder / "a.musicxml"
    path.write_text(text, encoding="utf-8")
    if not notes:
        with pytest.raises(ValueError, match="there are"):
            read_score(path, 1 / frames)
        return
    assert_sounds(read_score(path, 1 / frames), notes)


# ----------------------------------------------------------------------- ABC

SHARPS = {"C": 0, "G": 1, "A": 3, "F#": 6, "C#": 7, "F": -1, "Bb": -2}
SHARPS |= {"Db": -5, "Cb": -7, "Am": 0, "Edor": 2, "E minor": 1}
SHARPS |= {"Bphr": 1, "A Mixolydian": 2, "Flyd": 0, "Ebm": -6}
SHARPS |= {"Bloc": 0, "G#m": 5, "none": 0, "Hp": 2}
METERS = {
    "2/4": 2,
    "3/4": 3,
    "C": 4,
    "C|": 4,
    "6/8": 3,
    "9/8": Fraction(9, 2),
}
METERS |= {"5/8": Fraction(5, 2), "(2+3)/8": Fraction(5, 2), "none": None}
TIMES = {"": 1, "2": 2, "/": "1/2", "/2": "1/2", "//": "1/4", "3/2": "3/2"}
TIMES |= {"3/": "3/2", "3": 3, "1": 1, "4": 4, "/4": "1/4", "7/4": "7/4"}
BARS = "|", "||", "|]", ":|", "|:", "::", "|1", ":|2", "| [3", "[|", ".|"
SIGNED = {"": None, "^": 1, "_": -1, "=": 0, "^^": 2, "__": -2}
UNHEARD = (
    '"Am"',
    "!trill!",
    ".",
    "~",
    "(",
    "{d/e/}",
    "`",
    " ",
    "y",
    "u",
    "[r:x]",
)
SHIFTS = {"": 0, "clef=bass": 0, "clef=treble-8": -12, "octave=1": 12}
SHIFTS |= {"treble+8": 12, "transpose=-2": -2, 'name="a b"': 0}


def key_of(name):
    n = SHARPS[name]
    return (
        {c: 1 for c in "FCGDAEB"[:n]}
        if n > 0
        else {c: -1 for c in "BEADGCF"[:-n]}
    )


class AbcVoice:
    """A voice while it is composed: what holds, and what sounds so far."""

    def __init__(self, rng, key, meter, unit, carry, shift):
        self.rng, self.carry, self.shift = rng, carry, shift
        self.key, self.meter, self.unit = key_of(key), meter, unit
        self.clock, self.marks = Fraction(0), {}
        self.notes: list[list] = []
        self.tied: dict[str, int] = {}  # how it is written: its note

    def written(self, letters="CDEFGAB"):
        """How a note is written, without and with its sign; its pitch."""
        rng = self.rng
        letter, sign = rng.choice(letters), rng.choice(["", "", *SIGNED])
        octave = rng.randrange(3, 7)
        name = letter.lower() if octave > 4 else letter
        name += {3: ",", 6: "'"}.get(octave, "")
        where = letter if self.carry == "pitch" else name
        change = SIGNED[sign]
        if change is None:
            change = self.marks.get(where, self.key.get(letter, 0))
        elif self.carry != "not":
            self.marks[where] = change
        low = "C D EF G A B".index(letter) + 12 * (octave + 1)
        return name, sign + name, low + change + self.shift

    def element(self, times, factor, tie=True):
        """A note, a chord or a rest of so many units."""
        rng = self.rng
        length = Fraction(TIMES[times]) * self.unit * factor
        end = self.clock + length
        count = rng.choice([0, 1, 1, 1, 1, 2, 3])
        if self.tied:
            names, notes = [*self.tied], self.tied
            for k in self.tied.values():
                self.notes[k][1] = end
        else:
            names, notes = [], {}
            for letter in rng.sample("CDEFGAB", count):
                name, shown, pitch = self.written(letter)
                names.append(shown)
                notes[name] = len(self.notes)
                self.notes.append([self.clock, end, pitch])
        self.clock = end
        tie = tie and names and not rng.randrange(5)
        self.tied = notes if tie else {}
        before = (
            rng.choice(UNHEARD) if names and not rng.randrange(3) else ""
        )
        after = times + "-" * bool(tie)
        if len(names) == 1:
            return before + names[0] + after
        if names:
            return before + f"[{''.join(names)}]" + after
        return rng.choice("zx") + times

    def group(self):
        """Some elements, or what changes those that follow."""
        rng = self.rng
        times = rng.choice([*TIMES])
        match rng.choice(
            ["one"] * 4 + ["tuplet", "broken", "unit", "key", "Z"]
        ):
            case "tuplet":
                p = rng.randrange(2, 10)
                odd = (
                    3
                    if self.meter in (3, Fraction(9, 2)) and self.compound
                    else 2
                )
                q = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(p, odd)
                head, r = rng.choice(
                    [(f"({p}", p), (f"({p}::2", 2), (f"({p}:5:3", 3)]
                )
                q = 5 if ":5:" in head else q
                each = [
                    self.element(times, Fraction(q, p)) for _ in range(r)
                ]
                return head + "".join(each)
            case "broken":
                sign = rng.choice(["<", ">"]) * rng.randrange(1, 4)
                less = Fraction(1, 2 ** len(sign))
                two = (
                    (2 - less, less) if sign[0] == ">" else (less, 2 - less)
                )
                left = self.element(times, two[0], tie=False)
                return f"{left}{sign}{self.element(times, two[1])}"
            case "unit" if not self.tied:
                below = rng.choice([4, 8, 16])
                self.unit = Fraction(4, below)
                return f"[L:1/{below}]"
            case "key" if not self.tied:
                name = rng.choice([*SHARPS])
                self.key = key_of(name)
                return f"[K:{name}]"
            case "Z" if not self.tied and self.meter:
                count = rng.randrange(1, 4)
                self.clock += self.meter * count
                return f"{rng.choice('ZX')}{count}"
        return self.element(times, Fraction(1))

    def bar(self):
        """Some groups, and a line that ends them."""
        self.marks = {}
        groups = [self.group() for _ in range(self.rng.randrange(1, 5))]
        return self.rng.choice(["", " "]).join(groups) + self.rng.choice(
            BARS
        )

    def lines(self):
        """Bars on a line or several, and what stands between lines."""
        rng = self.rng
        out = ""
        for _ in range(rng.randrange(1, 4)):
            out += self.bar() + rng.choice(
                [
                    "",
                    "",
                    "\n",
                    "\\\n",
                    " % CDE\n",
                    "\nw: la la | la\n",
                    "\nN: DEF\n",
                ]
            )
        return out.rstrip("\n")


def abc_tune(rng):
    """A tune in ABC, and the notes of each voice."""
    meter, key = rng.choice([*METERS]), rng.choice([*SHARPS])
    text = "X:1\nT:für\n" + (f"M:{meter}\n" if rng.randrange(4) else "")
    bar = METERS[meter] if "M:" in text else None
    unit = Fraction(1, 4 if bar is not None and bar < 3 else 2)
    if rng.randrange(2):
        below = rng.choice([2, 4, 8, 16])
        text, unit = f"{text}L:1/{below}\n", Fraction(4, below)
    carry = rng.choice(["pitch", "pitch", "octave", "not"])
    if carry != "pitch":
        text += f"%%propagate-accidentals {carry}\n"
    names = ["A", "B", "3"][: rng.choice([1, 1, 2, 3])]
    moved = {name: rng.choice([*SHIFTS]) for name in names}
    several = len(names) > 1 or rng.randrange(2)
    if several:
        text += "".join(f"V:{n} {moved[n]}\n" for n in names)
    text += f"K:{key}\n"
    voices = []
    for name in names:
        shift = SHIFTS[moved[name]] if several else 0
        voices.append(AbcVoice(rng, key, bar, unit, carry, shift))
        voices[-1].compound = meter in ("6/8", "9/8") and bar is not None
    for _ in range(rng.randrange(1, 3)):
        for name, voice in zip(names, voices, strict=True):
            head = (
                rng.choice([f"[V:{name}]", f"V:{name}\n"])
                if several
                else ""
            )
            text += head + voice.lines() + "\n"
    last = max(voice.clock for voice in voices)
    for name, voice in zip(names, voices, strict=True):
        if left := (last - voice.clock) / voice.unit:
            text += f"[V:{name}]z{left.numerator}/{left.denominator}|\n"
    return text, [sorted(map(tuple, v.notes)) for v in voices if v.notes]


@composed
def test_abc(rng):
    text, expected = abc_tune(rng)
    note(text)
    book = read_abc(text.replace("\n", rng.choice(["\n", "\r\n"])))
    assert not book.refused
    assert [sorted(map(tuple, p)) for p in book.tunes[0].parts] == expected
