"""Films from files, and in a page: the frames that the networks read."""

import base64
import io
import os
from html import escape
from pathlib import Path
from typing import BinaryIO

import numpy as np

from rnncore.display import HTML
from rnncore.storage.files import whole_file
from rnncore.video.frames import frames_at
from rnncore.video.showing import matrix_of, turned

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
    frames = np.empty((T, S, S), np.float32)  # before what is large
    for k, frame in enumerate(frames_at(path, T)):
        picture = frame.to_ndarray(format="gray")
        upright = turned(picture, matrix_of(frame))
        frames[k] = shrunk(upright if whole else _square(upright), S)
    return frames


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
