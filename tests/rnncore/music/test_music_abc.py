"""ABC as its standard 2.1 says that it sounds; numbers are its sections."""

from fractions import Fraction

import numpy as np
import pytest

from rnncore.music.abc import read_abc
from rnncore.music.files import read_folder, read_scores
from tests.helpers.arrays import assert_close

HEAD = "X:1\nT:a tune\nM:4/4\nL:1/4\nK:C\n"


def tune(text):
    """The one tune of a text that may lack the usual header."""
    book = read_abc(text if "\nK:" in text else HEAD + text)
    assert not book.refused
    (found,) = book.tunes
    return found


def read(text):
    """The parts of a tune: for each note its pitch, beginning and end."""
    return [
        [(p, float(b), float(e)) for b, e, p in part]
        for part in tune(text).parts
    ]


def pitches(text):
    """Those of the one part of a tune."""
    (part,) = read(text)
    return [pitch for pitch, _, _ in part]


def lengths(text):
    (part,) = tune(text).parts
    return [note.end - note.begin for note in part]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("C, C c c'|", [48, 60, 72, 84]),  # 4.1
        ("^F G F F|F4|", [66, 67, 66, 66, 65]),  # 11.3, to the bar line
        ("^f F =f F|", [78, 66, 77, 65]),  # in all octaves
        ("^F2 ^^F2 F2 __B2|", [66, 67, 67, 69]),
        ("[C^F] F|F|", [60, 66, 66, 65]),  # in a chord, and out of it
        ("{^f}A F|", [69, 66]),  # from a grace note, which has no time
        ("^f4-|f f|", [78, 77]),  # 4.11: a tie carries it, once
        ("[I:propagate-accidentals octave]^f F f|", [78, 65, 78]),
        ("[I:propagate-accidentals not]^f f|", [78, 77]),
        ("%%MIDI transpose -12\nC|", [48]),
        ("^F[K:G]F =F|f [K:C]f|", [66, 66, 65, 78, 77]),  # inline (3.2)
    ],
)
def test_pitches(body, expected):
    assert pitches(body) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("G", [65, 67, 72, 71]),
        ("none", [65, 67, 72, 71]),
        ("F#m", [66, 68, 73, 71]),
        ("Bb", [65, 67, 72, 70]),
        ("Edor", [66, 67, 73, 71]),
        ("B phrygian", [66, 67, 72, 71]),
        ("A Mix", [66, 67, 73, 71]),
        ("C#", [66, 68, 73, 72]),
        ("Hp", [66, 67, 73, 71]),
        ("D =c", [66, 67, 72, 71]),  # 3.1.14: accidentals of its own
        ("Dmix^g", [66, 68, 72, 71]),
        ("D exp _b", [65, 67, 72, 70]),
        ("C clef=bass", [65, 67, 72, 71]),  # 4.6: moves no note
        ("C treble-8", [53, 55, 60, 59]),
        ("C clef=treble+8", [77, 79, 84, 83]),
        ("C octave=-1 transpose=2", [55, 57, 62, 61]),
    ],
)
def test_keys_and_clefs(key, expected):
    if key == "G":
        expected = [66, 67, 72, 71]
    assert pitches(f"X:1\nL:1/4\nK:{key}\nF G c B|") == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "C C2 C/ C/2 C// C3/2 C/4|",
            [1, 2, 0.5, 0.5, 0.25, 1.5, 0.25],
        ),  # 4.3
        ("C>C C<C|C>>C", [1.5, 0.5, 0.5, 1.5, 1.75, 0.25]),  # 4.4
        ("(C>)(C|", [1.5, 0.5]),  # slurs do not hinder it
        ("C- C|C2-|C-C|", [2, 4]),
        ("C-D|", [1, 1]),  # 4.11: no tie between other pitches
        ("[^D_E]-[DE]|", [2, 2]),  # one pitch on two lines
        ("(4CCCC|", [0.75] * 4),  # 4.13
        ("(2CC (5:4:5CCCCC|", [1.5] * 2 + [0.8] * 5),
        ("(3:2:2C2C|", [Fraction(4, 3), Fraction(2, 3)]),
        ("[M:6/8](5CCCCC|", [0.6] * 5),
        ("[C2E2]2|", [4, 4]),  # 4.17
        ("[L:1/8]C[L:1/2]C|", [0.5, 2]),
        ("[M:3/4]C|", [1]),  # 3.1.6: the unit stays in the body
    ],
)
def test_lengths(body, expected):
    found = np.array(lengths(body), float)
    assert_close(found, np.array(expected, float))


