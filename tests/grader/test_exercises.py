"""Every assignment in solutions/ holds what the course promises of it."""

import copy
import json
import os
import re
import shutil
import subprocess
import sys
import zlib
from base64 import b64decode
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import torch
from nbgrader.api import Gradebook

from grader.assignments import builder, mistakes, source
from grader.assignments.known_mistakes import (
    Mistake,
    read_catalogue,
    trim_edit,
)
from grader.assignments.source import (
    Assignment,
    SourceCell,
    find_references,
)
from grader.assignments.worked import find_missing_reasons, make_answers
from grader.course.course_file import CourseFile
from grader.trusted.inside import without_hidden
from rnncore.checking.answers import read_answers
from rnncore.commands.answer import is_stub
from rnncore.storage.files import CHECKS, locked
from rnncore.testing.checks_file import read_checks
from rnncore.testing.properties import declared
from tests.helpers.grading import make_once, read_handed_out

pytestmark = pytest.mark.slow

NAMES = builder.list_assignments()
PLACES = ["numpy", "cpu"] + ["cuda"] * torch.cuda.is_available()
# An assignment's tests stand together: one process judges its mistakes once.
each_assignment = pytest.mark.parametrize("name", NAMES, scope="module")


def catalogued(name):
    """The known mistakes of all of an assignment's tasks."""
    cells = builder.read(name).of("mistakes").values()
    return [mistake for cell in cells for mistake in read_catalogue(cell)]


def automatic(assignment):
    return {
        task: cell.options["points"]
        for task, cell in assignment.of("test").items()
    }


@each_assignment
@pytest.mark.parametrize("place", PLACES)
def test_solution_earns_all_automatic_points(name, place):
    assignment = builder.read(name)
    assert mistakes.play(assignment, place=place) == automatic(assignment)


@each_assignment
@pytest.mark.parametrize("seed", ["1", "20"])
def test_solution_holds_for_other_hidden_inputs(name, seed, monkeypatch):
    monkeypatch.setenv("RNNCORE_SEED", seed)
    lost = [
        *mistakes.find_unearned_points(builder.read(name), torch_too=False)
    ]
    assert not lost, "\n".join(lost)


@each_assignment
def test_untouched_release_earns_nothing(name):
    assignment = builder.read(name)
    stubs = {
        task: mistakes.stub(cell)
        for task, cell in assignment.of("solution").items()
    }
    assert not any(mistakes.play(assignment, stubs).values())


@pytest.mark.weekly
@each_assignment
def test_a_missing_task_loses_its_own_points_only(name):
    assignment = builder.read(name)
    for task, cell in assignment.of("solution").items():
        points = mistakes.play(assignment, {task: mistakes.stub(cell)})
        assert points == {**automatic(assignment), task: 0}, task


@pytest.mark.slow
@each_assignment
def test_every_mistake_is_caught_and_told_by_name(name, record_property):
    verdicts = mistakes.judge_assignment(name)
    told = [v for v in verdicts if v.recognised is not None]
    killed = sum(v.killed for v in verdicts)
    known = sum(bool(v.recognised) for v in told)
    row = (name, len(verdicts), killed, known, len(told))
    record_property("known mistakes", row)
    assert [v for v in verdicts if not v.killed] == []
    assert [v for v in told if not v.recognised] == []
    wrong = [v for v in verdicts if {*v.loses} != {*v.expected}]
    assert wrong == [], "a mistake loses other points than its heading says"
    listed = catalogued(name)
    assert (killed, known) == (len(listed), sum(m.visible for m in listed))


ON_TORCH_ALONE = """
_{name} = {name}
def {name}(*args, **named):
    if not all(map(torch.is_tensor, (*args, *named.values()))):
        raise TypeError("on torch alone")
    return _{name}(*args, **named)
"""
OTHERWISE = """
from rnncore.backend import array_namespace, tree_map
def otherwise(right):
    def found(*args, **named):
        return tree_map(changed, right(*args, **named))
    def changed(a):
        if "float" not in str(getattr(a, "dtype", "")):
            return a
        return {change}
    found.__name__ = right.__name__
    return found
{name} = otherwise({name})
"""
WIDER = "array_namespace(a).astype(a, array_namespace(a).float64)"
NO_ARRAYS = {
    "masked",
    "to_torch",
    "LeakyCell",
    "Loop",
    "own_cell",
    "real_loss",
}


