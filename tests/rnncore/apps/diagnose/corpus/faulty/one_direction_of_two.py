"""Of a bidirectional layer's state one direction alone is read.

fault: no-gradient
source: 25
held back
"""

import torch
from torch import nn

torch.manual_seed(0)
embed = nn.Embedding(12, 8)
gru = nn.GRU(8, 24, bidirectional=True, batch_first=True)
fc = nn.Linear(24, 3)
params = [p for m in (embed, gru, fc) for p in m.parameters()]
optimizer = torch.optim.Adam(params, lr=0.005)
for step in range(60):
    x = torch.randint(0, 12, (24, 10))
    _, h_n = gru(embed(x))  # fault
    loss = nn.functional.cross_entropy(fc(h_n[-1]), x[:, 2] % 3)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
