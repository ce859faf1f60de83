"""One block in which only the mixer differs: ways to use the past.

A mixer takes (T, B, D) and a state, and gives (T, B, D) and the state
after it. All steps of a text go through it at once, or one alone: T = 1
is how a model writes. What is trained are the layers of the chapters,
with their own vjps, as nodes of torch's autograd.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import (
    logsigmoid,
    scaled_dot_product_attention,
    silu,
)

from rnncore import fused
from rnncore.backend import tree_map
from rnncore.chunks import (
    DELTA,
    HEBB,
    Rule,
    memory_chunks,
    memory_chunks_vjp,
)
from rnncore.diagonal import Selective, selective_layer, selective_layer_vjp
from rnncore.factors import (
    RealGated,
    min_lstm_layer,
    min_lstm_layer_vjp,
    rg_lru_layer,
    rg_lru_layer_vjp,
)
from rnncore.fused.cells import gru, lstm, rnn
from rnncore.memory import Steps, unit
from rnncore.nn import Cell
from rnncore.scan import Minimal, minimal_layer, minimal_layer_vjp
from rnncore.xlstm import (
    mlstm_read,
    mlstm_read_vjp,
    mlstm_steps,
    mlstm_steps_vjp,
)

HEADS = 4  # of memories and of attention
CHUNK = 32  # steps of a memory that are taken together
NUMBERS = 8  # of state of each channel of a selective layer
State = tuple[Any, ...]


class Node(torch.autograd.Function):
    """A function and its vjp, over arrays, as one node of autograd.

    `forward(*arrays)` gives outputs and a cache, and `vjp(cache, *d)` a
    gradient for each of the arrays, None where there is none.
    """

    @staticmethod
    def forward(
        ctx: Any, forward: Callable, vjp: Callable, *arrays: Tensor
    ) -> tuple[Tensor, ...]:
        """The outputs; the cache is kept where torch can free it."""
        outputs, cache = forward(*arrays)
        leaves: list[Tensor] = []
        ctx.form, ctx.vjp = tree_map(leaves.append, cache), vjp
        ctx.save_for_backward(*leaves)
        return outputs

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *d: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of the arrays, after None for the functions."""
        leaves = iter(ctx.saved_tensors)
        cache = tree_map(lambda _: next(leaves), ctx.form)
        return None, None, *ctx.vjp(cache, *d)


class Without(nn.Module):
    """No mixer: each step is all that is known of the past.

    Shapes: x (T, B, D); state -> y (T, B, D); state
    """

    def __init__(self, D: int):
        super().__init__()

    def first(self, B: int) -> State:
        """Nothing is kept."""
        return ()

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """The inputs (T, B, D) themselves."""
        return x, state


class Cells(nn.Module):
    """A cell with recurrent weights, step after step.

    Shapes: x (T, B, D); state -> y (T, B, D); state
    """

    def __init__(self, D: int, equation: Callable):
        super().__init__()
        self.layer = Cell(equation, D, D)

    def first(self, B: int) -> State:
        """The state before any step."""
        like = next(self.parameters())
        zero = like.new_zeros(1, B, self.layer.hidden_size)
        return (zero,) * self.layer.parts

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Outputs (T, B, D), and the state after the last step."""
        y, state = self.layer(x, state if len(state) > 1 else state[0])
        return y, state if isinstance(state, tuple) else (state,)


def forgetting(D: int, equation: Callable) -> Cells:
    """LSTM or sLSTM, whose second gate starts with a bias of 1."""
    cells = Cells(D, equation)
    with torch.no_grad():
        cells.layer.all_weights[0][2][D : 2 * D] = 1.0
    return cells


def slstm(a: Any, h: Any, c: Any, n: Any, m: Any) -> Any:
    """Beck et al. 2024: `rnncore.xlstm.slstm_cell` as an equation."""
    i, f, z, o = a
    log_f = fused.minimum(f, 0) - fused.log(1 + fused.exp(-abs(f))) + m
    m = fused.maximum(log_f, i)
    keep, write = fused.exp(log_f - m), fused.exp(i - m)
    c = keep * c + write * fused.tanh(z)
    n = keep * n + write
    return fused.sigmoid(o) * c / n, c, n, m


class Scan(nn.Module):
    """A layer whose steps look at the input alone: a scan.

    The layer and its vjp are those of `rnncore.diagonal`, or such without
    a state besides y; the weights are their NamedTuple.

    Shapes: x (T, B, D); state -> y (T, B, D); state
    """

    def __init__(
        self, layer: Callable, layer_vjp: Callable, weights: Any, *size: int
    ):
        super().__init__()
        self.layer, self.layer_vjp = layer, layer_vjp
        self.kind, self.size = type(weights), size
        for name, values in weights._asdict().items():
            self.register_parameter(name, nn.Parameter(values))

    def first(self, B: int) -> State:
        """The state before any step."""
        like = next(self.parameters())
        return (like.new_zeros(B, *self.size),)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Outputs (T, B, D), and the state after the last step."""
        weights = (getattr(self, name) for name in self.kind._fields)
        return self.through(x, state[0], *weights)

    def through(
        self, x: Tensor, h: Tensor, *weights: Tensor
    ) -> tuple[Tensor, State]:
        """The layer as one node."""

        def forward(x, h, *weights):
            y, h, cache = self.layer(self.kind(*weights), x, h)
            return (y, h), (self.kind(*weights), cache)

        def vjp(cache, d_y, d_h):
            params, rest = cache
            d_params, d_x, d_h = self.layer_vjp(params, rest, d_y, d_h)
            return d_x, d_h, *d_params

        y, h = Node.apply(forward, vjp, x, h, *weights)
        return y, (h,)


