"""zero_grad stands between backward and step.

fault: no-gradient
source: 42
"""

import torch
from torch import nn

torch.manual_seed(0)
gru, fc = nn.GRU(3, 16, batch_first=True), nn.Linear(16, 2)
optimizer = torch.optim.Adam([*gru.parameters(), *fc.parameters()], lr=0.01)
for step in range(60):
    x = torch.randn(32, 9, 3)
    loss = nn.functional.cross_entropy(
        fc(gru(x)[1][0]), (x[:, -1, 0] > 0).long()
    )
    loss.backward()
    optimizer.zero_grad()  # fault
    optimizer.step()  # fault
