"""What changes in a film, before backgrounds that tell nothing."""

import numpy as np
import pytest
import torch

from rnncore.application import cooling, seeded, train_module
from rnncore.apps.video.changes import (
    NETWORK,
    ChangeClassifier,
    changes,
    error,
    logits_by_frame,
    smoothed_loss,
    varied_batches,
)
from rnncore.apps.video.seen import load_film_model
from rnncore.storage.files import Refused
from rnncore.storage.weights import save_weights
from rnncore.train import Schedule
from rnncore.video.files import read_video, write_video
from rnncore.video.model import (
    FilmClassifier,
    accuracy_by_frame,
    film_batch,
    logits_of,
)
from tests.helpers.arrays import assert_close

T, S, K = 8, 12, 2


def faint(rng, count):
    """A faint square that goes up or down before a strong background."""
    frames = 0.5 * rng.random((count, 1, S, S)) + np.zeros((1, T, 1, 1))
    labels = np.arange(count) % K
    for film, label in zip(frames, labels):
        x = rng.integers(S - 4)
        for t in range(T):
            y = t if label else T - 1 - t
            film[t, y : y + 4, x : x + 4] += 0.1
    return frames.astype(np.float32), labels


def fitted(network, frames, labels):
    with seeded(0):
        model = network(S, 16, 16, K)
    train_module(
        model,
        smoothed_loss,
        varied_batches(frames, labels, 8),
        optimizer=cooling(0.01, 60, 1.0),
        schedule=Schedule(60, 1.0),
        rng=np.random.default_rng(0),
    )
    return model


def test_small_changes_before_large_backgrounds_are_learned():
    rng = np.random.default_rng(0)
    learned, asked = faint(rng, 60), faint(rng, 60)
    batch = film_batch(*asked)
    found = {
        network: accuracy_by_frame(fitted(network, *learned), batch)[-1]
        for network in (ChangeClassifier, FilmClassifier)
    }
    assert found[ChangeClassifier] > 0.9
    assert found[FilmClassifier] < 0.75


def test_changes_know_neither_background_nor_contrast():
    rng = np.random.default_rng(1)
    film = torch.tensor(rng.random((T, 1, S, S)))
    views = changes(film)
    place = torch.tensor(rng.random((1, 1, S, S)))
    assert_close(changes(film + place), views)
    dimmer = changes(0.5 * film)  # LEAST is a little more of its contrast
    assert_close(dimmer, views, within=0.05)
    power = views.square().mean(dim=(0, 1, 3, 4))
    assert_close(power, torch.ones_like(power), within=0.05)
    still = changes(film[:1].expand(T, -1, -1, -1))
    assert_close(still, torch.zeros_like(still), within=1e-9)


def test_changes_by_hand():
    film = torch.zeros(2, 1, 1, 1)
    film[1] = 1
    views = changes(film)[:, 0, :, 0, 0]
    half = 0.5 / (0.5 + 1 / 256)
    whole = 1 / (0.5**0.5 + 1 / 256)
    assert_close(views, torch.tensor([[-half, 0], [half, whole]]))


def test_films_are_moved_by_up_to_two_pixels():
    frames = np.zeros((1, 6, 7, 7), np.float32)
    frames[0, :, 3, 3] = 1
    draw = varied_batches(frames, np.array([0]), 400)
    found = draw(np.random.default_rng(0), 0).frames
    places = found.flatten(2).argmax(dim=2)
    assert (places == places[0]).all()  # no frame without the others
    near = range(1, 6)
    assert set(places[0].tolist()) == {
        7 * i + j for i in near for j in near
    }


def test_films_begin_and_end_up_to_a_tenth_earlier_or_later():
    frames = np.arange(21, dtype=np.float32)[None, :, None, None]
    frames = np.broadcast_to(frames, (1, 21, 3, 3))
    draw = varied_batches(frames, np.array([0]), 400)
    times = draw(np.random.default_rng(0), 0).frames[:, :, 0, 0]
    assert (times.diff(dim=0) >= 0).all()  # none runs backward
    assert set(times[0].tolist()) == {0, 1, 2}
    assert set(times[-1].tolist()) == {18, 19, 20}


def test_a_smoothed_loss_by_hand():
    class Fixed(torch.nn.Module):
        def forward(self, frames):
            return torch.tensor([[[0.75, 0.25]]]).log()

    batch = film_batch(np.zeros((1, T, S, S)), np.array([0]))
    loss, _ = smoothed_loss(Fixed(), batch, None)
    expected = -(0.95 * np.log(0.75) + 0.05 * np.log(0.25))
    assert_close(loss, torch.tensor(expected).float())


def test_the_error_by_hand():
    class Fixed(torch.nn.Module):
        def forward(self, frames):
            return torch.tensor([[[0.75, 0.25], [0.1, 0.9]]]).log()

    batch = film_batch(np.zeros((2, T, S, S)), np.array([0, 0]))
    found = error(Fixed(), batch)
    assert_close(found, 1 - (0.75 + 0.1) / 2, computed_in=np.float32)


def test_what_is_believed_after_a_frame_knows_nothing_of_those_after_it():
    rng = np.random.default_rng(2)
    frames = torch.tensor(faint(rng, 3)[0]).transpose(0, 1)
    with seeded(0):
        model = ChangeClassifier(S, 8, 8, K)
        loop = FilmClassifier(S, 8, 8, K)
    found = logits_by_frame(model, frames)
    assert found.shape == (T, 3, K)
    assert_close(found[-1], logits_of(model, frames)[0])
    later = frames.clone()
    later[5:] = 1
    assert_close(logits_by_frame(model, later)[:5], found[:5])
    by_frame = logits_by_frame(loop, frames)
    assert_close(by_frame, logits_of(loop, frames))


def test_files_of_both_networks_are_read(tmp_path):
    frames = torch.rand(T, 2, S, S)
    about = {"kind": "video", "S": S, "D": 8, "H": 8, "classes": ["a", "b"]}
    path = tmp_path / "m.safetensors"
    for network, more in (
        (FilmClassifier, {}),
        (ChangeClassifier, {"network": NETWORK}),
    ):
        model = network(S, 8, 8, 2)
        save_weights(path, model, about | more)
        found, known = load_film_model(path)
        assert known == about | more
        assert_close(logits_of(found, frames), logits_of(model, frames))
    save_weights(path, model, {"kind": "video", "network": NETWORK})
    with pytest.raises(Refused, match="no classifier of films"):
        load_film_model(path)


def test_a_whole_frame_keeps_what_a_square_cuts_off(tmp_path):
    path = tmp_path / "wide.mp4"
    film = np.zeros((3, 24, 48), np.float32)
    film[:, :, :8] = 1
    write_video(path, film)
    assert read_video(path, 2, 12).max() < 0.1
    whole = read_video(path, 2, 12, whole=True)
    assert whole.shape == (2, 12, 12)
    assert whole[:, :, :2].min() > 0.9
    assert whole[:, :, 3:].max() < 0.1
