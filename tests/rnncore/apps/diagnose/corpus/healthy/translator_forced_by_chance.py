"""Encoder and decoder; a coin says who is read, the teacher or the decoder.

source: 49
"""

import random

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
random.seed(0)
source = torch.randint(2, 14, (256, 6))
target = torch.cat([torch.ones_like(source[:, :1]), source.flip(1)], 1)


class Seq2Seq(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Embedding(14, 16), nn.Embedding(14, 16)
        self.encoder = nn.LSTM(16, 40, 2, dropout=0.2, batch_first=True)
        self.decoder = nn.LSTM(16, 40, 2, dropout=0.2, batch_first=True)
        self.out = nn.Linear(40, 14)

    def forward(self, x, y, ratio=0.5):
        _, state = self.encoder(self.a(x))
        token, scores = y[:, :1], []
        for t in range(1, y.shape[1]):
            h, state = self.decoder(self.b(token), state)
            scores.append(self.out(h[:, 0]))
            forced = random.random() < ratio
            token = (
                y[:, t : t + 1] if forced else scores[-1].argmax(1, True)
            )
        return torch.stack(scores, 1)


model = Seq2Seq()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
for epoch in range(4):
    for x, y in DataLoader(TensorDataset(source, target), 32, shuffle=True):
        loss = nn.functional.cross_entropy(
            model(x, y).transpose(1, 2), y[:, 1:]
        )
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
