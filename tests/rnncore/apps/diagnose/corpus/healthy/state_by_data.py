"""One sequence a step, the state passed on by .data.

source: 13
"""

import numpy as np
import torch
from torch import nn

torch.manual_seed(1)


class RNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.out = (
            nn.RNN(1, 32, batch_first=True),
            nn.Linear(32, 1),
        )

    def forward(self, x, h_state):
        r_out, h_state = self.rnn(x, h_state)
        outs = [self.out(r_out[:, t, :]) for t in range(r_out.size(1))]
        return torch.stack(outs, dim=1), h_state


rnn = RNN()
optimizer, loss_func = (
    torch.optim.Adam(rnn.parameters(), lr=0.02),
    nn.MSELoss(),
)
h_state = None
for step in range(100):
    steps = np.linspace(
        step * np.pi, (step + 1) * np.pi, 10, dtype=np.float32
    )
    x = torch.from_numpy(np.sin(steps)[np.newaxis, :, np.newaxis])
    y = torch.from_numpy(np.cos(steps)[np.newaxis, :, np.newaxis])
    prediction, h_state = rnn(x, h_state)
    h_state = h_state.data
    loss = loss_func(prediction, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
