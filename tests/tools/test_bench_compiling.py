"""The loops of an LSTM that torch compiles, scans or computes again."""

import pytest
import torch

from rnncore.lstm import lstm_cell
from rnncore.rnn import unroll
from tests.helpers.arrays import assert_close
from tools.bench import compiling
from tools.bench.timing import problem

SHAPE = 10, 2, 3, 4


def given(dtype=torch.float64):
    return problem("LSTM", SHAPE, "cpu", dtype)


def test_the_loop_is_the_book_s():
    params, x, state, _ = given()
    y, _ = compiling.trained(given(), compiling.loop)()
    assert_close(y, unroll(lstm_cell, params, x, state)[0])


@pytest.mark.parametrize(
    "over",
    [
        compiling.checkpointed,
        pytest.param(compiling.scanned, marks=pytest.mark.slow),
    ],
)
def test_every_way_has_the_loop_s_outputs_and_gradients(over):
    found = compiling.trained(given(), over)()
    right = compiling.trained(given(), compiling.loop)()
    for a, b in zip(found, right, strict=True):
        assert_close(a, b)


def test_two_linear_steps_are_one():
    f, u, h = (torch.tensor(q) for q in ([0.5, 2.0], [3.0, 4.0], 10.0))
    both = compiling.after((f[0], u[0]), (f[1], u[1]))
    assert both[0] * h + both[1] == f[1] * (f[0] * h + u[0]) + u[1] == 20


def test_a_way_with_other_results_is_refused():
    one = torch.ones(1)
    with pytest.raises(ValueError, match="wrong: another result"):
        compiling.begun(
            {"right": lambda: (one,), "wrong": lambda: (2 * one,)}
        )


def test_what_torch_cannot_compile_has_no_time():
    def fails():
        raise torch._dynamo.exc.BackendCompilerFailed(
            print, ValueError("no"), None
        )

    runs = {"eager": lambda: (torch.ones(1),), "scan": fails}
    assert set(compiling.begun(runs)) == {"eager"}


def test_checkpoints_save_memory():
    runs = {
        over: compiling.trained(
            problem("LSTM", (64, 8, 8, 32), "cpu"), over
        )
        for over in (compiling.loop, compiling.checkpointed)
    }
    plain, kept = (compiling.peak_bytes(run) for run in runs.values())
    assert kept < plain / 2
