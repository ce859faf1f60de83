"""The validation of arguments, trees of arrays, and moving between libraries."""

import ast
import re
import subprocess
import sys
from collections import Counter
from graphlib import TopologicalSorter
from typing import NamedTuple

import numpy as np
import pytest
import torch

from rnncore.backend import (
    check_alike,
    check_backward,
    check_count,
    check_layer,
    check_lengths,
    check_parts,
    check_shape,
    check_spans,
    check_state,
    check_targets,
    check_tree,
    from_numpy,
    named_leaves,
    to_numpy,
    tree_map,
)
from rnncore.rnn import Params
from tests.helpers import ROOT
from tests.helpers.oracles import said


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


ORDER = ["programs", "backend", "storage", "sequence", "rnn", "bptt"]
ORDER += ["rtrl", "losses", "optim", "train"]
ORDER += ["gradient_flow", "slow_points", "reservoir", "lstm"]
ORDER += ["gru", "layers", "norm", "scan", "factors", "tracking"]
ORDER += ["memory", "chunks", "newton", "depth"]
ORDER += ["xlstm", "diagonal", "cells"]
ORDER += ["fused", "nn"]
ORDER += ["blocks", "seq2seq"]
ORDER += ["ctc", "transducer", "characters", "testing"]
ORDER += ["display", "comparison"]
ORDER += ["application"]
ORDER += ["text", "forecast", "music", "translate", "speech", "video"]
ORDER += ["checking", "own", "commands", "apps", "__main__"]
TORCH = [
    "nn",
    "blocks",
    "seq2seq",
    "application",
    "text",
    "forecast",
    "music",
]
TORCH += ["translate", "speech", "video", "apps"]
# They execute cells as Jupyter does, or show something in it.
IPYTHON = [
    f"rnncore.checking.{name}" for name in ("inprocess", "runner", "shell")
]
IPYTHON += ["rnncore.display.figures", "rnncore.own.startup"]
MODULES = ["rnncore.fused.autograd"]  # of torch


def test_importing_brings_torch_only_where_torch_is_the_subject():
    files = (ROOT / "rnncore").rglob("*.py")
    parts = [p.relative_to(ROOT).with_suffix("").parts for p in files]
    names = [".".join(p) for p in parts if p[1] not in TORCH]
    names = [name for name in names if name not in IPYTHON + MODULES]
    assert "rnncore.checking.client" in names
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
    # what notebooks import, and what stands in a cell's equation
    exceptions = {"testing", "fused"}
    checked = [p for p in folders if p.parent.name not in exceptions]
    assert len(checked) > 8
    for path in checked:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ImportFrom):
                own = f"rnncore.{path.parent.name}"
                assert not node.module.startswith(own), path


def test_imports_inside_a_folder_make_no_circle():
    for folder in (ROOT / "rnncore").glob("*/__init__.py"):
        name = f"rnncore.{folder.parent.name}."
        needs = {
            p.stem: {
                node.module.removeprefix(name).split(".")[0]
                for node in ast.walk(ast.parse(p.read_text()))
                if isinstance(node, ast.ImportFrom) and node.module
                if node.module.startswith(name)
            }
            for p in sources(folder.parent.name)
        }
        list(TopologicalSorter(needs).static_order())  # raises CycleError


@pytest.mark.parametrize(
    ("a", "message"),
    [
        ([1, 2], "x: expected an array (T, 4), got list"),
        (None, "x: expected an array (T, 4), got NoneType"),
        (
            np.ones((0, 4)),
            "x: expected (T, 4), every size at least 1, got (0, 4)",
        ),
        (
            np.ones((2, 0)),
            "x: expected (T, 4), every size at least 1, got (2, 0)",
        ),
        (np.ones((0, 4, 1)), "x: expected (T, 4), got (0, 4, 1)"),
        (np.ones(()), "x: expected (T, 4), got ()"),
        (np.ones(4), "x: expected (T, 4), got (4,)"),
    ],
)
def test_what_is_no_such_array_is_told_in_full(a, message):
    assert said(check_shape, "x", a, "T", 4) == message


def test_sizes_of_one_are_sizes_and_a_size_of_zero_can_be_asked_for():
    check_shape("x", np.ones((1, 1)), "T", "B")
    check_shape("x", np.ones((1, 0)), "T", 0)


def test_the_first_array_of_another_kind_is_told():
    a, single = np.ones(1), np.ones(1, np.float32)
    text = said(check_alike, "W_x", a, x=a, y=single, z=1)
    assert text == "y: expected float64 on cpu as W_x, got float32 on cpu"


