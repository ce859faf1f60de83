"""The first symbol is to be told after 100 steps, by a plain RNN."""

import torch
from torch import nn

torch.manual_seed(0)


class Recall(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(8, 32, batch_first=True)
        self.fc = nn.Linear(32, 4)

    def forward(self, x):
        return self.fc(self.rnn(x)[0][:, -1])


model = Recall()
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
for step in range(80):
    tokens = torch.randint(4, 8, (32, 100))
    tokens[:, 0] = torch.randint(0, 4, (32,))
    x = nn.functional.one_hot(tokens, 8).float()
    loss = nn.functional.cross_entropy(model(x), tokens[:, 0])
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
