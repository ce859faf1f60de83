"""What an instructor's browser or terminal would obey is taken out."""

import base64
import io
import struct

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from grader.notebook.sanitise import (
    ALL_PIXELS,
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
    (output,) = cleaned(new_output("display_data", data))
    assert "image/png" not in output.data


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
