"""A sine by an RNN, Adam at a rate of 1.

fault: rate-too-large
source: 29
"""

import torch
from torch import nn

torch.manual_seed(0)
t = torch.arange(500.0) * 0.1
windows = torch.sin(t).unfold(0, 21, 1)
X, Y = windows[:, :20, None], windows[:, 20:]


class RNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(1, 32, batch_first=True)
        self.fc = nn.Linear(32, 1)

    def forward(self, x):
        return self.fc(self.rnn(x)[0][:, -1])


model = RNN()
optimizer = torch.optim.Adam(model.parameters(), lr=1.0)
for step in range(60):
    b = torch.randint(0, 480, (32,))
    loss = nn.functional.mse_loss(model(X[b]), Y[b])
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()  # fault
