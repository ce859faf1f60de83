"""The trainings on Multi30k and Flickr8k run on small sets in their form."""

import gzip
import io

import numpy as np
import pytest

from rnncore.apps.translate.plan import PENALTIES
from rnncore.data.public.store import VARIABLE
from rnncore.data.public.texts import PARTS
from rnncore.storage.weights import WEIGHTS
from tests.helpers.arrays import assert_close
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
