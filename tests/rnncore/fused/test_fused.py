"""Cells that are written as equations: their gradient and their loops."""

import io
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

import rnncore.fused.cells
import rnncore.rnn
from rnncore import fused
from rnncore.backend import tree_map
from rnncore.bptt import check_gradient
from rnncore.fused import exp, minimum, sigmoid, tanh, where
from tests.helpers import ROOT, fused_cells, oracles
from tests.helpers.arrays import assert_close
from tests.helpers.oracles import KINDS

pytestmark = pytest.mark.slow

pytest.importorskip("numba")
from rnncore.fused import loop, loop_cache

CELLS = {
    n: (f, KINDS[n].G, KINDS[n].parts) for n, f in fused_cells.TORCH.items()
}
CELLS |= fused_cells.OWN | fused_cells.INVENTED
QUICK = {"lstm", "gru", "odd"}  # each cell and dtype compiles for seconds
FIELDS = rnncore.rnn.Params._fields
# T, B, D, H: ones, less than a register, more than one, odd rests
SHAPES = [(1, 1, 1, 1), (5, 3, 4, 6), (3, 2, 16, 16), (4, 13, 19, 37)]


def each(names):
    """The names as parameters; those that compile more loops are slow."""
    slow = pytest.mark.weekly
    return [pytest.param(n, marks=[slow] * (n not in QUICK)) for n in names]


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


def assert_same(got, expected):
    """Equal bit for bit."""
    for a, b in zip(flat(got), flat(expected), strict=True):
        assert a.dtype == b.dtype
        # exact: one order of sums, whatever lies around it
        assert np.array_equal(a, b, equal_nan=True)


def printed(name):
    """The cell and its derived vjp in the printed loop."""
    return oracles.Kind(*fused.pair(CELLS[name][0]), 0, 0, None)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", each(fused_cells.TORCH))
def test_the_loops_agree_with_torch(name, shape):
    p = problem(name, *shape)
    expected = oracles.both_ways_torch(KINDS[name], p)
    # scale: 1 - tanh^2 cancels where a unit saturates
    assert_close(both_ways(name, p), expected, scale=1.0)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=[pytest.mark.weekly] * (n != "lstm"))
        for n in fused_cells.TORCH
    ],
)
def test_the_loops_in_float32_agree_with_torch(name, shape):
    p = problem(name, *shape)
    expected = oracles.both_ways_torch(KINDS[name], p)
    single = tree_map(lambda a: a.astype(np.float32), p)
    # 1.9e-6 of the largest number, and of 1
    assert_close(
        both_ways(name, single),
        expected,
        terms=4,
        scale=1.0,
        computed_in=np.float32,
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "name", each({**fused_cells.OWN, **fused_cells.INVENTED})
)
def test_the_loops_agree_with_the_printed_ones(name, shape):
    p = problem(name, *shape)
    expected = oracles.both_ways(printed(name), p)
    assert_close(both_ways(name, p), expected, scale=1.0)


@pytest.mark.parametrize("name", list(CELLS))
def test_the_derived_gradient_is_that_of_finite_differences(name):
    check_all_gradients(
        problem(name, 3, 2, 2, 3, seed=3),
        lambda q: oracles.both_ways(printed(name), q),
    )


def test_parts_of_the_state_may_have_any_name():
    def cell(a, h, exp, d_h, cache, state, a0):
        exp, d_h = tanh(a) + exp * d_h, sigmoid(d_h * cache)
        return exp * state + a0, exp, d_h, cache * h, state + a, a0 * h

    forward, vjp = fused.pair(cell)
    rng = np.random.default_rng(0)
    a_x, a_h = rng.normal(size=(2, 2, 3))
    state, d_state = rng.normal(size=(2, 6, 2, 3))

    def loss(a, parts):
        return (np.stack(forward(a, a_h, tuple(parts))[0]) * d_state).sum()

    cache = forward(a_x, a_h, tuple(state))[1]
    d_a_x, _, d_before = vjp(tuple(d_state), cache)
    check_gradient(lambda a: loss(a, state), a_x, d_a_x)
    d_before = np.stack(d_before)
    check_gradient(lambda parts: loss(a_x, parts), state, d_before)


