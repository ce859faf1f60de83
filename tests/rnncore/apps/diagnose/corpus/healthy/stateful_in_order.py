"""A kept state, and a loader that keeps the order.

source: 64
held back
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
series = torch.sin(torch.arange(2401) * 0.09) + 0.05 * torch.randn(2401)
columns = series[:2400].view(8, 15, 20).transpose(0, 1).reshape(120, 20, 1)
ahead = series[1:].view(8, 15, 20).transpose(0, 1).reshape(120, 20, 1)
loader = DataLoader(TensorDataset(columns, ahead), batch_size=8)


class Stateful(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.fc = (
            nn.LSTM(1, 24, batch_first=True),
            nn.Linear(24, 1),
        )
        self.reset()

    def reset(self):
        self.state = torch.zeros(1, 8, 24), torch.zeros(1, 8, 24)

    def forward(self, x):
        y, (h, c) = self.lstm(x, self.state)
        self.state = h.detach(), c.detach()
        return self.fc(y)


model = Stateful()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(5):
    model.reset()
    for x, y in loader:
        loss = nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
