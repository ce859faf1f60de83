"""What `make bench` compares: that both sides compute the same thing."""

import sys

import numpy as np
import pytest
import torch

from tests.helpers.arrays import assert_close
from tools.bench import applications, loops

pytest.importorskip("numba")
SHAPE = 5, 3, 4, 6
NAMES = [  # each other cell compiles for seconds
    pytest.param(n, marks=[pytest.mark.weekly] * (n != "LSTM"))
    for n in loops.EQUATIONS
]


def gradients(made):
    return [
        getattr(made, name).grad
        for name in made.state_dict()
        if name.startswith(("weight_ih", "weight_hh", "bias"))
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_compiled_module_and_its_rival_compute_the_same(name):
    made, theirs, x, state, d_y = loops.fused_pair(name, SHAPE)
    found = []
    for module in made, theirs:
        loops.make_run(module, x, state, d_y)()
        y, _ = loops.make_inference_run(module, x, state)
        found.append([y, *gradients(module)])
    assert len(found[0]) == 5
    assert_close(*found)


@pytest.mark.weekly
@pytest.mark.parametrize("name", loops.OWN)
def test_a_cell_of_ones_own_is_timed_beside_what_computes_the_same(name):
    runs = loops.own_runs(name, SHAPE)
    own, steps = (runs[way]() for way in ("own", "steps"))
    assert_close(own, steps, terms=64)
    right = runs["LSTM"]()[0]
    assert float((own[0] - right).detach().abs().max()) > 1e-3


def test_forward_alone_keeps_nothing_for_a_way_back():
    made, theirs, x, state, _ = loops.fused_pair("LSTM", SHAPE)
    for module in made, theirs:
        assert not loops.make_inference_run(module, x, state)[
            0
        ].requires_grad


@pytest.mark.weekly
def test_the_tables_have_a_row_a_shape_and_keep_their_ratios(
    monkeypatch, capsys
):
    kept = {}
    monkeypatch.setattr(
        loops, "record", lambda values, **about: kept.update(values)
    )
    monkeypatch.setattr(loops, "SHAPES", [SHAPE])
    monkeypatch.setattr(loops, "FUSED_SHAPES", [SHAPE, (7, 1, 4, 6)])
    monkeypatch.setattr(loops, "FUSED_LIMITS", {"LSTM": 1.0})
    monkeypatch.setattr(loops, "OWN", {"peephole LSTM": loops.peephole})
    monkeypatch.setattr(torch, "compile", lambda step: step)  # takes long
    monkeypatch.setattr(
        sys, "argv", ["loops", "--fused", "--repeats=1", "--save"]
    )
    before = torch.get_num_threads()
    try:
        assert loops.main() == 0
    finally:
        torch.set_num_threads(before)
    said = capsys.readouterr().out.splitlines()
    rows = [k.replace(")", "(").split("(") for k in said if ")" in k]
    rows = [r for r in rows if "layout" not in r[2]]
    limits = [(r[0].strip(), r[2].split()[1]) for r in rows]
    assert limits == [
        ("LSTM", "1.00"),
        ("LSTM", "0.50"),
        ("peephole LSTM", "1.15"),
    ]
    one = "bench-fused.cpu.LSTM.5x3x4x6", "bench-fused.cpu.LSTM.7x1x4x6"
    own = "bench-own.cpu.peephole LSTM.5x3x4x6"
    kinds = "layout", "forward", "backward", "weights", "rest"
    for row in (k.replace("fused", "parts") for k in one):
        parts = [kept.pop(f"{row}.{kind}") for kind in kinds]
        assert abs(sum(parts) - 1) < 0.05  # each is rounded
        for kind in ("roof", "torch", "read"):
            assert kept.pop(f"{row}.{kind}") >= 0
    assert set(kept) == {
        *(
            f"{k}.{kind}"
            for k in one
            for kind in ("train", "forward", "memory")
        ),
        *(f"{own}.{way}" for way in ("LSTM", "steps", "compiled")),
    }
    assert all(ratio > 0 for ratio in kept.values())


def test_what_torch_lacks_on_this_processor_is_no_ratio(monkeypatch):
    def lacking(self, *given):
        raise RuntimeError("could not create a primitive descriptor")

    monkeypatch.setattr(loops, "SHAPES", [SHAPE, SHAPE])
    with monkeypatch.context() as m:
        m.setattr(torch.nn.LSTM, "forward", lacking)
        found = loops.compare_option("LSTM", "bfloat16", "cpu", 1)
        assert set(found) == {"milliseconds"}
        with pytest.raises(RuntimeError, match="primitive"):
            loops.compare_option("LSTM", "1 layer", "cpu", 1)
    found = loops.compare_option("LSTM", "1 layer", "cpu", 1)
    assert set(found) == {"milliseconds", "module"}


def test_memory_of_arrays_is_counted_at_its_peak():
    def run():
        np.ones(1_000_000)
        np.ones(500_000)

    assert 8e6 < loops.numpy_peak(run) < 9e6


@pytest.mark.weekly
@pytest.mark.parametrize("name", applications.PROBLEMS)
def test_an_application_learns_alike_by_both_loops(name):
    problem = applications.PROBLEMS[name]()
    runs = [
        applications.run_updates(problem, 2, way) for way in (True, False)
    ]
    assert_close(*runs, terms=64, computed_in=np.float32)
