"""An autoencoder: the target is the input, through one state."""

import torch
from torch import nn

torch.manual_seed(0)


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.LSTM(2, 32, batch_first=True)
        self.decoder = nn.LSTM(32, 32, batch_first=True)
        self.fc = nn.Linear(32, 2)

    def forward(self, x):
        _, (h, _) = self.encoder(x)
        code = h[-1][:, None].expand(-1, x.size(1), -1)
        return self.fc(self.decoder(code)[0])


model = Autoencoder()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
for step in range(60):
    phase = torch.rand(32, 1, 2) * 6
    x = torch.sin(phase + 0.4 * torch.arange(15)[None, :, None])
    loss = nn.functional.mse_loss(model(x), x)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
