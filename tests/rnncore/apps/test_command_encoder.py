"""python -m rnncore video with an encoder, photographs, published splits."""

import json

import numpy as np
import pytest
from PIL import Image

from rnncore.apps.estimators import Captioner, VideoClassifier
from rnncore.apps.video.features import GIVEN
from rnncore.storage.weights import read_about
from tests.helpers.arrays import assert_close
from tests.helpers.commands import run
from tests.helpers.films import draw
from tests.helpers.photographs import make_album, write_photograph

pytestmark = pytest.mark.slow

TINY = ["--hidden", 8, "--frames", 4, "--batch", 4, "--steps", 12]
TINY += ["--evaluate-every", 6, "--rate", 0.01]
SEEN = ["--encoder", "efficientnet-lite0"]


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("films"), ["down", "up"], 4)


@pytest.fixture(scope="module")
def trained(films, tmp_path_factory):
    from rnncore.__main__ import main

    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    words = ["video", "train", films, "--model", path, *SEEN, *TINY]
    assert main([str(word) for word in words]) == 0
    return path


@pytest.fixture
def given(tmp_path):
    """Features of another program: what rises, and what falls."""
    folder, rng = tmp_path / "given", np.random.default_rng(0)
    for k, name in enumerate(("down", "up")):
        (folder / name).mkdir(parents=True)
        for n in range(8):
            rows = np.linspace(0, 1, 6 + n)[:, None] * [1.0, 2.0, -1.0]
            noise = 0.01 * rng.normal(size=rows.shape)
            found = rows if k else rows[::-1]
            np.save(folder / name / f"{n}.npy", found + noise)
    return folder


def test_films_are_learned_as_an_encoder_sees_them(
    trained, films, capsys, tmp_path
):
    about = read_about(trained)
    assert about["encoder"] == about["settings"]["encoder"] == SEEN[1]
    assert (about["features"], about["T"]) == (1280, 4)
    names = [name for name, *_ in about["table"]]
    assert "the same eye, pairs of frames in any order" in names
    code, out, err = run(capsys, "video", "evaluate", trained, films)
    assert code == 0
    assert "GRU of 8 units, features efficientnet-lite0" in out
    assert "8 films seen by efficientnet-lite0 in 0 s" in err  # kept
    score = about["score"]
    assert f" {score:.3f}\n" in out
    film = films / "up" / "0.mp4"
    code, out, _ = run(
        capsys, "video", "classify", film, "--model", trained
    )
    assert code == 0
    model = VideoClassifier.load(trained)
    assert out.startswith(f"{film}: {model.predict([film])[0]}\n")
    assert_close(model.score(films), score)


def test_features_of_another_program_are_learned(given, capsys, tmp_path):
    path = tmp_path / "m.safetensors"
    words = ["video", "train", given, "--model", path, "--encoder", GIVEN]
    code, _, err = run(capsys, *words, *TINY, "--steps", 60)
    assert code == 0, err
    about = read_about(path)
    assert (about["encoder"], about["features"]) == (GIVEN, 3)
    assert about["score"] == 100
    one = given / "up" / "3.npy"
    code, out, _ = run(capsys, "video", "classify", one, "--model", path)
    assert code == 0
    assert out.startswith(f"{one}: up\n")
    np.save(tmp_path / "wide.npy", np.zeros((5, 4)))
    wide = tmp_path / "wide.npy"
    code, _, err = run(capsys, "video", "classify", wide, "--model", path)
    assert code == 2
    assert "wide.npy: expected features (T, 3), got (T, 4)" in err
    files = sorted(given.rglob("*.npy"))
    labels = [file.parent.name for file in files]
    arrays = [np.load(file) for file in files]
    how = {"hidden": 8, "frames": 4, "batch": 4, "steps": 60}
    how |= {"evaluate_every": 6, "rate": 0.01, "encoder": GIVEN}
    for films in files, arrays:
        model = VideoClassifier(**how).fit(films, labels)
        assert_close(model.score(), about["score"])
        assert model.predict(films)[-1] == "up"
    np.save(given / "up" / "9.npy", np.zeros((5, 4)))
    code, _, err = run(capsys, *words, *TINY, "--restart")
    assert code == 2
    assert "expected features (4, 3) as of the first, got (4, 4)" in err


