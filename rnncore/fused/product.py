"""Products with weights that are packed once, then read at every step.

A BLAS packs the weights each time that it is called, which a product with
a few rows cannot pay for. Here they lie in panels of a few registers'
width, and a tile of the result stays in registers. Each number is a sum in
one order, however the rows are divided among threads.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from rnncore.fused.vector import (
    Vec,
    call,
    llvm_float,
    llvm_vec,
    many_registers,
    splat,
    vec_of,
)

WIDTH = 4 if many_registers() else 2  # registers side by side in a panel
ROWS = 6  # of a tile: 24 sums, or 12 where there are 16 registers


def _tile(vec: Vec, rows: int, width: int) -> Any:
    """out = init + a @ panel for a tile of that many rows and registers."""

    @intrinsic
    def tile(
        typing_context, K, a, a0, row, col, w, w0, i, i0, i_row, c, c0, c_row
    ):
        given = K, a, a0, row, col, w, w0, i, i0, i_row, c, c0, c_row
        whole = [
            g if isinstance(g, types.Array) else types.int64 for g in given
        ]
        return types.void(*whole), _tile_code(vec, rows, width)

    return tile


def _tile_code(vec: Vec, rows: int, width: int) -> Any:
    def code(context, builder, sig, args):
        K, a, a0, row, col, w, w0, i, i0, i_row, c, c0, c_row = args

        def start(k, array, place):
            data = context.make_array(sig.args[k])(context, builder, array)
            return builder.gep(data.data, [place])

        pointers = start(1, a, a0), start(5, w, w0)
        pointers += start(7, i, i0), start(10, c, c0)
        f = _tile_function(builder.module, vec, rows, width)
        builder.call(f, [*pointers, K, row, col, i_row, c_row])
        return context.get_dummy_value()

    return code


def _tile_function(
    module: ir.Module, vec: Vec, rows: int, width: int
) -> ir.Function:
    """The tile as a function of its own: one copy, wherever it is called."""
    number, index = llvm_float(vec), ir.IntType(64)
    pointers, counts = [number.as_pointer()] * 4, [index] * 5
    f = cgutils.get_or_insert_function(
        module,
        ir.FunctionType(ir.VoidType(), pointers + counts),
        f"rnncore_tile_{rows}_{width}_{vec.lanes}_{number}",
    )
    if f.is_declaration:
        f.linkage = "internal"
        f.attributes.add("noinline")
        _tile_body(f, vec, rows, width)
    return f


def _tile_body(f: ir.Function, vec: Vec, rows: int, width: int) -> None:
    kind, index = llvm_vec(vec), ir.IntType(64)
    align = vec.dtype.bitwidth // 8
    a, w, i, c, K, row, col, i_row, c_row = f.args
    before, loop, end = (
        f.append_basic_block(name) for name in ("before", "loop", "end")
    )
    builder = ir.IRBuilder(before)

    def vec_at(base, place):
        at = builder.gep(base, [place])
        return builder.bitcast(at, kind.as_pointer())

    def place(r, stride, n):
        far = builder.mul(stride, index(r))
        return builder.add(far, index(n * vec.lanes))

    tiles = [(r, n) for r in range(rows) for n in range(width)]
    first = [
        builder.load(vec_at(i, place(r, i_row, n)), align=align)
        for r, n in tiles
    ]
    builder.cbranch(builder.icmp_signed(">", K, index(0)), loop, end)
    builder.position_at_end(loop)
    k = builder.phi(index)
    sums = [builder.phi(kind) for _ in tiles]
    base = builder.mul(k, index(width * vec.lanes))
    ws = [
        builder.load(
            vec_at(w, builder.add(base, index(n * vec.lanes))), align=align
        )
        for n in range(width)
    ]
    at = builder.mul(k, col)
    new = []
    for r in range(rows):
        here = builder.add(at, builder.mul(row, index(r)))
        one = builder.load(builder.gep(a, [here]))
        many = splat(builder, one, vec.lanes)
        for n in range(width):
            total = sums[r * width + n]
            new.append(call(builder, "llvm.fma", kind, many, ws[n], total))
    following = builder.add(k, index(1))
    k.add_incoming(index(0), before)
    k.add_incoming(following, loop)
    for s, start, n in zip(sums, first, new, strict=True):
        s.add_incoming(start, before)
        s.add_incoming(n, loop)
    builder.cbranch(builder.icmp_signed("<", following, K), loop, end)
    builder.position_at_end(end)
    last = [builder.phi(kind) for _ in tiles]
    for (r, n), out, start, s in zip(tiles, last, first, new, strict=True):
        out.add_incoming(start, before)
        out.add_incoming(s, loop)
    for (r, n), out in zip(tiles, last, strict=True):
        builder.store(out, vec_at(c, place(r, c_row, n)), align=align)
    builder.ret_void()


def product_source(rows: int = ROWS, width: int = WIDTH) -> str:
    """The function that lays tiles over the whole product."""
    out = [
        "def product(M, K, N, a, a0, row, col, w, w0,",
        "            i, i0, i_row, c, c0, c_row):",
        f"    tiles = (M + {rows - 1}) // {rows}",
        "    n = 0",
        "    while n < N:",
        f"        p = min(N - n, {width})",
        "        m = 0",
        "        for t in range(tiles):",
        "            r = (M - m + tiles - t - 1) // (tiles - t)",
        "            A = a0 + m * row",
        "            I = i0 + m * i_row + n * L",
        "            C = c0 + m * c_row + n * L",
    ]
    word = "if"
    for p in range(width, 0, -1):
        for r in range(rows, 0, -1):
            out.append(
                f"            {word} p == {p} and r == {r}:\n"
                f"                tile_{r}_{p}(K, a, A, row, col, w, "
                "w0 + n * K * L,\n                    "
                "i, I, i_row, c, C, c_row)"
            )
            word = "elif"
    out += ["            m += r", f"        n += {width}"]
    return "\n".join(out) + "\n"


def make_product(dtype: Any) -> Any:
    """The product for one dtype, compiled when it is first called."""
    vec = vec_of(dtype)
    names: dict[str, Any] = {"L": vec.lanes}
    for p in range(1, WIDTH + 1):
        for r in range(1, ROWS + 1):
            names[f"tile_{r}_{p}"] = _tile(vec, r, p)
    exec(product_source(), names)
    return njit(nogil=True)(names["product"])


def pack(W: np.ndarray, lanes: int) -> np.ndarray:
    """Weights (K, N), N whole registers, panel after panel.

    Shapes: W (K, N) -> panels (K*N,)
    """
    K, N = W.shape
    wide = WIDTH * lanes
    out = np.empty(K * N, W.dtype)
    full = N - N % wide
    head = W[:, :full].reshape(K, -1, wide).transpose(1, 0, 2)
    out[: K * full].reshape(-1, K, wide)[...] = head
    out[K * full :].reshape(K, N - full)[...] = W[:, full:]
    return out
