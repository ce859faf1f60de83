"""A language model of blocks: its mixer is a choice."""

from typing import Any

from torch import Tensor, nn

from rnncore.blocks import (
    Block,
    Shape,
    State,
    hidden_for,
    limit_attention,
)
from rnncore.text.model import locked_dropout


class BlockModel(nn.Module):
    """Tokens in, logits of each next token out, through L blocks.

    As in `LanguageModel` one table reads and predicts. Attention sees
    `reach` tokens back, or all; a reach keeps its state at one size.

    Shapes: ids (T, B); state -> logits (T, B, K); state

    Raises ValueError where a size does not fit or the mixer is unknown.
    """

    def __init__(
        self,
        K: int,
        D: int,
        mixer: str,
        layers: int = 2,
        hidden: int | None = None,
        dropout: float = 0.0,
        reach: int | None = None,
    ):
        super().__init__()
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout: expected [0, 1), got {dropout}")
        if reach is not None and reach < 1:
            raise ValueError(f"reach: expected at least 1, got {reach}")
        self.shape = Shape(mixer, D, 2 * D if hidden is None else hidden)
        self.dropout, self.reach = dropout, reach
        self.embedding = nn.Embedding(K, D)
        self.layers: Any = nn.ModuleList(
            Block(self.shape) for _ in range(layers)
        )
        limit_attention(self, reach)
        self.norm = nn.RMSNorm(D)
        self.readout = nn.Linear(D, K)
        self.readout.weight = self.embedding.weight  # one, with two names
        nn.init.normal_(self.embedding.weight, std=D**-0.5)
        nn.init.zeros_(self.readout.bias)

    def hidden(
        self, ids: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """The last block's outputs (T, B, D), and every block's state."""
        if state is None:
            state = self.zero_state(ids.shape[1])
        p = self.dropout if self.training else 0.0
        y = locked_dropout(self.embedding(ids), p)
        after = []
        for block, before in zip(self.layers, state, strict=True):
            y, last = block(y, before)
            after.append(last)
        return locked_dropout(self.norm(y), p), tuple(after)

    def forward(
        self, ids: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """Logits of the token after each, and the state after the last."""
        y, state = self.hidden(ids, state)
        return self.readout(y), state

    def zero_state(self, B: int) -> State:
        """The state before any token was read."""
        return tuple(block.first(B) for block in self.layers)


def matched(
    K: int, D: int, mixer: str, layers: int, weights: int
) -> BlockModel:
    """The model of this width with about so many weights in its blocks.

    Raises ValueError where that cannot be.
    """
    hidden = hidden_for(mixer, D, weights // layers)
    return BlockModel(K, D, mixer, layers, hidden)
