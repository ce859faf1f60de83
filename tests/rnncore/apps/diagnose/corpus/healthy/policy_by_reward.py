"""A recurrent policy by REINFORCE: the loss has any sign.

source: 74
held back
"""

import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(0)


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.head = nn.GRUCell(3, 24), nn.Linear(24, 3)

    def forward(self, x, h):
        h = self.cell(x, h)
        return Categorical(logits=self.head(h)), h


policy = Policy()
optimizer = torch.optim.Adam(policy.parameters(), lr=5e-3)
for episode in range(60):
    h, logs, rewards = torch.zeros(1, 24), [], []
    for t in range(10):
        x = torch.eye(3)[torch.randint(0, 3, (1,))]
        choice, h = policy(x, h)
        action = choice.sample()
        logs.append(choice.log_prob(action))
        rewards.append(float(x[0, action] == 1))
    gains = torch.tensor(rewards).flip(0).cumsum(0).flip(0)
    gains = (gains - gains.mean()) / (gains.std() + 1e-6)
    loss = -(torch.cat(logs) * gains).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
