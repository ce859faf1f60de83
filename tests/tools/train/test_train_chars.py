"""The script that trains chapter 4's network for longer, in small."""

import pytest

from rnncore.comparison import from_json
from tools import measurements
from tools.train import runner
from tools.train.ch04 import chars


@pytest.fixture
def small(monkeypatch):
    """Few units and few held-out rows."""
    text = chars.python_text(chars.B, 32)
    few = text._replace(held_out=text.held_out[:5])
    monkeypatch.setattr(chars, "python_text", lambda B, held_out: few)
    monkeypatch.setattr(chars, "H", 4)
    return few


def test_a_run_learns_at_the_rate_that_it_is_given(small):
    def scored(rate, steps):
        model = chars.run(small, rate, 0, steps)[0].params
        return chars.measure_score(small.held_out, model)

    assert scored(0.01, 20) < scored(0.001, 20) < scored(0.001, 1)


@pytest.mark.slow
def test_the_rate_is_chosen_on_text_that_neither_trains_nor_tests(
    small, tmp_path
):
    path = tmp_path / "m.json"
    words = ["rates", "--steps", "2", "--path", str(path)]
    runner.main(chars.TRAINING, words)
    (entry,) = measurements.read(path).values()
    found = from_json(entry["value"])
    (result,) = found.results.values()
    assert (found.steps, tuple(found.seeds)) == (2, runner.SEEDS)
    cut = len(small.rows) * 9 // 10
    begun = small._replace(rows=small.rows[:cut])
    model = chars.run(begun, result.chosen["rate"], 0, 2)[0].params
    chosen = result.at(**result.chosen)
    assert chosen.validation[0] == chars.measure_score(
        small.rows[cut:], model
    )
    assert result.test[0] == chars.measure_score(small.held_out, model)
