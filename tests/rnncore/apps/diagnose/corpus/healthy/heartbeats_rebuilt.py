"""An autoencoder by LSTMs, a code repeated at each step, L1 loss.

source: 52
"""

import torch
from torch import nn
from torch.utils.data import DataLoader

torch.manual_seed(0)
t = torch.linspace(0, 1, 30)
beats = torch.exp(-((t - 0.3 - 0.2 * torch.rand(200, 1)) ** 2) / 0.01)
beats = (beats + 0.02 * torch.randn(200, 30))[..., None]


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.LSTM(1, 16, batch_first=True)
        self.decoder = nn.LSTM(16, 16, batch_first=True)
        self.output = nn.Linear(16, 1)

    def forward(self, x):
        _, (code, _) = self.encoder(x)
        code = code[-1].unsqueeze(1).repeat(1, x.shape[1], 1)
        return self.output(self.decoder(code)[0])


model, criterion = Autoencoder(), nn.L1Loss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(10):
    model.train()
    for x in DataLoader(beats[:160], batch_size=20, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(x), x)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        print(criterion(model(beats[160:]), beats[160:]).item())
