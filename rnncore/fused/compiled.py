"""The loops of a cell as compiled functions."""

from functools import cache
from typing import Any

import numpy as np
from numba import njit
from numba.extending import intrinsic

from rnncore.fused.derive import Derived
from rnncore.fused.elementary import make_functions
from rnncore.fused.emit import loop_source
from rnncore.fused.product import WIDTH, make_product
from rnncore.fused.vector import (
    Vec,
    llvm_vec,
    load,
    load_some,
    store,
    store_some,
    vec_of,
)

BLOCK = 256  # steps times sequences whose gradients are packed at a time

SOURCE = '''
def copy(rows, N, a, a0, a_row, c, c0, c_row):
    zero = nothing()
    for r in range(rows):
        A, C = a0 + r * a_row, c0 + r * c_row
        j = 0
        while j + L <= N:
            store(c, C + j, load(zero, a, A + j))
            j += L
        if j < N:
            store_some(c, C + j, load_some(zero, a, A + j, N - j), N - j)


def outer(first, last, low, high, K, M, N, a, d, d0, d_row,
          panel, sums, out, wide):
    """out = a^T d for some panels of d's columns and rows of out."""
    zero = nothing()
    for p in range(first, last):
        n = p * W * L
        for k0 in range(0, K, BLOCK):
            steps = min(K - k0, BLOCK)
            for k in range(steps):
                for v in range(W):
                    c = n + v * L
                    at = d0 + (k0 + k) * d_row + c
                    row = zero
                    if c + L <= N:
                        row = load(zero, d, at)
                    elif c < N:
                        row = load_some(zero, d, at, N - c)
                    store(panel, (k * W + v) * L, row)
                    store(sums, c, load(zero, sums, c) + row)
            product(high - low, steps, W, a, k0 * M + low, 1, M, panel, 0,
                    out, low * wide + n, wide, out, low * wide + n, wide)
'''


class Loops:
    """What is compiled for one cell and one dtype."""

    def __init__(self, cell: Derived, dtype: Any):
        names = shared_names(np.dtype(dtype).name)
        names = dict(names)
        exec(loop_source(cell), names)
        self.forward = njit(nogil=True)(names["forward"])
        self.backward = njit(nogil=True)(names["backward"])
        self.outer = names["outer"]
        self.lanes = names["L"]


@cache
def shared_names(dtype: str) -> dict[str, Any]:
    """What the loops of every cell call, for one dtype."""
    vec = vec_of(dtype)
    names = make_functions(dtype)
    names |= {
        "L": vec.lanes,
        "W": WIDTH,
        "BLOCK": BLOCK,
        "load": load,
        "load_some": load_some,
        "store": store,
        "store_some": store_some,
        "nothing": _nothing(vec),
        "product": make_product(dtype),
    }
    from rnncore.fused.vector import full

    names["full"] = full
    exec(SOURCE, names)
    for name in ("copy", "outer"):
        names[name] = njit(nogil=True)(names[name])
    return names


def _nothing(vec: Vec) -> Any:
    """A register of zeros, which says what the loops load."""
    from llvmlite import ir

    @intrinsic
    def nothing(typing_context):
        def code(context, builder, sig, args):
            return ir.Constant(llvm_vec(vec), [0.0] * vec.lanes)

        return vec(), code

    return nothing
