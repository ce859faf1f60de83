"""Names of several lengths, sorted, packed, both directions.

source: 47
held back
"""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.data import DataLoader

torch.manual_seed(0)
names = []
for n in range(240):
    kind = n % 4
    size = int(torch.randint(3, 11, ()))
    names.append((torch.randint(6 * kind + 1, 6 * kind + 7, (size,)), kind))


def pad(batch):
    batch.sort(key=lambda pair: -len(pair[0]))
    lengths = torch.tensor([len(name) for name, _ in batch])
    x = torch.zeros(int(lengths.max()), len(batch), dtype=torch.long)
    for k, (name, _) in enumerate(batch):
        x[: len(name), k] = name
    return x, lengths, torch.tensor([kind for _, kind in batch])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(25, 16)
        self.gru = nn.GRU(16, 16, 2, bidirectional=True)
        self.fc = nn.Linear(32, 4)

    def forward(self, x, lengths):
        _, h = self.gru(pack_padded_sequence(self.embedding(x), lengths))
        return self.fc(torch.cat([h[-1], h[-2]], dim=1))


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.003)
for epoch in range(4):
    for x, lengths, kind in DataLoader(
        names, 24, shuffle=True, collate_fn=pad
    ):
        loss = nn.functional.cross_entropy(net(x, lengths), kind)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
