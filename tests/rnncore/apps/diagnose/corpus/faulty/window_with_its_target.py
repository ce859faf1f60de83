"""The window ends with the value that is to be forecast.

fault: leak
source: 35
"""

import torch
from torch import nn

torch.manual_seed(0)
t = torch.arange(600.0)
series = torch.sin(t * 0.2) + 0.2 * torch.randn(600)
series = series / series[:400].std()
X = torch.stack([series[i : i + 24] for i in range(570)])[..., None]
Y = torch.stack([series[i + 23 : i + 24] for i in range(570)])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 24, batch_first=True)
        self.fc = nn.Linear(24, 1)

    def forward(self, x):
        return self.fc(self.lstm(x)[0][:, -1])


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.005)
for epoch in range(6):
    for i in range(0, 400, 40):
        pred = net(X[i : i + 40])  # fault
        loss = nn.functional.mse_loss(pred, Y[i : i + 40])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
