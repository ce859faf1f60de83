"""The change of a random walk is forecast, and nothing can be learnt.

source: 68
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
price = torch.randn(700).cumsum(0)
change = price.diff()
X = change.unfold(0, 20, 1)[:-1, :, None].clone()
y = change[20:, None]
data = TensorDataset(X[:500], y[:500])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(1, 16, batch_first=True)
        self.fc = nn.Linear(16, 1)

    def forward(self, x):
        return self.fc(self.gru(x)[0][:, -1])


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-4)
for epoch in range(5):
    net.train()
    for a, b in DataLoader(data, batch_size=25, shuffle=True):
        loss = nn.functional.mse_loss(net(a), b)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
net.eval()
with torch.no_grad():
    print(
        nn.functional.mse_loss(net(X[500:]), y[500:]).item(),
        y[500:].var().item(),
    )
