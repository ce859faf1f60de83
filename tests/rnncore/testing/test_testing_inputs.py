"""The inputs of hidden tests: all sizes, float types and places."""

import gc
import sys

import numpy as np
import pytest
import torch

from rnncore.testing import hidden_inputs, hidden_rng
from rnncore.testing.inputs import count_lines, list_called


def step(rng, B, H):
    return {"h": rng.normal(size=(B, H)), "k": rng.integers(9, size=B)}


def test_each_size_comes_in_each_float_type_at_each_place():
    made = hidden_inputs(step, [(1, 2), (3, 4)], "numpy", "cpu")
    kinds = [(type(i["h"]), tuple(i["h"].shape)) for i in made]
    sizes = [(1, 2)] * 4 + [(3, 4)] * 4
    places = [np.ndarray, torch.Tensor] * 4
    assert kinds == list(zip(places, sizes, strict=True))
    assert [str(i["h"].dtype).removeprefix("torch.") for i in made] == [
        "float64", "float64", "float32", "float32",
    ] * 2  # fmt: skip
    assert {str(i["k"].dtype).removeprefix("torch.") for i in made} == {
        "int64"
    }


def test_every_input_is_drawn_by_itself():
    one, other = hidden_inputs(step, [(2, 3)], "numpy")
    assert np.abs(one["h"] - other["h"]).max() > 0.1


def test_the_grader_chooses_the_seed(monkeypatch):
    first = hidden_inputs(step, [(2, 3)], "numpy")[0]["h"]
    again = hidden_inputs(step, [(2, 3)], "numpy")[0]["h"]
    monkeypatch.setenv("RNNCORE_SEED", "20")
    other = hidden_inputs(step, [(2, 3)], "numpy")[0]["h"]
    assert np.array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


def test_a_generator_goes_on_where_the_inputs_end():
    rng, same = hidden_rng(), hidden_rng()
    hidden_inputs(step, [(2, 3)], "numpy", rng=rng)
    for _ in range(2):
        step(same, 2, 3)
    assert rng.normal() == same.normal()


def test_lines_are_counted_and_the_tracer_is_put_back():
    def looped(x):
        return sum(a for a in x)

    def whole(x):
        return x.sum()

    before = sys.gettrace()
    few, many = (count_lines(looped, {"x": np.ones(n)}) for n in (3, 300))
    assert many - few >= 297
    few, many = (count_lines(whole, {"x": np.ones(n)}) for n in (3, 300))
    assert many == few
    with pytest.raises(TypeError):
        count_lines(whole, {"y": 1, "z": 2})
    assert sys.gettrace() is before


class Waste:
    """What runs a line of Python when it is collected."""

    def __init__(self):
        self.own = self

    def __del__(self):
        self.done = True


def test_what_is_collected_meanwhile_is_not_counted():
    def make(n):
        return [[k] for k in range(n)]

    gc.collect()
    clean = count_lines(make, {"n": 3000})
    for _ in range(20):
        Waste()
    assert count_lines(make, {"n": 3000}) == clean
    assert gc.isenabled()


def test_what_a_call_calls_is_listed():
    def by_torch(x):
        y = (x * x).sum()
        return torch.autograd.grad(y, x)

    x = torch.ones(3, requires_grad=True)
    called = list_called(by_torch, {"x": x})
    assert called[0] == "by_torch"
    assert "torch.autograd.grad" in called
    assert list_called(lambda x: x.sum(), {"x": x}) == ["<lambda>"]
