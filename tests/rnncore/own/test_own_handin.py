"""A function of the reader's package gets into the notebook to hand in."""

import json
import shutil

import pytest

from grader import ROOT
from rnncore.commands import check
from rnncore.own.handin import (
    NotTaken,
    fill,
    is_taken,
    mark_origin,
    source_of,
)
from rnncore.own.loading import load
from rnncore.own.tasks import begin
from tests.helpers.own import solve


@pytest.fixture
def notebook(tmp_path):
    """A released notebook."""
    shutil.copytree(
        ROOT / "exercises" / "ch03_bptt", tmp_path / "ch03_bptt"
    )
    return tmp_path / "ch03_bptt" / "ch03_bptt.ipynb"


def answer(notebook):
    """The cell of the closed-book task."""
    for cell in json.loads(notebook.read_text())["cells"]:
        meta = cell["metadata"].get("nbgrader", {})
        if meta.get("grade_id") == "bptt" and meta["solution"]:
            return "".join(cell["source"])
    return None


def put(notebook, source):
    made = json.loads(notebook.read_text())
    for cell in made["cells"]:
        meta = cell["metadata"].get("nbgrader", {})
        if meta.get("grade_id") == "bptt" and meta["solution"]:
            cell["source"] = source
    notebook.write_text(json.dumps(made))


def test_an_empty_answer_is_filled_once_and_nothing_else_changes(
    notebook, tmp_path
):
    folder = solve(tmp_path / "my_rnn")
    before = json.loads(notebook.read_text())
    said = fill(notebook, folder)
    assert said == ["bptt: taken from my_rnn/bptt.py into the notebook"]
    assert is_taken(answer(notebook))
    after = json.loads(notebook.read_text())
    changed = [
        old["metadata"]["nbgrader"]["grade_id"]
        for old, new in zip(before["cells"], after["cells"], strict=True)
        if old != new
    ]
    assert changed == ["bptt"]
    saved = notebook.stat().st_mtime_ns
    assert fill(notebook, folder) == []
    assert notebook.stat().st_mtime_ns == saved


def test_a_later_change_follows_and_an_edit_in_the_notebook_stays(
    notebook, tmp_path
):
    folder = solve(tmp_path / "my_rnn")
    fill(notebook, folder)
    path = folder / "bptt.py"
    path.write_text(path.read_text().replace("d_h + d_y", "d_y + d_h"))
    fill(notebook, folder)
    assert "d_y[t, ...] + d_h" in answer(notebook) or (
        "d_y + d_h" in answer(notebook)
    )
    edited = answer(notebook) + "\n# mine"
    put(notebook, edited)
    (said,) = fill(notebook, folder)
    assert said.startswith("bptt: the notebook's answer is kept")
    assert answer(notebook) == edited


def test_no_package_and_an_empty_one_change_nothing(notebook, tmp_path):
    before = notebook.read_bytes()
    assert fill(notebook, tmp_path / "my_rnn") == []
    begin(tmp_path / "my_rnn")
    assert fill(notebook, tmp_path / "my_rnn") == []
    assert notebook.read_bytes() == before


@pytest.mark.slow
def test_make_check_takes_it_and_what_it_needs(
    notebook, tmp_path, monkeypatch, capsys
):
    folder = solve(tmp_path / "my_rnn")
    path = folder / "bptt.py"
    text = path.read_text().replace("xp.sum(d_a_x", "_total(d_a_x")
    helper = (
        "import math as m\nALL = m.floor(0.5), 1\n\n\ndef _total(a, axis):"
    )
    helper += "\n    return array_namespace(a).sum(a, axis=ALL)\n"
    path.write_text(
        text.replace("\n\ndef bptt", f"\n\n{helper}\n\ndef bptt")
    )
    monkeypatch.setattr(check, "FOLDER", folder)
    check.main([str(notebook)])
    out = capsys.readouterr().out
    assert "bptt: taken from my_rnn/bptt.py" in out
    assert "+ bptt: holds (5 points)" in out, out
    assert "my_rnn" not in answer(notebook).split("\n", 1)[1]


