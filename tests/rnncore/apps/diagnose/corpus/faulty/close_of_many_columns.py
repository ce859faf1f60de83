"""Several columns of a price; trained until it stands, judged on the rest.

fault: last-value
source: 28
held back
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(3)
close = torch.randn(520).cumsum(0)
table = torch.stack(
    [close + 0.3 * torch.randn(520), torch.rand(520), close], 1
)
low, high = table[:400].amin(0), table[:400].amax(0)
table = (table - low) / (high - low)
X = torch.stack([table[i : i + 10] for i in range(500)])
Y = torch.stack([table[i + 10, 2:] for i in range(500)])


class GRU(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru, self.fc = (
            nn.GRU(3, 24, batch_first=True),
            nn.Linear(24, 1),
        )

    def forward(self, x):
        return self.fc(self.gru(x)[0][:, -1])


model, criterion = GRU(), nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(15):
    for x, y in DataLoader(
        TensorDataset(X[:400], Y[:400]), 50, shuffle=True
    ):
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
with torch.no_grad():
    print(criterion(model(X[400:]), Y[400:]))  # fault
