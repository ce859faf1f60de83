"""Rain: most days are zero, many windows end with dry days.

source: 71
held back
"""

import torch
from torch import nn

torch.manual_seed(0)
wet = torch.zeros(900)
for d in range(1, 900):
    wet[d] = float(torch.rand(()) < (0.75 if wet[d - 1] else 0.12))
rain = wet * torch.rand(900)
X = rain.unfold(0, 15, 1)[:, :14, None].clone()
Y = wet[14:, None]
lstm, fc = nn.LSTM(1, 16, batch_first=True), nn.Linear(16, 1)
optimizer = torch.optim.Adam(
    [*lstm.parameters(), *fc.parameters()], lr=0.01
)
for epoch in range(4):
    for i in range(0, 700, 50):
        _, (h, _) = lstm(X[i : i + 50])
        loss = nn.functional.binary_cross_entropy_with_logits(
            fc(h[-1]), Y[i : i + 50]
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
