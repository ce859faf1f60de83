"""A name a step of training, a letter a call, by hand-made cells.

source: 46
"""

import torch
from torch import nn

torch.manual_seed(0)


class RNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(27, 20)
        self.gru, self.fc = nn.GRU(20, 20), nn.Linear(20, 3)

    def forward(self, letter, hidden):
        output, hidden = self.gru(
            self.embedding(letter).view(1, 1, -1), hidden
        )
        return self.fc(output[0]), hidden


model, criterion = RNN(), nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for n in range(120):
    kind = n % 3
    name = torch.randint(
        9 * kind, 9 * kind + 9, (int(torch.randint(3, 8, ())),)
    )
    hidden = torch.zeros(1, 1, 20)
    for letter in name:
        output, hidden = model(letter, hidden)
    loss = criterion(output, torch.tensor([kind]))
    model.zero_grad()
    loss.backward()
    optimizer.step()
