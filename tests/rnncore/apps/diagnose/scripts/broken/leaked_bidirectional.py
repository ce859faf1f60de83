"""A bidirectional language model."""

import torch
from torch import nn

torch.manual_seed(0)
text = "the cat sat on the mat and the dog sat on the log. " * 40
vocabulary = sorted(set(text))
tokens = torch.tensor([vocabulary.index(c) for c in text])


class LM(nn.Module):
    def __init__(self, V):
        super().__init__()
        self.embed = nn.Embedding(V, 16)
        self.lstm = nn.LSTM(16, 32, batch_first=True, bidirectional=True)
        self.decode = nn.Linear(64, V)

    def forward(self, x):
        return self.decode(self.lstm(self.embed(x))[0])


model = LM(len(vocabulary))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(50):
    start = torch.randint(0, len(tokens) - 26, (16,))
    rows = torch.stack([tokens[s : s + 26] for s in start])
    logits = model(rows[:, :-1])
    loss = nn.functional.cross_entropy(logits.transpose(1, 2), rows[:, 1:])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
