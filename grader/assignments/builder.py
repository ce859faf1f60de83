"""Build the assignments: one text source each, two notebooks from it.

    exercises.py            build all of solutions/ (or those named)
    exercises.py --check    fail, with a diff, when exercises/ is stale

Afterwards mutants.py runs the known mistakes against the tests.

From solutions/NAME/NAME.py comes grading/source/NAME/, nbgrader's source
notebook, and from that, by nbgrader itself, the learners' exercises/NAME/.
solutions/README.md describes the format.
"""

import argparse
import ast
import contextlib
import difflib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import warnings
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import jupytext
import nbformat
from docutils.nodes import make_id
from nbgrader.apps import NbGraderAPI
from traitlets.config.loader import PyFileConfigLoader

from grader import ROOT
from grader.notebook.names import BUILTINS, cell_metadata, free_names
from rnncore import testing
from rnncore.testing.boxes import shut
from rnncore.testing.sketches import SAME_SKETCH, encoded, same_sketch

BEGIN, END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
KINDS = ("solution", "test", "mistakes", "mutants", "answer", "experiment")
DEVICE = re.compile(r'^device = "(?:numpy|cpu)"$', re.MULTILINE)


class Cell(NamedTuple):
    """One cell of an assignment's source."""

    kind: str  # one of KINDS, or "text", or "code"
    name: str  # the task's, for the kinds that belong to one
    source: str
    options: dict[str, Any]  # points, closed_book, of, explained


class Assignment(NamedTuple):
    """An assignment as its text source has it."""

    name: str
    folder: Path
    cells: list[Cell]

    def of(self, kind: str) -> dict[str, Cell]:
        """The cells of one kind, by their task's name."""
        return {c.name: c for c in self.cells if c.kind == kind}


def names() -> list[str]:
    """All assignments, in the order of the chapters; the capstone last."""
    found = (ROOT / "solutions").glob("c*/c*.py")
    return sorted((p.stem for p in found), key=lambda n: (n[:2] != "ch", n))


def read(name: str) -> Assignment:
    """Read an assignment's text source."""
    folder = ROOT / "solutions" / name
    text = (folder / f"{name}.py").read_text()
    cells = []
    for raw in jupytext.reads(text, "py:percent").cells:
        options = dict(raw.metadata)
        options.pop("lines_to_next_cell", None)
        if options.get("title") == "experiment":
            options["experiment"] = ""
        kind = next((k for k in KINDS if k in options), None)
        usual = "code" if raw.cell_type == "code" else "text"
        task = options.pop(kind, "") if kind else ""
        cells.append(Cell(kind or usual, task, raw.source, options))
    return Assignment(name, folder, cells)


def catalogue(cell: Cell) -> list[dict[str, Any]]:
    """The literal list of a `mistakes` or `mutants` cell."""
    return ast.literal_eval(cell.source)


# ---------------------------------------------------------- what must hold


def problems(assignment: Assignment) -> list[str]:
    """What an author must correct before the assignment can be built."""
    solutions, tests = assignment.of("solution"), assignment.of("test")
    found = []
    code = "\n".join(c.source for c in assignment.cells if c.kind == "code")
    if len(DEVICE.findall(code)) != 1:
        found.append(
            'the line device = "numpy" (or "cpu", in an assignment on '
            "torch) must stand in exactly one cell"
        )
    if sorted(solutions) != sorted(tests):
        found.append(
            f"solutions {sorted(solutions)} and tests {sorted(tests)} "
            "must belong together"
        )
    if not assignment.of("answer"):
        found.append("a written answer is missing")
    found += _unexplained(assignment)
    points = sum(c.options.get("points", 0) for c in assignment.cells)
    if f" {points} points" not in assignment.cells[0].source:
        found.append(f"the head must say that there are {points} points")
    public = public_names()
    for name, cell in solutions.items():
        found += _solution_problems(assignment, name, cell, public)
    for name, cell in tests.items():
        found += _test_problems(assignment, name, cell)
    return found


def _solution_problems(
    assignment: Assignment, name: str, cell: Cell, public: Container[str]
) -> list[str]:
    found = []
    closed = cell.options.get("closed_book", False)
    if (name in public) != closed:
        found.append(
            f"{name}: only a closed-book task has a name of rnncore's"
        )
    if not re.search(
        r"### BEGIN SOLUTION.*### END SOLUTION", cell.source, re.DOTALL
    ):
        found.append(f"{name}: no BEGIN SOLUTION ... END SOLUTION")
    if name not in assignment.of("mutants"):
        found += _catalogue_problems(assignment, name)
    return found


