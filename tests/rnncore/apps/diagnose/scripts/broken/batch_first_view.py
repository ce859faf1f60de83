"""The layer is time first, and view is taken for transpose."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
X = torch.randn(320, 12, 4)
Y = X[:, :, 0].sum(1, keepdim=True)
loader = DataLoader(TensorDataset(X, Y), batch_size=16, shuffle=True)


class Regressor(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(4, 20)
        self.fc = nn.Linear(20, 1)

    def forward(self, x):
        x = x.view(x.size(1), x.size(0), x.size(2))
        out, (h, c) = self.rnn(x)
        return self.fc(h[-1])


model = Regressor()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(5):
    for x, y in loader:
        loss = nn.MSELoss()(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
