"""A noisy sine by a plain RNN, windows in a dataset, split by time.

source: 54
held back
"""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)
np.random.seed(0)


class Windows(Dataset):
    def __init__(self, data, length=16):
        self.data, self.length = (
            torch.tensor(data, dtype=torch.float32),
            length,
        )

    def __len__(self):
        return len(self.data) - self.length

    def __getitem__(self, i):
        end = i + self.length
        return self.data[i:end, None], self.data[end : end + 1]


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(1, 16, batch_first=True)
        self.fc = nn.Linear(16, 1)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.fc(out[:, -1, :])


wave = np.sin(np.arange(700) * 0.35) + 0.05 * np.random.randn(700)
model, criterion = Model(), nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
for epoch in range(5):
    for x, y in DataLoader(
        Windows(wave[:550]), batch_size=32, shuffle=True
    ):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
with torch.no_grad():
    for x, y in DataLoader(Windows(wave[550:]), batch_size=64):
        print(criterion(model(x), y).item())
