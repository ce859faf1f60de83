"""Cells that are written as equations: their gradient and their loops."""

import subprocess
import sys
import threading

import fused_cells
import numpy as np
import oracles
import pytest
import torch
from oracles import KINDS

import rnncore.rnn
from rnncore import fused
from rnncore.backend import tree_map
from rnncore.bptt import check_gradient
from rnncore.fused import exp, sigmoid, tanh

pytest.importorskip("numba")
CELLS = {
    n: (f, KINDS[n].G, KINDS[n].parts) for n, f in fused_cells.TORCH.items()
}
CELLS |= fused_cells.OWN
FIELDS = rnncore.rnn.Params._fields
# T, B, D, H: ones, less than a register, more than one, odd rests
SHAPES = [(1, 1, 1, 1), (5, 3, 4, 6), (3, 2, 16, 16), (4, 13, 19, 37)]


def problem(name, *shape, dtype=np.float64, seed=0):
    _, G, parts = CELLS[name]
    kind = oracles.Kind(None, None, G, parts, None)
    given = oracles.problem(kind, *shape, seed=seed)
    return tree_map(lambda a: a.astype(dtype), given)


def both_ways(name, p, **options):
    cell = CELLS[name][0]
    y, state, tape = fused.unroll(cell, p.params, p.x, p.state)
    return (
        y,
        state,
        *fused.bptt(cell, p.params, tape, p.d_y, p.d_state, **options),
    )


def flat(tree):
    found = []
    tree_map(lambda a: found.append(np.asarray(a)), tree)
    return found


def assert_close(got, expected, tolerance):
    got, expected = flat(got), flat(expected)
    assert len(got) == len(expected)
    for a, b in zip(got, expected):
        assert a.shape == b.shape
        error = np.abs(a - b).max() / max(1, np.abs(b).max())
        assert error <= tolerance, error


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", list(fused_cells.TORCH))
def test_the_loops_agree_with_torch(name, shape):
    p = problem(name, *shape)
    expected = oracles.both_ways_torch(KINDS[name], p)
    assert_close(both_ways(name, p), expected, 1e-12)
    single = tree_map(lambda a: a.astype(np.float32), p)
    assert_close(both_ways(name, single), expected, 2e-6)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", list(fused_cells.OWN))
def test_the_loops_agree_with_the_printed_ones(name, shape):
    cell, _, _ = CELLS[name]
    p = problem(name, *shape)
    forward, vjp = fused.pair(cell)
    kind = oracles.Kind(forward, vjp, 0, 0, None)
    assert_close(both_ways(name, p), oracles.both_ways(kind, p), 1e-12)


@pytest.mark.parametrize("name", list(CELLS))
def test_the_gradient_is_that_of_finite_differences(name):
    p = problem(name, 4, 2, 3, 5, seed=3)
    _, _, d_params, d_x, d_state = both_ways(name, p)

    def loss(q):
        y, state, _ = fused.unroll(CELLS[name][0], q.params, q.x, q.state)
        last = sum((s * d).sum() for s, d in zip(state, p.d_state))
        return (y * p.d_y).sum() + last

    check_gradient(lambda x: loss(p._replace(x=x)), p.x, d_x)
    for k, w in enumerate(p.params):
        check_gradient(
            lambda w, k=k: loss(
                p._replace(params=p.params._replace(**{FIELDS[k]: w}))
            ),
            w,
            d_params[k],
        )
    for k, s in enumerate(p.state):
        check_gradient(
            lambda s, k=k: loss(
                p._replace(state=(*p.state[:k], s, *p.state[k + 1 :]))
            ),
            s,
            d_state[k],
        )


