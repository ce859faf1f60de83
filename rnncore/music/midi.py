"""What the standard of MIDI files allows, in the form that music21 reads.

Its source is The Complete MIDI 1.0 Detailed Specification, Standard MIDI
Files 1.0 (MIDI Manufacturers Association, 1996).
"""

import struct
from collections.abc import Iterator
from typing import Any

HEADER = b"MThd"
TRACK = b"MTrk"
DRUMS = 10  # a channel, as music21 counts them


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


def without_drums(track: Any) -> list[Any]:
    """A track of music21's without its drums, and one of the drums.

    music21 takes a note for a drum that lasts as long as one beside it.
    """
    from music21.midi import DeltaTime, MidiTrack

    parts = [MidiTrack(track.index), MidiTrack(track.index)]
    waits = [0, 0]
    for event in track.events:
        if event.isDeltaTime():
            waits = [wait + event.time for wait in waits]
            continue
        k = int(event.channel == DRUMS)
        parts[k].events += [DeltaTime(parts[k], time=waits[k]), event]
        waits[k] = 0
    return [part for part in parts if part.events]


def end_notes(track: Any) -> int:
    """End what a track of music21's leaves sounding, at its end.

    Returns how many notes these were: music21 would drop them.
    """
    from music21.midi import ChannelVoiceMessages, DeltaTime, MidiEvent

    open_notes: dict[tuple[int, int], int] = {}
    for event in track.events:
        key = (event.channel, event.pitch)
        if event.isNoteOn():
            open_notes[key] = open_notes.get(key, 0) + 1
        elif event.isNoteOff():
            open_notes.pop(key, None)
    for channel, pitch in open_notes:
        off = MidiEvent(track, ChannelVoiceMessages.NOTE_OFF)
        off.channel, off.pitch, off.velocity = channel, pitch, 0
        track.events[-1:-1] = [off, DeltaTime(track)]  # its end is the last
    return sum(open_notes.values())
