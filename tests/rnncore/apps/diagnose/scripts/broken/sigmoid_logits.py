"""A sigmoid, and then a loss that applies another."""

import torch
from torch import nn

torch.manual_seed(3)
X = torch.randint(0, 30, (200, 16))
y = (X < 6).any(1).float()
embed, gru, out = (
    nn.Embedding(30, 8),
    nn.GRU(8, 16, batch_first=True),
    nn.Linear(16, 1),
)
params = [p for m in (embed, gru, out) for p in m.parameters()]
optimizer = torch.optim.Adam(params, lr=0.01)
criterion = nn.BCEWithLogitsLoss()
for epoch in range(30):
    states, _ = gru(embed(X))
    probability = torch.sigmoid(out(states[:, -1])).squeeze(1)
    loss = criterion(probability, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
