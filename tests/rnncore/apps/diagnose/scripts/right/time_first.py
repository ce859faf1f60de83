"""Time first throughout, layer and readout called one by one."""

import torch
from torch import nn

torch.manual_seed(0)
gru, readout = nn.GRU(2, 32), nn.Linear(32, 1)
params = [*gru.parameters(), *readout.parameters()]
optimizer = torch.optim.Adam(params, lr=0.01)
for step in range(60):
    x = torch.rand(20, 16, 2)
    x[..., 1] = (torch.rand(20, 16) < 0.2).float()
    y = (x[..., 0] * x[..., 1]).sum(0, keepdim=True)
    states, _ = gru(x)
    loss = ((readout(states[-1:])[..., 0] - y) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(params, 5.0)
    optimizer.step()