@pytest.mark.weekly
@each_assignment
@pytest.mark.parametrize(
    ("change", "costs"), [(WIDER, {"dtype"}), ("0 * a", {"everything"})]
)
def test_a_right_answer_made_wrong_loses_its_property(name, change, costs):
    assignment = builder.read(name)
    tests = assignment.of("test")
    for task, cell in assignment.of("solution").items():
        of = declared(tests[task].source)
        if "dtype" not in of or task in NO_ARRAYS:
            continue
        wrong = cell.source + OTHERWISE.format(name=task, change=change)
        points = mistakes.play(assignment, {task: wrong})[task]
        kept = sum(n for p, n in of.items() if p not in costs)
        assert points == (0 if "everything" in costs else kept), task


@pytest.mark.parametrize(
    "task",
    [
        "look_or_pass",
        "look_or_pass_vjp",
        "covering_weights",
        "covering_scores_vjp",
    ],
)
def test_attention_on_torch_alone_loses_the_point_for_the_library(task):
    assignment = builder.read("ch14_attention")
    right = assignment.of("solution")[task].source
    alone = {task: right + ON_TORCH_ALONE.format(name=task)}
    dtype = declared(assignment.of("test")[task].source)["dtype"]
    points = automatic(assignment)
    points[task] -= dtype
    assert mistakes.play(assignment, alone) == points


@each_assignment
def test_every_mistake_is_listed_under_its_task(name):
    text = mistakes.format_list(name)
    for task, cell in builder.read(name).of("mistakes").items():
        _, _, rest = text.partition(f"\n`{task}`\n\n")
        lines = rest.partition("\n\n")[0].splitlines()
        for line, mistake in zip(lines, read_catalogue(cell), strict=True):
            assert line.startswith(f"- *{mistake.name}*")
            assert line.endswith(f": {mistake.says}")


def test_the_list_is_printed_without_a_run(monkeypatch, capsys):
    monkeypatch.setattr(mistakes, "judge_assignment", None)
    monkeypatch.setattr(mistakes, "find_unearned_points", None)
    monkeypatch.setattr(sys, "argv", ["mistakes", *NAMES[:2], "--list"])
    mistakes.main()
    assert capsys.readouterr().out == "\n".join(
        map(mistakes.format_list, NAMES[:2])
    )


def test_the_guides_example_is_a_part_of_the_list():
    guide = (mistakes.ROOT / "book" / "grading_mistakes.md").read_text()
    _, _, rest = guide.partition("The list of one task begins:\n\n")
    example = "\n\n".join(rest.split("\n\n")[:2])  # the task, its mistakes
    assert len(example.splitlines()) > 5
    assert f"\n{example}\n" in mistakes.format_list("ch03_bptt")


@pytest.mark.weekly
@each_assignment
def test_mistakes_are_caught_on_torch_as_well(name):
    verdicts = mistakes.judge_mistakes(builder.read(name), "cpu")
    assert [v for v in verdicts if not v.killed] == []
    told = [v for v in verdicts if v.recognised is not None]
    assert [v for v in told if not v.recognised] == []


@each_assignment
def test_committed_release_is_what_the_source_gives(
    name, released, tmp_path
):
    built = tmp_path / "exercises" / name
    shutil.copytree(released(name) / "exercises" / name, built)
    builder.give_answers(name, tmp_path, CourseFile(solutions="try"))
    diff = builder.diff_folders(built, builder.ROOT / "exercises" / name)
    assert "".join(diff) == "", "make exercises, and commit exercises/"


@each_assignment
def test_release_holds_no_solution_and_no_hidden_test(name):
    assignment = builder.read(name)
    folder = builder.ROOT / "exercises" / name
    released = "".join(map(read_handed_out, sorted(folder.glob("*"))))
    assert "HIDDEN" not in released
    assert "reference_" not in released
    notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)
    code = "\n".join(
        c.source for c in notebook.cells if c.cell_type == "code"
    )
    for cell in assignment.of("solution").values():
        inside = cell.source.split("### BEGIN SOLUTION")[1]
        inside = inside.split("### END SOLUTION")[0]
        assert inside.strip() not in code
    for cell in assignment.of("answer").values():
        assert cell.source[:40] not in released


