"""A classifier of packed sequences: several lengths, h_n."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(0)
data = []
for _ in range(300):
    tokens = torch.randint(1, 20, (int(torch.randint(3, 20, ())),))
    data.append((tokens, int(tokens[-1] > 9)))


def collate(rows):
    x, y = zip(*rows)
    lengths = torch.tensor([len(t) for t in x])
    return pad_sequence(x, batch_first=True), lengths, torch.tensor(y)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 12, padding_idx=0)
        self.gru = nn.GRU(12, 24, batch_first=True, bidirectional=True)
        self.drop = nn.Dropout(0.2)
        self.fc = nn.Linear(48, 2)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(
            self.embed(x), lengths, batch_first=True, enforce_sorted=False
        )
        _, h = self.gru(packed)
        return self.fc(self.drop(torch.cat([h[-2], h[-1]], 1)))


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
train = DataLoader(
    data[:240], batch_size=24, shuffle=True, collate_fn=collate
)
test = DataLoader(data[240:], batch_size=60, collate_fn=collate)
for epoch in range(5):
    model.train()
    for x, lengths, y in train:
        loss = nn.CrossEntropyLoss()(model(x, lengths), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        for x, lengths, y in test:
            print((model(x, lengths).argmax(1) == y).float().mean())
