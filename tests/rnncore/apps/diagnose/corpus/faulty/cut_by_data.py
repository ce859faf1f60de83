"""A sentence classifier whose state is cut off by .data.

fault: no-gradient
source: 4
"""

import torch
from torch import nn

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 8)
        self.lstm = nn.LSTM(8, 32, batch_first=True)
        self.fc = nn.Linear(32, 2)

    def forward(self, x):
        return self.fc(self.lstm(self.embed(x))[1][0][-1].data)  # fault


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for step in range(60):
    x = torch.randint(0, 20, (32, 9))
    loss = nn.functional.cross_entropy(net(x), (x[:, -3] > 9).long())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
