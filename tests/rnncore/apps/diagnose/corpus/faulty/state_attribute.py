"""The state of one step goes into the next as it is; torch breaks off.

fault: undetached-state
source: 13
"""

import torch
from torch import nn

torch.manual_seed(1)
rnn, out = nn.RNN(1, 32, batch_first=True), nn.Linear(32, 1)
optimizer = torch.optim.Adam(
    [*rnn.parameters(), *out.parameters()], lr=0.02
)
h_state = None
for step in range(100):
    t = torch.linspace(step * 3.14, (step + 1) * 3.14, 10)
    x, y = torch.sin(t).view(1, -1, 1), torch.cos(t).view(1, -1, 1)
    r_out, h_state = rnn(x, h_state)  # fault
    loss = nn.functional.mse_loss(out(r_out), y)
    optimizer.zero_grad()
    loss.backward()  # fault
    optimizer.step()
