"""A long plain RNN, started wide, trained without clipping."""

import torch
from torch import nn

torch.manual_seed(0)
rnn = nn.RNN(1, 48, batch_first=True, nonlinearity="relu")
nn.init.normal_(rnn.weight_hh_l0, std=0.25)
readout = nn.Linear(48, 1)
params = [*rnn.parameters(), *readout.parameters()]
optimizer = torch.optim.SGD(params, lr=0.001)
for step in range(60):
    x = torch.rand(20, 60, 1) - 0.5
    y = x.sum(1)
    output, _ = rnn(x)
    loss = nn.functional.mse_loss(readout(output[:, -1]), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(step, loss.item())
