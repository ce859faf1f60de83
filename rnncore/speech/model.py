"""A speech recogniser: bidirectional layers trained with the CTC loss."""

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import dropout
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnncore.backend import check_lengths, check_shape
from rnncore.ctc import ctc_loss, ctc_loss_vjp, greedy
from rnncore.nn import LSTM
from rnncore.speech.letters import Choice, Letters, Words
from rnncore.storage.weights import load_module, save_weights

KIND = "speech"  # of weights


class Batch(NamedTuple):
    """Recordings side by side, padded with zeros, and their transcripts."""

    features: Tensor  # (T, B, D)
    lengths: list[int]
    labels: list[list[int]]


class CTCLoss(torch.autograd.Function):
    """The course's CTC in autograd: one node, as `rnncore.nn.Loop` is."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, labels: Any, lengths: Any):
        """-log p(labels) of each sequence, in nats."""
        loss, cache = ctc_loss(logits, labels, lengths)
        ctx.save_for_backward(*cache)
        return loss

    @staticmethod
    def backward(ctx: Any, d_loss: Tensor):
        """d_logits; nothing for labels and lengths."""
        return ctc_loss_vjp(d_loss, ctx.saved_tensors), None, None


class Recognizer(torch.nn.Module):
    """Features in, logits of the blank and each letter out.

    Shapes: features (T, B, D) -> logits (T, B, K)

    Raises ValueError where a shape or a length does not fit.
    Source: Graves, Mohamed & Hinton 2013.
    """

    def __init__(
        self, D: int, H: int, K: int, layers: int = 2, rate: float = 0.2
    ):
        super().__init__()
        self.D, self.rate = D, rate
        self.loop = LSTM(
            D,
            H,
            num_layers=layers,
            bidirectional=True,
            dropout=rate if layers > 1 else 0.0,
        )
        self.readout = torch.nn.Linear(2 * H, K)

    def forward(self, features: Tensor, lengths: Sequence[int]) -> Tensor:
        """Logits of each frame; padding has no effect on them."""
        check_shape("features", features, "T", "B", self.D)
        T, B, _ = features.shape
        found = torch.tensor(check_lengths(lengths, T, B))
        packed = pack_padded_sequence(features, found, enforce_sorted=False)
        packed, _ = self.loop(packed)
        y, _ = pad_packed_sequence(packed, total_length=T)
        return self.readout(dropout(y, self.rate, self.training))


def save_recognizer(
    path: str | os.PathLike,
    model: Recognizer,
    letters: Letters | Words | Choice,
    about: dict[str, Any],
    dtype: torch.dtype | None = None,
) -> None:
    """The weights, and what they are."""
    sizes = {
        "kind": KIND,
        **letters._asdict(),
        "D": model.D,
        "H": model.loop.hidden_size,
        "layers": model.loop.num_layers,
    }
    save_weights(path, model, about | sizes, dtype)


def load_recognizer(
    path: str | os.PathLike,
) -> tuple[Recognizer, Letters | Words | Choice, dict[str, Any]]:
    """A stored recogniser, its labels, and what is known of it.

    Raises Refused naming the file where it is no such model.
    """
    model, about = load_module(path, KIND, _build, "recogniser")
    return model, _labels(about), about


def _build(about: dict[str, Any]) -> Recognizer:
    size, layers = _labels(about).size, about.get("layers", 2)
    return Recognizer(about["D"], about["H"], size, layers)


def _labels(about: dict[str, Any]) -> Letters | Words | Choice:
    """What its numbers stand for."""
    for name, kind in ("words", Words), ("choices", Choice):
        if name in about:
            words = about[name]
            if not all(isinstance(word, str) for word in words):
                raise ValueError(f"{name}: expected texts, got {words!r}")
            return kind(tuple(words))
    return Letters(about["letters"])


def batch_of(
    features: Sequence[np.ndarray],
    labels: Sequence[Sequence[int]],
    device: torch.device | None = None,
) -> Batch:
    """Recordings of different lengths as one batch.

    Raises ValueError where their numbers differ, or there is none.
    """
    if not len(features) or len(features) != len(labels):
        raise ValueError(
            f"labels: expected {max(1, len(features))} transcripts, "
            f"got {len(labels)}"
        )
    rows = [torch.as_tensor(a) for a in features]
    padded = torch.nn.utils.rnn.pad_sequence(rows).to(device)
    lengths = [len(a) for a in features]
    return Batch(padded, lengths, [list(row) for row in labels])


def speech_loss(
    model: Recognizer, batch: Batch, carry: None
) -> tuple[Tensor, None]:
    """The CTC loss a letter, in nats: sums over the batch, divided once."""
    logits = model(batch.features, batch.lengths)
    losses = CTCLoss.apply(logits, batch.labels, batch.lengths)
    letters = sum(map(len, batch.labels))
    return losses.sum() / max(letters, 1), None


@torch.no_grad()
def log_probabilities(model: Recognizer, batch: Batch) -> Tensor:
    """log p of the blank and each letter, frame by frame.

    Shapes: -> log_p (T, B, K)
    """
    model.eval()
    return model(batch.features, batch.lengths).log_softmax(dim=2)


def read_greedily(model: Recognizer, batch: Batch) -> list[list[int]]:
    """The labels that each recording's likeliest path spells."""
    return greedy(log_probabilities(model, batch), batch.lengths)


