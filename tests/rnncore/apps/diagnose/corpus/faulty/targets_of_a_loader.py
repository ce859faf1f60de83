"""A loader gives targets (B,), the network (B, 1); l1_loss.

fault: shapes
source: 26
"""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(0)
torch.manual_seed(0)
series = np.cumsum(rng.normal(size=500)).astype("float32")
series = (series - series.mean()) / series.std()
X = np.stack([series[i : i + 12] for i in range(480)])[..., None]
y = series[12:492]
data = TensorDataset(torch.from_numpy(X), torch.from_numpy(y))


class LSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 16, 2, batch_first=True)
        self.linear = nn.Linear(16, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.linear(out[:, -1, :])


model, criterion = LSTM(), nn.L1Loss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(4):
    for inputs, targets in DataLoader(data, batch_size=60, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)  # fault
        loss.backward()
        optimizer.step()
