"""A new edition of the learners' tree keeps what learners wrote in the old one."""

import json
import shutil
import subprocess

import nbformat
import pytest
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
)

from tests.helpers.grading import cell_metadata, cell_of
from tools.publish import update

FOLDER = "exercises/own"
NOTEBOOK = f"{FOLDER}/own.ipynb"


def answer(name, text):
    return new_code_cell(text, metadata=cell_metadata(name, solution=True))


def check(name, text):
    meta = cell_metadata(name, grade=True, locked=True, points=2)
    return new_code_cell(text, metadata=meta)


def first():
    return [
        new_markdown_cell("# Own"),
        new_code_cell("import math"),
        new_markdown_cell("## Task 1 (2 points)"),
        answer("double", "def double(x):\n    raise NotImplementedError"),
        check("test_double", "assert double(1) == 2"),
        new_markdown_cell("Try it:"),
        answer("triple", "def triple(x):\n    raise NotImplementedError"),
        check("test_triple", "assert triple(1) == 3"),
    ]


def second():
    """Another text, test and import; a task more, and a text less."""
    cells = first()
    cells[1].source = "import math, cmath"
    cells[2].source = "## Task 1: twice (2 points)"
    cells[4].source = "assert double(2) == 4"
    return [
        *cells[:5],
        *cells[6:],
        answer("fourth", "def fourth(x):\n    raise NotImplementedError"),
        check("test_fourth", "assert fourth(1) == 4"),
    ]


def edition(folder, cells, **files):
    """A tree with one notebook and some files, as it is handed out."""
    (folder / FOLDER).mkdir(parents=True)
    for number, cell in enumerate(cells):
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell["id"] = name or f"cell-{number:02}"
    nbformat.write(new_notebook(cells=cells), folder / NOTEBOOK)
    (folder / "rnncore").mkdir()
    for name, text in files.items():
        (folder / "rnncore" / f"{name}.py").write_text(text)
    update.write_record(folder)
    return folder


@pytest.fixture
def old(tmp_path):
    """A learner's tree of the first edition."""
    return edition(tmp_path / "ann", first(), a="1", b="1", gone="1")


@pytest.fixture
def new(tmp_path):
    """The second edition."""
    return edition(tmp_path / "new", second(), a="2", b="2", more="1")


def read(tree, path=NOTEBOOK):
    return nbformat.read(tree / path, as_version=4)


def change(tree, work):
    """Write into the learner's notebook."""
    notebook = read(tree)
    work(notebook)
    nbformat.write(notebook, tree / NOTEBOOK)
    return (tree / NOTEBOOK).read_bytes()


def sources(notebook):
    return [cell.source for cell in notebook.cells]


def before(tree, done, path):
    return (tree / done.aside / "before" / path).read_bytes()


def test_what_nobody_changed_is_the_new_edition(old, new):
    (old / "mine.py").write_text("mine")
    (old / ".venv").mkdir()
    done = update.update(old, new)
    assert done.merged == done.kept == done.told == []
    for path in update.list_files(new):
        assert (old / path).read_bytes() == (new / path).read_bytes()
    assert done.removed == ["rnncore/gone.py"]
    assert not (old / "rnncore" / "gone.py").exists()
    assert before(old, done, "rnncore/gone.py") == b"1"
    assert (old / "mine.py").read_text() == "mine"
    assert update.read_record(old) == update.read_record(new)


def test_answers_stay_and_tests_are_the_new_ones(old, new):
    def work(notebook):
        cell = cell_of(notebook, "double")
        cell.source = "def double(x):\n    return 2 * x"
        cell.outputs = [new_output("stream", text="so")]
        cell_of(notebook, "test_triple").source = "pass"

    was = change(old, work)
    done = update.update(old, new)
    found = read(old)
    nbformat.validate(found)
    expected = sources(read(new))
    expected[3] = "def double(x):\n    return 2 * x"
    assert sources(found) == expected
    assert cell_of(found, "double").outputs[0].text == "so"
    for cell, fresh in zip(found.cells, read(new).cells, strict=True):
        assert cell.metadata == fresh.metadata
    assert done.merged == [NOTEBOOK]
    assert before(old, done, NOTEBOOK) == was
    assert done.told == [
        f"{NOTEBOOK}: test_triple is no answer, and is the new one"
    ]
    assert "with what was written" in done.format()


