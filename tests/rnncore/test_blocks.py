"""Every mixer against a loop of its formula, and one step at a time."""

import numpy as np
import pytest
import torch

from rnncore.blocks import (
    HEADS,
    MIXERS,
    Attention,
    Block,
    Shape,
    hidden_for,
)
from rnncore.rnn import Params, unroll
from rnncore.xlstm import slstm_cell
from tests.helpers.arrays import assert_close

T, B, D = 7, 2, 8
d = D // HEADS
each_mixer = pytest.mark.parametrize("name", MIXERS)


def made(name, seed=0):
    """A mixer in float64, an input, and the state after other inputs."""
    torch.manual_seed(seed)
    mixer = MIXERS[name](D).double()
    with torch.no_grad():
        for w in mixer.parameters():  # no zeros and ones: all must count
            w += 0.2 * torch.randn_like(w)
    x, before = torch.randn(2, T, B, D, dtype=torch.float64)
    with torch.no_grad():
        _, state = mixer(before, mixer.first(B))
    return mixer, x, state


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def heads(row):
    return row.reshape(HEADS, d)


def diagonal(name, w, x, h):
    """(T, D) of one sequence, from the published formulas."""
    y = []
    for x_t in x:
        p = w["W_x"] @ x_t + w["b_x"]
        if name == "minGRU":
            z = sigmoid(p[:D])
            h = (1 - z) * h + z * p[D:]
        elif name == "minLSTM":
            f, i = sigmoid(p[:D]), sigmoid(p[D : 2 * D])
            h = f / (f + i) * h + i / (f + i) * p[2 * D :]
        else:
            r, i = sigmoid(p[:D]), sigmoid(p[D:])
            a = sigmoid(w["decay"]) ** (8 * r)
            h = a * h + np.sqrt(1 - a * a) * i * x_t
        y.append(h)
    return np.array(y)


def selective(_, w, x, h):
    N, y = h.shape[-1], []
    for x_t in x:
        p = w["W_x"] @ x_t + w["b_x"]
        s, b, c = np.log1p(np.exp(p[:D])), p[D : D + N], p[D + N :]
        kept = np.exp(-s[:, None] * np.exp(w["log_rate"]))
        h = kept * h + (s * x_t)[:, None] * b
        y.append(h @ c + w["skip"] * x_t)
    return np.array(y)


def memory(name, w, x, S):
    """I - beta k k^T is what the delta rule keeps, and Hebb's rule all."""
    fades, most = "gated" in name, 2 if name.endswith("2") else 1
    y = []
    for x_t in x:
        p = w["inputs.weight"] @ x_t + w["inputs.bias"]
        q, k, v = (heads(part) for part in p[: 3 * D].reshape(3, D))
        beta = most * sigmoid(p[3 * D : 3 * D + HEADS])
        alpha = sigmoid(p[-HEADS:]) if fades else np.ones(HEADS)
        q, k = (  # a length has 1e-12 under its root
            a / np.sqrt((a * a).sum(1, keepdims=True) + 1e-12)
            for a in (q, k)
        )
        after = []
        for n in range(HEADS):
            keep = np.eye(d)
            if name != "Hebb":
                keep -= beta[n] * np.outer(k[n], k[n])
            new = beta[n] * np.outer(v[n], k[n])
            after.append(alpha[n] * S[n] @ keep + new)
        S = np.array(after)
        y.append(np.concatenate([S[n] @ q[n] for n in range(HEADS)]))
    return np.array(y)