def test_tasks_of_other_files_are_imported_from_the_course(tmp_path):
    folder = begin_with(
        tmp_path,
        "gru",
        "from my_rnn.lstm import sigmoid as s\n"
        "from my_rnn.cell import half\n\n"
        "def gru_cell(a_x, a_h, state):\n    return s(half(a_x)), a_h\n",
    )
    (folder / "cell.py").write_text("def half(a):\n    return a / 2\n")
    own = load(folder)
    assert source_of(own.functions["gru_cell"]) == (
        "from rnncore.lstm import sigmoid as s\n\n\n"
        "def half(a):\n    return a / 2\n\n\n"
        "def gru_cell(a_x, a_h, state):\n    return s(half(a_x)), a_h"
    )
    assert mark_origin(own.functions["gru_cell"]).startswith(
        "# from my_rnn/gru"
    )


def begin_with(tmp_path, name, text):
    begin(tmp_path / "my_rnn")
    (tmp_path / "my_rnn" / f"{name}.py").write_text(text)
    return tmp_path / "my_rnn"


HELPED = (
    "from {0}\n\n\ndef gru_cell(a_x, a_h, state):\n    return {1}, a_h\n"
)
FLAT = (
    "import math\nfrom .more import SIZE as S\n\n\n"
    "def flat(a):\n    return math.floor(a) + S\n"
)


def helped(tmp_path, line, call, helpers=FLAT):
    """The answer of a package with a helper in another file."""
    folder = begin_with(tmp_path, "gru", HELPED.format(line, call))
    (folder / "helpers.py").write_text(helpers)
    (folder / "more.py").write_text("SIZE = 3\n")
    own = load(folder)
    assert own.problems == []
    return source_of(own.functions["gru_cell"])


@pytest.mark.parametrize(
    ("line", "call"),
    [
        (".helpers import flat", "flat(a_x)"),
        ("my_rnn.helpers import flat", "flat(a_x)"),
        ("my_rnn.helpers import flat as f", "f(a_x)"),
    ],
)
def test_a_helper_of_another_file_comes_along(tmp_path, line, call):
    made = helped(tmp_path, line, call)
    names = {}
    exec(made, names)  # noqa: S102
    assert names["gru_cell"](4.5, 1, ()) == (7, 1)
    assert "my_rnn" not in made


def test_helpers_that_call_each_other_come_along(tmp_path):
    made = helped(
        tmp_path,
        ".helpers import even",
        "even(a_x)",
        "def even(n):\n    return n == 0 or odd(n - 1)\n\n\n"
        "def odd(n):\n    return n > 0 and even(n - 1)\n",
    )
    names = {}
    exec(made, names)  # noqa: S102
    assert names["gru_cell"](4, 1, ()) == (True, 1)


@pytest.mark.parametrize(
    ("line", "call", "helpers", "says"),
    [
        (". import helpers", "helpers.flat(a_x)", FLAT, r"got `from \. im"),
        (".helpers import *", "flat(a_x)", FLAT, "import \\*"),
        (
            ".helpers import F",
            "F",
            "from pathlib import Path\nF = Path(__file__)\n",
            "__file__",
        ),
        (
            ".helpers import read",
            "read()",
            "def read():\n    return open('my_rnn/README.md').read()\n",
            "README.md",
        ),
        (
            ".helpers import one",
            "one(), gru()\n\n\ndef gru():\n    return 2",
            "def gru():\n    return 1\n\n\ndef one():\n    return gru()\n",
            "expected one gru, got two",
        ),
        (
            ".helpers import late",
            "late()",
            "def late():\n    return missing\n",
            "uses missing",
        ),
    ],
)
def test_what_cannot_work_in_a_notebook_is_refused(
    tmp_path, line, call, helpers, says
):
    with pytest.raises(NotTaken, match=says):
        helped(tmp_path, line, call, helpers)


def test_a_refused_function_is_told_and_the_notebook_kept(
    notebook, tmp_path
):
    folder = solve(tmp_path / "my_rnn")
    path = folder / "bptt.py"
    path.write_text(f"from . import helpers\n{path.read_text()}")
    (folder / "helpers.py").write_text(FLAT)
    (folder / "more.py").write_text("SIZE = 3\n")
    text = path.read_text().replace("xp.sum(d_a_x", "helpers.flat(d_a_x")
    path.write_text(text)
    before = notebook.read_bytes()
    (said,) = fill(notebook, folder)
    assert said.startswith("bptt: not taken from my_rnn/bptt.py: my_rnn/")
    assert notebook.read_bytes() == before
