"""A class is graded whatever its notebooks hold, however often it stops."""

from __future__ import annotations

import copy
import csv
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell
from nbgrader.api import Gradebook, MissingEntry

from grader.assignments import builder
from grader.commands import grade
from grader.notebook import repair
from grader.run import grade_one, processes, record
from tests.helpers.grading import (
    NAME,
    NEEDS_SANDBOX,
    REFERENCE,
    SECRET,
    cell_of,
    formgrader,
    hand_in,
    make_course,
    make_once,
    nbgrader,
    solved,
    source_notebook,
    told,
)

# nbgrader's own habit; grader/course/gradebook.py says why it is harmless
pytestmark = [
    pytest.mark.slow,
    NEEDS_SANDBOX,
    pytest.mark.filterwarnings("ignore:Object of type <Submitted"),
]

SWALLOWS = """import time
while True:
    try: time.sleep(0.01)
    except BaseException: pass"""
FLOOD = "print('x' * 10**8)\ndef double(x): return 2 * x"
PICTURES = """from IPython.display import HTML, display
shown = display(HTML("small"), display_id=True)
shown.update(HTML("x" * 10**7))
def double(x): return 2 * x"""
LEAVES_PROCESS = """import subprocess
subprocess.Popen(["sleep", "98765"], start_new_session=True)
def double(x): return 2 * x"""
WARNS = """import warnings
def double(x):
    warnings.warn("careful", RuntimeWarning)
    return 2 * x"""


def with_cell(name, source):
    """The solved notebook with another text in one cell."""
    notebook = solved()
    cell_of(notebook, name).source = source
    return notebook


def without(*names):
    notebook = solved()
    gone = [cell_of(notebook, name) for name in names]
    notebook.cells = [cell for cell in notebook.cells if cell not in gone]
    return notebook


def with_meta(name, **changes):
    notebook = solved()
    cell_of(notebook, name).metadata["nbgrader"].update(changes)
    return notebook


def doubled(*names):
    notebook = solved()
    for name in names:
        at = notebook.cells.index(cell_of(notebook, name))
        twin = copy.deepcopy(notebook.cells[at])
        twin["id"] = f"twin-{name}"
        notebook.cells.insert(at, twin)
    return notebook


def kernel(name):
    notebook = solved()
    notebook.metadata["kernelspec"]["name"] = name
    return notebook


def skipping():
    notebook = with_cell("double", "def double(x): return 0")
    for name in ("test_double", "test_triple"):
        cell_of(notebook, name).metadata["tags"] = ["skip-execution"]
    return notebook


