"""The plan of a large course, and what the page concludes from it."""

import pytest

from tools import generated_blocks
from tools.bench.grader import plan


def test_the_page_has_the_plan_of_todays_measurements():
    text = plan.PAGE.read_text()
    made = generated_blocks.between(
        text, "plan", plan.shown(plan.plan(plan.parts()))
    )
    assert made == text, "python -m tools.bench.grader.plan --write"


def test_what_the_page_concludes_is_so():
    made = plan.plan(plan.parts())
    order = plan.first_to_break(made)
    assert order[:2] == ["people who read", "notebooks that never end"]
    assert 4 * 38 < made.reading < 4 * 45  # a team of four, all week
    assert made.run + made.enter < 3600  # less than an hour
    assert made.database < 1e9
    assert made.alone > 2 * made.hours
    per_notebook = max(plan.parts().numpy, plan.parts().torch)
    assert 2_000 < 300 / per_notebook < 9_000  # a few thousand


def test_the_plan_counts_by_hand():
    part = plan.Parts(10, 0.1, 0.2, 0.02, 0.001, 0, 4_000, 50_000)
    made = plan.plan(part, limit=100, workers=2)
    assert made.all == 85_000
    assert round(made.run) == 1_010
    assert round(made.endless) == 2_500
    assert made.database == 85_000 * 4_000


def test_a_guide_without_figures_is_named():
    with pytest.raises(ValueError, match="lacks"):
        plan._gradebook("nothing")
