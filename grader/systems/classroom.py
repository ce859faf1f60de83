"""GitHub Classroom: a starter repository, and taking in what was pushed.

The repository holds the released notebook, the package, and a workflow that
runs the visible tests at each push, which is tried with the assignment's own
answers before it is written. It holds no hidden test: those who teach
run `make grade` on what `gh classroom clone student-repos` brings.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import yaml

from grader import CODE, ROOT, untrusted
from grader.assignments import builder
from grader.assignments.variants import Variants
from grader.course.home import make_home
from grader.course.settings import Course
from grader.notebook.cells import cell_points, grade_id, is_graded, is_test, task_of
from grader.notebook.restore import join_notebooks
from grader.systems.exported.placing import place_folder
from grader.systems.incoming import folder_in, take_in
from grader.systems.tree import LEFT_OUT, learners_makefile
from grader.systems.trial import try_classroom

FILES = (
    "requirements.txt",
    "constraints.txt",
    "pyproject.toml",
    "LICENSE",
    ".gitignore",
    "tools/set_up.py",
)
TARGETS = ("help", "lab", "check", "clean")
MINUTES = 10  # that one task's test may take
README = """\
# {title}

    make lab                               JupyterLab
    make check NOTEBOOK=exercises/{name}   run the visible tests

Write your answers into {files}, run all cells,
save, commit and push. At each push the visible tests run on GitHub (*Actions*)
and fill this table:

{table}

