"""A character model whose state is carried from window to window."""

import torch
from torch import nn

torch.manual_seed(0)
text = "hello world, how do you do? " * 60
chars = sorted(set(text))
data = torch.tensor([chars.index(c) for c in text]).view(8, -1)


class CharRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(len(chars), 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)
        self.fc = nn.Linear(32, len(chars))

    def forward(self, x, hidden):
        out, hidden = self.rnn(self.embed(x), hidden)
        return self.fc(out), hidden


model = CharRNN()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
criterion = nn.CrossEntropyLoss()
hidden = None
for i in range(0, 200, 10):
    output, hidden = model(data[:, i : i + 10], hidden)
    loss = criterion(
        output.reshape(-1, len(chars)), data[:, i + 1 : i + 11].reshape(-1)
    )
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    print(loss.item())
