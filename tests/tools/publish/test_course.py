"""Learners get all that they need, and nothing that is hidden."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import textwrap
from datetime import UTC, datetime
from unittest import mock

import nbformat
import pytest
from nbclient import NotebookClient

from grader.assignments import builder
from grader.course.course_file import CourseFile, Week
from grader.systems.tree import LEFT_OUT, learners_makefile
from rnncore.checking.answers import Answers, Worked, read_answers
from tests.helpers import ROOT
from tests.helpers.grading import (
    NAME,
    REFERENCE,
    TESTS,
    make_once,
    solved,
    source_notebook,
)
from tools.build import book
from tools.pages import chapters, contents
from tools.publish import export, update

HIDDEN = TESTS["test_double"][2]
MARKED = re.compile(
    r"### BEGIN (SOLUTION|HIDDEN TESTS)\n(.*?)### END", re.DOTALL
)


@pytest.fixture(scope="session")
def tree(tmp_path_factory, released):
    """The learners' tree, of releases that were built for other tests too."""

    def build(name, root, values, course):
        for part in ("exercises", "grading/source"):
            built = released(name) / part / name
            shutil.copytree(built, root / part / name)

    def make(folder):
        with mock.patch.object(builder, "build", build):
            assert export.main([str(folder)]) == 0

    return make_once(tmp_path_factory, "learners", make)


def secret_statements():
    """The statements of all solutions and hidden tests but closed books'."""
    found = {}
    for path in ROOT.glob("solutions/[!_]*/*.py"):
        for cell in path.read_text().split("# %%")[1:]:
            if "closed_book" in cell.split("\n")[0]:
                continue
            for _, text in MARKED.findall(cell):
                for node in _parsed(text):
                    source = ast.unparse(node)
                    if len(source) > 20:
                        found[source] = path.stem
    return found


def _parsed(text):
    """The statements of a piece of code, which may begin inside a loop."""
    text = textwrap.dedent(text.strip("\n"))
    if not text.startswith(" "):
        return ast.parse(text).body
    loop, *rest = ast.parse(f"while True:\n{text}").body
    return [*loop.body, *rest]


def statements(path):
    """All statements of a file of code, or of a notebook's code cells."""
    if path.suffix == ".py":
        texts = [path.read_text()]
    else:
        cells = nbformat.read(path, as_version=4).cells
        texts = [c.source for c in cells if c.cell_type == "code"]
    return {
        ast.unparse(node)
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.stmt)
    }


def test_no_solution_and_no_hidden_test_is_in_an_exported_notebook(tree):
    secret = secret_statements()
    assert len(secret) > 20
    visible = set()  # what a cell shows anyway is no secret
    for path in ROOT.glob("solutions/[!_]*/*.py"):
        text = re.sub(
            r"### BEGIN (?:S|H).*?### END",
            "pass #",
            path.read_text(),
            flags=re.DOTALL,
        )
        visible |= {
            ast.unparse(node)
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.stmt)
        }
    for path in (tree / "exercises").rglob("*.ipynb"):
        assert not statements(path) & (set(secret) - visible), path
    for path in (tree / "exercises").rglob("*"):
        if path.is_file():
            text = path.read_text()
            assert "HIDDEN TESTS" not in text
            assert "BEGIN SOLUTION" not in text


def test_a_statement_of_a_solution_would_be_seen(tree):
    name, secret = next(iter(secret_statements().items()))[::-1]
    release = tree / "exercises" / name / f"{name}.ipynb"
    notebook = nbformat.read(release, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(secret))
    copy = release.with_name("leaky.ipynb")
    nbformat.write(notebook, copy)
    assert secret in statements(copy)
    copy.unlink()


@pytest.mark.slow
def test_a_leak_stops_the_export(tmp_path, monkeypatch, capsys):
    def leaky(name, root, *more):
        build(name, root, *more)
        path = root / "exercises" / name / f"{name}.ipynb"
        source = root / "grading" / "source" / name / f"{name}.ipynb"
        path.write_text(source.read_text())

    build = builder.build
    monkeypatch.setattr(builder, "build", leaky)
    monkeypatch.setattr(builder, "list_assignments", lambda: ["ch03_bptt"])
    assert export.main([str(tmp_path / "out")]) == 2
    assert "it would hold a secret" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def one_assignment(folder, answers, released=None):
    """A built assignment and a tree that has it, with these answers."""
    source, tree = folder / "source", folder / "tree"
    made = source / "grading" / "source" / NAME
    given = tree / "exercises" / NAME
    for place in made, given, *(tree / name for name in export.FOLDERS):
        place.mkdir(parents=True)
    nbformat.write(source_notebook(), made / f"{NAME}.ipynb")
    nbformat.write(released or solved(), given / f"{NAME}.ipynb")
    (given / "answers.json").write_text(answers.as_text())
    return source, tree