# learner: what is handed in, points of 5, what the learner is told
BROKEN = {
    "solved": (solved, 5, None),
    "Zoë [2] *": (solved, 5, None),
    "not_json": ("{'cells': oops", 0, "damaged at line 1, column 2"),
    "not_utf8": (b"\xff\xfe\x00{", 0, "not UTF-8"),
    "no_notebook": ("[1, 2]", 0, "JSON, but no notebook"),
    "no_cells": ('{"cells": [{"cell_type": "x"}]}', 0, "no notebook"),
    "too_deep": ("[" * 100_000, 0, "nested too deeply"),
    "long_number": ('{"cells": 1%s}' % ("0" * 5000), 0, "cannot be read"),
    "empty_file": ("", 0, "is empty (0 bytes)"),
    "too_large": (b" " * 21_000_000, 0, "21 MB, more than the 20 MB"),
    "syntax": (
        lambda: with_cell("double", "def double(x) return 2"),
        2,
        "code cell 2 (def double(x) return 2), line 1: SyntaxError: expected",
    ),
    "endless": (
        lambda: with_cell("double", "def double(x):\n    while True: pass"),
        2,
        "stopped after 3 s",
    ),
    "deaf": (
        lambda: with_cell("double", SWALLOWS),
        2,
        "did not end when told",
    ),
    "killed": (
        lambda: with_cell("triple", "import os\nos._exit(3)"),
        3,
        "code cell 4 ended the Python process",
    ),
    "no_tests": (
        lambda: without("test_double", "test_triple"),
        5,
        "'test_double' was missing: it was put back",
    ),
    "no_answer": (
        lambda: without("double"),
        2,
        "the answer cell 'double' is missing",
    ),
    "other_id": (
        lambda: with_meta("test_double", grade_id="mine"),
        5,
        "the mark of 'test_double' had been changed",
    ),
    "other_points": (
        lambda: with_meta("test_double", points=100),
        5,
        "the points of 'test_double' had been changed: they are 3",
    ),
    "no_schema": (
        lambda: with_meta("test_double", schema_version=1, grade="yes"),
        5,
        None,
    ),
    "twice": (
        lambda: doubled("double", "test_double"),
        5,
        "two cells are marked 'double'",
    ),
    "no_kernel": (
        lambda: kernel("julia-1.9"),
        5,
        "asks for the kernel 'julia-1.9'",
    ),
    "flood": (
        lambda: with_cell("double", FLOOD),
        5,
        "code cell 2 printed more than 1 MB",
    ),
    "pictures": (
        lambda: with_cell("double", PICTURES),
        5,
        "code cell 2 printed more than 1 MB",
    ),
    "skips": (skipping, 2, "double(1): expected 2, got 0"),
    "leaves": (lambda: with_cell("double", LEAVES_PROCESS), 5, None),
    "warns": (lambda: with_cell("double", WARNS), 5, None),
    "fraction": (
        lambda: with_cell("double", "def double(x): return 2 * int(x)"),
        2,
        "a check failed (in a hidden test, whose values are not shown)",
    ),
}
# learner: how the folder is laid out, what the learner is told
MISPLACED = {
    "wrong_name": "there is no demo.ipynb in the folder, it holds 'my.ipynb'",
    "no_file": "there is no demo.ipynb in the folder, it holds no notebook",
    "is_folder": "demo.ipynb is a folder",
    "is_link": "demo.ipynb is a link",
    "no_folder": "'demo.ipynb' is a file. Hand in a folder 'demo'",
    "other_task": "there is no assignment 'dmeo'. Is it 'demo'?",
    "huge": "demo.ipynb has 200 MB, more than the 20 MB that are graded",
    "is_pipe": "demo.ipynb is a link or a device",
    "linked": "'demo' is a link to another folder",
    "linked_all": "'demo' is a link to another folder",
    "other_notebook": "the cell 'test_double' was missing: it was put back",
}


def hand_in_misplaced(root):
    hand_in(root, "wrong_name", solved(), file="my.ipynb")
    hand_in(root, "no_file", "hello", file="readme.txt")
    hand_in(root, "other_task", solved(), assignment="dmeo")
    hand_in(root, "is_folder", "", file="x").with_name("demo.ipynb").mkdir()
    link = hand_in(root, "is_link", "", file="x").with_name("demo.ipynb")
    link.symlink_to(root / "nbgrader_config.py")
    huge = hand_in(root, "huge", "", file="x").with_name("demo.ipynb")
    with huge.open("wb") as file:
        file.truncate(200_000_000)
    pipe = hand_in(root, "is_pipe", "", file="x").with_name("demo.ipynb")
    os.mkfifo(pipe)
    other = nbformat.v4.new_notebook(cells=[new_code_cell("x = 1")])
    hand_in(root, "other_notebook", other)
    submitted = root / "grading" / "submitted"
    (submitted / "linked").mkdir()
    (submitted / "linked" / NAME).symlink_to("../solved/demo")
    (submitted / "linked_all").symlink_to("solved")
    loose = root / "grading" / "submitted" / "no_folder"
    loose.mkdir()
    nbformat.write(solved(), loose / "demo.ipynb")


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """A course that nbgrader knows already: making one takes seconds."""

    def make(root):
        root.mkdir()
        make_course(root)
        hand_in(root, "first", solved())
        assert grade.main(["--root", str(root)]) == 0
        for step in ("submitted", "autograded", "feedback"):
            shutil.rmtree(root / "grading" / step / "first")

    return make_once(tmp_path_factory, "prepared", make)


@pytest.fixture
def course(prepared, tmp_path):
    """A copy of the prepared course, to hand in and to grade."""
    return shutil.copytree(prepared, tmp_path / "course")


