"""Prices and volumes go in as they are, unscaled.

fault: saturated
source: 31
"""

import torch
from torch import nn

torch.manual_seed(0)
price = 120 + torch.randn(400).cumsum(0)
volume = 2e4 + 3e3 * torch.randn(400)
table = torch.stack([price, volume], 1)
X = table.unfold(0, 15, 1).transpose(1, 2)[:-1]
up = (price[15:] > price[14:-1]).long()
gru, fc = nn.GRU(2, 20, batch_first=True), nn.Linear(20, 2)
optimizer = torch.optim.Adam([*gru.parameters(), *fc.parameters()], lr=1e-3)
for step in range(60):
    b = torch.randint(0, 300, (32,))
    y, _ = gru(X[b])  # fault
    loss = nn.functional.cross_entropy(fc(y[:, -1]), up[b])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
