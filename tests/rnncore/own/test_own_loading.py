"""What the reader's package holds is theirs; the course's fills the rest."""

import os

import pytest

from rnncore.checking import find
from rnncore.own import tasks
from rnncore.own.loading import load
from rnncore.own.tasks import FILES, TASKS, begin, course_function
from rnncore.storage.files import Refused
from tests.helpers.own import solve

CELL = '''"""Mine."""
from rnncore.backend import array_namespace

{0}
def rnn_cell(a_x, a_h, state):
    h = array_namespace(a_x).tanh(a_x + a_h)
    return (h,), h
'''


@pytest.fixture
def folder(tmp_path):
    """An almost empty package."""
    begin(tmp_path / "my_rnn")
    return tmp_path / "my_rnn"


def test_a_package_begins_with_docstrings_and_is_never_overwritten(folder):
    assert {p.name for p in folder.iterdir()} == {
        "README.md",
        *(f"{file.name}.py" for file in FILES),
    }
    (folder / "cell.py").write_text(CELL.format(""))
    (folder / "gru.py").unlink()
    assert [p.name for p in begin(folder)] == ["gru.py"]
    assert (folder / "cell.py").read_text() == CELL.format("")


def test_a_folder_that_is_none_is_refused(tmp_path):
    (tmp_path / "my_rnn").write_text("a file")
    with pytest.raises(Refused, match="expected a folder"):
        begin(tmp_path / "my_rnn")


def test_nothing_written_is_the_courses(folder):
    own = load(folder)
    assert own == ({}, [], {})
    for name, task in TASKS.items():
        assert found(task) is course_function(name)


def found(task):
    """What an import from the reader's package gives."""
    module = __import__(f"my_rnn.{task.file}", fromlist=[task.name])
    return getattr(module, task.name)


def test_what_is_solved_is_the_readers(tmp_path):
    folder = solve(tmp_path / "my_rnn")
    own = load(folder)
    assert (list(own.functions), own.problems) == (list(TASKS), [])
    for name, task in TASKS.items():
        assert found(task) is own.functions[name]
        assert own.functions[name] is not course_function(name)
    lines = [
        line
        for file in folder.glob("*.py")
        for line in file.read_text().split("\n")
        if line.strip()
    ]
    assert 250 < len(lines) < 450


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("def f(:", "cell.py, line 4: SyntaxError"),
        ("1 / 0", "cell.py, line 4: ZeroDivisionError"),
        ("raise SystemExit", "cell.py, line 4: SystemExit"),
        ("import nowhere", "cell.py, line 4: ModuleNotFoundError"),
        ("while True: pass", "cell.py, line 4: importing the file took"),
        ("import os; os._exit(0)", "cell.py: importing the file ended"),
        ("print('noise'); [" * 200, "cell.py, line 5: "),
        ("\0", "cell.py"),
    ],
)
def test_a_broken_file_is_told_and_the_others_count(folder, line, says):
    (folder / "cell.py").write_text(CELL.format(line))
    text = (folder / "gru.py").read_text()
    text = text.replace("Backward through `gru_cell`.", "Mine.")
    (folder / "gru.py").write_text(f"{text}    return None\n")
    own = load(folder, seconds=1)
    assert list(own.functions) == ["gru_cell_vjp"]
    assert len(own.problems) == 1
    assert says in own.problems[0], own.problems
    assert found(TASKS["rnn_cell"]) is course_function("rnn_cell")


def test_another_signature_is_told_with_its_line(folder):
    text = CELL.format("").replace("a_x, a_h, state", "x, h")
    (folder / "cell.py").write_text(text)
    own = load(folder)
    assert own.functions == {}
    (problem,) = own.problems
    assert problem.startswith("my_rnn/cell.py, line 5: expected rnn_cell(")
    assert "(a_x, a_h, state), got rnn_cell(x, h);" in problem


def test_the_courses_function_imported_is_not_the_readers(folder):
    (folder / "cell.py").write_text("from rnncore.rnn import rnn_cell\n")
    assert load(folder).functions == {}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_what_is_no_file_is_not_read(folder):
    (folder / "cell.py").unlink()
    os.mkfifo(folder / "cell.py")
    (folder / "bptt.py").unlink()
    (folder / "bptt.py").mkdir()
    assert len(load(folder).problems) == 2


def test_it_counts_what_is_written_below_what_is_wrong(folder):
    assert load(folder).says() == "Yours: 0 of 22"
    (folder / "cell.py").write_text(CELL.format(""))
    assert load(folder).says() == "Yours: 1 of 22 (rnn_cell)"
    (folder / "gru.py").write_text("def f(:")
    problem, count = load(folder).says().split("\n")
    assert problem.startswith("my_rnn/gru.py, line 1: SyntaxError")
    assert count == "Yours: 1 of 22 (rnn_cell)"


def test_of_many_it_says_what_is_missing(tmp_path):
    folder = solve(tmp_path / "my_rnn")
    (folder / "sequence.py").unlink()
    says = load(folder).says()
    assert says == "Yours: 21 of 22 (all but probability)"


def test_a_helper_in_a_file_of_its_own_is_loaded_anew(folder):
    text = CELL.format("from .helpers import half") + "    # half\n"
    (folder / "cell.py").write_text(text)
    (folder / "helpers.py").write_text("def half(a):\n    return 1\n")
    cell = load(folder).functions["rnn_cell"]
    assert cell.__globals__["half"](0) == 1
    (folder / "helpers.py").write_text("def half(a):\n    return 20\n")
    cell = load(folder).functions["rnn_cell"]
    assert cell.__globals__["half"](0) == 20
    (folder / "helpers.py").write_text("\n\n1 / 0\n")
    (problem,) = load(folder).problems
    assert "my_rnn/cell.py needs my_rnn/helpers.py, line 3: Zero" in problem


def test_the_package_lies_in_the_courses_tree():
    assert tasks.FOLDER == find.TREE / "my_rnn"
