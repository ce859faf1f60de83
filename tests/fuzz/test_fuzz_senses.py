"""Sounds and films composed from what is allowed are read as they are."""

import struct
from fractions import Fraction
from statistics import median

import numpy as np
from hypothesis import note

from rnncore.apps.speech.sound import read_sound
from rnncore.video.files import read_video
from tests.helpers.arrays import assert_close
from tests.helpers.films import set_matrix, write_at
from tests.helpers.fuzzing import composed, some

# ---------------------------------------------------------------------- sound

GUID = bytes.fromhex("000000001000800000aa00389b71")
UNKNOWN = 0, 0xFFFFFFFF


def samples_of(rng, bits):
    """A sample's bytes and what it is as a share of full scale."""
    if bits > 32:
        value = rng.choice([0.0, 1.0, -0.5, 1e-3, 0.1])
        return struct.pack("<d", value), value
    low = rng.choice([0, 1, -1, 2 ** (bits - 1) - 1, -(2 ** (bits - 1))])
    low = rng.choice(
        [low, rng.randrange(-(2 ** (bits - 1)), 2 ** (bits - 1))]
    )
    if bits == 8:  # the one kind without a sign
        return bytes([low + 128]), low / 128
    width = -(-bits // 8)
    full = low << (8 * width - bits)  # to the left in its bytes
    return full.to_bytes(width, "little", signed=True), low / 2 ** (
        bits - 1
    )


def float_of(rng):
    value = rng.choice([0.0, 1.0, -0.5, 0.25, -1.5])
    return struct.pack("<f", value), value


def wav_file(rng):
    """A WAV file, its samples (N, C) as shares of full scale, its rate."""
    kind = rng.choice([b"RIFF", b"RIFF", b"RF64"])
    bits = rng.choice([8, 12, 16, 20, 24, 32, 64, "float"])
    channels, rate = (
        rng.randrange(1, 4),
        rng.choice([1_000, 8_000, 44_100, 768_000]),
    )
    count = channels * rng.randrange(1, 12)
    draw = (
        (lambda: float_of(rng))
        if bits == "float"
        else (lambda: samples_of(rng, bits))
    )
    raws, values = zip(*(draw() for _ in range(count)), strict=True)
    width = len(raws[0])
    tag, valid = (3, 8 * width) if bits in ("float", 64) else (1, bits)
    block = channels * width
    extensible = bits in (12, 20) or rng.randrange(2)
    head = struct.pack(
        "<HHIIHH",
        *(
            0xFFFE if extensible else tag,
            channels,
            rate,
            rate * block,
            block,
        ),
        8 * width,
    )
    if extensible:
        mask = (1 << channels) - 1
        head += struct.pack("<HHIH", 22, valid, mask, tag) + GUID
    elif rng.randrange(2):
        head += bytes(2)
    others = [
        (b"LIST", b"INFOx"),
        (b"PEAK", b"data"),
        (b"fact", bytes(4)),
        (b"junk", b""),
    ]
    sound = b"".join(raws)
    chunks = [*some(rng, others, 2), (b"fmt ", head), *some(rng, others, 2)]
    if kind == b"RF64":
        size = struct.pack("<QQQI", 0, len(sound), count // channels, 0)
        chunks = [(b"ds64", size), *chunks]
    after = some(rng, others[1:3], 1)
    told = 0xFFFFFFFF if kind == b"RF64" else len(sound)
    if (
        kind != b"RF64"
        and not after
        and len(sound) % 2 == 0
        and not rng.randrange(4)
    ):
        told = rng.choice(UNKNOWN)
    body = b"WAVE"
    for name, data in [*chunks, (b"data", sound), *after]:
        size = told if name == b"data" else len(data)
        body += struct.pack("<4sI", name, size) + data
        body += bytes(len(data) % 2)
    size = len(body) if told == len(sound) else told
    content = struct.pack("<4sI", kind, size) + body
    return content, np.reshape(values, (-1, channels)), rate


@composed
def test_sounds(folder, rng):
    content, values, rate = wav_file(rng)
    note(repr(content))
    path = folder / "a.wav"
    path.write_bytes(content)
    found, told = read_sound(path)
    assert told == rate
    assert_close(found, values.mean(axis=1), within=1e-6)


# ---------------------------------------------------------------------- films

WAYS = {  # a matrix, and what the picture becomes, seen (row, column)
    (1, 0, 0, 1): lambda p: p,
    (-1, 0, 0, 1): lambda p: np.fliplr(p),
    (1, 0, 0, -1): lambda p: np.flipud(p),
    (-1, 0, 0, -1): lambda p: np.rot90(p, 2),
    (0, 1, -1, 0): lambda p: np.rot90(p, -1),
    (0, -1, 1, 0): lambda p: np.rot90(p, 1),
    (0, 1, 1, 0): lambda p: p.T,
    (0, -1, -1, 0): lambda p: np.rot90(p, 2).T,
}
KINDS = {".mkv": "ffv1", ".avi": "ffv1", ".mov": "png", ".gif": "gif"}


def picture(k):
    """Four quarters that tell apart the frames and the eight ways."""
    return np.array([[10 * k + 5, 60], [120, 240]], np.uint8)


def showing(begins, T):
    """The frames that show at T times from the first to the last."""
    end = begins[-1]
    last = len(begins) - 2
    at = [Fraction(end * k, max(T - 1, 1)) for k in range(T)]
    return [min(sum(b <= t for b in begins) - 1, last) for t in at]


@composed
def test_films(folder, rng):
    ending = rng.choice([*KINDS])
    steady = ending == ".avi" or rng.randrange(2)
    count, T = rng.randrange(2, 9), rng.randrange(2, 20)
    gaps = [100] * count
    if not steady:
        gaps = [rng.choice([40, 100, 1_000]) for _ in range(count - 1)]
        gaps = [*gaps, sorted(gaps)[len(gaps) // 2]]
    begins = [sum(gaps[:k]) for k in range(count + 1)]
    step = 100 if ending == ".avi" else 1
    large = np.stack(
        [
            np.kron(picture(k), np.ones((8, 8), np.uint8))
            for k in range(count)
        ]
    )
    path = folder / f"a{ending}"
    write_at(
        path,
        large,
        [b // step for b in begins[:-1]],
        1000 // step,
        KINDS[ending],
        begins[-1] // step,
    )
    way = rng.choice([*WAYS]) if ending == ".mov" else (1, 0, 0, 1)
    if ending == ".mov":
        set_matrix(path, way)
    note(f"{ending} {begins} T={T} {way}")
    off = max(
        abs(b - Fraction(begins[-1] * k, count))
        for k, b in enumerate(begins)
    )
    if off <= Fraction(median(gaps[:-1])) / 2:
        expected = np.linspace(0, count - 1, T).round().astype(int)
    else:
        expected = showing(begins, T)
    meant = np.stack([WAYS[way](picture(k)) for k in expected])
    assert_close(
        read_video(path, T, 2), meant / np.float32(255), within=1e-5
    )
