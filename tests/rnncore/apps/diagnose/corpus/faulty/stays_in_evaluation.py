"""model.train() stands before the epochs, model.eval() in each.

fault: train-forgotten
source: 21
held back
"""

import torch
from torch import nn

torch.manual_seed(0)
X, Y = torch.randn(320, 8, 3), torch.randint(0, 2, (320,))
X[:, 2, 0] += 2.0 * Y


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 20, batch_first=True)
        self.drop, self.fc = nn.Dropout(0.5), nn.Linear(20, 2)

    def forward(self, x):
        return self.fc(self.drop(self.lstm(x)[1][0][-1]))


net, loss_fn = Net(), nn.CrossEntropyLoss()
optimizer = torch.optim.AdamW(net.parameters(), lr=0.005)
net.train()
for epoch in range(6):
    for i in range(0, 240, 40):
        optimizer.zero_grad()
        loss_fn(net(X[i : i + 40]), Y[i : i + 40]).backward()
        optimizer.step()  # fault
    net.eval()
    with torch.no_grad():
        print(epoch, loss_fn(net(X[240:]), Y[240:]).item())