@each_assignment
def test_the_checks_beside_a_notebook_hold_what_the_guide_says(name):
    """Known mistakes, results and edits, which anybody can open; no more."""
    folder = builder.ROOT / "exercises" / name
    checks = read_checks(folder / CHECKS)
    packed = [e for box in checks["boxes"].values() for e in box["edits"]]
    opened = [json.loads(zlib.decompress(b64decode(e))) for e in packed]
    edits = [edit for pair in opened for edit in pair]
    assignment = builder.read(name)
    hunted = [
        [m.was, m.now]
        for cell in assignment.of("mutants").values()
        for m in read_catalogue(cell)
    ]
    assert opened == hunted
    text = json.dumps(checks) + "\n".join(edits)
    told = [m.says for m in catalogued(name) if m.visible]
    assert all(json.dumps(says)[1:-1] in text for says in told)
    for cell in assignment.of("test").values():
        seen = without_hidden(cell.source).split("\n")
        hidden = {*cell.source.split("\n")} - {*seen}
        long = [line.strip() for line in hidden if len(line.strip()) > 30]
        assert not [line for line in long if line in text]


@each_assignment
def test_assignment_has_all_of_its_parts(name):
    assignment = builder.read(name)
    assert builder.find_missing_parts(assignment) == []
    assert builder.find_problems(assignment) == []


PLAYED_WITHOUT = """
import json, sys
absent, names = json.loads(sys.argv[1])

class Absent:
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] in absent:
            raise ImportError(name)

sys.meta_path.insert(0, Absent)
from grader.assignments import builder, mistakes
print(json.dumps({n: mistakes.play(builder.read(n)) for n in names}))
"""


@pytest.fixture(scope="session")
def points_with_numpy_alone(tmp_path_factory):
    """Points by assignment and task, from two Pythons that lack packages."""

    def make(file):
        found = {}
        # play() runs all but the experiment; chapter 9 is about torch
        for absent in (
            {"matplotlib", "scipy"},
            {"matplotlib", "scipy", "torch"},
        ):
            names = [
                n for n in NAMES if (n < "ch09") == ("torch" in absent)
            ]
            asked = json.dumps([sorted(absent), names])
            done = subprocess.run(
                [sys.executable, "-c", PLAYED_WITHOUT, asked],
                capture_output=True,
                text=True,
                cwd=builder.ROOT,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                check=False,
            )
            assert done.returncode == 0, done.stderr[-2000:]
            found |= json.loads(done.stdout)
        file.write_text(json.dumps(found))

    made = make_once(tmp_path_factory, "numpy-alone", make)
    return json.loads(made.read_text())


@pytest.mark.weekly
@each_assignment
def test_notebook_needs_numpy_alone(name, points_with_numpy_alone):
    expected = automatic(builder.read(name))
    assert points_with_numpy_alone[name] == expected


@pytest.mark.weekly
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_a_stock_nbgrader_gives_a_solution_all_points(tmp_path):
    name = "ch03_bptt"
    builder.build(name, tmp_path)  # with a gradebook of its own
    source = tmp_path / "grading" / "source" / name / f"{name}.ipynb"
    release = tmp_path / "exercises" / name / f"{name}.ipynb"
    right = {c.id: c.source for c in nbformat.read(source, 4).cells}
    solved = nbformat.read(release, 4)
    for cell in solved.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = right[cell.id]
    wide = copy.deepcopy(solved)  # a right formula, always in float64
    (cell,) = [c for c in wide.cells if c.id == "residual_cell_vjp"]
    change = OTHERWISE.format(name=cell.id, change=WIDER)
    cell.source += change
    for student, notebook in (
        ("ada", solved),
        ("blank", None),
        ("wide", wide),
    ):
        folder = tmp_path / "grading" / "submitted" / student / name
        folder.mkdir(parents=True)
        notebook = notebook or nbformat.read(release, 4)
        nbformat.write(notebook, folder / f"{name}.ipynb")
    course = builder.open_course(tmp_path)
    del course.config["Autograde"]  # what the course's own grader adds
    for student in ("ada", "blank", "wide"):
        outcome = course.autograde(name, student)
        assert outcome["success"], outcome
    with Gradebook(f"sqlite:///{tmp_path}/grading/gradebook.db") as book:
        total = sum(automatic(builder.read(name)).values())
        ada = book.find_submission(name, "ada")
        assert ada.score == total
        assert ada.needs_manual_grade
        assert book.find_submission(name, "blank").score == 0
        assert book.find_submission(name, "wide").score == total - 1


