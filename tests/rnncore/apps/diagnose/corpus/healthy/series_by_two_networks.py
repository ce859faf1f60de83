"""One network makes series, the other tells them from real ones.

source: 57
"""

import torch
from torch import nn

torch.manual_seed(0)


class Maker(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru, self.out = (
            nn.GRU(4, 24, batch_first=True),
            nn.Linear(24, 1),
        )

    def forward(self, z):
        return self.out(self.gru(z)[0])


class Judge(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru, self.out = (
            nn.GRU(1, 24, batch_first=True),
            nn.Linear(24, 1),
        )

    def forward(self, x):
        return self.out(self.gru(x)[1][-1])


G, D, bce = Maker(), Judge(), nn.BCEWithLogitsLoss()
g_step = torch.optim.Adam(G.parameters(), lr=2e-3)
d_step = torch.optim.Adam(D.parameters(), lr=2e-3)
one, zero = torch.ones(16, 1), torch.zeros(16, 1)
for step in range(40):
    real = torch.sin(6 * torch.rand(16, 1) + 0.4 * torch.arange(20))[
        ..., None
    ]
    fake = G(torch.randn(16, 20, 4))
    D.zero_grad()
    (bce(D(real), one) + bce(D(fake.detach()), zero)).backward()
    d_step.step()
    G.zero_grad()
    bce(D(fake), one).backward()
    g_step.step()
