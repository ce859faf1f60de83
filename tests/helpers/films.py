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


def film_as_a_phone(path, draw_at, seconds, turned=1, rates=(30, 7)):
    """An H.264 film as phones store it: on its side, with sound.

    `draw_at(share)` is what is to be shown after this share of the time;
    it is stored turned by `turned` times 90 degrees, which the header
    takes back. The first half comes at another rate than the second, and
    no frame lasts quite as long as the one before. The sizes are even.
    """
    rng, times = np.random.default_rng(0), [0.0]
    while times[-1] < seconds:
        rate = rates[times[-1] >= seconds / 2]
        times.append(times[-1] + rng.uniform(0.7, 1.3) / rate)
    with av.open(path, "w") as film:
        stream = film.add_stream("libx264", options={"preset": "ultrafast"})
        first = np.rot90(draw_at(0.0), turned)
        stream.height, stream.width = first.shape
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 90_000)
        voice = film.add_stream("aac", rate=8000, layout="mono")
        for time in times[:-1]:
            shown = np.rot90(draw_at(time / seconds), turned)
            frame = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(shown), format="gray"
            )
            frame.pts = round(time * 90_000)
            frame.time_base = Fraction(1, 90_000)
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
        tone = np.zeros((1, 8000 * seconds), np.int16)
        tone[0, ::8] = 9000
        sound = av.AudioFrame.from_ndarray(tone, "s16", "mono")
        sound.sample_rate, sound.pts = 8000, 0
        film.mux(voice.encode(sound))
        film.mux(voice.encode())
    turns = {0: (1, 0, 0, 1), 1: (0, 1, -1, 0), 3: (0, -1, 1, 0)}
    set_matrix(path, turns[turned])
    return path