def mistakes_cell(text, name="double"):
    """A catalogue that begins on line 7 of its file."""
    return SourceCell(
        "mistakes", name, f'r"""\n{text}\n"""', {}, "small.py", 7
    )


def small(solution="return 2 * x", was="2 * x", name="double", test=""):
    """An assignment of one task, for the rules of the builder."""
    hidden = "### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS\n"
    edits = ["5 * x", "3 * x", "x + 1", "-x"]
    blocks = [f"{e}: it is {e}\n~ {was} => {e}" for e in edits]
    body = f"### BEGIN SOLUTION\n    {solution}\n    ### END SOLUTION"
    test = test or (
        "from rnncore.testing import check, stored\n"
        f"check({name}, stored('{name}'), [dict(x=3.0)])\n"
    )
    cells = [
        SourceCell("text", "", "# Small\n\n*One minute, 2 points.*", {}),
        SourceCell("code", "", 'device = "numpy"', {}),
        SourceCell("solution", name, f"def {name}(x):\n    {body}", {}),
        SourceCell("test", name, test + hidden, {"points": 1}),
        mistakes_cell("\n".join(blocks), name),
        SourceCell("answer", "why", "Because.", {"points": 1}),
    ]
    return Assignment("small", builder.ROOT, cells)


CH03 = "solutions/ch03_bptt/ch03_bptt.py"


def edited(kind, was, now, name=None, **options):
    """Assignment 3 with an edit of each cell of a kind."""
    assignment = builder.read("ch03_bptt")
    cells = [
        c._replace(
            source=c.source.replace(was, now), options=c.options | options
        )
        if c.kind == kind and name in (None, c.name)
        else c
        for c in assignment.cells
    ]
    return assignment._replace(cells=cells)


def without(kind, name=None):
    """Assignment 3 without the cells of a kind."""
    assignment = builder.read("ch03_bptt")
    cells = [
        c
        for c in assignment.cells
        if c.kind != kind or name not in (None, c.name)
    ]
    return assignment._replace(cells=cells)


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        (
            without("solution", "bptt"),
            ":2: expected one closed-book task, got none",
        ),
        (without("solution"), ":2: expected 4 tasks or more, got 0"),
        (without("experiment"), ":2: expected an experiment"),
        (without("mutants"), ":2: expected a mutant hunt"),
        (
            edited("text", "<summary>Hint 2</summary>", ""),
            r":\d+: masked_bptt: hint 2 is missing above it",
        ),
        (
            edited(
                "solution",
                "    ### END",
                "    a = 1\n" * 13 + "    ### END",
            ),
            r":\d+: bptt: expected a solution of at most 12 lines, got \d+",
        ),
        (
            edited("text", "(3 points)", "(4 points)"),
            r":\d+: residual_cell_vjp: it gives 3 points; .* got \(4 points\)",
        ),
        (
            edited("text", " (2 points)", ""),
            r":\d+: truncation: it gives 2 points; .* got none",
        ),
        (
            edited("test", "", "", "bptt", points=6),
            r":2: expected `.. minutes, 31 points` in the head",
        ),
        (
            edited(
                "solution",
                "    ### BEGIN",
                "    residual_cell_vjp\n    ### BEGIN",
                "bptt",
            ),
            r":\d+: residual_cell_vjp is defined in another task alone: Task 1",
        ),
    ],
)
def test_the_builder_refuses_what_lacks_a_part_by_file_and_line(
    assignment, says
):
    found = builder.find_missing_parts(assignment)
    assert any(re.match(CH03 + says, text) for text in found), found


def test_a_build_refuses_what_lacks_a_part(tmp_path, monkeypatch):
    lacking = without("experiment")
    monkeypatch.setattr(builder, "read", lambda name, values: lacking)
    with pytest.raises(ValueError, match="expected an experiment"):
        builder.build("ch03_bptt", tmp_path)


