"""A sine is forecast; the output is (B, 1), the target (B,).

fault: shapes
source: 5
"""

import torch
from torch import nn

torch.manual_seed(0)
series = torch.sin(torch.arange(420) * 0.2)
X = torch.stack([series[i : i + 20] for i in range(400)])[..., None]
Y = torch.stack([series[i + 20] for i in range(400)])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 32, batch_first=True)
        self.fc = nn.Linear(32, 1)

    def forward(self, x):
        return self.fc(self.lstm(x)[0][:, -1])


net, loss_fn = Net(), nn.MSELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(6):
    for i in range(0, 384, 32):
        loss = loss_fn(net(X[i : i + 32]), Y[i : i + 32])  # fault
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
