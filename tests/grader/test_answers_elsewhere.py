"""What is written beside an answer's cell reaches whoever marks it."""

import copy

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from grader.commands import grade
from grader.notebook.answers import ELSEWHERE, read_task_answers
from grader.notebook.names import cell_metadata
from grader.notebook.repair import repair
from tests.helpers.grading import (
    NAME,
    NEEDS_SANDBOX,
    cell_of,
    hand_in,
    make_course,
    solved,
    source_notebook,
    told,
)

STUB = "def double(x):\n    raise NotImplementedError()"
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


def released():
    """What learners got: stubs, and a place for the written answer."""
    notebook = source_notebook()
    cell_of(notebook, "double").source = STUB
    cell_of(notebook, "why").source = "YOUR ANSWER HERE"
    return notebook


def put(notebook, name, cell, after=1):
    """Put a cell behind (0: before) the one of this name."""
    notebook.cells.insert(
        notebook.cells.index(cell_of(notebook, name)) + after, cell
    )
    return notebook


@pytest.mark.parametrize("after", [0, 1])
def test_a_written_answer_in_another_cell_is_taken_for_the_answer(after):
    mine = put(released(), "why", new_markdown_cell("It vanishes."), after)
    repaired, remarks = repair(mine, released())
    source = cell_of(repaired, "why").source
    assert "It vanishes." in source
    assert "YOUR ANSWER HERE" not in source
    (remark,) = [r for r in remarks if r.startswith(ELSEWHERE)]
    assert "'why'" in remark


def test_a_cell_below_a_written_answer_is_read_with_it():
    mine = put(solved(), "why", new_markdown_cell("And more."))
    repaired, _ = repair(mine, released())
    source = cell_of(repaired, "why").source
    assert source.index("Because.") < source.index("And more.")


def test_what_the_assignment_itself_says_is_no_answer():
    release = released()
    for where in ("why", "test_triple"):
        put(release, where, new_markdown_cell(f"Text after {where}."))
    mine = copy.deepcopy(release)
    for cell in mine.cells:  # as an editor that drops them leaves it
        cell.pop("id", None)
    repaired, remarks = repair(mine, release)
    assert cell_of(repaired, "why").source == "YOUR ANSWER HERE"
    assert not [r for r in remarks if r.startswith(ELSEWHERE)]


def test_one_text_between_two_questions_belongs_to_the_first():
    release = released()
    second = new_markdown_cell(
        "YOUR ANSWER HERE",
        metadata=cell_metadata("how", grade=True, solution=True, points=1),
    )
    put(release, "why", second)
    mine = put(copy.deepcopy(release), "why", new_markdown_cell("Mine."))
    repaired, _ = repair(mine, release)
    assert "Mine." in cell_of(repaired, "why").source
    assert cell_of(repaired, "how").source == "YOUR ANSWER HERE"


def test_code_that_the_stub_below_it_undoes_is_named():
    above = new_code_cell("def double(x):\n    return 2 * x")
    mine = put(released(), "double", above, 0)
    _, remarks = repair(mine, released())
    (remark,) = [r for r in remarks if r.startswith(ELSEWHERE)]
    assert "'double'" in remark
    assert "code cell 2" in remark


def test_a_written_stub_undoes_nothing():
    above = new_code_cell("def double(x):\n    return 0")
    mine = put(solved(), "double", above, 0)
    _, remarks = repair(mine, released())
    assert not [r for r in remarks if r.startswith(ELSEWHERE)]


def test_what_is_below_a_task_is_its_answer():
    release = released()
    meta = cell_metadata("task", locked=True, task=True, points=2)
    release.cells.append(new_markdown_cell("Do it.", metadata=meta))
    mine = copy.deepcopy(release)
    mine.cells += [new_code_cell("1 + 1"), new_markdown_cell("Done.")]
    repaired, _ = repair(mine, release)
    assert read_task_answers(repaired, release) == {
        "task": "1 + 1\n\nDone."
    }


@NEEDS_SANDBOX
@pytest.mark.slow
def test_learner_and_instructor_read_of_each(tmp_path, capsys):
    """Copies beside a blank notebook, other cells, an import that dies."""
    root = make_course(tmp_path)
    names = f"{NAME}-Copy1", f"{NAME} (1)", f"{NAME}__20260301101010"
    for number, name in enumerate(names):
        hand_in(root, f"copy{number}", released())
        hand_in(root, f"copy{number}", solved(), file=f"{name}.ipynb")
    hand_in(
        root, "below", put(released(), "why", new_markdown_cell("Mine."))
    )
    above = new_code_cell("def double(x):\n    return 2 * x")
    hand_in(root, "above", put(released(), "double", above, 0))
    dies = solved()
    text = "from nowhere import drive\nimport math as maths"
    dies.cells.insert(0, new_code_cell(text))
    cell_of(
        dies, "double"
    ).source = "def double(x): return maths.sqrt(4) * x"
    hand_in(root, "dies", dies)
    hand_in(root, "honest", solved())
    assert grade.main(["--root", str(root)]) == 0
    shown = capsys.readouterr().out
    looked_at = shown[shown.index("To be looked at") :]
    for number, name in enumerate(names):
        assert f"{name}.ipynb" in told(root, f"copy{number}")
        assert f"{name}.ipynb" in looked_at
    assert "Mine." in told(root, "below")
    tasks = (root / "grading" / "tasks.csv").read_text()
    assert f"below,{NAME},why,0.0,1.0,1," in tasks
    for who in ("below", "above"):
        assert ELSEWHERE in told(root, who)
        assert f"{who} {NAME}: {ELSEWHERE}" in looked_at
    page = told(root, "dies")
    assert page.count("from nowhere import drive") >= 2  # the task's, too
    assert "honest" not in looked_at
    path = root / "grading" / "autograded" / "below" / NAME
    notebook = nbformat.read(path / f"{NAME}.ipynb", 4)
    assert "Mine." in cell_of(notebook, "why").source  # the formgrader's


@NEEDS_SANDBOX
def test_who_asked_for_a_solution_is_named_and_no_answer_reads_the_file(
    tmp_path, capsys
):
    """The file of answers that is handed in stays behind."""
    root = make_course(tmp_path)
    asked = solved()
    asked.metadata["gave_up"] = ["double", "no task"]
    hand_in(root, "asked", asked)
    reads = solved()
    cell_of(reads, "double").source = (
        "def double(x):\n"
        "    with open('answers.json') as file:\n"
        "        return float(file.read()) * x"
    )
    hand_in(root, "reads", reads)
    for name in "answers.json", ".tries.json", "factor.txt":
        hand_in(root, "reads", "2.0", file=name)
    hand_in(root, "honest", solved())
    assert grade.main(["--root", str(root)]) == 0
    shown = capsys.readouterr().out
    looked_at = shown[shown.index("To be looked at") :]
    said = f"asked {NAME}: asked for the course's solution of double\n"
    assert said in looked_at
    assert "honest" not in looked_at
    tasks = (root / "grading" / "tasks.csv").read_text()
    assert f"asked,{NAME},test_double,3.0," in tasks
    assert f"reads,{NAME},test_double,0.0," in tasks
    kept = root / "grading" / "autograded" / "reads" / NAME
    assert {p.name for p in kept.iterdir()} >= {"factor.txt"}
    assert not (kept / "answers.json").exists()
    assert not (kept / ".tries.json").exists()