def test_a_choice_between_two_numbers_has_the_state_s_dtype():
    def cell(a, h):
        return tanh(a) * where(h < 0, 1, 0.25)

    forward, vjp = fused.pair(cell)
    expected = np.tanh([[0.5, 0.5]]) * [[1, 0.25]]
    for kind in (np.float32, np.float64, torch.float32, torch.bfloat16):
        xp = torch if isinstance(kind, torch.dtype) else np
        a, zero, h = (
            xp.asarray([row], dtype=kind)
            for row in ([0.5, 0.5], [0, 0], [-1, 1])
        )
        (new,), cache = forward(a, zero, (h,))
        d_a, _, _ = vjp((h,), cache)
        assert new.dtype == d_a.dtype == kind
        if kind is np.float64:
            assert_close(new, expected)
            slope = 1 - np.tanh(0.5) ** 2
            assert_close(d_a, [[-slope, 0.25 * slope]])


def test_a_number_to_the_power_of_a_value():
    def cell(a, h):
        return 2 ** tanh(a) + tanh(h) ** 0 * 3

    forward, vjp = fused.pair(cell)
    a, zero = np.asarray([[0.5, -1.0]]), np.zeros((1, 2))
    (new,), cache = forward(a, zero, (zero,))
    assert_close(new, 2 ** np.tanh(a) + 3)
    check_gradient(
        lambda a: forward(a, zero, (zero,))[0][0].sum(),
        a,
        vjp((zero + 1,), cache)[0],
    )


def test_large_and_small_numbers_reach_the_loops():
    def cell(a, h):
        return where(a > 0, 1e20, 1e-20) * tanh(h)

    given = oracles.problem(
        oracles.Kind(None, None, 1, 1, None), 3, 2, 4, 5
    )
    y, _, _ = fused.unroll(cell, given.params, given.x, given.state)
    forward = fused.pair(cell)[0]
    expected, _, _ = rnncore.rnn.unroll(
        forward, given.params, given.x, given.state
    )
    assert_close(y, expected)


@pytest.mark.parametrize("name", each(CELLS))
def test_the_loops_gradient_is_that_of_finite_differences(name):
    check_all_gradients(
        problem(name, 3, 2, 2, 3, seed=3), lambda q: both_ways(name, q)
    )


def check_all_gradients(p, run):
    """Those of the input, the weights and each part of the state."""
    _, _, d_params, d_x, d_state = run(p)

    def loss(q):
        y, state = run(q)[:2]
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
    assert_close(state, printed)
    expected = KINDS[name].vjp(p.d_state, printed_cache)
    got = vjp(p.d_state, cache)
    assert_close(got[:2], expected[:2])
    for a, b in zip(got[2], expected[2]):
        assert_close(a, b + 0 * a)


def test_the_vjp_can_be_read():
    text = fused.vjp_source(fused_cells.lstm)
    assert text.startswith("def lstm_vjp(d_state, cache):\n    d_h, d_c =")
    assert text.count("tanh(") == 1  # of c, computed again
    assert "sigmoid(" not in text  # the gates are kept


def test_values_have_the_names_that_the_cell_gives_them():
    text = fused.vjp_source(fused_cells.lstm)
    assert "sigmoid_f, sigmoid_i, tanh_g, sigmoid_o = cache" in text
    assert "d_a_x = joined(d_i, d_f, d_g, d_o)" in text
    assert not re.search(r"\bt\d", text)
    text = fused.vjp_source(fused_cells.gru)
    assert "r, z, n = cache" in text
    assert not re.search(r"\bt\d", text)


