"""The test at the end, with gradients on, with dropout on.

fault: eval-forgotten
source: 20
"""

import torch
from torch import nn

torch.manual_seed(0)
X = torch.randn(400, 10, 2)
Y = X[:, -4:, 0].mean(1, keepdim=True)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(2, 24, batch_first=True)
        self.head = nn.Sequential(nn.Dropout(0.4), nn.Linear(24, 1))

    def forward(self, x):
        return self.head(self.gru(x)[1][-1])


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.005)
for epoch in range(8):
    for i in range(0, 300, 30):
        loss = nn.MSELoss()(net(X[i : i + 30]), Y[i : i + 30])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
prediction = net(X[300:])  # fault
print(((prediction - Y[300:]) ** 2).mean().item())
