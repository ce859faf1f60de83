"""Cells as equations: torch's three, and others that no library has."""

from rnncore.fused import (
    exp,
    log,
    maximum,
    minimum,
    sigmoid,
    sqrt,
    tanh,
    where,
)
from rnncore.fused.cells import gru, lstm, relu, rnn
from tools.bench.loops import coupled, minimal, peephole


def exponential(a, h, c, n, m):
    """Beck et al. 2024: xLSTM's sLSTM, with its stabiliser."""
    i, f, z, o = a
    f = minimum(f, 0) - log(1 + exp(-abs(f)))  # log of the sigmoid
    top = maximum(f + m, i)
    write, keep = exp(i - top), exp(f + m - top)
    c, n = keep * c + write * tanh(z), keep * n + write
    return sigmoid(o) * c / maximum(abs(n), 1), c, n, top


def odd(a, h, c):
    """Every operation that a cell may use."""
    u, v, w = a
    c = where((u > 0.25) & (v <= c), u * abs(c), minimum(v, c)) / 2
    root = sqrt(w**2 + 0.5) + (w * w + 1) ** 1.3 + (1 + u**4) ** -1
    h = (-tanh(h)) ** 3  # bounded: a cubed h would grow without end
    return tanh(root - c) - 0.3 * h, where(~(c < w), c, 0.5)


# from here on, cells that were written from the documentation alone


def leaky(a, h, leak):
    """A tanh unit that forgets at a rate of its own, which is learned."""
    rate = sigmoid(leak)
    return rate * h + (1 - rate) * tanh(a), leak


def janet(a, h, c, beta):
    """Van der Westhuizen & Lasenby 2018: the forget gate alone."""
    f, g = a
    c = sigmoid(f) * c + (1 - sigmoid(f - beta)) * tanh(g)
    return c, c, beta


def simple_unit(a_x, a_h, h, c, v_f, v_r):
    """After Lei et al. 2018: the gates read x and the unit's own memory."""
    z, f, r = a_x[0], a_x[1] + a_h[1], a_x[2] + a_h[2]
    f, r = sigmoid(f + v_f * c), sigmoid(r + v_r * c)
    c = f * c + (1 - f) * z
    return r * c + (1 - r) * tanh(z), c, v_f, v_r


def exponential_input(a, h, c, n):
    """An LSTM whose input gate has no upper end but a sum beneath it."""
    i, f, g, o = a
    write = exp(minimum(i, 8))
    keep = sigmoid(f)
    c, n = keep * c + write * tanh(g), keep * n + write
    return sigmoid(o) * c / (1 + abs(n)), c, n


def coupled_peephole(a, h, c, w_f, w_o):
    """Greff et al. 2017: CIFG, with gates that see the cell state."""
    f, g, o = a
    f = sigmoid(f + w_f * c)
    c = f * c + (1 - f) * tanh(g)
    return sigmoid(o + w_o * c) * tanh(c), c, w_f, w_o


def bounded(a, h, c):
    """A counter that starts again where it would be full."""
    up, g, down = a
    more = c + sigmoid(up) - minimum(sigmoid(down), c)
    c = where(more > 1.25, 0.5 * more, more)
    return minimum(c, 1) * tanh(g), c


TORCH = {"rnn": rnn, "relu": relu, "lstm": lstm, "gru": gru}
OWN = {
    "peephole": (peephole, 4, 5),
    "coupled": (coupled, 3, 2),
    "minimal": (minimal, 2, 1),
    "exponential": (exponential, 4, 4),
    "odd": (odd, 3, 2),
}
INVENTED = {
    "leaky": (leaky, 1, 2),
    "janet": (janet, 2, 3),
    "simple_unit": (simple_unit, 3, 4),
    "exponential_input": (exponential_input, 4, 3),
    "coupled_peephole": (coupled_peephole, 3, 4),
    "bounded": (bounded, 3, 2),
}
