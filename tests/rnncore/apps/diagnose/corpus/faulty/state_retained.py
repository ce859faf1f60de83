"""A model keeps its state as an attribute, and retain_graph hides that.

fault: undetached-state
source: 14
held back
"""

import torch
from torch import nn

torch.manual_seed(0)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru, self.fc = nn.GRU(1, 12), nn.Linear(12, 1)
        self.hidden = torch.zeros(1, 4, 12)

    def forward(self, x):
        y, self.hidden = self.gru(x, self.hidden)  # fault
        return self.fc(y)


model = Model()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
series = torch.sin(torch.arange(321) * 0.3)
rows = torch.stack([series[k : k + 241] for k in (0, 20, 40, 60)], 1)[
    ..., None
]
total = 0
for i in range(0, 240, 12):
    loss = ((model(rows[i : i + 12]) - rows[i + 1 : i + 13]) ** 2).mean()
    loss.backward(retain_graph=True)
    if i == 228:
        optimizer.step()
