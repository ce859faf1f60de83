"""Shuffled long sequences, each in pieces, the state kept within one batch.

source: 63
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
phase = 6 * torch.rand(96, 1)
curves = torch.sin(phase + 0.15 * torch.arange(101)) + 0.05 * torch.randn(
    96, 101
)
data = TensorDataset(curves[..., None])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.fc = (
            nn.LSTM(1, 20, batch_first=True),
            nn.Linear(20, 1),
        )

    def forward(self, x, state):
        y, state = self.lstm(x, state)
        return self.fc(y), state


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for epoch in range(4):
    for (rows,) in DataLoader(data, batch_size=16, shuffle=True):
        state = None
        for i in range(0, 100, 20):
            y, state = net(rows[:, i : i + 20], state)
            state = tuple(s.detach() for s in state)
            loss = nn.functional.mse_loss(y, rows[:, i + 1 : i + 21])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