SHOWN = Answers(
    {"double": Worked(f"return 2 * x  # {REFERENCE}", "So.")}, {}
)
TOLD = Answers({"double": Worked("pass", HIDDEN)}, {})


def test_answers_may_hold_a_solution_only_where_the_course_gives_it(
    tmp_path,
):
    source, tree = one_assignment(tmp_path, SHOWN)
    assert export.find_leaks(source, tree, answers=True) == []
    (leak,) = export.find_leaks(source, tree)
    assert leak.startswith(f"exercises/{NAME}/answers.json has 'return 2")


def test_answers_may_hold_no_hidden_test(tmp_path):
    source, tree = one_assignment(tmp_path, TOLD)
    for answers in True, False:
        (leak,) = export.find_leaks(source, tree, answers=answers)
        assert leak.startswith(f"exercises/{NAME}/answers.json has ")
        assert HIDDEN in leak


def test_a_notebook_may_hold_no_solution_though_answers_may(tmp_path):
    source, tree = one_assignment(tmp_path, SHOWN, source_notebook())
    found = export.find_leaks(source, tree, answers=True)
    assert found
    assert all(f"{NAME}.ipynb has" in leak for leak in found)


@pytest.mark.parametrize(
    ("says", "has"),
    [("never", False), ("after", True), ("try", True)],
)
def test_a_tree_has_the_answers_that_the_course_gives(
    tmp_path, monkeypatch, says, has
):
    def build(name, root, values, course):
        (root / "exercises" / name).mkdir(parents=True)

    monkeypatch.setattr(builder, "build", build)
    due = datetime(2026, 10, 20, 12)
    week = Week((), ("ch03_bptt",), due)
    course = CourseFile(solutions=says, weeks=(week,))
    export._build_exercises(tmp_path / "source", course)
    folder = tmp_path / "source" / "exercises" / "ch03_bptt"
    assert (folder / "answers.json").exists() == has
    if has:
        opens = read_answers(folder / "answers.json").opens
        assert opens == (
            due.replace(tzinfo=UTC) if says == "after" else None
        )


