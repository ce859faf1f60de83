"""python -m rnncore music with a published set of piano rolls."""

import json
import pickle
import re

import numpy as np
import pytest
import torch

from rnncore.music.chords import apart_nats, chord_nats
from rnncore.music.frames import key_chain, key_frequencies, nats_a_frame
from rnncore.music.published_sets import load_rolls, read_published
from rnncore.music.training import train_chords, train_frames
from tests.helpers.arrays import assert_close
from tests.helpers.commands import run, weights

CHORDS = (60, 64, 67), (60, 65, 69), (), (59, 62, 67)
PIECES = {"train": 6, "valid": 2, "test": 3}
STEPS = ["--steps", 6, "--evaluate-every", 2]
# how both were trained when the published scores were first measured
RECIPE = {"drop": 0.3, "shifts": 5, "home": 0.2, "B": 16, "seed": 3}
RECIPE |= {"steps": 6, "evaluate_every": 2}
RECIPES = {
    "keys": (train_frames, {"hidden": 300, "window": 160, "rate": 4e-3}),
    "jointly": (train_chords, {"hidden": 200, "window": 64, "rate": 3e-3}),
}


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A file in which chords take turns, as a pickle."""
    rng = np.random.default_rng(0)

    def piece():
        order = rng.permutation(len(CHORDS))
        return [CHORDS[order[t % 4]] for t in range(rng.integers(6, 12))]

    parts = {
        name: [piece() for _ in range(count)]
        for name, count in PIECES.items()
    }
    path = tmp_path_factory.mktemp("published") / "small.pickle"
    path.write_bytes(pickle.dumps(parts))
    return path


@pytest.fixture(scope="module", params=[*RECIPES])
def network(request):
    return request.param


@pytest.fixture(scope="module")
def trained(published, network):
    """A network of each kind, and what was printed of it."""
    from contextlib import redirect_stdout
    from io import StringIO

    from rnncore.__main__ import main

    model = published.with_name(f"{network}.safetensors")
    words = ["music", "train", published, "--model", model, *STEPS]
    words += ["--seed", 3, "--threads", 1]
    if network != "jointly":  # the default
        words += ["--network", network]
    with redirect_stdout(StringIO()) as out:
        assert main([str(word) for word in words]) == 0
    return model, out.getvalue()


def table(out):
    rows = re.findall(r"^([^:\n]+?) +(\d+\.\d{3})$", out, re.MULTILINE)
    return {name: float(value) for name, value in rows}


def test_the_command_trains_by_the_published_recipe(
    published, network, trained
):
    train, sizes = RECIPES[network]
    parts = read_published(published)
    expected, _ = train(parts[:2], **RECIPE, **sizes)
    model, about = load_rolls(trained[0])
    assert about["network"] == network
    pairs = zip(
        expected.state_dict().items(),
        model.state_dict().items(),
        strict=True,
    )
    for (name, wanted), (same, found) in pairs:
        assert name == same
        assert_close(found.numpy(), wanted.numpy(), within=1e-12)


def test_the_test_part_is_scored_as_published(published, network, trained):
    parts, (path, out) = read_published(published), trained
    model, about = load_rolls(path)
    if network == "keys":
        expected = {"the network": nats_a_frame(model, parts.test)}
    else:
        drawn = torch.Generator().manual_seed(3)
        expected = {
            "the network, one key asked at a time": apart_nats(
                model, parts.test, drawn, 256
            ),
            "the network, all keys of a frame": chord_nats(
                model, parts.test
            ),
        }
    expected |= {
        "each key, given itself before": nats_a_frame(
            key_chain(parts.train), parts.test
        ),
        "each key's frequency": nats_a_frame(
            key_frequencies(parts.train), parts.test
        ),
    }
    shown = table(out)
    assert list(shown) == list(expected)
    for name, score in expected.items():
        assert_close(shown[name], score, within=6e-4)
    assert_close(about["score"], next(iter(expected.values())))
    frames = sum(len(roll) - 1 for roll in parts.test)
    assert f"3 test pieces, {frames} frames" in out
    assert "95% interval of the network's nats per frame: " in out


def test_it_is_scored_again_with_the_file_in_any_form(
    published, trained, tmp_path, capsys
):
    path, out = trained
    other = tmp_path / "same.json"
    other.write_text(json.dumps(pickle.loads(published.read_bytes())))
    code, again, err = run(capsys, "music", "evaluate", path, other)
    assert (code, again) == (0, out), err


def test_pieces_that_were_learned_are_not_scored(
    published, trained, tmp_path, capsys
):
    known = pickle.loads(published.read_bytes())
    other = tmp_path / "other.pickle"
    fresh = [[(72,), (74,), (76,)]]
    mixed = known | {"test": [*known["train"], *fresh]}
    other.write_bytes(pickle.dumps(mixed))
    code, out, err = run(capsys, "music", "evaluate", trained[0], other)
    assert code == 0
    assert "1 test piece, 2 frames" in out
    assert "not the file that the model was trained on" in err
    other.write_bytes(pickle.dumps(known | {"test": known["train"]}))
    code, _, err = run(capsys, "music", "evaluate", trained[0], other)
    assert code == 2
    assert "the model saw all test pieces" in err


def test_an_interrupted_run_ends_with_the_same_weights(
    published, trained, network, tmp_path, capsys
):
    model = tmp_path / "again.safetensors"
    words = ["music", "train", published, "--model", model, *STEPS]
    words += ["--network", network, "--seed", 3, "--threads", 1]
    code, _, err = run(capsys, *words, "--minutes", 1e-9)
    assert code == 0
    assert "the same command goes on" in err
    assert run(capsys, *words)[0] == 0
    assert weights(model) == weights(trained[0])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--voices", 3], "--voices: without a published set"),
        (["--frame", 1], "--frame: without a published set"),
    ],
)
def test_an_option_that_does_not_fit_is_refused(
    published, words, says, tmp_path, capsys
):
    model = tmp_path / "a.safetensors"
    given = ["music", "train", published, "--model", model, *words]
    code, _, err = run(capsys, *given)
    assert code == 2
    assert says in err
    assert not model.exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--home", 1.5], "expected a number from 0 to 1, got '1.5'"),
        (["--network", "both"], "invalid choice: 'both'"),
    ],
)
def test_a_value_that_an_option_cannot_have_is_refused(
    published, words, says, capsys
):
    given = ["music", "train", published, "--model", "a.safetensors"]
    with pytest.raises(SystemExit) as stopped:
        run(capsys, *given, *words)
    assert stopped.value.code == 2
    assert says in capsys.readouterr().err


def test_an_option_of_published_sets_is_refused_for_a_folder(
    tmp_path, capsys
):
    words = [
        "music",
        "train",
        tmp_path,
        "--model",
        tmp_path / "a.safetensors",
    ]
    code, _, err = run(capsys, *words, "--network", "keys")
    assert code == 2
    assert "--network: only with a published set" in err


def test_what_is_no_such_file_is_refused_by_name(tmp_path, capsys):
    path = tmp_path / "bad.mat"
    path.write_bytes(b"something else")
    words = ["music", "train", path, "--model", tmp_path / "a.safetensors"]
    code, _, err = run(capsys, *words)
    assert code == 2
    assert "bad.mat: not the published form" in err


def test_a_network_of_rolls_composes_nothing(trained, tmp_path, capsys):
    words = ["music", "sample", trained[0], "--out", tmp_path / "new.mid"]
    code, _, err = run(capsys, *words)
    assert code == 2
    assert "expected a model of 'music, voices'" in err
