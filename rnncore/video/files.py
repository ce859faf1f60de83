"""Films from files, and in a page: the frames that the networks read."""

import base64
import io
import os
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from html import escape
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from rnncore.display import HTML
from rnncore.storage.files import Refused, read_bytes, whole_file
from rnncore.storage.intake import frames_of, open_media
from rnncore.video.showing import matrix_of, shown_at, turned

CONTAINERS = {  # that hold H.264, as ffmpeg calls them
    ".mp4": "mp4",
    ".mov": "mov",
    ".avi": "avi",
    ".mkv": "matroska",
    ".mpg": "mpeg",
    ".mpeg": "mpeg",
}


def read_video(
    path: str | os.PathLike, T: int = 16, S: int = 24, whole: bool = False
) -> np.ndarray:
    """T grey frames of S x S pixels, evenly spread over a film's time.

    The middle square of each frame is taken, turned and mirrored as the
    film is to be shown, or all of it, squeezed into a square. A film of
    fewer frames repeats some.

    Shapes: -> frames (T, S, S)

    Raises Refused naming the file where it holds no film, or one frame.
    """
    frames: list[np.ndarray] = []
    times: list[Fraction | None] = []  # at which each begins, and the end
    for frame in frames_shown(path, times):
        picture = frame.to_ndarray(format="gray")
        upright = turned(picture, matrix_of(frame))
        frames.append(shrunk(upright if whole else _square(upright), S))
    return np.stack([frames[k] for k in shown_at(times, T)])


def read_pictures(
    path: str | os.PathLike, T: int, side: int
) -> Iterator[np.ndarray]:
    """T frames in colour, evenly spread over a film's time, one by one.

    All of each is squeezed into a square, turned and mirrored as the film
    is to be shown. The film is decoded twice, so that none but the frame
    that comes is in memory.

    Shapes: -> pictures T of (side, side, 3), uint8

    Raises Refused naming the file where it holds no film, or one frame.
    """
    times: list[Fraction | None] = []
    for _ in frames_shown(path, times):
        pass
    wanted = Counter(shown_at(times, T).tolist())
    for k, frame in enumerate(frames_shown(path, [])):
        if k in wanted:
            small = frame.reformat(side, side, "rgb24", None, None, "AREA")
            upright = turned(small.to_ndarray(), matrix_of(frame))
            for _ in range(wanted[k]):
                yield np.ascontiguousarray(upright)


def frames_shown(
    path: str | os.PathLike, times: list[Fraction | None]
) -> "Iterator[av.VideoFrame]":  # type: ignore[name-defined]  # noqa: F821
    """The decoded frames of a film's best picture stream.

    At the end `times` are those at which each begins, and the last ends.
    What is cut short is read as far as it goes.

    Raises Refused naming the file where it holds no film, or one frame.
    """
    path = Path(path)
    piped = not path.is_file()
    source = io.BytesIO(read_bytes(path, "film")) if piped else path
    import av

    count = 0
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
            why = error.strerror or type(error).__name__
            raise Refused(f"{path}: no film: {why}") from error
    if count < 2:
        raise Refused(
            f"{path}: expected a film of at least 2 frames, got {count}"
        )


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


def write_video(
    path: str | os.PathLike,
    frames: np.ndarray,
    rate: int = 8,
    zoom: int = 8,
) -> None:
    """Grey frames as an H.264 film, each pixel `zoom` pixels wide.

    Shapes: frames (T, S, S)

    The file is written whole, in the container that its ending names.

    Raises ValueError where there is no frame, or no such container.
    """
    path = Path(path)
    container = CONTAINERS.get(path.suffix.lower())
    if container is None:
        raise ValueError(
            f"{path}: expected a file that ends in {', '.join(CONTAINERS)}"
        )
    file = io.BytesIO()
    _encode(file, frames, rate, zoom, container)
    with whole_file(path) as out:
        out.write(file.getvalue())


def watch(
    frames: np.ndarray,
    label: str,
    description: str,
    rate: int = 6,
    zoom: int = 8,
) -> HTML:
    """A player with a visible label; the film is in the page.

    Until it plays it shows its middle frame. `description` says what a
    reader who cannot see it should know.

    Shapes: frames (T, S, S)

    Raises ValueError where there is no frame.
    """
    file = io.BytesIO()
    _encode(file, frames, rate, zoom, "mp4")
    data = base64.b64encode(file.getvalue()).decode()
    poster = base64.b64encode(_still(frames[len(frames) // 2])).decode()
    name, told = escape(label), escape(description)
    height, width = (side * zoom // 2 * 2 for side in frames.shape[1:])
    return HTML(
        f'<figure class="rnn-video"><video controls loop muted playsinline '
        f'width="{width}" height="{height}" aria-label="{name}: {told}" '
        f'poster="data:image/png;base64,{poster}" '
        f'src="data:video/mp4;base64,{data}">{told}</video>'
        f"<figcaption>{name}. <span>{told}</span></figcaption></figure>"
    )


def _encode(
    out: BinaryIO,
    frames: np.ndarray,
    rate: int,
    zoom: int,
    container: str,
) -> None:
    """H.264, which every browser plays, into an open file."""
    import av

    if frames.ndim != 3 or not frames.size:
        raise ValueError(f"frames: expected (T, S, S), got {frames.shape}")
    grey = _grey(frames)
    grey = grey.repeat(zoom, axis=1).repeat(zoom, axis=2)
    grey = grey[:, : grey.shape[1] // 2 * 2, : grey.shape[2] // 2 * 2]
    with av.open(out, "w", format=container) as film:
        stream = film.add_stream("libx264", rate=rate)
        stream.height, stream.width = grey.shape[1:]
        stream.pix_fmt = "yuv420p"
        for picture in grey:
            frame = av.VideoFrame.from_ndarray(picture, format="gray")
            film.mux(stream.encode(frame))
        film.mux(stream.encode())


def _still(frame: np.ndarray) -> bytes:
    """One frame as a PNG, a pixel for a pixel: the page enlarges it."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="image2pipe") as out:
        stream = out.add_stream("png", rate=1)
        stream.height, stream.width = frame.shape
        stream.pix_fmt = "gray"
        picture = av.VideoFrame.from_ndarray(_grey(frame), format="gray")
        out.mux(stream.encode(picture))
        out.mux(stream.encode())
    return file.getvalue()


def _grey(frames: np.ndarray) -> np.ndarray:
    """Shares of white as bytes."""
    return (np.clip(frames, 0, 1) * 255).round().astype(np.uint8)


def _square(picture: np.ndarray) -> np.ndarray:
    """The middle square."""
    side = min(picture.shape)
    top, left = ((n - side) // 2 for n in picture.shape)
    return picture[top : top + side, left : left + side]


def shrunk(picture: np.ndarray, S: int) -> np.ndarray:
    """A picture of 0 to 255 as S x S pixels, 0 to 1.

    Each is the mean of what it covers.

    Shapes: picture (A, C) -> small (S, S)
    """
    rows, columns = (_overlap(side, S) for side in picture.shape)
    return (rows @ (picture / 255.0) @ columns.T).astype(np.float32)


def _overlap(side: int, S: int) -> np.ndarray:
    """Which share of old pixel j lies in new pixel i: (S, side)."""
    edges = np.linspace(0, side, S + 1)[:, None]
    pixel = np.arange(side)[None]
    low = np.maximum(edges[:-1], pixel)
    high = np.minimum(edges[1:], pixel + 1)
    return np.clip(high - low, 0, None) * (S / side)
