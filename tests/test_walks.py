"""Strangers' answers: what the tests tell about them."""

import numpy as np
import pytest

from grader.assignments import walks
from grader.assignments.source import names, read
from rnncore.testing.failure import Failure
from rnncore.testing.sketches import Seen, sketch

TASK = "def tick():\n    return 3"


@pytest.mark.slow
@pytest.mark.parametrize("name", walks.walked())
def test_the_guides_table_says_what_the_tests_tell_now(name):
    found = list(walks.walk(read(name)))
    assert walks.row(name, found) in walks.TABLE.read_text()
    assert not list(walks.unfair(found))


def test_the_causes_of_each_assignment_are_measured_and_none_is_false():
    rows = walks.written()
    assert list(rows) == walks.walked() == names()
    assert {line.split("|")[8].strip() for line in rows.values()} == {"0"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"# %% tick\n{TASK}\n", "how it came about, got 'tick'"),
        (f"# %%\n{TASK}\n", "how it came about, got '' above 'def tick"),
    ],
)
def test_a_heading_says_how_an_answer_came_about(
    tmp_path, monkeypatch, text, expected
):
    monkeypatch.setattr(walks, "WALKS", tmp_path)
    monkeypatch.setattr(walks, "ROOT", tmp_path)
    (tmp_path / "x.py").write_text(text)
    with pytest.raises(
        ValueError, match="x.py: .*" + expected.replace("(", ".")
    ):
        walks.answers("x")


def test_an_answer_to_no_task_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(walks, "WALKS", tmp_path)
    (tmp_path / "ch03_bptt.py").write_text(f"# %% tick: hasty\n{TASK}\n")
    with pytest.raises(ValueError, match="ch03_bptt has no task tick"):
        list(walks.walk(read("ch03_bptt")))


@pytest.mark.whole
def test_an_answer_that_draws_is_judged_on_the_same_draw(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(walks, "WALKS", tmp_path)
    draws = "random.random(), np.random.rand(), float(torch.rand(1))"
    (tmp_path / "ch02_cell.py").write_text(
        "# %% ceiling_cell: at random\n"
        "import random\n\nimport numpy as np\nimport torch\n\n\n"
        f"def ceiling_cell(*args, **kwargs):\n    raise ValueError({draws})\n"
    )
    one, two = (list(walks.walk(read("ch02_cell"))) for _ in range(2))
    assert "0.84" in one[0].message  # what Python draws after seed 0
    assert one == two


@pytest.mark.parametrize(
    ("failures", "kind"),
    [
        ([Failure(about="value"), Failure(mistake="d_x lost")], "named"),
        ([Failure(about="value"), Failure()], "numbers"),
        ([Failure(about="value", why="T is one longer")], "clear"),
        ([Failure(about="value", changed="state.0")], "clear"),
        ([Failure(about="value"), Failure(about="shape")], "clear"),
        ([Failure(kind="TypeError", came="no number")], "clear"),
    ],
)
def test_what_helps_a_learner_is_told_from_numbers(failures, kind):
    assert walks.kind_of(failures) == kind


def test_a_heading_says_which_mistake_its_reader_knows_it_makes(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(walks, "WALKS", tmp_path)
    (tmp_path / "x.py").write_text(
        f"# %% tick: in haste [so told: late]\n{TASK}\n"
    )
    assert walks.answers("x") == [
        walks.Answer("tick", "in haste", TASK, "late")
    ]


def _calls(*results, right=(1.0, 2.0)):
    due = sketch(Seen(tuple(np.full(3, a) for a in right), [], None))
    return [
        [
            walks.Call(
                sketch(
                    Seen(None, [], result)
                    if isinstance(result, Exception)
                    else Seen(
                        tuple(np.full(3, a) for a in result), [], None
                    )
                ),
                due,
            )
        ]
        for result in results
    ]


@pytest.mark.parametrize(
    ("mine", "its", "holds"),
    [
        ([(1.0, 5.0), (1.0, 6.0)], [(1.0, 5.0), (1.0, 6.0)], True),
        ([(1.0, 5.0), (1.0, 6.0)], [(1.0, 5.0), (1.0, 2.0)], False),
        ([(5.0, 7.0)], [(5.0, 2.0)], True),  # another mistake beside it
        ([(5.0, 2.0)], [(1.0, 5.0)], False),
        ([(5.0, 2.0), IndexError()], [(5.0, 2.0), TypeError()], True),
        ([(5.0, 2.0), IndexError()], [(5.0, 2.0), (1.0, 2.0)], False),
    ],
)
def test_a_cause_is_false_where_the_results_speak_against_it(
    mine, its, holds
):
    assert walks.borne_out(_calls(*mine), _calls(*its)) is holds
