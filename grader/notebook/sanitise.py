"""Removes from a notebook's outputs what a browser would run.

An instructor opens the executed notebook in a browser, where HTML, SVG and
scripts among its outputs would run with the instructor's rights, and reads
its texts in a terminal, which obeys control codes. Text and pixels stay.
"""

from __future__ import annotations

import base64
import re
import struct
from typing import Any

from nbformat import NotebookNode

from grader import untrusted

KEPT = ("text/plain", "image/png", "image/jpeg")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
PIXELS = 20_000_000  # of a picture: a browser unpacks 4 bytes for each
ALL_PIXELS = 10 * PIXELS  # of a notebook
PICTURES = {"image/png", "image/jpeg"}
LEFT_OUT = "(an output that is not shown here)"
HEAD = 400_000  # characters of a picture in which its size must stand
LONGEST = 3_000_000  # characters of one output: `Limits` keep it shorter


def sanitise_text(text: str) -> str:
    """Text without codes that a terminal obeys, or that a page hides."""
    return untrusted.text(text, LONGEST)


def sanitise(notebook: NotebookNode) -> None:
    """Leave text and pixels in all outputs, in place; not too many pixels."""
    left = ALL_PIXELS
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            _clean(output)
            data = output.get("data", {})
            left -= sum(pixels_of(kind, data[kind]) or 0 for kind in PICTURES & {*data})
            if left < 0 and PICTURES & {*data}:
                output.data = NotebookNode({"text/plain": LEFT_OUT})


def _clean(output: NotebookNode) -> None:
    for key in ("text", "ename", "evalue"):
        if key in output:
            output[key] = sanitise_text(_join_lines(output[key]))
    if "traceback" in output:
        output.traceback = [
            sanitise_text(_join_lines(line)) for line in output.traceback
        ]
    if "data" in output:
        output.data = NotebookNode(keep_shown(output.data))
        output.metadata = NotebookNode()


def keep_shown(data: dict[str, Any]) -> dict[str, str]:
    """The kinds that only show, with a word for what was left out."""
    kept: dict[str, str] = {}
    for kind in KEPT:
        value = _join_lines(data.get(kind))
        if kind == "text/plain":
            value = sanitise_text(value)
        elif not (_BASE64.fullmatch(value) and _fits_a_screen(kind, value)):
            continue
        if value:
            kept[kind] = value
    if data.keys() - {"text/plain"} and not kept:
        kept["text/plain"] = LEFT_OUT
    return kept


def _fits_a_screen(kind: str, value: str) -> bool:
    """Whether a picture is what it says, and not huge once it is unpacked.

    What begins as another kind of file, a browser would show as that one.
    """
    size = pixels_of(kind, value)
    return size is not None and size <= PIXELS


def pixels_of(kind: str, value: str) -> int | None:
    """How many pixels a picture's head announces; None if it has no head."""
    text = "".join(value[: 2 * HEAD].split())[:HEAD]
    try:
        data = base64.b64decode(text[: len(text) // 4 * 4])
    except ValueError:
        return None
    if kind == "image/png":
        if data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR":
            return None
        width, height = struct.unpack_from("!II", data.ljust(24, b"\xff"), 16)
        return width * height
    return _pixels_of_jpeg(data)


def _pixels_of_jpeg(data: bytes) -> int | None:
    """The size in the first frame's head, past the segments before it.

    A mark comes after any number of bytes 0xFF. One without a length, which
    nothing writes there, is refused: what follows could be read as one.
    """
    if data[:3] != b"\xff\xd8\xff":
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        if data[at + 1] == 0xFF:
            at += 1
            continue
        mark, size = data[at + 1], struct.unpack_from("!H", data, at + 2)[0]
        if mark < 0xC0 or 0xD0 <= mark <= 0xDA or size < 2:
            return None
        if 0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from("!HH", data, at + 5)
            return width * height
        at += 2 + size
    return None


def _join_lines(value: Any) -> str:
    if isinstance(value, list):
        return "".join(v for v in value if isinstance(v, str))
    return value if isinstance(value, str) else ""
