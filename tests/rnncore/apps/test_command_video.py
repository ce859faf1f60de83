"""The command `video` and its classes: films of one's own are learned."""

import shlex
import shutil

import numpy as np
import pytest

from rnncore.apps.estimators import Captioner, VideoClassifier
from rnncore.apps.video import captions_command
from rnncore.apps.video.folder import Films
from rnncore.data.video import ACTIONS, moving_digits, stick_figures
from rnncore.storage.files import Refused
from rnncore.storage.weights import save_weights
from rnncore.video.captions import load_captioner
from rnncore.video.files import write_video
from tests.helpers.arrays import assert_close
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

TINY = {"hidden": 8, "frames": 6, "size": 12, "steps": 20, "batch": 4}
TINY |= {"evaluate_every": 10, "rate": 0.01, "device": "cpu"}
FEW = ["--hidden", 8, "--frames", 6, "--size", 12, "--steps", 60]
LEARNED = {"steps": 200, "evaluate_every": 20}


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("films"), ["down", "up"], 6)


@pytest.fixture(scope="module")
def trained(films, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    return VideoClassifier(**TINY).fit(films, path=path), path


def describe_films(folder, count):
    """Films of a bar that goes up or down, and a table of captions."""
    folder.mkdir()
    rng, lines = np.random.default_rng(0), []
    for k in range(count):
        film = rng.uniform(0, 0.3, (6, 16, 16))  # no two are equal
        for t in range(6):
            y = 2 * t if k % 2 else 10 - 2 * t
            film[t, y : y + 6] += 0.7
        write_video(folder / f"{k}.mp4", film, zoom=1)
        way = ["up", "down"][k % 2]
        lines += [f"{k}.mp4\tA bar goes {way}.\n{k}.mp4\tit is {way}\n"]
    (folder / "captions.tsv").write_text("".join(lines), "utf-8")
    return folder


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    return describe_films(tmp_path_factory.mktemp("said") / "films", 12)


@pytest.fixture(scope="module")
def captioner(described, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    return Captioner(**TINY).fit(described, path=path), path


# classes


def test_training_and_evaluate_show_the_same(films, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    words = ["video", "train", films, "--model", path, *FEW]
    code, trained, err = run(capsys, *words)
    assert code == 0, err
    first, read, *rest = trained.splitlines()
    assert "GRU of 8 units, seed 0, 60 steps" in first
    assert read == f"12 films in {films}: down 6, up 6, 12 s"
    assert read in err
    rows = "\n".join(rest)
    for name in (
        "scored on 2 films, not seen in training",
        "the network ",
        "the network, half-way",
        "the class of the nearest film, without order",
        "the most frequent class",
        "the same eye, frames in any order",
        "the same eye, pairs of frames in any order",
    ):
        assert name in rows
    code, again, err = run(capsys, "video", "evaluate", path, films)
    assert (code, again) == (0, trained), err
    code, again, err = run(capsys, *words)
    assert (code, again) == (0, trained)
    assert "is already trained" in err
    code, _, err = run(capsys, *words, "--size", 16)
    assert code == 2
    assert "size was 12, now 16" in err or "have changed since" in err


def test_the_loop_learns_what_a_bag_of_frames_cannot(tmp_path):
    folder = draw(tmp_path / "films", ["down", "up"], 24)
    model = VideoClassifier(**TINY | LEARNED).fit(folder)
    table = model.compare()["% right"]
    assert table["the network"] == model.score() == 100
    assert table["the most frequent class"] == 50
    assert_close(model.score(folder), 100)
    assert model.predict([folder / "up" / "0.mp4"]) == ["up"]


def test_films_of_another_folder_can_be_the_test(films, tmp_path):
    other = draw(tmp_path / "other", ["down", "up"], 2)
    write_video(other / "up" / "new.mp4", np.random.rand(8, 24, 24))
    model = VideoClassifier(**TINY).fit(films, test=other)
    assert model.about_["test"] == "5 films, not seen in training"
    first, *_, left_out, test = model.about_["read"]
    assert first.startswith("8 films in ")
    assert left_out.startswith(f"left out: 4 in {other}, too (down/0.mp4")
    assert test.startswith(f"test: 5 films in {other}: down 2, up 3")
    assert_close(model.score(other), model.score())
    with pytest.raises(Refused, match="the model has learned from all"):
        model.score(films)
    wrong = draw(tmp_path / "wrong", ["down", "left"], 2)
    with pytest.raises(Refused, match="expected the classes down, up; got"):
        VideoClassifier(**TINY).fit(films, test=wrong)
    with pytest.raises(Refused, match="expected the classes down, up; got"):
        model.score(wrong)


def test_other_films_are_scored_without_what_saw_the_training(
    trained, tmp_path, capsys
):
    other = draw(tmp_path / "films", ["down", "up"], 2)
    code, out, _ = run(capsys, "video", "evaluate", trained[1], other)
    assert code == 0
    assert f"all 4 films of {other}. They are not those" in out
    assert "as if all classes were equally likely" in out
    assert "nearest film" not in out


def test_too_few_films_of_a_class_are_refused(tmp_path):
    few = draw(tmp_path / "few", ["down", "up"], 2)
    path = tmp_path / "m.safetensors"
    with pytest.raises(Refused, match="down: expected at least 3 films"):
        VideoClassifier(**TINY).fit(few, path=path)
    assert not path.exists()


def test_films_are_learned_as_an_encoder_sees_them(films, tmp_path):
    place = shutil.copytree(films, tmp_path / "films")
    seen = {**TINY, "encoder": "efficientnet-lite0", "frames": 4}
    path = tmp_path / "m.safetensors"
    model = VideoClassifier(**seen).fit(place, path=path)
    assert (model.about_["features"], model.about_["T"]) == (1280, 4)
    kept = [*place.glob("*/.*.npy")]
    assert len(kept) == 12
    again = VideoClassifier.load(path)
    assert_close(again.score(place), model.score())
    film = place / "up" / "0.mp4"
    assert again.predict([film]) == model.predict([film])
    with pytest.raises(ValueError, match="film: expected a file"):
        again.predict([np.zeros((4, 1280))])
    (place / "captions.tsv").write_text(
        "".join(f"up/{k}.mp4\tit goes up\n" for k in range(6))
    )
    said = Captioner(**seen, pieces=264).fit(place)
    assert isinstance(said.predict([film])[0], str)
    assert "6 films" in said.about_["read"][0]


@pytest.mark.parametrize("name", ["films", "described"])
def test_a_run_that_broke_off_ends_with_the_same_weights(
    name, tmp_path, capsys, monkeypatch, request
):
    folder = request.getfixturevalue(name)
    whole, broken = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    words = ["video", "train", folder, *FEW, "--model"]
    code, _, err = run(capsys, *words, whole)
    assert code == 0, err
    checkpoint = tmp_path / "b.safetensors.run" / "run.npz"
    words.append(broken)
    stopped(monkeypatch, capsys, Killed, checkpoint, *words)
    assert broken.exists()  # of the best weights so far
    code, _, err = run(capsys, *words)
    assert code == 0
    assert "goes on after step 50" in err
    assert weights(broken) == weights(whole)


# captions


def test_it_says_more_often_than_a_guess_what_happens(tmp_path, capsys):
    folder, path = tmp_path / "films", tmp_path / "m.safetensors"
    describe_films(folder, 60)
    how = {**TINY, "hidden": 16, "batch": 8, "rate": 0.005, "steps": 120}
    model = Captioner(**how).fit(folder, path=path)
    table = model.compare()
    often = table.loc["the most frequent caption"]
    assert table["% exact"]["the network"] == 100
    assert often["% exact"] < 80
    assert model.score() > 1.2 * often["CIDEr"]
    film, looks = folder / "0.mp4", tmp_path / "looks.png"
    words = ["video", "caption", film, "--model", path, "--looks", looks]
    code, out, err = run(capsys, *words)
    assert code == 0, err
    said = out.splitlines()[0]
    assert said == f"{film}: {model.predict([film])[0]}"
    assert said.endswith((" goes up", " is up"))
    assert "looked most at frame" in out
    assert looks.stat().st_size > 1000
    code, _, err = run(capsys, *words)
    assert code == 2
    assert f"{looks}: it is there already; --force replaces it" in err


def test_captions_decide_by_their_table(captioner, described, capsys):
    model, path = captioner
    words = "video", "evaluate", path, described
    code, out, err = run(capsys, *words)
    assert code == 0, err
    assert f"12 films in {described}: 24 captions" in out
    assert "2 films, not seen in training" in out
    for what, *_ in [*model.about_["intervals"], model.about_["interval"]]:
        assert f"interval of the network's {what}: " in out
    for name, *scores in model.about_["table"]:
        row = [*name.split(), *(f"{x:.3f}" for x in scores)]
        assert any(line.split() == row for line in out.splitlines())


def test_other_films_are_scored_beside_their_own_commonest_caption(
    captioner, tmp_path
):
    folder = describe_films(tmp_path / "films", 5)
    model = Captioner.load(captioner[1])
    found, deferred = model._rescore(folder)
    assert found["test"].startswith(f"all 5 films of {folder}. They are")
    assert list(deferred) == ["the most frequent caption"]
    row = deferred["the most frequent caption"](found)["table"][-1]
    assert row[-1] == 60  # % exact


def test_a_film_is_in_one_part_with_all_its_captions():
    said = [[f"{k} a", f"{k} b"] for k in range(20)]
    films = Films(np.zeros((20, 2, 3, 3)), [], [], said, {}, "films")
    parts = captions_command.split_films(films, 0)
    assert [len(part) for part in parts] == [13, 3, 4]
    assert sorted(k for part in parts for k in part) == list(range(20))
    words = captions_command._learn_words(films, parts[0])
    pairs = captions_command._encode(films, parts[0], words)
    assert sorted({k for k, _ in pairs}) == sorted(parts[0])
    assert len(pairs) == 2 * len(parts[0])


def test_a_word_that_training_does_not_have_twice_is_unknown(capsys):
    said = [["a cat sits", "a dog"], ["a cat"], ["the bird sits"]]
    films = Films(np.zeros((3, 2, 3, 3)), [], [], said, {}, "films")
    words = captions_command._learn_words(films, [0, 1])
    assert words.words == ("(unknown)", "a", "cat")
    assert "2 rare words learned as (unknown)" in capsys.readouterr().err
    pairs = captions_command._encode(films, [0, 2], words)
    assert [(k, words.decode(ids)) for k, ids in pairs] == [
        (0, "a cat (unknown)"),
        (0, "a (unknown)"),
        (2, "(unknown) (unknown) (unknown)"),
    ]


def test_an_exact_caption_equals_one_of_a_film_s():
    measure = captions_command._measure_quality
    _, bleu, exact = measure(["a b"], [["c", "a b"]])
    assert (exact, round(bleu, 9)) == (100, 100)
    true = [["the cat sat there"], ["yes", "no"]]
    _, bleu, exact = measure(["the cat sits there", "no"], true)
    assert exact == 50
    assert 0 < bleu < 100


def test_options_of_the_other_kind_are_refused(films, described, capsys):
    for folder, option, value in (
        (films, "--pieces", 300),
        (described, "--test", films),
    ):
        words = ["video", "train", folder, "--model", "m.safetensors"]
        code, _, err = run(capsys, *words, option, value)
        assert code == 2
        assert f"video train: {option}: " in err
        assert "captions.tsv" in err


def test_a_model_of_the_other_kind_is_refused(
    trained, captioner, films, described, capsys
):
    kinds = "video", "captions"
    for part, words, wanted in (
        ("classify", [films / "up" / "0.mp4", "--model", captioner[1]], 0),
        ("caption", [films / "up" / "0.mp4", "--model", trained[1]], 1),
        ("evaluate", [captioner[1], films], 0),
        ("evaluate", [trained[1], described], 1),
    ):
        code, out, err = run(capsys, "video", part, *words)
        assert (code, out) == (2, "")
        said = f"model of '{kinds[wanted]}', got one of"
        assert said in err


@pytest.mark.parametrize("word", [7, "two words", "", None])
def test_a_forged_word_ends_in_no_traceback(
    captioner, described, tmp_path, capsys, word
):
    model, words, about = load_captioner(captioner[1])
    path = tmp_path / "forged.safetensors"
    forged = {**about, "words": [word] * len(words.words)}
    save_weights(path, model, forged)
    film = described / "0.mp4"
    code, out, _ = run(capsys, "video", "caption", film, "--model", path)
    assert code == 0
    assert "looked most at frame" in out
    save_weights(path, model, {**forged, "T": "x"})
    code, _, err = run(capsys, "video", "evaluate", path, described)
    assert code == 2
    assert "does not say what films it learned from" in err


# one film


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
    assert "`video train films/ --model NAME.safetensors`" in err
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
    (tmp_path / "films").symlink_to(films)
    lines = examples(shown_help(capsys, "video"))
    parts = [line.split()[1] for line in lines]
    assert parts == [
        *("draw", "classify", "draw", "caption", "train", "evaluate")
    ]
    for part, line in zip(parts, lines):
        few = FEW if part == "train" else []
        code, _, err = run(capsys, *shlex.split(line), *few)
        assert code == 0, err
        if "digits" not in line:
            assert examples(shown_help(capsys, "video", part)) == [line]
