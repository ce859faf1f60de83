"""Windows of a series are split at random into training and test."""

import numpy as np
import torch
from torch import nn

rng = np.random.default_rng(0)
torch.manual_seed(0)
series = np.cumsum(rng.normal(size=600)).astype(np.float32)
series = (series - series.mean()) / series.std()
X = np.stack([series[i : i + 20] for i in range(570)])[..., None]
Y = series[20:590, None]
order = rng.permutation(len(X))
train, test = order[:450], order[450:]
X, Y = torch.from_numpy(X), torch.from_numpy(Y)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 24, batch_first=True)
        self.linear = nn.Linear(24, 1)

    def forward(self, x):
        y, _ = self.lstm(x)
        return self.linear(y[:, -1])


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for epoch in range(6):
    for i in range(0, 450, 50):
        b = train[i : i + 50]
        loss = nn.functional.mse_loss(net(X[b]), Y[b])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
net.eval()
with torch.no_grad():
    print(nn.functional.mse_loss(net(X[test]), Y[test]))
