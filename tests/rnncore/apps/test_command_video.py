"""python -m rnncore video: classifies, captions, trains on a folder."""

import shlex
from pathlib import Path

import numpy as np
import pytest

from rnncore.apps.video import command
from rnncore.data.video import ACTIONS, moving_digits, stick_figures
from rnncore.storage.weights import load_weights
from rnncore.video.files import write_video
from tests.helpers.commands import (
    Killed,
    examples,
    run,
    shown_help,
    stopped,
    weights,
)
from tests.helpers.films import draw

pytestmark = pytest.mark.slow

TINY = ["--hidden", 8, "--frames", 6, "--size", 12, "--batch", 4]
TINY += ["--steps", 20, "--evaluate-every", 10, "--rate", 0.01]


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("films"), ["down", "up"], 6)


@pytest.fixture(scope="module")
def trained(films, tmp_path_factory):
    from rnncore.__main__ import main

    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    words = ["video", "train", films, "--model", path, *TINY]
    assert main([str(word) for word in words]) == 0
    return path


def test_training_prints_scores_beside_baselines(films, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    words = ["--model", path, *TINY]
    code, out, err = run(capsys, "video", "train", films, *words)
    assert code == 0, err
    assert "GRU of 8 units, seed 0, 20 steps" in out
    assert "2 films, not seen in training" in out
    for name in (
        "the network ",
        "the network, half-way",
        "the class of the nearest film, without order",
        "the most frequent class",
        "the same eye, frames in any order",
        "the same eye, pairs of frames in any order",
    ):
        assert name in out
    _, about = load_weights(path, "video")
    assert about["classes"] == ["down", "up"]
    assert (about["T"], about["S"], about["H"]) == (6, 12, 8)


def test_evaluate_gives_the_scores_again(trained, films, capsys):
    code, out, _ = run(capsys, "video", "evaluate", trained, films)
    assert code == 0
    table = dict(load_weights(trained)[1]["table"])
    for name, value in table.items():
        assert f"{name} " in out
        assert f" {value:.3f}\n" in out + "\n"


def test_other_films_are_scored_without_what_saw_the_training(
    trained, tmp_path, capsys
):
    other = draw(tmp_path / "films", ["down", "up"], 2)
    code, out, _ = run(capsys, "video", "evaluate", trained, other)
    assert code == 0
    assert "all 4 films of the folder. They are not those" in out
    assert "as if all classes were equally likely" in out
    assert "nearest film" not in out
    wrong = draw(tmp_path / "wrong", ["up", "down ", "left"], 3)
    code, _, err = run(capsys, "video", "evaluate", trained, wrong)
    assert code == 2
    assert "expected the classes down, up; got" in err


def test_the_films_of_another_folder_can_be_the_test(
    films, tmp_path, capsys
):
    other = draw(tmp_path / "films", ["down", "up"], 2)
    path = tmp_path / "m.safetensors"
    words = ["video", "train", films, "--model", path, *TINY]
    words += ["--test", other]
    code, out, err = run(capsys, *words)
    assert code == 0, err
    assert "4 films, not seen in training" in out
    assert "the class of the nearest film" in out
    score = dict(load_weights(path)[1]["table"])["the network"]
    code, out, _ = run(capsys, "video", "evaluate", path, other)
    assert (code, f" {score:.3f}\n" in out) == (0, True)
    code, _, err = run(capsys, "video", "evaluate", path, films)
    assert code == 2
    assert "it was trained on these films" in err
    wrong = draw(tmp_path / "wrong", ["down", "left"], 2)
    code, _, err = run(capsys, *words[:-1], wrong, "--restart")
    assert code == 2
    assert "expected the classes down, up; got down, left" in err
    (tmp_path / "c.tsv").write_text("0.mp4\tup\n")
    code, _, err = run(capsys, *words, "--captions", tmp_path / "c.tsv")
    assert (code, "--test: not with --captions" in err) == (2, True)


def copies(folder, names, other=None, before=""):
    """The films of these names once more, in their folder or another."""
    for name in names:
        place = (other or folder) / name.parent / f"{before}{name.name}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes((folder / name).read_bytes())


def test_a_film_that_lies_twice_is_learned_or_scored_not_both(
    films, tmp_path, capsys
):
    known = [path.relative_to(films) for path in sorted(films.glob("*/*"))]
    twice = tmp_path / "twice"
    copies(films, known, twice)
    copies(films, known, twice, before="copy of ")
    parts = []
    for folder in films, twice:
        path = tmp_path / f"{folder.name}.safetensors"
        words = ["video", "train", folder, "--model", path, *TINY]
        code, out, err = run(capsys, *words, "--no-baselines")
        assert code == 0, err
        assert "2 films, not seen in training" in out
        parts.append(err.count("the same film as"))
    assert parts == [0, len(known)]


def test_a_film_in_two_classes_is_in_none(films, tmp_path, capsys):
    folder = tmp_path / "films"
    known = [path.relative_to(films) for path in sorted(films.glob("*/*"))]
    copies(films, known, folder)
    (folder / "up" / "x.mp4").write_bytes(
        (folder / "down" / "0.mp4").read_bytes()
    )
    path = tmp_path / "m.safetensors"
    words = ["video", "train", folder, "--model", path, *TINY]
    code, _, err = run(capsys, *words, "--no-baselines")
    assert code == 0
    assert f"{folder / 'down' / '0.mp4'}: it is in another class" in err
    found = command.read_folder(folder, (6, 12), True)
    assert np.bincount(found.labels).tolist() == [5, 6]


def test_what_another_folder_tests_is_not_learned(films, tmp_path, capsys):
    other = tmp_path / "other"
    names = [
        Path(name) / f"{k}.mp4" for name in ("down", "up") for k in (0, 1)
    ]
    copies(films, names, other)
    path = tmp_path / "m.safetensors"
    words = ["video", "train", films, "--model", path, *TINY]
    code, out, err = run(capsys, *words, "--test", other, "--no-baselines")
    assert code == 0, err
    assert "4 films, not seen in training" in out
    assert err.count("the same film as") == 4
    assert f"left out: {films / 'down' / '0.mp4'}: the same film" in err


def test_a_film_of_any_shape_is_seen_whole(tmp_path, capsys):
    """What happens at the sides of wide films, outside the square."""
    rng = np.random.default_rng(0)
    for name in "down", "up":
        place = tmp_path / "films" / name
        place.mkdir(parents=True)
        for n in range(20):
            film = 0.5 * rng.random((1, 12, 36)) + np.zeros((8, 1, 1))
            for t in range(8):
                y = t if name == "up" else 8 - t
                film[t, y : y + 4, n % 6 : n % 6 + 6] += 0.4
            write_video(place / f"{n}.mp4", film, zoom=2)
    path = tmp_path / "m.safetensors"
    words = ["video", "train", tmp_path / "films", "--model", path]
    words += [*TINY, "--steps", 200, "--evaluate-every", 20]
    words += ["--hidden", 16, "--batch", 8]
    code, out, err = run(capsys, *words)
    assert code == 0, err
    assert dict(load_weights(path)[1]["table"])["the network"] == 100, out


def test_a_model_of_one_s_own_classifies(trained, films, capsys):
    code, out, _ = run(
        capsys,
        *("video", "classify", films / "up" / "0.mp4", "--model", trained),
    )
    assert code == 0
    assert "0.mp4: " in out
    assert "the best answer from frame" in out
    assert " of 6 on" in out


def test_the_loop_learns_what_a_bag_of_frames_cannot(tmp_path, capsys):
    folder = draw(tmp_path / "films", ["down", "up"], 24)
    path = tmp_path / "m.safetensors"
    words = ["--model", path, *TINY, "--steps", 200, "--evaluate-every", 20]
    code, out, err = run(capsys, "video", "train", folder, *words)
    assert code == 0, err
    table = dict(load_weights(path)[1]["table"])
    assert table["the network"] == 100, out
    assert table["the most frequent class"] == 50


@pytest.mark.parametrize("error", [Killed, KeyboardInterrupt])
def test_a_run_that_broke_off_ends_with_the_same_weights(
    films, tmp_path, capsys, monkeypatch, error
):
    whole, broken = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    words = ["video", "train", films, *TINY, "--patience", 100, "--model"]
    run(capsys, *words, whole)
    folder = tmp_path / "b.safetensors.run"
    words.append(broken)
    ended = stopped(monkeypatch, capsys, error, folder / "run.npz", *words)
    if error is KeyboardInterrupt:
        code, _, err = ended
        assert code == 130
        assert "interrupted; the same command goes on from here" in err
    assert broken.exists()  # of the best weights so far
    code, _, err = run(capsys, *words)
    assert code == 0
    assert "goes on after step 10" in err
    assert weights(broken) == weights(whole)


def test_a_finished_run_says_so_and_other_settings_are_refused(
    trained, films, capsys
):
    words = ["video", "train", films, "--model", trained, *TINY]
    code, out, err = run(capsys, *words)
    assert (code, "is already trained" in err) == (0, True)
    assert "the network" in out
    code, _, err = run(capsys, *words, "--size", 16)
    assert code == 2
    assert "have changed since" in err or "size was 12, now 16" in err


def test_a_folder_that_cannot_be_learned_is_refused(
    films, tmp_path, capsys
):
    model = tmp_path / "m.safetensors"
    one = draw(tmp_path / "one", ["up"], 3)
    few = draw(tmp_path / "few", ["down", "up"], 2)
    (one / "notes.txt").write_text("no film")
    for folder, message in (
        (tmp_path / "none", "there is no such folder"),
        (films / "up" / "0.mp4", "expected a folder with a folder a class"),
        (one, "expected at least two folders with films"),
        (few, "down: expected at least 3 films of a class, got 2"),
    ):
        words = ["video", "train", folder, "--model", model]
        code, out, err = run(capsys, *words)
        assert (code, out) == (2, "")
        assert message in err
        assert not model.exists()


def test_a_damaged_film_is_left_out_and_named(tmp_path, capsys):
    folder = draw(tmp_path / "films", ["down", "up"], 4)
    bad = folder / "up" / "bad.mp4"
    bad.write_bytes(b"no film" * 20)
    words = ["--model", tmp_path / "m.safetensors", *TINY]
    code, _, err = run(capsys, "video", "train", folder, *words)
    assert code == 0
    assert f"left out: {bad}: no film" in err


@pytest.mark.parametrize("part", ["classify", "caption"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such file"),
        (b"", "no film"),
        (b"this is a text, not a film\n" * 9, "no film"),
    ],
)
def test_what_is_no_film_is_refused(
    tmp_path, capsys, part, content, message
):
    path = tmp_path / "film.mp4"
    if content is not None:
        path.write_bytes(content)
    own = {"classify": "video_actions", "caption": "video_captions"}[part]
    words = ["video", part, path, "--model", own]
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"video {part}: {path}: ")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("part", ["classify", "caption"])
def test_without_a_model_a_film_is_told_nothing(tmp_path, capsys, part):
    """The course's own would answer "sit down" to every film."""
    path = tmp_path / "film.mp4"
    write_video(path, np.ones((4, 24, 24), np.float32))
    code, out, err = run(capsys, "video", part, path)
    assert (code, out) == (2, "")
    how = " --captions captions.tsv" * (part == "caption")
    assert f"`video train films/{how} --model NAME.safetensors`" in err
    assert "knows nothing but" in err