@each_assignment
def test_no_code_task_lacks_an_answer_and_the_committed_ones_are_fresh(
    name,
):
    """This one takes no build."""
    assignment = builder.read(name)
    assert [*find_missing_reasons(assignment)] == []
    text = (builder.ROOT / "exercises" / name / "answers.json").read_text()
    assert text == make_answers(name).as_text(), "make exercises"
    kept = read_answers(builder.ROOT / "exercises" / name / "answers.json")
    notebook = builder.ROOT / "exercises" / name / f"{name}.ipynb"
    released = nbformat.read(notebook, as_version=4)
    cells = {
        cell.metadata.get("nbgrader", {}).get("grade_id"): cell.source
        for cell in released.cells
    }
    assert kept.tasks.keys() == assignment.of("solution").keys()
    for task, worked in kept.tasks.items():
        assert is_stub(cells[task], worked)
        assert not is_stub(worked.code, worked)
        assert 3 <= len(worked.why.split("\n")) <= 8


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected why its solution is so, got nothing"),
        ("## probes\n\none\ntwo\n", "expected 3 to 8 lines, got 2"),
        ("## probes\n\n" + "a line\n" * 9, "expected 3 to 8 lines, got 9"),
        ("## probes\n\n" + ("a" * 89 + "\n") * 3, "88 characters, got 89"),
        ("## bptt2\n\none\ntwo\nthree\n", "bptt2: there is no such code"),
    ],
)
def test_a_build_refuses_a_task_without_its_reasons(
    tmp_path, monkeypatch, text, says
):
    (tmp_path / "answers.md").write_text(text)
    lacking = builder.read("ch03_bptt")._replace(folder=tmp_path)
    monkeypatch.setattr(builder, "read", lambda name, values: lacking)
    with pytest.raises(ValueError, match=says):
        builder.build("ch03_bptt", tmp_path)


def test_a_course_without_solutions_takes_those_of_an_earlier_build_away(
    tmp_path,
):
    folder = tmp_path / "exercises" / "ch03_bptt"
    folder.mkdir(parents=True)
    builder.give_answers("ch03_bptt", tmp_path, CourseFile(solutions="try"))
    assert (folder / "answers.json").exists()
    builder.give_answers("ch03_bptt", tmp_path, CourseFile())
    assert list(folder.iterdir()) == []


def test_two_builds_take_turns_at_the_gradebook(tmp_path, monkeypatch):
    tried = []

    class Other:
        def __init__(self):
            self.coursedir = SimpleNamespace()

        def generate_assignment(self, name, **options):
            lock = tmp_path / "grading/.building"
            with pytest.raises(TimeoutError), locked(lock, seconds=0):
                pass
            tried.append(name)
            Path(self.coursedir.release_directory, name).mkdir(parents=True)
            return {"success": True}

    monkeypatch.setattr(builder, "compute_checks", lambda assignment: {})
    monkeypatch.setattr(builder, "open_course", lambda root: Other())
    builder.build("ch02_cell", tmp_path)
    assert tried == ["ch02_cell"]


def test_a_comment_may_stand_beside_the_device():
    assignment = small()
    assignment.cells[1] = SourceCell(
        "code", "", 'device = "numpy"  # or "cpu"', {}
    )
    assert builder.find_problems(assignment) == []
    placed = mistakes._set_device(assignment.cells[1].source, "cpu")
    assert placed == 'device = "cpu"  # or "cpu"'


def test_a_device_that_stands_nowhere_or_twice_is_told_with_its_lines():
    assignment = small()
    line = SourceCell(
        "code", "", 'a = 1\ndevice = "cpu"', {}, "small.py", 7
    )
    assignment.cells.insert(2, line)
    (text,) = builder.find_problems(assignment)
    assert text.endswith("it stands in :1, small.py:8")
    assignment.cells[1:3] = []
    (text,) = builder.find_problems(assignment)
    assert text.endswith("it stands in none")


