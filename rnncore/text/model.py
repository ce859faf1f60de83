"""A recurrent language model, its loss, and its scores."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from rnncore import nn
from rnncore.application import evaluating
from rnncore.backend import check_shape, to_numpy, tree_map
from rnncore.optim import clip_by_global_norm

__all__ = [
    "LanguageModel",
    "States",
    "begin_at_frequencies",
    "contiguous_windows",
    "dynamic_nats",
    "language_loss",
    "locked_dropout",
    "stretches",
    "token_nats",
]


def __dir__() -> list[str]:
    return __all__


LAYERS = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}
States = tuple[Any, ...]  # one per layer: h (1, B, H), or (h, c)


class LanguageModel(torch.nn.Module):
    """Tokens in, logits of each next token out; one table for both.

    A token's row of the embedding is what the first layer reads, and what
    the last layer's output is compared with: tied weights. With a `width`
    of the embedding there are two tables: where tokens are few, a narrow
    one saves half of a layer's work.

    Shapes: ids (T, B); state -> logits (T, B, K); state

    Raises ValueError where the cell is unknown, or dropout not in [0, 1).
    Source: Mikolov et al. 2010; tied weights: Press & Wolf 2017, Inan et
    al. 2017; dropout: Gal & Ghahramani 2016.
    """

    def __init__(
        self,
        K: int,
        H: int,
        cell: str = "LSTM",
        layers: int = 1,
        dropout: float = 0.0,
        width: int | None = None,
    ):
        super().__init__()
        if cell not in LAYERS:
            raise ValueError(
                f"cell: expected {', '.join(LAYERS)}, got {cell!r}"
            )
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout: expected [0, 1), got {dropout}")
        self.dropout = dropout
        E = H if width is None else width
        self.embedding = torch.nn.Embedding(K, E)
        self.layers = torch.nn.ModuleList(
            LAYERS[cell](H if k else E, H) for k in range(layers)
        )
        self.readout = torch.nn.Linear(H, K)
        if width is None:  # one, with two names
            self.readout.weight = self.embedding.weight
        torch.nn.init.normal_(self.embedding.weight, std=E**-0.5)
        torch.nn.init.zeros_(self.readout.bias)

    def hidden(
        self, ids: Tensor, state: States | None = None
    ) -> tuple[Tensor, States]:
        """The last layer's outputs (T, B, H), and every layer's state."""
        p = self.dropout if self.training else 0.0
        y = locked_dropout(self.embedding(ids), p)
        after = []
        for k, layer in enumerate(self.layers):
            y, last = layer(y, None if state is None else state[k])
            y = locked_dropout(y, p)
            after.append(last)
        return y, tuple(after)

    def forward(
        self, ids: Tensor, state: States | None = None
    ) -> tuple[Tensor, States]:
        """Logits of the token after each, and the state after the last."""
        y, state = self.hidden(ids, state)
        return self.readout(y), state

    def zero_state(self, B: int) -> States:
        """The state before any token was read: a tuple, one entry a layer.

        (h, c) of an LSTM, h of a GRU or an RNN, each (1, B, H).
        """
        H = self.readout.in_features
        zero = self.readout.bias.new_zeros((1, B, H))
        return tuple(
            (zero, zero) if isinstance(layer, nn.LSTM) else zero
            for layer in self.layers
        )


def begin_at_frequencies(model: LanguageModel, ids: np.ndarray) -> None:
    """Let an untrained readout say how often each token comes.

    Its bias becomes log Q, with one more of each token than `ids` hold.

    Shapes: ids (T,)
    """
    check_shape("ids", ids, "T")
    counts = np.bincount(ids, minlength=len(model.readout.bias)) + 1
    with torch.no_grad():
        share = torch.from_numpy(counts / counts.sum())
        model.readout.bias.copy_(share.log())


def locked_dropout(x: Tensor, p: float) -> Tensor:
    """Variational dropout: a sequence loses the same units at every step.

    What stays is divided by 1 - p, so that the mean stays too.

    Shapes: x (T, B, H) -> x (T, B, H)

    Source: Gal & Ghahramani 2016.
    """
    if p == 0:
        return x
    keep = torch.empty_like(x[:1]).bernoulli_(1 - p)
    return x * (keep / (1 - p))


def stretches(ids: np.ndarray, B: int) -> np.ndarray:
    """A text as B stretches side by side, one more row than they have.

    The last row holds what comes after each stretch: the first token of
    the next one. So every token but the first is predicted once; at most
    B - 1 at the end are left out.

    Shapes: ids (T,) -> rows (T // B + 1, B)

    Raises ValueError where there are fewer than B + 1 tokens.
    """
    check_shape("ids", ids, "T")
    rows = (len(ids) - 1) // B
    if rows < 1:
        raise ValueError(f"ids: expected at least {B + 1}, got {len(ids)}")
    starts = rows * np.arange(B)
    return ids[starts + np.arange(rows + 1)[:, None]]


def contiguous_windows(
    rows: np.ndarray, T: int
) -> Callable[[np.random.Generator, int], np.ndarray]:
    """The `next_batch` of truncated BPTT: window after window, then again.

    A window has T rows to read and one more to predict. The last
    (rows - 1) mod T rows are never read. After the last window the first
    comes again: set the state to `zero_state` there to forget the end.

    Raises ValueError where there are fewer than T + 1 rows.
    """
    count = (len(rows) - 1) // T
    if T < 1 or count < 1:
        raise ValueError(
            f"T: expected 1 to {len(rows) - 1} (the rows), got {T}"
        )

    def next_batch(rng: np.random.Generator, step: int) -> np.ndarray:
        start = step % count * T
        return rows[start : start + T + 1]

    return next_batch


def language_loss(
    model: LanguageModel, ids: np.ndarray, state: States
) -> tuple[Tensor, States]:
    """Mean surprisal of a window's tokens in nats, and the state after it.

    Shapes: ids (T + 1, B) -> loss (); state
    """
    check_shape("ids", ids, "T + 1", "B")
    tokens = torch.as_tensor(ids, device=model.readout.bias.device)
    logits, state = model(tokens[:-1], state)
    return cross_entropy(logits.flatten(0, 1), tokens[1:].flatten()), state


def token_nats(
    model: LanguageModel, ids: np.ndarray, window: int = 256
) -> np.ndarray:
    """The surprisal of every token but the first row, state carried on.

    One text is ids[:, None]; the mean / log 2 is bits a token.

    Shapes: ids (T + 1, B) -> nats (T, B)
    """
    check_shape("ids", ids, "T + 1", "B")
    state = model.zero_state(ids.shape[1])
    nats = np.empty((len(ids) - 1, ids.shape[1]))
    with evaluating(model), torch.no_grad():
        for t in range(0, len(ids) - 1, window):
            part, state = _surprisals(model, ids[t : t + window + 1], state)
            nats[t : t + window] = to_numpy(part)
    return nats


def dynamic_nats(
    model: LanguageModel,
    ids: np.ndarray,
    learning_rate: float,
    window: int = 64,
) -> np.ndarray:
    """The surprisals of a model that keeps learning while it reads.

    A window is first scored, then learned from: one step of gradient
    descent. The model itself stays as it is; a copy learns.

    Shapes: ids (T + 1, B) -> nats (T, B)

    Source: Mikolov et al. 2010; Krause et al. 2018.
    """
    check_shape("ids", ids, "T", "B")
    model = copy.deepcopy(model).eval()
    weights = list(model.parameters())
    state = model.zero_state(ids.shape[1])
    nats = np.empty((len(ids) - 1, ids.shape[1]))
    for t in range(0, len(ids) - 1, window):
        part, state = _surprisals(model, ids[t : t + window + 1], state)
        nats[t : t + window] = to_numpy(part)
        d_weights = torch.autograd.grad(part.mean(), weights)
        d_weights, _ = clip_by_global_norm(d_weights, 1.0)
        with torch.no_grad():
            for w, d in zip(weights, d_weights, strict=True):
                w.sub_(learning_rate * d)
        state = tree_map(Tensor.detach, state)
    return nats


def _surprisals(model, ids, state):
    """Nats of all tokens of a window (T, B), and the state after it."""
    tokens = torch.as_tensor(ids, device=model.readout.bias.device)
    logits, state = model(tokens[:-1], state)
    nats = cross_entropy(
        logits.flatten(0, 1), tokens[1:].flatten(), reduction="none"
    )
    return nats.unflatten(0, (len(ids) - 1, ids.shape[1])), state
