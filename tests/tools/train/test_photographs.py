"""Photographs are read place by place, and captioned by what was seen."""

import numpy as np
import torch

from rnncore.application import train_module
from rnncore.data.public.pictures import Photograph
from rnncore.optim import adam
from rnncore.seq2seq import END, START, translation_loss
from rnncore.train import Schedule
from tests.helpers.arrays import assert_close
from tools.train.ch17._photographs import (
    PhotoCaptioner,
    PhotoEncoder,
    Seen,
    describe,
    draw_captions,
    photo_batch,
    see,
)

P, G, F, K = 4, 3, 5, 8


def seen_of(rng, N=6):
    grid = torch.from_numpy(rng.normal(size=(N, P, G)).astype(np.float32))
    pooled = torch.from_numpy(rng.normal(size=(N, F)).astype(np.float32))
    return Seen(grid, pooled)


def test_places_and_the_whole_are_looked_at(rng):
    seen = seen_of(rng)
    encoder = PhotoEncoder(G, F, 7)
    found = encoder(seen)
    assert found.states.shape == (P + 1, 6, 7)
    assert found.mask.all()
    assert_close(found.states[P], found.summary)
    place = torch.tanh(encoder.place(seen.grid[2, 1]))
    assert_close(found.states[1, 2], place)


def test_features_are_scaled_by_photograph():
    def photograph(k):
        grid = np.full((49, 96), k, np.int8)
        return Photograph("x", ["a"], np.arange(4) * k, grid)

    seen = see(
        [photograph(1), photograph(3), photograph(0)], np.full(96, 0.5)
    )
    assert seen.grid.shape == (3, 49, 96)
    assert_close(seen.pooled[0], seen.pooled[1])
    root = np.sqrt(np.arange(4)) / np.sqrt(1.5)
    assert_close(seen.pooled[0], root.astype("f"))
    assert_close(seen.grid[:2], np.ones((2, *seen.grid.shape[1:]), "f"))
    np.testing.assert_array_equal(seen.grid[2], 0)


def test_a_batch_has_captions_of_its_photographs(rng):
    seen = seen_of(rng)
    captions = [[[3 + k, 4], [3 + k]] for k in range(5)] + [[[3]]]
    batch = photo_batch(seen, *draw_captions(captions, 50)(rng))
    assert batch.read[0].tolist() == [START] * 50
    lengths = set()
    for n in range(50):
        (k,) = (seen.pooled == batch.seen.pooled[n]).all(dim=1).nonzero()[0]
        said = batch.targets[:, n].tolist()
        length = said.index(END)
        lengths.add(length)
        assert said[:length] in captions[k]
    assert lengths == {1, 2}


def test_captions_of_what_is_seen_are_learned(rng):
    seen = seen_of(rng)
    captions = [[[3, 4]], [[5]], [[6, 7, 3]], [[4]], [[7]], [[5, 5]]]
    draw = draw_captions(captions, 12)
    torch.manual_seed(0)
    model = PhotoCaptioner(G, F, 16, 16, K)
    train_module(
        model,
        lambda m, b, c: (translation_loss(m(b.seen, b.read), b.targets), c),
        lambda rng, step: photo_batch(seen, *draw(rng)),
        optimizer=adam(0.02),
        schedule=Schedule(150, 1.0),
        rng=rng,
    )
    wanted = [some[0] for some in captions]
    assert describe(model, seen, width=3, B=4) == wanted
    batch = photo_batch(seen, range(6), wanted)
    with torch.no_grad():
        logits = model(batch.seen, batch.read)
    assert float(translation_loss(logits, batch.targets)) < 0.1
