"""Films of one's own: what is read, what is left out, what is shown."""

import shutil
import unicodedata

import av
import numpy as np
import pytest

from rnncore.apps.video.folder import (
    View,
    read_captions,
    read_classes,
    read_given,
    show_read,
    view_of,
)
from rnncore.storage.files import Refused
from rnncore.video.files import write_video
from rnncore.video.frames import seconds_of
from tests.helpers.films import draw, write_at

SMALL = View(4, 8)
CODECS = {"x.WMV": ("asf", "wmv2"), "x.flv": ("flv", "flv1")}
CODECS |= {"x.ts": ("mpegts", "mpeg2video"), "film": ("matroska", "ffv1")}


@pytest.fixture
def films(tmp_path):
    return draw(tmp_path / "films", ["down", "up"], 4)


def table_of(folder, *lines):
    (folder / "captions.tsv").write_text("".join(lines), "utf-8")
    return folder


@pytest.mark.parametrize("name", CODECS)
def test_a_film_is_read_whatever_its_ending(films, name):
    form, codec = CODECS[name]
    with av.open(films / "up" / name, "w", format=form) as film:
        stream = film.add_stream(codec, rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for shade in range(0, 250, 10):
            grey = np.full((64, 64), shade, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="gray")
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
    found = read_classes(films, SMALL)
    assert not found.left_out
    assert len(found.names) == 9
    place = found.names.index(f"up/{name}")
    assert found.said[place] == ["up"]
    shades = found.frames[place].mean(axis=(1, 2))
    assert shades[0] < 0.1
    assert shades[-1] > 0.8
    assert 0.9 < found.seconds[place] <= 1


def test_what_is_no_film_is_left_out_by_reason_and_number(films):
    for name in "notes.txt", "film.mp4", "cover.jpg":
        (films / "up" / name).write_bytes(b"no film" * 20)
    write_video(films / "up" / "still.mp4", np.ones((1, 24, 24)))
    (films / "up" / "more").mkdir()
    (films / "up" / "gone.mp4").symlink_to("nowhere.mp4")
    (films / "up" / ".0.mp4.efficientnet-lite0-4.0.npy").touch()  # kept
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"
    (films / "up" / "far.mp4").write_text(pointer)
    (films / "readme.md").touch()
    (films / ".git").mkdir()
    (films / "empty").mkdir()
    found = read_classes(films, SMALL)
    assert len(found.names) == 8
    far = found.left_out.pop("up/far.mp4")
    assert far.startswith("a pointer of Git LFS")
    assert found.left_out == {
        "up/notes.txt": "no film",
        "up/film.mp4": "no film",
        "up/cover.jpg": "no film",
        "up/still.mp4": "expected a film of at least 2 frames, got 1",
        "up/more": "a folder, or no file",
        "up/gone.mp4": "a folder, or no file",
        "readme.md": "in no class's folder",
        ".git": "hidden",
    }
    line = show_read(found, of_classes=True)[-1]
    assert line.startswith("left out: 3 no film (up/cover.jpg ...); 2 a ")


def test_a_film_counts_once_and_one_in_two_classes_in_none(films):
    shutil.copy(films / "up" / "0.mp4", films / "up" / "9.mp4")
    shutil.copy(films / "down" / "0.mp4", films / "up" / "x.mp4")
    found = read_classes(films, SMALL)
    assert found.left_out == {
        "up/9.mp4": "the same film as another",
        "up/x.mp4": "the same film as another",
        "down/0.mp4": "a film in two classes",
    }
    assert [said for (said,) in found.said] == ["down"] * 3 + ["up"] * 4


def test_folders_without_two_classes_are_refused(films):
    shutil.rmtree(films / "up")
    (films / "down" / "a.txt").touch()
    for folder, message in (
        (films, r"two classes, got 1; left out: 1 no film \(down/a.txt\)"),
        (films / "down", r"two classes, got 0; left out: 5 in no class's"),
        (films / "down" / "0.mp4", "expected a folder with a folder"),
    ):
        with pytest.raises(Refused, match=message):
            read_classes(folder, SMALL)


def test_lines_and_films_that_do_not_meet_are_left_out(films):
    long = " ".join(["on"] * 21)
    (films / "notes.txt").touch()
    folder = table_of(
        films,
        "up/0.mp4\tA bar, it goes up!\nup/0.mp4\tit is up\n",
        "down\\1.mp4\tA bar goes down.\n./up/1.mp4\tup\nup/2\tup\n",
        "../films/up/3.mp4\tup\nup/0.mp4\t\nup/0.mp4\t?!\n",
        "down/2.mp4\t...\n",
        f"notes.txt\tup\nup/0.mp4\t{long}\nUP/2.mp4\tup\n",
    )
    found = read_captions(folder, SMALL)
    assert dict(zip(found.names, found.said, strict=True)) == {
        "down/1.mp4": ["a bar goes down"],
        "up/0.mp4": ["a bar it goes up", "it is up"],
        "up/1.mp4": ["up"],
    }
    without, gone = (
        "with no usable line in captions.tsv",
        "named in captions.tsv, but not there",
    )
    assert found.left_out == {
        "captions.tsv, line 7": "with an empty side",
        "caption 1 of down/2.mp4": "without a word",
        "caption 3 of up/0.mp4": "without a word",
        "caption 4 of up/0.mp4": "of more than 20 words",
        "notes.txt": "no film",
        **dict.fromkeys(["up/2", "UP/2.mp4", "../films/up/3.mp4"], gone),
        **dict.fromkeys(["up/2.mp4", "up/3.mp4"], without),
        **dict.fromkeys([f"down/{k}.mp4" for k in (0, 2, 3)], without),
    }


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_film_s_name_is_compared_as_it_looks(films, form):
    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    name = unicodedata.normalize(form, "zoë  1.mp4")
    (films / "up" / "0.mp4").rename(films / name)
    line = unicodedata.normalize(other, "zoë  1.mp4\tup\n")
    (films / "captions.tsv").write_text("\ufeff" + line, "utf-16-be")
    assert read_captions(films, SMALL).said == [["up"]]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0.mp4 it goes up\n", "line 1: expected file, tab, words, got 1"),
        ("a\tb\n0.mp4\t0\tup\n", "line 2: expected .* got 3 columns"),
        ("0.mp4\t \n", "expected lines of file, tab, words, got none"),
        ("up/9.mp4\tup\n", "has names as 'up/9.mp4', the folder as 'down/"),
        (None, r"captions\.tsv"),
    ],
)
def test_a_table_of_another_form_is_refused(films, line, message):
    if line is not None:
        table_of(films, line)
    with pytest.raises((Refused, OSError), match=message) as refused:
        read_captions(films, SMALL)
    assert "--columns" not in str(refused.value)


