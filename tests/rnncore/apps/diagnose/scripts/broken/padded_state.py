"""Regression on padded series of several lengths by the last state."""

import numpy as np
import torch
from torch import nn

np.random.seed(0)
torch.manual_seed(0)
N, T = 192, 30
lengths = np.random.randint(5, T + 1, N)
x = np.zeros((T, N, 2), dtype=np.float32)
for n, length in enumerate(lengths):
    x[:length, n] = np.random.randn(length, 2)
y = torch.tensor([x[k - 1, n, 0] for n, k in enumerate(lengths)])
x = torch.from_numpy(x)
gru = nn.GRU(2, 24)
head = nn.Linear(24, 1)
optimizer = torch.optim.Adam(
    [*gru.parameters(), *head.parameters()], lr=0.01
)
for step in range(40):
    pick = torch.randint(0, N, (32,))
    _, h_n = gru(x[:, pick])
    loss = ((head(h_n[-1]).squeeze(1) - y[pick]) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
