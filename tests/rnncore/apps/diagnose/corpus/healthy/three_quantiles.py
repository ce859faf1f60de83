"""Three quantiles of a demand: (B, 1) minus (B, 3), meant so.

source: 66
"""

import torch
from torch import nn

torch.manual_seed(0)
t = torch.arange(600.0)
demand = torch.sin(t * 0.9) + 0.2 * torch.randn(600)
X = demand.unfold(0, 15, 1)[:, :14, None].clone()
Y, levels = demand[14:, None], torch.tensor([0.1, 0.5, 0.9])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.fc = (
            nn.LSTM(1, 24, batch_first=True),
            nn.Linear(24, 3),
        )

    def forward(self, x):
        return self.fc(self.lstm(x)[0][:, -1])


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for step in range(120):
    b = torch.randint(0, 480, (40,))
    error = Y[b] - net(X[b])
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
