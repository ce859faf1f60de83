"""A trainer that takes a module's training_step, and its optimizers.

source: 70
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Module(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(2, 20, batch_first=True)
        self.head = nn.Sequential(nn.Dropout(0.1), nn.Linear(20, 1))

    def forward(self, x):
        return self.head(self.gru(x)[0][:, -1])

    def training_step(self, batch):
        x, y = batch
        return nn.functional.mse_loss(self(x), y)

    validation_step = training_step


class Trainer:
    def fit(self, module, train, valid, epochs=4):
        optimizer = torch.optim.Adam(module.parameters(), lr=0.01)

        def closure():
            loss = module.training_step(batch)
            optimizer.zero_grad()
            loss.backward()
            return loss

        for _ in range(epochs):
            for batch in train:
                optimizer.step(closure)
            module.eval()
            with torch.no_grad():
                print([module.validation_step(b).item() for b in valid])
            module.train()


torch.manual_seed(0)
x = torch.randn(300, 9, 2)
data = TensorDataset(x, x[:, -2:, 1].sum(1, keepdim=True))
parts = torch.utils.data.random_split(data, [240, 60])
Trainer().fit(
    Module(), DataLoader(parts[0], 24, True), DataLoader(parts[1], 30)
)
