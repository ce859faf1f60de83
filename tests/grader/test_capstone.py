"""The capstone's worked examples earn what their page says."""

import re

import numpy as np
import pytest

from grader.assignments import builder, mistakes
from grader.assignments.samples import coverage
from grader.assignments.samples.sample_answers import SampleAnswer
from rnncore.comparison import ruler
from tests.helpers.arrays import assert_close
from tools.train.capstone import capstone

PAGE = (builder.ROOT / "book/capstone.md").read_text()
REPORTS = {"good": "slow_start", "middling": "adding", "poor": "own_gate"}


def report(kind):
    """One report's points by criterion, and what its heading says."""
    start = re.search(
        rf"^## A {kind} report: (\d+) of 32$", PAGE, re.MULTILINE
    )
    text = PAGE[start.end() :].split("\n## ")[0]
    rows = re.findall(r"^\| (\w+) \| (\d+) of (\d+) \|", text, re.MULTILINE)
    return {k: (int(n), int(of)) for k, n, of in rows}, int(start[1])


def handed_in(name):
    """A solution cell that returns an example's cell."""
    path = capstone.FOLDER / f"{name}.py"
    return (
        "def own_cell():\n    import runpy\n"
        f"    found = runpy.run_path({str(path)!r})\n"
        f"    return (found['{name}_cell'], found['{name}_cell_vjp'], "
        "found.get('G', 1), 1)"
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", REPORTS)
def test_an_example_earns_the_automatic_points_that_its_page_says(kind):
    assignment = builder.read("capstone")
    own = {"own_cell": handed_in(REPORTS[kind])}
    points = mistakes.play(assignment, own)
    of = sum(c.options["points"] for c in assignment.of("test").values())
    assert report(kind)[0]["tests"] == (sum(points.values()), of)


@pytest.mark.parametrize("kind", REPORTS)
def test_the_points_of_a_report_add_up(kind):
    rows, total = report(kind)
    assert sum(n for n, _ in rows.values()) == total
    assert sum(of for _, of in rows.values()) == 32
    answers = builder.read("capstone").of("answer")
    for name, cell in answers.items():
        assert rows[name][1] == cell.options["points"]


@pytest.mark.slow
def test_a_false_slope_is_told_by_its_block_and_not_as_a_slip():
    capstone = builder.read("capstone")
    right = capstone.of("solution")["own_cell"].source
    wrong = right.replace("(h - n) * z * (1 - z)", "(h - n) / 4")
    assert wrong != right
    answer = SampleAnswer("capstone", "own_cell", "a quarter", "", wrong)
    (judged,) = coverage.judge_answers(capstone, [answer])
    assert judged.named == ()
    assert "wrong in block 1 of 2 alone" in judged.message
    assert "look at this one alone" in judged.message


def test_the_poor_example_is_right_once_it_is_mended():
    wrong = capstone.read_example("own_gate")
    with pytest.raises(AssertionError, match=r"^d_a_x"):
        ruler.check_cell(wrong)
    assert ruler.check_cell(capstone.make_mended()) < 1e-6


def test_the_good_example_without_its_change_is_the_gru():
    rng = np.random.default_rng(0)
    a_x, a_h = rng.normal(size=(2, 3, 6))
    state = (rng.normal(size=(3, 2)),)
    forward = capstone.read_example("slow_start").forward
    forward.__globals__["SHIFT"] = 0.0
    (own,), _ = forward(a_x, a_h, state)
    (gru,), _ = ruler.CELLS["GRU"].forward(a_x, a_h, state)
    assert_close(own, gru)
