"""What the first layer says is detached before the second reads it.

fault: no-gradient
source: 24
held back
"""

import torch
from torch import nn

torch.manual_seed(0)


class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(18, 8)
        self.chars = nn.LSTM(8, 16, batch_first=True)
        self.words = nn.LSTM(16, 24, batch_first=True)
        self.tag = nn.Linear(24, 4)

    def forward(self, x):
        B, W, L = x.shape
        _, (h, _) = self.chars(self.embed(x.view(-1, L)))  # fault
        y, _ = self.words(h[-1].detach().view(B, W, -1))
        return self.tag(y)


model = Words()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
for step in range(60):
    x = torch.randint(0, 18, (12, 6, 5))
    logits = model(x).flatten(0, 1)
    loss = nn.functional.cross_entropy(logits, (x[..., 0] % 4).flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
