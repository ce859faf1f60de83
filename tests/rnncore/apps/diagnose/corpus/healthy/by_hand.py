"""A language model whose weights are changed by hand.

source: 8
"""

import torch
from torch import nn

torch.manual_seed(0)
text = torch.tensor([ord(c) % 16 for c in "the cat sat on the mat " * 60])
data = text[: len(text) // 8 * 8].view(8, -1).T
embed, rnn, fc = nn.Embedding(16, 12), nn.LSTM(12, 32), nn.Linear(32, 16)
model = nn.ModuleList([embed, rnn, fc])
hidden = None
for i in range(0, len(data) - 16, 4):
    model.zero_grad()
    if hidden:
        hidden = tuple(h.detach() for h in hidden)
    y, hidden = rnn(embed(data[i : i + 15]), hidden)
    logits = fc(y).flatten(0, 1)
    loss = nn.functional.cross_entropy(
        logits, data[i + 1 : i + 16].flatten()
    )
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 0.25)
    for p in model.parameters():
        p.data.add_(p.grad, alpha=-5.0)
