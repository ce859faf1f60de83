"""Two LSTMCells, one above the other, by LBFGS; then it forecasts on.

source: 44
"""

import argparse

import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=3)
torch.manual_seed(0)


class Sequence(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm1, self.lstm2 = nn.LSTMCell(1, 16), nn.LSTMCell(16, 16)
        self.linear = nn.Linear(16, 1)

    def forward(self, x, future=0):
        h = c = k = d = torch.zeros(len(x), 16)
        outputs = []
        for t in range(x.size(1) + future):
            step = x[:, t : t + 1] if t < x.size(1) else outputs[-1]
            h, c = self.lstm1(step, (h, c))
            k, d = self.lstm2(h, (k, d))
            outputs.append(self.linear(k))
        return torch.cat(outputs, 1)


if __name__ == "__main__":
    data = torch.sin(torch.arange(60) / 6 + 6 * torch.rand(12, 1))
    seq, criterion = Sequence(), nn.MSELoss()
    optimizer = torch.optim.LBFGS(seq.parameters(), lr=0.8)
    for i in range(parser.parse_args().steps):

        def closure():
            optimizer.zero_grad()
            loss = criterion(seq(data[3:, :-1]), data[3:, 1:])
            loss.backward()
            return loss

        optimizer.step(closure)
        with torch.no_grad():
            pred = seq(data[:3, :-1], future=20)
