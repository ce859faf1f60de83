"""A variational autoencoder of sentences, words dropped, KL by hand.

source: 59
"""

import torch
from torch import nn

torch.manual_seed(0)


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 16)
        self.encoder = nn.GRU(16, 32, batch_first=True)
        self.mean, self.logv = nn.Linear(32, 8), nn.Linear(32, 8)
        self.start = nn.Linear(8, 32)
        self.decoder = nn.GRU(16, 32, batch_first=True)
        self.out = nn.Linear(32, 20)

    def forward(self, x):
        _, h = self.encoder(self.embed(x))
        mean, logv = self.mean(h[-1]), self.logv(h[-1])
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * logv)
        heard = x.masked_fill(torch.rand(x.shape) < 0.2, 0)
        y, _ = self.decoder(self.embed(heard[:, :-1]), self.start(z)[None])
        return self.out(y), mean, logv


model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
for step in range(60):
    x = (torch.randint(1, 20, (24, 1)) + torch.arange(9)) % 19 + 1
    logits, mean, logv = model(x)
    nll = nn.functional.cross_entropy(
        logits.transpose(1, 2), x[:, 1:], reduction="sum"
    )
    kl = -0.5 * torch.sum(1 + logv - mean.pow(2) - logv.exp())
    loss = (nll + min(1.0, step / 40) * kl) / 24
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
