"""What the cells are held against: torch.nn, and problems of random size."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import strategies as st

from rnncore.bptt import bptt
from rnncore.cells import CELLS
from rnncore.memory import Steps
from rnncore.rnn import Params, init_params, unroll


class Kind(NamedTuple):
    """A cell, its vjp, its gates, its states, and torch.nn's module."""

    cell: object
    vjp: object
    G: int
    parts: int
    module: object


def _of_torch(mode):
    """What makes torch.nn's module of this mode; it is imported then."""

    def make(*sizes, **more):
        torch = pytest.importorskip("torch")
        kind, _, nonlinearity = mode.lower().partition("_")
        options = {"nonlinearity": nonlinearity} if nonlinearity else {}
        return getattr(torch.nn, kind.upper())(*sizes, **options, **more)

    return make


KINDS = {  # rnn, relu, lstm, gru: all that torch.nn has too
    CELLS[mode].forward.__name__.removesuffix("_cell"): Kind(
        *CELLS[mode], _of_torch(mode)
    )
    for mode in ("RNN_TANH", "RNN_RELU", "LSTM", "GRU")
}

# T = 1, B = 1, D = 1 and H = 1 are sizes like any other.
sizes = st.tuples(*(st.integers(1, n) for n in (7, 4, 5, 6)))


class Problem(NamedTuple):
    """A network, its input, and the upstream gradients of all it returns."""

    params: Params
    x: object
    state: tuple
    d_y: object
    d_state: tuple


def problem(kind, T=5, B=3, D=4, H=6, seed=0):
    """Random float64 arrays: no weight, state or gradient is zero."""
    rng = np.random.default_rng(seed)
    params = Params(*(2 * w for w in init_params(rng, D, H, kind.G)))

    def states():
        return tuple(rng.normal(size=(B, H)) for _ in range(kind.parts))

    x, state = rng.normal(size=(T, B, D)), states()
    return Problem(params, x, state, rng.normal(size=(T, B, H)), states())


def both_ways(kind, p):
    """Forward and backward through our loops: all outputs, all gradients."""
    y, state, tape = unroll(kind.cell, p.params, p.x, p.state)
    return y, state, *bptt(kind.vjp, p.params, tape, p.d_y, p.d_state)


def both_ways_torch(kind, p):
    """The same by torch.nn and autograd."""
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    torch = pytest.importorskip("torch")
    module = kind.module(p.x.shape[2], p.d_y.shape[2]).double()
    module.load_state_dict(dict(zip(names, map(torch.asarray, p.params))))
    x = torch.tensor(p.x, requires_grad=True)
    first = tuple(
        torch.tensor(s[None], requires_grad=True) for s in p.state
    )
    y, last = module(x, first if kind.parts == 2 else first[0])
    last = last if kind.parts == 2 else (last,)
    upstream = [p.d_y, *(d[None] for d in p.d_state)]
    torch.autograd.backward(
        [y, *last], [torch.asarray(np.array(d)) for d in upstream]
    )
    return (
        y.detach(),
        tuple(s.detach()[0] for s in last),
        Params(*(w.grad for w in module.parameters())),
        x.grad,
        tuple(s.grad[0] for s in first),
    )


def scalar_loss(kind, p):
    """The loss whose gradients the upstream gradients are: a weighted sum."""

    def loss(**changed):
        q = p._replace(
            **{k: v for k, v in changed.items() if k in p._fields},
        )
        weights = {k: v for k, v in changed.items() if k not in p._fields}
        params = q.params._replace(**weights)
        y, state, _ = unroll(kind.cell, params, q.x, q.state)
        last = sum((s * d).sum() for s, d in zip(state, q.d_state))
        return float((y * q.d_y).sum() + last)

    return loss


def said(call, *args, error=ValueError, **named):
    """The whole message with which a call is refused."""
    with pytest.raises(error, match=r"\S") as caught:
        call(*args, **named)
    return str(caught.value)


def memory(T=6, B=2, K=3, V=4, decays=1, rates=1, seed=0):
    """Steps with keys one long and rates to 2, and a first matrix."""
    rng = np.random.default_rng(seed)
    q, k = rng.normal(size=(2, T, B, K))
    steps = Steps(
        q,
        k / np.sqrt((k * k).sum(-1, keepdims=True)),
        rng.normal(size=(T, B, V)),
        np.log(rng.uniform(0.5, 1, (T, B, decays))),
        rng.uniform(0, 2, (T, B, rates)),
    )
    return steps, rng.normal(size=(B, V, K))


def linear_cell(a_x, a_h, state):
    """h_t = a_x + a_h, for results that are known in closed form."""
    return (a_x + a_h,), None


def linear_cell_vjp(d_state, cache):
    (d_h,) = d_state
    return d_h, d_h, (0.0,)
