"""A character model with a carried, detached state; then it writes."""

import torch
from torch import nn

torch.manual_seed(0)
text = "to be or not to be, that is the question. " * 40
chars = sorted(set(text))
data = torch.tensor([chars.index(c) for c in text]).view(8, -1)


class CharLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(len(chars), 16)
        self.lstm = nn.LSTM(16, 48, batch_first=True)
        self.fc = nn.Linear(48, len(chars))

    def forward(self, x, state=None):
        y, state = self.lstm(self.embed(x), state)
        return self.fc(y), state


model = CharLSTM()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(5):
    state = None
    for i in range(0, data.shape[1] - 16, 15):
        logits, state = model(data[:, i : i + 15], state)
        state = tuple(s.detach() for s in state)
        loss = nn.functional.cross_entropy(
            logits.flatten(0, 1), data[:, i + 1 : i + 16].flatten()
        )
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
model.eval()
with torch.no_grad():
    token, state, written = data[:1, :1], None, []
    for _ in range(30):
        logits, state = model(token, state)
        token = torch.multinomial(logits[:, -1].softmax(1), 1)
        written.append(chars[token.item()])
print("".join(written))
