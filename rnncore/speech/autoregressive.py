"""A recogniser that reads what it wrote: a transducer.

It has the encoder of `rnncore.speech.model` and its batches. Labels are
1 to K-1 as in CTC.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from rnncore.ctc import BLANK
from rnncore.nn import GRU
from rnncore.speech.model import Batch, Recognizer
from rnncore.transducer import transducer_loss, transducer_loss_vjp

MOST = 5  # labels that greedy decoding writes within one frame


class TransducerLoss(torch.autograd.Function):
    """The course's transducer loss in autograd: one node."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, labels: Any, lengths: Any):
        """-log p(labels) of each sequence, in nats."""
        loss, cache = transducer_loss(logits, labels, lengths)
        ctx.save_for_backward(*cache)
        return loss

    @staticmethod
    def backward(ctx: Any, d_loss: Tensor):
        """d_logits; nothing for labels and lengths."""
        d_logits = transducer_loss_vjp(d_loss, ctx.saved_tensors)
        return d_logits, None, None


class Transducer(nn.Module):
    """What was heard at t and what was written until u, joined.

    Source: Graves 2012; the joiner: Graves, Mohamed & Hinton 2013.
    """

    def __init__(
        self,
        D: int,
        H: int,
        K: int,
        J: int,
        layers: int = 2,
        rate: float = 0.2,
    ):
        super().__init__()
        self.encoder = Recognizer(D, H, J, layers, rate)
        self.embedding = nn.Embedding(K, J)  # the blank's: nothing yet
        self.loop = GRU(J, J)
        self.readout = nn.Linear(J, K)

    def predict(
        self, ids: Tensor, h: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """The prediction network: a state after each label.

        Shapes: ids (U, B) -> g (U, B, J); h (1, B, J)
        """
        return self.loop(self.embedding(ids), h)

    def join(self, f: Tensor, g: Tensor) -> Tensor:
        """The joiner: logits from both sides, broadcast to each other."""
        return self.readout(torch.tanh(f + g))

    def forward(self, batch: Batch) -> Tensor:
        """Logits at each frame after each number of true labels.

        Shapes: -> logits (T, U, B, K)
        """
        f = self.encoder(batch.features, batch.lengths)
        rows = [torch.tensor([BLANK, *row]) for row in batch.labels]
        ids = pad_sequence(rows, padding_value=BLANK).to(f.device)
        g, _ = self.predict(ids)
        return self.join(f[:, None], g[None])


@torch.no_grad()
def read_transducer(model: Transducer, batch: Batch) -> list[list[int]]:
    """The likeliest answer, again and again: a label, or on by a frame."""
    model.eval()
    f = model.encoder(batch.features, batch.lengths)
    T, B, _ = f.shape
    ends = torch.tensor(batch.lengths, device=f.device)
    g, h = model.predict(torch.full((1, B), BLANK, device=f.device))
    written: list[list[int]] = [[] for _ in range(B)]
    for t in range(T):
        for _ in range(MOST):
            found = model.join(f[t], g[0]).argmax(dim=1)
            writes = (found != BLANK) & (t < ends)
            if not bool(writes.any()):
                break
            for b in torch.nonzero(writes)[:, 0].tolist():
                written[b].append(int(found[b]))
            new_g, new_h = model.predict(found[None], h)
            g = torch.where(writes[None, :, None], new_g, g)
            h = torch.where(writes[None, :, None], new_h, h)
    return written
