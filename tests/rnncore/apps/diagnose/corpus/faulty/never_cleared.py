"""zero_grad does not occur.

fault: gradient-kept
source: 41
"""

import torch
from torch import nn

torch.manual_seed(0)
lstm, linear = nn.LSTM(1, 30, batch_first=True), nn.Linear(30, 1)
optimizer = torch.optim.Adam(
    [*lstm.parameters(), *linear.parameters()], lr=1e-3
)
x = torch.arange(21).view(1, 21, 1) / 20
y = x + 0.1
for j in range(100):
    output, _ = lstm(x)
    loss = nn.functional.mse_loss(linear(output), y)
    loss.backward()  # fault
    optimizer.step()  # fault
