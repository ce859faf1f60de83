"""Energy of a day by a GRU; the target has lost its axis.

fault: shapes
source: 27
held back
"""

import torch
from torch import nn

torch.manual_seed(0)
t = torch.arange(700.0)
load = (
    torch.sin(t * 0.26)
    + 0.3 * torch.sin(t * 0.037)
    + 0.1 * torch.randn(700)
)
past = load.unfold(0, 25, 1)


class Load(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(1, 20)
        self.out = nn.Linear(20, 1)

    def forward(self, x):
        _, h = self.rnn(x.T[..., None])
        return self.out(h[0])


model = Load()
optimizer = torch.optim.Adam(model.parameters(), lr=0.004)
for step in range(100):
    rows = past[torch.randint(0, 600, (40,))]
    forecast = model(rows[:, :24])
    loss = nn.functional.huber_loss(forecast, rows[:, 24])  # fault
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