def test_captions_are_learned_of_features_too(given, capsys, tmp_path):
    table = tmp_path / "captions.tsv"
    names = [file.relative_to(given) for file in given.rglob("*.npy")]
    # the films' names, of which the features were made
    lines = [
        f"{name.with_suffix('.mp4')}\tit goes {name.parent}\n"
        for name in names
    ]
    table.write_text("".join(lines))
    path = tmp_path / "m.safetensors"
    words = ["video", "train", given, "--captions", table, "--model", path]
    words += ["--encoder", GIVEN, *TINY]
    code, out, err = run(capsys, *words)
    assert code == 0, err
    assert "attention, features given" in out
    one = given / "up" / "0.npy"
    code, out, _ = run(capsys, "video", "caption", one, "--model", path)
    assert code == 0
    assert "looked most at frame" in out


def test_a_model_of_pixels_does_not_read_features(films, capsys, tmp_path):
    path = tmp_path / "m.safetensors"
    words = ["video", "train", films, "--model", path, "--size", 8, *TINY]
    assert run(capsys, *words, "--no-baselines")[0] == 0
    np.save(tmp_path / "a.npy", np.zeros((5, 4)))
    one = tmp_path / "a.npy"
    code, _, err = run(capsys, "video", "classify", one, "--model", path)
    assert code == 2
    assert "a.npy: no film" in err


# photographs


def test_photographs_are_described(tmp_path, capsys):
    """And it is told, and drawn, where each word looked."""
    folder = tmp_path / "photographs"
    table = make_album(folder, 16)
    path = tmp_path / "m.safetensors"
    words = ["video", "train", folder, "--captions", table, "--model", path]
    more = ["--steps", 60, "--hidden", 32]
    code, out, err = run(capsys, *words, *TINY, *more)
    assert code == 0, err
    assert "by a beam, length penalty" in out
    assert "photographs are seen by efficientnet-lite0 (--encoder)" in err
    about = read_about(path)
    assert about["places"] is True
    assert (about["T"], about["features"]) == (49, 1280)
    right = 0
    for k, colour in enumerate(("red", "blue")):
        picture = np.full((300, 400, 3), 20, np.uint8)
        picture[..., 2 * k] = 210
        held = write_photograph(tmp_path / f"{k}.jpg", picture, 6)
        looks = tmp_path / f"looks{k}.png"
        words = [
            "video",
            "caption",
            held,
            "--model",
            path,
            "--looks",
            looks,
        ]
        code, out, err = run(capsys, *words)
        assert code == 0, err
        assert "looked most at row, column" in out
        right += f": a {colour} picture\n" in out
        with Image.open(looks) as drawn:
            assert drawn.width > 300
        code, _, err = run(capsys, *words)
        assert code == 2
        assert f"{looks}: it is there already; --force replaces it" in err
    assert right == 2
    code, _, err = run(
        capsys, "video", "evaluate", path, folder, "--captions", table
    )
    assert code == 0
    assert " in 0 s" in err
    (said,) = Captioner.load(path).predict([tmp_path / "0.jpg"])
    assert said == "a red picture"


def test_films_and_photographs_are_not_one_set(films, tmp_path, capsys):
    table = make_album(tmp_path / "both", 2)
    (tmp_path / "both" / "a.mp4").write_bytes(
        (films / "up" / "0.mp4").read_bytes()
    )
    with table.open("a") as more:
        more.write("a.mp4\tit goes up\n")
    path = tmp_path / "m.safetensors"
    words = ["--captions", table, "--model", path, *TINY]
    code, _, err = run(capsys, "video", "train", tmp_path / "both", *words)
    assert code == 2
    assert "expected films or photographs, got both" in err