def reading_itself(
    layer: Callable, layer_vjp: Callable
) -> tuple[Callable, Callable]:
    """A layer whose state is its output, like one with another state."""

    def forward(params, x, h):
        y, cache = layer(params, x, h)
        return y, y[-1].clone(), cache

    def vjp(params, cache, d_y, d_h):
        d_y = torch.cat([d_y[:-1], d_y[-1:] + d_h])
        return layer_vjp(params, cache, d_y)

    return forward, vjp


def drawn(rows: int, D: int) -> tuple[Tensor, Tensor]:
    """Weights (rows, D) and biases as torch.nn.Linear draws them."""
    linear = nn.Linear(D, rows)
    return linear.weight.detach(), linear.bias.detach()


def min_gru(D: int) -> Scan:
    """Chapter 18's layer."""
    pair = reading_itself(minimal_layer, minimal_layer_vjp)
    return Scan(*pair, Minimal(*drawn(2 * D, D)), D)


def min_lstm(D: int) -> Scan:
    """Chapter 19's layer of two gates."""
    pair = reading_itself(min_lstm_layer, min_lstm_layer_vjp)
    return Scan(*pair, Minimal(*drawn(3 * D, D)), D)


def rg_lru(D: int) -> Scan:
    """Chapter 19's layer of Griffin; at first a step keeps 0.9 to 0.999."""
    keep = torch.empty(D).uniform_(0.9, 0.999)
    decay = keep.pow(1 / 8).logit()  # a gate's open state is its 8th power
    pair = reading_itself(rg_lru_layer, rg_lru_layer_vjp)
    return Scan(*pair, RealGated(*drawn(2 * D, D), decay), D)


def selective(D: int) -> Scan:
    """The selective layer; at first its steps are 0.001 to 0.1 long."""
    W_x, b_x = drawn(D + 2 * NUMBERS, D)
    length = torch.empty(D).uniform_(math.log(1e-3), math.log(0.1)).exp()
    b_x[:D] = length.expm1().log()  # softplus gives it back
    rates = torch.arange(1.0, NUMBERS + 1).log().expand(D, -1).clone()
    weights = Selective(W_x, b_x, rates, torch.ones(D))
    return Scan(selective_layer, selective_layer_vjp, weights, D, NUMBERS)


def _by_head(a: Tensor, heads: int) -> Tensor:
    """Each head as a sequence of its own: (T, B*E, D/E)."""
    return a.unflatten(-1, (heads, -1)).flatten(1, 2)


