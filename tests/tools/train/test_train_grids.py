"""A grid of one number grows where its best ends it."""

import math

import pytest

from rnncore.comparison import Trained
from tools.train import grids


def distance(goal):
    """A score that is lowest at a goal, on a logarithmic scale."""
    return lambda value: abs(math.log(value / goal))


@pytest.mark.parametrize(
    ("goal", "tried"),
    [
        (0.01, {0.003, 0.01, 0.03}),
        (0.1, {0.003, 0.01, 0.03, 0.09, 0.3}),
        (0.001, {0.0003, 0.0009, 0.003, 0.01, 0.03}),
    ],
)
def test_a_search_ends_with_its_best_inside(goal, tried):
    scores = grids.search_grid(distance(goal), (0.003, 0.01, 0.03))
    assert scores.keys() == tried
    best = min(scores, key=scores.get)
    assert min(scores) < best < max(scores)
    assert all(scores[x] == distance(goal)(x) for x in tried)


@pytest.mark.parametrize("most", [3, 5])
def test_a_search_without_an_end_stops_at_its_limit(most):
    scores = grids.search_grid(lambda x: x, [0.01, 0.03, 0.1], most)
    assert len(scores) == most
    assert min(scores, key=scores.get) == min(scores)


def test_of_equal_scores_the_first_counts():
    scores = grids.search_grid(lambda x: 0.0, [0.001, 0.01, 0.1])
    assert list(scores) == [0.001, 0.01, 0.1, 0.0001]


def test_a_step_of_ones_own():
    scores = grids.search_grid(
        distance(9), (1, 2, 4), beyond=lambda values, best: 3 * best
    )
    assert sorted(scores) == [1, 2, 4, 12, 36]


def test_a_start_is_chosen_with_its_own_rate_and_compared_with_none():
    """The first seed chooses; of W_x as drawn only the rate."""

    def train(setting, seed, steps):
        rate, scale = setting["rate"], setting["scale"]
        score = distance(16)(scale) + distance(0.16 / scale)(rate)
        return Trained(score + seed, steps, lambda: 10 * score + seed)

    finish, best = grids.search_start(
        train, (0.003, 0.01, 0.03), (1.0, 4.0, 16.0, 64.0), 5, (0, 1, 2)
    )
    drawn, chosen = finish(1.0), finish(best)
    assert (drawn.chosen["scale"], chosen.chosen["scale"]) == (1, 16)
    assert chosen.chosen["rate"] == 0.01
    assert 0.09 <= drawn.chosen["rate"] <= 0.3
    assert chosen.edges == drawn.edges == []
    assert chosen.at(**chosen.chosen).validation == [0, 1, 2]
    assert chosen.test == [0, 1, 2]
    assert chosen.median < drawn.median
