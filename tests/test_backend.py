"""The checks at the door, trees of arrays, and moving between libraries."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch

from rnncore.backend import (
    check_alike,
    check_parts,
    check_shape,
    from_numpy,
    named_leaves,
    to_numpy,
    tree_map,
)

ROOT = Path(__file__).parent.parent


class Pair(NamedTuple):
    a: object
    b: object


def test_numbers_must_fit_and_letters_take_any_size(move):
    check_shape("x", move(np.ones((7, 2, 3))), "T", "B", 3)


@pytest.mark.parametrize(
    ("dims", "message"),
    [
        (("T", "B", 4), r"^x: expected \(T, B, 4\), got \(7, 2, 3\)$"),
        (("T", "B"), r"^x: expected \(T, B\), got \(7, 2, 3\)$"),
        ((7,), r"^x: expected \(7,\), got \(7, 2, 3\)$"),
        ((), r"^x: expected \(\), got \(7, 2, 3\)$"),
    ],
)
def test_a_wrong_shape_is_told_beside_the_expected_one(move, dims, message):
    with pytest.raises(ValueError, match=message):
        check_shape("x", move(np.ones((7, 2, 3))), *dims)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (np.ones(2, np.float32), "float32 on cpu"),
        (torch.ones(2, dtype=torch.float64), "torch.float64 on cpu"),
        (1.0, "float"),
    ],
)
def test_another_dtype_or_library_is_told(other, message):
    expected = f"^y: expected float64 on cpu as x, got {message}$"
    with pytest.raises(ValueError, match=expected):
        check_alike("x", np.ones(2), y=other)


def test_another_device_is_told():
    elsewhere = torch.ones(2, device="meta")
    with pytest.raises(
        ValueError, match=r"y: .* on cpu as x, got .* on meta"
    ):
        check_alike("x", torch.ones(2), y=elsewhere)


def test_a_state_of_the_wrong_length_is_told():
    with pytest.raises(ValueError, match=r"expected 2 array\(s\), got 3"):
        check_parts((1, 2, 3), 2)


def test_arrays_go_to_a_backend_and_come_back(move):
    like = move(np.ones(1, np.float32))
    floats = from_numpy(np.arange(3.0), like)
    assert floats.dtype == like.dtype
    np.testing.assert_array_equal(to_numpy(floats), [0, 1, 2])
    integers = to_numpy(from_numpy(np.arange(3), like))
    assert integers.dtype == np.int64


def test_a_tree_keeps_its_form():
    tree = {"p": Pair(1, [2, (3,)])}
    doubled = tree_map(lambda a, b: a + b, tree, tree)
    assert doubled == {"p": Pair(2, [4, (6,)])}
    assert isinstance(doubled["p"], Pair)


def test_trees_of_different_form_do_not_pass():
    with pytest.raises(ValueError, match="zip"):
        tree_map(lambda a, b: a, (1, 2), (1,))


def test_leaves_are_named_by_their_path():
    tree = {"cell": Pair(1, (2, 3)), "b": 4}
    names = dict(named_leaves(tree))
    assert names == {"cell.a": 1, "cell.b.0": 2, "cell.b.1": 3, "b": 4}
    assert dict(named_leaves(5, "loss")) == {"loss": 5}


ORDER = ["backend", "files", "sequence", "rnn", "bptt", "losses"]
ORDER += ["optim", "checkpoint", "train", "gradient_flow", "lstm"]
ORDER += ["gru", "layers", "scan", "cells", "nn", "seq2seq", "ctc"]
ORDER += ["characters", "testing", "display", "ruler", "application"]
ORDER += ["text", "forecast", "music", "translate", "speech", "video"]
ORDER += ["commands", "__main__"]
TORCH = ["nn", "seq2seq", "application", "text", "forecast", "music"]
TORCH += ["translate", "speech", "video"]


def test_importing_brings_torch_only_where_torch_is_the_subject():
    files = (ROOT / "rnncore").rglob("*.py")
    parts = [p.relative_to(ROOT).with_suffix("").parts for p in files]
    names = [".".join(p) for p in parts if p[1] not in TORCH]
    assert "rnncore.commands.memory_ruler" in names
    code = (
        "import sys, importlib\n"
        f"for name in {names}:\n"
        "    importlib.import_module(name)\n"
        "heavy = {'torch', 'matplotlib', 'pandas', 'music21', 'tqdm',\n"
        "         'statsmodels', 'IPython'} & set(sys.modules)\n"
        "print(sorted(heavy))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "[]"


def sources(name):
    """The files of a module, or of a folder of modules."""
    path = ROOT / "rnncore" / name
    return sorted(path.glob("*.py")) or [path.with_suffix(".py")]


def test_imports_point_backward_only():
    for k, name in enumerate(ORDER):
        for path in sources(name):
            text = path.read_text()
            for later in ORDER[k + 1 :]:
                pattern = rf"(from|import) rnncore\.{later}\b"
                assert not re.search(pattern, text), (path, later)
                pattern = rf"from rnncore import .*\b{later}\b"
                assert not re.search(pattern, text), (path, later)
    folders = (ROOT / "rnncore").glob("*/__init__.py")
    modules = {p.stem for p in (ROOT / "rnncore").glob("*.py")}
    modules |= {p.parent.name for p in folders}
    assert modules - {"__init__", "data"} == set(ORDER)


def test_a_name_is_imported_from_the_module_that_defines_it_alone():
    folders = (ROOT / "rnncore").rglob("__init__.py")
    checked = [p for p in folders if p.parent.name != "testing"]
    assert len(checked) > 8
    for path in checked:
        for node in ast.parse(path.read_text()).body:
            assert not isinstance(node, ast.Import | ast.ImportFrom), path


def test_imports_inside_a_folder_make_no_circle():
    for folder in (ROOT / "rnncore").glob("*/__init__.py"):
        name = f"rnncore.{folder.parent.name}"
        pattern = rf"^(?:from|import) {re.escape(name)}\.(\w+)"
        needs = {
            p.stem: set(re.findall(pattern, p.read_text(), re.MULTILINE))
            for p in sources(folder.parent.name)
        }
        list(TopologicalSorter(needs).static_order())  # raises CycleError
