"""tanh, sigmoid, exp, log and powers of whole registers.

exp(x) = 2^n exp(r) with x = n log 2 + r, and exp(r) - 1 = r + r^2 q(r).
The coefficients of q, and of log's series, interpolate the function at
Chebyshev's nodes; the tests hold the results against mpmath.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from rnncore.fused.vector import (
    exponent,
    fma,
    full,
    magnitude,
    mantissa,
    root,
    scale2,
    select,
)


class Constants(NamedTuple):
    """What one dtype's functions are made of."""

    magic: float  # added and taken off again, it rounds to whole numbers
    high: float  # log 2 in two parts: n times the first is exact
    low: float
    least: float  # exp is 0 below
    most: float  # exp is infinite above
    safe: float  # 2^n is a normal number for |x| up to here
    one: float  # tanh is 1 above
    tiny: float  # the smallest normal number
    lift: float  # brings what is smaller up to normal numbers
    lifted: float  # by so many powers of 2
    q: tuple[float, ...]
    log: tuple[float, ...]


SINGLE = Constants(
    magic=1.5 * 2**23,
    high=0.693115234375,
    low=3.1946184945309415e-05,
    least=-104.0,
    most=88.73,
    safe=87.0,
    one=9.1,
    tiny=2.0**-126,
    lift=2.0**24,
    lifted=24.0,
    q=(
        0.5,
        0.16666576845993977,
        0.04166655443768594,
        0.008363202971575855,
        0.0013926213466332444,
    ),
    log=(
        0.6666666655404201,
        0.4000012221181065,
        0.28550778633191964,
        0.23331614471843498,
    ),
)
DOUBLE = Constants(
    magic=1.5 * 2**52,
    high=0.6931471803691238,
    low=1.9082149292705877e-10,
    least=-746.0,
    most=709.79,
    safe=708.0,
    one=19.1,
    tiny=2.0**-1022,
    lift=2.0**54,
    lifted=54.0,
    q=(
        0.5,
        0.16666666666666666,
        0.04166666666666668,
        0.008333333333333333,
        0.0013888888888879043,
        0.0001984126984126328,
        2.4801587336526005e-05,
        2.7557319247274564e-06,
        2.755726318947621e-07,
        2.5052071034565116e-08,
        2.0918170876658783e-09,
        1.608665004457821e-10,
    ),
    log=(
        0.6666666666666666,
        0.40000000000000885,
        0.28571428570799784,
        0.22222222392582045,
        0.18181795547521137,
        0.15386244737621665,
        0.13268638369266825,
        0.13088034850927555,
    ),
)
INVERSE = 1.4426950408889634  # 1 / log 2


def make_functions(dtype: Any) -> dict[str, Any]:
    """The functions of one dtype, by the names that the loops use."""
    k = SINGLE if np.dtype(dtype) == np.float32 else DOUBLE
    made: dict[str, Any] = {"fma": fma, "full": full, **k._asdict()}
    made["__name__"] = __name__
    made |= {"select": select, "scale2": scale2, "INVERSE": INVERSE}
    made |= {"exponent": exponent, "mantissa": mantissa, "inf": np.inf}
    made |= {"magnitude": magnitude, "nan": np.nan}
    for name, source in SOURCES.items():
        for series, factors in (("q", k.q), ("log", k.log)):
            source = source.replace(
                f"SERIES_{series}",
                _horner(factors, "r" if series == "q" else "u"),
            )
        exec(source, made)  # noqa: S102
        made[name] = njit(nogil=True)(made[name])
    return {n: made[n] for n in SOURCES} | {
        "sqrt": root,
        "absolute": magnitude,
        "select": select,
    }


def _horner(factors: tuple[float, ...], x: str) -> str:
    """A polynomial as nested fma."""
    *rest, last = factors
    out = f"full({x}, {last!r})"
    for f in reversed(rest):
        out = f"fma({out}, {x}, {f!r})"
    return out


SOURCES = {
    "expm1": '''
def expm1(x):
    """exp(x) - 1 for |x| up to `safe`: 2^n (exp(r) - 1) + (2^n - 1)."""
    z = fma(x, INVERSE, magic)
    n = z - magic
    r = fma(n, -low, fma(n, -high, x))
    p = fma(r * r, SERIES_q, r)
    s = scale2(z)
    return fma(s, p, s - 1.0)
''',
    "exp": '''
def exp(x):
    """2^n is two factors, so that no part is out of range."""
    x = select(x > most, full(x, most + 1.0), x)
    x = select(x < least, full(x, least), x)
    n = fma(x, INVERSE, magic) - magic
    r = fma(n, -low, fma(n, -high, x))
    p = fma(r * r, SERIES_q, r) + 1.0
    half = n * 0.5 + magic
    rest = n - (half - magic)
    return p * scale2(half) * scale2(rest + magic)
''',
    "sigmoid": '''
def sigmoid(x):
    """1 / (1 + exp(-x))."""
    x = select(x > safe, full(x, safe), x)
    x = select(x < -safe, full(x, -safe), x)
    return 1.0 / (expm1(-x) + 2.0)
''',
    "tanh": '''
def tanh(x):
    """E / (E + 2) with E = exp(2 x) - 1."""
    x = select(x > one, full(x, one), x)
    x = select(x < -one, full(x, -one), x)
    E = expm1(x + x)
    return E / (E + 2.0)
''',
    "log": '''
def log(x):
    """log m + n log 2, with log m = 2 s + s^3 R(s^2), s = (m-1)/(m+1)."""
    small = x < tiny
    y = select(small, x * lift, x)
    n = exponent(y) - select(small, full(x, lifted), full(x, 0.0))
    f = mantissa(y) - 1.0
    s = f / (f + 2.0)
    u = s * s
    out = fma(n, low, s * u * SERIES_log)
    out = fma(n, high, out + (s + s))
    out = select(x == 0.0, full(x, -inf), out)
    out = select(x < 0.0, full(x, nan), out)
    out = select(x == inf, x, out)
    return select(x == x, out, x)
''',
    "pow": '''
def pow(x, p):
    """x^p for a p that is no whole number; NaN below 0."""
    out = exp(log(x) * p)
    return select(x == 0.0, full(x, 0.0 if p > 0.0 else inf), out)
''',
}
