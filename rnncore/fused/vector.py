"""A register's worth of numbers as a type of numba's, and its operations.

The loops are written in these, so nothing is left to a vectoriser to find
out, and no flag lets the compiler reorder sums or forget NaN.
"""

import operator
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import (
    AbstractTemplate,
    infer_global,
    signature,
)
from numba.extending import intrinsic, models, register_model

from rnncore.fused.target import lanes_of


class Vec(types.Type):
    """Numbers side by side in one register."""

    def __init__(self, dtype: Any, lanes: int):
        self.dtype, self.lanes = dtype, lanes
        super().__init__(name=f"Vec({dtype}, {lanes})")


class Mask(types.Type):
    """A truth for each of the numbers of a Vec."""

    def __init__(self, lanes: int):
        self.lanes = lanes
        super().__init__(name=f"Mask({lanes})")


def vec_of(dtype: Any) -> Vec:
    """The type of a full register of numbers of this NumPy dtype."""
    kind = np.dtype(dtype)
    return Vec(
        types.float32 if kind == np.float32 else types.float64,
        lanes_of(kind.name),
    )


def llvm_float(vec: Vec) -> ir.Type:
    """LLVM's name for one of its numbers."""
    return ir.FloatType() if vec.dtype == types.float32 else ir.DoubleType()


def llvm_vec(vec: Vec) -> ir.VectorType:
    """LLVM's name for the register."""
    return ir.VectorType(llvm_float(vec), vec.lanes)


def llvm_ints(vec: Vec) -> ir.VectorType:
    """Its bits as whole numbers."""
    return ir.VectorType(ir.IntType(vec.dtype.bitwidth), vec.lanes)


@register_model(Vec)
class VecModel(models.PrimitiveModel):
    """A Vec is LLVM's vector of floats."""

    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, llvm_vec(fe_type))


@register_model(Mask)
class MaskModel(models.PrimitiveModel):
    """A Mask is LLVM's vector of bits."""

    def __init__(self, dmm, fe_type):
        bits = ir.VectorType(ir.IntType(1), fe_type.lanes)
        super().__init__(dmm, fe_type, bits)


def splat(builder: ir.IRBuilder, value: ir.Value, lanes: int) -> ir.Value:
    """One number in all places of a register."""
    kind = ir.VectorType(value.type, lanes)
    if isinstance(value, ir.Constant):
        return ir.Constant(kind, [value.constant] * lanes)
    one = builder.insert_element(
        ir.Constant(kind, ir.Undefined), value, ir.IntType(32)(0)
    )
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
    return builder.shuffle_vector(one, one, zeros)


def call(
    builder: ir.IRBuilder, name: str, kind: ir.VectorType, *args: ir.Value
) -> ir.Value:
    """One of LLVM's own functions."""
    bits = 32 if kind.element == ir.FloatType() else 64
    f = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(kind, [a.type for a in args]),
        f"{name}.v{kind.count}f{bits}",
    )
    return builder.call(f, args)


def _as_vec(context, builder, kind, value, vec):
    """A number as a Vec; a Vec as it is."""
    if isinstance(kind, Vec):
        return value
    one = context.cast(builder, value, kind, vec.dtype)
    return splat(builder, one, vec.lanes)


class _Arithmetic(AbstractTemplate):
    def generic(self, args, kws):
        vecs = [a for a in args if isinstance(a, Vec)]
        fits = all(
            a in vecs[:1] or isinstance(a, types.Float | types.Integer)
            for a in args
        )
        if vecs and fits:
            return signature(self.result(vecs[0]), *args)
        return None

    def result(self, vec):
        return vec


class _Comparison(_Arithmetic):
    def result(self, vec):
        return Mask(vec.lanes)


class _Logic(AbstractTemplate):
    def generic(self, args, kws):
        if all(isinstance(a, Mask) for a in args):
            return signature(args[0], *args)
        return None


