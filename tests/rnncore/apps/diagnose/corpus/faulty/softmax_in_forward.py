"""The model ends with a softmax, and the loss has another.

fault: softmax-before-loss
source: 17
"""

import torch
from torch import nn

torch.manual_seed(0)


class TextLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.W = nn.LSTM(26, 32), nn.Linear(32, 26)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, X):
        outputs, _ = self.lstm(X.transpose(0, 1))
        return self.softmax(self.W(outputs[-1]))


model, criterion = TextLSTM(), nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
words = torch.randint(0, 26, (60, 4))
words[:, 3] = (words[:, 0] + 1) % 26
X = nn.functional.one_hot(words[:, :3], 26).float()
for epoch in range(100):
    loss = criterion(model(X), words[:, 3])  # fault
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
