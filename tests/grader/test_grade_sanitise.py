"""What an instructor's browser or terminal would obey is taken out."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from grader.notebook.sanitise import sanitise, sanitised


def cleaned(*outputs):
    notebook = new_notebook(
        cells=[new_code_cell("", outputs=list(outputs))]
    )
    sanitise(notebook)
    return notebook.cells[0].outputs


def test_text_and_pixels_stay_and_scripts_go():
    data = {
        "text/plain": "<Figure>",
        "image/png": "iVBORw0KGgo=\n",
        "text/html": "<script>",
        "image/svg+xml": "<svg onload='x'/>",
        "application/javascript": "x()",
    }
    (output,) = cleaned(new_output("display_data", data))
    assert output.data == {
        "text/plain": "<Figure>",
        "image/png": "iVBORw0KGgo=\n",
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
    assert sanitised(text) == kept
    stream = new_output("stream", text=text)
    error = new_output("error", ename="E", evalue=text, traceback=[text])
    first, second = cleaned(stream, error)
    assert first.text == second.evalue == second.traceback[0] == kept


def test_a_long_output_is_shown_whole():
    text = "x" * 20_000
    assert sanitised(text) == text
