"""What an instructor's browser or terminal would obey is taken out."""

import base64
import io
import struct

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from grader.notebook.sanitise import (
    ALL_PIXELS,
    HEAD,
    pixels_of,
    sanitise,
    sanitise_text,
)


def picture(kind, width, height):
    """A picture of one colour, in base64."""
    file = io.BytesIO()
    Image.new("1" if kind == "png" else "L", (width, height)).save(
        file, kind
    )
    return base64.b64encode(file.getvalue()).decode()


PNG = picture("png", 3, 2)


def cleaned(*outputs):
    notebook = new_notebook(
        cells=[new_code_cell("", outputs=list(outputs))]
    )
    sanitise(notebook)
    return notebook.cells[0].outputs


def test_text_and_pixels_stay_and_scripts_go():
    data = {
        "text/plain": "<Figure>",
        "image/png": PNG + "\n",
        "text/html": "<script>",
        "image/svg+xml": "<svg onload='x'/>",
        "application/javascript": "x()",
    }
    (output,) = cleaned(new_output("display_data", data))
    assert output.data == {
        "text/plain": "<Figure>",
        "image/png": PNG + "\n",
    }


def test_what_is_left_out_is_told():
    (output,) = cleaned(new_output("display_data", {"text/html": "<b>"}))
    assert output.data == {
        "text/plain": "(an output that is not shown here)"
    }


def test_a_picture_that_is_no_picture_goes():
    data = {"image/png": "'><script>"}
    empty = {"text/plain": ""}
    output, text = cleaned(
        *(new_output("display_data", d) for d in (data, empty))
    )
    assert "image/png" not in output.data
    assert text.data == {}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]52;c;QUJD\x1b\\after", "after"),
        ("\x1bPdevice\x1b\\after", "after"),
        ("10 %\r20 %\r\nend\tθ", "10 %\n20 %\nend\tθ"),
        ("\x9b2Jx\x00\x08y", "2Jxy"),
    ],
)
def test_a_terminal_is_told_nothing(text, kept):
    assert sanitise_text(text) == kept
    stream = new_output("stream", text=text)
    error = new_output("error", ename="E", evalue=text, traceback=[text])
    first, second = cleaned(stream, error)
    assert first.text == second.evalue == second.traceback[0] == kept


def test_a_long_output_is_shown_whole():
    text = "x" * 20_000
    assert sanitise_text(text) == text


@pytest.mark.parametrize(("kind", "size"), [("png", 60), ("jpeg", 500)])
def test_a_small_picture_stays_and_says_its_size(kind, size):
    data = {f"image/{kind}": picture(kind, size, 20)}
    (output,) = cleaned(new_output("display_data", data))
    assert output.data == data
    assert pixels_of(*data.popitem()) == 20 * size


PNG_HEAD = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
JPEG_HEAD = b"\xff\xd8"


def frame(mark, height, width):
    """A part of a JPEG that may be the one with its size."""
    return struct.pack("!BBHBHH", 255, mark, 7, 8, height, width)


FALSE = (  # a frame of 1 pixel stands where a length of 0xffe1 leads to
    b"\xff\xe1\0\4\0\0"
    + frame(0xC0, 0x9000, 0x9000)
    + bytes(0xFFD6)
    + frame(0xC0, 1, 1) * 4
)


@pytest.mark.parametrize(
    ("kind", "data", "pixels"),
    [
        ("png", PNG_HEAD + struct.pack("!II", 2**31 + 1, 1), 2**31 + 1),
        ("png", PNG_HEAD + struct.pack("!I", 2), 2 * (2**32 - 1)),  # cut
        ("png", PNG_HEAD[:12] + b"IDAT" + bytes(8), None),
        ("png", bytes(12) + PNG_HEAD[12:] + bytes(8), None),
        *(
            ("jpeg", JPEG_HEAD + frame(mark, 3, 2), 6)
            for mark in (0xC0, 0xC5, 0xC9, 0xCD, 0xCF)
        ),
        *(
            ("jpeg", JPEG_HEAD + frame(mark, 3, 2) + frame(0xC0, 5, 4), 20)
            for mark in (0xC4, 0xC8, 0xCC, 0xE0)
        ),
        *(
            (
                "jpeg",
                JPEG_HEAD + frame(mark, 3, 2) + frame(0xC0, 5, 4),
                None,
            )
            for mark in (0, 1, 0xD0, 0xD7, 0xD8, 0xD9, 0xDA)
        ),
        *(  # a decoder skips what fills; the next is what it reads
            ("jpeg", JPEG_HEAD + b"\xff" * n + FALSE, 0x9000**2)
            for n in (1, 2, 3)
        ),
        ("jpeg", JPEG_HEAD + frame(0xC0, 0x9000, 0x9000), 0x9000**2),
        (
            "jpeg",
            JPEG_HEAD + b"\xff\xe0\x90" + bytes(0x8FFF) + frame(0xC0, 3, 2),
            6,
        ),
        ("jpeg", JPEG_HEAD + b"\xff\xe0\0\4\0\0", None),
    ],
)
def test_the_size_of_a_picture_stands_in_its_head(kind, data, pixels):
    text = base64.b64encode(data).decode()
    lines = "\n".join(text[k : k + 8] for k in range(0, len(text), 8))
    for written in (text, lines):
        assert pixels_of(f"image/{kind}", written) == pixels


def test_a_picture_is_read_to_where_its_size_must_stand():
    assert pixels_of("image/png", PNG + "AA") == 6
    assert pixels_of("image/png", " " * 2 * HEAD + PNG) is None


def test_a_huge_picture_goes():
    """437 kB that a browser would unpack to 14 gigabytes."""
    data = bytearray(base64.b64decode(PNG))
    data[16:24] = struct.pack("!II", 60_000, 60_000)
    huge = base64.b64encode(data).decode()
    (output,) = cleaned(new_output("display_data", {"image/png": huge}))
    assert output.data == {
        "text/plain": "(an output that is not shown here)"
    }
    jpeg = {"image/jpeg": picture("jpeg", 6000, 4000)}
    (output,) = cleaned(new_output("display_data", jpeg))
    assert "image/jpeg" not in output.data


def test_many_large_pictures_are_too_many():
    data = {"image/png": picture("png", 4000, 4000)}
    outputs = cleaned(
        *(new_output("display_data", data) for _ in range(20))
    )
    kept = sum("image/png" in output.data for output in outputs)
    assert kept == ALL_PIXELS // 4000**2


def test_as_many_pixels_as_may_be_stay_and_so_do_texts():
    whole = {"image/png": picture("png", 5000, 4000)}
    one, text = {"image/png": picture("png", 1, 1)}, {"text/plain": "Text."}
    outputs = cleaned(
        *(new_output("display_data", d) for d in (*[whole] * 10, one, text))
    )
    assert [*outputs[9].data] == ["image/png"]
    assert outputs[10].data == {
        "text/plain": "(an output that is not shown here)"
    }
    assert outputs[11].data == text


@pytest.mark.parametrize("kind", ["png", "jpeg"])
@pytest.mark.parametrize(
    "begins", [b"GIF89a", b"<svg/>", b"", b"\xff\xd8\xff"]
)
def test_a_picture_of_another_kind_goes(kind, begins):
    other = base64.b64encode(begins + bytes(40)).decode()
    (output,) = cleaned(
        new_output("display_data", {f"image/{kind}": other})
    )
    assert f"image/{kind}" not in output.data
