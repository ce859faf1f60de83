"""The small file that learns to write, as a reader runs it."""

import runpy
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from rnncore.bptt import rnn_cell_vjp
from rnncore.characters import Model, next_character
from rnncore.rnn import Params, Readout, rnn_cell
from tests.helpers import ROOT
from tests.helpers.arrays import assert_close

FILE = ROOT / "examples" / "min_rnn.py"
m = SimpleNamespace(**runpy.run_path(str(FILE)))
T, LANES, K = 5, 3, 7


@pytest.fixture
def problem():
    """Weights in float64, a window and a state that is not zero."""
    rng = np.random.default_rng(0)
    params = [w.astype(float) for w in m.init_params(rng, K)]
    ids = rng.integers(0, K, (T + 1, LANES))
    return params, ids, rng.normal(size=(LANES, m.H))


def run(*words):
    return subprocess.run(
        [sys.executable, FILE, *words],
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_one_short_file_that_needs_numpy_alone():
    lines = FILE.read_text("utf8").splitlines()
    assert len(lines) <= 110
    assert max(map(len, lines)) <= 76
    loaded = [line.split()[1] for line in lines if "import " in line[:60]]
    ours = {name.partition(".")[0] for name in loaded}
    assert ours - set(sys.stdlib_module_names) == {"numpy"}


def test_the_gradient_is_that_of_finite_differences(problem):
    params, ids, h = problem
    _, gradient, _ = m.loss_and_gradient(params, ids, h)
    rng = np.random.default_rng(1)
    for w, d in zip(params, gradient):
        assert w.shape == d.shape
        way, small = rng.normal(size=w.shape), 1e-6
        ends = []
        for sign in (1, -1):
            w += sign * small * way
            ends.append(m.loss_and_gradient(params, ids, h)[0])
            w -= sign * small * way
        slope = (ends[0] - ends[1]) / (2 * small)
        assert_close((d * way).sum(), slope, within=1e-7)


def test_loss_gradient_and_state_are_those_of_the_package(problem):
    params, ids, h = problem
    W_x, W_h, W_y, b_y = params
    nothing = np.zeros(m.H)
    model = Model(Params(W_x, W_h, nothing, nothing), Readout(W_y, b_y))
    window = next_character(rnn_cell, rnn_cell_vjp)
    loss, d, (last,) = window(model, ids, (h,))
    found, gradient, state = m.loss_and_gradient(params, ids, h)
    assert_close(found, loss)
    assert_close(state, last)
    ours = d.cell.W_x, d.cell.W_h, *d.readout
    for mine, theirs in zip(gradient, ours):
        assert_close(mine, theirs)


def test_the_loss_falls_and_what_it_writes_is_drawn_from_the_text():
    text = "a small text that comes again. " * 200
    alphabet, ids = np.unique([*text], return_inverse=True)
    params = m.init_params(np.random.default_rng(0), len(alphabet))
    losses = m.train(params, ids)
    found = [next(losses) for _ in range(60)]
    assert abs(found[0] - np.log(len(alphabet))) < 0.5  # guessing
    assert np.mean(found[-5:]) < found[0] / 4
    written = [*m.write(params, np.random.default_rng(0), 200)]
    again = "".join(alphabet[written])
    words = text.split()
    known = [word in words for word in again.split()[1:-1]]
    assert np.mean(known) > 0.8


@pytest.mark.parametrize(("limit", "moves"), [(1.0, 1), (1e-15, 0)])
def test_a_gradient_is_clipped_before_it_counts(monkeypatch, limit, moves):
    """Adam's first step has one length, but of gradients next to zero."""
    monkeypatch.setitem(m.train.__globals__, "CLIP", limit)
    rng = np.random.default_rng(0)
    params = m.init_params(rng, 4)
    before = [w.copy() for w in params]
    next(m.train(params, rng.integers(0, 4, m.LEAST)))
    for w, old in zip(params, before):
        step = np.median(np.abs(w - old)) / m.RATE
        assert_close(step, moves, within=0.02)


def test_its_own_text_ships_with_python_and_is_long_enough():
    text = m.read_text(None)
    assert len(text) > 100 * m.LEAST
    assert len(set(text)) <= m.KINDS + 2


def test_what_cannot_be_printed_or_is_rare_is_read_as_a_question_mark(
    tmp_path,
):
    rare = "".join(chr(0x4E00 + k) for k in range(1000))
    path = tmp_path / "mine.txt"
    path.write_text("\x1b[2J" + "plain\ntext " * 500 + rare, "utf8")
    text = m.read_text(path)
    assert text.startswith(("?[2J", "????"))
    assert "plain\ntext" in text
    assert "\x1b" not in text
    assert len(set(text)) <= m.KINDS + 2


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "No such file"), (b"short", "got 5"), (b"\xff" * 9999, "utf")],
)
def test_a_text_that_cannot_be_read_is_refused_in_a_sentence(
    tmp_path, content, said
):
    path = tmp_path / "mine.txt"
    if content is not None:
        path.write_bytes(content)
    found = run(str(path))
    assert found.returncode == 1
    assert found.stdout == ""
    assert said in found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_an_endless_file_is_read_only_so_far(tmp_path, monkeypatch):
    path = tmp_path / "mine.txt"
    path.write_text("ab" * 5000, "utf8")
    monkeypatch.setitem(m.read_text.__globals__, "MOST", 3000)
    assert len(m.read_text(path)) == 3000


def test_it_writes_seven_samples_and_ends_in_its_time(capsys, monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(m.time, "monotonic", lambda: next(clock))
    m.main()
    out = capsys.readouterr().out
    assert out.count("\n--- ") == 7
    assert "--- 60 s, " in out