def test_names_that_no_file_has_are_shown_beside_one(tmp_path, capsys):
    table = make_album(tmp_path / "album", 3)
    table.write_text("x1.jpg\ta red picture\n")
    words = ["--captions", table, "--model", tmp_path / "m.safetensors"]
    code, _, err = run(capsys, "video", "train", tmp_path / "album", *words)
    assert code == 2
    assert "has names as 'x1.jpg', it as '0.jpg'" in err


# published splits


@pytest.fixture
def clips(films, tmp_path):
    """Films with UCF101's names: two clips each of six groups a class."""
    folder = tmp_path / "UCF-101"
    made = draw(tmp_path / "drawn", ["Down", "Up"], 12)
    for name in "Down", "Up":
        (folder / name).mkdir(parents=True)
        for n in range(12):
            clip = f"v_{name}_g{n // 2 + 1:02}_c{n % 2 + 1:02}.mp4"
            film = made / name / f"{n}.mp4"
            raw = film.read_bytes()
            (folder / name / clip).write_bytes(raw)
    return folder


def write_lists(clips, number="01"):
    lists = clips.parent / "lists"
    lists.mkdir()
    names = [
        f"{file.parent.name}/{file.stem}.avi"  # as published; ours differ
        for file in sorted(clips.rglob("*.mp4"))
    ]
    parts = {
        "train": [f"{name} 1\n" for name in names if "_g01_" not in name],
        "test": [f"{name}\n" for name in names if "_g01_" in name],
    }
    for part, lines in parts.items():
        (lists / f"{part}list{number}.txt").write_text("".join(lines))
    return lists / f"trainlist{number}.txt"


def test_the_split_of_ucf101_is_kept(clips, capsys, tmp_path):
    split = write_lists(clips)
    path = tmp_path / "m.safetensors"
    words = ["--model", path, "--size", 8, *TINY, "--no-baselines"]
    words += ["--split", split]
    code, out, err = run(capsys, "video", "train", clips, *words)
    assert code == 0, err
    # of twelve clips four pairs look alike from the ninth on
    assert "4 films, not seen in training" in out
    score = read_about(path)["score"]
    words = ["video", "evaluate", path, clips, "--split", split]
    code, out, _ = run(capsys, *words)
    assert code == 0
    assert f" {score:.3f}\n" in out
    assert "all 4 films of the folder" in out


def test_clips_of_a_film_are_learned_from_or_validated_on():
    from rnncore.apps.video import command

    names = [
        f"{name}/v_{name}_g{n // 3:02}_c{n % 3}.avi"
        for name in ("A", "B")
        for n in range(60)
    ]
    labels = np.repeat([0, 1], 60)
    folder = command.Folder(["A", "B"], np.zeros(120), labels, names)
    parts = command._split(folder, 0)
    groups = [{names[k].rpartition("_")[0] for k in part} for part in parts]
    assert sorted(k for part in parts for k in part) == [*range(120)]
    for k, some in enumerate(groups):
        for other in groups[k + 1 :]:
            assert not some & other
    assert [len(part) for part in parts] == [78, 18, 24]


def test_msr_vtt_s_parts_are_kept(films, capsys, tmp_path):
    files = sorted(films.rglob("*.mp4"))
    folder = tmp_path / "videos"
    folder.mkdir()
    parts = ["train"] * 5 + ["validate", "test", "test"]
    content = {"videos": [], "sentences": []}
    for k, (file, part) in enumerate(zip(files, parts, strict=True)):
        (folder / f"video{k}.mp4").write_bytes(file.read_bytes())
        one = {"video_id": f"video{k}", "split": part}
        content["videos"].append(one)
        for text in f"it goes {file.parent.name}", "a square moves":
            said = {"video_id": f"video{k}", "caption": text}
            content["sentences"].append(said)
    table = tmp_path / "MSRVTT_data.json"
    table.write_text(json.dumps(content))
    path = tmp_path / "m.safetensors"
    words = ["video", "train", folder, "--captions", table, "--model", path]
    code, out, err = run(capsys, *words, "--size", 8, *TINY)
    assert code == 0, err
    assert "training, validation and test are the published ones" in err
    assert "2 films, not seen in training" in out
