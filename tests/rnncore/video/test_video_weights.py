"""The stored networks have the scores that are recorded with them."""

import pytest
import torch

from rnncore.storage.weights import load_module, stored
from rnncore.video.captions import load_captioner
from rnncore.video.model import BagOfFrames, load_classifier
from tests.helpers.arrays import assert_close
from tools.train.shared import video

NAMES = "actions", "actions_bag", "digits", "captions", "eye"


def load(name):
    """A stored network, and what is known of it."""
    path = stored(f"video_{name}")
    if name in ("actions", "digits"):
        return load_classifier(path)
    if name == "captions":
        model, _, about = load_captioner(path)
        return model, about
    kind, make = {
        "actions_bag": (
            "video.bag",
            lambda a: BagOfFrames(
                a["S"], a["D"], a["H"], len(a["classes"])
            ),
        ),
        "eye": (video.EYE, video.eye_of),
    }[name]
    return load_module(path, kind, make, "network")


@pytest.mark.weekly
@pytest.mark.parametrize("name", NAMES)
def test_the_stored_weights_give_the_recorded_score(name):
    model, about = load(name)
    if name == "eye":
        found = video.named_in_stills(model)
    else:
        task = name.removesuffix("_bag")
        films = video.judged_films(task)
        scores = video.measure_scores(task, model, films)
        found = scores[video.SCORE[task]]
    # One film in a thousand may turn on the last bit of another machine.
    assert_close(found, about["score"], within=0.2)


def test_the_weights_are_small():
    for name in NAMES:
        assert stored(f"video_{name}").stat().st_size < 2_000_000


def test_the_captioner_and_the_classifier_have_the_stored_eye():
    eye, _ = load("eye")
    for name, found in (
        ("digits", load("digits")[0].encoder),
        ("captions", load("captions")[0].encoder.encoder),
    ):
        for key, tensor in eye[0].state_dict().items():
            same = torch.equal(found.state_dict()[key], tensor)
            assert same, (name, key)