def test_an_assignment_that_is_never_due_is_no_part_of_solutions_after(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(builder, "build", lambda *_: None)
    monkeypatch.setattr(builder, "list_buildable", lambda: ["ch03_bptt"])
    with pytest.raises(export.ExportError, match="with a due date for it"):
        export._build_exercises(
            tmp_path / "source", CourseFile(solutions="after")
        )


@pytest.mark.parametrize("says", ["never", "try"])
def test_the_trees_book_tells_of_solutions_where_there_are_any(
    tmp_path, says
):
    shutil.copytree(ROOT / "book", tmp_path / "book", ignore=LEFT_OUT)
    shutil.copy(ROOT / "_config.yml", tmp_path)
    export.fit_book(tmp_path, CourseFile(solutions=says))
    page = (tmp_path / "book" / "exercises.md").read_text()
    assert ("make answer" in page) == (says == "try")
    assert "three folded hints" in page
    assert "% end" not in page


def test_a_tree_with_answers_has_the_command_that_shows_them():
    makefile = (ROOT / "Makefile").read_text()
    with_them = learners_makefile(makefile, (*export.TARGETS, "answer"))
    assert "-m rnncore answer" in with_them
    assert "-m rnncore answer" not in learners_makefile(
        makefile, export.TARGETS
    )


def test_the_tree_holds_the_course_and_nothing_of_the_grader(tree):
    inside = {path.name for path in tree.iterdir()}
    made = {".gitignore", "Makefile", "README.md", "exercises", "tools"}
    made.add(update.RECORD)
    assert inside == made | {*export.FOLDERS, *export.FILES}
    names = {path.name for path in (tree / "exercises").iterdir()}
    assert names == set(builder.list_assignments())
    tools = {path.name for path in (tree / "tools").iterdir()}
    setting_up = {"__init__.py", "cpu_torch.py", "set_up.py"}
    assert tools == setting_up | {"build", "pages", "site"}
    build = {path.name for path in (tree / "tools" / "build").iterdir()}
    assert not build & {"export.py", "update.py", "real_scores.py"}
    for readable in (tree, tree / "README.md", tree / "exercises"):
        assert readable.stat().st_mode & 0o044 == 0o044


def test_the_trees_book_has_no_page_for_instructors(tree):
    """Nor a known mistake, nor a reference to either."""
    toc = (tree / "book" / "_toc.yml").read_text()
    pages = {path.stem for path in (tree / "book").glob("*.md")}
    assert pages == set(contents.list_pages(toc))
    own = set(contents.list_pages((ROOT / "book" / "_toc.yml").read_text()))
    teaching = {name for name in own if name.startswith("grading")}
    assert len(teaching) == 6
    assert pages == own - teaching - {"grader", "hub"}
    assert "those who teach" not in toc
    for page in (tree / "book").glob("*.md"):
        text = page.read_text()
        assert "(grading" not in text
        assert "sample_answers" not in text
        assert "grader mistakes" not in text
        assert "upstream in place" not in text  # the guide's example


@pytest.mark.slow
def test_a_contents_file_that_was_cut_cuts_the_trees_book(tmp_path):
    shutil.copytree(ROOT / "book", tmp_path / "book")
    toc = tmp_path / "book" / "_toc.yml"
    text = toc.read_text()
    for page in contents.list_pages(text):
        if page[:2] == "ch" and page >= "ch08":
            text = contents.remove_page(text, page)
    toc.write_text(text)
    shutil.copy(ROOT / "_config.yml", tmp_path)
    export.fit_book(tmp_path, CourseFile())
    pages = {path.stem for path in (tmp_path / "book").glob("*.md")}
    assert pages == set(contents.list_pages(toc.read_text()))
    assert "ch07_gru" in pages
    assert not any(page > "ch08" for page in pages if page < "ci")
    book = "".join(p.read_text() for p in (tmp_path / "book").glob("*.md"))
    assert not re.search(r"\]\((ch08|ch1[0-8])|\{doc\}`[^`]*ch(08|1)", book)
    assert "chapter 18" in book
    chapters.write_roles(
        book, chapters.read(tmp_path / "book")
    )  # or raises


def test_make_offers_what_a_learner_needs(tree):
    out = subprocess.run(
        ["make", "help"],
        cwd=tree,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    targets = re.findall(r"^make (\w+)", out, re.MULTILINE)
    assert " ".join(targets) == "help book serve lab check own clean"
    for target in targets:
        dry = subprocess.run(
            ["make", "--dry-run", target],
            cwd=tree,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for file in re.findall(r"requirements\S*\.txt", dry):
            assert (tree / file).exists()
        for module in re.findall(r"-m ((?:tools|rnncore)\.\S+)", dry):
            place = tree.joinpath(*module.split("."))
            assert place.is_dir() or place.with_suffix(".py").exists()


def run_notebook(tree, name):
    """Errors of the exported notebook, run with the exported package."""
    folder = tree / "exercises" / name
    notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)
    where = nbformat.v4.new_code_cell("import rnncore; rnncore.__file__")
    notebook.cells.append(where)
    client = NotebookClient(
        notebook,
        allow_errors=True,
        timeout=120,
        kernel_manager_class=book.Manager,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env=os.environ | {"PYTHONPATH": str(tree)})
    assert str(tree) in where.outputs[0]["data"]["text/plain"]
    return [
        output.ename
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]


def test_an_exported_notebook_runs(tree):
    errors = run_notebook(tree, builder.list_assignments()[-1])
    assert set(errors) == {"NotImplementedError"}


@pytest.mark.weekly
@pytest.mark.parametrize("name", builder.list_assignments())
def test_every_exported_notebook_runs(tree, name):
    assert set(run_notebook(tree, name)) == {"NotImplementedError"}


def test_a_folder_that_holds_something_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert export.main([str(tmp_path)]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_update_of_what_is_no_tree_builds_and_changes_nothing(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(builder, "build", None)  # not called
    (tmp_path / "mine.txt").write_text("mine")
    assert export.main([str(tmp_path), "--update"]) == 2
    assert "export into an empty folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_update_keeps_what_a_learner_wrote(tree, tmp_path, monkeypatch):
    name = builder.list_assignments()[0]
    learner = shutil.copytree(tree, tmp_path / "ann")
    path = learner / "exercises" / name / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    own = nbformat.v4.new_code_cell("mine = 1")
    notebook.cells.append(own)
    nbformat.write(notebook, path)
    monkeypatch.setattr(export, "_make_tree", lambda *_: tree)
    assert export.main([str(learner), "--update"]) == 0
    assert "mine = 1" in path.read_text()


def test_a_folder_inside_the_book_is_refused(capsys):
    assert export.main([str(ROOT / "book" / "out")]) == 2
    assert not (ROOT / "book" / "out").exists()


def test_a_failed_export_leaves_nothing(tmp_path, monkeypatch):
    def fails(source, tree, course):
        tree.mkdir()
        raise OSError("disk full")

    monkeypatch.setattr(builder, "list_assignments", list)
    monkeypatch.setattr(export, "_copy", fails)
    target = tmp_path / "out"
    target.mkdir()
    with pytest.raises(OSError, match="disk full"):
        export.export(target, CourseFile())
    assert list(target.iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_without_a_folder_the_use_is_told(capsys):
    assert export.main([]) == 2
    assert "make course DIR=path" in capsys.readouterr().err
