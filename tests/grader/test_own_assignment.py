"""An instructor's own assignment: a template, a draft, a plain notebook."""

import re
import shutil
import subprocess
import sys

import nbformat
import pytest

from grader.assignments import builder, mistakes, plain, source
from grader.commands import build, grade
from grader.course.course_file import CourseFile
from grader.run import trial
from tests.helpers.grading import (
    NAME,
    NEEDS_SANDBOX,
    ROOT,
    hand_in,
    source_notebook,
    told,
)
from tools.publish import export

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),
]
TEMPLATE = ROOT / "solutions" / "_template" / "_template.py"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of one assignment, `own`, as the template has it."""
    for module in (source, builder, mistakes, plain, build, trial):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    add(tmp_path, "own")
    return tmp_path


def add(course, name, was="", now=""):
    """An assignment from the template, with an edit."""
    path = course / "solutions" / name / f"{name}.py"
    path.parent.mkdir(parents=True)
    text = TEMPLATE.read_text("utf-8")
    assert was in text
    path.write_text(text.replace(was, now) if was else text, "utf-8")


def add_plain(course):
    """An assignment that is nbgrader's source notebook."""
    folder = course / "solutions" / NAME
    folder.mkdir()
    nbformat.write(source_notebook(), folder / f"{NAME}.ipynb")


def run(monkeypatch, module, *words):
    """A command in this process: its exit status."""
    monkeypatch.setattr(sys, "argv", ["x", *words])
    try:
        return module.main()
    except SystemExit as stopped:
        return stopped.code


def test_the_template_is_built_and_its_mistake_told(
    course, monkeypatch, capsys
):
    builder.build("own", course)
    assert (
        "a draft, which `make course` leaves out" in capsys.readouterr().err
    )
    assert not run(monkeypatch, mistakes)
    assert "| own | 1 | 1 | 1 |" in capsys.readouterr().out


def read_built(course):
    """What a build of `own` writes, file by file."""
    places = course / "exercises" / "own", course / "grading/source/own"
    files = [p for place in places for p in place.rglob("*") if p.is_file()]
    assert {place for place in places if not any(place.iterdir())} == set()
    return {path: path.read_bytes() for path in files}


def test_a_build_that_nbgrader_refuses_leaves_the_release(
    course, monkeypatch, capfd
):
    builder.build("own", course)
    built = read_built(course)
    path = course / "solutions" / "own" / "own.py"
    text = path.read_text("utf-8")
    (task,) = re.findall(r'solution="(\w+)"', text)
    with builder.open_course(course).gradebook as book:
        book.add_student("ann")
        book.add_submission("own", "ann")
    path.write_text(text.replace(task, f"{task}_anew"), "utf-8")
    capfd.readouterr()
    assert run(monkeypatch, build, "own") not in (None, 0)
    told = capfd.readouterr().err
    assert "own: its set of graded cells changed" in told
    assert "Traceback" not in told
    assert read_built(course) == built
    path.write_text(text.replace("x[:", "x[0:"), "utf-8")
    builder.build("own", course)  # the cells are the same
    now = read_built(course)
    assert now != built
    assert now.keys() == built.keys()
    assert not list((course / "grading").glob("tmp*"))


@NEEDS_SANDBOX
def test_an_answer_to_the_template_is_graded_and_its_page_names_the_mistake(
    course,
):
    builder.build("own", course)
    release = course / "exercises" / "own" / "own.ipynb"
    stub = "raise NotImplementedError()"
    for who, axis in (("ann", "x[: t + 1], axis=0"), ("bob", "x, axis=0")):
        answer = nbformat.read(release, 4)
        (cell,) = [c for c in answer.cells if stub in c.source]
        line = f"return xp.stack([xp.mean({axis}) for t in range(len(x))])"
        line = f"xp = array_namespace(x)\n    {line}"
        cell.source = cell.source.replace(stub, line)
        hand_in(course, who, answer, "own")
    assert grade.main(["--root", str(course)]) == 0
    points = (course / "grading" / "points.csv").read_text("utf-8")
    assert [row.split(",")[2] for row in points.split()[1:]] == [
        "3.0",
        "0.0",
    ]
    assert "For a forecast somebody gives" in told(course, "ann", "own")
    page = told(course, "bob", "own")
    assert "the mean is over all steps, and not over those so far" in page


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ("(3 points)", "(2 points)", "expected a heading that ends with"),
        ('kind="short" ', "", "expected 4 tasks or more, got 1"),
        ('kind="short"', 'kind="shrot"', "expected \"short\", got 'shrot'"),
        ("~ xp.mean(x[:", "~ xp.max(x[:", "occurs 0 times in the solution"),
    ],
)
def test_a_draft_is_told_what_a_finished_one_is_refused_for(
    course, capsys, was, now, says
):
    add(course, "draft", was, now)
    builder.build("draft", course)
    assert says in capsys.readouterr().err
    path = course / "solutions" / "draft" / "draft.py"
    path.write_text(path.read_text("utf-8").replace(" draft=true", ""))
    with pytest.raises(ValueError, match=says.replace("(", r"\(")):
        builder.build("draft", course)


