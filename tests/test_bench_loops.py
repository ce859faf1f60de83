"""What `make bench` compares: that both sides compute the same thing."""

import sys

import numpy as np
import pytest
import torch
from arrays import assert_close

from tools.bench import applications, loops

pytest.importorskip("numba")
SHAPE = 5, 3, 4, 6
NAMES = [  # each other cell compiles for seconds
    pytest.param(
        n, marks=[pytest.mark.slow] * (n not in {"LSTM", "peephole"})
    )
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
    with torch.no_grad():
        for part in made.state_dict():
            if part.startswith("weight_w_"):  # without them it is an LSTM
                getattr(made, part).zero_()
    found = []
    for module in made, theirs:
        loops.through(module, x, state, d_y)()
        y, _ = loops.inference(module, x, state)
        found.append([y, *gradients(module)])
    assert len(found[0]) == 5
    assert_close(*found)


def test_peepholes_of_the_bench_are_not_zero():
    made, theirs, x, state, _ = loops.fused_pair("peephole", SHAPE)
    y, right = (loops.inference(m, x, state)[0] for m in (made, theirs))
    assert float((y - right).abs().max()) > 1e-3


def test_forward_alone_keeps_nothing_for_a_way_back():
    made, theirs, x, state, _ = loops.fused_pair("LSTM", SHAPE)
    for module in made, theirs:
        assert not loops.inference(module, x, state)[0].requires_grad


def test_the_fused_table_has_a_row_a_shape_and_keeps_its_ratios(
    monkeypatch, capsys
):
    kept = {}
    monkeypatch.setattr(
        loops, "record", lambda values, **about: kept.update(values)
    )
    monkeypatch.setattr(loops, "FUSED_SHAPES", [SHAPE, (7, 1, 4, 6)])
    monkeypatch.setattr(
        loops, "FUSED_LIMITS", {"LSTM": 1.0, "peephole": 1.15}
    )
    monkeypatch.setattr(
        sys, "argv", ["loops", "--fused", "--repeats=1", "--save"]
    )
    before = torch.get_num_threads()
    try:
        assert loops.main() == 0
    finally:
        torch.set_num_threads(before)
    rows = [
        k.split() for k in capsys.readouterr().out.splitlines() if "(" in k
    ]
    assert [(r[0], r[6]) for r in rows] == [
        ("LSTM", "1.00"),
        ("LSTM", "0.50"),
        ("peephole", "1.15"),
        ("peephole", "0.50"),
    ]
    assert set(kept) == {
        f"bench-fused.cpu.{name}.{sizes}.{kind}"
        for name in ("LSTM", "peephole")
        for sizes in ("5x3x4x6", "7x1x4x6")
        for kind in ("train", "forward")
    }
    assert all(ratio > 0 for ratio in kept.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", applications.PROBLEMS)
def test_an_application_learns_alike_by_both_loops(name):
    problem = applications.PROBLEMS[name]()
    runs = [applications.updates(problem, 2, way) for way in (True, False)]
    assert_close(*runs, terms=64, computed_in=np.float32)
