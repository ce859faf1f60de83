"""Which frames a film's file has, grey or in colour, and when they show."""

import io
import os
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncore.storage.files import Refused, read_bytes
from rnncore.storage.intake import frames_of, open_media
from rnncore.video.showing import matrix_of, shown_at, turned

SMALL = 200_000  # bytes: a pointer or a page in a film's place has fewer

if TYPE_CHECKING:
    from av import VideoFrame as Frame


def frames_at(path: str | os.PathLike, T: int) -> "Iterator[Frame]":
    """The frames that show at T times, evenly spread over a film's.

    One that shows at several comes as often. The film is decoded twice,
    so that none but the frame that comes is in memory.

    Raises Refused naming the file where it holds no film, or one frame.
    """
    path = Path(path)
    times: list[Fraction | None] = []
    for _ in _decode(path, times):
        pass
    wanted = Counter(shown_at(times, T).tolist())
    for k, frame in enumerate(_decode(path, [])):
        for _ in range(wanted[k]):
            yield frame


def _decode(path: Path, times: list[Fraction | None]) -> "Iterator[Frame]":
    """The decoded frames of a film's best picture stream.

    At the end `times` are those at which each begins, and the last ends.
    What is cut short is read as far as it goes.
    """
    piped, count = not path.is_file(), 0
    source = io.BytesIO(read_bytes(path, "film")) if piped else path
    import av

    try:
        with open_media(source, "film") as film:
            stream = _find_film(film)
            if stream is None:
                raise Refused(f"{path}: it holds no film")
            for frame in frames_of(film, "film", video=stream):
                yield frame
                count += 1
                unit = Fraction(frame.time_base or 0)
                begins = None if frame.pts is None else frame.pts * unit
                times[-1:] = [
                    begins,
                    (begins or 0) + (frame.duration or 0) * unit,
                ]
    except (av.FFmpegError, OSError) as error:
        if not count:
            if not piped and path.stat().st_size < SMALL:
                read_bytes(path, "film")  # names what came in its place
            why = error.strerror or type(error).__name__
            raise Refused(f"{path}: no film: {why}") from error
    if count < 2:
        raise Refused(
            f"{path}: expected a film of at least 2 frames, got {count}"
        )


def seconds_of(path: str | os.PathLike) -> float:
    """How long a film lasts, by its packets: none is decoded.

    0 where they do not say when they show.

    Raises av.FFmpegError where it is no film.
    """
    first, last = [], [Fraction(0)]
    with open_media(path, "film") as film:
        number = _find_film(film)
        packets = () if number is None else film.demux(video=number)
        for packet in packets:
            if packet.pts is not None:
                unit = Fraction(packet.time_base or 0)
                first.append(packet.pts * unit)
                last.append(first[-1] + (packet.duration or 0) * unit)
    return float(max(last) - min(first, default=Fraction(0)))


def _find_film(film: Any) -> int | None:
    """Which picture stream is the film: that of the most packets.

    Others are covers, and other stills.
    """
    streams = film.streams.video
    if len(streams) < 2:
        return 0 if streams else None
    packets = Counter(
        packet.stream.index
        for packet in film.demux(*streams)
        if packet.size
    )
    film.seek(0)
    counts = [packets[stream.index] for stream in streams]
    return counts.index(max(counts))


def read_pictures(
    path: str | os.PathLike, T: int, side: int
) -> Iterator[np.ndarray]:
    """T frames in colour, evenly spread over a film's time, one by one.

    All of each is squeezed into a square, turned and mirrored as the film
    is to be shown.

    Each is (side, side, 3), uint8.

    Raises Refused naming the file where it holds no film, or one frame.
    """
    for frame in frames_at(path, T):
        small = frame.reformat(side, side, "rgb24", None, None, "AREA")
        upright = turned(small.to_ndarray(), matrix_of(frame))
        yield np.ascontiguousarray(upright)