def test_names_that_are_taken_get_a_number():
    def cell(a, h):
        cache, state, tanh_, d_h = sigmoid(a), tanh(a), exp(-a * a), h * h
        return cache * state + tanh_ * d_h

    forward, vjp = fused.pair(cell)
    a_x, a_h, h, d_h = np.random.default_rng(0).normal(size=(4, 2, 3))

    def step(a):
        return forward(a, a_h, (h,))

    d_a_x, _, _ = vjp((d_h,), step(a_x)[1])
    check_gradient(lambda a: (step(a)[0][0] * d_h).sum(), a_x, d_a_x)


@pytest.mark.parametrize("name", each(CELLS))
def test_without_a_tape_the_outputs_are_the_same(name):
    cell, p = CELLS[name][0], problem(name, 5, 3, 4, 6)
    with_tape = fused.unroll(cell, p.params, p.x, p.state)
    y, state, tape = fused.unroll(cell, p.params, p.x, p.state, keep=False)
    assert tape is None
    assert_same((y, state), with_tape[:2])


@pytest.mark.parametrize("name", each(CELLS))
def test_a_tape_that_is_spent_gives_the_same(name):
    p = problem(name, 5, 3, 4, 18)
    assert_same(both_ways(name, p, spend=True), both_ways(name, p))


@pytest.mark.parametrize("name", each(CELLS))
def test_the_bits_do_not_depend_on_the_threads(name, monkeypatch):
    p = problem(name, 5, 7, 33, 70)
    monkeypatch.setattr("rnncore.fused.thread_pool.SMALL", 0)
    found = []
    for threads in (1, 2, 3, 7):
        monkeypatch.setattr(
            "rnncore.fused.thread_pool.threads", lambda n=threads: n
        )
        found += [both_ways(name, p), both_ways(name, p)]
    for other in found[1:]:
        assert_same(other, found[0])


def test_many_threads_may_run_at_once():
    p = problem("lstm", 20, 6, 8, 20)
    found = []

    def run():
        found.extend(both_ways("lstm", p) for _ in range(5))

    runs = [threading.Thread(target=run) for _ in range(4)]
    for r in runs:
        r.start()
    expected = both_ways("lstm", p)
    for r in runs:
        r.join()
    assert len(found) == 20
    for got in found:
        assert_same(got, expected)


