"""Cells in a Python list are no parameters of the model.

fault: no-optimizer
source: 23
"""

import torch
from torch import nn

torch.manual_seed(0)


class Stack(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = [nn.GRUCell(3, 16), nn.GRUCell(16, 16)]
        self.out = nn.Linear(16, 1)

    def forward(self, x):
        h = [torch.zeros(len(x), 16) for _ in self.cells]
        for t in range(x.shape[1]):
            h[0] = self.cells[0](x[:, t], h[0])  # fault
            h[1] = self.cells[1](h[0], h[1])
        return self.out(h[1])


model = Stack()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(50):
    x = torch.randn(24, 8, 3)
    loss = nn.functional.mse_loss(model(x), x[:, -1, :1] - x[:, 0, :1])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
