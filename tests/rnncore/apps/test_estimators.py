"""The applications from Python: what the commands say, to the last bit."""

import inspect
import re
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from rnncore.apps.estimators import (
    Captioner,
    Composer,
    Forecaster,
    TextModel,
    Transcriber,
    Translator,
    VideoClassifier,
)
from rnncore.apps.forecast.reading import Reading
from rnncore.apps.speech.sound import read_sound
from rnncore.data.translation import number_pairs
from rnncore.music.files import read_score, write_midi
from rnncore.storage.files import Refused
from rnncore.storage.weights import read_about
from rnncore.video.files import read_video
from tests.helpers import ROOT, sales
from tests.helpers.arrays import assert_close
from tests.helpers.commands import run, weights
from tests.helpers.films import draw
from tests.helpers.music import airs
from tests.helpers.recordings import fill

pytestmark = pytest.mark.slow

TEXT = {"hidden": 8, "batch": 4, "window": 8, "steps": 30, "dropout": 0.2}
FILMS = {"hidden": 8, "frames": 6, "size": 12, "batch": 4, "steps": 20}
FILMS |= {"evaluate_every": 10, "rate": 0.01}
PAIRS = {"hidden": 16, "batch": 16, "pieces": 280, "steps": 30}
SOUNDS = {"hidden": 8, "layers": 1, "batch": 4, "steps": 12}
SOUNDS |= {"evaluate_every": 4, "speakers": "names"}
SONGS = {"hidden": 8, "batch": 4, "window": 16, "transpose": 1}
SONGS |= {"steps": 12, "evaluate_every": 4}
CLASSES = [
    TextModel,
    VideoClassifier,
    Captioner,
    Translator,
    Transcriber,
    Composer,
    Forecaster,
]
MADE = {"command", "seconds"}  # differ from one run to the next
# options whose default is the estimator's own, unless another network is
# asked for, and options that are of that other alone
SIZES = {"hidden", "batch", "steps", "rate"}
SONG_SIZES = {"frame", "transpose", "window", "dropout", "evaluate_every"}
FILM_SIZES = SIZES | {"size", "dropout", "evaluate_every"}
HEARD = {"transcripts", "speakers", "normalise", "longest", "layers"}
BY_KIND = {
    "forecast": SIZES,
    "music": SIZES | SONG_SIZES,
    "video": FILM_SIZES,
    "captions": FILM_SIZES,
    "speech": FILM_SIZES | HEARD | {"falls", "patience"},
}
OF_OTHERS = {
    VideoClassifier: {"pieces"},
    Captioner: {"dropout"},
    Composer: {"network", "home"},
    Forecaster: {
        *("network", "protocol", "segment", "split", "unit", "judge"),
        "dropout",
    },
}


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "book.txt"
    path.write_text("The cat sat on a mat. It slept, and I\n" * 90)
    return path


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("films"), ["down", "up"], 6)


@pytest.fixture(scope="module")
def captions(films):
    path = films.parent / "captions.tsv"
    names = [file.relative_to(films) for file in list_films(films)]
    lines = [
        f"{name.as_posix()}\tIt goes {name.parent}.\n" for name in names
    ]
    path.write_text("".join(lines))
    return path


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    path = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    known = number_pairs(np.random.default_rng(0), "en", "fr", 3, 160, 20)
    lines = [f"{pair.source}\t{pair.target}\n" for pair in known.train]
    path.write_text("".join(lines), "utf-8")
    return path


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("spoken") / "recordings")


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("songs")
    for k, tune in enumerate(airs(12)):
        tune.write("midi", folder / f"air {k:02}.mid")
    return folder


def list_films(folder):
    return sorted(folder.rglob("*.mp4"))


def train(capsys, words, options, path):
    """What the command with these options writes, and its file says."""
    given = []
    for name, value in options.items():
        given += [f"--{name.replace('_', '-')}", value]
    code, _, err = run(capsys, *words, "--model", path, *given)
    assert code == 0, err
    return read_about(path)


