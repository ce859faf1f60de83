"""Digits by rows through a loader; batch_first is missing.

fault: batch-first
source: 11
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
images, labels = torch.rand(320, 1, 14, 14), torch.randint(0, 4, (320,))
images[torch.arange(320), 0, 3 * labels] += 2
loader = DataLoader(
    TensorDataset(images, labels), batch_size=40, shuffle=True
)


class Rnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(14, 32, 2)
        self.classifier = nn.Linear(32, 4)

    def forward(self, x):
        out, _ = self.lstm(x)  # fault
        return self.classifier(out[:, -1, :])


model = Rnn()  # fault
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(6):
    for image, label in loader:
        out = model(image.squeeze(1))
        loss = nn.CrossEntropyLoss()(out, label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
