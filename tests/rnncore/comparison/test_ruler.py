"""The memory ruler: what it finds in a cell, and what it tells of a broken one."""

import json
import math
import re
import subprocess
import sys

import numpy as np
import pytest

from rnncore.__main__ import main
from rnncore.comparison import ruler
from tests.helpers import ROOT
from tests.helpers.arrays import assert_close
from tools.train import runner
from tools.train.ch07 import ruler as train_ruler

EXAMPLE = ROOT / "examples/my_cell.py"
SOURCE = EXAMPLE.read_text("utf-8")


def leak(keep):
    """A cell of which each half-life is known: h = keep h + a_x."""

    def cell(a_x, a_h, state):
        return (keep * state[0] + a_x,), None

    def cell_vjp(d_state, cache):
        return d_state[0], 0 * d_state[0], (keep * d_state[0],)

    return ruler.Cell(cell, cell_vjp)


@pytest.fixture
def few(monkeypatch):
    """Three lags instead of all."""
    monkeypatch.setattr(ruler, "LAGS", (1, 2, 3))


def run(capsys, *words):
    """Exit code, stdout and stderr of one command line."""
    code = main(["memory-ruler", *map(str, words)])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


@pytest.mark.parametrize("name", ruler.CELLS)
def test_the_package_s_cells_have_the_right_gradient(name):
    # central differences with a step of 1e-6 are good to about 1e-9
    assert ruler.check_cell(ruler.CELLS[name]) < 1e-8


@pytest.mark.parametrize("keep", [0.5, 0.9, 0.99])
def test_the_half_life_of_a_leak_is_that_of_its_exponential(keep):
    found = ruler.half_life(leak(keep))
    assert_close(found, math.log(0.5) / math.log(keep))


@pytest.mark.slow
def test_a_state_that_stays_has_no_half_life():
    assert ruler.half_life(leak(1.0)) == math.inf


def test_a_state_that_grows_without_end_is_told():
    message = "the state is not finite after . steps of waiting"
    with (
        pytest.raises(AssertionError, match=message),
        np.errstate(over="ignore", invalid="ignore"),
    ):
        ruler.half_life(leak(1e100))


def test_a_cell_that_hears_nothing_has_no_memory():
    silent = ruler.Cell(lambda a_x, a_h, state: (state, None), None)
    assert ruler.half_life(silent) == 0


def test_training_gives_the_same_numbers_again_and_a_larger_budget_adds(
    few,
):
    plain = ruler.CELLS["plain"]
    needed = ruler.updates_by_lag(plain, 0, 100)
    assert len(needed) == 3
    assert needed == ruler.updates_by_lag(plain, 0, 100)
    smaller = max(needed) - 1
    lag = ruler.longest_lag(needed, smaller)
    assert lag < 3
    assert lag == ruler.longest_lag(
        ruler.updates_by_lag(plain, 0, smaller), smaller
    )


def test_a_cell_without_memory_learns_no_lag():
    assert ruler.updates_needed(leak(0.0), 1, 0, 60) is None


def test_training_ends_where_the_loss_is_not_finite():
    with np.errstate(all="ignore"):
        assert ruler.updates_needed(leak(1e200), 4, 0, 10**9) is None


def test_the_longest_lag_is_that_below_the_first_failure():
    assert ruler.LAGS[:4] == (1, 2, 3, 4)
    assert ruler.longest_lag([5, 30, 10], 100) == 3
    assert ruler.longest_lag([5, 30, 10], 20) == 1
    assert ruler.longest_lag([5, 30, 10], 4) == 0


@pytest.mark.slow
def test_measure_puts_a_cell_beside_the_others_in_the_same_run(few):
    done = []
    cell = ruler.CELLS["plain"]
    found = ruler.measure(
        *cell, budget=100, seeds=(0,), progress=done.append
    )
    assert sum(done) == 3
    assert found.name == "rnn_cell"
    assert found.copy_lags == (found.copy_lag,) == (3,)
    assert found.gradient_error < 1e-8
    assert [dot.name for dot in found.beside] == ["plain", "GRU", "LSTM"]
    plain = found.beside[0].milliseconds  # timed in turns with the cell
    assert found.ratio == found.milliseconds / plain > 0
    own = found._replace(name="mine", copy_lags=(0,), milliseconds=0.7)
    (ax,) = ruler.draw(own, found).axes
    assert {t.get_text() for t in ax.texts} == {
        "plain",
        "GRU",
        "LSTM",
        "mine",
        "rnn_cell",
    }
    points = {tuple(line.get_xydata()[0]) for line in ax.lines}
    assert (0.7, 0.5) in points  # no lag at all lies below lag 1
    assert (found.milliseconds, 3) in points
    assert ax.get_yscale() == "log"