def in_process(code, cache):
    """A new interpreter that runs this after the imports."""
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"RNNCORE_LOOPS": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output(process):
    """What it printed to both, once it has ended well."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out, err


COUNTED = """
import hashlib, json, sys
from tests.rnncore.fused import test_fused as t
found = t.flat(t.both_ways("lstm", t.problem("lstm", 5, 3, 4, 6)))
digest = hashlib.sha256(b"".join(a.tobytes() for a in found)).hexdigest()
print(json.dumps([digest, "rnncore.fused.jit" in sys.modules]))
"""


def test_a_second_process_reads_what_the_first_one_compiled(kept_loops):
    both_ways("lstm", problem("lstm", 5, 3, 4, 6))
    out, err = output(in_process(COUNTED, kept_loops))
    _, compiles = json.loads(out)
    assert not compiles
    assert err == ""


SECOND_START = """
import sys, time
import numpy as np
from rnncore.rnn import init_params
params = init_params(np.random.default_rng(0), 2, 3, 4)
x, zero = np.ones((4, 2, 2)), np.zeros((2, 3))
start = time.process_time()
from rnncore import fused
from rnncore.fused.cells import lstm
fused.unroll(lstm, params, x, (zero, zero))
print(time.process_time() - start, "numba" in sys.modules)
"""


def test_a_second_start_takes_a_moment_and_does_without_numba(kept_loops):
    cell, p = fused.cells.lstm, problem("lstm", 2, 2, 2, 3)
    fused.unroll(cell, p.params, p.x, p.state)
    runs = [
        output(in_process(SECOND_START, kept_loops))[0].split()
        for _ in range(3)
    ]
    assert {numba for _, numba in runs} == {"False"}
    assert min(float(seconds) for seconds, _ in runs) < 0.3


def test_a_second_start_says_so_where_numba_was_replaced(monkeypatch):
    monkeypatch.setattr(loop_cache, "version", lambda name: "0.0")
    loop_cache._versions.cache_clear()
    other = loop_cache.digest_of("a source", "float64")
    monkeypatch.undo()
    loop_cache._versions.cache_clear()
    assert loop_cache.digest_of("a source", "float64") != other


@pytest.mark.weekly
def test_of_two_processes_one_compiles_and_the_other_reads(tmp_path):
    two = [in_process(COUNTED, tmp_path) for _ in range(2)]
    outs, errs = zip(*map(output, two), strict=True)
    a, b = map(json.loads, outs)
    assert a[0] == b[0]
    assert a[1] + b[1] == 1
    assert errs == ("", "")  # said in a terminal alone
    assert json.loads(output(in_process(COUNTED, tmp_path))[0]) == [
        a[0],
        False,
    ]


@pytest.mark.weekly
def test_where_nothing_can_be_kept_it_runs_all_the_same(tmp_path):
    (tmp_path / "file").touch()  # no folder can be made in it
    out, err = output(in_process(COUNTED, tmp_path / "file"))
    assert json.loads(out)[1]
    assert err == ""


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("screen", [Terminal, io.StringIO])
def test_what_is_compiled_is_said_once_in_a_terminal(
    screen, tmp_path, monkeypatch
):
    monkeypatch.setenv("RNNCORE_LOOPS", str(tmp_path))
    monkeypatch.setattr("sys.stderr", screen())
    for _ in range(2):
        loop_cache.code_for(
            "a", "float64", lambda: b"code", "the loops of a cell"
        )
    (tmp_path / "file").touch()
    monkeypatch.setenv("RNNCORE_LOOPS", str(tmp_path / "file"))
    loop_cache.code_for(
        "a", "float64", lambda: b"code", "the loops of a cell"
    )
    said = "rnncore.fused: compiles the loops of a cell, a few seconds "
    both = f"{said}(kept in {tmp_path})\n{said}(not kept)\n"
    assert sys.stderr.getvalue() == both * (screen is Terminal)


def test_the_folder_is_the_system_s_and_the_user_s_own(
    tmp_path, monkeypatch
):
    monkeypatch.delenv("RNNCORE_LOOPS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = loop_cache.path_for("0" * 24)
    assert path == tmp_path / "rnncore" / "fused" / f"{'0' * 24}.code"
    assert path.parent.is_dir()
    path.parent.chmod(0o777)  # others could write what would be run
    assert loop_cache.path_for("0" * 24) is None
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert loop_cache.path_for("0" * 24) is None
    monkeypatch.setenv("HOME", str(tmp_path))
    for given in ("", "relative"):  # not valid: left out of account
        monkeypatch.setenv("XDG_CACHE_HOME", given)
        assert loop_cache.user_cache().is_relative_to(tmp_path)
        monkeypatch.setenv("RNNCORE_LOOPS", given)
        assert loop_cache.store().is_relative_to(tmp_path)


@pytest.mark.parametrize("owner", [0, os.getuid(), os.getuid() + 1])
def test_what_another_user_owns_is_not_run(owner, tmp_path, monkeypatch):
    monkeypatch.setenv("RNNCORE_LOOPS", str(tmp_path))
    tmp_path.chmod(0o755)
    about = os.stat_result([0o40755, 0, 0, 1, owner, *[0] * 5])
    monkeypatch.setattr(Path, "is_dir", lambda path: True)
    monkeypatch.setattr(Path, "stat", lambda path: about)
    found = loop_cache.path_for("0" * 24)
    assert (found is None) == (owner not in {0, os.getuid()})


def test_a_disk_that_is_full_is_no_failure(tmp_path, monkeypatch):
    def full(*given):
        raise OSError("No space left on device")

    monkeypatch.setenv("RNNCORE_LOOPS", str(tmp_path))
    monkeypatch.setattr(Path, "write_bytes", full)
    assert loop_cache.code_for("a", "float64", lambda: b"code") == b"code"
    assert [p.suffix for p in tmp_path.iterdir()] == [".lock"]


def test_a_file_that_is_not_whole_is_compiled_again(tmp_path, monkeypatch):
    monkeypatch.setenv("RNNCORE_LOOPS", str(tmp_path))
    made = []

    def make():
        made.append(1)
        return b"code"

    for _ in range(2):
        assert loop_cache.code_for("a", "float64", make) == b"code"
    assert len(made) == 1
    path = loop_cache.path_for(loop_cache.digest_of("a", "float64"))
    for wrong in (b"", path.read_bytes()[:-1], path.read_bytes() + b"x"):
        path.write_bytes(wrong)
        assert loop_cache.code_for("a", "float64", make) == b"code"
    assert len(made) == 4


def test_arrays_that_the_loops_would_misread_are_refused():
    f = loop_cache.Loops(
        fused.source_text.derived(fused_cells.lstm), "float64"
    ).outer
    given = [np.zeros(1) if array else 0 for array in f.arrays]
    f(*given)  # no panels: nothing is read
    for wrong in (np.zeros(1, "f"), np.zeros(4)[::2]):
        for k in np.flatnonzero(f.arrays):
            with pytest.raises(TypeError, match=r"contiguous .* float64"):
                f(*given[:k], wrong, *given[k + 1 :])


def test_a_child_of_fork_runs_too(kept_loops):
    code = (
        "import os; from tests.rnncore.fused import test_fused as t\n"
        "p = t.problem('lstm', 5, 3, 4, 6); t.both_ways('lstm', p)\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    t.both_ways('lstm', p); os._exit(7)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    assert output(in_process(code, kept_loops))[0] == "7\n"


@pytest.mark.parametrize("name", each(CELLS))
def test_nan_is_carried(name):
    p = problem(name, 4, 3, 5, 18)
    p.x[1, 2, 0] = np.nan
    y, _, d_params, d_x, _ = both_ways(name, p)
    expected = oracles.both_ways(printed(name), p)
    if name == "simple_unit":
        # a_h of its first gate is read by no one: the loop writes 0 there,
        # where the printed form has 0 times NaN
        H = p.params.W_h.shape[1]
        assert (d_params.b_h[:H] == 0).all()  # exact: zero
        expected[2].b_h[:H] = 0
    assert_same(
        tree_map(np.isnan, (y, d_params, d_x)),
        tree_map(np.isnan, (expected[0], *expected[2:4])),
    )
    assert np.isnan(y[1, 2]).all()
    assert not np.isnan(y[:, :2]).any()


def test_arrays_need_not_be_contiguous():
    p = problem("gru", 5, 3, 4, 6)
    expected = both_ways("gru", p)
    turned = tree_map(lambda a: np.asfortranarray(a), p)
    assert_same(both_ways("gru", turned), expected)
    wide = p._replace(x=np.repeat(p.x, 2, axis=2)[:, :, ::2])
    assert_same(both_ways("gru", wide), expected)
    for array in (p.x, p.d_y, *p.state, *p.d_state, *p.params):
        array.flags.writeable = False
    assert_same(both_ways("gru", p), expected)


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


def clips(a, h):
    return np.clip(a, -1, 1)


def minute(a, h):
    import math

    return math.tanh(a)


def unending(a, h):
    first, *_ = a
    return tanh(first)


def infinite(a, h):
    return minimum(a, float("inf"))


def no_number(a, h):
    return where(h > 0, a, float("nan"))


def root_of_negative(a, h):
    return (-2) ** a


def lengths(a, h):
    return a[0] / len(a)


def last_gate(a, h):
    return a[-1]


def some_gates(a, h):
    i, f = a[:2]
    return i * f


def gate_too_many(a, h):
    i, f = a
    return i * f + a[2]


def uneven(a_x, a_h, h):
    i, f = a_x
    j, g, k = a_h
    return i + j + f + g + k


def whole_beside_gates(a, h):
    r, z = a
    return sigmoid(r) * h + z * tanh(a)


def whole_returned(a, h):
    _r, _z = a
    return a


def whole_powered(a, h):
    r, z = a
    return r * z + a**1.5


def whole_beside_its_sister(a_x, a_h, h):
    r, z = a_x
    return sigmoid(r) * h + z * tanh(a_h)


def weight_from_outside(a, h):
    return tanh(a) * np.ones(3)


def method(a, h):
    return a.tanh()


def nothing(a, h):
    tanh(a)


def listed(a, h):
    return [tanh(a)]


def generated(a, h):
    yield tanh(a)


def forgotten(a, h):
    tanh(a)
    return h


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (numpy_function, r"^\S+test_fused.py:.* of rnncore.fused"),
        (clips, r"^\S+test_fused.py:.*return np.clip"),
        (minute, "takes a unit's value for a number; .* rnncore.fused"),
        (unending, "take the gates apart by name"),
        (loops_for_ever, "take the gates apart by name"),
        (infinite, "expected a finite number, got inf"),
        (no_number, "expected a finite number, got nan"),
        (root_of_negative, "expected a base above 0, got -2"),
        (lengths, "asks how many gates .* take the gates apart by name"),
        (last_gate, "asks for gate -1: expected one of 0 to 63"),
        (some_gates, "expected the number of one gate, got slice"),
        (gate_too_many, "asks for gate 2: expected one of 0 to 1"),
        (uneven, "a_x and a_h have as many gates"),
        (whole_beside_gates, "uses a as a whole .* the gate: r, z = a$"),
        (whole_returned, "whole_returned: uses a as a whole and also"),
        (whole_powered, "uses a as a whole and also takes it apart"),
        (whole_beside_its_sister, "uses a_h as a whole .*: r, z = a_h$"),
        (
            weight_from_outside,
            "got ndarray; a weight of each unit is a part",
        ),
        (method, r"asks .* \.tanh; write tanh\(x\), min.*, or i, g = a"),
        (nothing, "expected it to return h or a tuple.*got NoneType"),
        (listed, "expected it to return h or a tuple.*got list"),
        (generated, "expected it to return h or a tuple.*got generator"),
        (forgotten, "returns h as it came"),
    ],
)
def test_a_refusal_says_what_was_expected(cell, message):
    with pytest.raises(ValueError, match=message):
        fused.vjp_source(cell)


def test_numbers_of_numpy_count_as_numbers():
    def cell(a, h):
        return np.float32(0.5) * tanh(a) + np.int64(2) * h

    (h,), _ = fused.pair(cell)[0](*np.ones((2, 1, 1)), (np.ones((1, 1)),))
    assert_close(h, [[0.5 * np.tanh(2) + 2]])


def test_a_cell_of_one_gate_may_read_it_as_a_whole():
    def cell(a, h):
        (only,) = a
        return tanh(a) + only

    (h,), _ = fused.pair(cell)[0](*np.ones((2, 1, 1)), (np.ones((1, 1)),))
    assert_close(h, [[np.tanh(2) + 2]])


def two_for_one(a, h):
    return tanh(a), h


def test_the_number_of_parts_is_checked():
    with pytest.raises(ValueError, match=r"expected 1 part.* got 2"):
        fused.vjp_source(two_for_one)
    with pytest.raises(ValueError, match="expected a function, got int"):
        fused.vjp_source(3)
    with pytest.raises(ValueError, match=r"expected parameters \(a, h"):
        fused.vjp_source(lambda x, y: x)


def mixed(p):
    """The arguments of unroll with one array of float32 after the other."""
    yield p.params, p.x.astype("f"), p.state
    for k in range(len(p.state)):
        parts = [
            s.astype("f") if j == k else s for j, s in enumerate(p.state)
        ]
        yield p.params, p.x, tuple(parts)
    for name in FIELDS:
        w = getattr(p.params, name).astype("f")
        yield p.params._replace(**{name: w}), p.x, p.state


def test_what_torch_would_differentiate_is_refused_without_a_module():
    p = tree_map(torch.asarray, problem("lstm", 5, 3, 4, 6))
    cell = fused_cells.lstm
    _, _, tape = fused.unroll(cell, p.params, p.x, p.state)
    for a in (p.x, *p.params, *p.state):
        a.requires_grad_()
        with pytest.raises(ValueError, match="requires_grad"):
            fused.unroll(cell, p.params, p.x, p.state)
        with torch.no_grad():
            fused.unroll(cell, p.params, p.x, p.state)
        a.requires_grad_(False)
    for a in (p.d_y, *p.d_state):
        a.requires_grad_()
        with pytest.raises(ValueError, match="requires_grad"):
            fused.bptt(cell, p.params, tape, p.d_y, p.d_state)
        a.requires_grad_(False)


def sparse(folder, small, rows, first):
    """An array with many more rows, of which the last hold `small`'s.

    The file has holes, so that nothing else of it is ever stored. Shapes:
    small (n, 2, ...) -> (n, rows, ...)
    """
    shape = small.shape[0], rows, *small.shape[2:]
    with tempfile.TemporaryFile(dir=folder) as file:
        a = np.memmap(file, small.dtype, "w+", shape=shape)
    a[:, first:] = small
    return a


def test_places_past_two_to_the_31_are_reached(tmp_path):
    p = problem("lstm", 1, 2, 5, 6, dtype=np.float32)
    loops = loop.loops_of(fused_cells.lstm, "float32")
    packed = loop.Packed(fused_cells.lstm, p.params)
    made = fused.source_text.derived(fused_cells.lstm)
    n, P = len(made.kept), -(-6 // loops.lanes) * loops.lanes
    found = []
    for rows in (2, 2**31 // 5 + 2):  # x is the narrowest array
        lo = rows - 2
        (h, c), zero = p.state, np.zeros((1, 2, 6), "f")

        def far(*arrays, rows=rows, lo=lo):
            return [sparse(tmp_path, a, rows, lo) for a in arrays]

        x, q, d, d_x = far(
            p.x, *(np.zeros((1, 2, k, 6), "f") for k in (n, 4)), 0 * p.x
        )
        hs, cs = far(*(np.stack([s, zero[0]]) for s in (h, c)))
        d_y, d_h0, d_c = far(p.d_y, zero, p.d_state[1][None])
        step = rows * 6
        parts = [(hs, d_h0), (cs, d_c)]
        flat = [v for s, _ in parts for v in (s.reshape(-1), step)]
        size = 1, rows, 5, 6, lo, rows
        W_x, W_h, bias = packed.forward
        a = np.zeros(2 * bias.size, "f")
        loops.forward(
            *size, x.reshape(-1), W_x, W_h, bias, 1, np.empty(10, "f"), a,
            q.reshape(-1), rows * n * 6, *flat,
        )  # fmt: skip
        W_x, W_h = packed.backward
        d_h = np.zeros((2, P), "f")
        d_h[:, :6] = p.d_state[0]
        row = np.zeros(3 * P, "f")
        flat = [
            v
            for s, d_s in parts
            for v in (s.reshape(-1), step, d_s.reshape(-1))
        ]
        loops.backward(
            *size, d_y.reshape(-1), q.reshape(-1), d.reshape(-1), 4, W_h, W_x,
            d_h.reshape(-1), 1, np.empty(48, "f"), row, P, d_x.reshape(-1),
            *flat,
        )  # fmt: skip
        found.append(
            [np.array(b[:, lo:]) for b in (hs, cs, q, d, d_x, d_c)]
        )
    y, _, _, d_x, _ = both_ways("lstm", p)
    assert_same([found[0][0][1:], found[0][4]], [y, d_x])
    assert_same(found[1], found[0])


def test_bad_arrays_are_refused():
    p = problem("lstm", 5, 3, 4, 6)
    cell = fused_cells.lstm
    with pytest.raises(ValueError, match="every size at least 1"):
        fused.unroll(
            cell, p.params, p.x[:, :0], tuple(s[:0] for s in p.state)
        )
    for x in (p.x[:0], p.x[:, :, :0]):
        with pytest.raises(ValueError, match=r"^x:"):
            fused.unroll(cell, p.params, x, p.state)
    for given in mixed(p):
        with pytest.raises(ValueError, match=r"expected float\d\d on cpu"):
            fused.unroll(cell, *given)
    _, _, tape = fused.unroll(cell, p.params, p.x, p.state)
    single = tuple(d.astype("f") for d in p.d_state)
    for d in ((p.d_y.astype("f"), p.d_state), (p.d_y, single)):
        with pytest.raises(ValueError, match="expected float64"):
            fused.bptt(cell, p.params, tape, *d)
    with pytest.raises(ValueError, match=r"expected 2 array\(s\), got 1"):
        fused.unroll(cell, p.params, p.x, p.state[:1])
    with pytest.raises(ValueError, match="W_h"):
        fused.unroll(fused_cells.gru, p.params, p.x, p.state[:1])
    half = tree_map(lambda a: a.astype(np.float16), p)
    with pytest.raises(ValueError, match="float32 or float64, got float16"):
        fused.unroll(cell, half.params, half.x, half.state)


def test_what_belongs_to_another_cell_or_layer_is_refused():
    """Compiled loops would read past the end of the arrays."""
    p, wide = problem("lstm", 5, 3, 4, 6), problem("lstm", 5, 3, 4, 60)
    cell = fused_cells.lstm
    y, last, tape = fused.unroll(cell, p.params, p.x, p.state)
    with pytest.raises(ValueError, match=r"state\[0\]: expected \(3, 60\)"):
        fused.bptt(cell, wide.params, tape, y, last)
    short = tape._replace(kept=tape.kept[:, :, :1])
    with pytest.raises(ValueError, match=r"^tape:"):
        fused.bptt(cell, p.params, short, y, last)
    short = tape._replace(state=p.state[:1], steps=tape.steps[:1])
    with pytest.raises(ValueError, match=r"expected 2 array\(s\), got 1"):
        fused.bptt(cell, p.params, short, y, last[:1])
    other = loop.Packed(cell, wide.params)
    with pytest.raises(ValueError, match=r"^packed:"):
        fused.unroll(cell, p.params, p.x, p.state, packed=other)
    with pytest.raises(ValueError, match=r"^packed:"):
        fused.bptt(cell, p.params, tape, y, last, packed=other)
    other = loop.Packed(fused_cells.gru, problem("gru", 5, 3, 4, 6).params)
    with pytest.raises(ValueError, match=r"^packed:"):
        fused.unroll(cell, p.params, p.x, p.state, packed=other)


def test_a_constant_of_the_surroundings_counts():
    def leaky(rate):
        def cell(a, h, *, slope=0.1):
            return rate * h + (1 - rate) * (tanh(a) + slope * a)

        return cell

    forward, _ = fused.pair(leaky(0.75))
    (h,), _ = forward(np.zeros((1, 1)), np.ones((1, 1)), (np.ones((1, 1)),))
    assert_close(h, [[0.75 + 0.25 * (np.tanh(1) + 0.1)]])


def test_equal_operations_are_computed_once():
    def twice(a, h):
        return tanh(sigmoid(a)) * exp(sigmoid(a)) + tanh(sigmoid(a))

    text = fused.vjp_source(twice) + fused.loop_source(twice)
    forward = text.split("def forward")[1].split("def backward")[0]
    assert forward.count("sigmoid(") == 2  # whole registers, and the rest
