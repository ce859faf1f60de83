"""The pages as notebooks."""

import base64
import json
import re

import nbformat
import numpy as np
import pytest

from tools import measurements
from tools.build import book
from tools.publish import notebooks
from tools.site import reading

PAGES = [  # with code: all that become notebooks, as a test below asserts
    p
    for p in book.page_paths()
    if "{code-cell}" in p.read_text("utf-8") and p.stem != "capstone"
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_s_notebook_is_valid_and_its_text_is_markdown(page):
    made = notebooks.make_notebook(page, {})
    nbformat.validate(made)
    text = "\n".join(
        c.source for c in made.cells if c.cell_type == "markdown"
    )
    assert not re.findall(
        r"\{(?:doc|glue:text|cite|eq|numref|minutes|[Cc]hapters?)[:\w]*\}`",
        text,
    )
    assert ":::" not in text


def test_a_notebook_has_no_ids_drawn_at_random():
    page = PAGES[0]
    assert notebooks.make_notebook(page, {}) == notebooks.make_notebook(
        page, {}
    )


def test_a_page_without_code_has_no_notebook(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Words only\n")
    assert notebooks.make_notebook(page, {}) is None


@pytest.mark.slow
def test_a_page_that_reads_the_course_s_folders_has_none():
    left = {p for p in book.page_paths() if book.read_notebook(p)}
    (none,) = left - set(PAGES)
    assert left > set(PAGES)
    assert none.stem == "capstone"
    assert notebooks.make_notebook(none, {}) is None


def test_roles_and_boxes_become_words():
    text = (
        "{Chapter}`loop`, {doc}`the loop <ch02_loop>` of {cite:t}`elman1990` gives "
        "{glue:text}`loss:.2f` and {glue:text}`none`.\n\n"
        ":::{dropdown} Why?\n:open:\n\nBecause.\n:::\n\n"
        "$$\na = b\n$$ (eq-a)\n"
    )
    made = notebooks.to_markdown(text, {"loss": "np.float64(0.128)"})
    assert made == (
        "Chapter 2.1, the loop of [elman1990] gives 0.13 and *(computed below)*.\n\n"
        "<details><summary>Why?</summary>\n\nBecause.\n\n</details>\n\n"
        "$$\na = b\n$$\n"
    )


def test_a_prediction_s_choices_stand_in_its_box_and_the_answer_does_not():
    text = (
        ":::{predict}\n:choices: 'a: b | c'\n:answer: c\nWhich?\n:::\n\n"
        ":::{predict-end}\n:::\n"
    )
    made = notebooks.to_markdown(text, {})
    box = "> **Predict**\n>\n> Which?\n> \n> - a: b\n> - c"
    assert made.rstrip() == box


def test_a_file_that_the_page_prints_stands_in_the_notebook():
    path = "../examples/min_rnn.py"
    text = f"Run\n\n```{{literalinclude}} {path}\n:language: python\n```\n\nit."
    made = notebooks.to_markdown(text, {})
    file = (book.BOOK / path).read_text("utf8")
    assert made == f"Run\n\n```python\n{file}```\n\nit."


def test_a_figure_is_a_picture_within_the_notebook():
    text = (book.BOOK / "ch07_gru.md").read_text("utf-8")
    made = notebooks.to_markdown(text, {})
    (words, code) = re.search(
        r"!\[(Wiring .*)\]\(data:image/svg\+xml;base64,(\S+)\)", made
    ).groups()
    assert f":alt: {words}\n" in text
    kept = (book.BOOK / "wires" / "gru.svg").read_bytes()
    assert base64.b64decode(code) == kept
    assert "\n*One step of a GRU, $h_t = " in made


def test_a_notebook_says_how_long_its_page_takes_to_read():
    page = book.BOOK / "ch02_cell.md"
    made = notebooks.make_notebook(page, {})
    minutes = reading.count_minutes(page.read_text("utf-8"))
    assert f"*{minutes} minutes to read, " in made.cells[0].source


def test_usual_wrong_answers_become_a_list():
    text = (
        ":::{dropdown} 1. Why?\nBecause.\n\n"
        '"No reason."\n: There is one.\n\n"Chance."\n: It holds always.\n:::'
    )
    assert notebooks.to_markdown(text, {}) == (
        "<details><summary>1. Why?</summary>\n\nBecause.\n\n"
        "**Usual wrong answers**\n\n"
        '- "No reason." There is one.\n\n- "Chance." It holds always.\n\n'
        "</details>"
    )


def test_a_notebook_brings_the_measurements_that_it_reads(
    tmp_path, monkeypatch
):
    page = book.BOOK / "ch07_compared.md"
    cells = notebooks.make_notebook(page, {}).cells
    (cell,) = (c for c in cells if c["id"] == "measurements")
    monkeypatch.chdir(tmp_path)
    exec(cell.source, {})  # noqa: S102 - what the notebook runs
    written = json.loads(
        (tmp_path / "measurements/ch07_compared.json").read_text()
    )
    stored = measurements.read()
    assert written
    assert all(
        entry[part] == stored[key][part]
        for key, entry in written.items()
        for part in ("value", "unit", "seed", "command")
    )


@pytest.mark.parametrize("seed", [0, 7])
def test_the_first_cell_s_seed_is_that_of_all_random_numbers(
    tmp_path, seed
):
    page = tmp_path / "page.md"
    page.write_text(
        "---\nkernelspec: {name: python3, display_name: Python 3}\n"
        "jupytext: {text_representation: {format_name: myst}}\n---\n# A\n\n"
        "```{code-cell} ipython3\nimport numpy as np\n"
        "first = np.random.default_rng(3).random()\n"
        "own = np.random.default_rng([3, 1]).random()\n"
        "pair = np.random.default_rng((3, 1)).random()\n```\n"
    )
    cells = notebooks.make_notebook(page, {}).cells
    code = [c.source for c in cells if c.cell_type == "code"]
    namespace = {}
    for source in [code[0].replace("= 0", f"= {seed}"), *code[1:]]:
        exec(source, namespace)  # noqa: S102 - what the notebook runs
    drawn = np.random.default_rng(3 + seed).random()
    assert namespace["first"] == drawn
    for name in "own", "pair":
        assert namespace[name] == np.random.default_rng([3, 1]).random()
