"""Frames through a small network, then a layer that is batch first.

source: 12
held back
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
clips = torch.rand(160, 8, 1, 8, 8)
kind = torch.randint(0, 3, (160,))
clips[torch.arange(160), 2 + kind, 0, 2:5] += 1.0


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn = nn.Sequential(
            nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Flatten()
        )
        self.lstm = nn.LSTM(216, 32, batch_first=True)
        self.fc = nn.Sequential(nn.Dropout(0.2), nn.Linear(32, 3))

    def forward(self, x):
        B, T = x.shape[:2]
        features = self.cnn(x.view(B * T, *x.shape[2:]))
        out, _ = self.lstm(features.view(B, T, -1))
        return self.fc(out[:, -1])


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(5):
    net.train()
    for x, y in DataLoader(TensorDataset(clips, kind), 20, shuffle=True):
        loss = nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        print((net(clips).argmax(1) == kind).float().mean().item())
