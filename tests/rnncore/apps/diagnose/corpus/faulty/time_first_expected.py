"""batch_first=True, and smooth curves come time first.

fault: batch-first
source: 43
"""

import torch
from torch import nn

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 20, batch_first=True)
        self.fc = nn.Linear(20, 1)

    def forward(self, x):
        y, _ = self.lstm(x)  # fault
        return self.fc(y)


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.005)
for step in range(80):
    phase, speed = 6 * torch.rand(32), 0.2 + 0.2 * torch.rand(32)
    curve = torch.sin(phase + speed * torch.arange(41)[:, None])[..., None]
    loss = nn.functional.mse_loss(net(curve[:-1]), curve[1:])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