class WindowRecognizer(torch.nn.Module):
    """The baseline without memory: it sees `reach` steps on either side.

    Shapes: features (T, B, D) -> logits (T, B, K)

    Raises ValueError where a shape or a length does not fit.
    """

    def __init__(self, D: int, H: int, K: int, reach: int = 5):
        super().__init__()
        self.D = D
        self.see = torch.nn.Conv1d(D, H, 2 * reach + 1, padding=reach)
        self.think = torch.nn.Linear(H, H)
        self.readout = torch.nn.Linear(H, K)

    def forward(self, features: Tensor, lengths: Sequence[int]) -> Tensor:
        """Padding is silence, as it stands before and after a recording."""
        check_shape("features", features, "T", "B", self.D)
        check_lengths(lengths, *features.shape[:2])
        x = self.see(features.permute(1, 2, 0)).permute(2, 0, 1).relu()
        return self.readout(self.think(x).relu())


class DilatedRecognizer(torch.nn.Module):
    """The rival without a loop: convolutions that reach ever further.

    Each layer looks at three steps, whose gap doubles from layer to
    layer, normalises what it finds at each step, and adds it to what was
    there: five layers see 31 steps on either side, 1.26 s in all.

    Shapes: features (T, B, D) -> logits (T, B, K)

    Raises ValueError where a shape or a length does not fit.
    Source: van den Oord et al. 2016, in both directions; Ba, Kiros &
    Hinton 2016 for the normalisation.
    """

    def __init__(
        self, D: int, H: int, K: int, layers: int = 5, rate: float = 0.2
    ):
        super().__init__()
        self.D, self.rate = D, rate
        self.see = torch.nn.Conv1d(D, H, 3, padding=1)
        gaps = [2**k for k in range(1, layers)]
        self.widen = torch.nn.ModuleList(
            torch.nn.Conv1d(H, H, 3, padding=gap, dilation=gap)
            for gap in gaps
        )
        self.norms = torch.nn.ModuleList(
            torch.nn.LayerNorm(H) for _ in range(layers)
        )
        self.readout = torch.nn.Linear(H, K)

    def forward(self, features: Tensor, lengths: Sequence[int]) -> Tensor:
        """Every layer sees zeros outside of a recording.

        The normalisation is over the units of one step, so that neither
        padding nor another recording has a part in it.
        """
        check_shape("features", features, "T", "B", self.D)
        T, B, _ = features.shape
        found = torch.tensor(check_lengths(lengths, T, B))
        inside = (torch.arange(T) < found[:, None])[:, None]  # (B, 1, T)
        inside = inside.to(features.device)
        x = self.see(features.permute(1, 2, 0) * inside)
        x = self.norms[0](x.mT).relu().mT * inside
        for layer, norm in zip(self.widen, self.norms[1:], strict=True):
            more = norm(layer(x).mT).relu().mT
            x = (x + dropout(more, self.rate, self.training)) * inside
        return self.readout(x.permute(2, 0, 1))
