"""A year is given as twelve features of one step.

fault: single-step
source: 32
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
t = torch.arange(300.0)
sales = (
    0.5 + 0.001 * t + 0.2 * torch.sin(t * 0.5236) + 0.03 * torch.randn(300)
)
windows = sales.unfold(0, 13, 1).clone()
data = TensorDataset(windows[:200, None, :12], windows[:200, 12:])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(12, 24, batch_first=True)
        self.fc = nn.Linear(24, 1)

    def forward(self, x):
        out, _ = self.lstm(x)  # fault
        return self.fc(out[:, -1])


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for epoch in range(12):
    for x, y in DataLoader(data, batch_size=20, shuffle=True):
        loss = nn.functional.mse_loss(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
