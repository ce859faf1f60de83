"""The rate is ten to a hundred times too large."""

import torch
from torch import nn

torch.manual_seed(0)
X = torch.randn(320, 10, 4)
Y = X[:, :, 0].mean(1, keepdim=True)


class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(4, 32, batch_first=True)
        self.fc = nn.Linear(32, 1)

    def forward(self, x):
        return self.fc(self.gru(x)[0][:, -1])


model = M()
optimizer = torch.optim.Adam(model.parameters(), lr=0.5)
for epoch in range(6):
    for i in range(0, 320, 32):
        loss = nn.functional.mse_loss(model(X[i : i + 32]), Y[i : i + 32])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    print(epoch, loss.item())