def check_same(model, about, path, tmp_path):
    """A fitted model and a command's are one, file and table."""
    assert_close(model.score(), about["score"])
    model.compare()
    own = model.about_
    assert own.keys() - MADE == about.keys() - MADE
    for name in about.keys() - MADE:
        assert own[name] == about[name], name
    model.save(tmp_path / "own.safetensors")
    assert weights(tmp_path / "own.safetensors") == weights(path)
    again = type(model).load(path)
    assert again.about_ == about
    params = model.get_params()
    assert again.get_params().keys() == params.keys()
    for name in params.keys() & about["settings"].keys():
        assert again.get_params()[name] == about["settings"][name]
    return again


def test_a_text_model_is_the_command_s(text, capsys, tmp_path):
    path = tmp_path / "m.safetensors"
    about = train(capsys, ["text", "train", text], TEXT, path)
    model = TextModel(**TEXT).fit(text.read_text())
    again = check_same(model, about, path, tmp_path)
    assert_close(again.score(text), about["score"])
    code, out, _ = run(capsys, "text", "sample", path, "--length", 50)
    assert code == 0
    assert out == again.generate(length=50) + "\n"
    how = ["--prompt", "The ", "--length", 5, "--beam", 2]
    _, out, _ = run(capsys, "text", "sample", path, *how)
    assert out == again.generate("The ", 5, beam=2) + "\n"
    other = tmp_path / "other.txt"
    other.write_text("It sat and slept on a cat.\n" * 9)
    found = again.score(other.read_text())
    _, out, _ = run(capsys, "text", "evaluate", path, other)
    assert f" {found:.3f}\n" in out


