"""Sentiment of padded token sequences from the last output."""

import random

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

random.seed(0)
torch.manual_seed(0)
sentences = []
for _ in range(256):
    words = [random.randint(1, 19) for _ in range(random.randint(3, 25))]
    sentences.append((torch.tensor(words), int(words[0] > 9)))


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 12, padding_idx=0)
        self.lstm = nn.LSTM(12, 24, batch_first=True)
        self.fc = nn.Linear(24, 2)

    def forward(self, x):
        out, _ = self.lstm(self.embed(x))
        return self.fc(out[:, -1])


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(3):
    for i in range(0, 256, 32):
        x, y = zip(*sentences[i : i + 32])
        loss = loss_fn(
            model(pad_sequence(x, batch_first=True)), torch.tensor(y)
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