def test_a_solution_that_fails_on_torch_is_told_with_the_reason():
    numpy_only = "return np.asarray(x) * 2"
    assignment = small(solution=numpy_only, was="* 2")
    test = assignment.cells[3]
    source = (
        "import torch\ndouble(torch.ones(1, requires_grad=device == 'cpu'))"
    )
    assignment.cells[3] = test._replace(source=source)
    assignment.cells.insert(
        1, SourceCell("code", "", "import numpy as np", {})
    )
    assignment = assignment._replace(name="ch03_bptt")  # its folder
    (text,) = mistakes.find_unearned_points(assignment)
    assert (
        'double: the solution gets 0 of 1 points where device = "cpu"'
        in text
    )
    assert "RuntimeError: Can't call numpy()" in text


def test_an_assignment_may_have_any_name(tmp_path, monkeypatch):
    for name in ("my01_leaky", "ch02_cell", "capstone", "ch01_a"):
        folder = tmp_path / "solutions" / name
        folder.mkdir(parents=True)
        (folder / f"{name}.py").touch()
    (tmp_path / "solutions" / "README.md").touch()
    (folder.parent / ".ipynb_checkpoints").mkdir()
    (folder.parent / ".ipynb_checkpoints" / "a.py").touch()
    monkeypatch.setattr(source, "ROOT", tmp_path)
    assert builder.list_assignments() == [
        "ch01_a",
        "ch02_cell",
        "my01_leaky",
        "capstone",
    ]
    (folder / "other.py").touch()  # beside the source
    (folder / "ch01_a.py").rename(folder / "a.py")
    with pytest.raises(
        ValueError, match=r"ch01_a: expected ch01_a\.py, got a"
    ):
        builder.read("ch01_a")


def test_builder_accepts_a_sound_assignment():
    assert builder.find_problems(small()) == []
    entry = builder.compute_checks(small())["double"]
    assert len(entry["mistakes"]) == 4


@pytest.mark.parametrize(
    ("was", "now", "options", "says"),
    [
        ("Properties(", "dict(", {}, 'or, behind its heading, whole="why'),
        (
            "values=2",
            "values=3",
            {},
            "expected properties of 5 points, got 6",
        ),
        (
            "properties.points(",
            "print(",
            {},
            "in the last line, got 'print(",
        ),
        (
            "a",
            "a",
            {"whole": "one"},
            "whole='one', though points are split",
        ),
    ],
)
def test_builder_refuses_points_that_are_not_split_soundly(
    was, now, options, says
):
    found = builder.find_problems(
        edited("test", was, now, "bptt", **options)
    )
    (text,) = [line for line in found if says in line]
    assert re.match(rf"{CH03}:\d+: bptt: ", text)


def test_builder_refuses_a_mistake_that_costs_no_known_property():
    was, now = (
        "upstream in place [arguments]",
        "upstream in place [refusals]",
    )
    found = builder.find_problems(edited("mistakes", was, now, "bptt"))
    assert "got refusals" in found[0]
    with pytest.raises(ValueError, match="marks from hidden, values"):
        read_catalogue(mistakes_cell("one [beauty]: gone\n~ a => b"))
    (found,) = read_catalogue(
        mistakes_cell("one [hidden, dtype]: it\n~ a => b")
    )
    assert (found.name, found.visible, found.costs) == (
        "one",
        False,
        ("dtype",),
    )


def test_a_property_that_the_solution_loses_is_told_with_the_reason():
    end = "    ### END SOLUTION"
    changed = edited("solution", end, f"    d_y += 1\n{end}", "bptt")
    (text,) = mistakes.find_unearned_points(changed, torch_too=False)
    assert "bptt: the solution gets" in text
    assert "bptt changed its" in text


def test_a_property_with_points_that_no_check_looks_at_is_told():
    changed = edited("test", ", by=properties)", ")", "bptt")
    text, _ = mistakes.find_unearned_points(
        changed
    )  # on NumPy, and on torch
    assert "bptt: expected a check of each property, got none of" in text
    assert "dtype" in text


def test_builder_refuses_an_edit_that_fits_nowhere_or_twice():
    (text, *_) = builder.find_problems(small(was="4 * x"))
    assert "occurs 0 times in the solution, expected once" in text
    (text, *_) = builder.find_problems(small(was="x"))
    assert re.search(r"occurs [2-9] times", text)


