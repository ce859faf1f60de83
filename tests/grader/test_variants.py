"""Values of one's own: drawn, filled in, built, handed out, and graded with."""

import shutil
import stat
import sys

import nbformat
import pytest

from grader.assignments import builder, mistakes, plain, source, variants
from grader.assignments.parameters import (
    ANOTHERS,
    draw_values,
    fill_in,
    fingerprint_values,
    list_samples,
    read_parameters,
)
from grader.assignments.variants import Variants
from grader.commands import build, grade
from grader.course.course_file import CourseFile
from grader.course.seeds import variant_key
from grader.notebook import repair
from grader.reports import integrity
from grader.run import trial
from grader.untrusted import VARIANT
from rnncore.storage.files import CHECKS
from rnncore.testing.checks_file import read_checks
from tests.helpers.checking import check
from tests.helpers.grading import (
    NEEDS_SANDBOX,
    ROOT,
    cell_of,
    hand_in,
    read_handed_out,
    told,
)
from tools.publish import export

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
CELL = """\
# %% parameters
rate = 0.5, 0.75
start = {"word": "zero", "value": 0.0}, {"word": "one", "value": 1.0}
"""
SOURCE = f"""\
# %% [markdown] kind="short"
# # A trace
#
# *30 minutes, 3 points.* You will write a trace that fades.

{CELL}
# %% [markdown]
# What you write keeps the library, dtype and device of its arguments.

# %%
from rnncore.backend import array_namespace

device = "numpy"

# %% [markdown]
# ## Task 1: a trace (3 points)
#
# `faded(x)` gives $m_t = {{{{rate}}}} m_{{t-1}} + x_t$ from {{{{start.word}}}}.


# %% solution="faded"
def faded(x):
    \"\"\"The trace of x (T, B), which begins with {{{{start.word}}}}.\"\"\"
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    made, m = [], xp.zeros_like(x[0]) + {{{{start.value}}}}
    for x_t in x:
        m = {{{{rate}}}} * m + x_t
        made.append(m)
    return xp.stack(made)
    ### END SOLUTION


# %% test="faded" points=3
import numpy as np

from rnncore.testing import check, hidden_inputs, mover, stored


def series(rng, T, B):
    return {{"x": rng.normal(size=(T, B))}}


visible = mover(device)(series(np.random.default_rng(1), 4, 3))
check(faded, stored("faded"), [visible])
### BEGIN HIDDEN TESTS
hidden = hidden_inputs(series, [(1, 1), (5, 2)], device)
check(faded, reference_faded, hidden)
### END HIDDEN TESTS
print("Task 1 holds.")

# %% mistakes="faded"
r\"\"\"
the trace forgotten: each step begins anew
~ m = {{{{rate}}}} * m + x_t => m = {{{{start.value}}}} + x_t
the trace squared: the rate stands there once
~ m = {{{{rate}}}} * m => m = {{{{rate}}}} * {{{{rate}}}} * m
\"\"\"
"""
DAILY = (
    "ch04_training",
    "short_causal",
    "capstone",
)  # the others once a week
VARIED = [n for n in source.list_assignments() if source.list_parameters(n)]
HALF = {"rate": 0.5, "start": {"word": "zero", "value": 0.0}}
LEARNERS = "ann", "bob", "cem"
SECRET = bytes(32)


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course with `trace`, which has parameters, and three learners."""
    for module in (source, builder, mistakes, plain, build, trial, export):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(grade, "ROOT", tmp_path)
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    path = tmp_path / "solutions" / "trace" / "trace.py"
    path.parent.mkdir(parents=True)
    path.write_text(SOURCE, "utf-8")
    home = tmp_path / "grading"
    home.mkdir(mode=stat.S_IRWXU)
    (home / ".secret").write_bytes(SECRET)
    roster = "\n".join(["id", *LEARNERS, ""])
    (home / "roster.csv").write_text(roster, "utf-8")
    return tmp_path


def run(monkeypatch, module, *words):
    """A command in this process: its exit status."""
    monkeypatch.setattr(sys, "argv", ["x", *map(str, words)])
    try:
        return module.main()
    except SystemExit as stopped:
        return stopped.code


# ------------------------------------------------- what a source may leave open


def test_values_stand_where_they_are_named_in_text_and_in_code():
    found = read_parameters(SOURCE, "x.py")
    assert list(found) == ["rate", "start"]
    text = fill_in(SOURCE, HALF, "x.py")
    assert "$m_t = 0.5 m_{t-1} + x_t$ from zero." in text
    assert "        m = 0.5 * m + x_t\n" in text
    assert "{{" not in text
    assert text.count("\n") == SOURCE.count("\n")


def test_a_text_without_parameters_stays_as_it_is():
    text = SOURCE.replace(CELL, "")
    assert read_parameters(text, "x.py") == {}
    assert fill_in(text, {}, "x.py") == text


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ("{{rate}} * m +", "{{late}} * m +", r"x.py:31: .*\{\{late\}\}"),
        ("{{start.word}}.", "{{start}}.", r"x.py:21: .*\{\{start.word\}\}"),
        ("{{start.word}}.", "{{rate.word}}.", r"x.py:21: .*\{\{rate\}\}"),
        ("rate = 0.5, 0.75", "rate = 0.5", "x.py:7: expected `name = val"),
        ("0.5, 0.75", "0.5, 0.5", "x.py:7: expected values that differ"),
        ("0.5, 0.75", "0.5, [1]", "x.py:7: expected `name = value"),
        ("0.5, 0.75", "0.5, open('x')", "x.py:7: expected `name = value"),
        ("0.5, 0.75", '"a\\nb", "c"', "x.py:7: expected `name = value"),
        ("0.5, 0.75", '0.5, {"a": 1}', "x.py:7: expected the same fields"),
        ("0.5, 0.75", "0.5, (", "x.py:7: expected Python"),
        ("rate = 0.5", "b = 1, 2\nrate = 0.5", r"x.py:6: .*\{\{b\}\}"),
        ("start =", "rate = 1, 2\nstart =", "x.py:8: expected a name of"),
        (
            "# %% [markdown]\n# What",
            f"{CELL}# What",
            "expected one cell of",
        ),
    ],
)
def test_what_is_no_parameter_is_refused_with_its_line(was, now, says):
    assert was in SOURCE
    text = SOURCE.replace(was, now, 1)
    with pytest.raises(ValueError, match=says):
        fill_in(
            text, list_samples(read_parameters(text, "x.py"))[0], "x.py"
        )


# ------------------------------------------------------------ how they are drawn


def test_a_draw_is_the_secrets_the_assignments_and_the_learners():
    many = {"a": [*range(1000)]}

    def draw(*who, secret=SECRET, of_class=False):
        return draw_values(
            many, variant_key(secret, *who, of_class=of_class)
        )

    first = draw("trace", "ann")
    assert draw("trace", "ann") == first
    others = [
        draw("trace", "bob"),
        draw("other", "ann"),
        draw("trace", "ann", of_class=True),
        draw("trace", "ann", secret=bytes(range(32))),
    ]
    assert first not in others
    assert len({one["a"] for one in others}) == 4
    with pytest.raises(ValueError, match="16 bytes or more, got 15"):
        variant_key(bytes(15), "trace", "ann", of_class=False)


def test_a_learner_keeps_the_values_when_the_grader_is_a_newer_one():
    keys = [
        variant_key(bytes(16), "trace", who, of_class=of_class).hex()[:8]
        for who, of_class in (
            ("ann", False),
            ("ann", True),
            ("\udcff", True),
        )
    ]
    assert keys == ["6f6e221a", "4617ff2a", "b17a3ed1"]


def test_a_parameter_more_changes_no_other_draw():
    few = {"a": [*range(9)], "b": [*range(9)]}
    for who in range(20):
        key = variant_key(SECRET, "trace", str(who), of_class=False)
        more = draw_values({"c": [1, 2], **few}, key)
        assert draw_values(few, key) == {n: more[n] for n in few}


def test_each_value_is_drawn_and_stands_in_a_sample():
    found = read_parameters(SOURCE, "x.py")
    keys = [
        variant_key(SECRET, "trace", str(who), of_class=False)
        for who in range(64)
    ]
    drawn = [draw_values(found, key) for key in keys]
    for made in (drawn, list_samples(found)):
        for name, values in found.items():
            assert all(value in [m[name] for m in made] for value in values)
    assert len({fingerprint_values(values) for values in drawn}) == 4


def test_a_class_has_its_seeds_values_until_it_has_none(course):
    given = Variants(course / "grading")
    drawn = {
        fingerprint_values(given.give_class("trace", str(seed)))
        for seed in range(20)
    }
    assert len(drawn) == 4
    last = given.find_class("trace")
    given.save()
    kept = Variants(course / "grading")
    assert kept.find_class("trace") == kept.find_shared("trace") == last
    assert kept.find_own("trace", "ann") is None
    assert kept.give_class("trace", variants.NONE) is None
    assert kept.find_class("trace") is None


def test_what_was_handed_out_stays_where_the_source_gets_other_values(
    course,
):
    given = Variants(course / "grading")
    given.give_learners("trace", LEARNERS)
    before = {who: given.find_own("trace", who) for who in LEARNERS}
    given.save()
    path = course / "solutions" / "trace" / "trace.py"
    text = path.read_text("utf-8").replace("0.5, 0.75", "0.9, 0.8, 0.7")
    path.write_text(text, "utf-8")
    kept = Variants(course / "grading")
    kept.give_learners("trace", LEARNERS)
    assert {w: kept.find_own("trace", w) for w in LEARNERS} == before
    assert kept.find_own("trace", "dan")["rate"] in (0.9, 0.8, 0.7)
    text = text.replace("start = {", "more = 1, 2\nstart = {")
    path.write_text(
        text.replace("xp.stack(made)", "xp.stack(made * {{more}})")
    )
    for values in before.values():
        read = source.read("trace", values)
        assert read.values == {**values, "more": 1}
        assert read.variant == fingerprint_values(values)
    with pytest.raises(ValueError, match="expected one text for all"):
        kept.find_shared("trace")


# --------------------------------------------------------------------- a build


@pytest.mark.slow
def test_two_variants_of_one_source_differ_in_values_and_the_usual_has_none(
    course, tmp_path
):
    texts = {}
    for values in (None, *list_samples(source.list_parameters("trace"))):
        built = tmp_path / f"built{len(texts)}"
        builder.build("trace", built, values)
        folder = built / "exercises" / "trace"
        notebook = nbformat.read(folder / "trace.ipynb", as_version=4)
        made = read_checks(folder / CHECKS)
        variant = fingerprint_values(values) if values else None
        assert notebook.metadata.get(VARIANT) == variant
        assert made.get("variant") == variant
        texts[variant] = "\n".join(cell.source for cell in notebook.cells)
        says = [m["says"] for m in made["checks"]["faded"]["mistakes"]]
        assert says[:2] == [
            "each step begins anew",
            "the rate stands there once",
        ]
        assert len(says) == (5 if values else 2)
        assert all(said.startswith(ANOTHERS) for said in says[2:])
    usual, same, other = texts.values()
    assert usual == same
    assert other == usual.replace("0.5", "0.75").replace("zero.", "one.")


@pytest.mark.slow
def test_the_same_mistakes_are_told_in_each_variant(
    course, monkeypatch, capsys
):
    assert not run(monkeypatch, mistakes, "trace", "--variants")
    rows = capsys.readouterr().out.split("\n")[2:-1]
    assert [row.split("|")[2:5] for row in rows] == [
        [" 5 ", " 5 ", " 5 "]
    ] * 2


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            n, marks=pytest.mark.slow if n in DAILY else pytest.mark.weekly
        )
        for n in VARIED
    ],
)
def test_the_courses_mistakes_are_told_in_each_of_its_variants(
    name, monkeypatch, capsys
):
    said = run(monkeypatch, mistakes, name, "--variants")
    assert not said, capsys.readouterr().out


@pytest.mark.slow
def test_an_idea_that_is_right_elsewhere_keeps_its_message_and_says_so(
    course, tmp_path
):
    path = course / "solutions" / "trace" / "trace.py"
    text = path.read_text("utf-8").replace("0.5, 0.75", "0.5, 0.25")
    path.write_text(text, "utf-8")
    builder.build("trace", tmp_path / "built", source.read("trace").values)
    made = tmp_path / "built" / "exercises" / "trace" / CHECKS
    found = read_checks(made)["checks"]["faded"]["mistakes"]
    says = [m["says"] for m in found]
    assert says[1].startswith("the rate stands there once (")
    assert ANOTHERS in says[1]
    assert len(says) == 4


@pytest.mark.slow
def test_values_that_a_test_cannot_tell_apart_are_refused(course, tmp_path):
    path = course / "solutions" / "trace" / "trace.py"
    text = path.read_text("utf-8")
    path.write_text(text.replace("x[0]) + ", "x[0]) + 0 * "), "utf-8")
    values = source.read("trace").values
    with pytest.raises(
        ValueError, match=f"{ANOTHERS}, 1' gives what 'the sol"
    ):
        builder.build("trace", tmp_path / "built", values)


@pytest.mark.slow
def test_variants_with_other_cells_are_refused(course, tmp_path):
    path = course / "solutions" / "trace" / "trace.py"
    text = path.read_text("utf-8").replace(CELL, f"{CELL}p = 3, 2\n")
    path.write_text(text.replace("points=3", "points={{p}}"), "utf-8")
    with pytest.raises(ValueError, match="the same cells in each variant"):
        builder.build("trace", tmp_path / "built")


def test_the_guide_counts_the_tasks_that_have_variants():
    tasks, varied = 0, []
    for name in source.list_assignments():
        tasks += len(source.read(name).of("solution"))
        varied += source.list_varied_tasks(name)
    guide = (ROOT / "book" / "grading_term.md").read_text("utf-8")
    count = f"Of the course's {tasks} tasks {len(varied)} have two variants"
    assert count in guide
    assert 2 * len(varied) >= tasks


@pytest.mark.parametrize(
    ("said", "told"), [("b" * 12, 1), ("a" * 12, 0), (["b"], 0), ("", 0)]
)
def test_what_a_notebook_says_of_its_values_is_compared_and_no_more(
    tmp_path, said, told
):
    made = nbformat.v4.new_notebook(metadata={VARIANT: said})
    nbformat.write(made, tmp_path / "trace.ipynb")
    read = repair.read_notebook(tmp_path, "trace", 10_000)
    found = integrity.find_other_values(read.metadata, {VARIANT: "a" * 12})
    assert len(found) == told
    assert integrity.find_other_values(read.metadata, {}) == []


# ------------------------------------------------- handed out, and handed in


def answered(course, who, values, marked=None):
    """A learner's notebook with the answer that is right for some values."""
    folder = course / "grading" / "handout" / who / "trace"
    made = nbformat.read(folder / "trace.ipynb", as_version=4)
    right = source.read("trace", values).of("solution")["faded"].source
    cell_of(made, "faded").source = right.replace("### ", "# ")
    made.metadata[VARIANT] = marked or made.metadata[VARIANT]
    return made


