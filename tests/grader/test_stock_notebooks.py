"""nbgrader's own notebooks, as they are: built, tried and graded here."""

import shutil
import sys
from pathlib import Path

import nbformat
import nbgrader
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grader.assignments import builder, plain, source
from grader.commands import build, grade
from grader.course.settings import Limits
from grader.notebook.names import cell_metadata
from grader.reports.points import INSIDE
from grader.run import trial
from grader.trusted.inside import read_ways
from tests.helpers.grading import NEEDS_SANDBOX, ROOT
from tests.helpers.grading import nbgrader as run_nbgrader

STOCK = Path(nbgrader.__file__).parent
PS1 = STOCK / "docs" / "source" / "user_guide" / "source" / "ps1"
AUTOTESTS = STOCK / "tests" / "apps" / "files"
pytestmark = [
    NEEDS_SANDBOX,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),
]


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course without assignments."""
    for module in (source, builder, plain, build, trial):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    (tmp_path / "solutions").mkdir()
    return tmp_path


def add(course, name, *cells, **metadata):
    """An assignment with these cells in one notebook."""
    folder = course / "solutions" / name
    folder.mkdir()
    notebook = new_notebook(cells=[*cells], metadata=metadata)
    nbformat.write(notebook, folder / f"{name}.ipynb")


def pair(task, answer, test, points=2):
    """An answer's cell and its test."""
    text = f"### BEGIN SOLUTION\n{answer}\n### END SOLUTION"
    meta = cell_metadata(task, solution=True)
    graded = cell_metadata(
        f"test_{task}", grade=True, locked=True, points=points
    )
    return (
        new_code_cell(text, metadata=meta),
        new_code_cell(test, metadata=graded),
    )


def hand_in(course, who, name, *, solved):
    """The release, or the source's own answers, as a learner's."""
    folder = course / "grading" / "submitted" / who / name
    shutil.copytree(course / "exercises" / name, folder)
    for path in folder.glob("*.ipynb") if solved else ():
        made = course / "grading" / "source" / name / path.name
        nbformat.write(trial.solve(nbformat.read(made, 4)), path)


def points(course):
    """The points of each task, and whether a person is to read it."""
    lines = (course / "grading" / "tasks.csv").read_text().splitlines()
    cells = [line.split(",") for line in lines[1:]]
    return {(c[0], c[2]): (float(c[3]), c[5] == "1") for c in cells}


def test_the_quickstarts_two_notebooks_are_one_assignment(
    course, capsys, monkeypatch
):
    """With a header, cells marked by hand, and a task; as nbgrader gives."""
    shutil.copytree(PS1, course / "solutions" / "ps1")
    header = new_notebook(cells=[new_markdown_cell("Names: none yet")])
    nbformat.write(header, course / "solutions" / "header.ipynb")
    with (course / "nbgrader_config.py").open("a") as file:
        line = 'c.IncludeHeaderFooter.header = "solutions/header.ipynb"'
        file.write(f"\n{line}\n")
    assert builder.list_buildable() == ["ps1"]
    monkeypatch.setattr(sys, "argv", ["build", "ps1"])
    with pytest.raises(SystemExit) as built:
        build.main()
    assert not built.value.code
    said = capsys.readouterr().out
    assert "'sum_of_squares_uses_squares': runs inside" not in said
    assert "4 of 4 tests run outside the answer's process, 0 inside" in said
    for path in (course / "exercises" / "ps1").glob("*.ipynb"):
        assert "Names: none yet" in path.read_text()
        assert "SOLUTION" not in path.read_text()
    hand_in(course, "right", "ps1", solved=True)
    hand_in(course, "blank", "ps1", solved=False)
    hand_in(course, "half", "ps1", solved=True)
    (
        course / "grading" / "submitted" / "half" / "ps1" / "problem2.ipynb"
    ).unlink()
    assert grade.main(["--root", str(course)]) == 0
    shown = capsys.readouterr().out
    assert "half ps1: problem2: there is no problem2.ipynb" in shown
    got = points(course)
    for name, most in {
        "correct_squares": 1,
        "squares_invalid_input": 1,
        "correct_sum_of_squares": 0.5,
        "sum_of_squares_uses_squares": 0.5,
    }.items():
        assert got["right", name] == got["half", name] == (most, False)
        assert got["blank", name] == (0, False)
    for name in ("sum_of_squares_equation", "part-a", "part-b"):
        assert got["right", name] == (0, True)  # a person reads it
        assert got["blank", name] == (0, False)
    assert got["half", "part-a"] == (0, False)
    page = course / "grading" / "feedback" / "right" / "ps1" / "ps1.html"
    assert "fibonnaci" in page.read_text()  # of the second notebook
    run = run_nbgrader(course, "autograde", "ps1", "--force")
    assert run.returncode == 0, run.stderr[-2000:]
    assert grade.main(["--root", str(course)]) == 0
    assert "0 to grade" in capsys.readouterr().out
    assert points(course) == got  # nbgrader's command gives the same


