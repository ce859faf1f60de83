"""Windows of a series are made time first by view.

fault: batch-first
source: 6
"""

import torch
from torch import nn

torch.manual_seed(0)
series = torch.sin(torch.arange(1200) * 0.13) + 0.02 * torch.randn(1200)
rows = torch.stack([series[i : i + 21] for i in range(0, 1170, 3)])
rows = rows[torch.randperm(390)]


class LSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 24)
        self.linear = nn.Linear(24, 1)

    def forward(self, x):
        out, _ = self.lstm(x.view(20, len(x), -1))  # fault
        return self.linear(out[-1])


model = LSTM()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
for epoch in range(8):
    for i in range(0, 390, 39):
        batch = rows[i : i + 39]
        loss = nn.functional.mse_loss(
            model(batch[:, :20].clone()), batch[:, 20:]
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
