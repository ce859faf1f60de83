"""One long series, read in order with a carried and detached state."""

import torch
from torch import nn

torch.manual_seed(0)
series = torch.sin(torch.arange(4001) * 0.11) + 0.05 * torch.randn(4001)
rows = series[:4000].view(4, 1000, 1)
lstm, fc = nn.LSTM(1, 24, batch_first=True), nn.Linear(24, 1)
params = [*lstm.parameters(), *fc.parameters()]
optimizer = torch.optim.Adam(params, lr=0.005)
for epoch in range(2):
    state = None
    for i in range(0, 975, 25):
        out, state = lstm(rows[:, i : i + 25], state)
        state = tuple(s.detach() for s in state)
        loss = nn.functional.smooth_l1_loss(
            fc(out), rows[:, i + 1 : i + 26]
        )
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(params, 1.0)
        optimizer.step()