@pytest.mark.parametrize(
    "wrong",
    [{"budget": 0}, {"budget": 401}, {"seeds": (7,)}, {"seeds": ()}],
)
def test_what_the_stored_lags_do_not_cover_is_refused(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        ruler.measure(*ruler.CELLS["plain"], **wrong)


def test_the_course_s_cells_are_drawn_by_themselves():
    times = {"plain": [2.0, 1.0], "GRU": [3.0], "LSTM": [4.0]}
    dots = ruler.course_dots(times, budget=100, seeds=(0, 2))
    assert [d.name for d in dots] == ["plain", "GRU", "LSTM"]
    assert [d.milliseconds for d in dots] == [1, 3, 4]
    known = ruler.stored_lags()["value"]["GRU"]
    assert dots[1].copy_lags == tuple(
        ruler.longest_lag(known[seed], 100) for seed in (0, 2)
    )
    (ax,) = ruler.draw_dots(dots).axes
    assert [t.get_text() for t in ax.texts] == ["plain", "GRU", "LSTM"]


@pytest.mark.parametrize("width", [3.6, 6.4])
def test_names_of_close_dots_touch_nothing(width):
    cells = [("plain", (6, 32, 64), 0.042), ("GRU", (32,), 0.138)]
    own = [
        ("relu", (6, 8, 8), 0.055),
        ("leaky", (48, 48, 96), 0.044),
        ("minimal", (24,), 0.086),
        ("LSTM, bias 3", (24, 24, 32), 0.225),
    ]
    fig = ruler.draw_dots(
        [ruler.Dot(*dot) for dot in cells], [ruler.Dot(*dot) for dot in own]
    )
    fig.set_figwidth(width)
    fig.draw_without_rendering()
    (ax,) = fig.axes
    names = [text.get_window_extent() for text in ax.texts]
    lines = [line.get_window_extent() for line in ax.lines]
    for k, name in enumerate(names):
        assert not any(name.overlaps(o) for o in [*names[:k], *lines])
        assert name.x1 <= fig.bbox.x1


def test_a_poster_needs_a_dot():
    with pytest.raises(ValueError, match=r"^rulers:"):
        ruler.draw()


def test_the_stored_lags_cover_every_cell_and_seed():
    stored = ruler.stored_lags()
    assert set(stored["value"]) == set(ruler.CELLS)
    for runs in stored["value"].values():
        assert len(runs) == len(ruler.SEEDS)
        for needed in runs:
            assert len(needed) <= len(ruler.LAGS)
            assert all(0 < n <= ruler.BUDGET for n in needed)
    assert stored["device"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", stored["date"])
    assert str(ruler.LAGS) in stored["unit"]


def test_the_stored_lags_come_from_the_script(few, tmp_path, monkeypatch):
    path = tmp_path / "ruler.json"
    monkeypatch.setattr(train_ruler, "PATH", path)
    words = ["updates_by_lag", "--steps", "40", "--seeds", "0"]
    runner.main(train_ruler.TRAINING, words)
    found = json.loads(path.read_text())["ruler.updates_by_lag"]["value"]
    assert found["plain"] == [
        ruler.updates_by_lag(ruler.CELLS["plain"], 0, 40)
    ]
    assert set(found) == set(ruler.CELLS)


def test_another_rate_takes_another_number_of_updates(few):
    plain = ruler.CELLS["plain"]
    usual, slow = (
        ruler.updates_by_lag(plain, 0, 400, rate=rate)
        for rate in (ruler.LEARNING_RATE, 0.003)
    )
    assert usual == ruler.updates_by_lag(plain, 0, 400)
    assert slow[0] > usual[0]


def test_the_map_s_control_scores_less_the_lag_and_tests_other_seeds(
    few, monkeypatch
):
    asked = []

    def needed(cell, seed, budget, rate, start):
        asked.append((seed, budget, rate))
        return [5, 30] if seed < 100 else [5]

    monkeypatch.setattr(ruler, "updates_by_lag", needed)
    one = train_ruler.TUNED["GRU, open"]
    run = train_ruler.at_rate(one, {"rate": 0.03}, 4, budget=50)
    assert (run.validation, run.steps) == (-2.0, 50)
    assert run.test() == -1.0
    assert asked == [(4, 50, 0.03), (104, 50, 0.03)]


def test_contenders_of_the_ruler_have_as_many_weights():
    counts, most = [], 3 * 32 * (10 + 32 + 2) + 8 * 33
    for one in (train_ruler.TUNED | train_ruler.MORE).values():
        layer = one.draw(np.random.default_rng(0))
        H = layer.W_h.shape[1]
        counts.append(sum(w.size for w in layer) + 8 * (H + 1))
        if one.bias:
            assert layer.b_x[H : 2 * H].mean() > 2
    assert max(counts) == most
    assert min(counts) > 0.93 * most


def test_the_compiled_ruler_needs_as_many_updates_as_the_printed_one():
    one = train_ruler.MORE["LSTM, open 5"]
    printed = ruler.updates_needed(one.cell, 2, 0, 60, 0.01, one.draw)
    compiled = train_ruler.run_compiled(one, 0.01, 0, 60, 2)
    assert printed == compiled is not None


@pytest.mark.slow
def test_the_command_measures_the_example_and_draws(few, capsys, tmp_path):
    poster = tmp_path / "poster.svg"
    words = [EXAMPLE, "--budget", 100, "--poster", poster]
    code, out, _ = run(capsys, *words)
    assert code == 0
    for fact in (
        "gradient check  passed",
        "half-life       7.8 steps",
        "at most 100 updates a lag",
        "times the plain cell's",
    ):
        assert fact in out
    rows = re.findall(
        r"^  (\w+) +\d+\.\d+ +\d+   [\d, ]+$", out, re.MULTILINE
    )
    assert rows == ["leaky_cell", "plain", "GRU", "LSTM"]
    assert "<!-- leaky_cell -->" in poster.read_text()


ONE_LEFT = "    return d_a, d_a, ((1 - LEAK) * d_h,)"
FORWARD = "    return ((1 - LEAK) * h + LEAK * n,), n"
BROKEN = {
    "no return": (
        FORWARD,
        "",
        "expected 2 values (state, cache), got None\nIs a `return` missing",
    ),
    "no cache": (
        FORWARD,
        "    return (h,)",
        "leaky_cell: expected 2 values (state, cache), got a tuple of 1",
    ),
    "state no tuple": (
        FORWARD,
        "    return h, n",
        "state: expected a tuple (h,), got an array (3, 4)",
    ),
    "state transposed": (
        FORWARD,
        "    return (h.T,), n",
        "state[0]: expected shape (3, 4), got (4, 3) (transposed)",
    ),
    "state in float32": (
        FORWARD,
        "    return (h.astype(np.float32),), n",
        "state[0]: expected float64 as the arguments, got float32",
    ),
    "not finite": (
        FORWARD,
        "    return (h + np.inf,), n",
        "state[0]: not all numbers are finite",
    ),
    "forward in place": (
        FORWARD,
        "    h += n\n    return (h,), n",
        "leaky_cell changed its argument state[0] in place",
    ),
    "vjp without return": (
        ONE_LEFT,
        "",
        "expected 3 values (d_a_x, d_a_h, d_state), got None",
    ),
    "two outputs": (
        ONE_LEFT,
        "    return d_a, ((1 - LEAK) * d_h,)",
        "expected 3 values (d_a_x, d_a_h, d_state), got 2 values",
    ),
    "wrong shape": (
        ONE_LEFT,
        "    return d_a.sum(0), d_a, ((1 - LEAK) * d_h,)",
        "d_a_x: expected shape (3, 4), got (4,)",
    ),
    "way past dropped": (
        ONE_LEFT,
        "    return d_a, d_a, (0.0,)",
        "d_state[0]: expected an array (3, 4), got float",
    ),
    "a number for an array": (
        "d_a = LEAK * d_h * (1 - n * n)",
        "d_a = 0.0",
        "d_a_x: expected an array (3, 4), got float",
    ),
    "wrong entry": (
        "LEAK * d_h * (1 - n * n)",
        "LEAK * d_h * (1 - n)",
        "(12 of 12 entries differ)",
    ),
    "vjp in place": (
        ONE_LEFT,
        "    d_h *= 0.9\n    return d_a, d_a, (d_h,)",
        "leaky_cell_vjp changed its argument d_state[0] in place",
    ),
    "raises": (
        "    n = np.tanh(a_x + a_h)",
        "    n = np.tanh(a_x @ a_h)",
        "leaky_cell raised ValueError: ",
    ),
    "vjp raises": (
        "    d_a = LEAK",
        "    d_a = 1 / 0",
        "leaky_cell_vjp raised ZeroDivisionError: division by zero",
    ),
    "not written yet": (
        "    (d_h,) = d_state",
        "    raise NotImplementedError",
        "leaky_cell_vjp is not written yet",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_cell_is_told_by_name(name, capsys, tmp_path):
    was, now, message = BROKEN[name]
    assert SOURCE.count(was) == 1
    path = tmp_path / "broken.py"
    path.write_text(SOURCE.replace(was, now), "utf-8")
    code, out, err = run(capsys, path)
    assert (code, out) == (1, "")
    assert message in err
    if "raise" in name:
        line = now.split("\n")[-1].strip()
        number = SOURCE[: SOURCE.index(was)].count("\n") + 1
        assert f"{path}, line {number}: {line}" in err


def test_a_zero_that_the_loop_cannot_take_is_told():
    alone = leak(0.5)._replace(vjp=lambda d, _: (d[0], 0.0, (d[0] / 2,)))
    message = r"^d_a_h: expected an array \(3, 4\), got float$"
    with pytest.raises(AssertionError, match=message):
        ruler.check_cell(alone)


def test_a_wrong_entry_comes_with_both_numbers(capsys, tmp_path):
    path = tmp_path / "half.py"
    path.write_text(SOURCE.replace("d_a, d_a, (", "d_a, d_a / 2, ("))
    _, _, err = run(capsys, path)
    found = re.search(r"d_a_h\[\d, \d\]: expected (\S+), got (\S+) ", err)
    expected, got = map(float, found.groups())
    # printed with seven digits
    assert_close(got, expected / 2, within=1e-6 * abs(expected))


@pytest.mark.slow
def test_an_exception_during_training_is_shown_with_its_line(
    few, capsys, tmp_path
):
    path = tmp_path / "late.py"
    start = "    n = np.tanh(a_x + a_h)"
    late = "    assert_small = 1 / (a_x.shape != (32, 32))\n"
    path.write_text(SOURCE.replace(start, late + start))
    code, _, err = run(capsys, path, "--quick")
    assert code == 1
    assert "ZeroDivisionError" in err
    assert f"{path}, line " in err
    assert late.strip() in err


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def cell(:\n", "line 1: not Python: "),
        ("\0", "not Python: "),
        ("x = 1\n\nx.no\n", "AttributeError: 'int' object has no"),
        ("import sys\n\nsys.exit(3)\n", "SystemExit: 3"),
        ("def cell(a, b, c): pass\n", "got no such pair"),
        ("def cell_vjp(a, b): pass\n", "got no such pair"),
        (
            SOURCE + "\n\nother, other_vjp = leaky_cell, leaky_cell_vjp\n",
            "got leaky_cell, other; choose one with --cell",
        ),
        (SOURCE.replace("G = 1", "G = 0"), "G: expected an integer of at"),
        (
            SOURCE.replace("PARTS = 1", "PARTS = 1.0"),
            "PARTS: expected an integer of at least 1, got 1.0",
        ),
    ],
)
def test_a_file_that_holds_no_cell_is_refused(
    source, message, capsys, tmp_path
):
    path = tmp_path / "given.py"
    path.write_text(source, "utf-8")
    code, out, err = run(capsys, path)
    assert (code, out) == (2, "")
    assert message in err
    assert str(path) in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.py"], "nowhere.py: there is no such file"),
        ([EXAMPLE, "--budget", "0"], "--budget: expected 1 to 400, got 0"),
        ([EXAMPLE, "--poster", "a.gif"], "expected a file that ends in"),
        ([EXAMPLE, "--poster", "no/a.png"], "there is no folder no"),
        ([EXAMPLE, "--cell", "gru"], "functions gru and gru_vjp, got no"),
    ],
)
def test_a_command_that_cannot_begin_is_refused(words, message, capsys):
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert message in err


def test_one_of_several_cells_is_chosen(few, capsys, tmp_path):
    path = tmp_path / "two.py"
    more = "\n\ndef other(*a):\n    pass\n\n\nother_vjp = other\n"
    path.write_text(SOURCE + more)
    code, _, err = run(capsys, path, "--cell", "other")
    assert code == 1
    assert "other: expected 2 values (state, cache), got None" in err


@pytest.mark.slow
def test_an_imported_cell_counts_where_there_is_no_other(
    few, capsys, tmp_path
):
    path = tmp_path / "imports.py"
    line = "from rnncore.lstm import lstm_cell, lstm_cell_vjp\n"
    path.write_text(line + "G, PARTS = 4, 2\n")
    code, out, _ = run(capsys, path, "--quick")
    assert (code, out.split("\n")[0]) == (0, "lstm_cell")
    path.write_text(line + "\n\n" + SOURCE[SOURCE.index("import numpy") :])
    code, out, _ = run(capsys, path, "--quick")
    assert (code, out.split("\n")[0]) == (0, "leaky_cell")
    path.write_text(line)  # G is missing: the cell itself objects
    code, _, err = run(capsys, path, "--quick")
    assert code == 1
    assert "lstm_cell raised ValueError: state: expected 2 array" in err


def test_the_help_has_an_example_and_no_command_lists_all():
    def shell(*words):
        return subprocess.run(
            [sys.executable, "-m", "rnncore", *words],
            capture_output=True,
            text=True,
            check=False,
        )

    shown = shell("memory-ruler", "--help")
    assert shown.returncode == 0
    assert "memory-ruler examples/my_cell.py --poster" in shown.stdout
    assert "NAME and NAME_vjp" in shown.stdout
    listed = shell()
    assert listed.returncode == 0
    assert "memory-ruler" in listed.stdout