def _test_problems(
    assignment: Assignment, name: str, cell: Cell
) -> list[str]:
    found = []
    hunt = name in assignment.of("mutants")
    if not hunt and (BEGIN not in cell.source or END not in cell.source):
        found.append(f"{name}: the test has no hidden part")
    strange = free_names(cell.source) - BUILTINS - _given(assignment)
    strange = {s for s in strange if not s.startswith("reference_")}
    if strange:
        found.append(
            f"{name}: the test uses {', '.join(sorted(strange))}, "
            "which it must import or make itself (a learner may "
            "have changed it)"
        )
    return found


def _unexplained(assignment: Assignment) -> list[str]:
    """Tasks that name a page or a section which the book does not have."""
    try:
        explained(assignment)
    except ValueError as error:
        return [str(error)]
    return []


def explained(assignment: Assignment) -> dict[str, dict[str, str]]:
    """Where the book explains each graded task: page, section, anchor.

    A task that names no place is explained by the chapter of the
    assignment's name, where there is one.

    Raises ValueError where the book has no such page or section.
    """
    found = {}
    graded = assignment.of("test") | assignment.of("answer")
    for name, cell in graded.items():
        place = cell.options.get("explained", assignment.name)
        page, _, section = place.partition(": ")
        path = ROOT / "book" / f"{page}.md"
        if not path.exists():
            if "explained" not in cell.options:
                continue
            raise ValueError(f"{name}: the book has no page {page!r}")
        text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
        titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
        if section and section not in titles:
            raise ValueError(
                f"{name}: {page} has no section {section!r}, only "
                + ", ".join(titles)
            )
        found[name] = {
            "page": page,
            "title": section or titles[0],
            "anchor": make_id(section),
        }
    return found


def _catalogue_problems(assignment: Assignment, name: str) -> list[str]:
    solution = assignment.of("solution")[name].source
    cell = assignment.of("mistakes").get(name)
    if cell is None or len(catalogue(cell)) < 4:
        return [f"{name}: at least four mistakes are needed"]
    found = []
    for mistake in catalogue(cell):
        count = solution.count(mistake["was"])
        if count != 1:
            found.append(
                f"{name}, {mistake['name']}: {mistake['was']!r} occurs "
                f"{count} times in the solution, expected once"
            )
        if not {"name", "was", "is", "says"} <= set(mistake):
            found.append(f"{name}: a mistake needs name, was, is and says")
    return found


def public_names() -> set[str]:
    """All that rnncore defines, read from its source."""
    found = set()
    for path in (ROOT / "rnncore").rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            found |= set(_binds(node)) if not _imports(node) else set()
    return {name for name in found if not name.startswith("_")}


def _imports(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _binds(node: ast.stmt) -> list[str]:
    """The names that a top-level statement defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(a.asname or a.name).split(".")[0] for a in node.names]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return [
            n.id
            for n in ast.walk(node)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        ]
    return []


def _given(assignment: Assignment) -> set[str]:
    """What a test may use: the device, and functions of the notebook."""
    found = {"device"}
    for cell in assignment.cells:
        if cell.kind in ("code", "solution"):
            for node in ast.parse(cell.source).body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    found.add(node.name)
    return found


# ---------------------------------------------------- the hidden reference


def references(assignment: Assignment, hidden: str) -> str:
    """Source of each `reference_NAME` that hidden tests use.

    NAME is a solution or a function of the notebook; what it needs comes
    with it. All functions of the notebook are renamed, so that nothing of
    a learner's is called.
    """
    made: dict[str, str] = {}  # name: source of its top-level statement
    renamed = []
    for cell in assignment.cells:
        if cell.kind not in ("code", "solution"):
            continue
        for node in ast.parse(cell.source).body:
            text = ast.get_source_segment(cell.source, node) or ""
            for name in _binds(node):
                made[name] = text
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    renamed.append(name)
    wanted = set(re.findall(r"\breference_(\w+)", hidden))
    needed: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in made:
            raise ValueError(
                f"{assignment.name}: reference_{name}: the notebook "
                f"defines no {name}"
            )
        needed.add(name)
        wanted |= (free_names(made[name]) & set(made)) - needed
    texts = dict.fromkeys(t for n, t in made.items() if n in needed)
    source = "\n".join(texts)
    source = re.sub(r" *### (BEGIN|END) SOLUTION\n", "", source + "\n")
    for name in renamed:
        source = re.sub(rf"(?<![\w.]){name}\b", f"reference_{name}", source)
    return source


def test_parts(assignment: Assignment, cell: Cell) -> tuple[str, str, str]:
    """A test's visible part, its hidden part with references, the rest."""
    if BEGIN not in cell.source:
        return cell.source, "", ""
    visible, rest = cell.source.split(BEGIN)
    hidden, after = rest.split(END)
    return visible, references(assignment, hidden) + hidden, after


# ----------------------------------------------------- run in this process


def run_cell(source: str, namespace: dict[str, Any]) -> Any:
    """Execute a cell as a kernel does; the value of its last expression.

    A warning is an error: on stderr it would cost all of a test's points.
    """
    tree = ast.parse(source)
    end = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        end = ast.Expression(tree.body.pop().value)  # type: ignore
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        mock.patch.dict(os.environ, MPLBACKEND="agg"),  # opens no window
    ):
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "FigureCanvasAgg is non-inter")
        try:
            exec(compile(tree, "<cell>", "exec"), namespace)  # noqa: S102
            return end and eval(compile(end, "<cell>", "eval"), namespace)
        finally:
            if "matplotlib.pyplot" in sys.modules:  # as a notebook does
                sys.modules["matplotlib.pyplot"].close("all")


