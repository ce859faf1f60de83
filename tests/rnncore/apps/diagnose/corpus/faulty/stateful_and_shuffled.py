"""A kept, detached state; the loader shuffles.

fault: shuffled
source: 36
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
series = torch.sin(torch.arange(2000) * 0.17) + 0.1 * torch.randn(2000)
windows = series.unfold(0, 16, 4)
data = TensorDataset(
    windows[:, :15, None].clone(), windows[:, 1:, None].clone()
)


class Stateful(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru, self.fc = (
            nn.GRU(1, 20, batch_first=True),
            nn.Linear(20, 1),
        )
        self.h = None

    def forward(self, x):
        y, self.h = self.gru(x, self.h)  # fault
        self.h = self.h.detach()
        return self.fc(y)


model = Stateful()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
for epoch in range(4):
    for x, y in DataLoader(
        data, batch_size=31, shuffle=True, drop_last=True
    ):
        loss = nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