@pytest.fixture(scope="session")
def graded(prepared, tmp_path_factory):
    """A class in which everything that can go wrong goes wrong."""

    def make(root):
        shutil.copytree(prepared, root)
        for student, (content, _, _) in BROKEN.items():
            made = content() if callable(content) else content
            hand_in(root, student, made)
        hand_in_misplaced(root)
        submitted = root / "grading" / "submitted"
        os.mkfifo(submitted / "solved" / NAME / "pipe")
        status = grade.main(["--root", str(root), "--cell-seconds", "3"])
        (root / "status").write_text(str(status))

    return make_once(tmp_path_factory, "class", make)


def points_of(root):
    """Points by learner, as the gradebook has them."""
    with Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book:
        return {
            submission.student.id: submission.score
            for submission in book.assignment_submissions(NAME)
        }


def test_all_of_a_broken_class_is_graded(graded):
    assert (graded / "status").read_text() == "0"
    with (graded / "grading" / "points.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(BROKEN) + len(MISPLACED)
    assert {row["status"] for row in rows} == {"graded", "not gradable"}


@pytest.mark.parametrize("student", BROKEN)
def test_a_broken_notebook_gets_its_points_and_a_reason(graded, student):
    root = graded
    _, points, reason = BROKEN[student]
    assert points_of(root)[student] == points
    if reason is not None:
        assert reason in told(root, student)


@pytest.mark.parametrize("student", MISPLACED)
def test_a_misplaced_notebook_gets_zero_and_a_reason(graded, student):
    root = graded
    name = "dmeo" if student == "other_task" else NAME
    assert points_of(root).get(student, 0) == 0
    assert MISPLACED[student] in told(root, student, name)


def test_no_process_outlives_its_run(graded):
    commands = [p.info["cmdline"] for p in psutil.process_iter(["cmdline"])]
    assert ["sleep", "98765"] not in commands


def test_an_autograded_notebook_is_bounded(graded):
    root = graded
    files = list((root / "grading" / "autograded").rglob("*.ipynb"))
    assert len(files) == len(BROKEN) + len(MISPLACED) - 1
    assert max(file.stat().st_size for file in files) < 2_000_000


def test_feedback_holds_nothing_hidden(graded):
    root = graded
    pages = list((root / "grading" / "feedback").rglob("*.html"))
    assert len(pages) == len(BROKEN) + len(MISPLACED)
    for page in pages:
        text = page.read_text()
        assert SECRET not in text
        assert "HIDDEN TESTS" not in text
        assert REFERENCE not in text


def test_tasks_csv_has_a_line_for_each_graded_cell(graded):
    root = graded
    with (root / "grading" / "tasks.csv").open() as file:
        rows = [row for row in csv.DictReader(file)]
    found = [row for row in rows if row["learner"] == "fraction"]
    assert [(row["task"], row["points"]) for row in found] == [
        ("test_double", "0.0"),
        ("test_triple", "2.0"),
        ("why", "0.0"),
    ]
    assert found[2]["to_be_read"] == "1"


def test_the_table_shows_points_by_task(course, capsys):
    hand_in(course, "ann", with_cell("double", "def double(x): return 2"))
    assert grade.main(["--root", str(course)]) == 0
    out = capsys.readouterr().out
    assert re.search(r"1 of 1  ann demo: 2 of 6 points", out)
    assert re.search(r"learner +double +triple +why +points", out)
    assert re.search(r"ann +0 +2 +\? +2\+\? / 6", out)


def test_what_is_graded_is_not_graded_again(course, monkeypatch):
    ran = []

    def counting(job):
        ran.append(job.student)
        return real(job)

    real = processes.run
    monkeypatch.setattr(processes, "run", counting)
    hand_in(course, "ann", solved())
    hand_in(course, "bob", solved(), "unknown")
    command = ["--root", str(course)]
    assert [grade.main(command), grade.main(command)] == [0, 0]
    assert ran == ["ann"]

    hand_in(course, "ann", with_cell("double", "def double(x): return 0"))
    grade.main(command)
    assert ran == ["ann"] * 2
    assert points_of(course)["ann"] == 2

    text = source_notebook()
    cell_of(text, "test_double").metadata["nbgrader"]["points"] = 30
    cell_of(text, "test_triple").metadata["nbgrader"]["points"] = 20
    folder = course / "grading" / "source" / NAME
    nbformat.write(text, folder / f"{NAME}.ipynb")
    grade.main(command)
    assert ran == ["ann"] * 3
    assert points_of(course)["ann"] == 20


def test_sources_are_built_and_answers_in_exercises_are_kept(
    course, monkeypatch, capsys
):
    def build(name, root, values=None):
        target = root / "grading" / "source" / name
        target.mkdir(parents=True)
        nbformat.write(source_notebook(), target / f"{name}.ipynb")
        (root / "exercises" / name).mkdir(parents=True)

    monkeypatch.setattr(grade, "ROOT", course)
    monkeypatch.setattr(builder, "list_assignments", lambda: [NAME])
    monkeypatch.setattr(builder, "build", build)
    text = course / "solutions" / NAME / f"{NAME}.py"
    mine = course / "exercises" / NAME / f"{NAME}.ipynb"
    for path in (text, mine):
        path.parent.mkdir(parents=True)
        path.write_text("mine")
    shutil.rmtree(course / "grading" / "source")
    hand_in(course, "ann", solved())
    assert grade.main(["--root", str(course)]) == 0
    assert points_of(course)["ann"] == 5
    assert mine.read_text() == "mine"

    capsys.readouterr()
    assert grade.main(["--root", str(course)]) == 0
    assert "Building" not in capsys.readouterr().out
    data = text.with_name("data.csv")  # is released too
    data.write_text("1,2")
    later = time.time() + 10
    os.utime(data, (later, later))
    assert grade.main(["--root", str(course)]) == 0
    assert "Building the tests of demo" in capsys.readouterr().out


def test_an_older_release_is_graded_by_the_corrected_test(course):
    hand_in(course, "ann", solved())
    wrong = "def double(x): return x + x if x < 9 else 0"
    hand_in(course, "bob", with_cell("double", wrong))
    grade.main(["--root", str(course)])
    text = source_notebook()
    cell = cell_of(text, "test_double")
    cell.source = cell.source.replace("double(1) == 2,", "double(9) == 18,")
    folder = course / "grading" / "source" / NAME
    nbformat.write(text, folder / f"{NAME}.ipynb")
    assert grade.main(["--root", str(course)]) == 0
    assert points_of(course) == {"first": 5, "ann": 5, "bob": 2}
    made = "your notebook was made from version 1 of the assignment"
    assert made in told(course, "ann")
    assert "graded with version 2" in told(course, "ann")


def test_what_is_handed_in_again_counts_anew(course):
    path = hand_in(
        course, "ann", with_cell("double", "def double(x): pass")
    )
    grade.main(["--root", str(course)])
    assert points_of(course)["ann"] == 2
    with Gradebook(f"sqlite:///{course}/grading/gradebook.db") as book:
        given = book.find_grade("why", NAME, NAME, "ann")
        given.manual_score, given.needs_manual_grade = 1, False
        book.db.commit()
    nbformat.write(solved(), path)
    grade.main(["--root", str(course)])
    assert points_of(course)["ann"] == 6  # a person's point stays ...
    with Gradebook(f"sqlite:///{course}/grading/gradebook.db") as book:
        again = book.find_grade("why", NAME, NAME, "ann")
        assert not again.needs_manual_grade  # the answer is the same
    nbformat.write(with_cell("why", "Because I say so, now."), path)
    grade.main(["--root", str(course)])
    with Gradebook(f"sqlite:///{course}/grading/gradebook.db") as book:
        again = book.find_grade("why", NAME, NAME, "ann")
        assert again.needs_manual_grade  # another answer is to be read
        assert again.manual_score == 1
    assert count_entries(course) == {"submissions": 2, "grades": 6}


def test_a_changed_set_of_graded_cells_is_refused(course, capsys):
    hand_in(course, "ann", solved())
    grade.main(["--root", str(course)])
    text = source_notebook()
    cell_of(text, "test_double").metadata["nbgrader"]["grade_id"] = "new"
    folder = course / "grading" / "source" / NAME
    nbformat.write(text, folder / f"{NAME}.ipynb")
    assert grade.main(["--root", str(course)]) == 1
    assert "give the assignment a new name" in capsys.readouterr().err
    assert points_of(course)["ann"] == 5


def test_a_persons_points_and_words_are_kept(course):
    hand_in(course, "ann", solved())
    grade.main(["--root", str(course)])
    with Gradebook(f"sqlite:///{course}/grading/gradebook.db") as book:
        given = book.find_grade("why", NAME, NAME, "ann")
        given.manual_score, given.needs_manual_grade = 1, False
        comment = book.find_comment("why", NAME, NAME, "ann")
        comment.manual_comment = "Well said."
        book.db.commit()
    assert grade.main(["--root", str(course)]) == 0
    assert points_of(course)["ann"] == 6
    assert "6 of 6 points" in told(course, "ann")
    assert "Well said." in told(course, "ann")


def test_nbgraders_rule_for_late_work_is_applied(course):
    hand_in(course, "ann", solved())
    late = hand_in(course, "bob", solved())
    late.with_name("timestamp.txt").write_text("2026-02-01 10:00:00 UTC")
    with (course / "nbgrader_config.py").open("a") as config:
        config.write('c.LateSubmissionPlugin.penalty_method = "zero"\n')
    with Gradebook(f"sqlite:///{course}/grading/gradebook.db") as book:
        book.update_or_create_assignment(NAME, duedate="2026-01-31")
    assert grade.main(["--root", str(course)]) == 0
    assert "5 of 6 points" in told(course, "ann")
    assert "0 of 6 points" in told(course, "bob")
    assert "5 taken off for handing in late" in told(course, "bob")


def test_the_time_of_a_notebook_is_limited_as_a_whole(course):
    notebook = solved()
    nap = "import time\ntime.sleep(3)"
    at = notebook.cells.index(cell_of(notebook, "triple"))
    notebook.cells[at:at] = [new_code_cell(nap) for _ in range(8)]
    hand_in(course, "sleepy", notebook)
    grade.main(["--root", str(course), "--total-seconds", "5"])
    assert points_of(course)["sleepy"] == 3
    assert "used up its 5 s before code cell" in told(course, "sleepy")


def test_a_name_that_no_gradebook_can_hold_stops_nobody_else(
    course, capsys
):
    hand_in(course, "ann", solved())
    hand_in(course, "b\udcffb", solved())
    hand_in(course, "cy", solved(), "de\nmo")
    assert grade.main(["--root", str(course)]) == 1
    assert points_of(course) == {"first": 5, "ann": 5}
    complaints = capsys.readouterr().err
    assert r"'b\udcffb' in submitted/ has a name that" in complaints
    assert r"'de\nmo' in cy/ has a name that" in complaints


def test_a_file_that_may_not_be_read_stops_nobody_else(course, monkeypatch):
    hand_in(course, "ann", solved())
    closed = hand_in(course, "bob", solved())
    real = Path.read_bytes

    def read(path):
        if path == closed:
            raise PermissionError(path)
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read)
    assert grade.main(["--root", str(course)]) == 0
    assert points_of(course) == {"first": 5, "ann": 5, "bob": 5}


