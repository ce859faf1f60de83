"""What the applications share: training modules, weights, devices, splits."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy, dropout
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from rnncore import application
from rnncore.application import (
    Refused,
    Score,
    averaged,
    choose_device,
    cooling,
    evaluating,
    seeded,
    split,
    spread_of,
)
from rnncore.nn import LSTM
from rnncore.optim import adam
from rnncore.storage import weights as weight_files
from rnncore.storage.weights import (
    load_module,
    load_weights,
    put_weights,
    save_weights,
    stored,
)
from tests.helpers import ROOT
from tests.helpers.arrays import assert_close
from tests.helpers.schedules import planned

K, B, T = 5, 3, 4
train_module = planned(application.train_module)


class Tied(torch.nn.Module):
    """A little language model: dropout, and one matrix used twice."""

    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(K, 6)
        self.lstm = LSTM(6, 6, num_layers=2, dropout=0.3)
        self.readout = torch.nn.Linear(6, K)
        self.readout.weight = self.embedding.weight

    def forward(self, ids, state):
        x = dropout(self.embedding(ids), 0.3, self.training)
        y, state = self.lstm(x, state)
        return self.readout(y), state


def loss(module, batch, state):
    ids = torch.from_numpy(batch)
    logits, state = module(ids[:-1], state)
    return cross_entropy(logits.flatten(0, 1), ids[1:].flatten()), state


def score(module):
    assert not module.training
    assert not torch.is_grad_enabled()
    ids = cycles(np.random.default_rng(9))
    return float(loss(module, ids, zeros())[0])


def cycles(rng):
    """Sequences that count, so that there is something to learn."""
    return (np.arange(T + 1)[:, None] + rng.integers(0, K, B)) % K


def zeros():
    return torch.zeros(2, B, 6), torch.zeros(2, B, 6)


def problem(seed=0, **change):
    """Arguments for `train_module`."""
    with seeded(seed):
        module = Tied()
    return {
        "module": module,
        "loss": loss,
        "next_batch": lambda rng, step: cycles(rng),
        "optimizer": adam(0.02),
        "steps": 17,
        "rng": np.random.default_rng(seed),
        "carry": zeros(),
        "clip": 1.0,
        "evaluate": score,
        "evaluate_every": 4,
    } | change


def bits(module):
    return {n: p.detach().clone() for n, p in module.named_parameters()}


def same(first, second):
    assert first.keys() == second.keys()
    return all(torch.equal(first[n], second[n]) for n in first)


class Interrupted(Exception):
    """Raised in the middle of a run."""


@pytest.mark.slow
def test_training_is_in_place_and_keeps_the_best():
    given = problem(steps=120, evaluate_every=10)
    with torch.no_grad():
        before = score(given["module"].eval())
    result = train_module(**given)
    module = given["module"]
    assert not module.training
    assert same(bits(module), result.params)
    with torch.no_grad():
        after = score(module)
    assert after == min(result.history.score) < before
    assert module.readout.weight is module.embedding.weight
    assert "readout.weight" not in result.params  # tied: updated once


@pytest.mark.parametrize("broken_at", [0, 3, 4, 11, 16])
def test_a_resumed_run_has_the_losses_of_an_uninterrupted_one(
    tmp_path, broken_at
):
    whole = problem()
    expected = train_module(**whole)
    given = problem(checkpoint=tmp_path / "run.npz")
    draw = given["next_batch"]

    def until(rng, step):
        if step == broken_at:
            raise Interrupted
        return draw(rng, step)

    with pytest.raises(Interrupted):
        train_module(**given | {"next_batch": until})
    again = problem(checkpoint=tmp_path / "run.npz")
    torch.manual_seed(broken_at)  # of no importance to the masks
    result = train_module(**again)
    assert result.history == expected.history
    assert same(result.last_params, expected.last_params)
    assert same(bits(again["module"]), bits(whole["module"]))


def test_dropout_is_on_in_training_and_its_masks_come_from_the_rng():
    losses = [
        train_module(**problem(rng=np.random.default_rng(k))).history.loss
        for k in (1, 1, 2)
    ]
    assert losses[0] == losses[1] != losses[2]
    given = problem(steps=1)
    still = problem(steps=1)
    still["module"].lstm.dropout = 0.0
    assert (
        train_module(**given).history.loss
        != train_module(**still).history.loss
    )


def test_the_global_generator_is_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train_module(**problem())
    assert torch.equal(torch.rand(3), expected)


def test_a_parameter_without_part_in_the_loss_stays_as_it_was():
    given = problem(optimizer=adam(0.1))
    given["module"].spare = torch.nn.Linear(2, 2)
    given["module"].embedding.weight.requires_grad_(False)
    before = bits(given["module"])
    train_module(**given)
    after = bits(given["module"])
    for name in "spare.weight", "spare.bias", "embedding.weight":
        assert torch.equal(before[name], after[name])
    assert not torch.equal(before["readout.bias"], after["readout.bias"])


def test_a_gradient_that_is_not_finite_is_named():
    def broken(module, batch, state):
        value, state = loss(module, batch, state)
        # its derivative at 0 is infinite, its value is not
        return value + (0 * module.readout.bias).sqrt().sum(), state

    with pytest.raises(
        FloatingPointError, match=r"^step 0: d_readout\.bias is not finite$"
    ):
        train_module(**problem(loss=broken))


def test_a_loss_that_is_not_finite_is_named():
    def broken(module, batch, state):
        value, state = loss(module, batch, state)
        return value * float("nan"), state

    with pytest.raises(FloatingPointError, match="step 0: loss, d_"):
        train_module(**problem(loss=broken))


def test_a_module_with_nothing_to_train_is_refused():
    given = problem(module=torch.nn.Dropout(0.1))
    with pytest.raises(ValueError, match=r"^module:"):
        train_module(**given)


def test_a_loss_that_is_no_scalar_is_refused():
    def vector(module, batch, state):
        return module.readout.bias, state

    with pytest.raises(
        ValueError, match=r"loss: expected \(\), got \(5,\)"
    ):
        train_module(**problem(loss=vector))


def test_seeded_draws_alike_and_puts_the_generator_back():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    with seeded(7):
        first = torch.rand(2)
    with pytest.raises(Interrupted):
        _broken_off(first)
    assert torch.equal(torch.rand(2), expected)


def _broken_off(expected):
    with seeded(7):
        assert torch.equal(torch.rand(2), expected)
        raise Interrupted


def test_a_device_is_chosen_or_refused_with_a_sentence(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device() == torch.device("cpu")
    with pytest.raises(Refused, match="device: torch finds no GPU here"):
        choose_device("cuda")
    for name in "tpu", "", "cpu:1", "cuda:x", "mps", "meta":
        with pytest.raises(
            Refused, match=f"^device: expected auto, cpu, .*, got '{name}'"
        ):
            choose_device(name)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "init", lambda: None)
    assert choose_device() == torch.device("cuda")
    assert choose_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(Refused, match="expected cuda:0 to cuda:1, got 'c"):
        choose_device("cuda:2")


ABOUT = {"kind": "tied", "vocabulary": ["a", "ü", "\n"], "seed": 3}


@pytest.fixture
def weights(tmp_path):
    """A file of weights, and the module that it came from."""
    module = problem()["module"]
    path = tmp_path / "model.safetensors"
    save_weights(path, module, ABOUT)
    return path, module


def test_weights_and_what_they_are_come_back(weights):
    path, module = weights
    found, about = load_weights(path)
    assert about == ABOUT
    other = problem(seed=1)["module"]
    assert not same(bits(other), bits(module))
    put_weights(other, found)
    assert same(bits(other), bits(module))
    assert other.readout.weight is other.embedding.weight
    assert json.loads(json.dumps(about)) == about


@pytest.mark.slow
def test_a_module_comes_back_ready_for_use(weights):
    path, module = weights

    def make(about):
        assert about == ABOUT
        return problem(seed=1)["module"]

    found, about = load_module(path, "tied", make, "tied model")
    assert same(bits(found), bits(module))
    assert (found.training, about) == (False, ABOUT)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda about: torch.nn.Linear(about["width"], 2), "'width'"),
        (lambda about: torch.nn.Linear(3, "ü"), "str"),
        (lambda about: torch.nn.Linear(3, 2), "it is missing"),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name(weights, make, says):
    with pytest.raises(Refused, match=r"model\.safetensors: no tied") as e:
        load_module(weights[0], "tied", make, "tied model")
    assert says in str(e.value)


def test_anybody_s_safetensors_reads_the_file(weights):
    path, module = weights
    tensors = safetensors.torch.load_file(path)
    assert same(tensors, bits(module))


def test_half_precision_takes_half_the_place(weights, tmp_path):
    _, module = weights
    half = tmp_path / "half.safetensors"
    save_weights(half, module, ABOUT, torch.float16)
    found, _ = load_weights(half)
    assert {w.dtype for w in found.values()} == {torch.float16}
    put_weights(module, found)
    for name, w in bits(module).items():
        assert w.dtype == torch.float32
        assert torch.equal(w, found[name].float())


def test_the_same_weights_make_the_same_file(weights, tmp_path):
    path, module = weights
    save_weights(tmp_path / "again", module, dict(reversed(ABOUT.items())))
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_a_module_on_another_kind_of_network_is_told(weights):
    path, _ = weights
    found, _ = load_weights(path)
    module = problem()["module"]
    module.readout.bias = torch.nn.Parameter(torch.zeros(K + 1))
    with pytest.raises(
        ValueError, match=r"readout.bias: expected \(6,\), got \(5,\)"
    ):
        put_weights(module, found)
    with pytest.raises(ValueError, match=r"readout\.bias: it is missing"):
        put_weights(
            module, {n: w for n, w in found.items() if n != "readout.bias"}
        )
    with pytest.raises(ValueError, match="extra: it is unexpected"):
        put_weights(problem()["module"], {**found, "extra": torch.ones(1)})


def test_every_flipped_byte_is_seen(weights):
    path, _ = weights
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    for place in [*range(20), *rng.integers(0, len(content), 150)]:
        broken = bytearray(content)
        broken[place] ^= int(rng.integers(1, 256))
        path.write_bytes(broken)
        with pytest.raises(Refused, match=r"model\.safetensors"):
            load_weights(path)


def test_files_that_hold_no_weights_are_refused_by_name(weights, tmp_path):
    path, _ = weights
    content = path.read_bytes()
    for cut in 0, 5, 200, len(content) - 1:
        path.write_bytes(content[:cut])
        with pytest.raises(Refused, match=r"model\.safetensors: damaged"):
            load_weights(path)
    path.write_text("a letter to a friend")
    with pytest.raises(Refused, match=r"model\.safetensors: damaged"):
        load_weights(path)
    safetensors.torch.save_file({"a": torch.ones(2)}, path)
    with pytest.raises(Refused, match="no weights of this course"):
        load_weights(path)
    with pytest.raises(Refused, match="no such file"):
        load_weights(tmp_path / "nothing")
    with pytest.raises(Refused, match="a folder"):
        load_weights(tmp_path)


def test_weights_of_another_version_are_told_as_such(tmp_path):
    path = tmp_path / "m.safetensors"
    save_weights(path, torch.nn.Linear(2, 2), ABOUT)
    raw = path.read_bytes()
    path.write_bytes(
        raw.replace(b"weights, version 1", b"weights, version 2")
    )
    with pytest.raises(
        Refused, match="got rnncore weights, version 2: ano"
    ):
        load_weights(path)


def test_the_model_of_another_application_is_refused(weights):
    path, _ = weights
    assert load_weights(path, "tied")[1] == ABOUT
    with pytest.raises(
        Refused, match=r"expected a model of 'text', got one of 'tied'"
    ):
        load_weights(path, "text")


def test_what_is_no_json_is_told_before_anything_is_written(tmp_path):
    module = problem()["module"]
    for value in {"a": {1}}, {"a": float("nan")}:
        with pytest.raises(ValueError, match="about: "):
            save_weights(tmp_path / "x", module, value)
    assert list(tmp_path.iterdir()) == []


def test_weights_are_written_whole(weights, monkeypatch):
    path, _ = weights
    content = path.read_bytes()

    def full(file):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_weights(path, problem(seed=1)["module"], ABOUT)
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_stored_weights_are_found_by_name(monkeypatch, tmp_path):
    monkeypatch.setattr(weight_files, "WEIGHTS", tmp_path)
    (tmp_path / "tunes.safetensors").touch()
    assert stored("tunes") == tmp_path / "tunes.safetensors"
    with pytest.raises(Refused, match=r"no 'tune' among .* weights: tunes"):
        stored("tune")


def test_weights_that_come_with_the_package_are_small_and_whole():
    for path in weight_files.WEIGHTS.glob("*"):
        assert path.suffix == ".safetensors", path
        assert path.stat().st_size <= 2_000_000, path
        _, about = load_weights(path)
        assert {"kind", "command", "seed", "seconds", "score"} <= set(about)


def test_a_score_says_mean_spread_and_how_many():
    score = spread_of([1.80, 1.84, 1.88])
    assert_close(score, Score(1.84, 0.04, 3))
    assert str(score) == "1.84 ± 0.04 (3 seeds)"
    assert str(spread_of([1.5])) == "1.5 (1 seed)"
    assert (
        str(spread_of([0.123456, 0.123656])) == "0.1236 ± 0.0001 (2 seeds)"
    )
    assert str(spread_of([2000.0, 2200.0])) == "2100 ± 141 (2 seeds)"
    assert str(spread_of([0.1 + 0.2, 0.3])) == "0.3 ± 0 (2 seeds)"
    assert str(spread_of([50.0, 50.0])) == "50 ± 0 (2 seeds)"
    with pytest.raises(ValueError, match=r"^values:"):
        spread_of([])


@pytest.mark.slow
@given(
    count=st.integers(3, 1000),
    shares=st.tuples(st.floats(0.01, 0.49), st.floats(0.01, 0.49)),
)
def test_a_split_leaves_nothing_out_and_shares_nothing(count, shares):
    parts = split(count, *shares)
    assert [k for part in parts for k in part] == list(range(count))
    for part, share in zip(parts[1:], shares, strict=True):
        assert len(part) >= 1
        assert abs(len(part) - share * count) <= 1 + (count < 10)


def test_a_split_is_in_order_with_the_rest_first():
    assert split(10, 0.2, 0.1) == [range(7), range(7, 9), range(9, 10)]
    assert [len(part) for part in split(3, 0.1, 0.1)] == [1, 1, 1]


def test_a_split_that_leaves_a_part_empty_is_refused():
    with pytest.raises(
        ValueError, match="count: expected at least 3, got 2"
    ):
        split(2, 0.1, 0.1)
    with pytest.raises(ValueError, match=r"^shares:"):
        split(10, 0.5, 0.5)
    with pytest.raises(ValueError, match=r"^shares:"):
        split(10, 0.0)


KILLED = """
import sys, time
from tests.rnncore.test_application import problem, train_module
given = problem(steps=10**6, evaluate_every=3, checkpoint=sys.argv[1])
draw = given["next_batch"]
def next_batch(rng, step):
    print(step, flush=True)
    time.sleep(0.002)
    return draw(rng, step)