def test_own_cells_and_changed_texts_stay_where_they_were(old, new):
    def work(notebook):
        notebook.cells[1].source = "import math, random"
        notebook.cells.insert(4, new_code_cell("double(3)"))
        notebook.cells.insert(5, new_markdown_cell("A note"))
        notebook.cells.append(new_code_cell("double(3)"))

    change(old, work)
    update.update(old, new)
    found = read(old)
    nbformat.validate(found)
    ids = [cell.id for cell in found.cells]
    assert len(ids) == len({*ids})
    fresh = sources(read(new))
    assert sources(found) == [
        fresh[0],
        "import math, random",
        *fresh[1:4],
        "double(3)",
        "A note",
        *fresh[4:7],
        "double(3)",
        *fresh[7:],
    ]


def test_what_a_learner_deleted_stays_away_but_for_tasks(old, new):
    def work(notebook):
        names = "# Own", "assert triple(1) == 3"
        gone = [c for c in notebook.cells if c.source in names]
        notebook.cells = [c for c in notebook.cells if c not in gone]

    change(old, work)
    done = update.update(old, new)
    assert sources(read(old)) == sources(read(new))[1:]
    assert done.told == [
        f"{NOTEBOOK}: test_triple was missing, and is back"
    ]


def test_an_answer_to_a_task_that_is_gone_stays_as_a_cell(old, tmp_path):
    new = edition(tmp_path / "new", first()[:6])
    text = "def triple(x):\n    return 3 * x"
    change(old, lambda n: cell_of(n, "triple").update(source=text))
    update.update(old, new)
    found = read(old)
    assert sources(found) == [*sources(read(new)), text]
    assert "nbgrader" not in found.cells[-1].metadata


def test_no_answer_is_lost_over_many_editions(old, new, tmp_path):
    text = "def double(x):\n    return 2 * x"
    change(old, lambda n: cell_of(n, "double").update(source=text))
    third = second()
    third[3].source = "def double(x, y):\n    raise NotImplementedError"
    last = edition(tmp_path / "last", third)
    for tree in (new, new, last, last):
        done = update.update(old, tree)
    assert cell_of(read(old), "double").source == text
    assert done.merged == []  # the last was there
    assert sources(read(old))[1:3] == sources(read(last))[1:3]


def test_the_answer_to_a_changed_beginning_is_told(old, tmp_path):
    text = "def double(x):\n    return 2 * x"
    change(old, lambda n: cell_of(n, "double").update(source=text))
    cells = first()
    cells[3].source = "def double(x, y):\n    raise NotImplementedError"
    done = update.update(old, edition(tmp_path / "new", cells))
    assert cell_of(read(old), "double").source == text
    (told,) = done.told
    assert "to begin double with is another" in told


def test_an_interrupted_update_may_be_run_again(old, new, monkeypatch):
    def work(notebook):
        cell_of(notebook, "double").source = "double = abs"
        notebook.cells.append(new_code_cell("double(3)"))

    change(old, work)
    again = shutil.copytree(old, old.parent / "again")
    update.update(old, new)

    def stops(tree, path, *_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(update, "_remove", stops)
        with pytest.raises(KeyboardInterrupt):
            update.update(again, new)
    assert sources(read(again)) == sources(read(old))  # merged before
    update.update(again, new)
    assert sources(read(again)) == sources(read(old))
    assert update.read_record(again) == update.read_record(new)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"cells": 3}', "not text \udc00"]
)
def test_a_notebook_that_cannot_be_read_is_left_alone(old, new, text):
    content = text.encode("utf-8", "surrogatepass")
    (old / NOTEBOOK).write_bytes(content)
    done = update.update(old, new)
    assert (old / NOTEBOOK).read_bytes() == content
    assert done.kept == [NOTEBOOK]
    aside = old / done.aside / "new" / NOTEBOOK
    assert aside.read_bytes() == (new / NOTEBOOK).read_bytes()


def test_metadata_of_any_form_stop_nothing(old, new):
    def work(notebook):
        notebook.cells[0].metadata["nbgrader"] = ["odd"]

    content = change(old, work)
    done = update.update(old, new)
    assert (old / NOTEBOOK).read_bytes() == content
    assert done.kept == [NOTEBOOK]


