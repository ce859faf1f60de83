"""Blocks that explain away what they see."""

import numpy as np
import pytest
import torch

from rnncore.application import seeded
from tests.helpers.arrays import assert_close
from tools.train.ch11.methods.nbeats import NBeats

T, K, B, F, H, P = 7, 4, 3, 2, 5, 1


def test_what_a_block_of_nbeats_explains_the_next_does_not_see():
    with seeded(0):
        model = NBeats(T, F, H, K, P, blocks=2).double()
    rng = np.random.default_rng(0)
    past = torch.as_tensor(rng.normal(size=(T, B, 1 + F)))
    known = torch.as_tensor(rng.normal(size=(K, B, F)))
    whole = model(past, known)
    assert whole.shape == (K, B, P)
    first, second = model.blocks
    beside = torch.cat(
        [
            past[..., 1:].transpose(0, 1).flatten(1),
            known.transpose(0, 1).flatten(1),
        ],
        dim=1,
    )
    seen = past[..., 0].T
    said = first(torch.cat([seen, beside], dim=1))
    rest = second(torch.cat([seen - said[:, :T], beside], dim=1))
    both = (said + rest)[:, T:].reshape(B, K, P).transpose(0, 1)
    assert_close(whole, both)
    with pytest.raises(ValueError, match="expected 7 and 4 steps, got 6"):
        model(past[1:], known)
