"""Padded sequences without packing: the output at each length is read."""

import torch
from torch import nn

torch.manual_seed(0)
lengths = torch.randint(4, 16, (200,))
inside = torch.arange(15) < lengths[:, None]
X = torch.randn(200, 15, 3) * inside[..., None]
Y = (X[torch.arange(200), lengths - 1, 0] > 0).float()
rnn, fc = nn.RNN(3, 24, batch_first=True), nn.Linear(24, 1)
params = [*rnn.parameters(), *fc.parameters()]
optimizer = torch.optim.Adam(params, lr=0.01)
for epoch in range(10):
    for i in range(0, 200, 40):
        out, _ = rnn(X[i : i + 40])
        last = out[torch.arange(40), lengths[i : i + 40] - 1]
        loss = nn.functional.binary_cross_entropy_with_logits(
            fc(last).squeeze(1), Y[i : i + 40]
        )
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(params, 1.0)
        optimizer.step()