def test_a_gradebook_that_refuses_stops_nobody_else(course, monkeypatch):
    hand_in(course, "ann", solved())
    hand_in(course, "bob", solved())
    real = record._save

    def refuses(course, job, submission):
        if job.student == "ann":
            raise ValueError("no")
        real(course, job, submission)

    monkeypatch.setattr(record, "_save", refuses)
    assert grade.main(["--root", str(course)]) == 1
    assert points_of(course) == {"first": 5, "bob": 5}
    monkeypatch.setattr(record, "_save", real)
    assert grade.main(["--root", str(course)]) == 0
    assert points_of(course) == {"first": 5, "ann": 5, "bob": 5}


def test_a_grader_that_dies_is_told_and_tried_again(course, monkeypatch):
    hand_in(course, "ann", solved())
    hand_in(course, "bob", solved())
    dies = {"ann"}
    real = processes.run
    monkeypatch.setattr(
        processes,
        "run",
        lambda job: (
            grade_one.give_up(
                job, "the grader's process ended", failed=True
            )
            if job.student in dies
            else real(job)
        ),
    )
    assert grade.main(["--root", str(course)]) == 1
    assert points_of(course) | {"first": 5} == {
        "first": 5,
        "ann": 0,
        "bob": 5,
    }
    dies.clear()
    assert grade.main(["--root", str(course)]) == 0
    assert points_of(course)["ann"] == 5


