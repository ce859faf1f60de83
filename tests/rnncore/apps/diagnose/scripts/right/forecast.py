"""A forecast of a scaled series, split by time."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
t = torch.arange(900)
series = 300 + 40 * torch.sin(t * 0.23) + 5 * torch.randn(900)
mean, std = series[:700].mean(), series[:700].std()
windows = ((series - mean) / std).unfold(0, 25, 1)
X, y = windows[:, :24, None].clone(), windows[:, 24:].clone()
loader = DataLoader(
    TensorDataset(X[:676], y[:676]), batch_size=32, shuffle=True
)


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(
            1, 24, num_layers=2, dropout=0.1, batch_first=True
        )
        self.fc = nn.Linear(24, 1)

    def forward(self, x):
        return self.fc(self.lstm(x)[0][:, -1])


model = Forecaster()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
for epoch in range(4):
    model.train()
    for a, b in loader:
        loss = nn.functional.mse_loss(model(a), b)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
model.eval()
with torch.no_grad():
    print(nn.functional.mse_loss(model(X[700:]), y[700:]))
