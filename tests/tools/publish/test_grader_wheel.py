"""The grader's wheel: what is in it, and a class graded with it alone."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement

from grader.isolation import sandbox
from tests.helpers import ROOT
from tests.helpers.exports import moodle, pack, worksheet
from tests.helpers.grading import formgrader
from tools.publish import grader_wheel

RIGHT = "def spread(values):\n    return max(values) - min(values) if values else 0"
WRONG = "def spread(values):\n    return max(values) - min(values)"
HARM = f"import os\nos.kill(os.getppid(), 9)\n{RIGHT}"
PEOPLE = [
    (n, f"Learner N{n}", f"{n}@x.org", "1 February 2026, 5:00 PM")
    for n in range(101, 121)
]
CHAPTERS = {"bptt", "cells", "gru", "layers", "lstm", "nn", "optim", "rnn"}
NONE_OF_THEM = """
import importlib.util as there
print([n for n in ("torch", "rnncore", "grader") if there.find_spec(n)])
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1800000000")  # git isn't asked
        return grader_wheel.build(tmp_path_factory.mktemp("wheel"))


@pytest.mark.slow
def test_the_wheel_is_small_and_has_no_chapter(wheel):
    assert wheel.stat().st_size <= 2_000_000
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {
        "markbook"
    }
    beside = "markbook/beside/rnncore/"
    own = {n.removeprefix(beside) for n in names if n.startswith(beside)}
    assert "testing/checks.py" in own
    assert not {Path(n).stem for n in own if "/" not in n} & CHAPTERS
    assert not [n for n in names if n.endswith((".npz", ".safetensors"))]


@pytest.mark.slow
def test_what_the_wheel_prints_names_its_own_commands(wheel):
    targets = r"\bmake (build|exercises|collect|grade|marking|return|similarity)\b"
    with zipfile.ZipFile(wheel) as archive:
        texts = {
            name: archive.read(name).decode()
            for name in archive.namelist()
            if name.endswith((".py", ".html")) and "/lib/" in name
        }
    assert len(texts) > 50
    found = [n for n, text in texts.items() if re.search(targets, text)]
    assert found == []


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("now make grade", "now markbook grade"),
        ("make exercises", "markbook build"),
        (
            "`make marking ASSIGNMENT=a TASK=t BY=kim SHARE=1/3`",
            "`markbook mark a --task t --by kim --share 1/3`",
        ),
        (
            "make return ASSIGNMENT=a MISSING=0",
            "markbook return a --missing 0",
        ),
        ("python -m grader mistakes", "markbook mistakes"),
        ("make grades, to make it", "make grades, to make it"),
    ],
)
def test_a_command_is_named_as_the_wheel_calls_it(ours, theirs):
    assert grader_wheel.name_commands(ours) == theirs


# ------------------------------------------------ an environment of its own


def list_required(name, found, extras=()):
    """A distribution, and all that it requires, of those installed here."""
    key = name.lower(), *sorted(extras)
    if key in found:
        return
    here = found[key] = distribution(name)
    for asked in map(Requirement, here.requires or []):
        if asked.marker is None or any(
            asked.marker.evaluate({"extra": extra})
            for extra in ("", *extras)
        ):
            list_required(asked.name, found, asked.extras)


def read_requirements(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith("/METADATA")]
        head = archive.read(name).decode().partition("\n\n")[0]
    return re.findall(r"^Requires-Dist: ([\w-]+)", head, re.MULTILINE)


def link(source, target):
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


@pytest.fixture(scope="module")
def command(wheel, tmp_path_factory):
    """The command, in an environment with what the wheel requires, no more."""
    place = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", place], check=True
    )
    python = place / "bin" / "python"
    (packages,) = place.glob("lib/python*/site-packages")
    needed = {}
    for name in read_requirements(wheel):
        list_required(name, needed)
    assert ("nbgrader",) in needed
    assert not {"torch", "rnncore"} & {name for name, *_ in needed}
    for here in needed.values():
        for file in here.files:  # compiled too, as an installer leaves it
            source = Path(file.locate())
            target = Path(os.path.normpath(packages / file))
            if target.parent != python.parent and source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                if not target.exists():
                    link(source, target)
    scripts = Path(sys.executable).parent
    for name in ("alembic",):  # nbgrader calls it
        text = (scripts / name).read_text().partition("\n")[2]
        (python.parent / name).write_text(f"#!{python}\n{text}")
        (python.parent / name).chmod(0o755)
    pip = [sys.executable, "-m", "pip", "--python", python, "install"]
    subprocess.run(
        [*pip, "--quiet", "--no-index", "--no-deps", wheel], check=True
    )
    return python.parent / "markbook"


