"""MIDI files as their standard says that they sound.

The standard is The Complete MIDI 1.0 Detailed Specification, Standard MIDI
Files 1.0 (MIDI Manufacturers Association, 1996). music21 takes a file
apart into events, but the notes that it makes of them are not all there.
"""

import struct
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from rnncore.music.abc import Tune
from rnncore.music.abc_voice import Sound

HEADER = b"MThd"
TRACK = b"MTrk"
DRUMS = 10  # a channel, as music21 counts them
TEMPO = 120.0  # quarter notes a minute, where a file does not say


class Midi(NamedTuple):
    """What a MIDI file holds."""

    tune: Tune  # a part a track; no title
    drums: bool  # whether some are left out
    endless: int  # notes that last to the end of their track


def read_midi(content: bytes) -> Midi:
    """The notes, the first tempo and the first metre of a file.

    Raises ValueError as `standard_form` does.
    """
    from music21.midi import MetaEvents, MidiFile

    file = MidiFile()
    file.readstr(standard_form(content))
    tracks = [_timed(t, file.ticksPerQuarterNote) for t in file.tracks]
    times = sorted((e for t in tracks for e in t), key=lambda e: e[0])
    parts, endless = [], 0
    for track in tracks:
        part, left = _notes(track)
        parts.append(part)
        endless += left
    tempo, bar = TEMPO, Fraction(4)
    for _, event in reversed(times):  # the first has the last word
        if event.type == MetaEvents.SET_TEMPO:
            micros = _number(event.data, 3) or 60e6 / TEMPO
            tempo = round(60e6 / micros, 2)  # finer than it is told
        elif event.type == MetaEvents.TIME_SIGNATURE:
            upper, lower = divmod(_number(event.data, 2), 256)
            bar = Fraction(4 * upper, 2**lower)
    drums = any(e.isNoteOn() and e.channel == DRUMS for _, e in times)
    return Midi(Tune("", tempo, bar, Fraction(0), parts), drums, endless)


def _number(data: bytes, size: int) -> int:
    """The number in the first bytes of a tempo or a metre."""
    if len(data) < size:
        raise ValueError(
            "a tempo has 3 bytes and a metre 4: "
            f"expected at least {size}, got {len(data)}"
        )
    return int.from_bytes(data[:size], "big")


def _timed(track: Any, division: int) -> list[tuple[Fraction, Any]]:
    """The events of a track of music21's, and when: in quarter notes."""
    ticks, found = 0, []
    for event in track.events:
        if event.isDeltaTime():
            ticks += event.time
        else:
            found.append((Fraction(ticks, division), event))
    return found


def _notes(track: list[tuple[Fraction, Any]]) -> tuple[list[Sound], int]:
    """The notes of a track, and how many of them it never ends.

    A note that is struck while it sounds ends, and begins again: an end at
    that very time is of the note before.
    """
    found: list[Sound] = []
    struck: dict[tuple[int, int], Fraction] = {}  # what sounds, since when
    again: dict[tuple[int, int], Fraction] = {}
    for now, event in track:
        on, key = event.isNoteOn(), (event.channel, event.pitch)
        if event.channel == DRUMS or not (on or event.isNoteOff()):
            continue
        if not on and again.pop(key, None) == now:
            continue
        if key in struck:
            found.append(Sound(struck.pop(key), now, event.pitch))
            if on:
                again[key] = now
        if on:
            struck[key] = now
    found += [
        Sound(t, track[-1][0], pitch) for (_, pitch), t in struck.items()
    ]
    return found, len(struck)


def standard_form(content: bytes) -> bytes:
    """The same music with a header of 6 bytes and its tracks alone.

    A longer header and chunks of other kinds are to be passed over, and
    a file may lie in a RIFF file of the kind RMID. Raises ValueError
    where it is no MIDI file, cut off, in format 2 or timed in frames of
    film (SMPTE), which has no quarter notes.
    """
    if content[:4] == b"RIFF" and content[8:12] == b"RMID":
        inner = dict(_chunks(content[12:], "<I"))
        content = inner.get(b"data", b"")
    if content[:4] != HEADER:
        raise ValueError(
            f"no MIDI file: expected MThd, got {content[:4]!r}"
        )
    chunks = list(_chunks(content, ">I"))
    header = chunks[0][1][:6]
    if len(header) < 6:
        raise ValueError(f"its header is cut off after {len(header)} bytes")
    kind, count, division = struct.unpack(">HHH", header)
    if kind not in (0, 1):
        raise ValueError(
            f"expected MIDI format 0 or 1, got {kind}"
            + (": its tracks are pieces of their own" if kind == 2 else "")
        )
    if division & 0x8000 or not division:
        raise ValueError(
            "expected time in quarter notes, got "
            + ("SMPTE frames" if division else "none")
        )
    tracks = [data for name, data in chunks if name == TRACK]
    if len(tracks) < count:
        raise ValueError(f"expected {count} tracks, got {len(tracks)}")
    parts = [(HEADER, header), *((TRACK, t) for t in tracks[:count])]
    return b"".join(n + struct.pack(">I", len(d)) + d for n, d in parts)


def _chunks(content: bytes, size: str) -> Iterator[tuple[bytes, bytes]]:
    """Chunks, name and data; raises ValueError where a track is cut off."""
    at = 0
    while len(content) - at >= 8:
        name = content[at : at + 4]
        (length,) = struct.unpack(size, content[at + 4 : at + 8])
        data = content[at + 8 : at + 8 + length]
        if name == TRACK and len(data) < length:
            raise ValueError(
                f"a track is cut off: expected {length} bytes, "
                f"got {len(data)}"
            )
        yield name, data
        at += 8 + length + (length % 2 if size[0] == "<" else 0)
