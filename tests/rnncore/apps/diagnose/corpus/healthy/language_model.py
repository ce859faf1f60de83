"""Words in rows, the state detached from window to window, clipped.

source: 45
"""

import torch
from torch import nn

torch.manual_seed(0)
ids = torch.tensor([(n * n + n // 7) % 40 for n in range(3001)])
ids = ids[:3000].view(10, -1)


class RNNLM(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(40, 32)
        self.lstm = nn.LSTM(32, 48, 1, batch_first=True)
        self.linear = nn.Linear(48, 40)

    def forward(self, x, h):
        out, h = self.lstm(self.embed(x), h)
        return self.linear(out.reshape(-1, 48)), h


model = RNNLM()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
for epoch in range(3):
    states = (torch.zeros(1, 10, 48), torch.zeros(1, 10, 48))
    for i in range(0, ids.size(1) - 20, 20):
        inputs, targets = ids[:, i : i + 20], ids[:, i + 1 : i + 21]
        states = [state.detach() for state in states]
        outputs, states = model(inputs, states)
        loss = nn.CrossEntropyLoss()(outputs, targets.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
