"""Letters; the state goes from window to window, in random order.

fault: shuffled
source: 36
"""

import torch
from torch import nn

torch.manual_seed(0)
text = torch.randint(0, 12, (12 * 8 * 20 + 1,))
x, y = text[:-1].view(-1, 20), text[1:].view(-1, 20)
embed = nn.Embedding(12, 16)
gru, fc = nn.GRU(16, 32, batch_first=True), nn.Linear(32, 12)
params = [p for m in (embed, gru, fc) for p in m.parameters()]
optimizer = torch.optim.Adam(params, lr=0.005)
state = torch.zeros(1, 8, 32)
for epoch in range(5):
    order = torch.randperm(len(x))
    for i in range(0, len(x), 8):
        b = order[i : i + 8]
        out, state = gru(embed(x[b]), state.detach())  # fault
        logits = fc(out).flatten(0, 1)
        loss = nn.functional.cross_entropy(logits, y[b].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
