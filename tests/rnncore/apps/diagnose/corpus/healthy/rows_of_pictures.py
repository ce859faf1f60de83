"""Pictures read row by row; the last rows are blank.

source: 2
"""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.rand(256, 12, 8)
for k in range(256):
    x[k, 9 - k % 3 :] = 0
label = (x[:, 3:6].sum((1, 2)) > 12).long()
lstm, fc = nn.LSTM(8, 24, batch_first=True), nn.Linear(24, 2)
optimizer = torch.optim.Adam(
    [*lstm.parameters(), *fc.parameters()], lr=0.01
)
for step in range(30):
    b = torch.randint(0, 256, (50,))
    y, _ = lstm(x[b])
    loss = nn.functional.cross_entropy(fc(y[:, -1]), label[b])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
