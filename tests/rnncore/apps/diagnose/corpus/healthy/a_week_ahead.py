"""Seven days at once, by two inputs; then a rolled forecast.

source: 73
held back
"""

import torch
from torch import nn

torch.manual_seed(0)
day = torch.arange(800)
sales = torch.sin(day * 2 * torch.pi / 7) + 0.3 * torch.randn(800)
table = torch.stack([sales, (day % 7 > 4).float()], 1)
X = torch.stack([table[i : i + 21] for i in range(770)])
Y = torch.stack([sales[i + 21 : i + 28] for i in range(770)])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.fc = (
            nn.LSTM(2, 24, batch_first=True),
            nn.Linear(24, 7),
        )

    def forward(self, x):
        return self.fc(self.lstm(x)[1][0][-1])


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for step in range(150):
    b = torch.randint(0, 600, (32,))
    loss = nn.functional.mse_loss(net(X[b]), Y[b])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
net.eval()
with torch.no_grad():
    print(nn.functional.mse_loss(net(X[630:]), Y[630:]).item())
    past = X[700:701]
    for _ in range(4):
        ahead = torch.stack([net(past)[0], past[0, :7, 1]], 1)[None]
        past = torch.cat([past[:, 7:], ahead], 1)
