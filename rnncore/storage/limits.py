"""How much of a file that others made may pass, by its kind: one table."""

from typing import NamedTuple

MB, GB = 1_000_000, 1_000_000_000


class Limit(NamedTuple):
    """What a file of a kind may be at most.

    `bytes` of the file, `unpacked` bytes of what it holds, and `parts`:
    how many; they bound the memory. `seconds` of reading: of sounds and
    films a clock is asked, of others they follow from the numbers before.
    `formats` are the only ones that a decoder may take it for.
    """

    bytes: int
    unpacked: int = 0
    parts: int = 0
    seconds: float = 60
    formats: tuple[str, ...] = ()


SOUNDS: tuple[str, ...] = (
    "wav",
    "flac",
    "mp3",
    "ogg",
    "mov",
    "aac",
    "aiff",
    "au",
    "caf",
)
SOUNDS += ("ac3", "eac3", "amr", "ape", "asf", "tta", "w64", "wv")
SOUNDS += ("nistsphere", "voc")
FILMS = (
    *("mov", "matroska", "avi", "mpeg", "mpegts", "gif"),
    *("asf", "flv", "ogg", "mxf", "nut", "apng", "dv", "ivf"),
    *("mpegvideo", "h264", "hevc", "yuv4mpegpipe"),  # without a container
)

LIMITS = {
    # a text, or what has no line of its own
    "file": Limit(8 * GB, seconds=600),
    # parts: the columns
    "table": Limit(GB, parts=10_000),
    # parts: the dates from the first to the last
    "dates": Limit(0, parts=10_000_000),
    # of a film the sound is read too
    "sound": Limit(4 * GB, seconds=3600, formats=SOUNDS + FILMS),
    # parts: the pixels of a frame
    "film": Limit(40 * GB, parts=40_000_000, seconds=3600, formats=FILMS),
    # of a film; parts: its numbers
    "features": Limit(GB, parts=100_000_000),
    # parts: the members of an .mxl
    "score": Limit(20 * MB, unpacked=20 * MB, parts=100, seconds=600),
    # an event has three bytes or more, and takes 0.12 ms
    "midi": Limit(1_500_000),
    # pasted into an answer; parts: how many a cell has
    "picture": Limit(5 * MB, parts=20),
    # parts: the commas and brackets
    "json": Limit(100 * MB, parts=5_000_000),
    # parts: the members
    "export": Limit(40 * GB, unpacked=40 * GB, parts=500_000, seconds=3600),
    "set": Limit(4 << 30, unpacked=4 << 30, parts=200_000, seconds=3600),
    # what an exchange writes beside a notebook
    "mark": Limit(1_000),
}