The points there are not your grade: hidden tests, and people, read what you
pushed last before the deadline. Leave the cells' names, the test cells and
the folder `.github` as they are.
"""


# ------------------------------------------------------------------- a start


def start(name: str, folder: Path) -> None:
    """Write a starter repository's files, if its tests run.

    Raises ValueError if they do not, or `folder` holds something.
    """
    target = folder.resolve()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ValueError(f"{folder} is not empty")
    if target.is_relative_to(CODE / "rnncore"):
        raise ValueError(f"{folder} lies in rnncore/, which is copied")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=target.parent, prefix=".classroom-"
    ) as scratch:
        tree, built = Path(scratch) / "tree", Path(scratch) / "built"
        built.mkdir()
        builder.build(name, built, Variants(ROOT / "grading").find_shared(name))
        _fill(name, built, tree)
        print("Trying it with the assignment's own answers ...", flush=True)
        source = built / "grading" / "source" / name
        try_classroom(tree, name, source)
        if target.exists():
            target.rmdir()  # fails if something came in meanwhile
        tree.rename(target)


def _fill(name: str, built: Path, tree: Path) -> None:
    """All files of the repository, in their places."""
    shutil.copytree(CODE / "rnncore", tree / "rnncore", ignore=LEFT_OUT)
    released = Path("exercises") / name
    shutil.copytree(built / released, tree / released, ignore=LEFT_OUT)
    (tree / "tools").mkdir()
    for file in FILES:
        shutil.copy(CODE / file, tree / file)
    makefile = (CODE / "Makefile").read_text("utf-8")
    (tree / "Makefile").write_text(learners_makefile(makefile, TARGETS), "utf-8")
    paths = sorted((tree / released).glob("*.ipynb"))
    notebooks = {path.stem: nbformat.read(path, as_version=4) for path in paths}
    tasks = {stem: points_of(notebook) for stem, notebook in notebooks.items()}
    text = README.format(
        name=name,
        files=" and ".join(f"`exercises/{name}/{stem}.ipynb`" for stem in notebooks),
        title=_read_title(next(iter(notebooks.values()))) or name,
        table=_points_table(join_notebooks(notebooks.values())),
    )
    (tree / "README.md").write_text(text, "utf-8")
    github = tree / ".github"
    (github / "workflows").mkdir(parents=True)
    shutil.copy(
        CODE / "grader" / "systems" / "classroom_points.py", github / "points.py"
    )
    (github / "workflows" / "classroom.yml").write_text(
        format_workflow(name, tasks), "utf-8"
    )


def points_of(notebook: Any) -> dict[str, float]:
    """The points of each task that a test checks."""
    return {
        task_of(grade_id(cell) or ""): cell_points(cell)
        for cell in notebook.cells
        if is_test(cell)
    }


def _read_title(notebook: Any) -> str:
    first = notebook.cells[0].source.partition("\n")[0]
    return str(first.removeprefix("#").strip())


def _points_table(notebook: Any) -> str:
    """All tasks with their points, and who gives them."""
    lines = ["| task | points | by |", "| --- | --- | --- |"]
    total = 0.0
    for cell in notebook.cells:
        if is_graded(cell):
            who = "tests" if is_test(cell) else "a person"
            name = task_of(grade_id(cell) or "")
            lines.append(f"| {name} | {cell_points(cell):g} | {who} |")
            total += cell_points(cell)
    return "\n".join([*lines, f"| all | {total:g} | |"])


def format_workflow(name: str, tasks: dict[str, dict[str, float]]) -> str:
    """GitHub's workflow: a step for each task, and Classroom's reporter.

    `tasks` has the points of each, by the notebook that they are in.

    Source: the documentation of education/autograding-command-grader and
    education/autograding-grading-reporter.
    """
    paths = {stem: f"exercises/{name}/{stem}.ipynb" for stem in tasks}
    ids = {task: task.replace("_", "-") for of in tasks.values() for task in of}
    tables = [f"python .github/points.py {path}" for path in paths.values()]
    steps: list[dict[str, Any]] = [
        {"name": "Checkout", "uses": "actions/checkout@v4"},
        {
            "name": "Python",
            "uses": "actions/setup-python@v5",
            "with": {"python-version": "3.12", "cache": "pip"},
        },
        {
            "name": "torch, without its libraries for GPUs",
            "run": "python -m pip install --quiet --no-deps --index-url "
            "https://download.pytorch.org/whl/cpu "
            "$(grep -o '^torch==[0-9.]*' requirements.txt)",
        },
        {
            "name": "Packages",
            "run": "python -m pip install --quiet --requirement "
            "requirements.txt --constraint constraints.txt",
        },
        {"name": "Points", "run": " && ".join(tables)},
    ]
    steps += [
        {
            "name": task,
            "id": ids[task],
            "uses": "education/autograding-command-grader@v1",
            "with": {
                "test-name": task,
                "command": f"python .github/points.py {paths[stem]} {task}",
                "timeout": MINUTES,
                "max-score": most,
            },
        }
        for stem, of in tasks.items()
        for task, most in of.items()
    ]
    results = {
        f"{key.upper()}_RESULTS": f"${{{{steps.{key}.outputs.result}}}}"
        for key in ids.values()
    }
    steps.append(
        {
            "name": "Report",
            "uses": "education/autograding-grading-reporter@v1",
            "env": results,
            "with": {"runners": ",".join(ids.values())},
        }
    )
    job = {
        "runs-on": "ubuntu-latest",
        "if": "github.actor != 'github-classroom[bot]'",
        "timeout-minutes": 60,
        "steps": steps,
    }
    flow = {
        "name": "Autograding Tests",
        "on": ["push", "repository_dispatch"],
        "permissions": {"checks": "write", "actions": "read", "contents": "read"},
        "jobs": {"run-autograding-tests": job},
    }
    return yaml.safe_dump(flow, sort_keys=False, width=200)


# -------------------------------------------------------------- taking it in


def collect(name: str, source: Path, course: Course) -> tuple[list[str], list[str]]:
    """Copy each clone's notebook to where `make grade` looks for it.

    What it replaces goes to grading/earlier/.

    Returns the learners, and complaints. Raises ValueError where there is
    no clone. A clone is called as GitHub Classroom calls it: the assignment's
    slug, a hyphen, and the learner's name on GitHub.
    """
    if not source.is_dir():
        raise ValueError(f"FROM: a folder is expected, got {source}")
    clones = sorted(p for p in source.iterdir() if not p.name.startswith("."))
    clones = [p for p in clones if p.is_dir() and not p.is_symlink()]
    if not clones:
        raise ValueError(f"FROM: {source} holds no clone")
    start_of = find_prefix(source.resolve().name)
    notebooks = course.list_notebooks(name)
    taken, refused = [], []
    for clone in clones:
        learner = clone.name.removeprefix(start_of)
        why = untrusted.explain_unfit_name(learner) if learner else "no learner's name"
        if why or not clone.name.startswith(start_of):
            refused.append(f"{clone.name!a}: {why or f'{start_of}NAME is expected'}")
            continue
        target = course.submitted / learner / name
        with tempfile.TemporaryDirectory(dir=make_home(course.home)) as scratch:
            copy = Path(scratch) / name
            folder = folder_in(clone, name, notebooks)
            take_in(folder, copy, notebooks, course.limits)
            if (when := target / "timestamp.txt").is_file():
                shutil.copyfile(when, copy / when.name)
            place_folder(course, learner, name, copy)
        taken.append(learner)
    return taken, refused


def find_prefix(folder: str) -> str:
    """What the clones' names begin with: SLUG- in SLUG-submissions."""
    slug = folder.removesuffix("-submissions")
    if slug == folder:
        raise ValueError(
            "FROM: the folder that `gh classroom clone student-repos` made is "
            f"expected, SLUG-submissions, got {folder!a}"
        )
    return f"{slug}-"
