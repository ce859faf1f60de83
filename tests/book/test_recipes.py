"""Each recipe of the page is run, and does what the page says of it."""

import ast
import math
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from tests.helpers import ROOT
from tests.helpers.reference import stable

PAGE = (ROOT / "book" / "recipes.md").read_text()
RECIPES = dict(
    re.findall(
        r"^## (.+?)$.*?```python\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL
    )
)


def writes(found, said):
    assert found["loss"].item() < 1
    assert said.startswith("to be")
    assert len(said.strip()) > 40
    before, after = (found[n].state_dict() for n in ("model", "loaded"))
    assert all(before[name].equal(after[name]) for name in before)


def learns(found, said):
    first, *_, last = found["losses"]
    assert last < first / 2
    assert found["layer"].weight_rate_l0.grad.abs().max() > 0


def spells(found, said):
    assert said.splitlines()[0] == str(found["labels"])
    read, log_p = found["prefix_beam"](found["log_p"][:, 0], width=8)[0]
    assert list(read) == found["labels"][0]
    assert -3 < log_p < 0


def searches(found, said):
    best, *others = found["found"]
    assert len(best.tokens) == 8
    assert best.log_p >= found["alone"][0].log_p
    assert all(other.log_p <= best.log_p for other in others)


def counts(found, said):
    assert found["bits"] < math.log2(found["vocabulary"].size) / 2
    assert said.split()[1] == "t"


def covers(found, said):
    assert 0.6 < float(found["inside"]) < 0.95
    assert (found["low"] <= found["high"]).all()
    error, naive = (found[n] - found["future"] for n in ("middle", "naive"))
    assert error.abs().mean() < naive.abs().mean()


def sings(found, said):
    assert found["loss"].item() < math.log(128) / 2


def streams(found, said):
    assert found["difference"] < 1e-5


def exports(found, said):
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    assert len(onnx.load("tagger.onnx").graph.node) < 30
    session = runtime.InferenceSession("tagger.onnx")
    torch = found["torch"]
    for T in 7, 50, 120:
        x = torch.randn(T, 1, 3)
        (y,) = session.run(None, {"x": x.numpy()})
        assert np.abs(y - found["model"](x).detach().numpy()).max() < 1e-5


CHECKS = {
    "A text model of one's own": writes,
    "A cell of one's own, as a module": learns,
    "CTC": spells,
    "Beam search": searches,
    "N-grams": counts,
    "A forecast in quantiles": covers,
    "Chorales": sings,
    "A stream, with the state carried on": streams,
    "ONNX": exports,
}


def test_there_are_ten_and_each_is_short_and_tried():
    assert len(RECIPES) == 10
    assert RECIPES.keys() - CHECKS.keys() == {"Several processes (DDP)"}
    for name, code in RECIPES.items():
        lines = [line for line in code.splitlines() if line]
        assert 5 <= len(lines) <= 30, name
        assert max(map(len, lines)) <= 76, name


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_import_only_what_is_stable(name):
    imports = [
        node
        for node in ast.walk(ast.parse(RECIPES[name]))
        if isinstance(node, ast.ImportFrom)
        and node.module.startswith("rnncore")
    ]
    assert {node.module for node in imports} <= set(stable())


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKS)
def test_a_recipe_does_what_it_says(name, tmp_path, monkeypatch, capsys):
    if name == "ONNX":
        pytest.importorskip("onnx")
    monkeypatch.chdir(tmp_path)
    found = {"__name__": "recipe"}
    source = tmp_path / "recipe.py"  # a cell's lines are read from its file
    source.write_text(RECIPES[name])
    exec(compile(RECIPES[name], source, "exec"), found)  # noqa: S102
    CHECKS[name](found, capsys.readouterr().out)


@pytest.mark.slow
def test_the_recipe_of_several_processes_ends_with_the_same_weights(
    tmp_path,
):
    (tmp_path / "several.py").write_text(RECIPES["Several processes (DDP)"])
    subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "torch.distributed.run",
                "--standalone",
            ),
            *("--redirects", "3", "--log-dir", "logs"),  # one file for each
            *("--nproc-per-node", "2", "several.py"),
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
        timeout=280,
    )
    printed = [
        p.read_text() for p in (tmp_path / "logs").rglob("stdout.log")
    ]
    lists = re.findall(r"^[01] (\[.+\])$", "\n".join(printed), re.MULTILINE)
    values = {v for text in lists for v in ast.literal_eval(text)}
    assert len(lists) == 2, printed
    assert len(values) == 1
