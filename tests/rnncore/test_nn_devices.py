"""Weights that torch spreads over several processes: here two, on a CPU."""

import os
import subprocess
import sys

import pytest
import torch
import torch.multiprocessing
from torch import nn

import rnncore.nn
from tests.helpers import ROOT

fsdp = pytest.importorskip("torch.distributed.fsdp")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not hasattr(fsdp, "fully_shard"), reason="torch before 2.6"
    ),
]
K = 10


class Model(nn.Module):
    """Embedding, two layers, readout."""

    def __init__(self, package, name):
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(K, 32)
        self.core = getattr(package, name)(32, 64, num_layers=2)
        self.readout = nn.Linear(64, K)
        self.double()  # Adam divides small gradients by themselves

    def forward(self, ids):
        return self.readout(self.core(self.embed(ids))[0])


def trained(model, ids):
    """The losses of three steps; each leaves the weights changed."""
    optimiser = torch.optim.Adam(model.parameters(), lr=0.05)
    losses = []
    for _ in range(3):
        logits = model(ids[:-1]).flatten(0, 1)
        loss = nn.functional.cross_entropy(logits, ids[1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def spread(rank, folder, name, nested):
    """One process: trains with half of the batch, gathers the weights."""
    from torch.distributed.checkpoint.state_dict import (
        StateDictOptions,
        get_model_state_dict,
        set_model_state_dict,
    )

    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", f"file://{folder}/store", rank=rank, world_size=2
    )
    mesh = torch.distributed.device_mesh.init_device_mesh("cpu", (2,))
    whole = StateDictOptions(full_state_dict=True)

    def made():
        model = Model(rnncore.nn, name)
        parts = (model.embed, model.core, model.readout) if nested else ()
        for part in (*parts, model):
            fsdp.fully_shard(part, mesh=mesh)
        return model

    ids = torch.load(folder / "ids.pt")[:, rank::2]
    model = made()
    losses = trained(model, ids)
    weights = get_model_state_dict(model, options=whole)
    other = made()
    set_model_state_dict(other, dict(weights), options=whole)  # changes it
    again = trained(model, ids), trained(other, ids)
    torch.save((losses, weights, again), folder / f"found{rank}.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_fully_shard_trains_as_one_process_does(
    name, nested, tmp_path, monkeypatch
):
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo")
    ids = torch.randint(
        K, (21, 8), generator=torch.Generator().manual_seed(1)
    )
    torch.save(ids, tmp_path / "ids.pt")
    torch.multiprocessing.spawn(spread, (tmp_path, name, nested), nprocs=2)
    found = [torch.load(tmp_path / f"found{k}.pt") for k in range(2)]
    alone = Model(nn, name)  # torch's own layer, all of the batch
    losses = trained(alone, ids)
    for k, loss in enumerate(losses):
        mean = sum(of_one[0][k] for of_one in found) / 2
        assert abs(mean - loss) < 1e-9
    assert losses[2] < losses[0] - 0.01
    loaded = Model(rnncore.nn, name)
    loaded.load_state_dict(found[0][1])  # gathered
    for key, w in alone.state_dict().items():
        assert (loaded.state_dict()[key] - w).abs().max() < 1e-7, key
    for _, _, (first, second) in found:  # loaded into a spread model
        assert abs(first[0] - second[0]) < 1e-9


def printed(*command):
    """The losses that the example prints."""
    made = subprocess.run(
        [*command, str(ROOT / "examples" / "many_processes.py")],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ
        | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"},
    )
    assert made.returncode == 0, made.stderr
    return [float(word) for word in made.stdout.splitlines()[-1].split()]


def test_the_recipe_gives_one_process_and_two_the_same_losses():
    python = sys.executable, "-m"
    torchrun = *python, "torch.distributed.run", "--standalone"
    two = printed(*torchrun, "--nproc-per-node", "2")
    one = printed(sys.executable)
    assert len(one) == 20
    assert one[-1] < one[0] - 0.5
    assert max(abs(a - b) for a, b in zip(one, two, strict=True)) < 1e-3
