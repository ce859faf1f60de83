"""Each window is given as features of one step."""

import torch
from torch import nn

torch.manual_seed(0)
series = torch.sin(torch.arange(500) * 0.2) + 0.05 * torch.randn(500)
windows = series.unfold(0, 13, 1)
X, y = windows[:, :12], windows[:, 12:]
X = X.reshape(-1, 1, 12)


class LSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(12, 20, batch_first=True)
        self.fc = nn.Linear(20, 1)

    def forward(self, x):
        h0 = torch.zeros(1, x.size(0), 20)
        c0 = torch.zeros(1, x.size(0), 20)
        out, _ = self.lstm(x, (h0, c0))
        return self.fc(out[:, -1])


model = LSTM()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(6):
    for i in range(0, 400, 40):
        loss = nn.MSELoss()(model(X[i : i + 40]), y[i : i + 40])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
