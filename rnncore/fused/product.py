"""Products with weights that are packed once, then read at every step.

A BLAS packs the weights each time that it is called, which a product with
a few rows cannot pay for. Here they lie in panels of a few registers'
width, and a tile of the result stays in registers. Each number is a sum in
one order, however the rows are divided among threads.
"""

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from rnncore.fused.target import (
    llvm,
    panel_width,
    target_machine,
    tiles_name,
)
from rnncore.fused.vector import (
    Vec,
    address,
    call,
    llvm_float,
    llvm_vec,
    splat,
    vec_of,
)

WIDTH = panel_width()  # registers side by side in a panel
ROWS = 6  # of a tile: 24 sums, or 12 where there are 16 registers

FEW = 2  # rows that leave registers for two panels at a time


def _tile(vec: Vec) -> Any:
    """c = i + a @ w for one tile of any number of rows and registers."""

    @intrinsic
    def tile(
        typing_context, r, p, K, a, a0, row, col, w, w0, i, i0, i_row,
        c, c0, c_row,
    ):  # fmt: skip
        given = K, a, a0, row, col, w, w0, i, i0, i_row, c, c0, c_row
        kinds = [g if hasattr(g, "dtype") else types.int64 for g in given]
        return types.void(types.int64, types.int64, *kinds), _tile_code(vec)

    return tile


def _tile_code(vec: Vec) -> Any:
    def code(context, builder, sig, args):
        r, p, K, a, a0, row, col, w, w0, i, i0, i_row, c, c0, c_row = args

        def start(k, array, place):
            return address(context, builder, sig.args[k], array, place)

        pointers = [start(3, a, a0), start(7, w, w0)]
        pointers += [start(9, i, i0), start(12, c, c0)]
        f = cgutils.get_or_insert_function(
            builder.module, _any_tile_type(vec), tiles_name(vec.dtype.name)
        )
        builder.call(f, [r, p, *pointers, K, row, col, i_row, c_row])
        return context.get_dummy_value()

    return code


def _any_tile_type(vec: Vec) -> ir.FunctionType:
    number, index = llvm_float(vec), ir.IntType(64)
    kinds = [index] * 2 + [number.as_pointer()] * 4 + [index] * 5
    return ir.FunctionType(ir.VoidType(), kinds)


def tiles_code(dtype: str) -> bytes:
    """The object file of the tiles of all sizes."""
    vec = vec_of(dtype)
    module = ir.Module("tiles")
    module.triple = llvm().get_process_triple()
    _any_tile(module, vec)
    parsed, machine = llvm().parse_assembly(str(module)), target_machine()
    parsed.verify()
    options = llvm().create_pipeline_tuning_options(3)
    builder = llvm().create_pass_builder(machine, options)
    builder.getModulePassManager().run(parsed, builder)
    return machine.emit_object(parsed)


def _any_tile(module: ir.Module, vec: Vec) -> None:
    """The function that picks the tile by its rows and registers."""
    index = ir.IntType(64)
    f = ir.Function(module, _any_tile_type(vec), tiles_name(vec.dtype.name))
    builder = ir.IRBuilder(f.append_basic_block("entry"))
    rows, width, *given = f.args
    which = builder.add(builder.mul(width, index(ROWS + 1)), rows)
    end = f.append_basic_block("end")
    switch = builder.switch(which, end)
    for p in [*range(1, WIDTH + 1), 2 * WIDTH]:
        for r in range(1, (ROWS if p <= WIDTH else FEW) + 1):
            block = f.append_basic_block(f"tile_{r}_{p}")
            switch.add_case(index(p * (ROWS + 1) + r), block)
            builder.position_at_end(block)
            builder.call(_tile_function(module, vec, r, p), given)
            builder.branch(end)
    builder.position_at_end(end)
    builder.ret_void()


def _tile_function(
    module: ir.Module, vec: Vec, rows: int, width: int
) -> ir.Function:
    """The tile of one size as a function of its own."""
    number, index = llvm_float(vec), ir.IntType(64)
    pointers, counts = [number.as_pointer()] * 4, [index] * 5
    f = ir.Function(
        module,
        ir.FunctionType(ir.VoidType(), pointers + counts),
        f"tile_{rows}_{width}",
    )
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
    base = builder.mul(k, index(min(width, WIDTH) * vec.lanes))
    panel = builder.mul(K, index(WIDTH * vec.lanes))
    ws = []
    for n in range(width):
        far = index(n % WIDTH * vec.lanes)
        if n >= WIDTH:  # the panel that follows
            far = builder.add(far, panel)
        at_w = vec_at(w, builder.add(base, far))
        ws.append(builder.load(at_w, align=align))
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
    for out, start, s in zip(last, first, new, strict=True):
        out.add_incoming(start, before)
        out.add_incoming(s, loop)
    for (r, n), out in zip(tiles, last, strict=True):
        builder.store(out, vec_at(c, place(r, c_row, n)), align=align)
    builder.ret_void()


SOURCE = f"""
def product(M, K, N, a, a0, row, col, w, w0, i, i0, i_row, c, c0, c_row):
    tiles = (M + {ROWS - 1}) // {ROWS}
    n = 0
    while n < N:
        p = min(N - n, {WIDTH})
        if M <= {FEW} and N - n >= {2 * WIDTH}:
            p = {2 * WIDTH}
        m = 0
        for t in range(tiles):
            r = (M - m + tiles - t - 1) // (tiles - t)
            tile(r, p, K, a, a0 + m * row, row, col, w, w0 + n * K * L,
                 i, i0 + m * i_row + n * L, i_row,
                 c, c0 + m * c_row + n * L, c_row)
            m += r
        n += p
"""  # c = i + a @ w, tile by tile; N counts registers


def make_product(dtype: str) -> dict[str, Any]:
    """A tile and the product, compiled when they are first called.

    The tiles are in memory then (`loop_cache.load_tiles`).
    """
    vec = vec_of(dtype)
    names: dict[str, Any] = {
        "__name__": __name__,
        "L": vec.lanes,
        "tile": _tile(vec),
    }
    exec(SOURCE, names)  # noqa: S102
    made = njit(nogil=True, error_model="numpy")(names["product"])
    return {"ROWS": ROWS, "tile": names["tile"], "product": made}
