"""The accuracy is measured without model.eval()."""

import torch
from torch import nn

torch.manual_seed(0)
X = torch.randn(300, 12, 3)
Y = (X[:, -3:, 0].sum(1) > 0).long()


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 32, batch_first=True)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(32, 2)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(self.dropout(out[:, -1]))


model = Model()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(10):
    for i in range(0, 200, 50):
        loss = nn.CrossEntropyLoss()(model(X[i : i + 50]), Y[i : i + 50])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        right = (model(X[200:]).argmax(1) == Y[200:]).float().mean()
    print(epoch, loss.item(), right.item())