class Recorded(Exception):
    """A visible test has come to its check against stored results."""


def recorded(
    assignment: Assignment, test: Cell, namespace: dict[str, Any]
) -> tuple[Any, list[dict[str, Any]]]:
    """What a visible test hands to its check: candidate and inputs."""

    def record(candidate, reference, inputs, mistakes=(), outputs=""):
        if reference == test.name:
            raise Recorded(candidate, inputs)

    with mock.patch.multiple(testing, check=record, stored=str):
        try:
            run_cell(test_parts(assignment, test)[0], namespace)
        except Recorded as found:
            candidate, inputs = found.args
            return candidate, inputs
    raise ValueError(
        f"{assignment.name}, {test.name}: the visible test must call "
        f'check(..., stored("{test.name}"), ...)'
    )


def checks(assignment: Assignment) -> dict[str, Any]:
    """The right results of the visible checks, and the mistakes' looks.

    Runs the solution on the visible tests' inputs, then each mistake.
    Raises ValueError where two of them cannot be told apart.
    """
    namespace: dict[str, Any] = {}
    made = {}
    for cell in assignment.cells:
        if cell.kind in ("code", "solution"):
            run_cell(cell.source, namespace)
        elif cell.kind == "test" and "stored(" in cell.source:
            made[cell.name] = _check_entry(assignment, cell, namespace)
    return made


def boxes(assignment: Assignment) -> dict[str, Any]:
    """The wrong versions of printed functions, for the mutant hunts."""
    return {
        name: {
            "of": cell.options["of"],
            "edits": [shut(m["was"], m["is"]) for m in catalogue(cell)],
        }
        for name, cell in assignment.of("mutants").items()
    }


def _check_entry(
    assignment: Assignment, test: Cell, namespace: dict[str, Any]
) -> dict[str, Any]:
    """The right results of one check, and how each mistake looks."""
    name = test.name
    solution = assignment.of("solution")[name].source
    right, inputs = recorded(assignment, test, dict(namespace))
    calls = [testing.observe(right, args) for args in inputs]
    looks = {"the solution": [testing.sketch(c) for c in calls]}
    entry: dict[str, Any] = {
        "results": [encoded(c.result) for c in calls],
        "mistakes": [],
    }
    for mistake in catalogue(assignment.of("mistakes")[name]):
        if mistake.get("visible", True) is False:
            continue
        own = dict(namespace)
        run_cell(solution.replace(mistake["was"], mistake["is"]), own)
        wrong, inputs = recorded(assignment, test, own)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            calls = [testing.observe(wrong, args) for args in inputs]
        look = [testing.sketch(c) for c in calls]
        for other, seen in looks.items():
            if same_sketch(look, seen, 10 * SAME_SKETCH):
                raise ValueError(
                    f"{assignment.name}, {name}: on the visible inputs "
                    f"{mistake['name']!r} gives what {other!r} gives"
                )
        looks[mistake["name"]] = look
        entry["mistakes"].append(
            {"says": mistake["says"], "sketches": look}
        )
    return entry


# --------------------------------------------------------------- notebooks


