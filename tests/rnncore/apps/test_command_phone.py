"""python -m rnncore video on what a phone makes: large, turned, uneven."""

import subprocess
import sys

import av
import numpy as np
import pytest
from PIL import Image

from rnncore.storage.weights import read_about
from rnncore.video.files import read_video
from rnncore.video.frames import read_pictures
from tests.helpers.commands import ENV, run
from tests.helpers.films import film_as_a_phone
from tests.helpers.photographs import ORIENTATION, write_photograph

pytestmark = pytest.mark.slow

TALL, WIDE = 1920, 1080  # pixels, as it is held
SEEN = ["--encoder", "efficientnet-lite0"]
FEW = ["--hidden", 16, "--frames", 8, "--batch", 8, "--rate", 0.01]
FEW += ["--steps", 60, "--evaluate-every", 10]


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
from rnncore.apps.video.folder import make_reader
from rnncore.apps.video.features import Encoder
read = make_reader(8, 24, True).read
if sys.argv[3] == "pixels":
    read(Path(sys.argv[1]))
else:
    eye = Encoder("efficientnet-lite0", print)
    read = lambda path: eye.see_film(path, 8)
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
    return place, draw, SEEN if draw is fading else []


def test_films_of_a_phone_are_learned_and_classified(
    learned, tmp_path, capsys
):
    folder, draw, eye = learned
    path = tmp_path / "m.safetensors"
    words = ["video", "train", folder, "--model", path, "--no-baselines"]
    code, _, err = run(capsys, *words, *FEW, *eye)
    assert code == 0, err
    assert "left out" not in err
    for turned in 1, 3:
        new = tmp_path / f"{turned}.MOV"
        film_as_a_phone(new, draw("right", 400), 2, turned)
        words = ["video", "classify", new, "--model", path]
        code, out, err = run(capsys, *words)
        assert code == 0, err
        assert out.startswith(f"{new}: right\n")


def test_films_of_a_phone_are_captioned(learned, tmp_path, capsys):
    folder, _, eye = learned
    table, path = tmp_path / "captions.tsv", tmp_path / "m.safetensors"
    lines = [
        f"{film.relative_to(folder)}\tit goes {film.parent.name}\n"
        for film in sorted(folder.rglob("[A-Z]*.mp4"))
    ]
    table.write_text("".join(lines))
    words = ["video", "train", folder, "--captions", table, "--model", path]
    more = ["--steps", 200, "--no-baselines"]
    code, _, err = run(capsys, *words, *FEW, *eye, *more)
    assert code == 0, err
    film = folder / "right" / "VID_1.mp4"
    code, out, err = run(capsys, "video", "caption", film, "--model", path)
    assert code == 0, err
    assert out.startswith(f"{film}: it goes right\n")


# photographs


HELD = {3: 2, 6: 1, 8: -1}  # EXIF's number, and how often to turn by 90


def photograph(path, colour, orientation, mode="RGB"):
    """4,000 x 3,000 pixels; as it was held, the upper half has a colour."""
    shape = (3000, 4000) if orientation == 3 else (4000, 3000)
    upright = np.full((*shape, 3), 40, np.uint8)
    upright[: shape[0] // 2] = colour
    stored = np.ascontiguousarray(np.rot90(upright, HELD[orientation]))
    assert stored.shape == (3000, 4000, 3)
    if mode == "RGB":
        return write_photograph(path, stored, orientation)
    image = Image.fromarray(stored).convert(mode)
    known = image.getexif()
    known[ORIENTATION] = orientation
    image.save(path, exif=known)
    return path


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(900)


def test_photographs_of_a_phone_are_described(tmp_path, capsys):
    album = tmp_path / "DCIM"
    album.mkdir()
    lines = []
    for k in range(12):
        name = ("red", "blue")[k % 2]
        colour = np.roll((220, 30 + 9 * k, 30), k % 2 * 2)
        file = album / f"IMG_{k}.JPG"
        mode = "CMYK" if k == 5 else "RGB"
        photograph(file, colour, [*HELD][k % 3], mode)
        lines.append(f"{file.name}\ta {name} wall\n")
    (album / "IMG_12.HEIC").write_bytes(HEIC)
    (album / "IMG_13.JPG").write_bytes(HEIC)  # renamed, as people do
    lines += ["IMG_12.HEIC\ta wall\nIMG_13.JPG\ta wall\n"]
    table, path = tmp_path / "captions.tsv", tmp_path / "m.safetensors"
    table.write_text("".join(lines))
    words = ["video", "train", album, "--captions", table, "--model", path]
    code, _, err = run(capsys, *words, *FEW, "--no-baselines")
    assert code == 0, err
    told = [line for line in err.splitlines() if "left out" in line]
    (first, second) = told
    assert "IMG_12.HEIC" in first
    assert ".jpg, .jpeg, .png, .webp are read" in first
    assert second.endswith("got HEIC: save it as JPEG")
    assert read_about(path)["places"] is True
    for orientation in HELD:
        new = tmp_path / f"{orientation}.jpeg"
        photograph(new, (210, 50, 50), orientation)
        words = ["video", "caption", new, "--model", path]
        code, out, err = run(capsys, *words)
        assert code == 0, err
        assert out.startswith(f"{new}: a red wall\n")
    for name in "IMG_12.HEIC", "IMG_13.JPG":
        words = ["video", "caption", album / name, "--model", path]
        code, out, err = run(capsys, *words)
        assert (code, out) == (2, "")
        assert len(err.strip().splitlines()) == 1
        assert ".jpg" in err or "save it as JPEG" in err
