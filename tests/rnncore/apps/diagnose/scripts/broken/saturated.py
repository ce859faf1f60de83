"""Prices in thousands go into the layer as they are."""

import torch
from torch import nn

torch.manual_seed(0)
price = 3000 + 20 * torch.randn(600).cumsum(0)
windows = price.unfold(0, 21, 1)
X, y = windows[:, :20, None], (windows[:, 20:] > windows[:, 19:20]).float()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 32, batch_first=True)
        self.fc = nn.Linear(32, 1)

    def forward(self, x):
        _, (h, _) = self.lstm(x)
        return self.fc(h[-1])


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.003)
for epoch in range(6):
    for i in range(0, 500, 50):
        loss = nn.functional.binary_cross_entropy_with_logits(
            net(X[i : i + 50]), y[i : i + 50]
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
