"""A recurrent Q network and its target network; it acts without gradients.

source: 56
"""

import copy

import torch
from torch import nn

torch.manual_seed(0)


class QNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.q = (
            nn.LSTM(4, 24, batch_first=True),
            nn.Linear(24, 2),
        )

    def forward(self, x, state=None):
        y, state = self.lstm(x, state)
        return self.q(y), state


policy = QNet()
target = copy.deepcopy(policy)
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-3)
memory = []
for episode in range(30):
    state, x, rows = None, torch.randn(1, 1, 4), []
    for t in range(12):
        with torch.no_grad():
            q, state = policy(x, state)
        action = int(q.argmax()) if t % 5 else t % 2
        rows.append((x, action, float((x[0, 0, 0] > 0) == bool(action))))
        x = torch.randn(1, 1, 4)
    memory.append(rows)
    seen = torch.cat([torch.cat([r[0] for r in e], 1) for e in memory[-8:]])
    acts = torch.tensor([[r[1] for r in e] for e in memory[-8:]])
    gains = torch.tensor([[r[2] for r in e] for e in memory[-8:]])
    best = target(seen)[0].detach().max(2).values
    wanted = gains[:, :-1] + 0.9 * best[:, 1:]
    chosen = policy(seen)[0].gather(2, acts[..., None])[..., 0]
    loss = nn.functional.smooth_l1_loss(chosen[:, :-1], wanted)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if episode % 5 == 0:
        target.load_state_dict(policy.state_dict())