class Memory(nn.Module):
    """A matrix for each head, written to by a rule of chapter 20.

    `fades`: each head forgets at a rate that the input decides. `most`:
    the largest beta, 2 to let the delta rule turn a sign.

    Shapes: x (T, B, D); state -> y (T, B, D); state
    """

    def __init__(
        self,
        D: int,
        rule: Rule = DELTA,
        fades: bool = True,
        most: float = 1,
    ):
        super().__init__()
        self.D, self.rule, self.fades, self.most = D, rule, fades, most
        self.inputs = nn.Linear(D, 3 * D + HEADS * (1 + fades))
        if fades:
            with torch.no_grad():  # heads forget after 8 steps, or 150
                self.inputs.bias[-HEADS:] = torch.linspace(2, 5, HEADS)

    def first(self, B: int) -> State:
        """The state before any step."""
        d = self.D // HEADS
        return (self.inputs.bias.new_zeros(B, HEADS, d, d),)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Outputs (T, B, D), and the state after the last step."""
        sizes = [self.D] * 3 + [HEADS] * (1 + self.fades)
        parts = self.inputs(x).split(sizes, dim=-1)
        q, k, v, b, *a = (_by_head(part, HEADS) for part in parts)
        log_a = logsigmoid(a[0]) if self.fades else torch.zeros_like(b)
        beta = self.most * b.sigmoid()
        steps = unit(q)[0], unit(k)[0], v, log_a, beta
        y, S = Node.apply(
            self.chunks, self.chunks_vjp, state[0].flatten(0, 1), *steps
        )
        return _together(y, S, *x.shape[1:])

    def chunks(self, S: Tensor, *steps: Tensor) -> tuple:
        """Outputs and the last matrix, then what the vjp needs."""
        y, S, chunks = memory_chunks(self.rule, Steps(*steps), S, CHUNK)
        return (y, S), chunks

    def chunks_vjp(self, chunks: list, d_y: Tensor, d_S: Tensor) -> tuple:
        """Of the first matrix and of the steps."""
        d_steps, d_S = memory_chunks_vjp(self.rule, chunks, d_y, d_S)
        return d_S, *d_steps


def _together(y: Tensor, S: Tensor, B: int, D: int) -> tuple:
    """The heads beside each other again."""
    y = y.unflatten(1, (B, -1)).flatten(2)
    return y, (S.unflatten(0, (B, -1)),)


class MLstm(nn.Module):
    """A matrix for each head, with an exponential gate and a normaliser.

    Shapes: x (T, B, D); state -> y (T, B, D); state
    """

    def __init__(self, D: int, heads: int = HEADS):
        super().__init__()
        self.D, self.heads = D, heads
        self.inputs = nn.Linear(D, 3 * D + 2 * heads)
        with torch.no_grad():
            self.inputs.bias[-heads:] = torch.linspace(3, 6, heads)

    def first(self, B: int) -> State:
        """The state before any step: S with the count's row, and m."""
        d, new = self.D // self.heads, self.inputs.bias.new_zeros
        return new(B, self.heads, d + 1, d), new(B, self.heads, 1)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Outputs (T, B, D), and the state after the last step."""
        sizes = [self.D] * 3 + [self.heads] * 2
        parts = self.inputs(x).split(sizes, dim=-1)
        q, k, v, i, f = (_by_head(part, self.heads) for part in parts)
        S, m = (part.flatten(0, 1) for part in state)
        k = k / math.sqrt(k.shape[-1])
        y, S, m = Node.apply(
            _mlstm, _mlstm_vjp, S, m, q, k, v, logsigmoid(f), i
        )
        B, D = x.shape[1:]
        y, (S,) = _together(y, S, B, D)
        return y, (S, m.unflatten(0, (B, -1)))


def _mlstm(S, m, *given):
    steps, m = mlstm_steps(*given, m)
    y, S, chunks = memory_chunks(HEBB, steps, S, CHUNK)
    return (mlstm_read(y, m), S, m[-1].clone()), (steps, chunks, y, m)


def _mlstm_vjp(cache, d_h, d_S, _):
    steps, chunks, y, m = cache  # what is read does not change with m
    d_y = mlstm_read_vjp(d_h, y, m)
    d_steps, d_S = memory_chunks_vjp(HEBB, chunks, d_y, d_S)
    return d_S, None, *mlstm_steps_vjp(d_steps, steps)


class Attention(nn.Module):
    """Causal softmax attention, with rotary positions.

    Its state is all keys and values so far, or those of the last `reach`
    steps, and the position of each, -1 for a place without a key. Keys are
    turned by their position once, when they come.

    Shapes: x (T, B, D); state -> y (T, B, D); state

    Source: Vaswani et al. 2017; positions: Su et al. 2024.
    """

    def __init__(
        self, D: int, heads: int = HEADS, reach: int | None = None
    ):
        super().__init__()
        self.D, self.heads, self.reach = D, heads, reach
        self.inputs = nn.Linear(D, 3 * D)

    def first(self, B: int) -> State:
        """The state before any step: no key, or places for them."""
        n, bias = self.reach or 0, self.inputs.bias
        keys = bias.new_zeros(B, self.heads, n, self.D // self.heads)
        return keys, keys, bias.new_full((n,), -1, dtype=torch.long)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Outputs (T, B, D), and the state after the last step."""
        q, k, v = (
            a.unflatten(-1, (self.heads, -1)).permute(1, 2, 0, 3)
            for a in self.inputs(x).chunk(3, dim=-1)
        )
        begun = int(state[2][-1]) + 1 if len(state[2]) else 0
        now = begun + torch.arange(len(x), device=x.device)
        k = torch.cat([state[0], turn(k, now)], dim=2)
        v = torch.cat([state[1], v], dim=2)
        at = torch.cat([state[2], now])
        mask = self.mask(now, at)
        causal = mask is None and len(now) > 1
        y = scaled_dot_product_attention(
            turn(q, now), k, v, attn_mask=mask, is_causal=causal
        )
        kept = 0 if self.reach is None else len(at) - self.reach
        state = k[:, :, kept:], v[:, :, kept:], at[kept:]
        return y.permute(2, 0, 1, 3).flatten(2), state

    def mask(self, now: Tensor, at: Tensor) -> Tensor | None:
        """Which keys each query sees, (T, n); None: all up to its own."""
        if self.reach is None and len(now) in (1, len(at)):
            return None
        back = now[:, None] - at
        seen = (back >= 0) & (at >= 0)
        return seen if self.reach is None else seen & (back <= self.reach)


