"""Monthly numbers, scaled; in the end all windows are forecast, for a figure.

source: 55
"""

import numpy as np
import torch
from torch import nn

torch.manual_seed(0)
n = np.arange(300)
raw = (
    200
    + n
    + 80 * np.sin(n * 2 * np.pi / 6)
    + 5 * np.random.RandomState(0).randn(300)
)
data = (
    (raw - raw[:200].min()) / (raw[:200].max() - raw[:200].min())
).astype("f")
X = torch.tensor(np.stack([data[i : i + 6] for i in range(293)]))[..., None]
y = torch.tensor(data[6:299, None])


class LSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 12, batch_first=True)
        self.fc = nn.Linear(12, 1)

    def forward(self, x):
        h_0, c_0 = torch.zeros(1, len(x), 12), torch.zeros(1, len(x), 12)
        _, (h_out, _) = self.lstm(x, (h_0, c_0))
        return self.fc(h_out.view(-1, 12))


lstm, criterion = LSTM(), nn.MSELoss()
optimizer = torch.optim.Adam(lstm.parameters(), lr=0.02)
for epoch in range(250):
    loss = criterion(lstm(X[:200]), y[:200])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
lstm.eval()
with torch.no_grad():
    predicted = lstm(X)
    print(criterion(predicted[200:], y[200:]).item())