def _binary(op, build, template):
    infer_global(op)(type(op.__name__, (template,), {"key": op}))

    def lower(context, builder, sig, args):
        vec = next(a for a in sig.args if isinstance(a, Vec))
        both = [
            _as_vec(context, builder, k, a, vec)
            for k, a in zip(sig.args, args, strict=True)
        ]
        return build(builder, *both)

    for left, right in ((Vec, Vec), (Vec, types.Any), (types.Any, Vec)):
        lower_builtin(op, left, right)(lower)


for _op, _name in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _binary(
        _op,
        lambda builder, a, b, _name=_name: getattr(builder, _name)(a, b),
        _Arithmetic,
    )
for _op, _sign in (
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
    (operator.eq, "=="),
):
    _binary(
        _op,
        lambda builder, a, b, _sign=_sign: builder.fcmp_ordered(
            _sign, a, b
        ),
        _Comparison,
    )
for _op, _name in ((operator.and_, "and_"), (operator.or_, "or_")):
    infer_global(_op)(type(_name, (_Logic,), {"key": _op}))
    lower_builtin(_op, Mask, Mask)(
        lambda context, builder, sig, args, _name=_name: getattr(
            builder, _name
        )(*args)
    )
infer_global(operator.invert)(
    type("invert", (_Logic,), {"key": operator.invert})
)
lower_builtin(operator.invert, Mask)(
    lambda context, builder, sig, args: builder.not_(args[0])
)
infer_global(operator.neg)(
    type("neg", (_Arithmetic,), {"key": operator.neg})
)
lower_builtin(operator.neg, Vec)(
    lambda context, builder, sig, args: builder.fneg(args[0])
)


@intrinsic
def full(typing_context, like, value):
    """A number in every place of a Vec like this one."""

    def code(context, builder, sig, args):
        return _as_vec(context, builder, sig.args[1], args[1], sig.args[0])

    if not isinstance(like, Vec) or isinstance(value, Vec):
        return None
    return like(like, value), code


@intrinsic
def fma(typing_context, a, b, c):
    """a * b + c with one rounding."""

    def code(context, builder, sig, args):
        vec = sig.return_type
        full_ = [
            _as_vec(context, builder, k, x, vec)
            for k, x in zip(sig.args, args, strict=True)
        ]
        return call(builder, "llvm.fma", llvm_vec(vec), *full_)

    vec = next(k for k in (a, b, c) if isinstance(k, Vec))
    return vec(a, b, c), code


@intrinsic
def select(typing_context, mask, a, b):
    """a where the mask holds, else b."""

    def code(context, builder, sig, args):
        vec = sig.return_type
        both = [
            _as_vec(context, builder, k, x, vec)
            for k, x in zip(sig.args[1:], args[1:], strict=True)
        ]
        return builder.select(args[0], *both)

    if isinstance(a, Vec) or isinstance(b, Vec):
        vec = a if isinstance(a, Vec) else b
        return vec(mask, a, b), code
    return None


def _unary(name):
    def f(typing_context, a):
        def code(context, builder, sig, args):
            return call(builder, name, llvm_vec(sig.args[0]), args[0])

        return a(a), code

    f.__name__ = name.rpartition(".")[2]
    return intrinsic(f)


root = _unary("llvm.sqrt")
magnitude = _unary("llvm.fabs")


@intrinsic
def scale2(typing_context, z):
    """2^n, from z = n + 1.5 * 2^23 (or 2^52): n is in z's lowest bits."""

    def code(context, builder, sig, args):
        vec = sig.args[0]
        ints = llvm_ints(vec)
        digits, one = _layout(vec)
        low = builder.bitcast(args[0], ints)
        up = builder.shl(low, ir.Constant(ints, [digits] * vec.lanes))
        out = builder.add(up, ir.Constant(ints, [one] * vec.lanes))
        return builder.bitcast(out, llvm_vec(vec))

    return z(z), code


@intrinsic
def exponent(typing_context, a):
    """n of a = m 2^n with m from 0.7 to 1.4, for normal positive a."""

    def code(context, builder, sig, args):
        n, _ = _split(builder, sig.args[0], args[0])
        return builder.sitofp(n, llvm_vec(sig.args[0]))

    return a(a), code


