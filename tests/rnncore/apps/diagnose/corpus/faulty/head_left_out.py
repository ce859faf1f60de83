"""The optimizer gets the layer's weights, and not the head's.

fault: no-optimizer
source: 22
"""

import torch
from torch import nn

torch.manual_seed(0)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 32, batch_first=True)
        self.fc = nn.Linear(32, 3)

    def forward(self, x):
        return self.fc(self.lstm(x)[0][:, -1])  # fault


model = Model()
optimizer = torch.optim.Adam(model.lstm.parameters(), lr=0.01)
for step in range(60):
    x = torch.randn(32, 9, 4)
    loss = nn.functional.cross_entropy(model(x), x[:, -2, :3].argmax(1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
