"""An LSTMCell in a loop of one's own, the log-softmax with nll_loss."""

import torch
from torch import nn

torch.manual_seed(0)


class Loop(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(5, 32)
        self.fc = nn.Linear(32, 5)

    def forward(self, x):
        h = c = torch.zeros(x.size(1), 32)
        for x_t in x:
            h, c = self.cell(x_t, (h, c))
        return torch.log_softmax(self.fc(h), 1)


model = Loop()
optimizer = torch.optim.RMSprop(model.parameters(), lr=0.005)
for step in range(60):
    tokens = torch.randint(0, 5, (8, 32))
    x = nn.functional.one_hot(tokens, 5).float()
    loss = nn.functional.nll_loss(model(x), tokens[-2])
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
