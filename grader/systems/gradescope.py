"""An assignment's grader for Gradescope, and what it says there.

The zip holds the grader, the package, the assignment's source with its
hidden tests, and the two scripts that Gradescope asks for. It is tried with the
assignment's own answers before it is written. Only Gradescope and those who
teach may have it.

What a submission gets has the format that Gradescope documents ("Autograder
Specifications"). All of its texts are plain: none is rendered as HTML or Markdown.
"""

from __future__ import annotations

import ast
import hmac
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import nbformat

from grader import CODE, ROOT
from grader.assignments import builder
from grader.assignments.variants import Variants
from grader.course.home import make_home
from grader.course.seeds import course_secret
from grader.course.settings import CONFIG_NAME, load_config
from grader.notebook.cells import grade_id, is_manual, task_of
from grader.notebook.task_texts import Asked
from grader.reports.points import Row, TaskPoints
from grader.systems.tree import LEFT_OUT
from grader.systems.trial import try_gradescope
from rnncore.storage.files import whole_file
from rnncore.testing.failure import next_step, render

FOLDERS = ("grader", "rnncore")
UNUSED = ("# publishing", "# tests and checks")  # of requirements/dev.txt
SETUP = """\
#!/usr/bin/env bash
# Runs once, as root, when Gradescope builds the image: Ubuntu 24.04 or later.
set -euo pipefail
base="${AUTOGRADER:-/autograder}"
apt-get update -qq
apt-get install -y -qq bubblewrap python3 python3-venv
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and
  "Python 3.11 or newer is needed: choose a newer base image")'
python3 -m venv "$base/venv"
pip=("$base/venv/bin/python" -m pip install --quiet --no-cache-dir)
# the wheel of torch for processors alone is a tenth of the other's size
torch=$(grep -o '^torch==[0-9.]*' "$base/source/requirements.txt")
"${pip[@]}" --no-deps --retries 1 --index-url https://download.pytorch.org/whl/cpu \\
  "$torch" || echo "$torch comes from PyPI, with its libraries for GPUs" >&2
"${pip[@]}" --requirement "$base/source/requirements.txt" \\
  --constraint "$base/source/constraints.txt"
"""
RUN = """\
#!/usr/bin/env bash
# Runs for each submission: grades it, writes results/results.json.
set -euo pipefail
base="${{AUTOGRADER:-/autograder}}"
cd "$base/source"
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONPATH="$base/source"
exec "${{AUTOGRADER_PYTHON:-$base/venv/bin/python}}" \\
  -m grader.commands.on_gradescope "$base" {name}{options} "$@"
"""
# What counts there of nbgrader_config.py. Due dates and late work are Gradescope's;
# modules of the course's own that a late rule needs would not be there.
KEPT = ("CourseDirectory", "Execute", "Grader", "IgnorePattern")
LEFT = ("root", "db_url", "sandbox", "workers")
CONFIG = """\
from pathlib import Path

ROOT = Path(__file__).resolve().parent
c = get_config()
c.CourseDirectory.root = str(ROOT)
c.CourseDirectory.db_url = f"sqlite:///{ROOT}/grading/gradebook.db"
"""


# ----------------------------------------------------------------- the zip


