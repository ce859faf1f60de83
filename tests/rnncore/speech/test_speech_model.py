"""The recogniser: padding, the loss's gradient in autograd, learning."""

import numpy as np
import pytest
import torch

from rnncore.application import seeded, train_module
from rnncore.optim import adam
from rnncore.speech.model import (
    CTCLoss,
    DilatedRecognizer,
    Recognizer,
    batch_of,
    log_probabilities,
    read_greedily,
    speech_loss,
)
from rnncore.train import Schedule
from tests.helpers.arrays import assert_close


def recognizer(rate=0.0):
    with seeded(0):
        return Recognizer(3, 8, 4, layers=2, rate=rate)


def test_the_gradient_is_that_of_torchs_loss(rng):
    logits = torch.tensor(rng.normal(size=(6, 2, 4)), requires_grad=True)
    other = logits.detach().clone().requires_grad_()
    labels, lengths = [[1, 1], [3]], [6, 4]
    CTCLoss.apply(logits, labels, lengths).sum().backward()
    torch.nn.functional.ctc_loss(
        other.log_softmax(2),
        torch.tensor([1, 1, 3]),
        torch.tensor(lengths),
        torch.tensor([2, 1]),
        reduction="sum",
    ).backward()
    assert_close(logits.grad, other.grad)


def test_each_recording_gives_in_a_batch_what_it_gives_alone(rng):
    model = recognizer().eval()
    features = [rng.normal(size=(n, 3)).astype("f") for n in (7, 4, 5)]
    batch = batch_of(features, [[1], [2], [3]])
    together = log_probabilities(model, batch)
    for b, one in enumerate(features):
        alone = log_probabilities(model, batch_of([one], [[1]]))
        assert_close(together[: len(one), b], alone[:, 0])


def dilated():
    with seeded(0):
        return DilatedRecognizer(3, 8, 4, layers=3, rate=0.0)


def test_convolutions_see_a_recording_and_not_its_neighbours_in_a_batch(
    rng,
):
    model = dilated()
    features = [rng.normal(size=(n, 3)).astype("f") for n in (17, 4, 9)]
    batch = batch_of(features, [[1], [2], [3]])
    together = log_probabilities(model, batch)
    for b, one in enumerate(features):
        alone = log_probabilities(model, batch_of([one], [[1]]))
        assert_close(together[: len(one), b], alone[:, 0])


def test_normalisation_takes_nothing_from_padding_or_neighbours(rng):
    model = dilated().train()
    features = [rng.normal(size=(n, 3)).astype("f") for n in (17, 4)]
    batch = batch_of(features, [[1], [2]])
    before = model(batch.features, batch.lengths)
    batch.features[4:, 1] = 100.0  # padding
    batch.features[:, 0] = 50.0  # the neighbour
    after = model(batch.features, batch.lengths)
    assert_close(after[:4, 1], before[:4, 1])


def test_a_layer_reads_directions_and_not_sizes(rng):
    """Normalised, so that it is the same for a layer ten times as large."""
    model, x = (
        dilated(),
        torch.tensor(rng.normal(size=(9, 1, 3)).astype("f")),
    )
    before = model(x, [9])
    with torch.no_grad():
        for layer in (model.see, *model.widen):
            layer.weight *= 10
            layer.bias *= 10
    assert_close(model(x, [9]), before, within=1e-3)


def test_three_dilated_layers_reach_seven_steps_and_no_further(rng):
    model = dilated()
    x = torch.tensor(rng.normal(size=(31, 1, 3)).astype("f"))
    x.requires_grad_()
    model(x, [31])[15].sum().backward()
    reached = x.grad.abs().sum(dim=(1, 2)).numpy() > 0
    assert np.flatnonzero(reached).tolist() == [*range(8, 23)]


def test_the_loss_is_a_mean_over_letters(rng):
    model = recognizer().eval()
    features = [rng.normal(size=(n, 3)).astype("f") for n in (9, 6)]
    labels = [[1, 2, 3], [2]]
    loss, _ = speech_loss(model, batch_of(features, labels), None)
    each = [
        CTCLoss.apply(model(b.features, b.lengths), b.labels, b.lengths)
        for b in (
            batch_of([f], [row])
            for f, row in zip(features, labels, strict=True)
        )
    ]
    assert_close(loss, torch.cat(each).sum() / 4)


@pytest.mark.weekly
def test_it_learns_to_spell_what_it_hears():
    """Three sounds of random length with noise; repeats among them."""

    def draw(rng, count):
        features, labels = [], []
        for _ in range(count):
            row = rng.integers(1, 4, 3).tolist()
            sounds = np.concatenate(
                [
                    np.repeat(part, rng.integers(2, 4), axis=0)
                    for k in row
                    for part in (np.eye(3)[[k - 1]], np.zeros((1, 3)))
                ]
            )
            noise = rng.normal(0, 0.1, sounds.shape)
            features.append((sounds + noise).astype("f"))
            labels.append(row)
        return batch_of(features, labels)

    model = recognizer(rate=0.1)
    train_module(
        model,
        speech_loss,
        lambda rng, step: draw(rng, 16),
        optimizer=adam(0.02),
        schedule=Schedule(120, clip=1.0),
        rng=np.random.default_rng(0),
    )
    batch = draw(np.random.default_rng(1), 50)
    written = read_greedily(model, batch)
    right = sum(a == b for a, b in zip(written, batch.labels, strict=True))
    assert right > 45


def test_what_does_not_fit_is_named(rng):
    model = recognizer()
    with pytest.raises(ValueError, match=r"features: expected \(T, B, 3\)"):
        model(torch.zeros(5, 2, 4), [5, 5])
    with pytest.raises(ValueError, match=r"lengths\[1\]: expected 1 to 5"):
        model(torch.zeros(5, 2, 3), [5, 6])
    with pytest.raises(ValueError, match="labels: expected 1 transcripts"):
        batch_of([np.zeros((4, 3))], [])
    with pytest.raises(ValueError, match="labels: expected 1 transcripts"):
        batch_of([], [])
