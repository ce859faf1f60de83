"""Saying what happened: a decoder that looks back at the frames."""

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from rnncore.backend import check_shape
from rnncore.nn import GRU
from rnncore.seq2seq import (
    END,
    START,
    AttentionDecoder,
    Encoded,
    greedy,
    pad,
    translation_loss,
)
from rnncore.storage.weights import load_module
from rnncore.video.model import FrameEncoder

KIND = "captions"  # of weights
LIMIT = 12  # words of a caption, at most


class Words(NamedTuple):
    """The words of the captions, after PAD, START and END."""

    words: tuple[str, ...]

    @property
    def size(self) -> int:
        """K: the words, and the three signs."""
        return len(self.words) + 3

    def encode(self, caption: str) -> list[int]:
        """The number of each word.

        Raises ValueError naming a word that is not known.
        """
        place = {word: k + 3 for k, word in enumerate(self.words)}
        unknown = [w for w in caption.split() if w not in place]
        if unknown:
            raise ValueError(f"caption: {unknown[0]!r} is not known")
        return [place[w] for w in caption.split()]

    def decode(self, ids: Sequence[int]) -> str:
        """The caption that these numbers stand for."""
        return " ".join(self.words[k - 3] for k in ids)


def words_of(captions: Sequence[str]) -> Words:
    """Every word of the captions, in alphabetic order."""
    return Words(tuple(sorted({w for c in captions for w in c.split()})))


class FilmEncoder(nn.Module):
    """Films as what a decoder of `seq2seq` looks at: one state per frame.

    Shapes: frames (T, B, S, S) -> states (T, B, H); mask (T, B);
        summary (B, H)
    """

    def __init__(self, S: int, D: int, H: int):
        super().__init__()
        self.encoder = FrameEncoder(S, D, fine=True)
        self.loop = GRU(D, H)

    def forward(self, frames: Tensor) -> Encoded:
        """All films are equally long: nothing is masked."""
        y, last = self.loop(self.encoder(frames))
        return Encoded(y, _everywhere(y), last[0])


class FrameBag(nn.Module):
    """The baseline for it: a look at each frame, and their mean, no order.

    Shapes: frames (T, B, S, S) -> states (T, B, H); mask (T, B);
        summary (B, H)
    """

    def __init__(self, S: int, D: int, H: int):
        super().__init__()
        self.encoder = FrameEncoder(S, D, fine=True)
        self.think = nn.Linear(D, H)

    def forward(self, frames: Tensor) -> Encoded:
        """No state knows of another frame."""
        y = torch.tanh(self.think(self.encoder(frames)))
        return Encoded(y, _everywhere(y), y.mean(dim=0))


class Captioner(nn.Module):
    """Says what it saw, and looks back at the frames for each word.

    Shapes: frames (T, B, S, S); read (N, B) -> logits (N, B, K)

    Source: Venugopalan et al. 2015; Yao et al. 2015.
    """

    def __init__(
        self,
        S: int,
        D: int,
        H: int,
        K: int,
        encoder: Callable[..., nn.Module] = FilmEncoder,
        decoder: Callable[..., nn.Module] = AttentionDecoder,
    ):
        super().__init__()
        self.encoder = encoder(S, D, H)
        self.decoder: Any = decoder(K, D, H, H)

    def forward(self, frames: Tensor, read: Tensor) -> Tensor:
        """Teacher forcing: logits after each true word that was read."""
        source = self.encoder(frames)
        return self.decoder(read, self.decoder.start(source), source)[0]


class CaptionBatch(NamedTuple):
    """Films side by side, what the decoder reads and should then say."""

    frames: Tensor  # (T, B, S, S)
    read: Tensor  # (N, B)
    targets: Tensor  # (N, B)


def caption_batch(
    frames: np.ndarray,
    captions: Sequence[Sequence[int]],
    device: torch.device | None = None,
) -> CaptionBatch:
    """Films and their encoded captions as a network reads them.

    Shapes: frames (B, T, S, S)
    """
    read, _ = pad([[START, *c] for c in captions])
    targets, _ = pad([[*c, END] for c in captions])
    films = torch.as_tensor(frames).transpose(0, 1)
    return CaptionBatch(
        films.to(device), read.to(device), targets.to(device)
    )


def caption_batches(
    frames: np.ndarray,
    captions: Sequence[Sequence[int]],
    B: int,
    device: torch.device | None = None,
) -> Callable[[np.random.Generator, int], CaptionBatch]:
    """The `next_batch` that draws B films and their encoded captions.

    Shapes: frames (N, T, S, S)
    """
    if len(frames) != len(captions):
        raise ValueError(
            f"captions: expected {len(frames)}, got {len(captions)}"
        )

    def next_batch(rng: np.random.Generator, step: int) -> CaptionBatch:
        chosen = rng.integers(len(frames), size=B)
        said = [captions[k] for k in chosen]
        return caption_batch(frames[chosen], said, device)

    return next_batch


def caption_loss(
    model: Captioner, batch: CaptionBatch, carry: Any
) -> tuple[Tensor, Any]:
    """The mean of -log p of the caption's words under teacher forcing."""
    logits = model(batch.frames, batch.read)
    return translation_loss(logits, batch.targets), carry


@torch.no_grad()
def say(model: Captioner, frames: Tensor, limit: int = LIMIT) -> list:
    """The likeliest next word, again and again: word numbers by film.

    Shapes: frames (T, B, S, S) -> captions
    """
    model.eval()
    return greedy(model.decoder, model.encoder(frames), limit)


@torch.no_grad()
def looks(
    model: Captioner, frames: Tensor, caption: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Where each word of a film's caption looked, and how sure it was.

    The words are those of the caption, and END.

    Shapes: frames (T, 1, S, S) -> weights (N, T); p (N,)
    """
    check_shape("frames", frames, "T", 1, *frames.shape[2:])
    model.eval()
    source, decoder = model.encoder(frames), model.decoder
    read = torch.tensor([START, *caption], device=frames.device)[:, None]
    logits, _, weights = decoder.look(read, decoder.start(source), source)
    said = torch.tensor([*caption, END], device=frames.device)
    p = logits[:, 0].softmax(dim=1)
    return weights[:, 0], p.gather(1, said[:, None])[:, 0]


def load_captioner(
    path: str | os.PathLike,
) -> tuple[Captioner, Words, dict[str, Any]]:
    """A stored captioner, its words, and what is known of it.

    Raises Refused naming the file where it is no such model.
    """

    def build(about: dict[str, Any]) -> Captioner:
        S, D, H = (about[name] for name in "SDH")
        return Captioner(S, D, H, Words(tuple(about["words"])).size)

    model, about = load_module(path, KIND, build, "captioner")
    return model, Words(tuple(map(str, about["words"]))), about


def _everywhere(states: Tensor) -> Tensor:
    shape = states.shape[:2]
    return torch.ones(shape, dtype=torch.bool, device=states.device)