def write(name: str, path: Path, *, sandboxed: bool = True) -> None:
    """Write the zip of one assignment, if it grades.

    Raises ValueError if it does not; what was at `path` before stays.
    """
    with tempfile.TemporaryDirectory() as scratch:
        tree, packed = Path(scratch) / "tree", Path(scratch) / "packed.zip"
        _fill(name, tree, sandboxed)
        with packed.open("wb") as file:
            _pack(tree, file)
        print("Trying it with the assignment's own answers ...", flush=True)
        try_gradescope(packed, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            file.write(packed.read_bytes())


def _fill(name: str, tree: Path, sandboxed: bool) -> None:
    """All files of the zip, in their places."""
    for folder in FOLDERS:
        shutil.copytree(CODE / folder, tree / folder, ignore=LEFT_OUT)
    shutil.copy(CODE / "requirements/constraints.txt", tree)
    learners = (CODE / "requirements.txt").read_text("utf-8")
    graders = select_requirements((CODE / "requirements/dev.txt").read_text("utf-8"))
    (tree / "requirements.txt").write_text(f"{learners}\n{graders}", "utf-8")
    with tempfile.TemporaryDirectory() as built:
        builder.build(name, Path(built), Variants(ROOT / "grading").find_shared(name))
        source = Path("grading") / "source" / name
        shutil.copytree(Path(built) / source, tree / "course" / source)
    config = read_configuration(ROOT)
    (tree / "course" / CONFIG_NAME).write_text(config, "utf-8")
    (tree / "course" / "grading" / ".secret").write_bytes(_derive_secret(name))
    options = "" if sandboxed else " --no-sandbox"
    run = RUN.format(name=name, options=options)
    for script, text in (("setup.sh", SETUP), ("run_autograder", run)):
        (tree / script).write_text(text, "utf-8")
        (tree / script).chmod(0o755)


def read_configuration(root: Path) -> str:
    """The settings of a course that decide how a notebook is graded, and no more.

    Raises ValueError if one of them is no plain value.
    """
    lines = [CONFIG]
    for section, settings in load_config(root).items():
        for key, value in settings.items() if section in KEPT else ():
            if key in LEFT:
                continue
            try:
                ast.literal_eval(repr(value))
            except (ValueError, SyntaxError) as error:
                raise ValueError(
                    f"c.{section}.{key} in {CONFIG_NAME}: expected numbers, texts, "
                    f"lists or dicts, got {value!r}"
                ) from error
            lines.append(f"c.{section}.{key} = {value!r}\n")
    return "".join(lines)


def _derive_secret(name: str) -> bytes:
    """A secret for this assignment that does not reveal the course's."""
    home = make_home(ROOT / "grading")
    return hmac.digest(course_secret(home), f"gradescope {name}".encode(), "sha256")


def select_requirements(requirements: str) -> str:
    """The requirements without the sections that grading does not use."""
    parts = requirements.split("\n\n")
    return "\n\n".join(p for p in parts if not p.startswith(UNUSED)) + "\n"


def _pack(tree: Path, file: BinaryIO) -> None:
    """Zip the files of a folder, not the folder itself."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(tree.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(tree))


# ------------------------------------------------- what it says of a submission


def in_words(release: Path) -> set[str]:
    """The graded cells that a person reads."""
    return {
        grade_id(cell) or ""
        for cell in nbformat.read(release, as_version=4).cells
        if is_manual(cell)
    }


def format_results(
    row: Row, result: dict[str, Any], assignment: Asked, manual: set[str]
) -> dict[str, Any]:
    """The result of a graded submission in Gradescope's format."""
    tasks = [task for task in row.tasks if task.id not in manual]
    left = [task for task in row.tasks if task.id in manual]
    said = [*([row.reason] if row.reason else []), *result["remarks"]]
    said += result["errors"]
    if left:
        most = sum(task.of for task in left)
        names = ", ".join(_name_task(task, assignment) for task in left)
        said.append(
            f"A person reads these, for {most:g} points that are not in the "
            f"score here: {names}."
        )
    page = make_page("\n".join(said), score=None if tasks else 0)
    return page | {"tests": [_test(task, assignment) for task in tasks]}


def make_page(output: str, *, score: float | None) -> dict[str, Any]:
    """The part that concerns the entire submission."""
    page: dict[str, Any] = {
        "output": output,
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",  # it is the instructor's
        "tests": [],
    }
    return page if score is None else page | {"score": score}


def _test(task: TaskPoints, assignment: Asked) -> dict[str, Any]:
    """One task: its points, and why some are missing."""
    lines = []
    if task.failure is not None:
        lines = [render(task.failure), f"What to try next: {next_step(task.failure)}"]
        if task.failure.read:
            lines.append(f"Read “{task.failure.read.title}” in the book.")
    return {
        "name": _name_task(task, assignment),
        "score": task.points,
        "max_score": task.of,
        "output": "\n".join(lines),
        "visibility": "visible",
    }


def _name_task(task: TaskPoints, assignment: Asked) -> str:
    name = task_of(task.id)
    about = assignment.tasks.get(name)
    return (about.title if about else "") or name
