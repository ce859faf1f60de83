"""A bidirectional classifier that reads its last output."""

import torch
from torch import nn

torch.manual_seed(0)
X = torch.randn(256, 18, 4)
Y = (X[:, 2, 1] > 0).long()


class BiLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 16, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(32, 2)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1, :])


model = BiLSTM()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(6):
    for i in range(0, 256, 32):
        optimizer.zero_grad()
        loss = nn.CrossEntropyLoss()(model(X[i : i + 32]), Y[i : i + 32])
        loss.backward()
        optimizer.step()
