"""SGD at 1e-6, since a larger one was feared.

fault: rate-too-small
source: 30
held back
"""

import torch
from torch import nn

torch.manual_seed(0)
lstm, linear = nn.LSTM(1, 40, batch_first=True), nn.Linear(40, 1)
params = list(lstm.parameters()) + list(linear.parameters())
optimizer = torch.optim.SGD(params, lr=1e-6)
x = torch.rand(64, 12, 1)
y = x.cumsum(1)
for epoch in range(80):
    out, _ = lstm(x)
    loss = nn.functional.mse_loss(linear(out), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()  # fault
