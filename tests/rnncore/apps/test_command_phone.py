"""Films as a phone makes them, large, turned, uneven, are learned."""

import subprocess
import sys

import av
import numpy as np
import pytest

from rnncore.apps.estimators import Captioner, VideoClassifier
from rnncore.video.files import read_video
from rnncore.video.frames import read_pictures
from tests.helpers.commands import ENV
from tests.helpers.films import film_as_a_phone

pytestmark = pytest.mark.slow

TALL, WIDE = 1920, 1080  # pixels, as it is held
SEEN = {"encoder": "efficientnet-lite0"}
FEW = {"hidden": 16, "frames": 8, "batch": 8, "rate": 0.01}
FEW |= {"steps": 60, "evaluate_every": 10}


def clock(share):
    """The upper half is as bright as it is late; below, the left shines."""
    picture = np.zeros((TALL, WIDE), np.uint8)
    picture[: TALL // 2] = round(20 + 200 * share)
    picture[TALL // 2 :, : WIDE // 2] = 250
    return picture


@pytest.fixture(scope="module", params=[1, 3])
def filmed(tmp_path_factory, request):
    path = tmp_path_factory.mktemp("phone") / "VID_1.MP4"
    return film_as_a_phone(path, clock, 10, request.param)


def test_the_film_is_what_it_is_said_to_be(filmed):
    with av.open(filmed) as film:
        (stream,), (sound,) = film.streams.video, film.streams.audio
        assert stream.codec_context.name == "h264"
        assert (stream.width, stream.height) == (TALL, WIDE)
        assert sound.duration * sound.time_base > 9
        frames = [*film.decode(stream)]
    lasts = np.diff([float(f.pts * f.time_base) for f in frames])
    assert lasts.max() > 5 * lasts.min()


@pytest.mark.parametrize("grey", [True, False])
def test_a_film_of_a_phone_is_upright_and_in_time(filmed, grey):
    if grey:
        seen = 255 * read_video(filmed, 11, 8, whole=True)
    else:
        pictures = read_pictures(filmed, 11, 8)
        seen = np.stack([picture.mean(axis=2) for picture in pictures])
    # between frames of a seventh of a second, 1.3 of it at most
    late = np.abs(seen[:, :4] - np.linspace(20, 220, 11)[:, None, None])
    assert late.max() < 200 * 1.3 / 7 / 10 + 3
    assert seen[:, 4:, :4].min() > 240
    assert seen[:, 4:, 4:].max() < 10


READ = """
import resource, sys
from pathlib import Path
from rnncore.apps.video.folder import View, make_reader
encoder = None if sys.argv[3] == "pixels" else "efficientnet-lite0"
read = make_reader(View(8, 24, True, encoder))
read(Path(sys.argv[1]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
read(Path(sys.argv[2]))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


@pytest.mark.parametrize("how", ["pixels", "encoder"])
def test_a_long_film_takes_no_more_memory_than_a_short_one(
    filmed, tmp_path, how
):
    """Its 180 frames would take 370 MB, were they kept."""
    short = film_as_a_phone(tmp_path / "short.mp4", clock, 1)
    words = [sys.executable, "-c", READ, short, filmed, how]
    done = subprocess.run(
        words, capture_output=True, text=True, env=ENV, check=True
    )
    assert int(done.stdout.split()[-1]) < 60  # MB


def moving(way, side):
    """A light square that goes to one side, or to the other."""

    def draw_at(share):
        picture = np.full((TALL, WIDE), 30, np.uint8)
        x = round((WIDE - 400) * (share if way == "right" else 1 - share))
        picture[300 + side : 900 + side, x : x + 400] = 220
        return picture

    return draw_at


def fading(way, side):
    """Stripes that come, or go: the encoder's mean knows no places."""

    def draw_at(share):
        light = 200 * (share if way == "right" else 1 - share)
        picture = np.full((TALL, WIDE), 30, np.uint8)
        picture[side : 1000 + side].reshape(-1, 100, WIDE)[:, :50] += round(
            light
        )
        return picture

    return draw_at


@pytest.fixture(scope="module", params=["pixels", "encoder"])
def learned(tmp_path_factory, request):
    """Films of a phone, held upright or on its side; who sees them."""
    place = tmp_path_factory.mktemp("films")
    draw = moving if request.param == "pixels" else fading
    for way in "left", "right":
        (place / way).mkdir()
        for k in range(6):
            path = place / way / f"VID_{k}.mp4"
            film_as_a_phone(path, draw(way, 150 * k), 1, (0, 1, 3)[k % 3])
    return place, draw, SEEN if draw is fading else {}


def test_films_of_a_phone_are_learned_and_classified(learned, tmp_path):
    folder, draw, eye = learned
    model = VideoClassifier(**FEW, **eye).fit(folder)
    assert "left out" not in " ".join(model.about_["read"])
    for turned in 1, 3:
        new = tmp_path / f"{turned}.MOV"
        film_as_a_phone(new, draw("right", 400), 2, turned)
        assert model.predict([new]) == ["right"]


def test_films_of_a_phone_are_captioned(learned):
    folder, _, eye = learned
    lines = [
        f"{film.relative_to(folder)}\tit goes {film.parent.name}\n"
        for film in sorted(folder.rglob("[A-Z]*.mp4"))
    ]
    (folder / "captions.tsv").write_text("".join(lines))
    model = Captioner(**FEW | {"steps": 200}, **eye).fit(folder)
    said = model.predict([folder / "right" / "VID_1.mp4"])
    assert said == ["it goes right"]
