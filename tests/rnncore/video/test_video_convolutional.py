"""An LSTM at every place: what makes it one, and what it may know."""

import numpy as np
import pytest
import torch

from rnncore.application import seeded
from rnncore.nn import LSTM
from rnncore.video.convolutional import (
    ConvLSTM,
    ConvNextFrame,
    everywhere,
)
from rnncore.video.model import NextFrame, imagine
from tests.helpers.arrays import assert_close


def made(kind, *sizes):
    with seeded(0):
        return kind(*sizes).double().eval()


def film(*shape, seed=0):
    return torch.as_tensor(np.random.default_rng(seed).random(shape))


def dense(D, H, layer):
    """The course's LSTM with the weights of 1 x 1 kernels."""
    lstm = made(LSTM, D, H)
    with torch.no_grad():
        lstm.weight_ih_l0.copy_(layer.W_x.weight[..., 0, 0])
        lstm.weight_hh_l0.copy_(layer.W_h.weight[..., 0, 0])
        lstm.bias_ih_l0.copy_(layer.W_x.bias)
        lstm.bias_hh_l0.zero_()
    return lstm


def test_on_one_pixel_it_is_the_lstm():
    layer = made(ConvLSTM, 3, 4, 1)
    x, h, c = film(6, 2, 3), film(2, 4, seed=1), film(2, 4, seed=2)
    y, (h_T, c_T) = layer(
        x[:, :, None, None], (h[:, None, None], c[:, None, None])
    )
    expected, last = dense(3, 4, layer)(x, (h[None], c[None]))
    assert_close(y[:, :, 0, 0], expected)
    assert_close((h_T[:, 0, 0], c_T[:, 0, 0]), (last[0][0], last[1][0]))


def test_with_kernels_of_one_pixel_each_place_is_an_lstm_of_its_own():
    layer = made(ConvLSTM, 3, 4, 1)
    x = film(5, 2, 3, 6, 3)
    y, _ = layer(x)
    rows = x.flatten(1, 3)
    expected, _ = dense(3, 4, layer)(rows)
    assert_close(y.flatten(1, 3), expected)


@pytest.mark.parametrize("k", [3, 5])
def test_one_step_by_hand(k):
    """A single lit pixel writes the kernel, mirrored, into the gates."""
    layer = made(ConvLSTM, 1, 1, k)
    x = torch.zeros(1, 1, 9, 9, 1).double()
    x[0, 0, 4, 4] = 1
    _, (h, c) = layer(x)
    a = layer.W_x.bias[:, None, None] + torch.zeros(4, 9, 9)
    r = k // 2
    spot = slice(4 - r, 5 + r)
    a[:, spot, spot] += layer.W_x.weight[:, 0].flip(1, 2)
    i, _, g, o = a[0].sigmoid(), a[1], a[2].tanh(), a[3].sigmoid()
    assert_close(c[0, :, :, 0], i * g)
    assert_close(h[0, :, :, 0], o * (i * g).tanh())


def test_a_moved_film_moves_the_prediction():
    frames = film(3, 2, 28, 28)
    moved = frames.roll((2, -3), dims=(2, 3))
    reach = 2 + 3 * 2  # of the readout, and of three steps
    inside = slice(reach + 3, -reach - 3)
    model = made(ConvNextFrame, 4)
    expected = model(frames).roll((2, -3), dims=(2, 3))
    assert_close(
        model(moved)[..., inside, inside], expected[..., inside, inside]
    )
    model = made(NextFrame, 28, 8, 8)
    expected = model(frames).roll((2, -3), dims=(2, 3))
    apart = (model(moved) - expected)[..., inside, inside]
    assert apart.abs().max() > 1e-3


def test_what_a_step_reaches_is_what_the_kernel_covers():
    layer = made(ConvLSTM, 1, 3, 5)
    x = film(4, 1, 21, 21, 1)
    x.requires_grad_()
    y, _ = layer(x)
    (d_x,) = torch.autograd.grad(y[3, 0, 10, 10].sum(), x)
    for t, reach in ((3, 2), (2, 4), (1, 6), (0, 8)):
        rows = d_x[t, 0, :, :, 0].abs().amax(dim=1).nonzero()[:, 0]
        assert (rows.min(), rows.max()) == (10 - reach, 10 + reach)


@pytest.mark.slow
def test_gradients_agree_with_finite_differences():
    layer = made(ConvLSTM, 2, 2, 3)
    names = [name for name, _ in layer.named_parameters()]
    inputs = [film(2, 2, 3, 4, 2), film(2, 3, 4, 2), film(2, 3, 4, 2)]
    weights = [w.detach().clone() for w in layer.parameters()]
    leaves = [a.requires_grad_() for a in inputs + weights]

    def run(x, h, c, *weights):
        given = dict(zip(names, weights, strict=True))
        y, state = torch.func.functional_call(layer, given, (x, (h, c)))
        return y, *state

    assert torch.autograd.gradcheck(run, leaves)


def test_a_film_in_two_parts_is_the_film():
    layer = made(ConvLSTM, 1, 3, 3)
    x = film(6, 2, 8, 8, 1)
    y, state = layer(x)
    first, between = layer(x[:4])
    rest, last = layer(x[4:], between)
    assert_close(torch.cat([first, rest]), y)
    assert_close(last, state)


def test_its_weights_do_not_depend_on_the_size_of_the_picture():
    def count(model):
        return sum(w.numel() for w in model.parameters())

    model = made(ConvNextFrame, 8)
    gates = 4 * 8 * 25 * (1 + 8) + 4 * 8
    assert count(model) == gates + 25 * 8 + 1 + 1
    assert model(film(3, 2, 11, 19)).shape == (3, 2, 11, 19)
    assert model(film(3, 2, 30, 30)).shape == (3, 2, 30, 30)
    assert count(NextFrame(24, 8, 8)) > count(NextFrame(16, 8, 8))
    with pytest.raises(ValueError, match=r"frames: expected \(T, B, 16"):
        made(NextFrame, 16, 8, 8)(film(3, 2, 24, 24))


def test_no_frame_is_predicted_from_a_later_one():
    frames = film(7, 2, 12, 12)
    changed = frames.clone()
    changed[4:] = 0
    model = made(ConvNextFrame, 3)
    before, after = model(frames), model(changed)
    assert_close(after[:4], before[:4])
    assert (after[4:] - before[4:]).abs().max() > 0


def test_its_state_keeps_what_was_seen():
    frames = film(7, 2, 12, 12)
    changed = frames.clone()
    changed[1] = 0
    loop = made(ConvNextFrame, 3)
    assert (loop(changed)[6] - loop(frames)[6]).abs().max() > 1e-6


def test_it_imagines_like_any_other():
    ahead = imagine(made(ConvNextFrame, 3), film(4, 2, 10, 10), 3)
    assert ahead.shape == (3, 2, 10, 10)


def test_what_does_not_fit_is_refused():
    for k in (0, 2, -1):
        with pytest.raises(ValueError, match=r"^k:"):
            ConvLSTM(1, 2, k)
    layer = made(ConvLSTM, 2, 3, 3)
    with pytest.raises(ValueError, match=r"x: expected \(T, B, S, S, 2\)"):
        layer(film(3, 2, 6, 6, 1))
    with pytest.raises(ValueError, match=r"^c:"):
        layer(film(3, 2, 6, 6, 2), (film(2, 6, 6, 3), film(2, 6, 6, 2)))
    assert everywhere(layer.W_x, film(2, 6, 6, 2)).shape == (2, 6, 6, 12)
