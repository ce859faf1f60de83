"""python -m rnncore video train --captions: films of one's own, in words."""

import re
import shutil
import unicodedata

import numpy as np
import pytest

from rnncore.apps.video import captions_command as command
from rnncore.apps.video.folder import Captioned, read_captioned
from rnncore.storage.weights import load_weights, save_weights
from rnncore.storage.words import plain_words
from rnncore.video.captions import load_captioner
from rnncore.video.files import write_video
from tests.helpers.commands import Killed, run, stopped, weights

pytestmark = pytest.mark.slow

TINY = ["--hidden", 16, "--frames", 4, "--size", 8, "--batch", 8]
TINY += ["--steps", 20, "--evaluate-every", 10, "--rate", 0.005]


def draw(folder, count):
    """Films of a bar that goes up or down, and a table of captions."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    lines = []
    for k in range(count):
        film = rng.uniform(0, 0.3, (6, 16, 16))  # no two are equal
        for t in range(6):
            y = 2 * t if k % 2 else 10 - 2 * t
            film[t, y : y + 6] += 0.7
        write_video(folder / f"{k}.mp4", film, zoom=1)
        way = ["up", "down"][k % 2]
        lines += [
            f"{k}.mp4\tA bar goes {way}.\n",
            f"{k}.mp4\tit is {way}\n",
        ]
    table = folder.with_suffix(".tsv")
    table.write_text("".join(lines), "utf-8")
    return folder, table


def words_for(films, table, path, *more):
    given = "--captions", table, "--model", path
    return "video", "train", films, *given, *TINY, *more


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("said") / "films", 12)


@pytest.fixture(scope="module")
def trained(films, tmp_path_factory):
    from rnncore.__main__ import main

    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    assert main([str(w) for w in words_for(*films, path)]) == 0
    return path


def test_it_says_more_often_than_a_guess_what_happens(tmp_path, capsys):
    folder, table = draw(tmp_path / "films", 60)
    path = tmp_path / "m.safetensors"
    more = "--steps", 120, "--evaluate-every", 20
    code, out, err = run(capsys, *words_for(folder, table, path, *more))
    assert code == 0, err
    scores = {name: rest for name, *rest in load_weights(path)[1]["table"]}
    assert scores["the network"][2] == 100, out
    assert scores["the most frequent caption"][2] < 80
    often = scores["the most frequent caption"][0]
    assert scores["the network"][0] > 1.2 * often
    film = folder / "0.mp4"
    _, out, _ = run(capsys, "video", "caption", film, "--model", path)
    assert out.splitlines()[0].endswith((" goes up", " is up"))
    assert "looked most at frame" in out


def test_evaluate_gives_the_scores_again(trained, films, capsys):
    folder, table = films
    words = "video", "evaluate", trained, folder, "--captions", table
    code, out, _ = run(capsys, *words)
    assert code == 0
    assert "2 films, not seen in training" in out
    about = load_weights(trained)[1]
    what, low, high = about["interval"]
    assert what == "CIDEr"
    assert low <= about["score"] <= high
    assert [what for what, *_ in about["intervals"]][-1] == "% exact"
    _, low, high = about["intervals"][-1]
    assert high - low > 50  # of two films
    for name, *scores in about["table"]:
        assert any(
            line.split() == [*name.split(), *(f"{x:.3f}" for x in scores)]
            for line in out.splitlines()
        ), (name, out)


def test_other_films_are_scored_beside_their_own_commonest_caption(
    trained, tmp_path, capsys
):
    folder, table = draw(tmp_path / "films", 5)
    words = "video", "evaluate", trained, folder, "--captions", table
    code, out, err = run(capsys, *words)
    assert code == 0
    assert "not the films that the model was trained on" in err
    assert "all 5 films of the folder. They are not those" in out
    assert re.search(
        r"the most frequent caption +[\d.]+ +[\d.]+ +60\.000", out
    )
    assert "nearest" not in out


def test_a_film_is_in_one_part_with_all_its_captions():
    said = [[f"{k} a", f"{k} b"] for k in range(20)]
    films = Captioned(np.zeros((20, 2, 3, 3)), said)
    parts = command._split("table", films, 0)
    assert [len(part) for part in parts] == [13, 3, 4]
    assert sorted(k for part in parts for k in part) == list(range(20))
    words = command._learn_words(films, parts[0])
    pairs = command._encode(films, parts[0], words)
    assert sorted({k for k, _ in pairs}) == sorted(parts[0])
    assert len(pairs) == 2 * len(parts[0])


def test_a_word_that_training_does_not_have_twice_is_unknown(capsys):
    said = [["a cat sits", "a dog"], ["a cat"], ["the bird sits"]]
    films = Captioned(np.zeros((3, 2, 3, 3)), said)
    words = command._learn_words(films, [0, 1])
    assert words.words == ("(unknown)", "a", "cat")
    assert "2 rare words learned as (unknown)" in capsys.readouterr().err
    pairs = command._encode(films, [0, 2], words)
    assert [(k, words.decode(ids)) for k, ids in pairs] == [
        (0, "a cat (unknown)"),
        (0, "a (unknown)"),
        (2, "(unknown) (unknown) (unknown)"),
    ]


def test_a_caption_is_compared_without_case_and_signs():
    assert plain_words(" A cat’s “toy”,  (blue)! ") == "a cat's toy blue"
    assert plain_words("?! ...") == ""
    _, bleu, exact = command._measure_quality(["a b"], [["c", "a b"]])
    assert (exact, round(bleu, 9)) == (100, 100)
    _, bleu, exact = command._measure_quality(
        ["the cat sits there", "no"], [["the cat sat there"], ["yes", "no"]]
    )
    assert exact == 50
    assert 0 < bleu < 100


@pytest.mark.parametrize("error", [Killed, KeyboardInterrupt])
def test_a_run_that_broke_off_ends_with_the_same_weights(
    films, trained, tmp_path, capsys, monkeypatch, error
):
    path = tmp_path / "m.safetensors"
    words = words_for(*films, path)
    checkpoint = tmp_path / "m.safetensors.run" / "run.npz"
    stopped(monkeypatch, capsys, error, checkpoint, *words)
    assert path.exists()  # of the best weights so far
    code, _, err = run(capsys, *words)
    assert code == 0
    assert "goes on after step 10" in err
    assert weights(path) == weights(trained)


def test_a_finished_run_says_so_and_other_data_are_refused(
    trained, films, tmp_path, capsys
):
    folder, table = films
    moved = shutil.copy(table, tmp_path / "moved.tsv")
    code, out, err = run(capsys, *words_for(folder, moved, trained))
    assert (code, "is already trained" in err) == (0, True)
    assert "GRU of 16 units with attention, seed 0, 20 steps" in out
    moved.write_text(table.read_text().replace("up", "high"))
    code, _, err = run(capsys, *words_for(folder, moved, trained))
    assert code == 2
    assert "the data have changed since" in err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such file"),
        (b"", "the file is empty"),
        (b"0.mp4 it goes up\n", "line 1: expected film, tab, caption, got"),
        (b"0.mp4\tcaf\xe9\n", "not utf-8: byte 0xE9"),
        (b"0.mp4\t \n", "expected lines of film, tab, caption, got none"),
        (b"0.mp4\t...\n", "no caption can be used"),
        (b"a.mp4\tup\n", "no film with a caption can be used"),
        (
            b"0.mp4\tup\n1.mp4\tup\n",
            "expected captions of at least 3 films, got 2",
        ),
    ],
)
def test_a_table_that_cannot_be_learned_from_is_refused(
    films, tmp_path, capsys, content, message
):
    table = tmp_path / "table.tsv"
    if content is not None:
        table.write_bytes(content)
    path = tmp_path / "m.safetensors"
    code, out, err = run(capsys, *words_for(films[0], table, path))
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("video train: ")
    assert message in err
    assert not path.exists()


def test_a_folder_that_is_not_there_is_refused(films, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    words = words_for(tmp_path / "none", films[1], path)
    code, _, err = run(capsys, *words)
    assert code == 2
    assert "there is no such folder" in err


def test_a_film_s_name_is_compared_as_it_looks(tmp_path):
    folder, table = draw(tmp_path / "films", 4)
    given = table.read_text()
    for form, other in ("NFD", "NFC"), ("NFC", "NFD"):
        name = unicodedata.normalize(form, "zoë.mp4")
        (folder / "0.mp4").rename(folder / name)
        said = given.replace(
            "0.mp4", unicodedata.normalize(other, "zoë.mp4")
        )
        table.write_text(said, encoding="utf-8")
        films = read_captioned(folder, table, 4, 8, pytest.fail)
        assert ["a bar goes up", "it is up"] in films.captions
        (folder / name).rename(folder / "0.mp4")


def test_what_cannot_be_used_is_named_and_the_rest_is_read(tmp_path):
    folder, table = draw(tmp_path / "films", 4)
    (folder / "more here").mkdir()
    shutil.copy(folder / "0.mp4", folder / "more here" / "copy.mp4")
    (folder / "bad.mp4").write_bytes(b"no film" * 20)
    (folder / "notes.txt").write_text("no film")
    long = " ".join(["on"] * 21)
    more = (
        f"more  here/copy.mp4\tup\nbad.mp4\tup\nnotes.txt\tup\n"
        f"../films/1.mp4\tup\n0.mp4\t\n0.mp4\t?!\n0.mp4\t{long}\n"
    )
    table.write_text(table.read_text().replace("3.mp4", "gone.mp4") + more)
    told = []
    films = read_captioned(folder, table, 4, 8, told.append)
    assert films.frames.shape == (3, 4, 8, 8)
    assert films.captions[:2] == [
        ["a bar goes up", "it is up"],
        ["a bar goes down", "it is down"],
    ]
    expected = [
        f"{table}, line 13: one side is empty",
        "a caption of 0.mp4: there is no word in '?!'",
        "a caption of 0.mp4: expected at most 20 words, got 21",
        f"../films/1.mp4: there is no such film in {folder}",
        f"gone.mp4: there is no such film in {folder}",
        f"notes.txt: there is no such film in {folder}",
        f"{folder / '3.mp4'}: it has no caption in {table}",
        f"{folder / 'bad.mp4'}: no film: Invalid data",
        f"{folder / 'more here' / 'copy.mp4'}: the same film as",
    ]
    assert len(told) == len(expected)
    for line, start in zip(told, expected, strict=True):
        assert line.startswith(f"left out: {start}")


def test_a_model_of_the_other_kind_is_refused(trained, films, capsys):
    folder, table = films
    said = "expected a model of 'video', got one of 'captions'"
    for words in (
        ("classify", folder / "0.mp4", "--model", trained),
        ("evaluate", trained, folder),
    ):
        code, out, err = run(capsys, "video", *words)
        assert (code, out) == (2, "")
        assert f"video {words[0]}: {trained}: {said}\n" == err
    words = "video", "evaluate", "video_actions", folder
    code, _, err = run(capsys, *words, "--captions", table)
    assert code == 2
    assert "expected a model of 'captions', got one of 'video'" in err


def test_a_model_does_not_replace_its_table(films, tmp_path, capsys):
    path = shutil.copy(films[1], tmp_path / "table.safetensors")
    before = path.read_bytes()
    words = words_for(films[0], path, path, "--restart")
    code, _, err = run(capsys, *words)
    assert code == 2
    assert f"--model: {path} is what is to be learned from" in err
    assert path.read_bytes() == before


@pytest.mark.parametrize("word", [7, "two words", "", None])
def test_a_forged_word_ends_in_no_traceback(
    trained, films, tmp_path, capsys, word
):
    model, words, about = load_captioner(trained)
    path = tmp_path / "forged.safetensors"
    forged = {**about, "words": [word] * len(words.words)}
    save_weights(path, model, forged)
    film = films[0] / "0.mp4"
    code, out, _ = run(capsys, "video", "caption", film, "--model", path)
    assert code == 0
    assert "looked most at frame" in out
    forged["T"] = "x"
    save_weights(path, model, forged)
    words = "video", "evaluate", path, films[0], "--captions", films[1]
    code, _, err = run(capsys, *words)
    assert code == 2
    assert "it does not say what films it learned from" in err
