"""Gradescope's zip: what it holds, and what its grader says there."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from unittest import mock

import jsonschema
import nbformat
import pytest

from grader.assignments import builder
from grader.commands import gradescope as pack
from grader.commands import on_gradescope
from grader.course.settings import Course, Limits
from grader.course.submissions import Submission
from grader.notebook.cells import grade_id
from grader.notebook.task_texts import Asked, TaskText
from grader.reports.points import Row, TaskPoints
from grader.systems import gradescope, trial
from grader.systems.incoming import folder_in, take_in
from grader.systems.tree import split_secrets
from rnncore.testing.failure import Failure
from tests.helpers.grading import NEEDS_SANDBOX, make_course, make_once

NAME = "ch03_bptt"
SECONDS = 240  # what the service gives a run by default is more
SEEN = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
FORMAT = {"enum": ["text", "simple_format", "html", "md", "ansi"]}
TEST = {
    "type": "object",
    "additionalProperties": False,
    "required": ["score"],
    "properties": {
        "score": {"type": "number", "minimum": 0},
        "max_score": {"type": "number", "minimum": 0},
        "status": {"enum": ["passed", "failed"]},
        "name": {"type": "string", "minLength": 1},
        "name_format": FORMAT,
        "number": {"type": "string"},
        "output": {"type": "string"},
        "output_format": FORMAT,
        "tags": {"type": "array", "items": {"type": "string"}},
        "visibility": SEEN,
        "extra_data": {"type": "object"},
    },
}
RESULTS = {  # as "Autograder Specifications" of Gradescope has it
    "type": "object",
    "additionalProperties": False,
    "anyOf": [
        {"required": ["score"]},
        {"properties": {"tests": {"minItems": 1}}, "required": ["tests"]},
    ],
    "properties": {
        "score": {"type": "number", "minimum": 0},
        "execution_time": {"type": "number", "minimum": 0},
        "output": {"type": "string"},
        "output_format": FORMAT,
        "test_output_format": FORMAT,
        "test_name_format": FORMAT,
        "visibility": SEEN,
        "stdout_visibility": SEEN,
        "extra_data": {"type": "object"},
        "tests": {"type": "array", "items": TEST},
        "leaderboard": {"type": "array"},
    },
}
HOSTILE = """
import os, sys
found = []
for top in ("/autograder", os.environ.get("AUTOGRADER", "/"), "/", "/tmp"):
    for folder, _, names in os.walk(top):
        if folder.startswith(("/proc", "/sys", "/usr")):
            continue
        for name in names:
            path = os.path.join(folder, name)
            try:
                text = open(path, errors="replace").read(1_000_000)
                open(path, "w").write('{"score": 1000}')
            except OSError:
                continue
            if "HIDDEN TESTS" in text or name == ".secret":
                found.append(text)
