"""Scripts with one fault each are told it; right ones are left alone."""

import json
import re
from pathlib import Path

import pytest
import torch

from rnncore.__main__ import main
from rnncore.apps.diagnose.findings import find_faults
from rnncore.apps.diagnose.process import compare_losses, examine
from rnncore.apps.diagnose.run import diagnose, watch_script
from rnncore.apps.diagnose.watch import watch
from rnncore.storage.files import Refused
from tests.helpers import ROOT
from tools.bench.doctor import LONG, time_watching

SCRIPTS = Path(__file__).parent / "scripts"
FAULTS = {
    "undetached_state": "undetached-state",
    "undetached_retained": "undetached-state",
    "batch_first_last": "batch-first",
    "batch_first_tags": "batch-first",
    "batch_first_view": "batch-first",
    "padded_last": "padding",
    "padded_state": "padding",
    "backward_direction": "backward-direction",
    "softmax_loss": "softmax-before-loss",
    "sigmoid_logits": "softmax-before-loss",
    "exploding": "not-clipped",
    "dropout_in_use": "eval-forgotten",
    "train_forgotten": "train-forgotten",
    "shuffled_windows": "shuffled",
    "shuffled_state": "shuffled",
    "leaked_window": "leak",
    "leaked_bidirectional": "leak",
    "rate_large": "rate-too-large",
    "rate_small": "rate-too-small",
    "saturated": "saturated",
    "single_step": "single-step",
    "horizon": "horizon",
    "gradients_kept": "gradient-kept",
}
BY_TWO_RUNS = {"seed_of_a_set"}
RIGHT = sorted(p.stem for p in (SCRIPTS / "right").glob("*.py"))


class Net(torch.nn.Module):
    def __init__(self, **options):
        super().__init__()
        self.rnn = torch.nn.GRU(2, 8, **options)
        self.readout = torch.nn.Linear(8, 1)

    def forward(self, x):
        return self.readout(self.rnn(x)[0][:, -1])


def squared(model, x, y):
    return torch.nn.functional.mse_loss(model(x), y)


@pytest.fixture
def batch():
    torch.manual_seed(0)
    x = torch.randn(16, 12, 2)
    return x, x[:, -2:, 0].sum(1, keepdim=True)


def test_there_are_twenty_broken_scripts_and_ten_right_ones():
    broken = {p.stem for p in (SCRIPTS / "broken").glob("*.py")}
    assert broken == set(FAULTS) | BY_TWO_RUNS
    assert len(broken) >= 20
    assert len(RIGHT) == 10


@pytest.mark.parametrize(("name", "fault"), FAULTS.items(), ids=FAULTS)
def test_a_broken_script_is_told_its_fault_first(name, fault):
    record, _ = watch_script(SCRIPTS / "broken" / f"{name}.py")
    assert [f.name for f in find_faults(record)][:1] == [fault]


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_script_is_not_accused(name):
    record, failed = watch_script(SCRIPTS / "right" / f"{name}.py")
    assert failed is None
    assert len(record.updates) > 10
    assert find_faults(record) == []


