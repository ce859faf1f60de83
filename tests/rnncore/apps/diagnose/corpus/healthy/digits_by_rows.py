"""Digits of 28 rows, a margin of blank rows all around, through a loader.

source: 3
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
images = torch.zeros(300, 1, 28, 28)
labels = torch.randint(0, 3, (300,))
for image, label in zip(images, labels, strict=True):
    top, height = (
        int(torch.randint(2, 7, ())),
        int(torch.randint(12, 19, ())),
    )
    left = 5 + 5 * int(label)
    image[0, top : top + height, left : left + 6] = torch.rand(height, 6)
loader = DataLoader(
    TensorDataset(images, labels), batch_size=50, shuffle=True
)


class RNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(28, 32, batch_first=True)
        self.out = nn.Linear(32, 3)

    def forward(self, x):
        r_out, _ = self.rnn(x, None)
        return self.out(r_out[:, -1, :])


rnn = RNN()
optimizer = torch.optim.Adam(rnn.parameters(), lr=0.01)
for epoch in range(5):
    for image, label in loader:
        loss = nn.CrossEntropyLoss()(rnn(image.view(-1, 28, 28)), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
