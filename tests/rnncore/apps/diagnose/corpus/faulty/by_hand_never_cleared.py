"""Weights are changed by hand, and gradients never cleared.

fault: gradient-kept
source: 7
"""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.sin(torch.rand(64, 1) * 6 + 0.3 * torch.arange(21))
net, out = nn.LSTM(1, 16, batch_first=True), nn.Linear(16, 1)
weights = [*net.parameters(), *out.parameters()]
for step in range(60):
    loss = nn.functional.mse_loss(
        out(net(x[:, :20, None])[0][:, -1]), x[:, 20:]
    )
    loss.backward()  # fault
    with torch.no_grad():
        for w in weights:
            w -= 30.0 * w.grad  # fault