QUESTION = (
    TEMPLATE.read_text("utf-8").split("minutes.*\n#\n")[-1].split("\n")[0]
)


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        (
            QUESTION,
            "#",
            ":61: all_steps: expected the question in the text cell",
        ),
        (
            "# Rubric: ",
            "# ```\n# # code\n# ```\n#\n# ## Why (2 points)\n#\n# Rubric: ",
            ":67: all_steps: .* got the heading 'Why .2 points.'",
        ),
        (
            "# ## In your own words (2 points)\n#\n",
            "",
            "2 points. in a text cell above",
        ),
        (
            '\n# %% [markdown] answer="all',
            '\n# %%\n1\n\n# %% [markdown] answer="all',
            ":64: all_steps: expected the question",
        ),
    ],
)
def test_a_written_answer_without_a_question_is_refused(
    course, capsys, was, now, says
):
    path = course / "solutions" / "own" / "own.py"
    text = path.read_text("utf-8")
    assert was in text
    text = text.replace(was, now).replace(" draft=true", "")
    path.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=says):
        builder.build("own", course)


@NEEDS_SANDBOX
@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ("return xp.stack", "return return", ":25: invalid syntax"),
        ("\ndevice =", "\nmissing\ndevice =", "own.py:10: NameError: "),
        ("# %% [markdown] kind", "# kind", ":1: expected # %% [markdown]"),
    ],
)
def test_one_that_is_broken_stops_only_itself(
    course, monkeypatch, capsys, was, now, says
):
    path = course / "solutions" / "own" / "own.py"
    path.write_text(path.read_text("utf-8").replace(was, now, 1), "utf-8")
    add(course, "second")
    judged = []
    monkeypatch.setattr(subprocess, "call", lambda c: judged.append(c) or 0)
    said = run(monkeypatch, build)
    assert said == "exercises: not built, see above: own"
    assert judged[0][3:] == ["second"]
    assert says in capsys.readouterr().err
    assert (course / "exercises" / "second" / "second.ipynb").exists()


def test_a_notebook_of_nbgraders_is_built_and_a_draft_is_not_exported(
    course, capsys
):
    add_plain(course)
    assert builder.list_buildable() == ["own", NAME]
    export._build_exercises(course / "out", CourseFile())
    assert "own is a draft, and left out" in capsys.readouterr().out
    (released,) = (course / "out" / "exercises").iterdir()
    text = (released / f"{NAME}.ipynb").read_text("utf-8")
    assert "NotImplementedError" in text
    assert "SOLUTION" not in text


def test_make_clean_deletes_what_was_built_and_no_source_of_ones_own(
    course,
):
    add_plain(course)
    shutil.copy(ROOT / "Makefile", course)
    for name in (NAME, "own", "made-in-the-formgrader"):
        (course / "grading" / "source" / name).mkdir(parents=True)
    subprocess.run(["make", "clean"], cwd=course, check=True)
    (kept,) = (course / "grading" / "source").iterdir()
    assert kept.name == "made-in-the-formgrader"
    assert (course / "solutions" / NAME / f"{NAME}.ipynb").exists()


def test_the_courses_own_assignments_are_whole_and_finished():
    of_chapters = [n for n in source.list_assignments() if n[:2] == "ch"]
    assert len(of_chapters) > 20
    for name in [*of_chapters, "capstone"]:
        assert not source.read(name).short, name
        assert not source.read(name).draft, name


def test_make_clean_deletes_what_is_built_again_and_no_source(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    kept = {
        "solutions/own/own.ipynb",
        "grading/source/mini/mini.ipynb",  # the formgrader made it
        "grading/gradebook.db",
        "course.toml",
    }
    for name in {*kept, "grading/source/own/own.ipynb", "_build/x"}:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    subprocess.run(
        ["make", "clean"], cwd=tmp_path, check=True, capture_output=True
    )
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    left = {p.relative_to(tmp_path).as_posix() for p in files}
    assert left == kept | {"Makefile"}