def test_the_unit_follows_from_the_meter_of_the_header():
    """Section 3.1.7: a sixteenth below 3/4, else an eighth."""
    assert lengths("X:1\nM:2/4\nK:C\nC|") == [0.25]
    assert lengths("X:1\nM:6/8\nK:C\nC|") == [0.5]
    assert lengths("X:1\nK:C\nC|") == [0.5]
    assert lengths("L:1/4\nM:2/4\nK:C\nC|") == [1]


def test_rests_of_several_bars_last_so_many():
    assert read("C4|Z2|C4|[M:3/4]X|C|") == [
        [(60, 0, 4), (60, 12, 16), (60, 19, 20)]
    ]
    assert read("z x2 C|") == [[(60, 3, 4)]]


VOICES = [[(72, 0, 4), (74, 4, 8)], [(60, 0, 4), (62, 4, 8)]]


@pytest.mark.parametrize(
    "body",
    [
        "[V:1]c4|\n[V:2]C4|\n[V:1]d4|\n[V:2]D4|",
        "V:1\nc4|\nV:2\nC4|\nV:1\nd4|\nV:2\nD4|",
        "[V:T]c4|d4|[V:B]C4|D4|",
        "c4 & C4|d4 & D4|",  # 7.4
        "c4 &\\\nC4|d4 & D2-D2|",
        "[V:T clef=treble-8]c'4|d'4|\nV:B octave=1\nC,4|D,4|",
    ],
)
def test_voices_are_voices_however_they_are_written(body):
    assert read(body) == VOICES


def test_a_voice_has_the_properties_that_the_header_declares():
    text = 'X:1\nL:1/4\nV:A name="a b" clef=treble-8\nV:B\nK:G\nV:B\nF4|\nV:A\nF4|\n'
    assert read(text) == [[(66, 0, 4)], [(54, 0, 4)]]  # B comes first


def test_an_overlay_keeps_its_place_after_bars_without_one():
    assert read("c4|d4 & D2|e4 & E4|") == [
        [(72, 0, 4), (74, 4, 8), (76, 8, 12)],
        [(62, 4, 6), (64, 8, 12)],
    ]


@pytest.mark.parametrize(
    "body",
    [
        '"Am"!trill!C .~uTv"^text"C y2 !p!C `C|',
        "(C {d/e/}C) [r:a remark][P:A] C % a comment: DEF\nC|",
        "C C|\nw: la la | la\ns: !f! * \nN: DEF\nC \\\nC|",
        "|:C C:|1 C [2 C|]",
        "[|C C::C C:|",
        "C C$*C!\nC|",  # ends of lines, now and once
        "C C z-z C C|",  # 4.11: a tie of rests
        "kC C ukC C|",  # 4.16: a letter that no U: explains
    ],
)
def test_what_does_not_sound_is_passed_over(body):
    assert pitches(body) == [60] * 4


