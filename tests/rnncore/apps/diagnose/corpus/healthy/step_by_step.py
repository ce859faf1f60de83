"""A character model, one step at a time, its state passed on.

source: 1
"""

import torch
from torch import nn

torch.manual_seed(0)
rnn, out = nn.GRU(4, 8), nn.Linear(8, 4)
net = nn.ModuleList([rnn, out])
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
text = torch.randint(0, 4, (16, 21))
for epoch in range(20):
    state, loss = torch.zeros(1, 16, 8), 0
    for t in range(20):
        x = nn.functional.one_hot(text[None, :, t], 4).float()
        y, state = rnn(x, state)
        loss = loss + nn.functional.cross_entropy(out(y[0]), text[:, t + 1])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