@pytest.mark.parametrize("name", list(fused_cells.TORCH))
def test_the_derived_vjp_equals_the_printed_one(name):
    p = problem(name, 1, 3, 4, 5)
    rng = np.random.default_rng(1)
    G = KINDS[name].G
    a_x, a_h = rng.normal(size=(2, 3, G * 5))
    forward, vjp = fused.pair(CELLS[name][0])
    state, cache = forward(a_x, a_h, p.state)
    printed, printed_cache = KINDS[name].cell(a_x, a_h, p.state)
    assert_close(state, printed, 1e-14)
    expected = KINDS[name].vjp(p.d_state, printed_cache)
    got = vjp(p.d_state, cache)
    assert_close(got[:2], expected[:2], 1e-14)
    for a, b in zip(got[2], expected[2]):
        np.testing.assert_allclose(a, b + 0 * a, atol=1e-14)


def test_the_vjp_can_be_read():
    text = fused.vjp_source(fused_cells.lstm)
    assert text.startswith("def lstm_vjp(d_state, cache):\n    d_h, d_c =")
    assert text.count("tanh(") == 1  # of c, computed again
    assert "sigmoid(" not in text  # the gates are kept


def test_without_a_tape_the_outputs_are_the_same():
    for name, (cell, _, _) in CELLS.items():
        p = problem(name, 5, 3, 4, 6)
        with_tape = fused.unroll(cell, p.params, p.x, p.state)
        y, state, tape = fused.unroll(
            cell, p.params, p.x, p.state, keep=False
        )
        assert tape is None
        for a, b in zip(flat((y, state)), flat(with_tape[:2])):
            assert np.array_equal(a, b)


@pytest.mark.parametrize("name", list(CELLS))
def test_a_tape_that_is_spent_gives_the_same(name):
    p = problem(name, 5, 3, 4, 18)
    spent = both_ways(name, p, spend=True)
    for a, b in zip(flat(spent), flat(both_ways(name, p))):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("name", list(CELLS))
def test_the_bits_do_not_depend_on_the_threads(name, monkeypatch):
    p = problem(name, 5, 7, 33, 70, dtype=np.float32)
    monkeypatch.setattr("rnncore.fused.loop.SMALL", 0)
    found = []
    for threads in (1, 2, 3, 7):
        monkeypatch.setattr(
            "rnncore.fused.loop.threads", lambda n=threads: n
        )
        found += [both_ways(name, p), both_ways(name, p)]
    for other in found[1:]:
        for a, b in zip(flat(found[0]), flat(other)):
            assert np.array_equal(a, b)


def test_many_threads_may_run_at_once():
    p = problem("lstm", 20, 6, 8, 20)
    expected = flat(both_ways("lstm", p))
    wrong = []

    def run():
        for _ in range(5):
            got = flat(both_ways("lstm", p))
            if not all(map(np.array_equal, got, expected)):
                wrong.append(1)

    runs = [threading.Thread(target=run) for _ in range(4)]
    for r in runs:
        r.start()
    for r in runs:
        r.join()
    assert not wrong