@NEEDS_SANDBOX
@pytest.mark.slow
def test_each_is_graded_with_values_of_their_own(
    course, monkeypatch, capsys
):
    roster = course / "grading" / "roster.csv"
    assert not run(monkeypatch, build, "--roster", roster)
    assert not (course / "exercises" / "trace").exists()
    given = Variants(course / "grading")
    own = {who: given.find_own("trace", who) for who in LEARNERS}
    assert len({fingerprint_values(one) for one in own.values()}) == 3
    handout = course / "grading" / "handout"
    for path in handout.rglob("*"):
        if path.is_file():
            text = read_handed_out(path)
            assert "HIDDEN TESTS" not in text
            assert "made.append" not in text
    mine = fingerprint_values(own["cem"])
    notebooks = {
        "ann": answered(course, "ann", own["ann"]),
        "bob": answered(course, "bob", own["ann"]),
        "cem": answered(course, "ann", own["ann"], mine),
    }
    for who, notebook in notebooks.items():
        hand_in(course, who, notebook, "trace")
    hand_in(course, "dan", notebooks["ann"], "trace")  # on no roster
    dans = given.find_own("trace", "dan")
    command = ["--root", str(course)]
    assert grade.main(command) == 0
    table = (course / "grading" / "points.csv").read_text("utf-8")
    points = {r.split(",")[0]: r.split(",")[2] for r in table.split()[1:]}
    right = "3.0" if dans == own["ann"] else "0.0"
    assert points == {
        "ann": "3.0",
        "bob": "0.0",
        "cem": "0.0",
        "dan": right,
    }
    assert ANOTHERS not in told(course, "ann", "trace")
    for who in ("bob", "cem"):
        assert ANOTHERS in told(course, who, "trace")
    said = (course / "grading" / "suspicious.csv").read_text("utf-8")
    assert said.count(f"test_faded has {ANOTHERS}") == 2 + (right == "0.0")
    for who in ("bob", "cem"):
        begins = f"begins with {own[who]['start']['word']}"
        assert begins in told(course, who, "trace")

    capsys.readouterr()
    assert grade.main(command) == 0
    assert "0 to grade, 4 graded already" in capsys.readouterr().out
    assert grade.main([*command, "--again"]) == 0
    assert (course / "grading" / "points.csv").read_text("utf-8") == table
    notebook = answered(course, "ann", own["ann"])
    hand_in(course, "bob", notebook, "trace")  # whole, metadata and all
    assert grade.main(command) == 0
    assert f"made with {ANOTHERS}" in told(course, "bob", "trace")

    place = handout / "bob" / "trace" / "trace.ipynb"
    nbformat.write(answered(course, "bob", own["bob"]), place)
    capsys.readouterr()  # of the grading
    status, text = check(place, capsys)
    assert (status, ANOTHERS in text) == (0, False)
    nbformat.write(answered(course, "bob", own["ann"]), place)
    status, text = check(place, capsys)
    assert (status, ANOTHERS in text) == (1, True)


