"""A decoder that attends to the encoder's outputs, one step at a time.

source: 50
held back
"""

import torch
from torch import nn

torch.manual_seed(0)


class Attention(nn.Module):
    def __init__(self, V=12, H=32):
        super().__init__()
        self.embed = nn.Embedding(V, 16)
        self.encoder = nn.GRU(16, H, bidirectional=True)
        self.bridge = nn.Linear(2 * H, H)
        self.score = nn.Linear(3 * H, 1)
        self.decoder = nn.GRU(16 + 2 * H, H)
        self.out = nn.Linear(H, V)

    def forward(self, x, y):
        outputs, h = self.encoder(self.embed(x))
        h = torch.tanh(self.bridge(torch.cat([h[-2], h[-1]], 1)))
        scores = []
        for token in y[:-1]:
            again = h.expand(len(x), -1, -1)
            energy = self.score(torch.cat([again, outputs], 2))
            context = (energy.softmax(0) * outputs).sum(0)
            step = torch.cat([self.embed(token), context], 1)
            _, h = self.decoder(step[None], h[None])
            h = h[0]
            scores.append(self.out(h))
        return torch.stack(scores)


model = Attention()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
for step in range(60):
    x = torch.randint(1, 12, (7, 24))
    y = torch.cat([torch.zeros(1, 24, dtype=torch.long), x])
    loss = nn.functional.cross_entropy(
        model(x, y).flatten(0, 1), y[1:].flatten()
    )
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
