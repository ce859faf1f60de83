"""Gradients of four small batches are added before each step.

source: 60
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
X = torch.randn(384, 10, 3)
Y = (X[:, -3:, 0].sum(1) > 0).float()
loader = DataLoader(TensorDataset(X, Y), batch_size=8, shuffle=True)
gru, fc = nn.GRU(3, 24, batch_first=True), nn.Linear(24, 1)
optimizer = torch.optim.Adam([*gru.parameters(), *fc.parameters()], lr=0.01)
loss_fn = nn.BCEWithLogitsLoss()
for epoch in range(3):
    for k, (x, y) in enumerate(loader, 1):
        _, h = gru(x)
        loss = loss_fn(fc(h[-1]).squeeze(-1), y) / 4
        loss.backward()
        if k % 4 == 0:
            optimizer.step()
            optimizer.zero_grad()
