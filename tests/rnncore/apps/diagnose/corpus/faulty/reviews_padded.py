"""Padded reviews, dropout after the embedding, the last hidden state.

fault: padding
source: 15
"""

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(0)
data = []
for n in range(320):
    words = torch.randint(2, 30, (int(torch.randint(4, 26, ())),))
    data.append((words, float(words[0] > 15)))


def collate(rows):
    texts, labels = zip(*rows)
    return pad_sequence(texts, padding_value=1), torch.tensor(labels)


class RNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(30, 16)
        self.rnn, self.fc = nn.LSTM(16, 24), nn.Linear(24, 1)
        self.dropout = nn.Dropout(0.3)

    def forward(self, text):
        x = self.dropout(self.embedding(text))
        _, (hidden, _) = self.rnn(x)  # fault
        return self.fc(hidden[-1]).squeeze(1)


model = RNN()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(3):
    for text, label in DataLoader(data, 32, True, collate_fn=collate):
        loss = nn.BCEWithLogitsLoss()(model(text), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
