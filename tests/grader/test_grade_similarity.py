"""Copies are found, also renamed ones; what all have is no evidence."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from grader.assignments import builder
from grader.commands import similarity
from grader.reports.similarity import alike, code_prints, compare, tokens_of
from tests.helpers.arrays import assert_close
from tests.helpers.grading import (
    NAME,
    cell_of,
    hand_in,
    make_course,
    solved,
)

pytestmark = pytest.mark.slow

ANSWER = """
def double(x):
    # mine
    total = 0
    for step in range(len(x)):
        if x[step] > 3 and step % 2 == 0:
            total += x[step] * 2 - step
        elif x[step] < -3:
            total -= abs(x[step]) ** 2 + 1
        else:
            total = max(total, x[step] / 4)
    return [value * 2 for value in x], total
"""
RENAMED = (
    ANSWER.replace("total", "summe")
    .replace("step", "i")
    .replace("# mine", "# my very own idea")
    .replace("3", "7")
)
OTHER = """
def double(x):
    import numpy as np
    values = np.asarray(x, dtype=float)
    kept = np.where(values > 0, values, np.zeros_like(values))
    scale = np.sqrt((kept ** 2).mean(axis=-1, keepdims=True))
    return np.concatenate([kept / scale, values[::-1]], axis=0).tolist()
"""


def notebook(*sources):
    return new_notebook(cells=[new_code_cell(s) for s in sources])


def test_a_renamed_copy_is_found_and_another_answer_is_not():
    class_ = {"ann": ANSWER, "bob": RENAMED, "cy": OTHER}
    made = {who: notebook(text) for who, text in class_.items()}
    (pair,) = compare(made, [])
    assert (pair.first, pair.second, pair.kind) == ("ann", "bob", "code")
    assert pair.share == 1


def test_what_the_assignment_gives_is_no_evidence():
    made = {who: notebook(ANSWER) for who in ("ann", "bob")}
    assert compare(made, [notebook(ANSWER)]) == []


def test_what_many_have_is_no_evidence():
    made = {f"s{i}": notebook(ANSWER) for i in range(40)}
    assert compare(made, []) == []


def test_a_copied_passage_is_found_in_longer_notebooks():
    made = {
        "ann": notebook(ANSWER, OTHER),
        "bob": notebook(RENAMED, "import math\n" * 3),
    }
    (pair,) = compare(made, [])
    assert_close(pair.share, 1)


def test_answers_in_words_are_compared():
    text = "The gradient fades because each step multiplies it by less than one, and so"
    first, second = solved(), solved()
    cell_of(first, "why").source = f"Well. {text}"
    cell_of(second, "why").source = f"{text} on."
    pairs = compare({"ann": first, "bob": second}, [])
    assert "words" in {pair.kind for pair in pairs}


@pytest.mark.parametrize("source", ["", "def f(:", "'''open", "x = \x00"])
def test_what_cannot_be_read_is_no_reason_to_stop(source):
    tokens_of(source)
    assert compare({"a": notebook(source), "b": notebook(source)}, []) == []


def test_the_larger_class_takes_time_in_proportion():
    prints = {
        f"s{i}": set(range(i * 50, i * 50 + 100)) for i in range(3000)
    }
    assert len(alike(prints, set(), "code")) == 2999


def test_the_command_writes_the_pairs(tmp_path, capsys):
    root = make_course(tmp_path)
    for who, text in (("ann", ANSWER), ("bob", RENAMED), ("cy", OTHER)):
        made = solved()
        cell_of(made, "double").source = text
        hand_in(root, who, made)
    hand_in(root, "dan", "not json")
    assert similarity.main(["--root", str(root)]) == 0
    assert f"{NAME}: ann and bob" in capsys.readouterr().out
    lines = (root / "grading" / "similarity.csv").read_text().splitlines()
    assert lines[1].startswith(f"{NAME},ann,bob,code,1.00")
    assert len(lines) == 2


def test_the_courses_own_tasks_are_long_enough_for_it():
    for name in builder.names():
        cells = builder.read(name).of("solution").values()
        assert len(code_prints(notebook(*(c.source for c in cells)))) > 30
