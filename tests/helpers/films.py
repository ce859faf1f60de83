"""Films without loss, for the tests of what reads films."""

import struct
from fractions import Fraction

import av
import numpy as np

from rnncore.video.files import write_video


def set_matrix(path, matrix):
    """Write into an MP4 file which way it is to be shown."""
    raw = bytearray(path.read_bytes())
    place = raw.index(b"tkhd") + 4 + 4 + 20 + 16  # the track's matrix
    a, b, c, d = (n << 16 for n in matrix)
    raw[place : place + 36] = struct.pack(
        ">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30
    )
    path.write_bytes(raw)


def write_at(path, pictures, times, rate=1000, codec="ffv1", end=None):
    """A film without loss, of pictures that begin at these times (ms).

    Without an `end` the file need not tell how long the last one lasts.
    """
    ends = dict(zip(times, [*times[1:], end], strict=True))
    with av.open(path, "w") as film:
        stream = film.add_stream(codec)
        stream.height, stream.width = pictures.shape[1:]
        stream.pix_fmt = "gray"
        stream.codec_context.time_base = Fraction(1, rate)
        packets = []
        for picture, time in zip(pictures, times, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="gray")
            frame.pts, frame.time_base = time, Fraction(1, rate)
            packets += stream.encode(frame)
        for packet in packets + stream.encode():
            if end:
                packet.duration = ends[packet.pts] - packet.pts
            film.mux(packet)


def draw(folder, names, count):
    """A folder of films a class: "up" and "down" of a light square."""
    for k, name in enumerate(names):
        place = folder / name
        place.mkdir(parents=True)
        for n in range(count):
            film = np.zeros((8, 24, 24), np.float32)
            for t in range(8):
                y = 2 * t if k else 14 - 2 * t
                x = 2 * n % 16  # from the ninth on there are two of each
                film[t, y : y + 8, x : x + 8] = 1 - 0.2 * max(k - 1, 0)
            write_video(place / f"{n}.mp4", film, zoom=2)
    return folder
