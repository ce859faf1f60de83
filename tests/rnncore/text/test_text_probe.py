"""Bracket depth, hidden states, and units that nobody sees any more."""

import numpy as np
import pytest
import torch

from rnncore.application import seeded
from rnncore.text.model import LanguageModel, token_nats
from rnncore.text.probe import ablated, bracket_depth, hidden_states
from tests.helpers.arrays import assert_close


def test_depth_counts_the_brackets_of_the_code_alone():
    source = "f(a[1], ')') # (\n{x}\n"
    depth = bracket_depth(source)
    assert depth.tolist() == [
        int(digit) for digit in "011221111110" + "0" * 5 + "1100"
    ]


def test_source_that_breaks_off_is_refused():
    with pytest.raises(ValueError, match="source: "):
        bracket_depth("f(\n")


@pytest.fixture
def model():
    with seeded(0):
        return LanguageModel(9, 6).eval()


@pytest.fixture
def ids():
    return np.random.default_rng(0).integers(0, 9, 50)


def test_states_are_those_of_one_long_reading(model, ids):
    h = hidden_states(model, ids, window=7)
    y, _ = model.hidden(torch.as_tensor(ids[:, None]))
    assert_close(h, y[:, 0])


def test_nobody_sees_an_ablated_unit(model, ids):
    """The same as a run step by step in which h[2] is overwritten."""
    cut = ablated(model, [2], np.array([0.3]))

    def overwritten(state):
        h, c = state
        h = h.clone()
        h[..., 2] = 0.3
        return h, c

    state = overwritten(model.zero_state(1)[0])
    for t, token in enumerate(ids[:10]):
        x = model.embedding(torch.as_tensor([[token]]))
        _, state = model.layers[0](x, state)
        state = overwritten(state)
        logits, _ = cut(torch.as_tensor(ids[: t + 1, None]))
        by_hand = model.readout(state[0][0, 0])
        assert_close(logits[-1, 0], by_hand)


def test_the_model_itself_stays_as_it_was(model, ids):
    before = token_nats(model, ids[:, None])
    cut = ablated(model, [0, 1], np.zeros(2))
    after = token_nats(cut, ids[:, None])
    assert np.abs(after - before).max() > 1e-4
    assert_close(token_nats(model, ids[:, None]), before)
    assert model.readout.weight is model.embedding.weight
    with pytest.raises(ValueError, match=r"values: expected \(2,\)"):
        ablated(model, [0, 1], np.zeros(3))