@pytest.mark.parametrize("step", ["_save", "_write_result"])
def test_dying_while_recording_loses_nothing(course, monkeypatch, step):
    hand_in(course, "ann", solved())
    real = getattr(record, step)

    def dies(*args, **kwargs):
        real(*args, **kwargs) if step == "_save" else None
        raise KeyboardInterrupt

    monkeypatch.setattr(record, step, dies)
    assert grade.main(["--root", str(course)]) == 130
    monkeypatch.setattr(record, step, real)
    assert grade.main(["--root", str(course)]) == 0
    assert points_of(course)["ann"] == 5
    assert count_entries(course) == {"submissions": 2, "grades": 6}


def count_entries(root):
    with Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book:
        found = book.assignment_submissions(NAME)
        grades = [g for s in found for n in s.notebooks for g in n.grades]
        return {"submissions": len(found), "grades": len(grades)}


def start(root):
    return subprocess.Popen(
        [sys.executable, "-m", "grader", "grade", "--root", root],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def interrupt_runs(root, moments):
    """Stop a run a while after its n-th line, for each of `moments`."""
    for line_number, delay, how in moments:
        process = start(root)
        for _ in range(line_number):
            process.stdout.readline()
        time.sleep(delay)
        family = psutil.Process(process.pid).children(recursive=True)
        if how == signal.SIGINT:  # as a terminal does: all of the group
            os.killpg(process.pid, how)
        else:
            process.send_signal(how)
        said, _ = process.communicate()
        interrupted = (130, -signal.SIGINT)  # the latter: while it ends
        ended = (0, -signal.SIGKILL, *interrupted)
        assert process.returncode in ended, said
        _, alive = psutil.wait_procs(family, timeout=20)
        assert not alive


def check_interrupted(course, moments):
    students = {
        "ann": (solved(), 5),
        "bob": (with_cell("double", "def double(x): return 0"), 2),
        "cy": ("not json", 0),
        "dan": (with_cell("triple", "import os\nos._exit(1)"), 3),
        "eve": (solved(), 5),
    }
    for student, (content, _) in students.items():
        hand_in(course, student, content)
    interrupt_runs(course, moments)
    assert grade.main(["--root", str(course)]) == 0
    points = {student: points for student, (_, points) in students.items()}
    assert points_of(course) == points | {"first": 5}
    assert count_entries(course) == {"submissions": 6, "grades": 18}
    for student in students:
        result = course / "grading" / "results" / student / f"{NAME}.json"
        assert json.loads(result.read_text())["key"]


@pytest.mark.weekly
def test_an_interrupted_run_ends_with_the_same_points(course):
    chance = random.Random(1)
    moments = [
        (1, 1 + chance.random(), signal.SIGKILL),
        (2, chance.random() / 2, signal.SIGKILL),
        (2, chance.random() / 2, signal.SIGINT),
    ]
    check_interrupted(course, moments)


@pytest.mark.weekly
def test_a_run_that_is_killed_often_ends_with_the_same_points(course):
    chance = random.Random(2)
    moments = [
        (chance.randint(0, 2), 2 * chance.random(), signal.SIGKILL)
        for _ in range(15)
    ]
    check_interrupted(course, moments)


def test_a_second_grader_at_the_same_time_is_refused(course, capsys):
    from grader.course.settings import Course

    with Course(course).alone():
        assert grade.main(["--root", str(course)]) == 2
    assert "running already" in capsys.readouterr().err


def test_an_untouched_release_gets_zero(course):
    made = next((course / "grading" / ".assignments").glob("*"))
    release = made / "release" / NAME / f"{NAME}.ipynb"
    hand_in(course, "blank", release.read_text())
    grade.main(["--root", str(course)])
    assert points_of(course)["blank"] == 0
    assert "not written yet" in told(course, "blank")
    assert "ended in an error" not in told(course, "blank")


def test_a_lone_surrogate_can_be_graded(tmp_path):
    cell = {"cell_type": "code", "source": ["x = '\ud800'"], "metadata": {}}
    text = json.dumps({"nbformat": 4, "nbformat_minor": 5, "cells": [cell]})
    (tmp_path / f"{NAME}.ipynb").write_text(text)
    notebook = repair.read_notebook(tmp_path, NAME, 10_000)
    assert notebook.cells[0].source == "x = '?'"


def test_a_limit_that_does_not_exist_is_told(course, capsys):
    with (course / "nbgrader_config.py").open("a") as config:
        config.write("c.Grader.limits = {'cell_second': 3}\n")
    assert grade.main(["--root", str(course)]) == 2
    assert "there is no 'cell_second'" in capsys.readouterr().err


def test_there_is_no_grade_without_an_assignment(course, capsys):
    shutil.rmtree(course / "grading" / "source")
    hand_in(course, "ann", solved())
    assert grade.main(["--root", str(course)]) == 2
    assert "there is no assignment" in capsys.readouterr().err


def run_nbgrader(root, *command):
    run = nbgrader(root, *command)
    assert run.returncode == 0, run.stderr
    return run.stderr


@pytest.mark.weekly
def test_nbgraders_own_commands_work_on_the_same_folders(tmp_path):
    root = make_course(tmp_path)
    hand_in(root, "ann", solved())
    hand_in(root, "bob", with_cell("double", "def double(x): return 0"))
    hand_in(root, "cy", with_cell("double", WARNS))
    run_nbgrader(root, "generate_assignment", NAME)
    assert (root / "exercises" / NAME / f"{NAME}.ipynb").exists()
    run_nbgrader(root, "autograde", NAME)
    points = points_of(root)
    assert points == {"ann": 5, "bob": 2, "cy": 5}
    assert grade.main(["--root", str(root)]) == 0
    assert points_of(root) == points
    run_nbgrader(root, "export")
    with (root / "grades.csv").open() as file:
        rows = list(csv.DictReader(file))
    exported = {row["student_id"]: float(row["score"]) for row in rows}
    assert exported == points
    run_nbgrader(root, "generate_feedback", NAME, "--force")
    assert SECRET not in told(root, "bob")
    run_nbgrader(root, "db", "assignment", "remove", NAME, "--force")
    assert grade.main(["--root", str(root), "--workers", "1"]) == 0
    assert points_of(root) == points


SCRIPT = "<script>ATTACK()</script>"


@pytest.mark.weekly
def test_the_formgrader_opens_on_the_graded_class(course):
    answer = f"Because. **Really.** {SCRIPT}\n\n[x](javascript:ATTACK())"
    answer += "<img src=x onerror=ATTACK()>"
    notebook = with_cell("why", answer)
    notebook.cells.append(nbformat.v4.new_markdown_cell(SCRIPT))
    hand_in(course, "ann", notebook)
    grade.main(["--root", str(course)])
    with formgrader(course) as ask:
        page = ask("/gradebook")
        assert "nbgrader" in page
        assert "formgrader" in page.lower()
        rows = json.loads(ask(f"/api/submissions/{NAME}"))
        path = f"/api/submitted_notebooks/{NAME}/{NAME}"
        ids = {r["student"]: r["id"] for r in json.loads(ask(path))}
        work = ask(f"/submissions/{ids['ann']}/?index=0")
    scores = {row["student"]: row["score"] for row in rows}
    assert scores["ann"] == 5
    assert "Because." in work
    assert "<strong>Really.</strong>" in work
    assert re.search(r'<input[^>]* id="why"', work)  # for the points
    assert SCRIPT not in work  # what a learner wrote does not run
    assert not re.search(r"<[^>]*(onerror|javascript:)", work)


def test_nothing_is_known_of_a_learner_who_handed_in_nothing(graded):
    root = graded
    with (
        Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book,
        pytest.raises(MissingEntry),
    ):
        book.find_student("nobody")