def test_a_child_of_fork_runs_too():
    code = (
        "import os, sys; sys.path.insert(0, 'tests')\n"
        "import test_fused as t\n"
        "p = t.problem('lstm', 5, 3, 4, 6); t.both_ways('lstm', p)\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    t.both_ways('lstm', p); os._exit(7)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "7\n", done.stderr


@pytest.mark.parametrize("name", list(CELLS))
def test_nan_is_carried(name):
    p = problem(name, 4, 3, 5, 18)
    p.x[1, 2, 0] = np.nan
    y, _, d_params, d_x, _ = both_ways(name, p)
    forward, vjp = fused.pair(CELLS[name][0])
    kind = oracles.Kind(forward, vjp, 0, 0, None)
    expected = oracles.both_ways(kind, p)
    for a, b in zip(
        flat((y, d_params, d_x)), flat((expected[0], *expected[2:4]))
    ):
        assert np.array_equal(np.isnan(a), np.isnan(b))
    assert np.isnan(y[1, 2]).all()
    assert not np.isnan(y[:, :2]).any()


def test_arrays_need_not_be_contiguous():
    p = problem("gru", 5, 3, 4, 6)
    expected = both_ways("gru", p)
    turned = tree_map(lambda a: np.asfortranarray(a), p)
    for a, b in zip(flat(both_ways("gru", turned)), flat(expected)):
        assert np.array_equal(a, b)
    wide = p._replace(x=np.repeat(p.x, 2, axis=2)[:, :, ::2])
    for a, b in zip(flat(both_ways("gru", wide)), flat(expected)):
        assert np.array_equal(a, b)


def test_torch_tensors_come_back_as_tensors():
    p = tree_map(torch.asarray, problem("lstm", 5, 3, 4, 6))
    found = []
    tree_map(found.append, both_ways("lstm", p))
    assert all(isinstance(a, torch.Tensor) for a in found)


def branches(a, h):
    if a > 0:
        return a
    return h


def counts(a, h):
    return tanh(a) * float(h)


def sums(a, h):
    return h.sum() + a


def other_units(a, h):
    return tanh(a) + h[0]


def mixes(a, h):
    return tanh(a @ h)


def numpy_function(a, h):
    return np.tanh(a)


def array_inside(a, h):
    return tanh(a) + np.ones(3)


def condition(a, h):
    return a > h


def text(a, h):
    return "h"


def condition_as_number(a, h):
    return tanh((a > 0) + h)


def loops_for_ever(a, h):
    for _ in a:
        h = h + 1
    return h


@pytest.mark.parametrize(
    "cell",
    [
        branches,
        counts,
        sums,
        other_units,
        mixes,
        numpy_function,
        array_inside,
        condition,
        text,
        condition_as_number,
        loops_for_ever,
    ],
)
def test_what_is_no_cell_is_refused_with_its_line(cell):
    first = cell.__code__.co_firstlineno
    with pytest.raises(ValueError, match=r"test_fused.py:\d+: ") as caught:
        fused.vjp_source(cell)
    line = int(str(caught.value).split("test_fused.py:")[1].split(":")[0])
    assert first <= line <= first + 3


def two_for_one(a, h):
    return tanh(a), h


def test_the_number_of_parts_is_checked():
    with pytest.raises(ValueError, match=r"expected 1 part.* got 2"):
        fused.vjp_source(two_for_one)
    with pytest.raises(ValueError, match="expected a function, got int"):
        fused.vjp_source(3)
    with pytest.raises(ValueError, match=r"expected parameters \(a, h"):
        fused.vjp_source(lambda x, y: x)


def test_bad_arrays_are_refused():
    p = problem("lstm", 5, 3, 4, 6)
    cell = fused_cells.lstm
    with pytest.raises(ValueError, match="every size at least 1"):
        fused.unroll(
            cell, p.params, p.x[:, :0], tuple(s[:0] for s in p.state)
        )
    with pytest.raises(ValueError, match="float64"):
        fused.unroll(cell, p.params, p.x.astype("f"), p.state)
    with pytest.raises(ValueError, match=r"expected 2 array\(s\), got 1"):
        fused.unroll(cell, p.params, p.x, p.state[:1])
    with pytest.raises(ValueError, match="W_h"):
        fused.unroll(fused_cells.gru, p.params, p.x, p.state[:1])
    half = tree_map(lambda a: a.astype(np.float16), p)
    with pytest.raises(ValueError, match="float32 or float64, got float16"):
        fused.unroll(cell, half.params, half.x, half.state)


def test_a_constant_of_the_surroundings_counts():
    def leaky(rate):
        def cell(a, h, *, slope=0.1):
            return rate * h + (1 - rate) * (tanh(a) + slope * a)

        return cell

    forward, _ = fused.pair(leaky(0.75))
    (h,), _ = forward(np.zeros((1, 1)), np.ones((1, 1)), (np.ones((1, 1)),))
    expected = 0.75 + 0.25 * (np.tanh(1) + 0.1)
    np.testing.assert_allclose(h, [[expected]], rtol=1e-15)


def test_equal_operations_are_computed_once():
    def twice(a, h):
        return tanh(sigmoid(a)) * exp(sigmoid(a)) + tanh(sigmoid(a))

    text = fused.vjp_source(twice) + fused.loop_source(twice)
    forward = text.split("def forward")[1].split("def backward")[0]
    assert forward.count("sigmoid(") == 2  # whole registers, and the rest
