"""Dropout stays on in use, on purpose: thirty draws of each forecast.

source: 62
"""

import torch
from torch import nn

torch.manual_seed(0)
t = torch.arange(500.0)
series = torch.sin(t * 0.5) + 0.1 * torch.randn(500)
X, Y = series.unfold(0, 13, 1)[:, :12, None].clone(), series[12:, None]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(1, 24, batch_first=True)
        self.drop, self.fc = nn.Dropout(0.1), nn.Linear(24, 1)

    def forward(self, x):
        return self.fc(self.drop(self.gru(x)[1][-1]))


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for step in range(120):
    b = torch.randint(0, 400, (32,))
    loss = nn.functional.mse_loss(net(X[b]), Y[b])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
net.train()
with torch.no_grad():
    draws = torch.stack([net(X[420:]) for _ in range(30)])
print(draws.mean(0).shape, draws.std(0).mean().item())
