"""The state goes from window to window, drawn at random, without a loader.

fault: shuffled
source: 37
held back
"""

import torch
from torch import nn

torch.manual_seed(0)
series = torch.cumsum(0.1 * torch.randn(3000), 0)
series = (series - series.mean()) / series.std()
rows = series[: 3000 // 25 * 25].view(-1, 25)
lstm, fc = nn.LSTM(1, 24, batch_first=True), nn.Linear(24, 1)
params = [*lstm.parameters(), *fc.parameters()]
optimizer = torch.optim.Adam(params, lr=0.003)
for epoch in range(5):
    hidden = None
    order = torch.randperm(len(rows))
    for i in range(0, 120, 12):
        x = rows[order[i : i + 12], :, None]
        y, hidden = lstm(x[:, :-1], hidden)  # fault
        hidden = tuple(h.detach() for h in hidden)
        loss = ((fc(y) - x[:, 1:]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(params, 1.0)
        optimizer.step()