@NEEDS_SANDBOX
@pytest.mark.slow
def test_a_class_has_the_values_of_its_seed_in_notebooks_and_in_grades(
    course, monkeypatch, capsys
):
    drawn = Variants(course / "grading")
    seed = next(
        str(seed)
        for seed in range(99)
        if drawn.give_class("trace", str(seed)) != HALF
    )
    values = drawn.find_class("trace")
    assert not run(monkeypatch, build, "--variant", seed)
    path = course / "exercises" / "trace" / "trace.ipynb"
    notebook = nbformat.read(path, as_version=4)
    assert notebook.metadata[VARIANT] == fingerprint_values(values)
    (course / "grading" / "handout" / "all").mkdir(parents=True)
    shutil.copytree(path.parent, course / "grading/handout/all/trace")
    for who, answer in (("ann", values), ("bob", HALF)):
        made = answered(course, "all", answer)
        hand_in(course, who, made, "trace")
    shutil.rmtree(course / "grading" / "source")
    command = ["--root", str(course)]
    assert grade.main(command) == 0
    table = (course / "grading" / "points.csv").read_text("utf-8")
    assert [r.split(",")[2] for r in table.split()[1:]] == ["3.0", "0.0"]
    assert ANOTHERS in told(course, "bob", "trace")
    tree = course / "out"
    export._build_exercises(tree, CourseFile(), Variants(drawn.home))
    again = nbformat.read(tree / "exercises/trace/trace.ipynb", 4)
    assert again.metadata[VARIANT] == notebook.metadata[VARIANT]
    assert run(monkeypatch, build, "--check", "--variant", seed) == 2
    monkeypatch.setattr(
        build, "_judge", lambda names: 0
    )  # the course's own
    assert not run(monkeypatch, build, "--variant", variants.NONE)
    assert VARIANT not in nbformat.read(path, as_version=4).metadata