train_module(**given | {"next_batch": next_batch})
"""


@pytest.mark.slow
def test_a_killed_run_ends_with_the_weights_of_an_undisturbed_one(tmp_path):
    path = tmp_path / "run.npz"
    run = subprocess.Popen(
        [sys.executable, "-c", KILLED, path],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    steps = iter(run.stdout.readline, "")
    assert any(int(step) >= 30 for step in steps)
    os.kill(run.pid, signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    run.stdout.close()
    goal = {
        "steps": len(np.load(path)["log:loss"]) + 7,
        "evaluate_every": 3,
    }
    resumed, whole = problem(**goal, checkpoint=path), problem(**goal)
    assert train_module(**resumed).history == train_module(**whole).history
    assert same(bits(resumed["module"]), bits(whole["module"]))


@pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a GPU: torch finds none"
)
def test_on_a_gpu_a_run_resumes_and_the_generators_stay(tmp_path):
    def given(**change):
        found = problem(**change)
        found["module"].cuda()
        found["carry"] = tuple(c.cuda() for c in found["carry"])

        def on_gpu(module, batch, state):
            ids = torch.from_numpy(batch).cuda()
            logits, state = module(ids[:-1], state)
            value = cross_entropy(logits.flatten(0, 1), ids[1:].flatten())
            return value, state

        return found | {"loss": on_gpu, "evaluate": None}

    torch.cuda.manual_seed(5)
    expected = torch.rand(3, device="cuda")
    torch.cuda.manual_seed(5)
    whole = train_module(**given())
    path = tmp_path / "run.npz"
    train_module(**given(steps=8, checkpoint=path))
    resumed = train_module(**given(checkpoint=path))
    assert torch.equal(torch.rand(3, device="cuda"), expected)
    # products are summed in no fixed order
    assert_close(
        resumed.history.loss,
        whole.history.loss,
        within=1e-4 * np.array(whole.history.loss),
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"layers": 10**12}, "layers: expected 1 to 1000"),
        ({"layers": "x"}, "layers: expected 1 to 1000, got 'x'"),
        ({"sizes": {"layers": 10**12}}, "layers: expected 1 to 1000"),
        ({"width": 10**9}, "expected"),  # before memory is taken for it
        ({"width": -1}, "no tied"),
        ({"width": None}, "no tied"),
    ],
)
def test_a_model_of_a_hostile_size_is_refused_at_once(
    tmp_path, change, says
):
    path = tmp_path / "model.safetensors"
    about = ABOUT | {"width": 3} | change
    save_weights(path, torch.nn.Linear(3, 3), about)

    def make(about):
        return torch.nn.Linear(about["width"], about["width"])

    with pytest.raises(Refused, match=r"model\.safetensors: no tied") as e:
        load_module(path, "tied", make, "tied")
    assert says in str(e.value)


def test_after_evaluating_each_part_is_in_the_mode_that_it_was_in():
    frozen = torch.nn.Dropout().eval()
    module = torch.nn.Sequential(torch.nn.Dropout(), frozen)
    with evaluating(module):
        assert not module.training
    assert module.training
    assert module[0].training
    assert not frozen.training


def test_averaged_weights_are_those_of_torch():
    module = torch.nn.Linear(3, 2).double()
    other = AveragedModel(module, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    optimizer = averaged(adam(0.1), 0.9)
    start = {n: p.detach().clone() for n, p in module.named_parameters()}
    params = application.Averaged(start, start)
    state = optimizer.init(params)
    for k in range(5):
        d = {n: torch.cos(w + k) for n, w in params.learning.items()}
        params, state = optimizer.update(params, d, state)
        for name, w in module.named_parameters():
            w.data = params.learning[name]
        other.update_parameters(module)
        for name, w in other.module.named_parameters():
            assert_close(params.mean[name], w.detach())
    for kept in -0.1, 1.0:
        with pytest.raises(ValueError, match=r"^kept:"):
            averaged(adam(0.1), kept)


def test_a_module_is_judged_and_left_with_its_averaged_weights(tmp_path):
    def next_batch(rng, step):
        return torch.as_tensor(rng.normal(size=(8, 3)))

    def distance(module, batch, carry):
        wanted = batch.sum(dim=1, keepdim=True)
        return ((module(batch) - wanted) ** 2).mean(), carry

    def train(steps, path=None):
        with seeded(0):
            module = torch.nn.Linear(3, 1).double()
        judged = []

        def evaluate(module):
            judged.append(module.weight.detach().clone())
            return float((module.weight - 1).abs().sum())

        fit = train_module(
            module,
            distance,
            next_batch,
            optimizer=cooling(0.05, 12),
            rng=np.random.default_rng(0),
            steps=steps,
            evaluate_every=4,
            evaluate=evaluate,
            average=0.8,
            checkpoint=path,
        )
        return module, fit, judged

    module, fit, judged = train(12)
    assert fit.history.score == sorted(fit.history.score, reverse=True)
    assert_close(module.weight.detach(), fit.last_params.mean["weight"])
    assert_close(module.weight.detach(), judged[-1])
    apart = fit.last_params.learning["weight"] - module.weight.detach()
    assert float(apart.abs().max()) > 1e-3
    path = tmp_path / "run.npz"
    train(8, path)
    again, *_ = train(12, path)
    assert_close(again.weight.detach(), module.weight.detach())


def test_a_rate_rises_before_it_falls():
    one = {"w": np.zeros(1)}

    def rates(**how):
        """What each step moves a weight by, if its gradient stays 1."""
        optimizer = cooling(0.5, 10, 0.5, **how)
        params, state, moved = one, optimizer.init(one), []
        for _ in range(10):
            before = params["w"]
            params, state = optimizer.update(
                params, {"w": np.ones(1)}, state
            )
            moved.append(float((before - params["w"])[0]))
        return moved

    falls = [0.5] * 5 + [0.5, 0.4, 0.3, 0.2, 0.1]
    assert_close(rates(), falls, within=1e-6)
    rises = [0.125, 0.25, 0.375, *falls[3:]]
    assert_close(rates(warm=4), rises, within=1e-6)