def turn(a: Tensor, at: Tensor) -> Tensor:
    """Rotary positions: pairs of numbers, turned as complex ones.

    Shapes: a (B, E, T, D); at (T,) -> turned (B, E, T, D)
    """
    half = a.shape[-1] // 2
    steps = torch.arange(half, device=a.device, dtype=a.dtype) / half
    angle = at[:, None] * 10_000.0**-steps
    sin, cos = angle.sin(), angle.cos()
    one, other = a[..., :half], a[..., half : 2 * half]
    turned = one * cos - other * sin, one * sin + other * cos
    return torch.cat([*turned, a[..., 2 * half :]], dim=-1)


MIXERS: dict[str, Callable[[int], Any]] = {
    "none": Without,
    "Elman": partial(Cells, equation=rnn),
    "LSTM": partial(forgetting, equation=lstm),
    "GRU": partial(Cells, equation=gru),
    "sLSTM": partial(forgetting, equation=slstm),
    "minGRU": min_gru,
    "minLSTM": min_lstm,
    "RG-LRU": rg_lru,
    "selective": selective,
    "Hebb": partial(Memory, rule=HEBB, fades=False),
    "mLSTM": MLstm,
    "delta": partial(Memory, fades=False),
    "gated-delta": Memory,
    "gated-delta-2": partial(Memory, most=2),
    "attention": Attention,
}


class Shape(NamedTuple):
    """What all blocks of a network have in common."""

    mixer: str
    D: int
    hidden: int  # units of the block's own two layers


class Block(nn.Module):
    """A mixer and two layers for each step alone, both as corrections.

    Before the mixer each channel is mixed with its value a step before;
    after it the output is scaled to a fixed size and multiplied by a gate
    that reads the input.

    Shapes: x (T, B, D); state -> x (T, B, D); state

    Raises ValueError where the mixer is unknown, or a size does not fit.
    """

    def __init__(self, shape: Shape):
        super().__init__()
        mixer, D, hidden = shape
        if mixer not in MIXERS:
            raise ValueError(
                f"mixer: expected {', '.join(MIXERS)}, got {mixer!r}"
            )
        if D < HEADS or D % HEADS:
            raise ValueError(f"D: expected a multiple of {HEADS}, got {D}")
        if hidden < 1:
            raise ValueError(f"hidden: expected at least 1, got {hidden}")
        self.norm = nn.RMSNorm(D)
        self.shift = nn.Parameter(torch.full((D,), 0.5))
        self.mixer: Any = MIXERS[mixer](D)
        self.size = nn.RMSNorm(D)
        self.gate = nn.Linear(D, D)
        self.out = nn.Linear(D, D)
        self.each = nn.Sequential(
            nn.RMSNorm(D),
            nn.Linear(D, hidden),
            nn.ReLU(),
            nn.Linear(hidden, D),
        )

    def first(self, B: int) -> State:
        """The state before any step: the shift's, and the mixer's."""
        return self.shift.new_zeros(
            B, self.shift.shape[0]
        ), self.mixer.first(B)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """All steps, and the state after the last."""
        before, mixed = state
        a = self.norm(x)
        earlier = torch.cat([before[None], a[:-1]])
        u = a + self.shift * (earlier - a)
        y, mixed = self.mixer(u, mixed)
        x = x + self.out(self.size(y) * silu(self.gate(u)))
        return x + self.each(x), (a[-1], mixed)


def limit_attention(module: nn.Module, reach: int | None) -> None:
    """Let all attention in it see `reach` steps back, or every step."""
    for part in module.modules():
        if isinstance(part, Attention):
            part.reach = reach


def hidden_for(mixer: str, D: int, weights: int) -> int:
    """How many hidden units give a block about so many weights.

    Raises ValueError where the rest of the block has more.
    """
    one, two = (_weights(Block(Shape(mixer, D, h))) for h in (1, 2))
    hidden = round(1 + (weights - one) / (two - one))
    if hidden < 1:
        raise ValueError(f"weights: expected at least {one}, got {weights}")
    return hidden


def _weights(module: nn.Module) -> int:
    return sum(w.numel() for w in module.parameters())
