"""SGD at a rate at which nothing moves."""

import torch
from torch import nn

torch.manual_seed(0)
X = torch.randint(0, 8, (256, 12))
Y = X[:, -1]
embed = nn.Embedding(8, 8)
rnn = nn.RNN(8, 32, batch_first=True)
fc = nn.Linear(32, 8)
params = [p for m in (embed, rnn, fc) for p in m.parameters()]
optimizer = torch.optim.SGD(params, lr=1e-5)
for epoch in range(10):
    for i in range(0, 256, 32):
        out, _ = rnn(embed(X[i : i + 32]))
        loss = nn.functional.cross_entropy(fc(out[:, -1]), Y[i : i + 32])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
