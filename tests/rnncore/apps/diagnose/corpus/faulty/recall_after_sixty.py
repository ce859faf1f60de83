"""A plain RNN is to tell its first symbol after sixty steps.

fault: horizon
source: 39
"""

import torch
from torch import nn

torch.manual_seed(0)
rnn, fc = nn.RNN(10, 40), nn.Linear(40, 4)
params = [*rnn.parameters(), *fc.parameters()]
optimizer = torch.optim.RMSprop(params, lr=1e-3)
for step in range(150):
    symbols = torch.randint(4, 10, (60, 32))
    symbols[0] = torch.randint(0, 4, (32,))
    x = nn.functional.one_hot(symbols, 10).float()
    _, h = rnn(x)  # fault
    loss = nn.functional.cross_entropy(fc(h[0]), symbols[0])
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(params, 1.0)
    optimizer.step()