def test_what_was_read_is_shown_in_six_lines(films):
    (films / "up" / "a.txt").touch()
    found = read_classes(films, SMALL)
    assert show_read(found, of_classes=True) == [
        f"8 films in {films}: down 4, up 4, 8 s",
        "  down/0.mp4, 1.0 s  ->  down",
        "  down/1.mp4, 1.0 s  ->  down",
        "  ... up/3.mp4, 1.0 s  ->  up",
        "left out: 1 no film (up/a.txt)",
    ]
    lines = [f"up/{k}.mp4\tit goes {way}\n" for k in "01" for way in "ab"]
    found = read_captions(table_of(films, *lines), SMALL)
    assert show_read(found, of_classes=False)[:3] == [
        f"2 films in {films}: 4 captions, 2 s",
        "  up/0.mp4, 1.0 s  ->  it goes a (and 1 more)",
        "  up/1.mp4, 1.0 s  ->  it goes a (and 1 more)",
    ]


def test_a_film_s_seconds_are_those_that_it_shows(tmp_path):
    """Half of its frames in the last fifth of a second."""
    times = [0, 9800, 9840, 9880, 9920, 9960]
    path = tmp_path / "a.mkv"
    write_at(path, np.zeros((6, 16, 16), np.uint8), times, end=10_000)
    assert abs(seconds_of(path) - 10) < 0.05


def test_films_themselves_come_with_what_is_said(films):
    film = films / "up" / "0.mp4"
    frames = np.random.default_rng(0).random((2, 4, 8, 8))
    found = read_given([film, *frames], ["a", "b", "b"], SMALL, True)
    assert found.said == [["a"], ["b"], ["b"]]
    assert show_read(found, True)[1] == "  film 1  ->  a"
    given = [["A b.", "c"], "D!", "e"]
    found = read_given([film, *frames], given, SMALL, False)
    assert found.said == [["a b", "c"], ["d"], ["e"]]
    with pytest.raises(ValueError, match="labels: expected 2, got 1"):
        read_given(frames, ["a"], SMALL, True)
    with pytest.raises(ValueError, match="film: "):
        read_given(frames[:, :3], ["a", "b"], SMALL, True)
    with pytest.raises(Refused, match="two classes, got 1"):
        read_given(frames, ["a", "a"], SMALL, True)


def test_a_model_says_how_it_sees_films():
    assert view_of({"T": 3, "S": 9, "whole": True}) == View(3, 9, True)
    with pytest.raises(Refused, match="does not say what films"):
        view_of({"T": "x", "S": 9})
