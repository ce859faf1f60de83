"""MIDI files as their standard allows them, and MusicXML as it sounds."""

import struct

import pytest

from rnncore.music.files import read_folder, read_score

ON, OFF = 0x90, 0x80
END = b"\x00\xff\x2f\x00"
TICKS = 96  # a quarter note


def event(kind, pitch, wait=0, channel=0):
    """A note switched on or off, `wait` quarter notes after the last event."""
    ticks = round(wait * TICKS)
    time = (
        bytes([0x80 | ticks >> 7, ticks & 0x7F])
        if ticks > 127
        else bytes([ticks])
    )
    return time + bytes([kind | channel, pitch, 64])


def chunk(name, data, form=">4sI"):
    return struct.pack(form, name, len(data)) + data


def header(kind=1, tracks=1, division=TICKS, more=b""):
    return chunk(
        b"MThd", struct.pack(">HHH", kind, tracks, division) + more
    )


TUNE = (
    event(ON, 60)
    + event(OFF, 60, 1)
    + event(ON, 62)
    + event(OFF, 62, 1)
    + END
)
TRACK = chunk(b"MTrk", TUNE)


@pytest.mark.parametrize(
    "content",
    [
        header() + TRACK,
        header(0) + TRACK,
        header(more=b"\0\1\2") + TRACK,
        header() + chunk(b"XFIH", b"abc") + TRACK + chunk(b"ZZZZ", b""),
        header() + TRACK + b"\0\0\0",  # less than a chunk
        header() + TRACK + TRACK,  # more than the header counts
        chunk(
            b"RIFF",
            b"RMID" + chunk(b"data", header() + TRACK, "<4sI"),
            "<4sI",
        ),
    ],
)
def test_what_the_standard_allows_is_read(tmp_path, content):
    path = tmp_path / "a.mid"
    path.write_bytes(content)
    score = read_score(path, 1.0)
    assert score.pitches[:, 0].tolist() == [60, 62]
    assert (
        score.tempo == 120
    )  # which the standard says where a file does not


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (header(2) + TRACK, "expected MIDI format 0 or 1, got 2"),
        (header(9) + TRACK, "expected MIDI format 0 or 1, got 9"),
        (header(division=0xE728) + TRACK, "got SMPTE frames"),
        (
            header(division=0) + TRACK,
            "expected time in quarter notes, got none",
        ),
        (header(tracks=2) + TRACK, "expected 2 tracks, got 1"),
        (header() + TRACK[:-3], "a track is cut off: expected .* bytes"),
        (
            b"MThd\0\0\0\4\0\0\0\1" + TRACK,
            "its header is cut off after 4 bytes",
        ),
        (b"RIFF\0\0\0\4RMID", "no MIDI file"),
        (b"a text", "no MIDI file: expected MThd"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_name(tmp_path, content, why):
    path = tmp_path / "a.mid"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=why):
        read_score(path)


def test_a_note_that_never_ends_lasts_to_the_end_of_its_track_and_is_told(
    tmp_path,
):
    hanging = event(ON, 48) + TUNE[:-4] + event(ON, 60) + event(OFF, 60, 2)
    path = tmp_path / "a.mid"
    path.write_bytes(header() + chunk(b"MTrk", hanging + END))
    with pytest.warns(
        UserWarning, match="1 that never end last to the end"
    ):
        score = read_score(path, 1.0)
    assert score.pitches.T.tolist() == [[60, 62, 60, 60], [48] * 4]
    (told,) = read_folder(tmp_path).remarks.items()
    assert told[0] == "a.mid, notes"


HOLD, STRIKE = False, True
C = event(ON, 60)


@pytest.mark.parametrize(
    ("music", "frame", "pitches", "starts"),
    [
        (  # begun together, ended a sixteenth apart
            C
            + event(ON, 64)
            + event(OFF, 60, 1 / 2)
            + event(OFF, 64, 1 / 4),
            0.25,
            [[64, 64, 64], [60, 60, 0]],
            [[STRIKE, HOLD, HOLD], [STRIKE, HOLD, HOLD]],
        ),
        (  # two thirds, and a rest
            C
            + event(OFF, 60, 2 / 3)
            + event(ON, 62, 1 / 3)
            + event(OFF, 62, 1 / 3),
            1 / 3,
            [[60, 60, 0, 62]],
            [[STRIKE, HOLD, HOLD, STRIKE]],
        ),
        (  # a long note over others
            C + event(ON, 70, 1) + event(OFF, 70, 1) + event(OFF, 60, 5),
            1.0,
            [[60] * 7, [0, 70, *[0] * 5]],
            [[STRIKE, *[HOLD] * 6], [HOLD, STRIKE, *[HOLD] * 5]],
        ),
        (  # struck while it sounds, and the same with its end told late
            C + event(ON, 60, 1) + event(OFF, 60, 1),
            1.0,
            [[60, 60]],
            [[STRIKE, STRIKE]],
        ),
        (
            C + event(ON, 60, 1) + event(OFF, 60) + event(OFF, 60, 1),
            1.0,
            [[60, 60]],
            [[STRIKE, STRIKE]],
        ),
        (  # as it is played: late, and early
            C + event(OFF, 60, 1.05) + event(ON, 62) + event(OFF, 62, 0.9),
            1.0,
            [[60, 62]],
            [[STRIKE, STRIKE]],
        ),
        (  # short, on the beat
            C
            + event(OFF, 60, 1 / 16)
            + event(ON, 62, 15 / 16)
            + event(OFF, 62, 1),
            1.0,
            [[60, 62]],
            [[STRIKE, STRIKE]],
        ),
    ],
)
def test_each_note_lasts_as_long_as_it_is_told(
    tmp_path, music, frame, pitches, starts
):
    path = tmp_path / "a.mid"
    path.write_bytes(header() + chunk(b"MTrk", music + END))
    score = read_score(path, frame)
    assert score.pitches.T.tolist() == pitches
    assert score.starts.T.tolist() == starts