def test_two_processes_with_one_seed_are_compared(capsys, monkeypatch):
    monkeypatch.setattr("rnncore.apps.diagnose.process.FREE", 60.0)
    path = SCRIPTS / "broken" / "seed_of_a_set.py"
    assert main(["diagnose", str(path)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "not-repeatable"


def test_a_second_start_that_would_take_too_long_is_left_out(
    capsys, monkeypatch
):
    monkeypatch.setattr("rnncore.apps.diagnose.process.FREE", 0.0)
    path = SCRIPTS / "broken" / "seed_of_a_set.py"
    assert main(["diagnose", str(path)]) == 0
    assert "not looked at: a second start would" in capsys.readouterr().out


def test_each_finding_leads_to_a_page_of_the_book():
    code = "".join(
        (ROOT / "rnncore/apps/diagnose" / name).read_text()
        for name in ("findings.py", "process.py")
    )
    named = set(re.findall(r'"(ch\d\d_\w+)"', code))
    assert len(named) > 5
    assert all((ROOT / f"book/{name}.md").is_file() for name in named)


def test_losses_that_agree_are_no_finding():
    assert compare_losses([1.0, 0.9], [1.0, 0.9, 0.8]) is None
    assert "step 2" in compare_losses([1.0, 0.9], [1.0, 0.91]).evidence


def test_a_model_at_hand_is_diagnosed_and_left_as_it_was(batch):
    model = Net()
    before = [p.clone() for p in model.parameters()]
    found = diagnose(model, batch, squared)
    assert [f.name for f in found] == ["batch-first"]
    assert all(
        a.equal(b) for a, b in zip(before, model.parameters(), strict=True)
    )
    assert diagnose(Net(batch_first=True), batch, squared) == []


def test_a_rate_that_is_too_large_is_told_of_a_model_at_hand(batch):
    found = diagnose(
        Net(batch_first=True),
        batch,
        squared,
        lambda weights: torch.optim.SGD(weights, lr=300.0),
    )
    assert [f.name for f in found] == ["rate-too-large"]


def test_a_model_without_a_recurrent_layer_is_refused(batch):
    linear = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(24, 1))
    with pytest.raises(ValueError, match="recurrent layer"):
        diagnose(linear, batch, squared)
    with pytest.raises(ValueError, match=r"\(16, 1\)"):
        diagnose(Net(batch_first=True), batch, lambda m, x, y: m(x) - y)


def test_watching_changes_no_number_and_leaves_torch_as_it_was(batch):
    def train():
        torch.manual_seed(1)
        model = Net(batch_first=True)
        optimizer = torch.optim.Adam(model.parameters())
        for _ in range(3):
            optimizer.zero_grad()
            squared(model, *batch).backward()
            optimizer.step()
        return model.rnn.weight_hh_l0.detach()

    before = torch.nn.Module.__call__, torch.Tensor.backward
    alone = train()
    with watch():
        watched = train()
    assert alone.equal(watched)
    assert before == (torch.nn.Module.__call__, torch.Tensor.backward)


def test_a_script_is_stopped_when_its_time_is_over(tmp_path):
    path = tmp_path / "endless.py"
    path.write_text(
        "import torch\ngru = torch.nn.GRU(1, 2)\n"
        "while True:\n    gru(torch.rand(3, 1, 1))[0].sum().backward()\n"
    )
    record, failed = watch_script(path, seconds=0.2)
    assert failed is None
    assert record.backwards > 0


def test_what_cannot_be_examined_is_refused(tmp_path, capsys):
    with pytest.raises(Refused, match="no such file"):
        examine(tmp_path / "none.py")
    path = tmp_path / "empty.py"
    path.write_text("1 / 0\n")
    assert main(["diagnose", str(path)]) == 2
    said = capsys.readouterr().err
    assert "recurrent layer" in said
    assert "line 1: ZeroDivisionError" in said


LOOP = """
import torch
import warnings
torch.manual_seed(0)
net, fc = torch.nn.GRU(1, 4, batch_first=True), torch.nn.Linear(4, 1)
params = [*net.parameters(), *fc.parameters()]
optimizer = torch.optim.SGD(params, lr=0.1)
for _ in range(12):
    x = torch.randn(8, 6, 1)
    loss = torch.nn.functional.mse_loss(fc(net(x)[0][:, -1]), {target})
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


def test_a_finding_names_file_and_line_and_torchs_warning_is_passed_on(
    tmp_path, capsys
):
    path = tmp_path / "train.py"
    path.write_text(LOOP.format(target="x[:, -2, 0]"))
    assert main(["diagnose", str(path)]) == 1
    told = capsys.readouterr()
    assert told.out.splitlines()[0] == "shapes"
    assert "train.py, line 10" in told.out
    assert "broadcasting" in told.err


def test_a_notebook_is_run_without_the_lines_of_a_shell(tmp_path):
    code = "!pip install torch\n%matplotlib inline\nif True:\n    !ls\n"
    cells = [
        {"cell_type": "markdown", "source": ["# Title"]},
        {"cell_type": "code", "source": "%%bash\nexit 1"},
        {"cell_type": "code", "source": code},
        {
            "cell_type": "code",
            "source": LOOP.format(target="x[:, -2, 0]").splitlines(True),
        },
    ]
    path = tmp_path / "train.ipynb"
    path.write_text(json.dumps({"cells": cells}), "utf-8")
    record, failed = watch_script(path)
    assert failed is None
    found = find_faults(record)
    assert [f.name for f in found] == ["shapes"]
    assert found[0].line.endswith("train.ipynb, cell 3, line 10")


def test_a_file_that_is_no_notebook_is_told(tmp_path):
    path = tmp_path / "train.ipynb"
    path.write_text('{"cells": 3}')
    _, failed = watch_script(path)
    assert isinstance(failed, ValueError)


def test_no_step_of_an_optimizer_is_status_2_and_said(tmp_path, capsys):
    path = tmp_path / "by_hand.py"
    code = LOOP.format(target="x[:, -2]")
    by_hand = "for p in params: p.data.sub_(0.1 * p.grad)"
    code = code.replace("optimizer.step()", by_hand)
    path.write_text(code)
    assert main(["diagnose", str(path)]) == 2
    assert "no optimizer" in capsys.readouterr().out


def test_the_seconds_count_from_the_first_gradient(tmp_path):
    path = tmp_path / "slow_start.py"
    path.write_text(
        "import time\ntime.sleep(1)\n" + LOOP.format(target="x[:, -2]")
    )
    record, failed = watch_script(path, seconds=0.9)
    assert failed is None
    assert len(record.updates) > 0


def test_weights_in_no_optimizer_are_named(batch):
    model = Net(batch_first=True)
    found = diagnose(
        model,
        batch,
        squared,
        lambda w: torch.optim.Adam(
            [p for p in w if p.ndim == 2 and len(p) > 1]
        ),
    )
    (finding,) = (f for f in found if f.name == "no-optimizer")
    assert "readout.weight" in finding.evidence


def test_a_trainer_that_catches_everything_is_stopped_all_the_same(
    tmp_path,
):
    path = tmp_path / "trainer.py"
    path.write_text(
        "import torch\ngru = torch.nn.GRU(1, 2)\n"
        "def fit():\n    while True:\n"
        "        gru(torch.rand(3, 1, 1))[0].sum().backward()\n"
        "try:\n    fit()\nexcept BaseException:\n    torn_down = True\n    raise\n"
    )
    record, failed = watch_script(path, seconds=0.2)
    assert failed is None
    assert record.stopped


@pytest.mark.slow
def test_all_takes_at_most_a_fifth_of_a_training_and_three_seconds():
    alone, watched = time_watching(LONG)
    assert watched < 1.2 * alone + 3
