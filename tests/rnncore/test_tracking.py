"""The contenders have one size, and their gradients are theirs."""

import numpy as np
import pytest

from rnncore.backend import named_leaves, tree_map
from rnncore.bptt import check_gradient
from rnncore.data.tasks import swap_problem
from rnncore.optim import adam
from rnncore.tracking import (
    CONTENDERS,
    NUMBERS,
    first_tracker,
    states,
    swapping,
    tracked,
    tracking_loss,
    train_tracker,
)
from tests.helpers.arrays import assert_close

each_contender = pytest.mark.parametrize("name", CONTENDERS)


@each_contender
@pytest.mark.parametrize("problem", [swapping(2), swapping(3)])
def test_every_contender_has_as_many_numbers_of_state(rng, name, problem):
    tracker = first_tracker(CONTENDERS[name], problem, rng)
    assert sum(s.size for _, s in named_leaves(tracker.start)) == NUMBERS
    assert {w.dtype for _, w in named_leaves(tracker)} == {np.dtype("f4")}


@each_contender
def test_its_gradient_is_that_of_finite_differences(rng, name):
    contender = CONTENDERS[name]
    tracker = first_tracker(contender, swapping(3), rng)
    tracker = tree_map(lambda w: w.astype(float), tracker)
    batch = swap_problem(rng, 5, 2, 3)
    loss = tracking_loss(contender)
    _, d, carry = loss(tracker, batch, "kept")
    assert carry == "kept"
    start = tracker.start
    part = start[0] if isinstance(start, tuple) else start
    d_part = d.start[0] if isinstance(start, tuple) else d.start

    def at(moved):
        new = (moved, *start[1:]) if isinstance(start, tuple) else moved
        return float(loss(tracker._replace(start=new), batch, None)[0])

    # central differences with a step of 1e-6 are good to about 1e-8
    assert check_gradient(at, part, d_part, "d_start") < 1e-6

    def of_layer(moved):
        layer = tracker.layer._replace(b_x=moved)
        return float(loss(tracker._replace(layer=layer), batch, None)[0])

    assert check_gradient(of_layer, tracker.layer.b_x, d.layer.b_x) < 1e-6


@each_contender
def test_states_do_not_depend_on_what_comes_later(rng, name):
    contender = CONTENDERS[name]
    tracker = first_tracker(contender, swapping(2), rng)
    x, _ = swap_problem(rng, 9, 4)
    x = x.astype(np.float32)
    y, _ = states(contender, tracker, x)
    short, _ = states(contender, tracker, x[:5])
    assert_close(short, y[:5])


@pytest.mark.slow
def test_clip_learns_parity_and_a_sigmoid_does_not():
    shares = {}
    for name in "clip", "sigmoid":
        contender = CONTENDERS[name]
        tracker = train_tracker(
            contender,
            swapping(2),
            adam(0.03),
            150,
            np.random.default_rng(0),
        ).params
        shares[name], _ = tracked(
            contender, tracker, swapping(2), 400, np.random.default_rng(1)
        )
    assert shares["clip"] > 0.99
    assert shares["sigmoid"] < 0.6
