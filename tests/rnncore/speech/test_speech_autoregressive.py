"""A recogniser that reads what it wrote: padding, reading, learning."""

import numpy as np
import pytest
import torch

from rnncore.application import cooling, seeded, train_module
from rnncore.ctc import BLANK
from rnncore.speech.autoregressive import (
    MOST,
    Transducer,
    TransducerLoss,
    read_transducer,
)
from rnncore.speech.model import batch_of
from rnncore.train import Schedule
from rnncore.transducer import transducer_loss
from tests.helpers.arrays import assert_close


def network(K=4, H=8):
    with seeded(0):
        return Transducer(3, H, K, 6, layers=1, rate=0.0)


def loss(model, batch, carry):
    """The loss per letter, in nats."""
    losses = TransducerLoss.apply(model(batch), batch.labels, batch.lengths)
    return losses.sum() / max(sum(map(len, batch.labels)), 1), None


def recordings(rng):
    features = [rng.normal(size=(n, 3)).astype("f") for n in (7, 4, 5)]
    return features, [[1, 1, 3], [2], []]


def test_one_node_has_the_gradient_of_the_whole_graph(rng):
    logits = torch.tensor(rng.normal(size=(5, 3, 2, 4)), requires_grad=True)
    other = logits.detach().clone().requires_grad_()
    labels, lengths = [[1, 1], [3]], [5, 2]
    TransducerLoss.apply(logits, labels, lengths).sum().backward()
    transducer_loss(other, labels, lengths)[0].sum().backward()
    assert_close(logits.grad, other.grad)


def test_the_loss_of_a_batch_is_a_mean_over_letters(rng):
    model = network().eval()
    features, labels = recordings(rng)
    together, _ = loss(model, batch_of(features, labels), None)
    total = sum(
        loss(model, batch_of([one], [row]), None)[0] * max(len(row), 1)
        for one, row in zip(features, labels, strict=True)
    )
    assert_close(together, total / sum(map(len, labels)))


def test_each_recording_is_read_in_a_batch_as_alone(rng):
    model = network()
    features, labels = recordings(rng)
    together = read_transducer(model, batch_of(features, labels))
    assert any(together)
    for one, row in zip(features, together, strict=True):
        assert read_transducer(model, batch_of([one], [[]])) == [row]


def test_a_teacher_forced_place_is_the_join_of_both_sides(rng):
    model = network().eval()
    features, labels = recordings(rng)
    batch = batch_of(features, labels)
    logits = model(batch)
    assert logits.shape == (7, 4, 3, 4)
    f = model.encoder(batch.features, batch.lengths)
    g, h = model.predict(torch.tensor([[BLANK]]))
    for u, label in enumerate([*labels[0], None]):
        assert_close(logits[:, u, 0], model.join(f[:, 0], g[0, 0]))
        if label is not None:
            g, h = model.predict(torch.tensor([[label]]), h)


def test_reading_follows_the_likeliest_arcs(rng):
    model = network(K=3).eval()
    features, _ = recordings(rng)
    batch = batch_of(features[:1], [[]])
    (written,) = read_transducer(model, batch)
    logits = model(batch._replace(labels=[written]))[:, :, 0]
    t = u = here = 0
    while t < len(logits):
        found = int(logits[t, u].argmax())
        if found == BLANK or here == MOST:
            t, here = t + 1, 0
        else:
            assert found == written[u]
            u, here = u + 1, here + 1
    assert u == len(written)


def test_a_network_that_never_says_the_blank_comes_to_an_end(rng):
    model = network()
    with torch.no_grad():
        model.readout.bias[BLANK] = -100
    features, labels = recordings(rng)
    written = read_transducer(model, batch_of(features, labels))
    assert [len(row) for row in written] == [7 * MOST, 4 * MOST, 5 * MOST]


@pytest.mark.weekly
def test_it_learns_to_spell_two_of_three_sounds():
    model = network(H=16)

    def next_batch(rng, step):
        rows = [rng.permutation(3)[: rng.integers(1, 3)] for _ in range(8)]
        heard = [np.eye(3, dtype="f")[row].repeat(2, 0) for row in rows]
        return batch_of(heard, [(row + 1).tolist() for row in rows])

    train_module(
        model,
        loss,
        next_batch,
        optimizer=cooling(0.02, 200),
        schedule=Schedule(200, 1.0),
        rng=np.random.default_rng(0),
    )
    right = [
        a == b
        for k in range(10)
        for batch in [next_batch(np.random.default_rng(k), 0)]
        for a, b in zip(
            read_transducer(model, batch), batch.labels, strict=True
        )
    ]
    assert np.mean(right) > 0.7  # a guess of length and labels: 1 in 6
