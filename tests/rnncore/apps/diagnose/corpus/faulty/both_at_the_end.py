"""Both directions are read at the last step.

fault: backward-direction
source: 33
"""

import torch
from torch import nn

torch.manual_seed(0)


class BiRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(6, 16, 2, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(32, 3)

    def forward(self, x):
        out, _ = self.lstm(x)  # fault
        return self.fc(out[:, -1, :])


model = BiRNN()
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
for step in range(60):
    x = torch.randn(32, 11, 6)
    loss = nn.CrossEntropyLoss()(model(x), x[:, 5, :3].argmax(1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
