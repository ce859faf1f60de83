"""A model of text, trained by one process or by several.

    python examples/many_processes.py
    torchrun --nproc-per-node 2 examples/many_processes.py

torch's `fully_shard` spreads weights, gradients and the optimiser's means
over the processes, and each reads its share of the text. On two machines
each runs

    torchrun --nnodes 2 --nproc-per-node 2 --rdzv-backend c10d
        --rdzv-endpoint HOST:29500 examples/many_processes.py
"""

import os

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

import rnncore.nn
from rnncore.data.text import documentation

T, B, STEPS = 32, 16, 20


class Model(nn.Module):
    def __init__(self, K):
        super().__init__()
        self.embed = nn.Embedding(K, 32)
        self.core = rnncore.nn.LSTM(32, 64, num_layers=2)
        self.readout = nn.Linear(64, K)

    def forward(self, ids):
        return self.readout(self.core(self.embed(ids))[0])


def train(rank, processes):
    """The mean loss of each step, over all processes."""
    text = documentation()[: B * (STEPS * T + 1)]
    known = {c: k for k, c in enumerate(sorted(set(text)))}
    ids = torch.tensor([known[c] for c in text]).reshape(B, -1).T
    ids = ids[:, rank::processes]  # this process's share of the batch
    torch.manual_seed(0)  # the same weights everywhere
    model = Model(len(known))
    if processes > 1:
        mesh = init_device_mesh("cpu", (processes,))
        for part in model.embed, model.core, model.readout, model:
            fully_shard(part, mesh=mesh)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for k in range(STEPS):
        window = ids[k * T : (k + 1) * T + 1]
        logits = model(window[:-1]).flatten(0, 1)
        loss = nn.functional.cross_entropy(logits, window[1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        mean = loss.detach() / processes
        if processes > 1:
            dist.all_reduce(mean)
        losses.append(mean.item())
    return losses


def main():
    rank = int(os.environ.get("RANK", "0"))  # torchrun sets both
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if B % processes:
        raise SystemExit(f"processes: expected a divisor of {B}")
    if processes > 1:
        dist.init_process_group("gloo")  # on GPUs "nccl", and "cuda" above
    losses = train(rank, processes)
    if rank == 0:
        print(f"{processes} process(es), nats a character")
        print(*(f"{loss:.6f}" for loss in losses))
    if processes > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