def test_a_tune_tells_its_title_tempo_bar_and_upbeat():
    found = tune(
        'X:1\nT:A\nT:B\nM:3/4\nL:1/8\nQ:"slow" 3/8=40\nK:C\nC2|C6|'
    )
    assert found[:4] == ("A", 60, 3, 1)
    assert tune("X:1\nM:C|\nQ:120\nL:1/8\nK:C\nC8|C8|")[1:4] == (60, 4, 4)
    assert tune("C|")[1:4] == (None, 4, 0)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("C4|\nC2 Fine|", "line 7: expected music, got 'ine"),
        ("C ?D HC|%\nC ^|", r"line 7: expected music, got '\^"),
        ("C0|", "above 0 .* got C0"),
        ("C999|", "below 100, got C999"),
        ("C/0|", "got C/0"),
        ("[L:1/0]C|", "L: expected a length"),
        ("[M:999/4]C|", "below 100, got 999/4"),
        ("[M:none]Z|", "there is no M:"),
        ("(1C|", "expected a tuplet"),
        ("(3(3CDE|", "expected a tuplet"),
        ("C>D2|", "notes of one length"),  # 4.4 leaves it open
        ("C>D>E|", "notes of one length"),
        ("C>|C|", "a note after >"),
        ("|>C|", "a note before >"),
        ("-C|", "a note before the tie"),
        ("C2&C4|", "longer than its bar"),
        ("C|&&C|", "expected & within a bar"),
        ("+CE+|", "expected music"),
        ("!8va(!C|", "expected a decoration"),
        ("C!DE!F|", "expected a decoration"),  # or notes of another line
        ("[CE|", "expected music"),
        ("[C[|]E]|", "expected a chord|expected music"),
        ("[K:H]C|", "expected a key"),
        ("[K:C score=c]C|", "'score=c' is not read"),
        ("[V:1 clef=treble_8]C|", "expected a clef"),
        ("%%transpose 2\nC|", "'transpose 2' is not read"),
        ("m: ~G = GAG\nC|", "macros are not read"),
        ("[Q:fast=9]C|", "Q: expected as"),
        ("V:1\nC4|C4|\nV:2\nC4|", "voices of one length, .* got 8 and 4"),
        ("C4|\n\nD4|E4|", "line 8: there is music after an empty line"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_line(body, why):
    book = read_abc(HEAD + body)
    assert not book.tunes
    with pytest.raises(ValueError, match=why):
        raise ValueError(book.refused["tune 1 (X:1)"])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("X:7\nT:no key\n", r"line 2: the header has no K:"),
        ("X:7\nhello\nK:C\nC|", "line 2: expected a field"),
        ("X:7\nM:4\nK:C\nC|", "line 2: M: expected a meter"),
        ("X:7\nK:g\nC|", "line 2: K: expected a key"),
        ("L:0\n\nX:7\nK:C\nC|", "line 1: L: expected a length"),
        ("X:7\nV:1\n%%MIDI transpose 2\nK:C\n", "line 3: MIDI transpose 2"),
    ],
)
def test_a_header_that_is_not_understood_is_refused(text, why):
    refused = read_abc(text).refused["tune 1 (X:7)"]
    assert refused.startswith(why)


BOOK = """%abc-2.1
L:1/4
%%begintext
X:0
%%endtext

Collected in the year by D2000, see http://tunes.example/a1234

X:1
T:one
K:C
c d|

X:2
T:two
L:1/0
K:C
c|

(c) by a | reader

X:3
T:three
K:C
e|
"""


def test_a_book_is_read_tune_by_tune(tmp_path):
    """Sections 2.2.1 to 2.2.3."""
    book = read_abc(BOOK)
    assert [t.title for t in book.tunes] == ["one", "three"]
    assert [n.end for t in book.tunes for n in t.parts[0]] == [1, 2, 1]
    why = "line 16: L: expected a length as 1/8, got '1/0'"
    assert book.refused == {"tune 2 (X:2)": why}
    path = tmp_path / "a.abc"
    path.write_bytes(BOOK.replace("\n", "\r\n").encode())
    with pytest.warns(UserWarning, match="tune 2 .*: line 16"):
        assert len(read_scores(path, 1.0)) == 2
    folder = read_folder(tmp_path)
    assert folder.unreadable == {"a.abc, tune 2 (X:2)": why}
    path.write_text("X:1\nL:1/0\nK:C\nC|\n")
    with pytest.raises(ValueError, match=r"tune 1 \(X:1\): line 2: L:"):
        read_scores(path)
    with pytest.raises(ValueError, match="no %%endtext"):
        read_abc("%%begintext\nX:1\nK:C\nC|\n")


def test_a_tune_without_x_and_in_latin_1_is_a_tune(tmp_path):
    path = tmp_path / "a.abc"
    path.write_bytes("T:Für Elise\nK:C\ne ^d\n\ne ^d|\n".encode("latin-1"))
    (score,) = read_scores(path)
    assert score.title == "Für Elise"
    assert score.pitches[:, 0].tolist() == [76, 75, 76, 75]