@intrinsic
def mantissa(typing_context, a):
    """m of a = m 2^n with m from 0.7 to 1.4, for normal positive a."""

    def code(context, builder, sig, args):
        _, m = _split(builder, sig.args[0], args[0])
        return m

    return a(a), code


def _layout(vec):
    """The digits of a number's fraction, and the bits of 1.0."""
    digits, bias = (23, 127) if vec.dtype.bitwidth == 32 else (52, 1023)
    return digits, bias << digits


def _split(builder, vec, value):
    ints = llvm_ints(vec)
    digits, _ = _layout(vec)
    root_half = 0x3F3504F3 if digits == 23 else 0x3FE6A09E667F3BCD
    shift = ir.Constant(ints, [digits] * vec.lanes)
    bits = builder.bitcast(value, ints)
    above = builder.sub(bits, ir.Constant(ints, [root_half] * vec.lanes))
    n = builder.ashr(above, shift)
    m = builder.sub(bits, builder.shl(n, shift))
    return n, builder.bitcast(m, llvm_vec(vec))


@intrinsic
def load(typing_context, like, array, place):
    """A Vec from an array's memory."""

    def code(context, builder, sig, args):
        at = address(context, builder, sig.args[1], args[1], args[2])
        at = builder.bitcast(at, llvm_vec(sig.args[0]).as_pointer())
        return builder.load(at, align=array.dtype.bitwidth // 8)

    return like(like, array, types.int64), code


@intrinsic
def store(typing_context, array, place, value):
    """A Vec into an array's memory."""

    def code(context, builder, sig, args):
        at = address(context, builder, sig.args[0], args[0], args[1])
        at = builder.bitcast(at, llvm_vec(sig.args[2]).as_pointer())
        builder.store(args[2], at, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.int64, value), code


@intrinsic
def load_some(typing_context, like, array, place, count):
    """The first numbers of a Vec from memory, zeros after them."""

    def code(context, builder, sig, args):
        vec = sig.args[0]
        kind = llvm_vec(vec)
        at = address(context, builder, sig.args[1], args[1], args[2])
        at = builder.bitcast(at, kind.as_pointer())
        mask = _first(builder, vec.lanes, args[3])
        name = f"llvm.masked.load.{_suffix(vec)}.p0"
        f = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(
                kind, [at.type, ir.IntType(32), mask.type, kind]
            ),
            name,
        )
        align = ir.IntType(32)(vec.dtype.bitwidth // 8)
        zero = ir.Constant(kind, [0.0] * vec.lanes)
        return builder.call(f, [at, align, mask, zero])

    return like(like, array, types.int64, types.int64), code


@intrinsic
def store_some(typing_context, array, place, value, count):
    """The first numbers of a Vec into memory."""

    def code(context, builder, sig, args):
        vec = sig.args[2]
        kind = llvm_vec(vec)
        at = address(context, builder, sig.args[0], args[0], args[1])
        at = builder.bitcast(at, kind.as_pointer())
        mask = _first(builder, vec.lanes, args[3])
        name = f"llvm.masked.store.{_suffix(vec)}.p0"
        f = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(
                ir.VoidType(), [kind, at.type, ir.IntType(32), mask.type]
            ),
            name,
        )
        align = ir.IntType(32)(vec.dtype.bitwidth // 8)
        builder.call(f, [args[2], at, align, mask])
        return context.get_dummy_value()

    return types.void(array, types.int64, value, types.int64), code


def address(context, builder, kind, array, place):
    """Where a number lies in an array, or past a pointer."""
    data = array
    if isinstance(kind, types.Array):
        data = context.make_array(kind)(context, builder, array).data
    return builder.gep(data, [place])


def _suffix(vec):
    return f"v{vec.lanes}f{vec.dtype.bitwidth}"


def _first(builder, lanes, count):
    kind = ir.VectorType(ir.IntType(64), lanes)
    each = ir.Constant(kind, list(range(lanes)))
    return builder.icmp_signed("<", each, splat(builder, count, lanes))
