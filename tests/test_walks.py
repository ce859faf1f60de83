"""Strangers' answers: what the tests tell about them."""

import pytest

from grader.assignments import walks
from grader.assignments.source import read
from rnncore.testing.failure import Failure

TASK = "def tick():\n    return 3"


@pytest.mark.slow
@pytest.mark.parametrize("name", walks.walked())
def test_the_guides_table_says_what_the_tests_tell_now(name):
    found = list(walks.walk(read(name)))
    assert walks.row(name, found) in walks.TABLE.read_text()
    assert not list(walks.unfair(found))


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