LAYER = Params(np.ones((6, 2)), np.ones((6, 3)), np.ones(6), np.ones(6))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"W_x": np.ones(6)}, "W_x: expected (G*H, D), got (6,)"),
        ({"W_h": np.ones((5, 3))}, "W_h: expected (6, H), got (5, 3)"),
        ({"W_h": np.ones((6, 4))}, "W_h: expected (G*H, H), got (6, 4)"),
        ({"b_x": np.ones(3)}, "b_x: expected (6,), got (3,)"),
        ({"b_h": np.ones((6, 1))}, "b_h: expected (6,), got (6, 1)"),
        (
            {"b_x": np.ones(6, np.float32)},
            "b_x: expected float64 on cpu as W_x, got float32 on cpu",
        ),
    ],
)
def test_weights_that_are_no_layer_are_told_in_full(change, message):
    check_layer(LAYER)
    assert said(check_layer, LAYER._replace(**change)) == message


def test_what_is_complex_is_told_in_full():
    layer = Params(*(a.astype("D") for a in LAYER))
    assert said(check_layer, layer) == (
        "W_x: expected real floats, got complex128"
    )
    d_y = np.ones((7, 4, 3), "D")
    assert said(check_backward, (d_y[0],), 7, d_y, (d_y[0],)) == (
        "d_y: expected real floats, got complex128"
    )


def test_a_state_that_does_not_fit_is_told_in_full():
    x, h = np.ones((7, 4, 2)), np.ones((4, 3))
    check_state(LAYER, x, (h, h))
    assert said(check_state, LAYER, x, [h]) == (
        "state: expected a tuple of arrays, (h,) or (h, c), got list"
    )
    assert said(check_state, LAYER, x, ()) == (
        "state: expected a tuple of arrays, (h,) or (h, c), got tuple"
    )
    assert said(check_state, LAYER, x, (h.T,)) == (
        "state[0]: expected (4, 3), got (3, 4)"
    )
    single = h.astype(np.float32)
    assert said(check_state, LAYER, x, (h, single)) == (
        "state[1]: expected float64 on cpu as W_x, got float32 on cpu"
    )
    assert said(check_state, LAYER, x.astype(np.float32), (h,)) == (
        "x: expected float64 on cpu as W_x, got float32 on cpu"
    )


def test_upstream_gradients_that_do_not_fit_are_told_in_full():
    h, d_y = np.ones((2, 3)), np.ones((7, 2, 3))
    check_backward((h,), 7, d_y, (h,))
    assert said(check_backward, (h,), 6, d_y, (h,)) == (
        "d_y: expected (6, 2, 3), got (7, 2, 3)"
    )
    assert said(check_backward, (h,), 7, d_y.astype("f"), (h,)) == (
        "d_y: expected float64 on cpu as the state, got float32 on cpu"
    )
    assert said(check_backward, (h,), 7, d_y, (h, h)) == (
        "d_state: expected 1 array(s), got 2"
    )
    assert said(check_backward, (h, h), 7, d_y, (h, h.T)) == (
        "d_state[1]: expected (2, 3), got (3, 2)"
    )
    assert said(check_backward, (h,), 7, d_y, (h.astype("f"),)) == (
        "d_state[0]: expected float64 on cpu as the state, "
        "got float32 on cpu"
    )
    assert said(check_backward, (h,), 7, d_y, [h]) == (
        "d_state: expected a tuple of arrays, (h,) or (h, c), got list"
    )


def test_parts_are_counted():
    assert check_parts((1, 2), 2) == (1, 2)
    text = "state: expected 2 array(s), got 3"
    assert said(check_parts, (1, 2, 3), 2) == text
    text = "state: expected a tuple of 2 array(s), got int"
    assert said(check_parts, 3, 2) == text
    check_count("layers", [1, 2], 2)
    check_count("layers", (1,), 1)
    assert said(check_count, "layers", (1,), 2) == (
        "layers: expected a list or tuple of 2, got 1"
    )
    assert said(check_count, "layers", "ab", 2) == (
        "layers: expected a list or tuple of 2, got str"
    )


def test_lengths_are_whole_numbers_from_1_to_T():
    assert check_lengths(None, 5, 3) == [5, 5, 5]
    found = check_lengths(np.array([1, 5]), 5, 2)
    assert found == [1, 5]
    assert {type(n) for n in found} == {int}
    assert said(check_lengths, [1, 6], 5, 2) == (
        "lengths[1]: expected 1 to 5, got 6"
    )
    assert said(check_lengths, [0, 5], 5, 2) == (
        "lengths[0]: expected 1 to 5, got 0"
    )
    assert said(check_lengths, [3], 5, 2) == "lengths: expected 2, got 1"
    assert said(check_lengths, [1.0, 2.0], 5, 2) == (
        "lengths: expected 2 whole numbers, got [1.0, 2.0]"
    )
    assert said(check_lengths, 4, 5, 2) == (
        "lengths: expected 2 whole numbers, got 4"
    )


