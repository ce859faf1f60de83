"""Tags of padded sentences, both directions, padding ignored by the loss.

source: 51
"""

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

torch.manual_seed(0)
sentences = [
    torch.randint(2, 30, (int(k),)) for k in torch.randint(3, 15, (200,))
]


class BiLSTMTagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(30, 16, padding_idx=1)
        self.lstm = nn.LSTM(16, 16, 2, bidirectional=True, dropout=0.25)
        self.fc, self.dropout = nn.Linear(32, 5), nn.Dropout(0.25)

    def forward(self, text):
        outputs, _ = self.lstm(self.dropout(self.embedding(text)))
        return self.fc(self.dropout(outputs))


model = BiLSTMTagger()
optimizer = torch.optim.Adam(model.parameters())
criterion = nn.CrossEntropyLoss(ignore_index=4)
for epoch in range(5):
    model.train()
    for i in range(0, 160, 20):
        text = pad_sequence(sentences[i : i + 20], padding_value=1)
        tags = (text % 4).masked_fill(text == 1, 4)
        optimizer.zero_grad()
        loss = criterion(model(text).view(-1, 5), tags.view(-1))
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        text = pad_sequence(sentences[160:], padding_value=1)
        print((model(text).argmax(2) == text % 4).float().mean().item())
