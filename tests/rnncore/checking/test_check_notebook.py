"""make check: the visible tests of one's own notebook, as fast as a save."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest

from grader import ROOT
from grader.assignments import builder
from grader.assignments.source import list_assignments
from rnncore.checking import client
from rnncore.checking.find import NotebookError, find_notebook
from rnncore.commands import answer
from rnncore.storage.files import CHECKS
from rnncore.testing.checks_file import pack_checks
from tests.helpers.checking import check, solved_release, write
from tests.helpers.grading import NAME

pytestmark = pytest.mark.slow


@pytest.fixture
def notebook(tmp_path):
    """A notebook to check, in a folder of its own."""
    folder = tmp_path / NAME
    folder.mkdir()
    return folder / f"{NAME}.ipynb"


def holding(checker):
    """Whether each test holds, as one who watches sees it."""
    answer = checker.ask(client.read_cells(checker.path), 30)
    return [test["holds"] for test in answer["tests"]]


def test_a_solved_notebook_holds(notebook, capsys):
    write(notebook)
    status, out = check(notebook, capsys)
    assert status == 0
    assert "+ double: holds (3 points)" in out
    assert "2 of 2 hold" in out


def test_a_failed_test_says_what_was_expected(notebook, capsys):
    write(notebook, double="def double(x): return 3 * x")
    status, out = check(notebook, capsys)
    assert status == 1
    assert "- double: double(1): expected 2, got 3" in out
    assert "+ triple: holds" in out


def test_a_change_is_seen_and_so_is_its_undoing(notebook, capsys):
    write(notebook)
    assert check(notebook, capsys)[0] == 0
    write(notebook, double="def double(x): return 3 * x")
    assert check(notebook, capsys)[0] == 1
    write(notebook)
    assert check(notebook, capsys)[0] == 0


def test_a_cell_finds_what_came_before_under_its_number(notebook):
    """As in Jupyter and in the grader, which run cells by the same function."""
    answer = "def double(x): return 2 * x\nassert In[1:] and len(Out) == 1"
    write(notebook, imports="first = 1\nfirst", double=answer)
    with client.Checker(notebook) as checker:
        found = checker.ask(client.read_cells(checker.path), 30)
    assert found["errors"] == []


def test_a_module_beside_the_notebook_may_change(notebook):
    answer = "def double(x): return helper.twice(x)"
    helper = notebook.with_name("helper.py")
    helper.write_text("def twice(x): return 2 * x")
    write(notebook, imports="import helper", double=answer)
    with client.Checker(notebook) as checker:
        assert holding(checker) == [True, True]
        helper.write_text("def twice(x): return 2 * x + 1")
        assert holding(checker) == [False, True]


def test_who_watches_waits_for_imports_once(notebook):
    write(notebook, imports="import matplotlib.pyplot")
    loaded = "import sys\nloaded = 'matplotlib.pyplot' in sys.modules"
    double = "def double(x): return 2 * x if loaded else 0"
    with client.Checker(notebook, ahead=True) as checker:
        assert holding(checker) == [True, True]
        write(notebook, imports=loaded, double=double)
        assert holding(checker) == [True, True]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def double(x) return 2", "code cell 2: line 1: SyntaxError"),
        (
            "def double(x):\n    return y",
            "NameError: name 'y' is not defined",
        ),
        ("def double(x):\n    return y", "(code cell 2, line 2)"),
        ("import os\nos._exit(3)", "double: code cell 2 ended Python"),
        ("while True: pass", "double: code cell 2 was stopped after 1 s"),
        (
            "def double(x): raise NotImplementedError()",
            "double: not written yet",
        ),
    ],
)
def test_what_goes_wrong_is_told(notebook, capsys, source, says):
    write(notebook, double=source)
    status, out = check(notebook, capsys, "--seconds", "1")
    assert (status, says in out) == (1, True), out


def test_an_end_within_a_line_leaves_the_tests_before_it(notebook, capsys):
    half = (
        "import os\nfor way in range(3, 12):\n"
        "    try: os.write(way, b'{\"at\": ')\n    except OSError: pass\n"
        "os._exit(3)"
    )
    write(notebook, triple=half)
    status, out = check(notebook, capsys)
    assert status == 1
    assert "+ double: holds" in out
    assert "ended Python; nothing after it ran" in out


def test_an_error_inside_a_check_is_placed_in_the_answer(notebook, capsys):
    test = (
        "from rnncore.testing import check\n\n"
        "check(double, lambda x: 2 * x, [dict(x=1)])"
    )
    write(notebook, double="def double(x):\n    return y", test_double=test)
    status, out = check(notebook, capsys)
    assert status == 1
    assert "double raised NameError" in out
    assert "(code cell 2, line 2)" in out, out


def test_a_process_that_a_cell_left_ends_with_the_check(notebook, capsys):
    leaves = "import subprocess\nsubprocess.Popen(['sleep', '98764'])"
    write(notebook, imports=leaves)
    check(notebook, capsys)
    left = [
        p
        for p in psutil.process_iter(["cmdline"])
        if p.info["cmdline"] == ["sleep", "98764"]
    ]
    assert not psutil.wait_procs(left, timeout=10)[1]


def test_points_in_part_are_told(notebook, capsys):
    write(notebook, test_double="print('1 of 2 boxes')\n1.5")
    status, out = check(notebook, capsys)
    assert status == 1
    assert "- double: 1.5 of 3 points\n      1 of 2 boxes" in out
    assert "Out[" not in out  # the value is the points, told above


@pytest.mark.parametrize("built", [False, True])
def test_it_says_where_the_book_explains_it(
    notebook, capsys, monkeypatch, tmp_path, built
):
    page = tmp_path / "_build/html/ch03_bptt.html"
    if built:
        page.parent.mkdir(parents=True)
        page.touch()
    monkeypatch.setattr(client, "BUILT", [page.parent])
    place = {"page": "ch03_bptt", "title": "Windows", "anchor": "windows"}
    made = {"explained": {"double": place}}
    notebook.with_name(CHECKS).write_bytes(pack_checks(json.dumps(made)))
    write(notebook, double="def double(x): return 0")
    out = check(notebook, capsys)[1]
    link = f": {page.as_uri()}#windows"
    words = " (in the book: ch03_bptt.html#windows)"
    assert f'Read "Windows"{link if built else words}\n' in out


@pytest.mark.parametrize(
    "text", ["", "[]", '{"cells": [{}]}', '{"cells": []}']
)
def test_what_is_no_notebook_is_refused(notebook, capsys, text):
    notebook.write_text(text)
    assert client.main([str(notebook)]) == 2
    assert "check: demo.ipynb" in capsys.readouterr().err


def test_a_folder_will_do_and_nothing_will_not(notebook, capsys):
    write(notebook)
    assert client.main([str(notebook.parent)]) == 0
    assert client.main([str(notebook.with_name("x"))]) == 2
    assert client.main([]) == 2


@pytest.mark.parametrize("word", ["6", "06", "ch06", "lstm", "ch06_lstm"])
def test_a_notebook_is_found_by_its_number_or_name(word):
    assert find_notebook(word).name == "ch06_lstm.ipynb"


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("9", "ch09_fused, ch09_torch"),
        ("ch06_lsmt", "Did you mean ch06_lstm?"),
        ("99", "There are: capstone, ch01_sequences, "),
        (None, "say which one, as `check 6`"),
    ],
)
def test_who_names_no_notebook_reads_which_there_are(word, says):
    with pytest.raises(NotebookError) as caught:
        find_notebook(word)
    assert says in str(caught.value)


def test_a_folder_of_several_notebooks_is_checked_whole(
    tmp_path, monkeypatch, capsys
):
    folder = tmp_path / "exercises" / "ps1"
    folder.mkdir(parents=True)
    for name, value in ("problem1", 2), ("problem2", 3):
        answer = f"def double(x):\n    return {value} * x"
        write(folder / f"{name}.ipynb", double=answer)
    monkeypatch.chdir(tmp_path)
    for word in ("ps1", "exercises/ps1", str(folder)):
        assert client.main([word]) == 1
        said = capsys.readouterr().out
        assert "problem1: visible tests" in said
        assert "problem2: visible tests" in said
        assert said.count("2 of 2 hold") == said.count("1 of 2 hold") == 1
    assert client.main(["problem1"]) == 0
    assert client.main(["exercises/ps1", "--watch"]) == 2
    assert "problem1.ipynb, problem2.ipynb" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["6", *list_assignments()])
def test_make_takes_a_number_or_a_name_and_keeps_quiet(word):
    said = subprocess.run(
        ["make", "-n", "check", word],
        check=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert f'-m rnncore check "{word}"' in said.stdout


def test_a_test_of_what_cannot_be_read_is_not_blamed(notebook, capsys):
    write(notebook, double="def double(x) return 2")
    out = check(notebook, capsys)[1]
    assert "- double: not run, see the error above" in out
    assert "NameError" not in out


def with_answer(path, text):
    """The solved notebook with a written question, and its answer."""
    made = write(path)
    cell = nbformat.v4.new_markdown_cell(text)
    cell.metadata["nbgrader"] = {
        "grade": True,
        "solution": True,
        "grade_id": "carousel",
        "points": 2,
    }
    made.cells.append(cell)
    nbformat.write(made, path)


def test_an_empty_written_answer_is_told(notebook, capsys):
    with_answer(notebook, "YOUR ANSWER HERE")
    assert "o carousel: your written answer" in check(notebook, capsys)[1]
    with_answer(notebook, "They left out the memory.")
    assert "o carousel" not in check(notebook, capsys)[1]


def test_a_model_answer_comes_after_ones_own(tmp_path, capsys):
    path = tmp_path / "ch06_lstm" / "ch06_lstm.ipynb"
    path.parent.mkdir()
    with_answer(path, "YOUR ANSWER HERE")
    assert answer.main([str(path)]) == 2
    assert "not written yet" in capsys.readouterr().err
    with_answer(path, "They left out the memory.")
    assert answer.main([str(path)]) == 0
    assert "The state of an LSTM is (h, c)" in capsys.readouterr().out


def test_where_no_solutions_are_no_model_answer_is(notebook, capsys):
    with_answer(notebook, "They left out the memory.")
    assert answer.main([str(notebook)]) == 2
    assert "no answers to demo" in capsys.readouterr().err


def test_a_failed_check_names_the_way_to_the_solution(notebook, capsys):
    write(notebook, triple="def triple(x): return 2 * x")
    assert "make answer" not in check(notebook, capsys)[1]
    notebook.with_name("answers.json").write_text('{"triple": ""}')
    said = check(notebook, capsys)[1]
    assert f"`make answer {NAME} TASK=triple`" in said
    write(notebook)
    assert "make answer" not in check(notebook, capsys)[1]


def test_a_folder_that_was_put_there_again_is_the_one_checked(notebook):
    def unpack():
        notebook.parent.mkdir(exist_ok=True)
        (notebook.parent / "words.txt").write_text("2")
        double = 'def double(x): return int(open("words.txt").read()) * x'
        write(notebook, double=double)

    unpack()
    with client.Checker(notebook) as checker:
        assert holding(checker) == [True, True]
        shutil.rmtree(notebook.parent)
        unpack()
        assert holding(checker) == [True, True]


LIMITED = """
import sys
from rnncore.checking import client, processes
processes.MOST_BYTES = 500_000_000
processes.MOST_PROCESSES = 60
sys.exit(client.main())
"""


def started(notebook, *options, program=None):
    """A check under way, and a function: which processes are of it.

    All that it starts inherits a variable, wherever it may go.
    """
    mark = f"CHECKED={notebook}"
    name, value = mark.split("=")
    how = ["-c", program] if program else ["-m", "rnncore", "check"]
    process = subprocess.Popen(
        [sys.executable, *how, str(notebook), *options],
        env=os.environ | {name: value},
        stdout=subprocess.PIPE,
        text=True,
    )

    def running():
        found = []
        for one in psutil.process_iter():
            with contextlib.suppress(psutil.Error):  # not ours, or ended
                if one.environ().get(name) == value:
                    found.append(one)
        return found

    return process, running


def test_a_check_leaves_nothing_running(notebook):
    write(notebook, imports="import os\nprint(os.environ['CHECKED'])")
    process, running = started(notebook)
    assert "2 of 2 hold" in process.communicate()[0]
    assert running() == []


STUBBORN = """
while True:
    try:
        while True: pass
    except BaseException: pass
