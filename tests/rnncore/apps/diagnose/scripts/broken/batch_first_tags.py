"""A tag for each step, batches from a DataLoader."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
X = torch.randint(0, 12, (320, 15))
Y = (X.cumsum(1) % 2).long()
loader = DataLoader(TensorDataset(X, Y), batch_size=32, shuffle=True)


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(12, 10)
        self.rnn = nn.GRU(10, 24)
        self.linear = nn.Linear(24, 2)

    def forward(self, x):
        y, _ = self.rnn(self.embedding(x))
        return self.linear(y)


model = Tagger()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(4):
    for x, y in loader:
        loss = nn.CrossEntropyLoss()(model(x).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