print(found)
raise ValueError("<script>alert(1)</script>" + "".join(found)[:3000])
"""


def row_of(*tasks, reason=""):
    submission = Submission("learner", NAME, Path("x"))
    return Row(submission, "graded", reason, tasks=[*tasks])


def result_of(**changes):
    return {"remarks": [], "errors": [], "seconds": 0.5} | changes


def test_a_page_follows_the_documented_format():
    failure = Failure(
        about="value",
        what="d_a",
        expected="1.0",
        got="<b>2</b>",
        kind="AssertionError",
    )
    row = row_of(
        TaskPoints("test_one", 3, 3, False),
        TaskPoints("test_two", 0, 2, False, failure=failure),
        TaskPoints("why", 0, 4, False),
    )
    page = gradescope.format_results(
        row,
        result_of(remarks=["two cells have one mark"]),
        Asked("T", {"two": TaskText("Task 2: *x* <i>")}),
        {"why"},
    )
    jsonschema.validate(page, RESULTS)
    assert [t["name"] for t in page["tests"]] == ["one", "Task 2: *x* <i>"]
    assert [t["score"] for t in page["tests"]] == [3, 0]
    assert "<b>2</b>" in page["tests"][1]["output"]  # as text, not as HTML
    formats = {k: v for k, v in page.items() if k.endswith("_format")}
    assert [*formats.values()] == ["text"] * 3
    assert "score" not in page  # the tests' sum
    assert "4 points" in page["output"]
    assert "why" in page["output"]
    assert "two cells" in page["output"]


def test_what_is_hidden_says_no_value():
    failure = Failure(
        about="value", what="d_a", expected="7.25", got="3.5"
    ).masked()
    row = row_of(TaskPoints("test_one", 0, 3, False, failure=failure))
    text = json.dumps(
        gradescope.format_results(row, result_of(), Asked(), set())
    )
    assert "hidden" in text
    assert "7.25" not in text
    assert "3.5" not in text


def test_without_a_task_there_is_a_score_and_a_reason():
    row = row_of(reason="there is no assignment 'x'")
    page = gradescope.format_results(row, result_of(), Asked(), set())
    jsonschema.validate(page, RESULTS)
    assert page["score"] == 0
    assert "no assignment" in page["output"]


def test_the_folder_with_the_notebook_is_found_but_no_link_to_one(tmp_path):
    hidden = tmp_path / "source" / NAME
    hidden.mkdir(parents=True)
    (hidden / f"{NAME}.ipynb").write_text("the answers")
    place = tmp_path / "submission"
    place.mkdir()
    assert folder_in(place, NAME, [NAME]) == place
    (place / NAME).symlink_to(hidden)
    (place / "exercises").symlink_to(tmp_path / "source")
    (place / f"{NAME}.ipynb").symlink_to(hidden / f"{NAME}.ipynb")
    assert folder_in(place, NAME, [NAME]) == place
    take_in(place, tmp_path / "taken" / NAME, [NAME], Limits())
    assert not [*(tmp_path / "taken" / NAME).iterdir()]
    (place / "exercises").unlink()
    whole = place / "exercises" / NAME
    whole.mkdir(parents=True)
    (whole / f"{NAME}.ipynb").write_text("an answer")
    assert folder_in(place, NAME, [NAME]) == whole


def test_of_a_folder_that_is_too_large_the_notebook_is_taken(tmp_path):
    place = tmp_path / "in"
    place.mkdir()
    (place / f"{NAME}.ipynb").write_text("{}")
    for number in range(5):
        (place / f"{number}.txt").write_text("x")
    take_in(place, tmp_path / NAME, [NAME], Limits(upload_files=3))
    assert [p.name for p in (tmp_path / NAME).iterdir()] == [
        f"{NAME}.ipynb"
    ]


def test_grading_needs_no_tools_for_tests():
    text = (Path(pack.ROOT) / "requirements/dev.txt").read_text()
    wanted = gradescope.select_requirements(text)
    assert "nbgrader==" in wanted
    assert "pytest" not in wanted


def test_an_unknown_assignment_is_refused(capsys):
    assert pack.main(["ch99_none"]) == 2
    assert pack.main([]) == 2
    said = capsys.readouterr().err
    assert "'ch99_none'" in said
    assert NAME in said


@pytest.fixture(scope="session")
def packed(tmp_path_factory, released):
    """The zip, of a release that was built for other tests too."""

    def build(name, root, values):
        source = Path("grading") / "source" / name
        folder = root / source
        folder.parent.mkdir(parents=True)
        folder.symlink_to(released(name) / source)

    def make(folder):
        with mock.patch.object(builder, "build", build):
            assert (
                pack.main([NAME, "--output", f"{folder}/{NAME}.zip"]) == 0
            )

    return make_once(tmp_path_factory, "gradescope", make) / f"{NAME}.zip"


def unpacked(packed, base):
    """What Gradescope makes of the zip, in a folder of its own."""
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(base / "source")
    for name in ("submission", "results"):
        (base / name).mkdir()
    script = (base / "source" / "run_autograder").read_bytes()
    (base / "run_autograder").write_bytes(script)
    (base / "run_autograder").chmod(0o755)
    return base


def run(base):
    """Run the autograder; its output and what it wrote."""
    done = subprocess.run(
        [base / "run_autograder"],
        cwd=base,
        env=os.environ
        | {"AUTOGRADER": str(base), "AUTOGRADER_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    text = (base / "results" / "results.json").read_text()
    page = json.loads(text)
    jsonschema.validate(page, RESULTS)
    return done, page, text


def source_of(base):
    source = base / "source" / "course" / "grading" / "source" / NAME
    return nbformat.read(source / f"{NAME}.ipynb", as_version=4)


def solved(base):
    """The source with its solutions, and no hidden tests."""
    source = base / "source" / "course" / "grading" / "source" / NAME
    return trial.read_solved(source / f"{NAME}.ipynb")


def hand_in(base, notebook, folder="."):
    place = base / "submission" / folder
    place.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, place / f"{NAME}.ipynb")


def hidden_lines(base):
    """What stands in hidden tests and in the solutions, and nowhere else."""
    secret, public = set(), set()
    for cell in source_of(base).cells:
        hidden, visible = split_secrets(cell.source)
        secret |= {
            x.strip() for x in hidden.split("\n") if len(x.strip()) > 20
        }
        public |= {x.strip() for x in visible.split("\n")}
    return secret - public


def scores(page):
    return [test["score"] for test in page["tests"]]


@pytest.mark.slow
def test_the_zip_has_what_gradescope_asks_for_at_its_root(packed, tmp_path):
    with zipfile.ZipFile(packed) as archive:
        names = set(archive.namelist())
        for script in ("setup.sh", "run_autograder"):
            mode = archive.getinfo(script).external_attr >> 16
            assert mode & 0o111 == 0o111
            text = archive.read(script)
            assert text.startswith(b"#!/usr/bin/env bash\n")
            subprocess.run(["bash", "-n"], input=text, check=True)
    assert f"course/grading/source/{NAME}/{NAME}.ipynb" in names
    assert not [
        n for n in names if "__pycache__" in n or n.startswith("solutions")
    ]
    assert packed.stat().st_size < 50e6


@pytest.mark.slow
def test_the_zip_has_a_secret_that_is_not_the_courses(packed):
    with zipfile.ZipFile(packed) as archive:
        secret = archive.read("course/grading/.secret")
    assert len(secret) == 32
    assert secret != (pack.ROOT / "grading" / ".secret").read_bytes()


def course_with(tmp_path, *lines):
    """A course with a late rule in a module of its own, and these settings."""
    root = make_course(tmp_path)
    (root / "own_rule.py").write_text("class Rule:\n    pass\n")
    with (root / "nbgrader_config.py").open("a") as config:
        config.write("from own_rule import Rule\n")
        config.write("c.AssignLatePenalties.plugin_class = Rule\n")
        config.write("\n".join(lines))
    return root


def test_no_late_rule_and_no_module_of_the_courses_own_travels(
    tmp_path, monkeypatch
):
    limits = "{'total_seconds': 77}"
    monkeypatch.syspath_prepend(tmp_path)
    root = course_with(
        tmp_path,
        f"c.Grader.limits = {limits}",
        "c.Grader.sandbox = 'none'",
        "c.Execute.timeout = 12",
    )
    text = gradescope.read_configuration(root)
    assert "Rule" not in text
    assert "Late" not in text
    assert str(tmp_path) not in text
    there = tmp_path / "there"
    there.mkdir()
    (there / "nbgrader_config.py").write_text(text)
    found = Course(there)
    assert found.limits.total_seconds == 77
    assert found.limits.cell_seconds == 12
    assert found.sandbox == "bubblewrap"
    assert found.db_url == f"sqlite:///{there}/grading/gradebook.db"
    assert found.config.IgnorePattern.enabled


def test_a_setting_that_is_no_plain_value_is_refused(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    root = course_with(tmp_path, "c.Grader.limits = Rule")
    with pytest.raises(
        ValueError, match=r"c\.Grader\.limits in .* expected"
    ):
        gradescope.read_configuration(root)


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["run_autograder", "wrong"])
def test_a_zip_that_does_not_grade_is_not_written(
    packed, tmp_path, capsys, monkeypatch, broken
):
    def fill(name, tree, sandboxed):
        with zipfile.ZipFile(packed) as archive:
            archive.extractall(tree)
        if broken == "wrong":  # a solution that its test refuses
            path = tree / "course" / "grading" / "source" / NAME
            path = path / f"{NAME}.ipynb"
            notebook = nbformat.read(path, as_version=4)
            cell = next(
                c
                for c in notebook.cells
                if c.metadata.get("nbgrader", {}).get("solution")
                and c.cell_type == "code"
            )
            cell.source = cell.source.replace("return", "return 0 *")
            nbformat.write(notebook, path)
        else:
            (tree / "grader" / "commands" / "on_gradescope.py").unlink()

    monkeypatch.setattr(gradescope, "_fill", fill)
    path = tmp_path / "old.zip"
    path.write_bytes(b"before")
    assert pack.main([NAME, "--output", str(path)]) == 2
    out, err = capsys.readouterr()
    assert "Written" not in out
    assert "expected to give" in err
    assert path.read_bytes() == b"before"


@pytest.mark.system
@pytest.mark.weekly
@NEEDS_SANDBOX
def test_a_right_a_blank_a_wrong_and_a_hostile_notebook(packed, tmp_path):
    base = unpacked(packed, tmp_path / "autograder")
    hidden = hidden_lines(base)
    assert len(hidden) > 20
    right = solved(base)
    hand_in(base, right, f"exercises/{NAME}")  # as from GitHub
    done, page, text = run(base)
    assert done.returncode == 0, done.stderr
    most = [test["max_score"] for test in page["tests"]]
    assert scores(page) == most
    assert sum(most) > 10
    assert "A person reads these" in page["output"]
    assert not [line for line in hidden if json.dumps(line)[1:-1] in text]

    for change, expected in (
        ("raise NotImplementedError", 0),
        ("pass", 0),
        (HOSTILE, 0),
    ):
        wrong = nbformat.from_dict(right)
        for cell in wrong.cells:
            meta = cell.metadata.get("nbgrader", {})
            if meta.get("solution") and cell.cell_type == "code":
                name = grade_id(cell)
                body = change.strip().replace("\n", "\n    ")
                cell.source = f"def {name}(*arguments):\n    {body}\n"
                if change is HOSTILE:
                    cell.source = f"{HOSTILE}\n"
        hand_in(base, wrong, f"exercises/{NAME}")
        done, page, text = run(base)
        assert done.returncode == 0, done.stderr
        assert sum(scores(page)) == expected
        assert [test["max_score"] for test in page["tests"]] == most
        assert not [
            line for line in hidden if json.dumps(line)[1:-1] in text
        ]


@pytest.mark.system
@pytest.mark.weekly
@NEEDS_SANDBOX
def test_nothing_and_a_link_to_the_answers_give_no_points(packed, tmp_path):
    base = unpacked(packed, tmp_path / "autograder")
    (base / "submission" / NAME).symlink_to(
        base / "source" / "course" / "grading" / "source" / NAME
    )
    done, page, _ = run(base)
    assert done.returncode == 0, done.stderr
    assert sum(scores(page)) == 0
    assert f"{NAME}.ipynb" in page["output"]


def test_where_there_is_no_sandbox_the_learner_is_told_that_it_is_no_fault(
    tmp_path, capsys
):
    (tmp_path / "results").mkdir()
    with mock.patch.object(
        on_gradescope.sandbox, "why_not", return_value="no namespaces here"
    ):
        assert on_gradescope.main([str(tmp_path), NAME]) == 1
    page = json.loads((tmp_path / "results" / "results.json").read_text())
    jsonschema.validate(page, RESULTS)
    assert "no fault of your notebook" in page["output"]
    assert "namespaces" not in page["output"]
    assert "no namespaces here" in capsys.readouterr().err