@pytest.mark.parametrize("name", ["autotest-simple", "autotest-hashed"])
def test_autotests_are_filled_in_at_the_build(course, name):
    folder = course / "solutions" / name
    folder.mkdir()
    shutil.copy(AUTOTESTS / f"{name}.ipynb", folder)
    with pytest.raises(ValueError, match=r"expected autotests\.yml"):
        builder.build(name, course)
    shutil.copy(AUTOTESTS / "autotests.yml", course / "solutions")
    builder.build(name, course)
    (released,) = (course / "exercises" / name).iterdir()
    assert "AUTOTEST" not in released.read_text()
    tried = trial.try_assignment(name, course)
    assert (tried.lost, tried.given, tried.ways) == ([], [], {})


@pytest.mark.parametrize(
    ("kernel", "language"), [("ir", "R"), ("xcpp17", "C++17"), ("ir", None)]
)
def test_another_language_is_refused_by_name(course, kernel, language):
    spec = {"name": kernel, "display_name": kernel}
    spec |= {"language": language} if language else {}
    add(course, "other", *pair("x", "x = 1", "assert x"), kernelspec=spec)
    with pytest.raises(ValueError, match="in Python, got one in") as told:
        builder.build("other", course)
    assert kernel in str(told.value)


def test_two_cells_of_one_name_are_refused(course):
    add(course, "twice", *pair("x", "x = 1", "assert x"))
    folder = course / "solutions" / "twice"
    shutil.copy(folder / "twice.ipynb", folder / "again.ipynb")
    with pytest.raises(ValueError, match="a name for each marked cell"):
        builder.build("twice", course)


def test_a_test_that_its_own_solution_fails_stops_the_build(
    course, monkeypatch, capsys
):
    wrong = "assert four() > 0\nassert four() == 3, 'three is due'"
    answer = "def four():\n    return 4"
    add(course, "bad", *pair("four", answer, wrong))
    free = pair("free", "y = 1", "assert True", 1)
    good = pair("four", answer, "assert four() == 4")
    add(course, "good", *good, *free)
    monkeypatch.setattr(sys, "argv", ["build"])
    with pytest.raises(SystemExit) as stopped:
        build.main()
    said = capsys.readouterr().err
    assert "not built, see above: bad" in str(stopped.value)
    assert "solutions/bad: the cell 'test_four', line 2: " in said
    assert "gets 0 of 2: three is due" in said
    assert "'test_free': it gives points where nothing is written" in said
    assert "solutions/good: the cell 'test_four'" not in said


def test_a_test_that_needs_it_runs_inside_and_everybody_is_told(
    course, monkeypatch, capsys
):
    """A file that the answer writes; nbgrader gives the same points."""
    answer = "def save(t):\n    with open('a.txt', 'w') as f: f.write(t)"
    test = "save('abc')\nassert open('a.txt').read() == 'abc'"
    plain = pair("four", "four = 4", "assert four == 4", 1)
    add(course, "files", *pair("save", answer, test), *plain)
    monkeypatch.setattr(sys, "argv", ["build", "files"])
    with pytest.raises(SystemExit) as built:
        build.main()
    assert not built.value.code
    said = capsys.readouterr().out
    assert "'test_save': runs inside: " in said
    assert "1 of 2 tests run outside the answer's process, 1 inside" in said
    for folder in ("grading/source", "exercises"):
        path = course / folder / "files" / "files.ipynb"
        ways = read_ways(nbformat.read(path, 4))
        assert [*ways] == ["test_save"]
    hand_in(course, "right", "files", solved=True)
    hand_in(course, "blank", "files", solved=False)
    hand_in(course, "wrong", "files", solved=True)
    wrong = course / "grading" / "submitted" / "wrong" / "files"
    text = (wrong / "files.ipynb").read_text()
    changed = text.replace("f.write(t)", "f.write(t[1:])")
    assert changed != text
    (wrong / "files.ipynb").write_text(changed)
    assert grade.main(["--root", str(course)]) == 0
    shown = capsys.readouterr().out
    assert "save*" in shown
    assert "Building" not in shown  # it is built, and nothing has changed
    assert f"* {INSIDE}" in shown
    got = points(course)
    for who, most in (("right", 2), ("wrong", 0), ("blank", 0)):
        assert got[who, "test_save"] == (most, False)
        page = (
            course / "grading" / "feedback" / who / "files" / "files.html"
        )
        assert (
            page.read_text().count("in the process of your own code") == 1
        )
    run = run_nbgrader(course, "autograde", "files", "--force")
    assert run.returncode == 0, run.stderr[-2000:]
    assert points(course) == got


def test_a_notebook_has_as_many_tests_as_it_likes(course):
    """Each needs a copy of the answer's process; none of them is the answer's own."""
    cells = [
        pair(f"x{n}", f"x{n} = {n}", f"assert x{n} == {n}", 1)
        for n in range(Limits.processes + 6)
    ]
    add(course, "many", *(cell for two in cells for cell in two))
    builder.build("many", course)
    tried = trial.try_assignment("many", course)
    assert (tried.lost, tried.outside) == ([], len(cells))


def test_no_test_of_the_courses_own_runs_inside():
    """Of what was built last: `make exercises` builds them."""
    notebooks = [*(ROOT / "exercises").glob("*/*.ipynb")]
    assert len(notebooks) > 20
    for path in notebooks:
        assert read_ways(nbformat.read(path, 4)) == {}, path