def test_a_picture_is_no_film(tmp_path, capsys):
    path = tmp_path / "film.mp4"
    write_video(path, np.ones((1, 24, 24), np.float32))
    words = ["video", "classify", path, "--model", "video_actions"]
    code, _, err = run(capsys, *words)
    assert code == 2
    assert "expected a film of at least 2 frames, got 1" in err


def test_the_stored_networks_read_files(tmp_path, capsys):
    """Most of the films; the recorded scores are another test's."""
    figures = stick_figures(np.random.default_rng(5), 16)
    digits = moving_digits(np.random.default_rng(5), 8, held_out=True)
    path = tmp_path / "film.mp4"
    right = 0
    for frames, action in zip(figures.frames, figures.captions):
        write_video(path, frames)
        words = ["video", "classify", path, "--model", "video_actions"]
        code, out, _ = run(capsys, *words)
        assert code == 0
        right += f"film.mp4: {action}\n" in out
    assert right >= 12
    ways = 0
    for frames, caption in zip(digits.frames, digits.captions):
        write_video(path, frames)
        words = ["video", "caption", path, "--model", "video_captions"]
        code, out, _ = run(capsys, *words)
        assert code == 0
        assert "looked most at frame" in out
        ways += f"moves {caption.split()[3]}" in out
    assert ways >= 6


