"""A price by a network: it ends worse than the last value.

fault: last-value
source: 10
"""

import torch
from torch import nn

torch.manual_seed(0)
price = torch.randn(600).cumsum(0)
price = (price - price[:480].mean()) / price[:480].std()
windows = price.unfold(0, 21, 1)
X, y = windows[:, :20, None].clone(), windows[:, 20:].clone()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 32, batch_first=True)
        self.fc = nn.Linear(32, 1)

    def forward(self, x):
        return self.fc(self.lstm(x)[0][:, -1])


net, loss_fn = Net(), nn.MSELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for epoch in range(100):
    loss = loss_fn(net(X[:460]), y[:460])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
net.eval()
with torch.no_grad():
    print(loss_fn(net(X[480:]), y[480:]).item())  # fault
