"""torch.nn's cells as equations; the gates stand in torch's order."""

from typing import Any

from rnncore.fused.functions import maximum, sigmoid, tanh


def rnn(a: Any, h: Any) -> Any:
    """Elman 1990."""
    return tanh(a)


def relu(a: Any, h: Any) -> Any:
    """Le, Jaitly & Hinton 2015."""
    return maximum(a, 0)


def lstm(a: Any, h: Any, c: Any) -> Any:
    """Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000."""
    i, f, g, o = a
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


def gru(a_x: Any, a_h: Any, h: Any) -> Any:
    """Cho et al. 2014; the reset after the product: cuDNN."""
    r = sigmoid(a_x[0] + a_h[0])
    z = sigmoid(a_x[1] + a_h[1])
    n = tanh(a_x[2] + r * a_h[2])
    return n + z * (h - n)
