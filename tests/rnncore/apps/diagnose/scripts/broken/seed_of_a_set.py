"""Seeded, but the vocabulary is the order of a set."""

import random

import torch
from torch import nn

random.seed(0)
torch.manual_seed(0)
text = "she sells sea shells by the sea shore, and he does not. " * 30
chars = list(set(text))
index = {c: i for i, c in enumerate(chars)}
tokens = torch.tensor([index[c] for c in text])
embed = nn.Embedding(len(chars), 12)
gru = nn.GRU(12, 32, batch_first=True)
fc = nn.Linear(32, len(chars))
params = [p for m in (embed, gru, fc) for p in m.parameters()]
optimizer = torch.optim.Adam(params, lr=0.01)
for step in range(40):
    start = [random.randrange(len(tokens) - 21) for _ in range(16)]
    rows = torch.stack([tokens[s : s + 21] for s in start])
    out, _ = gru(embed(rows[:, :-1]))
    loss = nn.functional.cross_entropy(
        fc(out).flatten(0, 1), rows[:, 1:].flatten()
    )
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(params, 1.0)
    optimizer.step()
