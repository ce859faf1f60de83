"""Sentences of several lengths, one an update: the losses scatter.

source: 9
"""

import torch
from torch import nn

torch.manual_seed(0)
embed, lstm, fc = nn.Embedding(300, 32), nn.LSTM(32, 32), nn.Linear(32, 2)
params = [p for m in (embed, lstm, fc) for p in m.parameters()]
optimizer = torch.optim.Adam(params, lr=1e-3)
for n in range(200):
    sentence = torch.randint(0, 300, (int(torch.randint(8, 34, ())),))
    label = (sentence[:6] < 100).sum().gt(1).long().view(1)
    _, (h, _) = lstm(embed(sentence)[:, None])
    scores = fc(h[-1]).log_softmax(1)
    loss = nn.functional.nll_loss(scores, label)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
