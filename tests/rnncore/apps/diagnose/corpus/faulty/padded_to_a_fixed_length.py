"""Sentences padded to a length that none of them has, y[:, -1].

fault: padding
source: 16
held back
"""

import torch
from torch import nn

torch.manual_seed(0)
X = torch.zeros(256, 30, dtype=torch.long)
for n in range(256):
    length = int(torch.randint(5, 24, ()))
    X[n, :length] = torch.randint(1, 25, (length,))
Y = (X[:, 1] > 12).long()


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(25, 12)
        self.gru = nn.GRU(12, 24, batch_first=True)
        self.fc = nn.Linear(24, 2)

    def forward(self, x):
        out, _ = self.gru(self.embed(x))  # fault
        return self.fc(out[:, -1])


net = Classifier()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for epoch in range(4):
    for i in range(0, 256, 32):
        loss = nn.functional.cross_entropy(
            net(X[i : i + 32]), Y[i : i + 32]
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
