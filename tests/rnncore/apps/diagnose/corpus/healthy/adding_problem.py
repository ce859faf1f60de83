"""Two marked numbers of a sequence are added, fifty steps, by an LSTM.

source: 53
"""

import torch
from torch import nn


def draw(B=32, T=50):
    x = torch.zeros(B, T, 2)
    x[..., 0].uniform_(0, 1)
    first, second = torch.randint(0, 25, (B,)), torch.randint(25, 50, (B,))
    rows = torch.arange(B)
    x[rows, first, 1] = x[rows, second, 1] = 1
    return x, (x[..., 0] * x[..., 1]).sum(1, keepdim=True)


torch.manual_seed(0)
lstm, fc = nn.LSTM(2, 32, batch_first=True), nn.Linear(32, 1)
params = [*lstm.parameters(), *fc.parameters()]
optimizer = torch.optim.Adam(params, lr=1e-3)
for step in range(150):
    x, y = draw()
    loss = nn.functional.mse_loss(fc(lstm(x)[0][:, -1]), y)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(params, 1.0)
    optimizer.step()
