"""How large a picture is."""

import re
import struct
from pathlib import Path


def size_of(path: Path) -> tuple[float, float] | None:
    """Width and height of a PNG or SVG picture in CSS pixels."""
    content = path.read_bytes()
    if content.startswith(b"\x89PNG"):
        return struct.unpack(">II", content[16:24])
    root = re.search(r"<svg\b[^>]*>", content[:4000].decode("utf8", "replace"))
    if root is None:
        return None
    width = re.search(r'\swidth="([\d.]+)(pt|px)?"', root[0])
    height = re.search(r'\sheight="([\d.]+)(pt|px)?"', root[0])
    if width is None or height is None:
        return None
    return _to_pixels(width), _to_pixels(height)


def _to_pixels(side: re.Match[str]) -> float:
    return float(side[1]) * (4 / 3 if side[2] == "pt" else 1)
