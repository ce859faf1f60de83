"""A forecast of a value that is in the window: off by one."""

import torch
from torch import nn

torch.manual_seed(0)
price = torch.randn(500).cumsum(0)
price = (price - price[:400].mean()) / price[:400].std()
lookback = 16
xs, ys = [], []
for i in range(len(price) - lookback):
    xs.append(price[i : i + lookback])
    ys.append(price[i + lookback - 1])
X, y = torch.stack(xs).unsqueeze(-1), torch.stack(ys).unsqueeze(-1)


class LSTMModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 16, batch_first=True)
        self.fc = nn.Linear(16, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1, :])


model = LSTMModel()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(40):
    loss = nn.MSELoss()(model(X[:400]), y[:400])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
model.eval()
with torch.no_grad():
    print(nn.MSELoss()(model(X[400:]), y[400:]).item())