@pytest.mark.parametrize(
    ("was", "now", "least"),
    [
        (["a = 1", "x = 0"], ["a = 1", "x = 3"], None),
        (["b = 2", "return a"], ["b = 3", "return a"], ("b = 2", "b = 3")),
        (["x = 0", "b = 2"], ["x = 0", "b = 3"], ("b = 2", "b = 3")),
        (
            ["x = 0", "b = 2"],
            ["x = 0", "y", "b = 2"],
            ("b = 2", "y\nb = 2"),
        ),
        (["x = 0", "a = 1"], ["y = 0", "a = 1"], None),  # which x = 0 it is
    ],
)
def test_an_edit_leaves_out_what_it_does_not_change(was, now, least):
    solution = "x = 0\na = 1\nx = 0\nb = 2\nreturn a"
    was, now = "\n".join(was), "\n".join(now)
    assert trim_edit(was, now, solution) == (least or (was, now))


def test_builder_refuses_an_edit_that_restates_lines():
    assignment = small("y = x\n    return 2 * y", "2 * y")
    restated = (
        "\ntwice: it stands there twice\n"
        "-     y = x\n-     return 2 * y\n"
        "+     y = x\n+     return y"
    )
    cells = [
        c._replace(source=c.source.replace('\n"""', f'{restated}\n"""'))
        if c.kind == "mistakes"
        else c
        for c in assignment.cells
    ]
    changed = assignment._replace(cells=cells)
    (text,) = builder.find_restated([changed])
    assert "twice: expected an edit alone" in text
    assert not [
        *builder.find_restated([changed, assignment])
    ]  # a variant's


def test_a_catalogue_holds_edits_within_a_line_and_of_several_lines():
    text = (
        "one [hidden]: gone: all of it\n- a\n-\n"
        "-1e4: not => inf\n~     b += ~ c => b -= c\n"
        "two: moved\n- a\n-\n-     b\n+ c\n+"
    )
    assert read_catalogue(mistakes_cell(text)) == [
        Mistake("one", "a\n", "", "gone: all of it", False, 8),
        Mistake("-1e4", "    b += ~ c", "b -= c", "not => inf", True, 11),
        Mistake("two", "a\n\n    b", "c\n", "moved", True, 13),
    ]


HEADED = "a heading `name: what it says`"


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("", 8, HEADED),
        ("twice it is 2 x\n- x\n+ y", 8, HEADED),
        ("- {x: 1}\n+ y", 8, HEADED),
        ("~ {x: 1} => y", 8, HEADED),
        ("a: 1\n~ x => y\n\nb: 2\n~ x => z", 10, HEADED),
        ("a: 1\n~ x => y\n-x\n+ z", 10, HEADED),
        ("twice: 2 x", 8, "an edit, `~ was => is` or a diff"),
        ("twice: 2 x\n+ y", 8, "an edit, `~ was => is` or a diff"),
        ("twice: 2 x\n- x\n+ x", 8, "an edit, `~ was => is` or a diff"),
        ("twice: 2 x\n~ x => x", 8, "an edit, `~ was => is` or a diff"),
        ("twice: 2 x\n~ x", 9, "`~ was => is` with one arrow, or a diff"),
        (
            "twice: 2 x\n~ x => y => z",
            9,
            "`~ was => is` with one arrow, or a diff",
        ),
        ("twice: 2 x\n+ x\n- y", 10, "`- was` lines, then `+ is` lines"),
        (
            "twice: 2 x\n- x\n~ x => y",
            10,
            "`- was` lines, then `+ is` lines",
        ),
        ("a: 1\n~ x => y\na: 2\n~ x => z", 10, "a name of its own"),
    ],
)
def test_a_catalogue_that_is_not_sound_is_refused(text, line, expected):
    where = re.escape(f"small.py:{line}, double: expected {expected}, got ")
    with pytest.raises(ValueError, match=where):
        read_catalogue(mistakes_cell(text))


def test_a_catalogue_that_is_no_text_is_refused():
    cell = mistakes_cell("")._replace(source="[{}]")
    with pytest.raises(
        ValueError, match=r"small\.py:7, double: expected r"
    ):
        read_catalogue(cell)