"""
FORKED = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        x = b'x' * 200_000_000
        time.sleep(90)
time.sleep(90)
"""
PROGRAMS = """
import subprocess
while True: subprocess.Popen(['sleep', '90'])
"""
THREADS = """
import threading, time
while True: threading.Thread(target=time.sleep, args=[90]).start()
"""
FILLED = "x = []\nwhile True: x.append(b'x' * 10_000_000)"
FLOOD = "import os\nwhile True: os.write(1, b'x' * 10**6)"
ENDLESS = {  # and what is said of it
    "a loop": ("while True: pass", "after 3 s"),
    "a loop that lets nothing end it": (STUBBORN, "after 3 s"),
    "a loop in C": ("sum(iter(int, 1))", "after 3 s"),
    "print": ("while True: print('x' * 1000)", "after 3 s"),
    "print past Python": (FLOOD, "after 3 s"),
    "memory": (FILLED, "memory"),
    "memory of processes": (FORKED, "memory"),
    "forks": ("import os\nwhile True: os.fork()", "processes"),
    "programs": (PROGRAMS, "processes"),
    "threads": (THREADS, "processes"),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_a_cell_without_end_is_stopped_and_told_in_a_sentence(
    notebook, what
):
    cell, says = ENDLESS[what]
    write(notebook, double=cell)
    before = notebook.read_bytes(), sorted(notebook.parent.iterdir())
    options = "--seconds", "3" if says == "after 3 s" else "60"
    process, running = started(notebook, *options, program=LIMITED)
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 1
    (line,) = [line for line in said.splitlines() if "stopped" in line]
    assert line.startswith("  double: code cell 2 was stopped")
    assert says in line
    assert running() == []
    assert before == (
        notebook.read_bytes(),
        sorted(notebook.parent.iterdir()),
    )


@pytest.fixture
def interruptible():
    """Signals do here what they do at a terminal, also in the background."""
    usual = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGHUP: signal.SIG_DFL,
    }
    before = {n: signal.signal(n, usual[n]) for n in usual}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    "number", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"]
)
@pytest.mark.parametrize("cell", ["pass", "while True: pass"])
def test_all_that_watches_ends_with_it(
    notebook, interruptible, number, cell
):
    write(notebook, imports=cell)
    process, running = started(notebook, "--watch")
    if cell == "pass":
        while "hold" not in process.stdout.readline():
            assert process.poll() is None
        assert len(running()) == 2
    else:
        while len(running()) < 2:  # it asks, the cells run
            assert process.poll() is None
            time.sleep(0.01)
    process.send_signal(getattr(signal, number))
    process.communicate()
    assert psutil.wait_procs(running(), timeout=10)[1] == []