def test_the_first_tempo_and_metre_are_those_of_the_score(tmp_path):
    three, four = (b"\0\xff\x58\4%c\3\x18\x08" % n for n in b"\3\4")
    first, later = b"\0\xff\x51\3\5\x62\xb9", b"\0\xff\x51\3\1\0\0"
    path = tmp_path / "a.mid"
    path.write_bytes(
        header() + chunk(b"MTrk", three + first + four + later + TUNE)
    )
    score = read_score(path, 0.5)
    assert score.bar == 3
    assert score.tempo == 169.99
    path.write_bytes(header() + chunk(b"MTrk", b"\0\xff\x51\1\5" + TUNE))
    with pytest.raises(ValueError, match="expected at least 3, got 1"):
        read_score(path)


def test_drums_alone_are_told_from_no_notes(tmp_path):
    path = tmp_path / "a.mid"
    for music, why in (
        (TUNE[:0], "no notes"),
        (event(ON, 36, 0, 9), "drums"),
    ):
        path.write_bytes(header() + chunk(b"MTrk", music + END))
        with pytest.raises(ValueError, match=f"there are .*{why}"):
            read_score(path)


NOTE = """<note><pitch><step>C</step><octave>4</octave></pitch>
<duration>1</duration><type>quarter</type></note>"""


def write_part(path, *bars, name="a part"):
    """A MusicXML file of one part: of each bar its attributes, and a note."""
    measures = "".join(
        f"<measure number='{k}'><attributes><divisions>1</divisions>{bar}"
        f"</attributes>{NOTE}</measure>"
        for k, bar in enumerate(bars, 1)
    )
    path.write_text(
        "<score-partwise version='3.1'><part-list><score-part id='P1'>"
        f"<part-name>{name}</part-name></score-part></part-list>"
        f"<part id='P1'>{measures}</part></score-partwise>"
    )


def transpose(steps, semitones, octaves=0):
    return (
        "<time><beats>1</beats><beat-type>4</beat-type></time>"
        f"<transpose><diatonic>{steps}</diatonic>"
        f"<chromatic>{semitones}</chromatic>"
        f"<octave-change>{octaves}</octave-change></transpose>"
    )


TENOR = (
    "<clef><sign>G</sign><line>2</line>"
    "<clef-octave-change>-1</clef-octave-change></clef>"
)


@pytest.mark.parametrize(
    ("bars", "expected"),
    [
        ([transpose(-1, -2), ""], [58, 58]),
        ([transpose(0, 0, -1), ""], [48, 48]),
        (
            [transpose(-5, -9), transpose(-1, -2), transpose(0, 0)],
            [51, 58, 60],
        ),
        ([TENOR], [60]),  # what a clef does is in the pitches already
    ],
)
def test_a_transposing_part_is_read_as_it_sounds(tmp_path, bars, expected):
    path = tmp_path / "a.musicxml"
    write_part(path, *bars)
    assert read_score(path, 1.0).pitches[:, 0].tolist() == expected


def test_a_name_of_an_instrument_transposes_nothing(tmp_path):
    path = tmp_path / "a.musicxml"
    write_part(path, "", name="Clarinet in B flat")
    assert read_score(path, 1.0).pitches.tolist() == [[60]]


def test_a_note_beside_a_drum_in_one_track_is_no_drum(tmp_path):
    drums = event(ON, 36, channel=9) + event(OFF, 36, 1, channel=9)
    both = event(ON, 60) + drums + event(OFF, 60)
    path = tmp_path / "a.mid"
    path.write_bytes(header(0) + chunk(b"MTrk", both + END))
    assert read_score(path, 1.0).pitches.tolist() == [[60]]


def test_a_tie_goes_on_in_a_bar_of_fewer_voices(tmp_path):
    def tied(*ways):
        marks = "".join(f'<tie type="{way}"/>' for way in ways)
        return NOTE.replace("<type>", f"{marks}<voice>1</voice><type>")

    rest = "<note><rest/><duration>1</duration><voice>2</voice></note>"
    back = "<backup><duration>1</duration></backup>"
    path = tmp_path / "a.musicxml"
    write_part(path, transpose(0, 0), "")
    head, between, after = path.read_text().split(NOTE)
    first = tied("start") + back + rest
    path.write_text(
        head
        + first
        + between
        + tied("stop", "start")
        + tied("stop")
        + after
    )
    score = read_score(path, 1.0)
    assert score.pitches.tolist() == [[60]] * 3
    assert score.starts.tolist() == [[True], [False], [False]]
