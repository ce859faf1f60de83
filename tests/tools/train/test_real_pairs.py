"""The trainings on Multi30k and Flickr8k run on small sets in their form."""

import gzip
import io

import numpy as np
import pytest
import torch
from PIL import Image
from rnncore.apps.video.photographs import describe, look

from rnncore.apps.estimators import Captioner
from rnncore.apps.translate.plan import PENALTIES
from rnncore.apps.video.folder import read_captioned
from rnncore.data.public.store import VARIABLE
from rnncore.data.public.texts import PARTS
from rnncore.storage.weights import WEIGHTS, load_weights
from rnncore.translate.subwords import learn_subwords
from tests.helpers.arrays import assert_close
from tests.helpers.commands import run
from tests.helpers.photographs import make_album
from tools.train.ch14 import multi30k
from tools.train.ch17 import flickr8k
from tools.train.runner import Options

ENGLISH = "a dog runs", "two men", "a red car stops here", "one dog"
GERMAN = (
    "ein Hund rennt",
    "zwei Männer",
    "ein rotes Auto hält hier",
    "ein Hund",
)


def found_by(run, *arguments):
    """The measurements of a run by the ends of their keys."""
    return {one.key.split(".", 2)[2]: one.value for one in run(*arguments)}


@pytest.fixture(name="asked")
def small_runs(monkeypatch, tmp_path):
    """Two steps of small networks, whose weights are kept in a folder."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setattr(flickr8k, "H", 8)
    monkeypatch.setattr(flickr8k, "PIECES", 290)
    for known in multi30k.read_parts, flickr8k.task_of:
        known.cache_clear()
    yield Options("made", (0,), 2, True, tmp_path)
    for known in multi30k.read_parts, flickr8k.task_of:
        known.cache_clear()


@pytest.fixture(name="pairs")
def captions_in_two_languages(tmp_path):
    folder = tmp_path / "multi30k/data/task1/raw"
    folder.mkdir(parents=True)
    for part in PARTS:
        for language, lines in ("en", ENGLISH), ("de", GERMAN):
            text = "".join(f"{line}\n" for line in lines * 3)
            path = folder / f"{part}.{language}.gz"
            path.write_bytes(gzip.compress(text.encode()))


@pytest.fixture(name="album")
def photographs_with_captions(tmp_path):
    folder = tmp_path / "flickr8k"
    (folder / "split").mkdir(parents=True)
    names = [f"{k}.jpg" for k in range(9)]
    rng = np.random.default_rng(0)
    file = io.BytesIO()
    np.savez(
        file,
        grid=rng.integers(-9, 9, size=(9, 49, 96)).astype(np.int8),
        pooled=rng.random((9, 1280)).astype(np.float16),
        scale=np.ones(96, np.float32),
    )
    (folder / "features.npz").write_bytes(file.getvalue())
    (folder / "names.txt").write_text("\n".join(names), "utf-8")
    said = [
        f'{name},"A dog , number {n % 2} , runs on the green grass of a park ."\n'
        for name in names
        for n in range(5)
    ]
    (folder / "captions.txt").write_text(
        "image,caption\n" + "".join(said), "utf-8"
    )
    for k, part in enumerate(("train", "dev", "test")):
        listed = "\n".join(names[3 * k : 3 * k + 3])
        (folder / f"split/{part}.txt").write_text(listed, "utf-8")


@pytest.mark.usefixtures("pairs")
@pytest.mark.parametrize("decoder", ["dot", "vector"])
def test_a_network_on_multi30k_is_trained_once_and_scored_twice(
    asked, decoder
):
    train = multi30k.TRAINING.runs[decoder]
    found = found_by(train, 0, asked)
    assert set(found) == {
        f"{decoder}.{name}"
        for name in (
            *("beam", "greedy", "penalty", "read", "seconds", "steps"),
            *("validation_bleu", "weights"),
        )
    }
    assert len(found[f"{decoder}.validation_bleu"]) == len(PENALTIES)
    beam = found[f"{decoder}.beam"]
    assert set(beam) == {"test_2016", "test_2017", "by_length"}
    assert beam["by_length"][0]["words"] == [1, 5]
    assert beam["by_length"][0]["sentences"] == 24
    assert beam["test_2016"]["signatures"][0].startswith("nrefs:1|")
    assert (asked.weights / f"multi30k_{decoder}_0.safetensors").exists()
    assert found_by(train, 0, asked) == found


@pytest.mark.usefixtures("pairs")
def test_what_stands_in_training_has_all_of_bleu(asked):
    found = found_by(multi30k.run_baselines, asked)
    assert_close(
        found["baselines.nearest"]["test_2016"]["bleu"], 100.0, within=0.01
    )
    assert_close(
        found["baselines.nearest"]["test_2017"]["chrf"], 100.0, within=0.01
    )
    copy = found["baselines.copy"]["test_2016"]
    assert copy["bleu"] < found["baselines.table"]["test_2016"]["chrf"]


@pytest.mark.usefixtures("album")
def test_a_captioner_is_trained_once_and_scored_twice(asked):
    train = flickr8k.TRAINING.runs["captioner"]
    found = found_by(train, 0, asked)
    beam = found["captioner.beam"]
    assert len(beam["five"]) == len(beam["four"]) == 4
    assert found["captioner.read"][0][1].startswith("a dog number")
    assert (asked.weights / "flickr8k_0.safetensors").exists()
    assert found_by(train, 0, asked) == found


@pytest.mark.usefixtures("album")
def test_of_captions_that_are_alike_every_rival_is_right(asked):
    found = found_by(flickr8k.run_baselines, asked)
    assert "dog number" in found["baselines.sentence"]
    for name in "constant", "nearest", "agreed", "person":
        assert_close(
            found[f"baselines.{name}"]["four"], [100.0] * 4, within=0.01
        )


@pytest.mark.usefixtures("pairs")
def test_no_weights_of_the_set_go_into_the_package(asked):
    before = sorted(WEIGHTS.iterdir())
    list(multi30k.TRAINING.runs["dot"](0, asked._replace(weights=WEIGHTS)))
    assert sorted(WEIGHTS.iterdir()) == before


def test_bleu_is_a_mean_of_precisions_and_brevity():
    references = [["a b c d e", "a x c d e"], ["k l m n", "k l m n o"]]
    assert (
        flickr8k.measure_bleus(["a b c d e", "k l m n"], references)
        == [100.0] * 4
    )
    one, two, *_ = flickr8k.measure_bleus(
        ["a b q d e", "k l m n"], references
    )
    assert_close(one, 100 * 8 / 9, within=0.01)
    assert_close(two, 100 * (8 / 9 * 5 / 7) ** 0.5, within=0.01)


def write_flickr8k(folder):
    """Photographs and captions in the files that the set is published in."""
    make_album(folder, 12)
    files, lines = sorted(folder.iterdir()), []
    for k, file in enumerate(files):
        with Image.open(file) as image:
            image.convert("RGB").save(folder / f"{k}_a.jpg")
        file.unlink()
        colour = "red" if k % 2 else "blue"
        said = (
            f"A {colour} wall .",
            f"A wall , {colour} , on a {k}th street",
        )
        lines += [f"{k}_a.jpg#{n}\t{text}\n" for n, text in enumerate(said)]
    table = folder.parent / "Flickr8k.token.txt"
    table.write_text("".join(lines))
    for part, rows in (
        ("train", range(6)),
        ("dev", (6, 7, 8)),
        ("test", (9, 10, 11)),
    ):
        listed = folder.parent / f"Flickr_8k.{part}Images.txt"
        listed.write_text("".join(f"{k}_a.jpg\n" for k in rows))
    return table


def test_the_row_s_captioner_is_the_command_s(
    asked, tmp_path, monkeypatch, capsys
):
    """The same features, captions and options: the same weights."""
    folder, model = tmp_path / "Images", tmp_path / "m.safetensors"
    table = write_flickr8k(folder)
    words = ["--captions", table, "--model", model, "--pieces", 290]
    words += [
        "--hidden",
        8,
        "--batch",
        4,
        "--steps",
        6,
        "--evaluate-every",
        1,
    ]
    words += ["--patience", 9, "--device", "cpu", "--no-baselines"]
    code, out, err = run(capsys, "video", "train", folder, *words)
    assert code == 0, err
    assert "the published ones" in err
    assert "by a beam, length penalty" in out
    films = read_captioned(folder, table, 16, 24, print)
    parts = []
    for wanted in range(3):
        rows = [k for k, part in enumerate(films.parts) if part == wanted]
        features = torch.as_tensor(films.frames[rows]).transpose(0, 1)
        said = [films.captions[k] for k in rows]
        parts.append(flickr8k.PhotoPart(look(features), said))
    assert [len(part.said) for part in parts] == [6, 3, 3]
    pieces = learn_subwords(
        [c for some in parts[0].said for c in some], 290
    )
    task = flickr8k.CaptionTask(*parts, pieces)
    monkeypatch.setattr(flickr8k, "B", 4)
    how = asked._replace(steps=6)
    network, facts = flickr8k.load_or_train(0, how, task)
    trained, about = load_weights(model)
    own = network.state_dict()
    assert len(trained) == len(own) - 1  # one is read and written by
    for name, values in trained.items():
        assert_close(values, own[name], within=1e-12)
    assert len(facts["validation"]) == 6
    penalty = about["penalty"]
    assert penalty in flickr8k.PENALTIES
    test = parts[2].seen
    said = [pieces.decode(c) for c in describe(network, test, 5, penalty)]
    command = Captioner.load(model)
    asked_of = [folder / f"{k}_a.jpg" for k in (9, 10, 11)]
    order = sorted(range(3), key=lambda k: asked_of[k].name)
    assert [command.predict([asked_of[k]])[0] for k in order] == said
