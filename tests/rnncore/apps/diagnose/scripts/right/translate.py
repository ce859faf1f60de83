"""Encoder and decoder: reverse a string, with the teacher's tokens."""

import torch
from torch import nn

torch.manual_seed(0)


class Seq2Seq(nn.Module):
    def __init__(self, V=12, H=48):
        super().__init__()
        self.source, self.target = nn.Embedding(V, 16), nn.Embedding(V, 16)
        self.encoder = nn.GRU(16, H, batch_first=True)
        self.decoder = nn.GRU(16, H, batch_first=True)
        self.fc = nn.Linear(H, V)

    def forward(self, x, shifted):
        _, state = self.encoder(self.source(x))
        y, _ = self.decoder(self.target(shifted), state)
        return self.fc(y)


model = Seq2Seq()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
for step in range(80):
    x = torch.randint(1, 12, (32, 6))
    wanted = x.flip(1)
    shifted = torch.cat(
        [torch.zeros(32, 1, dtype=torch.long), wanted[:, :-1]], 1
    )
    loss = nn.functional.cross_entropy(
        model(x, shifted).flatten(0, 1), wanted.flatten()
    )
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
