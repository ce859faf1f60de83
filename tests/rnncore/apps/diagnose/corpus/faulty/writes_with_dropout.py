"""A character model writes, under no_grad, with dropout on.

fault: eval-forgotten
source: 19
"""

import torch
from torch import nn

torch.manual_seed(0)
text = torch.tensor(
    [ord(c) % 20 for c in "all work and no play makes jack " * 30]
)


class CharRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 16)
        self.lstm = nn.LSTM(16, 32, 2, dropout=0.5, batch_first=True)
        self.fc = nn.Linear(32, 20)

    def forward(self, x, state=None):
        y, state = self.lstm(self.embed(x), state)
        return self.fc(y), state


net = CharRNN()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for step in range(60):
    at = torch.randint(0, 900, (16, 1)) + torch.arange(25)
    logits, _ = net(text[at[:, :-1]])
    loss = nn.functional.cross_entropy(
        logits.flatten(0, 1), text[at[:, 1:]].flatten()
    )
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
with torch.no_grad():
    token, state = text[None, :1], None
    for _ in range(40):
        logits, state = net(token, state)  # fault
        token = logits[:, -1].softmax(1).multinomial(1)
