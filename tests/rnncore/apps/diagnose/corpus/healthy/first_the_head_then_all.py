"""The head alone is trained first, then all of it.

source: 65
held back
"""

import torch
from torch import nn

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.GRU(3, 24, batch_first=True)
        self.head = nn.Linear(24, 1)

    def forward(self, x):
        return self.head(self.body(x)[0][:, -1])


def train(net, optimizer, steps):
    for _ in range(steps):
        x = torch.randn(32, 10, 3)
        loss = nn.functional.mse_loss(
            net(x), x[:, -2:, 0].sum(1, keepdim=True)
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


net = Net()
for p in net.body.parameters():
    p.requires_grad = False
print(train(net, torch.optim.Adam(net.head.parameters(), lr=0.01), 30))
for p in net.body.parameters():
    p.requires_grad = True
print(train(net, torch.optim.Adam(net.parameters(), lr=0.003), 60))