def run(command, *words, cwd, status=0):
    own = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [command, *words],
        cwd=cwd,
        env=own,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def answer(release, code, text):
    notebook = nbformat.read(release, as_version=4)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = {"spread": code, "outlier": text}.get(
            name
        ) or cell.source
    return nbformat.writes(notebook)


def export(course):
    """Twenty submissions, as Moodle exports them: wrong, broken, hostile too."""
    release = course / "exercises" / "example" / "example.ipynb"
    texts = [answer(release, RIGHT, f"It grows. {n}") for n in range(15)]
    texts += [answer(release, WRONG, "It grows.")] * 3
    texts += [answer(release, HARM, "It grows."), "{broken"]
    place = course / "grading" / "downloaded" / "example"
    pack(
        place / "CS101.zip",
        {
            moodle(name, number, "example.ipynb"): text
            for (number, name, *_), text in zip(PEOPLE, texts, strict=True)
        },
    )
    worksheet(place / "Grades.csv", PEOPLE, most="5.00")


@pytest.mark.slow
@pytest.mark.system
@pytest.mark.skipif(sandbox.why_not() is not None, reason="no sandbox")
def test_a_class_of_twenty_from_init_to_feedback(command, tmp_path):
    python = command.with_name("python")
    assert run(python, "-c", NONE_OF_THEM, cwd=tmp_path) == "[]\n"
    course = tmp_path / "course"
    before = {p: p.stat().st_mtime for p in (ROOT / "exercises").rglob("*")}
    spent = time.monotonic()
    run(command, "init", "course", cwd=tmp_path)
    run(command, "build", cwd=course / "solutions")  # from within it, too
    assert "0 of 1 hold" in run(
        command, "check", "example", cwd=course, status=1
    )
    export(course)
    run(command, "collect", "example", cwd=course)
    run(command, "grade", cwd=course)
    run(command, "return", "example", cwd=course)
    assert time.monotonic() - spent < 300
    rows = (course / "grading" / "tasks.csv").read_text().splitlines()
    full = {row.split(",")[0] for row in rows if ",test_spread,3.0," in row}
    names = [name for _, name, *_ in PEOPLE]
    assert {*names[:15]} <= full
    assert not {*names[15:18], names[19]} & full  # wrong, and broken
    pages = list(
        (course / "grading" / "feedback").glob("*/example/example.html")
    )
    assert len(pages) == 20
    returned = course / "grading" / "returned" / "example"
    assert (returned / "feedback.zip").is_file()
    assert (returned / "Grades.csv").is_file()
    after = {p: p.stat().st_mtime for p in (ROOT / "exercises").rglob("*")}
    assert before == after
    check_formgrader(course, python)


def check_formgrader(course, python):
    """nbgrader's formgrader opens there, with what learners answered."""
    with formgrader(course, python, path="") as ask:
        (assignment,) = json.loads(ask("/api/assignments"))
        assert assignment["num_submissions"] == len(PEOPLE)
        found = json.loads(ask("/api/submitted_notebooks/example/example"))
        by_name = {one["student"]: one for one in found}
        assert by_name[PEOPLE[0][1]]["score"] == 3
        page = ask(
            f"/submissions/{by_name[PEOPLE[0][1]]['id']}/", seconds=60
        )
        assert "It grows. 0" in page


@pytest.mark.slow
def test_an_rnncore_of_another_version_is_refused(command, tmp_path):
    package = tmp_path / "rnncore"
    package.mkdir()
    (package / "__init__.py").write_text('__version__ = "0.0.1"\n')
    python = command.with_name("python")
    said = run(python, "-m", "markbook", "init", cwd=tmp_path, status=2)
    assert "got rnncore 0.0.1" in said
    assert not (tmp_path / "course.toml").exists()
