"""The loops of an LSTM that torch compiles, scans or computes again."""

import pytest
import torch

from rnncore.lstm import lstm_cell
from rnncore.rnn import unroll
from tests.helpers.arrays import assert_close
from tools.bench import compiling
from tools.bench.timing import make_problem

SHAPE = 10, 2, 3, 4


def given(dtype=torch.float64):
    return make_problem("LSTM", SHAPE, "cpu", dtype)


def test_the_loop_is_the_book_s():
    params, x, state, _ = given()
    y, _ = compiling.make_training_run(given(), compiling.loop)()
    assert_close(y, unroll(lstm_cell, params, x, state)[0])


@pytest.mark.parametrize(
    "over",
    [
        compiling.run_checkpointed,
        pytest.param(compiling.run_scan, marks=pytest.mark.slow),
    ],
)
def test_every_way_has_the_loop_s_outputs_and_gradients(over):
    found = compiling.make_training_run(given(), over)()
    right = compiling.make_training_run(given(), compiling.loop)()
    for a, b in zip(found, right, strict=True):
        assert_close(a, b)


def test_two_linear_steps_are_one():
    f, u, h = (torch.tensor(q) for q in ([0.5, 2.0], [3.0, 4.0], 10.0))
    both = compiling.combine_steps((f[0], u[0]), (f[1], u[1]))
    assert both[0] * h + both[1] == f[1] * (f[0] * h + u[0]) + u[1] == 20


def test_a_way_with_other_results_is_refused():
    one = torch.ones(1)
    with pytest.raises(ValueError, match="wrong: another result"):
        compiling.time_first_calls(
            {"right": lambda: (one,), "wrong": lambda: (2 * one,)}
        )


def test_what_torch_cannot_compile_has_no_time():
    def fails():
        raise torch._dynamo.exc.BackendCompilerFailed(
            print, ValueError("no"), None
        )

    runs = {"eager": lambda: (torch.ones(1),), "scan": fails}
    assert set(compiling.time_first_calls(runs)) == {"eager"}


def test_times_are_ratios_to_the_loop_and_a_refused_way_has_none(
    monkeypatch,
):
    def ways(given):
        assert given[1].shape == (5, compiling.B, compiling.D)
        return dict.fromkeys(("eager", "whole", "scan"), lambda: ())

    monkeypatch.setattr(compiling, "list_ways", ways)
    monkeypatch.setattr(
        compiling,
        "time_first_calls",
        lambda runs: {"eager": 0.1, "whole": 7.0},
    )
    monkeypatch.setattr(
        compiling,
        "time_runs",
        lambda runs, repeats: {"eager": 0.0625 * repeats, "whole": 0.09375},
    )
    assert compiling.compare(5, 3) == {
        "time.eager.5": 1,
        "time.whole.5": 0.5,
        "seconds.eager.5": 0.1,
        "seconds.whole.5": 7.0,
        "milliseconds.5": 187.5,
        "refused.5": ["scan"],
    }


def test_a_figure_is_kept_under_its_unit_with_the_command_that_gave_it(
    monkeypatch,
):
    kept = {}

    def record(values, **about):
        kept.update({key: (value, about) for key, value in values.items()})

    monkeypatch.setattr(compiling, "record", record)
    compiling.keep(
        {
            "time.eager.5": 1.234,
            "memory.kept.5": 2.0,
            "refused.5": ["scan"],
        },
        "python -m x --repeats 2 --save",
    )
    units = {key: (value, a["unit"]) for key, (value, a) in kept.items()}
    assert units == {
        "compiling.time.eager.5": (1.23, "ratio"),
        "compiling.memory.kept.5": (2.0, "MB"),
        "compiling.refused.5": (["scan"], "names"),
    }
    assert {a["command"] for _, a in kept.values()} == {
        "python -m x --repeats 2 --save"
    }


def test_the_command_has_the_options_that_were_given(monkeypatch):
    told = []
    given = ["--lengths", "--long", "4", "--repeats", "2", "--save"]
    monkeypatch.setattr("sys.argv", ["compiling", *given])
    for way in ("measure_saved_memory", "compare_linear"):
        monkeypatch.setattr(compiling, way, lambda T, repeats: {})
    monkeypatch.setattr(
        compiling, "keep", lambda found, command: told.append(command)
    )
    monkeypatch.setattr(
        torch._inductor.config, "force_disable_caches", False
    )
    monkeypatch.setattr(torch._inductor.config, "compile_threads", 1)
    threads = torch.get_num_threads()
    compiling.main()
    torch.set_num_threads(threads)
    assert set(told) == {f"{compiling.COMMAND} {' '.join(given)}"}


def test_checkpoints_save_memory():
    runs = {
        over: compiling.make_training_run(
            make_problem("LSTM", (64, 8, 8, 32), "cpu"), over
        )
        for over in (compiling.loop, compiling.run_checkpointed)
    }
    plain, kept = (compiling.peak_bytes(run) for run in runs.values())
    assert kept < plain / 2
