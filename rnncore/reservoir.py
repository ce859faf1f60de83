"""Reservoirs: random recurrent weights that stay, a trained readout."""

from collections.abc import Callable

import numpy as np

from rnncore.backend import (
    Array,
    array_namespace,
    check_alike,
    check_real,
    check_shape,
)
from rnncore.bptt import rows
from rnncore.gradient_flow import scaled_gaussian
from rnncore.rnn import Params, Readout, State


def init_reservoir(
    rng: np.random.Generator,
    D: int,
    H: int,
    radius: float,
    scale: float,
    bias: float = 0.0,
) -> Params:
    """Weights that are drawn once and never trained.

    W_h has the spectral radius; the input weights are uniform between
    -scale and scale, the biases between -bias and bias.

    Shapes: -> W_x (H, D); W_h (H, H); b_x (H,); b_h (H,)

    Source: Jaeger 2001.
    """
    W_x = rng.uniform(-scale, scale, (H, D))
    b_x = rng.uniform(-bias, bias, H)
    W_h = scaled_gaussian(rng, H, radius)
    return Params(W_x, W_h, b_x, np.zeros(H))


def leaky(leak: float) -> Callable:
    """A plain cell that takes only a share of each step's new value.

    h_t = (1 - leak) h_{t-1} + leak tanh(a_x + a_h); a leak of 1 is
    `rnn_cell`.

    Raises ValueError unless the leak is above 0 and at most 1.
    Source: Jaeger, Lukoševičius, Popovici & Siewert 2007.
    """
    if not 0 < leak <= 1:
        raise ValueError(f"leak: expected above 0, at most 1, got {leak}")

    def cell(a_x: Array, a_h: Array, state: State) -> tuple[State, Array]:
        xp, (h,) = array_namespace(a_x), state
        new = xp.tanh(a_x + a_h)
        return ((1 - leak) * h + leak * new,), new

    return cell


def fit_readout(y: Array, targets: Array, penalty: float) -> Readout:
    """The readout with the least squared error plus a penalty on W_y.

    It minimises the mean over all steps of |W_y h_t + b_y - target|^2,
    plus `penalty` times the sum of the squares of W_y. The bias is free.

    Shapes: y (T, B, H); targets (T, B, K) -> W_y (K, H); b_y (K,)

    Raises ValueError where a shape or dtype does not fit, or the penalty
    is not above 0.
    Source: Hoerl & Kennard 1970.
    """
    check_shape("y", y, "T", "B", "H")
    check_shape("targets", targets, *y.shape[:2], "K")
    check_alike("y", y, targets=targets)
    check_real("y", y)
    if not penalty > 0:
        raise ValueError(f"penalty: expected above 0, got {penalty}")
    xp, h, z = array_namespace(y), rows(y), rows(targets)
    mean_h, mean_z = xp.mean(h, axis=0), xp.mean(z, axis=0)
    U, s, Vh = xp.linalg.svd(h - mean_h, full_matrices=False)
    shrunk = s / (s * s + penalty * h.shape[0])
    W_y = ((z - mean_z).T @ U * shrunk) @ Vh
    return Readout(W_y, mean_z - W_y @ mean_h)


def memory_curve(
    y: Array, x: Array, lags: int, penalty: float = 1e-12
) -> Array:
    """How well a linear readout tells the input of 0, 1, ... steps before.

    Entry k is the squared correlation of the input of k steps before with
    what `fit_readout` makes of the states; it is fitted to the first half
    of the steps and judged on the second. The first lags - 1 steps lack a
    past and are left out. The sum is the memory capacity: for independent
    inputs and long sequences it is at most H.

    Shapes: y (T, B, H); x (T, B, 1) -> memory (lags,)

    Raises ValueError where a shape does not fit, or T is below lags + 3.
    Source: Jaeger 2001, on short-term memory; he counts from lag 1.
    """
    T, B, _ = y.shape
    check_shape("x", x, T, B, 1)
    if not 1 <= lags <= T - 3:
        raise ValueError(f"lags: expected 1 to {T - 3}, got {lags}")
    xp = array_namespace(y)
    before = xp.concat(
        [x[lags - 1 - k : T - k, ...] for k in range(lags)], axis=2
    )
    now = y[lags - 1 :, ...]
    half = now.shape[0] // 2
    out = fit_readout(now[:half, ...], before[:half, ...], penalty)
    told = rows(now[half:, ...]) @ out.W_y.T
    true = rows(before[half:, ...])
    told, true = (a - xp.mean(a, axis=0) for a in (told, true))
    both = xp.sum(told * true, axis=0)
    return both**2 / xp.sum(told**2, axis=0) / xp.sum(true**2, axis=0)