def test_films_are_classified_as_by_the_command(films, capsys, tmp_path):
    path = tmp_path / "m.safetensors"
    about = train(capsys, ["video", "train", films], FILMS, path)
    model = VideoClassifier(**FILMS).fit(films)
    again = check_same(model, about, path, tmp_path)
    assert_close(again.score(films), about["score"])
    files = list_films(films)
    labels = [file.parent.name for file in files]
    frames = [read_video(file, 6, 12, whole=True) for file in files]
    for given in files, frames, np.stack(frames):
        other = VideoClassifier(**FILMS).fit(given, labels)
        assert_close(other.score(), about["score"])
        assert_close(other.score(given, labels), about["score"])
    p = again.predict_proba(frames)
    assert_close(p.sum(axis=1), np.ones(len(files), np.float32))
    said = again.predict(files)
    assert said == [again.classes_[k] for k in p.argmax(axis=1)]
    for file, one in zip(files[:3], said, strict=False):
        _, out, _ = run(capsys, "video", "classify", file, "--model", path)
        assert out.startswith(f"{file}: {one}\n")
    with pytest.raises(Refused, match="expected the classes down, up; got"):
        again.score(files, ["down", "left"] * (len(files) // 2))
    with pytest.raises(ValueError, match=r"film: expected \(6, 12, 12\)"):
        again.predict([frames[0][:5]])


def test_captions_are_the_command_s(films, captions, capsys, tmp_path):
    path = tmp_path / "m.safetensors"
    words = ["video", "train", films, "--captions", captions]
    about = train(capsys, words, FILMS, path)
    model = Captioner(**FILMS).fit(films, captions)
    again = check_same(model, about, path, tmp_path)
    assert_close(again.score(films, captions), about["score"])
    files = list_films(films)
    said = [f"it goes {file.parent.name}" for file in files]
    other = Captioner(**FILMS).fit(files, said)
    assert_close(other.score(), about["score"])
    assert_close(other.score(files, [[s] for s in said]), about["score"])
    (one,) = again.predict(files[:1])
    _, out, _ = run(capsys, "video", "caption", files[0], "--model", path)
    assert out.startswith(f"{files[0]}: {one}\n")
    with pytest.raises(ValueError, match="captions: expected 12, got 1"):
        Captioner(**FILMS).fit(files, said[:1])


def test_translations_are_the_command_s(pairs, capsys, tmp_path):
    path = tmp_path / "m.safetensors"
    about = train(capsys, ["translate", "train", pairs], PAIRS, path)
    model = Translator(**PAIRS).fit(pairs)
    again = check_same(model, about, path, tmp_path)
    assert (
        model.evaluate_every is None
    )  # what is chosen is not written back
    lines = [line.split("\t") for line in pairs.read_text().splitlines()]
    sources, targets = zip(*lines, strict=True)
    other = Translator(**PAIRS).fit(sources, targets)
    for one in again, other:
        assert_close(one.score(pairs), about["score"])
        assert_close(one.score(sources, targets), about["score"])
    unseen = tmp_path / "new.txt"
    unseen.write_text("eighty-four\n\nnine\n")
    _, out, _ = run(capsys, "translate", "translate", path, unseen)
    assert again.predict(["eighty-four", "", "nine"]) == out.split("\n")[:3]
    with pytest.raises(ValueError, match="targets: expected 160, got 1"):
        Translator().fit(sources, targets[:1])
    with pytest.raises(ValueError, match=r"^sources:"):
        Translator().fit(sources)


def test_transcripts_are_the_command_s(recordings, capsys, tmp_path):
    path = tmp_path / "m.safetensors"
    about = train(capsys, ["speech", "train", recordings], SOUNDS, path)
    model = Transcriber(**SOUNDS).fit(recordings)
    again = check_same(model, about, path, tmp_path)
    assert_close(again.score(recordings), about["score"])
    files = sorted(recordings.glob("*.wav"))
    texts = [file.with_suffix(".txt").read_text() for file in files]
    speakers = [file.stem.partition("-")[0] for file in files]
    sounds = [read_sound(file) for file in files]
    for given in files, sounds:
        other = Transcriber(**SOUNDS).fit(given, texts, speakers)
        assert_close(other.score(), about["score"])
    words = ["speech", "transcribe", *files[:2], "--model", path]
    _, out, _ = run(capsys, *words)
    said = again.predict(sounds[:2])
    assert out == "".join(
        f"{file}\t{one}\n" for file, one in zip(files, said, strict=False)
    )
    assert again.predict([(np.zeros(8000), 8000)]) == [""]
    with pytest.raises(ValueError, match=r"^texts:"):
        Transcriber().fit(files, texts[1:])


def test_music_is_the_command_s(songs, capsys, tmp_path):
    path = tmp_path / "m.safetensors"
    about = train(capsys, ["music", "train", songs], SONGS, path)
    model = Composer(**SONGS).fit(songs)
    again = check_same(model, about, path, tmp_path)
    scores = [read_score(file, 0.5) for file in sorted(songs.iterdir())]
    other = Composer(**SONGS).fit(scores)
    for one in again, other:
        assert_close(one.score(songs), about["score"])
        assert_close(one.score(scores), about["score"])
    out = tmp_path / "new.mid"
    run(capsys, "music", "sample", path, "--out", out, "--bars", 2)
    write_midi(tmp_path / "own.mid", again.compose(2))
    assert (tmp_path / "own.mid").read_bytes() == out.read_bytes()


def test_forecasts_are_the_command_s(capsys, tmp_path):
    table = sales.write(tmp_path / "sales.csv", sales.sales())
    path = tmp_path / "m.safetensors"
    words = ["forecast", "train", table, "--model", path, *sales.TINY]
    code, _, err = run(capsys, *words)
    assert code == 0, err
    about = read_about(path)
    how = {"horizon": 3, "hidden": 4, "steps": 6, "seeds": 2, "origins": 4}
    frame = pd.read_csv(table, index_col="day", parse_dates=["day"])
    model = Forecaster(**how).fit(frame["sold"])
    again = check_same(model, about, path, tmp_path)
    assert model.get_params() | how == model.get_params()
    assert_close(model.score(frame[["sold"]]), about["score"])
    out = tmp_path / "ahead.csv"
    words = ["forecast", "forecast", path, table, "--out", out]
    assert run(capsys, *words)[0] == 0
    wanted = pd.read_csv(out)
    found = model.predict()
    assert_close(found.to_numpy(), wanted.iloc[:, 2:].to_numpy())
    assert (found.index.get_level_values(1) > frame.index[-1]).all()
    assert_close(again.predict(2, frame["sold"]), found.iloc[:2])
    with pytest.raises(ValueError, match="steps: expected 1 to 3, got 4"):
        model.predict(4)
    with pytest.raises(ValueError, match="frame: expected a table, got"):
        again.predict()
    with pytest.raises(ValueError, match=r"^frame:"):
        Forecaster().fit(frame.reset_index())
    with pytest.raises(ValueError, match="--cell"):
        Forecaster(cell="CNN").fit(frame)


# what all have in common


@pytest.mark.parametrize("kind", CLASSES)
def test_options_and_defaults_are_those_of_train(kind, capsys):
    """The command's parser has no number of its own."""
    import argparse

    module = kind._command()
    parser = argparse.ArgumentParser()
    name = "video" if kind is Captioner else kind.application
    options = import_module(f"rnncore.apps.{name}.options")
    options.add(parser.add_subparsers())
    words = [name, "train", "x", "--model", "m.safetensors"]
    if kind is Forecaster:
        words += ["--date", "day", "--value", "sold", "--horizon", "14"]
    given = vars(parser.parse_args(words))
    own = kind().get_params()
    assert own.keys() <= given.keys()
    for option, value in own.items():
        if option in BY_KIND.get(kind.application, ()):
            assert given[option] is None, option
        elif option not in ("frames", "patience"):  # films': by --captions
            assert given[option] == value, option
    beside = {
        "header",
        "languages",
        "columns",
        *Reading._fields,
    }  # of a file
    beside |= OF_OTHERS.get(kind, set())
    assert set(given["decides"]) - own.keys() <= beside
    assert module.APP.kind


@pytest.mark.parametrize("kind", CLASSES)
def test_an_estimator_is_one_of_scikit_learn(kind):
    from sklearn.base import clone

    model = kind(seed=3).set_params(hidden=5)
    again = clone(model)
    assert again == model
    assert again is not model
    assert again.get_params()["hidden"] == 5
    with pytest.raises(ValueError, match=r"^units_:"):
        model.set_params(units_=1)
    with pytest.raises(
        ValueError, match=f"{kind.__name__}: expected a mod"
    ):
        model.save("m.safetensors")
    for method in "fit", "score", "save", "load":
        assert inspect.signature(getattr(kind, method))


def test_the_page_s_example_runs(text, monkeypatch, capsys):
    page = (ROOT / "book/commands.md").read_text("utf-8")
    (code,) = re.findall(
        r"^```python\n(.+?)^```", page, re.MULTILINE | re.DOTALL
    )
    monkeypatch.chdir(text.parent)
    made = {}
    exec(code, made)  # noqa: S102 - the page's own
    assert capsys.readouterr().out.splitlines()[1].startswith("The ")
    assert made["again"].score() == made["model"].score()
    for kind in CLASSES:
        assert f"| `{kind.__name__}` | " in page


def test_a_file_of_another_kind_is_refused(text, tmp_path):
    path = tmp_path / "m.safetensors"
    TextModel(**TEXT).fit(text).save(path)
    with pytest.raises(Refused, match="expected a model of 'video'"):
        VideoClassifier.load(path)
    with pytest.raises(ValueError, match=r"expected NAME.safetensors, got"):
        TextModel.load(path).save(tmp_path / "m.txt")


def test_the_course_s_own_models_are_there_by_name():
    model = TextModel.load("text_python")
    assert model.generate("def ", 20).startswith("def ")
    assert Translator.load("translate_dot").predict(["nine"]) != [""]


def test_a_refusal_does_not_wait_for_training():
    with pytest.raises(Refused, match="the text: 1 characters are too few"):
        TextModel().fit("a")
    with pytest.raises(Refused, match="expected at least two classes"):
        VideoClassifier().fit(np.zeros((3, 24, 24, 24)), ["a"] * 3)
    with pytest.raises(Refused, match="--model-kind"):
        TextModel(model_kind="minGRU", cell="GRU").fit("a" * 9999)
