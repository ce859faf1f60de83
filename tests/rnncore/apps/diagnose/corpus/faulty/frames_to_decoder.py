"""Features of frames go batch first into a layer that is time first.

fault: batch-first
source: 12
held back
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
clips = torch.randn(192, 9, 3, 6, 6)
kind = (clips[:, -1].mean((1, 2, 3)) > 0).long()
loader = DataLoader(TensorDataset(clips, kind), batch_size=24, shuffle=True)
cnn = nn.Sequential(
    nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 16)
)


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.LSTM = nn.LSTM(input_size=16, hidden_size=32)
        self.fc = nn.Linear(32, 2)

    def forward(self, x):
        RNN_out, (h_n, h_c) = self.LSTM(x, None)  # fault
        return self.fc(RNN_out[:, -1, :])


decoder = Decoder()
params = [*cnn.parameters(), *decoder.parameters()]
optimizer = torch.optim.Adam(params, lr=1e-3)
for epoch in range(4):
    for X, y in loader:
        B, T = X.shape[:2]
        output = decoder(cnn(X.flatten(0, 1)).view(B, T, -1))  # fault
        loss = nn.functional.cross_entropy(output, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
