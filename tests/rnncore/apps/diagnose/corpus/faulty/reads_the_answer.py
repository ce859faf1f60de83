"""A language model of both directions is asked for the next character.

fault: leak
source: 34
held back
"""

import torch
from torch import nn

torch.manual_seed(0)
text = torch.tensor(
    [ord(c) % 24 for c in "it was the best of times, it was " * 30]
)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(24, 16)
        self.gru = nn.GRU(16, 32, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(64, 24)

    def forward(self, x):
        return self.fc(self.gru(self.embed(x))[0])


model = Model()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
for step in range(60):
    rows = text[torch.randint(0, 900, (16, 1)) + torch.arange(31)]
    logits = model(rows[:, :-1])  # fault
    loss = nn.functional.cross_entropy(
        logits.transpose(1, 2), rows[:, 1:]
    )  # fault
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
