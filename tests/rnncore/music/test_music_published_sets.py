"""The published file's forms, made small; and what a pickle may not do."""

import json
import pickle
import pickletools
import tracemalloc
import zlib

import numpy as np
import pytest
from scipy.io import savemat

from rnncore.music.published_sets import (
    as_published,
    plan_for,
    read_published,
)
from rnncore.music.score import REST, Score
from rnncore.storage.limits import LIMITS

SMALL = {
    "train": [[(60, 64, 67), (60, 65, 69), ()], [(48,), (50,)]],
    "valid": [[(60,), (62, 64)]],
    "test": [[(59, 62), (60,), (60, 64)]],
}
FAR = (20_000_000).to_bytes(4, "little")


def write(path, content=SMALL):
    if path.suffix == ".json":
        path.write_text(json.dumps(content))
    elif path.suffix == ".mat":
        cells = {}
        for name, pieces in content.items():
            cell = np.empty((1, len(pieces)), object)
            for k, piece in enumerate(pieces):
                roll = np.zeros((len(piece), 88))
                for t, frame in enumerate(piece):
                    roll[t, [p - 21 for p in frame]] = 1
                cell[0, k] = roll
            cells[f"{name}data"] = cell
        savemat(path, cells)
    else:
        path.write_bytes(pickle.dumps(content, protocol=0))
    return path


@pytest.mark.parametrize("ending", [".pickle", ".json", ".mat"])
def test_all_forms_give_the_same_rolls(tmp_path, ending):
    parts = read_published(write(tmp_path / f"jsb{ending}"))
    assert [len(p) for p in parts] == [2, 1, 1]
    first = parts.train[0]
    assert first.shape == (3, 88)
    assert np.flatnonzero(first[0]).tolist() == [39, 43, 46]
    assert first[2].sum() == 0
    assert np.flatnonzero(parts.test[0][2]).tolist() == [39, 43]


class Malice:
    def __reduce__(self):
        import os

        return os.system, ("touch harmed",)


def test_a_pickle_that_would_run_a_command_is_refused_and_runs_nothing(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "jsb.pickle"
    raw = pickle.dumps({**SMALL, "extra": Malice()}, protocol=0)
    assert "system" in "".join(map(str, pickletools.genops(raw)))
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=r"asks for \w+.system"):
        read_published(path)
    assert not (tmp_path / "harmed").exists()


@pytest.mark.parametrize("kind", [set, complex, np.float64])
def test_even_harmless_classes_are_refused(tmp_path, kind):
    path = tmp_path / "jsb.pickle"
    path.write_bytes(pickle.dumps({**SMALL, "extra": kind}, protocol=0))
    with pytest.raises(ValueError, match="lists and numbers"):
        read_published(path)


def test_a_copy_with_rests_below_zero_is_read(tmp_path):
    content = {**SMALL, "test": [[[60, -1], [62]]]}
    parts = read_published(write(tmp_path / "a.json", content))
    assert parts.test[0].sum(1).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"train": [[(60,)]]}, "no part 'valid'"),
        ({**SMALL, "test": []}, "holds no piece"),
        ({**SMALL, "test": [[]]}, "empty piece"),
        ({**SMALL, "test": [[(10,)]]}, "21 to 108"),
        ({**SMALL, "test": [["high"]]}, "not the published form"),
    ],
)
def test_another_content_is_refused_by_name(tmp_path, content, says):
    path = write(tmp_path / "a.json", content)
    with pytest.raises(ValueError, match=says) as error:
        read_published(path)
    assert str(path) in str(error.value)


def test_a_score_takes_the_form_of_the_file():
    pitches = np.array([[74, 50], [76, 50], [74, 52], [70, 55], [69, 50]])
    score = Score(pitches, np.ones(pitches.shape, bool), pickup=0)
    roll = as_published(score)  # quarters: frames 0, 2 and 4; D becomes C
    keys = [(np.flatnonzero(frame) + 21).tolist() for frame in roll]
    assert keys == [[48, 72], [50, 72], [48, 67]]
    after_a_pickup = as_published(score._replace(pickup=1))
    keys = [
        (np.flatnonzero(frame) + 21).tolist() for frame in after_a_pickup
    ]
    assert keys == [[55, 81], [60, 75]]  # frames 1 and 3; G becomes C


def test_a_score_that_is_silent_on_every_beat_is_refused():
    pitches = np.array([[REST], [60]])
    score = Score(pitches, pitches != REST)
    with pytest.raises(ValueError, match="on a beat"):
        as_published(score)


def test_what_is_no_such_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no such file"):
        read_published(tmp_path / "a.pickle")
    for name in ("a.pickle", "a.json", "a.mat"):
        (tmp_path / name).write_bytes(b"something else")
        with pytest.raises(ValueError, match="not the published form"):
            read_published(tmp_path / name)


@pytest.mark.parametrize(
    ("frames", "network", "expected"),
    [
        (13_807, "jointly", (200, 64, 3e-3, 0.2, 3_000, 50)),
        (13_807, "keys", (300, 160, 4e-3, 0.2, 3_000, 50)),
        (176_561, "jointly", (200, 64, 3e-3, 0.5, 9_000, 150)),
        (176_561, "keys", (300, 160, 4e-3, 0.5, 10_000, 150)),
    ],
)
def test_a_larger_set_is_learned_for_longer(frames, network, expected):
    """Both sets of the published scores have the plan of their scores."""
    plan = plan_for(frames, network)
    assert plan.network == network
    assert (plan.dropout, plan.transpose, plan.batch) == (0.3, 5, 16)
    assert expected == (
        plan.hidden,
        plan.window,
        plan.rate,
        plan.home,
        plan.steps,
        plan.evaluate_every,
    )


def test_what_is_given_is_not_chosen():
    plan = plan_for(100, "keys", hidden=8, home=None)
    assert (plan.hidden, plan.home) == (8, plan_for(100, "keys").home)
    with pytest.raises(ValueError, match=r"^network:"):
        plan_for(100, "both")


@pytest.mark.parametrize(
    ("operation", "says"),
    [
        (pickle.EMPTY_DICT + pickle.LONG_BINPUT + FAR, "no part 'train'"),
        (pickle.BYTEARRAY8 + FAR + bytes(4), "lists and numbers"),
    ],
)
def test_a_few_bytes_of_a_pickle_take_little_memory(
    tmp_path, operation, says
):
    """A place far beyond what there is, and an array as long."""
    path = tmp_path / "a.pickle"
    path.write_bytes(pickle.PROTO + b"\x05" + operation + pickle.STOP)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=says):
            read_published(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_mat_that_unpacks_to_gigabytes_is_refused(
    tmp_path, monkeypatch, order
):
    monkeypatch.setitem(
        LIMITS, "pieces", LIMITS["pieces"]._replace(unpacked=1_000_000)
    )
    mark = b"\x00\x01IM" if order == "<" else b"\x01\x00MI"
    packed = zlib.compress(bytes(1_000_001))
    sizes = np.array([15, len(packed)], f"{order}u4").tobytes()
    path = tmp_path / "a.mat"
    path.write_bytes(b"MATLAB 5.0".ljust(124) + mark + sizes + packed)
    with pytest.raises(ValueError, match="unpacks to more than 1,000,000"):
        read_published(path)
