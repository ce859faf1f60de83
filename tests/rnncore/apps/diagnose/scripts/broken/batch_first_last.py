"""Classifies sequences (batch, time, features) by the last output."""

import torch
from torch import nn

torch.manual_seed(0)
X = torch.randn(256, 20, 3)
Y = (X[:, :, 0].sum(1) > 0).long()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(input_size=3, hidden_size=24)
        self.out = nn.Linear(24, 2)

    def forward(self, x):
        r_out, _ = self.lstm(x)
        return self.out(r_out[:, -1, :])


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for epoch in range(5):
    for i in range(0, 256, 32):
        loss = nn.functional.cross_entropy(
            net(X[i : i + 32]), Y[i : i + 32]
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
