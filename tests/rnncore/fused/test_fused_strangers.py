"""Three cells that the course does not have, written from its pages alone.

One has weights of its own in the state, one reads what comes from the
input apart from what comes from h, one clips its state and counts.
"""

import io

import numpy as np
import pytest
import torch

import rnncore.rnn
from rnncore import fused
from rnncore.backend import tree_map
from rnncore.bptt import bptt, check_gradient
from rnncore.nn import Cell
from tests.helpers import oracles
from tests.helpers.arrays import assert_close

pytestmark = pytest.mark.slow

GAP = 0.5  # between two steps
PERIOD, OPEN = 4, 0.4  # steps of a cycle; the share of it that writes


def oscillator(a, y, speed, stiffness, friction):
    """Rusch & Mishra 2021, each unit with its own spring and brake."""
    pull = fused.exp(stiffness) * y + fused.exp(friction) * speed
    speed = speed + GAP * (fused.tanh(a) - pull)
    return y + GAP * speed, speed, stiffness, friction


def dwell(a_x, a_h, h):
    """The input alone decides how long the old state lasts."""
    wait, reset_x, new_x = a_x
    _, reset_h, new_h = a_h
    keep = fused.exp(-fused.log(1 + fused.exp(wait)))
    new = fused.tanh(new_x + fused.sigmoid(reset_x + reset_h) * new_h)
    return keep * h + (1 - keep) * new


def clockwork(a, h, level, phase):
    """A level between 0 and 1, written in the first part of a cycle."""
    up, down, out = a
    phase = phase + 1 / PERIOD
    phase = fused.where(phase >= 1, phase - 1, phase)
    new = level + fused.sigmoid(up) - fused.sigmoid(down)
    new = fused.minimum(fused.maximum(new, 0), 1)
    write = fused.where(phase < OPEN, 1, 0.01)
    level = write * new + (1 - write) * level
    root = (level**2 + 0.01) ** 0.3
    h = fused.sigmoid(out) * root + 0.1 * fused.tanh(h)
    return h, level, phase


CELLS = {oscillator: (1, 4), dwell: (3, 1), clockwork: (3, 3)}  # G, parts
each = pytest.mark.parametrize("cell", CELLS)


def problem(cell, *shape):
    given = oracles.problem(
        oracles.Kind(None, None, *CELLS[cell], None), *shape
    )
    if cell is clockwork:  # far from where the cycle or a bound begins
        h, level, phase = given.state
        level, phase = 0.4 + 0.1 * np.tanh(level), 0 * phase + 0.125
        given = given._replace(state=(h, level, phase))
    return given


def printed(cell, p):
    forward, vjp = fused.pair(cell)
    y, last, tape = rnncore.rnn.unroll(forward, p.params, p.x, p.state)
    return y, last, *bptt(vjp, p.params, tape, p.d_y, p.d_state)


@each
def test_the_derived_gradient_is_that_of_finite_differences(cell):
    p = problem(cell, 6, 2, 3, 4)
    _, _, d_params, d_x, d_state = printed(cell, p)

    def loss(**changed):
        y, last, *_ = printed(cell, p._replace(**changed))
        ends = sum((d * s).sum() for d, s in zip(p.d_state, last))
        return float((p.d_y * y).sum() + ends)

    check_gradient(lambda x: loss(x=x), p.x, d_x)
    for name, w in p.params._asdict().items():
        check_gradient(
            lambda w, name=name: loss(
                params=p.params._replace(**{name: w})
            ),
            w,
            getattr(d_params, name),
        )
    for k, part in enumerate(p.state):
        check_gradient(
            lambda s, k=k: loss(state=(*p.state[:k], s, *p.state[k + 1 :])),
            part,
            d_state[k],
        )


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    "cell",
    [
        pytest.param(
            cell, marks=[pytest.mark.weekly] * (cell is not clockwork)
        )
        for cell in CELLS  # each and each dtype compiles for seconds
    ],
)
def test_the_loops_agree_with_the_printed_ones(cell, dtype):
    pytest.importorskip("numba")
    p = problem(cell, 7, 3, 5, 19)
    expected = printed(cell, p)
    p = tree_map(lambda a: a.astype(dtype), p)
    y, last, tape = fused.unroll(cell, p.params, p.x, p.state)
    got = y, last, *fused.bptt(cell, p.params, tape, p.d_y, p.d_state)
    expected = tree_map(lambda a: a.astype(dtype), expected)
    assert_close(
        got, expected, amplified=4
    )  # seven steps, one on the other


def module(cell, units=4, **options):
    torch.manual_seed(0)
    return Cell(cell, 3, units, **options)


@pytest.mark.weekly
@each
@pytest.mark.parametrize(
    "options", [{}, {"num_layers": 2, "bidirectional": True}]
)
def test_torch_s_own_check_of_the_module_s_gradients(cell, options):
    net = module(cell, **options).double()
    net.fused = False
    x = torch.randn(5, 2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda x, *_: net(x)[0], (x, *net.parameters())
    )


@each
def test_packed_sequences_are_those_alone(cell):
    net = module(cell, num_layers=2, bidirectional=True, dropout=0.5).eval()
    x = [torch.randn(n, 3) for n in (3, 6, 4)]
    packed = torch.nn.utils.rnn.pack_sequence(x, enforce_sorted=False)
    y, _ = torch.nn.utils.rnn.pad_packed_sequence(net(packed)[0])
    for k, one in enumerate(x):
        assert_close(y[: len(one), k], net(one)[0])


@each
def test_a_saved_network_computes_the_same(cell):
    net, file = module(cell, num_layers=2), io.BytesIO()
    torch.save(net.state_dict(), file)
    file.seek(0)
    other = Cell(cell, 3, 4, num_layers=2)
    other.load_state_dict(torch.load(file))
    x = torch.randn(6, 2, 3)
    assert torch.equal(net(x)[0], other(x)[0])  # exact: the same weights


@pytest.mark.weekly
@each
def test_it_learns_what_it_read_two_steps_ago(cell):
    net, readout = module(cell, 16), torch.nn.Linear(16, 1)
    weights = [*net.parameters(), *readout.parameters()]
    optimizer, losses = torch.optim.Adam(weights, lr=0.02), []
    for _ in range(400):
        x = torch.randn(8, 32, 3)
        loss = (readout(net(x)[0][-1])[:, 0] - x[-3, :, 0]).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.mean(losses[-50:]) < 0.5  # the best constant has 1