def test_builder_adds_up_the_points_that_the_head_names():
    wrong = small()
    wrong.cells[5].options["points"] = 3
    (text,) = builder.find_problems(wrong)
    assert text == "the head must say that there are 4 points"


def test_builder_refuses_a_name_of_the_package():
    (text,) = builder.find_problems(small(name="unroll"))
    assert text == "unroll: only a closed-book task has a name of rnncore's"


def test_builder_refuses_a_test_with_tools_from_the_notebook():
    (text,) = builder.find_problems(
        small(test="assert double(2) == helper\n")
    )
    assert "the test uses helper, which it must import or make" in text


def test_builder_names_mistakes_that_look_alike():
    with pytest.raises(ValueError, match="gives what 'the solution' gives"):
        builder.compute_checks(small(solution="return x + 0 * (2 * x)"))


def test_a_build_that_fails_leaves_what_was_built(tmp_path, monkeypatch):
    built = tmp_path / "grading" / "source" / "ch03_bptt" / CHECKS
    built.parent.mkdir(parents=True)
    built.write_text("as it was")

    def alike(assignment):
        raise ValueError("two mistakes look alike")

    monkeypatch.setattr(builder, "compute_checks", alike)
    with pytest.raises(ValueError, match="look alike"):
        builder.build("ch03_bptt", tmp_path)
    assert built.read_text() == "as it was"
    assert [p.name for p in (tmp_path / "grading").iterdir()] == ["source"]


def test_reference_brings_what_it_needs_under_other_names():
    assignment = small()
    assignment.cells.insert(
        1,
        SourceCell(
            "code", "", "import math\n\ndef given(x):\n    return x", {}
        ),
    )
    assignment.cells[3] = SourceCell(
        "solution",
        "double",
        "def double(x):\n    ### BEGIN SOLUTION\n"
        "    return given(x) * math.sqrt(4)\n    ### END SOLUTION",
        {},
    )
    source = find_references(assignment, "reference_double(3)")
    namespace = {}
    exec(source, namespace)  # noqa: S102
    assert namespace["reference_double"](3) == 6
    assert "reference_given" in namespace
    assert "double" not in namespace


@each_assignment
def test_a_released_notebook_alone_says_in_a_sentence_what_it_lacks(
    name, tmp_path
):
    path = builder.ROOT / "exercises" / name / f"{name}.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    first = next(c for c in cells if c.cell_type == "code").source
    bare = [sys.executable, "-I", "-S", "-c", first]  # no packages
    run = subprocess.run(
        bare, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    said = run.stderr.strip().splitlines()[-1]
    assert said.startswith("ModuleNotFoundError: a notebook alone")
    assert f"exercises/{name}/" in said
    assert "During handling" not in run.stderr


def test_released_metadata_is_complete_and_checks_are_json():
    folder = builder.ROOT / "exercises" / "ch03_bptt"
    assert read_checks(folder / CHECKS)["checks"]
    notebook = nbformat.read(folder / "ch03_bptt.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert "jupytext" not in notebook.metadata
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in notebook.cells:
        known = {"nbgrader", "deletable", "editable", "jupyter"}  # folded
        assert set(cell.metadata) <= known | {"tags"}
        assert cell.metadata.get("tags", []) in ([], ["raises-exception"])
        if cell.metadata.get("nbgrader"):
            assert cell.metadata.nbgrader.schema_version == 3
            assert cell.id == cell.metadata.nbgrader.grade_id


def test_each_task_says_where_the_book_explains_it(monkeypatch):
    assignment = source.read("ch03_bptt")
    for address, due in {
        "": "*Read: \u201cWindows\u201d, on the book's page ch03_truncated.*",
        "https://x.org/rnn/": "*Read: [Windows]"
        "(https://x.org/rnn/ch03_truncated.html#windows).*",
    }.items():
        monkeypatch.setenv("BOOK_ADDRESS", address)
        texts = [
            cell.source
            for cell in builder.source_notebook(assignment).cells
            if cell.cell_type == "markdown" and "*Read: " in cell.source
        ]
        assert len(texts) == len(
            assignment.of("test") | assignment.of("answer")
        )
        (hunt,) = (text for text in texts if "mutant hunt" in text)
        assert hunt.split("\n\n")[2] == due
        assert all(text.count("*Read: ") == 1 for text in texts)
