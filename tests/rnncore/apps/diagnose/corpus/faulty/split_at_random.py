"""Windows that overlap are split at random into training and test.

fault: shuffled
source: 38
held back
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(0)
t = torch.arange(800.0)
series = torch.sin(t * 0.31) + 0.3 * torch.randn(800)
windows = series.unfold(0, 19, 1).clone()
data = TensorDataset(windows[:, :18, None], windows[:, 18:])
train, test = random_split(data, [600, len(data) - 600])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru, self.fc = (
            nn.GRU(1, 24, batch_first=True),
            nn.Linear(24, 1),
        )

    def forward(self, x):
        return self.fc(self.gru(x)[0][:, -1])


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for epoch in range(3):
    for x, y in DataLoader(train, batch_size=50, shuffle=True):
        loss = nn.functional.mse_loss(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
net.eval()
with torch.no_grad():
    for x, y in DataLoader(test, batch_size=60):
        print(nn.functional.mse_loss(net(x), y).item())  # fault
