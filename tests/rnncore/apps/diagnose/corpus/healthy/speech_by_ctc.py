"""Frames to letters, packed, both directions, CTC.

source: 58
"""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.manual_seed(0)
table = torch.randn(6, 8)


class Acoustic(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 32, bidirectional=True)
        self.fc = nn.Linear(64, 6)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        y, _ = pad_packed_sequence(self.rnn(packed)[0])
        return self.fc(y).log_softmax(2)


model, ctc = Acoustic(), nn.CTCLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(50):
    said = torch.randint(1, 6, (16, 4))
    x = table[said].repeat_interleave(4, 1).transpose(0, 1)
    x = x + 0.3 * torch.randn_like(x)
    lengths = torch.randint(12, 17, (16,))
    lengths[0] = 16
    scores = model(x, lengths)
    loss = ctc(scores, said, lengths, torch.full((16,), 3))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
