"""nll_loss gets probabilities in place of their logarithms.

fault: softmax-before-loss
source: 18
held back
"""

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
embed, rnn, fc = (
    nn.Embedding(15, 8),
    nn.GRU(8, 24, batch_first=True),
    nn.Linear(24, 5),
)
model = nn.ModuleDict({"embed": embed, "rnn": rnn, "fc": fc})
optimizer = torch.optim.RMSprop(model.parameters(), lr=0.002)
for step in range(80):
    x = torch.randint(0, 15, (20, 7))
    tags = x % 5
    y, _ = rnn(embed(x))
    scores = F.softmax(fc(y), dim=-1)
    loss = F.nll_loss(scores.flatten(0, 1), tags.flatten())  # fault
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
