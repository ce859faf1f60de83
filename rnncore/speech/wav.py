"""WAV files whose headers are not as they should be.

A recorder that is cut off, or writes into a pipe, cannot go back to write
the sizes into the header. Source: Multimedia Programming Interface and Data
Specifications 1.0 (IBM and Microsoft 1991); EBU Tech 3306 (RF64).
"""

import struct

CHUNKS = b"fmt ", b"data", b"fact", b"LIST", b"bext", b"cue ", b"id3 "
UNKNOWN = 0, 0xFFFFFFFF  # sizes that are written first, to be fixed later


def mended(raw: bytes) -> bytes:
    """A WAV file of its format and its sound alone, with their true sizes.

    A chunk of odd size is followed by a byte that makes it even; where it
    was forgotten, the next chunk's name stands there.

    Raises ValueError saying what is wrong with the header.
    """
    order = {b"RIFF": "<", b"RIFX": ">", b"RF64": "<"}.get(raw[:4])
    if order is None or raw[8:12] != b"WAVE":
        raise ValueError(f"it begins with {raw[:12]!r}")
    found: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(raw):
        name, size = struct.unpack_from(f"{order}4sI", raw, at)
        at += 8
        if name == b"data" and size in UNKNOWN:
            size = _size(raw, at, found)
        found.setdefault(name, raw[at : at + size])
        at += size
        if size % 2 and raw[at : at + 4] not in CHUNKS:
            at += 1
    for name in b"fmt ", b"data":
        if name not in found:
            raise ValueError(f"it has no chunk {name.decode().strip()!r}")
    form, sound = found[b"fmt "], found[b"data"]
    if len(form) < 16:
        raise ValueError("its header is cut off")
    channels, rate, block = struct.unpack_from(f"{order}2xHI4xH", form)
    if not channels or block < channels:
        raise ValueError(
            f"its header says {channels} channels, {block} bytes for all"
        )
    flow = struct.pack(f"{order}I", rate * block % 2**32)  # bytes a second
    form = form[:8] + flow + form[12:]
    chunks = b"".join(
        struct.pack(f"{order}4sI", name, len(part)) + part
        for name, part in [
            (b"fmt ", form + bytes(len(form) % 2)),
            (b"data", sound[: len(sound) // block * block]),
        ]
    )
    kind = b"RIFX" if order == ">" else b"RIFF"
    size = len(chunks) + 4
    return kind + struct.pack(f"{order}I", size) + b"WAVE" + chunks


def _size(raw: bytes, at: int, found: dict[bytes, bytes]) -> int:
    """Of sound whose size the header leaves open, from `at` on.

    A large file (RF64) has it in another chunk; a recording that was cut
    off has nothing after its sound.
    """
    if b"ds64" in found:
        return struct.unpack_from("<8xQ", found[b"ds64"])[0]
    return 0 if raw[at : at + 4] in CHUNKS else len(raw) - at