def test_watching_checks_at_each_save(
    notebook, capsys, monkeypatch, interruptible
):
    write(notebook)
    said = []
    plain = client.report

    def report(*about):
        said.append(plain(*about))
        if len(said) == 1:  # saved before the check has ended
            write(notebook, double="def double(x): return 0")
        else:
            signal.raise_signal(signal.SIGINT)
        return said[-1]

    monkeypatch.setattr(client, "report", report)
    status, _ = check(notebook, capsys, "--watch")
    assert status == 130
    assert len(said) == 2
    assert "2 of 2 hold" in said[0]
    assert "1 of 2 hold" in said[1]


@pytest.mark.weekly
@pytest.mark.parametrize("name", builder.list_assignments())
def test_a_changed_cell_of_a_real_assignment_is_checked_again(
    tmp_path, notebook, name
):
    path = solved_release(name, tmp_path)
    made = nbformat.read(path, as_version=4)
    code = [cell for cell in made.cells if cell.cell_type == "code"]
    command = [sys.executable, "-m", "rnncore", "check", str(path)]
    assert subprocess.run(command, check=False).returncode == 0
    for cell in (code[0], code[-2]):
        cell.source = f"# changed\n{cell.source}"
        nbformat.write(made, path)
        run = subprocess.run(
            command, check=False, capture_output=True, text=True
        )
        assert run.returncode == 0, run.stdout + run.stderr