def source_notebook(assignment: Assignment) -> nbformat.NotebookNode:
    """The notebook that nbgrader takes, with all of its metadata."""
    cells: list[nbformat.NotebookNode] = []
    for cell in assignment.cells:
        if cell.kind in ("mistakes", "mutants"):
            continue
        code = cell.kind not in ("text", "answer")
        new = (
            nbformat.v4.new_code_cell
            if code
            else nbformat.v4.new_markdown_cell
        )
        source = cell.source
        if cell.kind == "test":
            visible, hidden, after = test_parts(assignment, cell)
            if hidden:
                source = f"{visible}{BEGIN}\n{hidden}{END}{after}"
        grade_id = f"test_{cell.name}" if cell.kind == "test" else cell.name
        made = new(source, id=grade_id or f"cell-{len(cells):02d}")
        if grade_id:
            points = {"points": cell.options.get("points", 0)}
            made.metadata |= cell_metadata(
                grade_id,
                grade=cell.kind in ("test", "answer"),
                solution=cell.kind in ("solution", "answer"),
                locked=cell.kind == "test",
                **(points if cell.kind != "solution" else {}),
            )
        cells.append(made)
    kernel = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def build(name: str, root: Path) -> None:
    """Write the source notebook under `root`, and release it from there.

    Raises ValueError listing what the author must correct.
    """
    assignment = read(name)
    found = problems(assignment)
    if found:
        raise ValueError("\n".join(f"{name}: {p}" for p in found))
    target = root / "grading" / "source" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root / "grading") as scratch:
        folder = Path(scratch) / name
        _write_source(assignment, folder)
        shutil.rmtree(target, ignore_errors=True)
        folder.rename(target)  # whole: make grade takes what stands there
    outcome = course(root).generate_assignment(
        name, force=True, create=True
    )
    if not outcome["success"]:
        raise ValueError(f"{name}: nbgrader: {outcome.get('log')}")


def _write_source(assignment: Assignment, folder: Path) -> None:
    """Write the source notebook, and the files that lie beside it."""
    shutil.copytree(
        assignment.folder,
        folder,
        ignore=shutil.ignore_patterns("*.py", "*.md", "__pycache__"),
    )
    notebook = source_notebook(assignment)
    nbformat.validate(notebook)
    nbformat.write(notebook, folder / f"{assignment.name}.ipynb")
    stored = folder / "checks.json"
    made = {
        "boxes": boxes(assignment),
        "checks": {},
        "explained": explained(assignment),
    }
    stored.write_text(_as_text(made))
    with contextlib.chdir(folder):  # a notebook runs beside its files
        made["checks"] = checks(assignment)
    stored.write_text(_as_text(made))


def course(root: Path) -> NbGraderAPI:
    """nbgrader with the course's settings, on a course in `root`."""
    scripts = sysconfig.get_path("scripts")  # nbgrader runs alembic by name
    if scripts not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = scripts + os.pathsep + os.environ["PATH"]
    config = PyFileConfigLoader(
        "nbgrader_config.py", str(ROOT)
    ).load_config()
    config.CourseDirectory.root = str(root)
    database = root / "grading" / "gradebook.db"
    database.parent.mkdir(parents=True, exist_ok=True)
    if root != ROOT:
        config.CourseDirectory.db_url = f"sqlite:///{database}"
    return NbGraderAPI(config=config)


def _as_text(made: dict[str, Any]) -> str:
    """JSON with one line a task, a result or a mistake: small diffs."""
    text = json.dumps(made, sort_keys=True)
    starts = ('"boxes": {', '"checks": {', '"explained": {')
    for start in (*starts, '{"fields"', '{"says"'):
        text = text.replace(start, "\n" + start)
    return text + "\n"


# ------------------------------------------------------------ command line


def different(built: Path, kept: Path) -> Iterator[str]:
    """A diff, file by file, of two folders."""
    files = {
        p.relative_to(base)
        for base in (built, kept)
        for p in base.rglob("*")
        if p.is_file() and ".ipynb_checkpoints" not in p.parts
    }
    for file in sorted(files):
        old, new = (
            p.read_text().splitlines(keepends=True) if p.exists() else []
            for p in (kept / file, built / file)
        )
        label = f"exercises/{kept.name}/{file}"
        yield from difflib.unified_diff(
            old, new, label, "as its source gives it", n=1
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "names", nargs="*", help="assignments; default: all"
    )
    parser.add_argument(
        "--check", action="store_true", help="fail when exercises/ is stale"
    )
    options = parser.parse_args()
    chosen = options.names or names()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    stale: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) if options.check else ROOT
        for name in chosen:
            start = time.perf_counter()
            try:
                build(name, root)
            except ValueError as error:
                sys.exit(f"exercises: {error}")
            if options.check:
                stale += different(
                    root / "exercises" / name, ROOT / "exercises" / name
                )
            took = time.perf_counter() - start
            print(f"exercises: {name} built in {took:.1f} s", flush=True)
    if stale:
        sys.exit("".join(stale) + "\nexercises/ is stale: make exercises")
    check = ["--check"] * options.check
    module = "grader.assignments.mistakes"
    sys.exit(
        subprocess.call([sys.executable, "-m", module, *chosen, *check])
    )


if __name__ == "__main__":
    main()
