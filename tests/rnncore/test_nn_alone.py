"""The modules for those who want nothing else: the page *Drop-in for torch.nn*."""

import re
import subprocess
import sys
import tomllib

import pytest
import torch

from tests.helpers import ROOT

PAGE = (ROOT / "book" / "drop_in.md").read_text()
(SCRIPT,) = re.findall(
    r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL
)
OLD = "from torch.nn import LSTM  # or: from rnncore.nn import LSTM\n"
NEW = "from rnncore.nn import LSTM\n"
ABSENT = """
import sys
for name in %r:
    sys.modules[name] = None  # an import fails, as where it is not installed
import torch
import rnncore.nn
layer = rnncore.nn.LSTM(3, 4)
layer(torch.zeros(20, 2, 3))[0].sum().backward()
print("numba" in sys.modules, layer.weight_hh_l0.grad.shape)
"""
APPLICATIONS = [
    "av",
    "babel",
    "charset_normalizer",
    "defusedxml",
    "jiwer",
    "matplotlib",
    "music21",
    "num2words",
    "pandas",
    "pooch",
    "sacrebleu",
    "safetensors",
    "scipy",
    "sklearn",
    "statsmodels",
    "tokenizers",
    "tqdm",
]
TIMES = """
import time
import torch
begun = time.process_time()
import rnncore.nn
imported = time.process_time() - begun
layer = rnncore.nn.LSTM(3, 4)
layer(torch.zeros(20, 2, 3))[0].sum().backward()
print(imported, time.process_time() - begun - imported)
"""


def run(source, folder):
    """What a program prints."""
    path = folder / "program.py"
    path.write_text(source)
    made = subprocess.run(
        [sys.executable, str(path)],
        cwd=folder,
        env={
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder),
            "PATH": "",
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return made.stdout


def test_the_extra_brings_none_of_the_applications_requirements():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())[
        "project"
    ]
    extras, waiting, found = project["optional-dependencies"], ["nn"], set()
    while waiting:
        for line in extras[waiting.pop()]:
            inner = re.fullmatch(r"rnncore\[(.+)\]", line)
            if inner:
                waiting += inner[1].split(",")
            else:
                found.add(re.match(r"[\w-]+", line)[0])
    assert found == {"torch", "numba", "filelock"}


@pytest.mark.slow
def test_a_program_of_torchs_runs_with_one_line_changed(tmp_path):
    assert SCRIPT.count(OLD) == 1
    found = {}
    for name, source in {
        "torch": SCRIPT,
        "ours": SCRIPT.replace(OLD, NEW),
    }.items():
        folder = tmp_path / name
        folder.mkdir()
        loss = float(run(source, folder))
        found[name] = loss, torch.load(folder / "checkpoint.pt")
    (loss, kept), (other, kept_other) = found.values()
    assert abs(loss - other) < 1e-3
    assert loss < 0.4
    model = torch.nn.ModuleDict(
        {
            "core": torch.nn.LSTM(3, 16, num_layers=2),
            "readout": torch.nn.Linear(16, 1),
        }
    )
    model.load_state_dict(kept_other["model"])
    for key, w in model.state_dict().items():
        assert (w - kept["model"][key]).abs().max() < 1e-2, key
    torch.optim.AdamW(model.parameters()).load_state_dict(
        kept_other["optimizer"]
    )


@pytest.mark.slow
def test_the_modules_run_without_what_the_applications_need(tmp_path):
    pytest.importorskip("numba")
    told = run(ABSENT % APPLICATIONS, tmp_path)
    assert told == "True torch.Size([16, 4])\n"  # compiled


@pytest.mark.weekly
def test_a_second_process_starts_in_a_moment(tmp_path):
    pytest.importorskip("numba")
    runs = [
        [float(word) for word in run(TIMES, tmp_path).split()]
        for _ in range(3)
    ]
    assert runs[0][1] < 10  # seconds of one core: it compiles
    assert min(imported for imported, _ in runs) < 1.5
    assert min(call for _, call in runs[1:]) < 1