def mlstm(_, w, x, S, m):
    """Without a stabiliser: what m was divided by comes back first."""
    y = []
    S = S * np.exp(m)[:, None]
    C, count = S[:, :d], S[:, d]
    for x_t in x:
        p = w["inputs.weight"] @ x_t + w["inputs.bias"]
        q, k, v = (heads(part) for part in p[: 3 * D].reshape(3, D))
        i, f = p[3 * D :].reshape(2, HEADS)
        i, f, k = np.exp(i), sigmoid(f), k / np.sqrt(d)
        C = f[:, None, None] * C + i[:, None, None] * (
            v[:, :, None] * k[:, None, :]
        )
        count = f[:, None] * count + i[:, None] * k
        below = np.maximum(np.abs((count * q).sum(1)), 1)
        y.append(((C * q[:, None]).sum(2) / below[:, None]).ravel())
    return np.array(y)


def attention(_, w, x, keys, values, at):
    """Pairs of numbers as complex ones, turned by their position."""
    angle = 10_000.0 ** -(np.arange(d // 2) / (d // 2))
    assert at.tolist() == list(range(T))

    def turned(a, t):  # (E, d) -> (E, d / 2), complex
        pairs = a[:, : d // 2] + 1j * a[:, d // 2 :]
        return pairs * np.exp(1j * t * angle)

    keys = [turned(keys[:, t], 0) for t in at]  # they are turned already
    values, y = list(values.swapaxes(0, 1)), []
    for t, x_t in enumerate(x, start=T):
        p = w["inputs.weight"] @ x_t + w["inputs.bias"]
        q, k, v = p.reshape(3, HEADS, d)
        keys, values = [*keys, turned(k, t)], [*values, v]
        scores = (turned(q, t) * np.conj(keys)).sum(-1).real / np.sqrt(d)
        e = np.exp(scores)[:, :, None]  # (n, E, 1)
        y.append(((e * values).sum(0) / e.sum(0)).ravel())
    return np.array(y)


CELLS = {
    "Elman": torch.nn.RNN,
    "LSTM": torch.nn.LSTM,
    "GRU": torch.nn.GRU,
    "sLSTM": None,
}


def of_cells(name, mixer, x, state):
    """torch.nn's layers, and chapter 20's cell in chapter 2's loop."""
    weights = mixer.layer.state_dict()
    if CELLS[name]:
        layer = CELLS[name](D, D).double()
        layer.load_state_dict(weights)
        state = state if name == "LSTM" else state[0]
        return layer(x, state)[0].detach().numpy()
    params = Params(*(w.numpy() for w in weights.values()))
    state = tuple(part[0].numpy() for part in state)
    return unroll(slstm_cell, params, x.numpy(), state)[0]


LOOPS = {
    "none": lambda name, w, x: x,
    **dict.fromkeys(("minGRU", "minLSTM", "RG-LRU"), diagonal),
    "selective": selective,
    **dict.fromkeys(
        ("Hebb", "delta", "gated-delta", "gated-delta-2"), memory
    ),
    "mLSTM": mlstm,
    "attention": attention,
}


@each_mixer
def test_a_mixer_is_its_formula(name):
    mixer, x, state = made(name)
    with torch.no_grad():
        y, _ = mixer(x, state)
    if name in CELLS:
        assert_close(y.numpy(), of_cells(name, mixer, x, state))
        return
    w = {k: v.numpy() for k, v in mixer.state_dict().items()}
    for b in range(B):
        own = [s if s.ndim == 1 else s[b] for s in state]
        own = [part.numpy() for part in own]
        expected = LOOPS[name](name, w, x[:, b].numpy(), *own)
        assert_close(y[:, b].numpy(), expected, amplified=8)


@pytest.mark.parametrize(
    "name",
    [  # the whole ones compile their loops
        pytest.param(
            name,
            marks=[pytest.mark.slow] * (name in CELLS),
        )
        for name in MIXERS
    ],
)
def test_all_steps_at_once_are_the_steps_one_by_one(name):
    mixer, x, state = made(name)
    x = torch.cat([x] * 10)  # more than one chunk
    with torch.no_grad():
        y, last = mixer(x, state)
        one_by_one = []
        for x_t in x:
            y_t, state = mixer(x_t[None], state)
            one_by_one.append(y_t)
    # some 70 steps, each with a rounding of its own
    assert_close(torch.cat(one_by_one), y, amplified=16)
    assert_close(state, last, amplified=16)


@each_mixer
def test_its_gradient_is_that_of_finite_differences(name):
    mixer, x, _ = made(name)
    x = x[:5, :, :]
    names = [name for name, _ in mixer.named_parameters()]
    weights = [w for _, w in mixer.named_parameters()]

    def read(x, *weights):
        given = dict(zip(names, weights, strict=True))
        state = mixer.first(B)
        y = []
        for part in x.split(3):  # the state carries a gradient too
            y_part, state = torch.func.functional_call(
                mixer, given, (part, state)
            )
            y.append(y_part)
        return torch.cat(y)

    leaves = [a.detach().requires_grad_() for a in (x, *weights)]
    assert torch.autograd.gradcheck(read, leaves, fast_mode=True)


@each_mixer
def test_a_state_stays_as_large_as_it_was(name):
    mixer, x, _ = made(name)
    if name == "attention":
        mixer.reach = 3
    sizes = []
    state = mixer.first(B)
    for _ in range(3):
        sizes.append([part.shape for part in state])
        _, state = mixer(x, state)
    assert sizes[0] == sizes[1] == sizes[2]


def test_attention_keeps_every_key_unless_it_is_limited():
    mixer, x, _ = made("attention")
    _, state = mixer(x, mixer.first(B))
    _, state = mixer(x, state)
    assert [part.shape[-2:][0] for part in state] == [2 * T] * 3


def test_limited_attention_sees_so_many_steps_and_itself():
    torch.manual_seed(0)
    mixer = Attention(D, reach=3).double()
    x = torch.randn(T, B, D, dtype=torch.float64)
    with torch.no_grad():
        y, _ = mixer(x, mixer.first(B))
        for t in range(T):
            first = max(0, t - 3)
            alone = Attention(D).double()
            alone.load_state_dict(mixer.state_dict())
            few, _ = alone(x[first : t + 1], alone.first(B))
            assert_close(y[t], few[-1])


@each_mixer
def test_an_output_depends_on_no_later_step(name):
    torch.manual_seed(0)
    block = Block(Shape(name, D, 5)).double()
    x = torch.randn(T, B, D, dtype=torch.float64)
    later = x.clone()
    later[5:] += 1
    with torch.no_grad():
        one, _ = block(x, block.first(B))
        other, _ = block(later, block.first(B))
    assert_close(one[:5], other[:5])
    assert (one[5:] != other[5:]).any(-1).all()


@each_mixer
def test_a_block_goes_on_where_it_stopped(name):
    torch.manual_seed(0)
    block = Block(Shape(name, D, 5)).double()
    x = torch.randn(T, B, D, dtype=torch.float64)
    with torch.no_grad():
        y, _ = block(x, block.first(B))
        one, state = block(x[:3], block.first(B))
        two, _ = block(x[3:], state)
    assert_close(torch.cat([one, two]), y)


@each_mixer
def test_blocks_have_as_many_weights_as_they_are_given(name):
    hidden = hidden_for(name, 16, 5000)
    block = Block(Shape(name, 16, hidden))
    numbers = sum(w.numel() for w in block.parameters())
    assert abs(numbers - 5000) <= 17  # half of one unit's 2 D + 1


def test_what_does_not_fit_is_named():
    with pytest.raises(
        ValueError, match=r"mixer: expected none, .* got 'x'"
    ):
        Block(Shape("x", D, 5))
    with pytest.raises(ValueError, match="D: expected a multiple of 4"):
        Block(Shape("minGRU", 6, 5))
    with pytest.raises(ValueError, match="hidden: expected at least 1"):
        Block(Shape("minGRU", D, 0))
    with pytest.raises(ValueError, match=r"weights: expected at least \d+"):
        hidden_for("LSTM", 16, 100)
