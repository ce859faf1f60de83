"""Rivals that know no order: what they can tell, and what they cannot."""

import numpy as np
import torch

from rnncore.application import seeded
from rnncore.apps.video.changes import ChangeClassifier
from rnncore.apps.video.rivals import RIVALS, BagOfChanges, BagOfFrames
from tests.helpers.arrays import assert_close

SIZES = 12, 6, 8, 3


def films(rng, T=7, B=4):
    return torch.as_tensor(rng.random((T, B, 12, 12)), dtype=torch.float32)


def made(kind):
    with seeded(0):
        return kind(*SIZES).eval()


def test_a_bag_of_frames_has_no_order(rng):
    frames = films(rng)
    order = torch.as_tensor(rng.permutation(len(frames)))
    bag = made(BagOfFrames)
    assert_close(bag(frames[order]), bag(frames))
    loop = made(ChangeClassifier)
    assert (loop(frames[order]) - loop(frames)).abs().max().item() > 1e-3


def test_a_bag_of_pairs_tells_a_film_from_its_reverse(rng):
    frames = films(rng)
    bag = made(BagOfChanges)
    assert (bag(frames.flip(0)) - bag(frames)).abs().max().item() > 1e-3
    single = made(BagOfFrames)
    assert_close(single(frames.flip(0)), single(frames))


def test_the_rivals_have_the_network_s_eye(rng):
    eye = made(ChangeClassifier).see.state_dict()
    for kind in RIVALS.values():
        own = made(kind).see.state_dict()
        assert {n: w.shape for n, w in own.items()} == {
            n: w.shape for n, w in eye.items()
        }
        assert made(kind)(films(rng)).shape == (1, 4, 3)
        assert np.isfinite(made(kind)(films(rng)).detach().numpy()).all()
