"""The same by hand: a column minus a row is a square.

fault: shapes
source: 5
"""

import torch
from torch import nn

torch.manual_seed(1)
series = torch.sin(torch.arange(330) * 0.15)
windows = series.unfold(0, 17, 1).clone()
gru, fc = nn.GRU(1, 16, batch_first=True), nn.Linear(16, 1)
params = [*gru.parameters(), *fc.parameters()]
optimizer = torch.optim.Adam(params, lr=0.01)
for step in range(80):
    b = torch.randint(0, 300, (24,))
    _, h = gru(windows[b, :16, None])
    loss = ((fc(h[-1]) - windows[b, 16]) ** 2).mean()  # fault
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
