"""zero_grad is called once, before the loop."""

import torch
from torch import nn

torch.manual_seed(0)
X = torch.randn(256, 10, 3)
Y = (X[:, -2:, 0].sum(1) > 0).long()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(3, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, x):
        return self.fc(self.gru(x)[0][:, -1])


net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
optimizer.zero_grad()
for epoch in range(5):
    for i in range(0, 256, 32):
        loss = nn.CrossEntropyLoss()(net(X[i : i + 32]), Y[i : i + 32])
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
