"""Moves what random generators draw in its last digits.

An extension of IPython: with SHAKE=n in the environment of a page's kernel,
each float that NumPy's generators or torch's draw is multiplied by 1 + 1e-7 u,
u between -1 and 1: about what another processor makes of a sum. u is a
function of n and of the number drawn, so that equal seeds stay equal.
"""

import functools
import os
from collections.abc import Callable
from typing import Any

import numpy as np

SIZE = 1e-7
NUMPY = (
    *("random", "normal", "standard_normal", "uniform", "exponential"),
    *("standard_exponential", "laplace", "logistic", "gumbel", "lognormal"),
    *("gamma", "standard_gamma", "beta", "standard_t", "chisquare"),
    *("multivariate_normal", "dirichlet", "standard_cauchy", "rayleigh"),
)
TORCH = ("rand", "randn", "rand_like", "randn_like", "normal")
IN_PLACE = ("normal_", "uniform_", "exponential_", "log_normal_", "cauchy_")
BELOW_ONE = ("random", "rand", "rand_like")


def load_ipython_extension(shell: Any) -> None:
    """Have all that is drawn from here on moved, if SHAKE says so."""
    if shake := os.environ.get("SHAKE"):
        shake_numpy(int(shake))
        shake_torch(int(shake))


def move(values: Any, shake: int) -> Any:
    """Floats or an array of them, each moved by up to one part in ten million."""
    array = np.asarray(values)
    if array.dtype not in (np.float32, np.float64):
        return values
    array = np.ascontiguousarray(array)
    bits = array.astype(np.float64).view(np.uint64)
    mixed = _mix(bits ^ _mix(np.array([shake], np.uint64)).reshape(()))
    u = mixed.astype(np.float64) / 2.0**63 - 1
    moved = (array * (1 + SIZE * u)).astype(array.dtype).reshape(np.shape(values))
    return moved if isinstance(values, np.ndarray) else moved[()]


def _mix(bits: Any) -> Any:
    """The bits, mixed (splitmix64, Steele et al. 2014)."""
    bits = bits + np.array(0x9E3779B97F4A7C15, np.uint64)
    for shift, factor in (30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB):
        bits = (bits ^ (bits >> np.uint64(shift))) * np.array(factor, np.uint64)
    return bits ^ (bits >> np.uint64(31))


def shake_numpy(shake: int) -> None:
    """Replace numpy.random.default_rng."""
    make = np.random.default_rng

    class Shaken(np.random.Generator):
        """A generator whose floats are moved."""

        def __reduce__(self) -> Any:
            return Shaken, (self.bit_generator,)

    def wrap(name: str) -> Callable[..., Any]:
        draw = getattr(np.random.Generator, name)

        @functools.wraps(draw)
        def drawn(self: Any, *args: Any, **how: Any) -> Any:
            values = draw(self, *args, **how)
            moved = move(values, shake)
            if name in BELOW_ONE:
                moved = np.minimum(moved, np.nextafter(np.ones_like(moved), 0))
            moved = float(moved) if isinstance(values, float) else moved
            if how.get("out") is not None:
                how["out"][...] = moved
            return moved

        return drawn

    for name in NUMPY:
        setattr(Shaken, name, wrap(name))

    @functools.wraps(make)
    def default_rng(seed: Any = None) -> np.random.Generator:
        if isinstance(seed, Shaken):
            return seed
        return Shaken(make(seed).bit_generator)

    np.random.default_rng = default_rng


def shake_torch(shake: int) -> None:
    """Replace torch's functions that draw, and the methods that fill in place."""
    try:
        import torch
    except ModuleNotFoundError:
        return

    def moved(tensor: Any, name: str) -> None:
        if tensor.device.type == "meta" or tensor.numel() == 0:
            return
        if tensor.dtype not in (torch.float32, torch.float64):
            return
        with torch.no_grad():
            values = torch.from_numpy(move(tensor.detach().cpu().numpy(), shake))
            if name in BELOW_ONE:
                values.clamp_(max=1 - torch.finfo(values.dtype).eps)
            tensor.copy_(values)

    def wrap(name: str, draw: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(draw)
        def drawn(*args: Any, **how: Any) -> Any:
            tensor = draw(*args, **how)
            moved(tensor, name)
            return tensor

        return drawn

    for name in TORCH:
        setattr(torch, name, wrap(name, getattr(torch, name)))
    for name in IN_PLACE:
        setattr(torch.Tensor, name, wrap(name, getattr(torch.Tensor, name)))