def test_other_files_that_were_changed_stay(old, new):
    (old / "rnncore" / "a.py").write_text("mine")
    (old / "rnncore" / "gone.py").write_text("mine")
    done = update.update(old, new)
    assert (old / "rnncore" / "a.py").read_text() == "mine"
    assert (old / "rnncore" / "gone.py").read_text() == "mine"
    assert (
        old / done.aside / "new" / "rnncore" / "a.py"
    ).read_text() == "2"
    assert (old / "rnncore" / "b.py").read_text() == "2"
    assert done.kept == ["rnncore/a.py"]
    assert f"{done.aside}/new/rnncore/a.py" in done.format()


def test_a_renamed_folder_stays_and_the_new_edition_comes_beside(old, new):
    change(
        old, lambda n: cell_of(n, "double").update(source="double = abs")
    )
    (old / FOLDER).rename(old / "exercises" / "week 1")
    was = (old / "exercises" / "week 1" / "own.ipynb").read_bytes()
    done = update.update(old, new)
    assert (old / "exercises/week 1/own.ipynb").read_bytes() == was
    assert (old / NOTEBOOK).read_bytes() == (new / NOTEBOOK).read_bytes()
    (told,) = done.told
    assert "exercises/week 1/own.ipynb, which looks like it" in told


def test_links_lead_nowhere(old, new, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    shutil.move(old / "rnncore", elsewhere)
    (old / "rnncore").symlink_to(elsewhere)
    (old / NOTEBOOK).unlink()
    (old / NOTEBOOK).symlink_to(elsewhere / "a.py")
    done = update.update(old, new)
    assert sorted(p.name for p in elsewhere.iterdir()) == [
        "a.py", "b.py", "gone.py",
    ]  # fmt: skip
    assert (elsewhere / "a.py").read_text() == "1"
    assert len(done.told) == 5
    (old / "updates").symlink_to(elsewhere)
    with pytest.raises(update.UpdateError, match="got a link"):
        update.update(old, new)


@pytest.mark.parametrize(
    "record", [None, "", "[]", '{"files": 3}', '{"files": {"a": {}}}']
)
def test_a_tree_that_does_not_say_what_it_was_is_refused(old, new, record):
    (old / update.RECORD).unlink()
    if record is not None:
        (old / update.RECORD).write_text(record)
    was = {p: (old / p).read_bytes() for p in update.list_files(old)}
    with pytest.raises(update.UpdateError, match="export into an empty"):
        update.update(old, new)
    assert {
        p: (old / p).read_bytes() for p in update.list_files(old)
    } == was


def test_a_record_that_names_files_outside_reaches_none(old, new, tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("1")
    record = json.loads((old / update.RECORD).read_bytes())
    digest = {"sha256": update.hash_content(b"1")}
    for path in ("../outside.txt", f"{outside}", f"/{outside}"):
        record["files"][path] = digest
    (old / update.RECORD).write_text(json.dumps(record))
    update.update(old, new)
    assert outside.read_text() == "1"


# -------------------------------------------------------- as a git branch


def git(folder, *command):
    who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    done = subprocess.run(
        ["git", *who, *command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.system
def test_as_a_branch_a_learner_pulls_it_and_keeps_answers(
    old, new, tmp_path
):
    """As nbgitpuller does: commit what is there, merge, keep one's own lines."""
    (old / ".gitignore").write_text("/updates/\n")
    git(old, "init", "-q", "-b", "main")
    git(old, "add", "-A")
    git(old, "commit", "-qm", "first")
    learner = tmp_path / "learner"
    git(tmp_path, "clone", "-q", str(old), str(learner))
    text = "def double(x):\n    return 2 * x"
    change(learner, lambda n: cell_of(n, "double").update(source=text))

    update.update(old, new)  # the teacher's tree
    git(old, "add", "-A")
    git(old, "commit", "-qm", "second")
    assert "updates" not in git(old, "ls-files")

    git(learner, "commit", "-qam", "mine")
    git(learner, "fetch", "-q")
    git(learner, "merge", "-q", "-Xours", "origin/main")
    found = read(learner)
    nbformat.validate(found)
    assert cell_of(found, "double").source == text
    assert cell_of(found, "test_double").source == "assert double(2) == 4"
    assert cell_of(found, "fourth")
