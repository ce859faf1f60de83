"""A language model with tied weights; the rate rises from nothing.

source: 69
held back
"""

import torch
from torch import nn

torch.manual_seed(0)
text = torch.tensor(
    [ord(c) % 26 for c in "she sells sea shells on the sea shore " * 40]
)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(26, 32)
        self.drop = nn.Dropout(0.1)
        self.lstm = nn.LSTM(32, 32, 2, dropout=0.1, batch_first=True)
        self.out = nn.Linear(32, 26)
        self.out.weight = self.embed.weight

    def forward(self, x):
        return self.out(self.drop(self.lstm(self.drop(self.embed(x)))[0]))


model = Tied()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
warm = torch.optim.lr_scheduler.LambdaLR(
    optimizer, lambda n: min(1, (n + 1) / 30)
)
for step in range(100):
    rows = text[torch.randint(0, 1400, (16, 1)) + torch.arange(33)]
    loss = nn.functional.cross_entropy(
        model(rows[:, :-1]).transpose(1, 2),
        rows[:, 1:],
        label_smoothing=0.05,
    )
    optimizer.zero_grad(set_to_none=False)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    warm.step()