def test_spans_lie_within_the_sequence_and_hold_a_step():
    x = np.ones((5, 2, 3))
    check_spans(x, [0, 4], [5, 5])
    for first, last in ((3, 3), (4, 2), (-1, 2), (0, 6)):
        assert said(check_spans, x, [0, first], [1, last]) == (
            "sequence 1: expected 0 <= begin < end <= 5, "
            f"got {first} and {last}"
        )
    assert said(check_spans, x, [0], [1, 1]) == "begins: expected 2, got 1"
    assert said(check_spans, x, [0, 0], "ab") == (
        "ends: expected 2 whole numbers, got 'ab'"
    )


def test_targets_that_are_no_classes_are_told_in_full():
    logits = np.zeros((4, 3, 5))
    check_targets(np.full((4, 3), 4), logits)
    check_targets(np.zeros((4, 3), int), logits)
    mixed = np.zeros((4, 3), int)
    mixed[0, 0], mixed[1, 1] = 5, 2
    assert said(check_targets, mixed, logits) == (
        "targets: expected 0 to 4, got 5"
    )
    mixed[2, 2] = -3
    assert said(check_targets, mixed, logits) == (
        "targets: expected 0 to 4, got -3"
    )
    assert said(check_targets, logits[..., 0], logits) == (
        "targets: expected integers, got float64"
    )
    assert said(check_targets, mixed.T, logits) == (
        "targets: expected (4, 3), got (3, 4)"
    )
    assert said(check_targets, torch.zeros((4, 3), dtype=int), logits) == (
        "targets: expected ndarray on cpu as logits, got Tensor on cpu"
    )
    elsewhere = torch.zeros((4, 3), dtype=int, device="meta")
    assert said(check_targets, elsewhere, torch.zeros((4, 3, 5))) == (
        "targets: expected Tensor on cpu as logits, got Tensor on meta"
    )


def test_trees_that_differ_are_told_in_full():
    tree = {"w": np.ones((2, 3)), "b": np.ones(2)}
    check_tree("d_params", tree, tree)
    assert said(check_tree, "d_params", tree, {}) == (
        "d_params: expected at least one array, got none"
    )
    assert said(check_tree, "d_params", {}, tree) == (
        "d_params: expected w, b, got none"
    )
    assert said(check_tree, "d_params", {"w": 1, "c": 2}, tree) == (
        "d_params: expected w, b, got w, c"
    )
    assert said(check_tree, "d_params", tree | {"b": 1.5}, tree) == (
        "d_params.b: expected an array (2,), got float"
    )
    assert said(check_tree, "d_params", tree, tree | {"b": 1.5}) == (
        "params.b: expected an array (), got float"
    )
    empty = {"w": np.ones((0, 3)), "b": np.ones(2)}
    assert said(check_tree, "d_params", empty, empty) == (
        "params.w: expected (N, N), every size at least 1, got (0, 3)"
    )
    single = {"w": tree["w"].astype("f"), "b": tree["b"]}
    assert said(check_tree, "d_params", single, tree) == (
        "d_params.w: expected float64 on cpu as params, got float32 on cpu"
    )


def test_an_array_goes_to_the_device_of_what_it_shall_be_like():
    like = torch.ones(1, dtype=torch.float32, device="meta")
    for a in (np.ones(2), np.arange(2)):
        assert from_numpy(a, like).device == like.device


def test_an_array_that_needs_a_gradient_can_be_read():
    a = torch.ones(2, requires_grad=True)
    assert to_numpy(a).tolist() == [1, 1]
    assert isinstance(to_numpy([1.0]), np.ndarray)


def test_a_tree_keeps_the_classes_of_its_dicts_and_lists():
    counts = Counter({"a": 1})
    doubled = tree_map(lambda n: 2 * n, (counts, [3], {"b": 4}))
    assert doubled == (Counter({"a": 2}), [6], {"b": 8})
    assert [type(part) for part in doubled] == [Counter, list, dict]
    with pytest.raises(ValueError, match="shorter"):
        tree_map(lambda *n: n, [1, 2], [1, 2], [1])


def test_a_leaf_that_is_the_whole_tree_is_called_array():
    assert dict(named_leaves(5)) == {"array": 5}
    assert dict(named_leaves([5, {1: 6}])) == {"0": 5, "1.1": 6}


def test_the_course_never_imports_the_applications():
    """They stand on it; only `python -m rnncore` starts them."""
    for path in (ROOT / "rnncore").rglob("*.py"):
        part = path.relative_to(ROOT / "rnncore").parts[0]
        if part not in ("apps", "__main__.py"):
            assert "rnncore.apps" not in path.read_text("utf-8"), path
