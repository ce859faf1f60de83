"""What is timed by length computes what it says, small and on a CPU."""

import json
import os

import pytest
import torch

from tests.helpers.arrays import assert_close
from tools.bench.parallel import by_length as parallel
from tools.bench.parallel.by_length import (
    Sizes,
    find_ways,
    make_diagonal,
    settle,
)

SMALL = Sizes(
    lengths=(3, 5),
    B=2,
    H=8,
    batches=(2,),
    narrow=4,
    newton=(3, 9),
    stepped=4,
    units=(4,),
    updates=1,
    repeats=1,
)


def test_each_way_has_a_time_at_each_length(tmp_path, monkeypatch):
    monkeypatch.setattr(parallel, "record", keep := Kept())
    assert parallel.main(["--save"], SMALL) == 0
    found = keep.known
    assert set(found["parallel.cpu.layers.5"]) == {
        "LSTM",
        "scan",
        "attention",
    }
    assert set(found["parallel.cpu.newton.2.3"]) == {
        *("steps", "three", "settled", "rounds"),
    }
    assert (
        "steps" not in found["parallel.cpu.newton.2.9"]
    )  # too long a loop
    assert found["parallel.cpu.updates.4"]["update"] > 0
    json.dumps(found)


class Kept:
    """In place of `record`."""

    def __init__(self):
        self.known = {}

    def __call__(self, values, **rest):
        self.known |= values


def test_a_way_that_is_off_is_no_way():
    given = make_diagonal(9, 2, 4, "cpu")
    ways = find_ways(given, 9)
    assert parallel.check_states(ways) == settle(*given)[2].rounds
    with pytest.raises(ValueError, match="steps: expected Newton's states"):
        parallel.check_states(
            ways | {"steps": lambda: torch.zeros(9, 2, 4)}
        )


RUNS = torch.cuda.is_available() or "TRITON_INTERPRET" in os.environ


@pytest.mark.skipif(not RUNS, reason="needs a GPU, or TRITON_INTERPRET=1")
def test_one_kernel_steps_as_the_cell_does():
    pytest.importorskip("triton")
    from tools.bench.parallel.one_kernel import run_in_one_kernel

    device = "cuda" if torch.cuda.is_available() else "cpu"
    given = make_diagonal(9, 3, 70, device)  # 70 lanes: two programs
    expected = parallel.step_through(*given)
    assert_close(run_in_one_kernel(*given), expected, within=1e-5)
