"""Sequences of several lengths, padded in front; the last output is read.

source: 72
held back
"""

import torch
from torch import nn

torch.manual_seed(0)
X = torch.zeros(240, 20, dtype=torch.long)
for n in range(240):
    length = int(torch.randint(4, 21, ()))
    X[n, 20 - length :] = torch.randint(1, 16, (length,))
Y = (X[:, -2] > 7).long()


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(16, 12, padding_idx=0)
        self.rnn = nn.GRU(12, 24, batch_first=True)
        self.fc = nn.Linear(24, 2)

    def forward(self, x):
        out, _ = self.rnn(self.embed(x))
        return self.fc(out[:, -1])


net = Classifier()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for epoch in range(5):
    for i in range(0, 240, 30):
        loss = nn.functional.cross_entropy(
            net(X[i : i + 30]), Y[i : i + 30]
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
