"""Tags of one sentence at a time, SGD at 0.1, log-softmax, before and after.

source: 48
"""

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(1)
training = [
    ("the dog ate the apple".split(), [0, 1, 2, 0, 1]),
    ("everybody read that book".split(), [1, 2, 0, 1]),
]
index = {
    w: i for i, w in enumerate(sorted({w for s, _ in training for w in s}))
}


class LSTMTagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.word_embeddings = nn.Embedding(len(index), 6)
        self.lstm, self.hidden2tag = nn.LSTM(6, 6), nn.Linear(6, 3)

    def forward(self, sentence):
        embeds = self.word_embeddings(sentence)
        lstm_out, _ = self.lstm(embeds.view(len(sentence), 1, -1))
        return F.log_softmax(
            self.hidden2tag(lstm_out.view(len(sentence), -1)), dim=1
        )


model = LSTMTagger()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
inputs = [torch.tensor([index[w] for w in s]) for s, _ in training]
with torch.no_grad():
    print(model(inputs[0]))
for epoch in range(100):
    for x, (_, tags) in zip(inputs, training):
        model.zero_grad()
        loss = nn.NLLLoss()(model(x), torch.tensor(tags))
        loss.backward()
        optimizer.step()
with torch.no_grad():
    print(model(inputs[0]))
