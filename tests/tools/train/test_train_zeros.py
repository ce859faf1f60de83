"""Drawn sales: the truth beside them is the truth."""

from itertools import pairwise, product

import numpy as np
import pytest

from tests.helpers.arrays import assert_close

torch = pytest.importorskip("torch")

from tools.train import runner
from tools.train.ch11 import zeros


def test_the_chance_to_be_in_stock_is_that_of_all_histories(rng):
    """Beside the sum over every course that the stock may have taken."""
    rates = rng.uniform(0.2, 2.0, (4, 1))
    sold = np.array([[1], [0], [0], [2]])
    chance = zeros.filter_stock(sold, rates, 0.7)
    for t in range(5):
        likely = np.zeros(2)
        for stock in product((True, False), repeat=t + 1):
            p = 0.7 if stock[0] else 0.3
            for before, now in pairwise(stock):
                turned = zeros.ENDS[0] if before else zeros.ENDS[1]
                p *= turned if before != now else 1 - turned
            for day in range(t):
                rate = rates[day, 0] * stock[day]
                some = rate ** sold[day, 0] * np.exp(-rate)
                p *= some / (2 if sold[day, 0] == 2 else 1)
            likely[int(stock[-1])] += p
        assert_close(chance[t, 0], likely[1] / likely.sum(), terms=1000)


def test_the_truth_is_a_distribution_with_the_mean_of_what_is_drawn():
    drawn = zeros.draw_spells(np.random.default_rng(1))
    assert (drawn.sold == drawn.sold.round()).all()
    days = range(10, 780, 70)
    p = np.concatenate([drawn.truth(t)[:1] for t in days])
    assert_close(p.sum(-1), np.ones(p.shape[:2]), terms=1e4)
    came = drawn.sold[[*days]]
    said = (p * np.arange(zeros.MOST + 1)).sum(-1)
    error = (came - said).mean(1).std() / np.sqrt(len(days))
    assert abs((came - said).mean()) < 4 * error
    silent = (came == 0).mean()
    assert abs(p[..., 0].mean() - silent) < 0.03


@pytest.mark.slow
def test_a_table_has_the_truth_and_every_rival(monkeypatch, capsys):
    monkeypatch.setattr(zeros, "S", 12)
    runner.main(zeros.TRAINING, ["spells", "--check", "--steps", "2"])
    found = capsys.readouterr().out
    for name in (
        "truth",
        "network",
        "always 0",
        "missed sales",
        "half of each",
    ):
        assert f"zeros.spells.{name}: " in found
    assert "zeros.shown.truth: " in found
