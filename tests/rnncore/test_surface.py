"""What is stable: its names, their types, and what a consumer sees."""

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import ROOT
from tests.helpers.reference import stable

CONSUMER = """
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from rnncore.nn import GRU, LSTM, RNN, Cell


def leak(a: Any, h: Any) -> Any:
    return h + a


def right(x: Tensor, packed: PackedSequence) -> list[Tensor]:
    y, (h, c) = LSTM(3, 4, bidirectional=True, dtype=torch.float64)(x)
    z, last = GRU(3, 4, 2)(x, h)
    both, _ = RNN(3, 4, 2, "relu")(packed)
    own, _ = Cell(leak, 3, 4, batch_first=True)(x)
    same: torch.nn.LSTM = LSTM(3, 4).to_torch()
    same.flatten_parameters()
    return [y, h, c, z, last, both.data, own]
"""
WRONG = {
    'GRU("3", 4)': "arg-type",
    "GRU(3, 4, wrong_option=True)": "call-arg",
    'Cell(leak, 3, "4")': "arg-type",
    "LSTM(3, 4)(torch.zeros(5, 2, 3), torch.zeros(1, 2, 4))": "call-overload",
    "LSTM(3, 4)(torch.zeros(5, 2, 3))[0].no_method()": "attr-defined",
}


def test_few_constants_are_stable():
    names = {
        f"{name}.{public}"
        for name in stable()
        for public in importlib.import_module(name).__all__
        if isinstance(
            getattr(importlib.import_module(name), public),
            int | str | dict | Path,
        )
    }
    assert names == {"rnncore.ctc.BLANK", "rnncore.text.vocabulary.UNKNOWN"}


def test_about_ten_modules_are_stable():
    assert 8 <= len(stable()) <= 14
    assert {"rnncore.nn", "rnncore.fused"} <= set(stable())


@pytest.mark.parametrize("name", stable())
def test_a_stable_module_shows_what_is_its_own(name):
    module = importlib.import_module(name)
    assert dir(module) == sorted(module.__all__)
    for public in module.__all__:
        assert not public.startswith("_")
        value = getattr(module, public)
        home = getattr(value, "__module__", name)
        assert not inspect.ismodule(value), public
        if callable(value) and not hasattr(value, "__origin__"):
            assert home.startswith("rnncore"), public


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU", "Cell"])
def test_a_module_names_its_arguments(name):
    module = importlib.import_module("rnncore.nn")
    found = inspect.signature(getattr(module, name)).parameters
    kinds = {p.kind for p in found.values()}
    assert kinds == {inspect.Parameter.POSITIONAL_OR_KEYWORD}
    assert {"input_size", "num_layers", "bidirectional", "dtype"} <= set(
        found
    )


@pytest.mark.slow
def test_types_tell_a_consumer_what_is_wrong(tmp_path):
    lines = CONSUMER.splitlines()
    path = tmp_path / "consumer.py"
    path.write_text("\n".join([*lines, *WRONG]) + "\n")
    run = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "mypy",
                "--strict",
                "--no-error-summary",
            ),
            *("--follow-imports=silent", "--hide-error-context"),
            *("--cache-dir", tmp_path / "cache", path),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.findall(r"py:(\d+): error: .*\[([\w-]+)\]", run.stdout)
    expected = [
        (str(len(lines) + k), kind)
        for k, kind in enumerate(WRONG.values(), start=1)
    ]
    assert found == expected, run.stdout + run.stderr