def test_a_model_of_another_kind_is_refused(tmp_path, capsys):
    path = tmp_path / "film.mp4"
    write_video(path, stick_figures(np.random.default_rng(0), 1).frames[0])
    code, _, err = run(
        capsys, "video", "caption", path, "--model", "video_actions"
    )
    assert code == 2
    assert "expected a model of 'captions', got one of 'video'" in err


def test_draw_makes_what_it_says(tmp_path, capsys):
    path = tmp_path / "a.mp4"
    for action in ACTIONS:
        words = ["video", "draw", path, "--what", action, "--force"]
        code, out, _ = run(capsys, *words)
        assert (code, out) == (0, f"{path}: {action}\n")
    code, out, _ = run(capsys, *words[:4], "digits", "--force")
    assert " moves " in out
    code, _, err = run(capsys, "video", "draw", path, "--what", "dance")
    assert code == 2
    assert "--what: expected digits, any action, sit down" in err
    code, _, err = run(capsys, "video", "draw", tmp_path / "a.txt")
    assert code == 2
    assert "expected a file that ends in .mp4" in err


def test_the_help_s_examples_work(films, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("films").symlink_to(films)
    table = [f"{k}/{n}.mp4\t{k}\n" for k in ("up", "down") for n in "012"]
    Path("captions.tsv").write_text("".join(table), encoding="utf-8")
    lines = examples(shown_help(capsys, "video"))
    parts = [line.split()[1] for line in lines]
    assert parts == [
        *("draw", "classify", "draw", "caption", "train", "evaluate"),
        *("train", "evaluate"),
    ]
    for part, line in zip(parts, lines):
        few = TINY if part == "train" else []
        code, _, err = run(capsys, *shlex.split(line), *few)
        assert code == 0, err
        if part != "draw" and "--captions" not in line:
            assert examples(shown_help(capsys, "video", part)) == [line]
