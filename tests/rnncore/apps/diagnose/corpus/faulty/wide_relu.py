"""A relu network that starts wide, eighty steps, never clipped.

fault: not-clipped
source: 40
held back
"""

import torch
from torch import nn

torch.manual_seed(0)


class Counter(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(2, 40, nonlinearity="relu", batch_first=True)
        nn.init.normal_(self.rnn.weight_hh_l0, 0, 0.26)
        self.fc = nn.Linear(40, 1)

    def forward(self, x):
        return self.fc(self.rnn(x)[0][:, -1])


model = Counter()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
for step in range(50):
    x = torch.randn(16, 80, 2)
    loss = nn.functional.mse_loss(model(x), x[:, :, 0].sum(1, keepdim=True))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()  # fault
