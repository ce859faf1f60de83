"""What pages and notebooks show with: figures, flipbooks, sound."""

import base64
import io
import re
import subprocess
import sys
import wave
import xml.etree.ElementTree as ET

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from rnncore import display
from tests.helpers import ROOT
from tests.helpers.arrays import assert_close
from tools.build.kernels import Manager

matplotlib.use("agg")


def line(value):
    fig, ax = plt.subplots(figsize=(2, 1))
    ax.plot([0, value])
    return fig


def run_cells(*sources):
    """The outputs of the last cell, from a real kernel."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(
        notebook,
        timeout=60,
        kernel_name="python3",
        kernel_manager_class=Manager,
    ).execute()
    return notebook.cells[-1].outputs


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (3e-10, "3 · 10⁻¹⁰"),
        (1.96e5, "2 · 10⁵"),
        (-0.04, "-4 · 10⁻²"),
        (1, "1 · 10⁰"),
        (0, "0"),
    ],
)
def test_a_power_of_ten_has_one_digit_and_its_exponent(value, words):
    assert display.power_of_ten(value) == words


def test_a_power_of_ten_needs_a_finite_number():
    with pytest.raises(ValueError, match=r"^value: .* nan$"):
        display.power_of_ten(float("nan"))


def test_flipbook_has_one_frame_a_value_and_shows_the_first():
    page = display.flipbook(line, [0.5, 1.0, 2.0], "slope", str)
    images = re.findall(r"<img [^>]*>", page.html)
    assert [" hidden>" in image for image in images] == [False, True, True]
    assert [re.search('alt="(.*?)"', i)[1] for i in images] == [
        "0.5",
        "1.0",
        "2.0",
    ]
    assert 'max="2"' in page.html
    assert "<output>0.5</output>" in page.html


def test_flipbook_frames_are_pictures_of_different_values():
    page = display.flipbook(line, [1, 2], "slope", "a line")
    frames = re.findall(r'src="data:image/png;base64,(.*?)"', page.html)
    assert len(set(frames)) == 2
    assert all(base64.b64decode(f).startswith(b"\x89PNG") for f in frames)


def test_flipbook_closes_its_figures():
    before = plt.get_fignums()
    display.flipbook(line, [1, 2], "slope", "a line")
    assert plt.get_fignums() == before


def test_flipbook_escapes_what_it_is_given():
    page = display.flipbook(line, [1], 'a < "b"', lambda value: '"<x>"')
    assert "a &lt; &quot;b&quot;" in page.html
    assert 'alt="&quot;&lt;x&gt;&quot;"' in page.html


def test_flipbook_without_values_says_so():
    with pytest.raises(ValueError, match=r"^values:"):
        display.flipbook(line, [], "slope", "a line")


def test_flipbook_names_the_value_for_which_draw_gave_no_figure():
    with pytest.raises(TypeError, match=r"draw\(3\).*got NoneType"):
        display.flipbook(lambda value: None, [3], "slope", "a line")


def test_a_flipbooks_slider_has_a_name():
    page = display.flipbook(line, [1], "a < b", "a line")
    slider = re.search(r"<input [^>]*>", page.html)[0]
    assert 'aria-label="a &lt; b"' in slider


def test_a_table_has_headings_for_columns_and_rows():
    html = display.table(
        ["", "a < b"], [["x", 0.5], ["y", "2 kB"]], "c"
    ).html
    root = ET.fromstring(html)
    heads = [(th.get("scope"), th.text) for th in root.iter("th")]
    assert heads == [("col", "a < b"), ("row", "x"), ("row", "y")]
    empty, *cells = [td.text for td in root.iter("td")]
    assert empty is None  # a corner without words is no heading
    assert cells == ["0.5", "2 kB"]
    assert root.find("caption").text == "c"


def test_a_column_of_words_is_told_from_one_of_numbers():
    rows = [["a", "CC BY 4.0", "4 MB"], ["b", "none", "n/a"]]
    html = display.table(["set", "licence", "size"], rows).html
    kinds = [td.get("class") for td in ET.fromstring(html).iter("td")]
    assert kinds == ["words", None] * 2


def test_a_row_that_does_not_fit_its_heads_is_told():
    with pytest.raises(ValueError, match=r"rows\[1\]: expected 2 cells"):
        display.table(["a", "b"], [[1, 2], [3]])


def test_play_carries_the_sound_itself():
    samples = np.array([0.0, 0.5, -1.0])
    page = display.play(samples, 8000, "three samples")
    sound = re.search(r"base64,([^\"]+)", page.html)[1]
    with wave.open(io.BytesIO(base64.b64decode(sound))) as file:
        assert file.getframerate() == 8000
        heard = np.frombuffer(file.readframes(3), "<i2") / 32767
    assert_close(heard, samples, within=0.5 / 32767)


def test_play_names_the_player_for_eye_and_ear():
    page = display.play(np.zeros(4), 8000, "rain & wind")
    assert "<figcaption>rain &amp; wind</figcaption>" in page.html
    assert 'aria-label="rain &amp; wind"' in page.html


@pytest.mark.parametrize(
    "samples", [[0.0, 1.5], [0.0, np.nan], [[0.0, 0.0]], []]
)
def test_play_refuses_what_is_no_sound(samples):
    with pytest.raises(ValueError, match=r"^samples:"):
        display.play(np.array(samples), 8000, "noise")


def test_lines_name_the_curve_that_does_not_fit():
    with pytest.raises(ValueError, match=r"b: expected \(2,\), got \(3,\)"):
        display.plot_lines(
            {"a": [1, 2], "b": [1, 2, 3]}, "x", "y", x=[0, 1]
        )
    with pytest.raises(ValueError, match=r"^series:"):
        display.plot_lines({}, "x", "y")


@pytest.mark.slow
def test_a_notebook_gets_pictures_as_svg_in_the_courses_style():
    (output,) = run_cells(
        "import matplotlib.pyplot as plt\n"
        "from rnncore.display import use_style\nuse_style()",
        "plt.plot([1, 2]);",
    )
    assert "image/svg+xml" in output.data
    assert "#0072b2" in output.data["image/svg+xml"].lower()


def test_without_matplotlib_lines_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ModuleNotFoundError, match="pip install matplotlib"):
        display.plot_lines({"loss": [3, 2, 1]}, "step", "loss")


@pytest.mark.slow
def test_a_notebook_with_matplotlib_gets_one_figure_a_call():
    outputs = run_cells(
        "from rnncore.display import plot_lines\n"
        "plot_lines({'a': [3, 2], 'b': [1, 2]}, 'step', 'loss')\n"
        "plot_lines({'a': [3, 2]}, 'step', 'loss')",
    )
    assert len(outputs) == 2


def test_matplotlib_is_not_imported_before_it_is_needed():
    code = "import sys, rnncore.display; print('matplotlib' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "False"


def test_the_style_needs_no_other_import_before_it():
    code = (
        "from rnncore.display import use_style; use_style()\n"
        "import matplotlib; print(matplotlib.rcParams['font.size'])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "11.0"


def test_the_colours_are_the_same_wherever_they_stand():
    cycle, gates = [*display.CYCLE], [*display.GATE_COLORS.values()]
    values = "|".join(value[1:] for value in cycle)
    trees = "*", "book/*", "book/_static/**/*", "rnncore/**/*", "tools/**/*"
    kinds = {".css", ".js", ".md", ".mjs", ".mplstyle", ".py"}
    found = {}
    for path in (path for tree in trees for path in ROOT.glob(tree)):
        if path.suffix in kinds:
            text = path.read_text("utf-8")
            if those := re.findall(rf'(?i)[#"]({values})\b', text):
                name = path.relative_to(ROOT).as_posix()
                found[name] = [f"#{value.upper()}" for value in those]
    assert found == {
        "STYLE.md": gates,
        "book/_static/check-number.js": [display.BLUE] * 2,
        "book/_static/live/base.mjs": gates,
        "book/_static/state-map.js": cycle[:2],
        "rnncore/display/__init__.py": cycle,
        "rnncore/display/course.mplstyle": cycle,
        "tools/publish/volume/paper.css": cycle[:1],
    }


def test_a_growing_text_is_printed_piece_by_piece(capsys):
    show = display.growing_output()
    show("a")
    assert capsys.readouterr().out == "a"
    show("\nb")
    assert capsys.readouterr().out == "\nb"


@pytest.mark.slow
def test_a_growing_text_is_one_output_of_a_notebook():
    (output,) = run_cells(
        "from rnncore.display import growing_output",
        "show = growing_output()\nfor piece in 'a', '\\n  ', 'b':\n    show(piece)",
    )
    assert output.data == {"text/plain": "a\n  b"}
