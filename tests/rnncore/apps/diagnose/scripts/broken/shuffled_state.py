"""A stateful network whose loader shuffles the windows."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
series = torch.sin(torch.arange(3201) * 0.05)
X = series[:-1].view(160, 20, 1)
Y = series[1:].view(160, 20, 1)
loader = DataLoader(
    TensorDataset(X, Y), batch_size=8, shuffle=True, drop_last=True
)
lstm, fc = nn.LSTM(1, 24, batch_first=True), nn.Linear(24, 1)
params = [*lstm.parameters(), *fc.parameters()]
optimizer = torch.optim.Adam(params, lr=0.005)
for epoch in range(3):
    state = None
    for x, y in loader:
        out, state = lstm(x, state)
        state = tuple(s.detach() for s in state)
        loss = ((fc(out) - y) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(params, 1.0)
        optimizer.step()
