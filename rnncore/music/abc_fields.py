"""Fields of ABC: meter, tempo, key, clef.

Numbers in brackets are sections of the standard 2.1 (see
`rnncore.music.abc`).
"""

import re
from fractions import Fraction

from rnncore.music.abc_voice import SIGNS, Voice, check_length

LETTERS = "FCGDAEB"  # as sharps come into a key; flats from the other end
MODES = {"maj": 0, "ion": 0, "lyd": 1, "mix": -1, "dor": -2}
MODES |= {"m": -3, "min": -3, "aeo": -3, "phr": -4, "loc": -5}

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


def parse_meter(text: str) -> tuple[Fraction | None, bool]:
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
    check_length(bar, text)
    return bar, above in (6, 9, 12)


def parse_tempo(text: str | None, unit: Fraction) -> float | None:
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


def parse_key(text: str) -> tuple[dict[str, int] | None, str]:
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


def set_properties(voice: Voice, text: str) -> list[str]:
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
