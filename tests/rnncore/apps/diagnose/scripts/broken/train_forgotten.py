"""After the first validation the network stays in evaluation mode."""

import torch
from torch import nn

torch.manual_seed(0)
series = torch.sin(torch.arange(400) * 0.21) + 0.1 * torch.randn(400)
windows = series.unfold(0, 17, 1).clone()
train, valid = windows[:300], windows[320:]


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(
            1, 24, num_layers=2, dropout=0.3, batch_first=True
        )
        self.fc = nn.Linear(24, 1)

    def forward(self, x):
        return self.fc(self.gru(x)[0][:, -1])


model = Forecaster()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
loss_fn = nn.MSELoss()
model.train()
for epoch in range(8):
    for i in range(0, 300, 50):
        batch = train[i : i + 50]
        loss = loss_fn(model(batch[:, :16, None]), batch[:, 16:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        error = loss_fn(model(valid[:, :16, None]), valid[:, 16:])
    print(epoch, loss.item(), error.item())
