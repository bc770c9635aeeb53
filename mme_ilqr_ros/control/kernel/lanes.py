"""SIMD lanes as a numba value type: `<n x float>` with arithmetic, comparison and selection.

A `Lane` holds the same number of n modes side by side. Code written on lanes is vectorised by
construction, because every operation is one vector instruction; a loop over modes would depend on
what the compiler's vectoriser understands. `program/lane.py` offers the same names on numpy arrays.

Floating-point operations may be reordered and fused, but keep NaN and infinity: a state that is not
finite must stay visible to the controller's final check.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core.typeconv import Conversion
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, lower_cast, models, register_model
from numba.np.arrayobj import populate_array

FLAGS = ("reassoc", "nsz", "arcp", "contract", "afn")

# _nrt=False: no reference counts. Compiled code here only borrows arrays; counting references to
# them at every unpacking of a tuple took most of the kernel's time.
OPTIONS = {"fastmath": set(FLAGS), "error_model": "numpy", "boundscheck": False, "_nrt": False}
inline = njit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, **OPTIONS)


class Lane(types.Type):
    """n floating-point numbers, one per mode."""

    def __init__(self, dtype: types.Float, n: int) -> None:
        self.dtype, self.n = dtype, n
        super().__init__(f"Lane({dtype}x{n})")

    def can_convert_from(self, typingctx: Any, other: types.Type) -> Conversion | None:
        """Let a plain number stand for the same number in every lane."""
        return Conversion.safe if isinstance(other, types.Number) else None

    def unify(self, typingctx: Any, other: types.Type) -> types.Type | None:
        """Meet of a lane and a number is the lane."""
        return self if isinstance(other, types.Number) else None


class Mask(types.Type):
    """n truth values, one per mode."""

    def __init__(self, n: int) -> None:
        self.n = n
        super().__init__(f"Mask({n})")


def vector_type(kind: Lane | Mask) -> ir.VectorType:
    """Return the LLVM type of a lane or mask."""
    if isinstance(kind, Mask):
        return ir.VectorType(ir.IntType(1), kind.n)
    wide = kind.dtype is types.float64
    return ir.VectorType(ir.DoubleType() if wide else ir.FloatType(), kind.n)


@register_model(Lane)
@register_model(Mask)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Lane | Mask) -> None:
        super().__init__(dmm, fe_type, vector_type(fe_type))


@lower_cast(types.Number, Lane)
def _number_to_lane(context: Any, builder: Any, fromty: Any, toty: Lane, value: Any) -> Any:
    scalar = context.cast(builder, value, fromty, toty.dtype)
    vector = ir.Constant(vector_type(toty), ir.Undefined)
    first = builder.insert_element(vector, scalar, ir.IntType(32)(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), toty.n), [0] * toty.n)
    return builder.shuffle_vector(first, first, zeros)


def _operator(
    op: Callable, build: Callable, arity: int = 2, result: Callable = lambda kind: kind
) -> None:
    """Teach numba an operator on lanes and masks; numbers beside a lane become lanes."""

    @infer_global(op)
    class _Template(AbstractTemplate):
        def generic(self, args: tuple, kws: dict) -> Any:
            kind = next((a for a in args if isinstance(a, (Lane, Mask))), None)
            if kind is None or len(args) != arity:
                return None
            if not all(isinstance(a, (type(kind), types.Number)) for a in args):
                return None
            return signature(result(kind), *[kind] * arity)

    for kind in (Lane, Mask):

        @lower_builtin(op, *[kind] * arity)
        def _lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return build(builder, *args)


def _arithmetic(name: str) -> Callable:
    return lambda builder, *args: getattr(builder, name)(*args, flags=FLAGS)


def _comparison(symbol: str) -> Callable:
    return lambda builder, x, y: builder.fcmp_ordered(symbol, x, y)


_operator(operator.add, _arithmetic("fadd"))
_operator(operator.sub, _arithmetic("fsub"))
_operator(operator.mul, _arithmetic("fmul"))
_operator(operator.truediv, _arithmetic("fdiv"))
_operator(operator.neg, lambda builder, x: builder.fneg(x), arity=1)
for _op, _symbol in ((operator.lt, "<"), (operator.le, "<="), (operator.gt, ">")):
    _operator(_op, _comparison(_symbol), result=lambda kind: Mask(kind.n))
_operator(operator.and_, lambda builder, x, y: builder.and_(x, y))
_operator(operator.or_, lambda builder, x, y: builder.or_(x, y))
_operator(operator.invert, lambda builder, x: builder.not_(x), arity=1)


def _pick(symbol: str) -> Any:
    @intrinsic
    def pick(typingctx: Any, a: Any, b: Any) -> Any:
        kind = a if isinstance(a, Lane) else b

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return builder.select(builder.fcmp_ordered(symbol, *args), *args)

        return kind(kind, kind), codegen

    return pick


vmin, vmax = _pick("<"), _pick(">")


@intrinsic
def select(typingctx: Any, mask: Any, a: Any, b: Any) -> Any:
    """`a` where the mask holds, else `b`."""
    kind = a if isinstance(a, Lane) else b

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(*args)

    return kind(mask, kind, kind), codegen


@intrinsic
def fill(typingctx: Any, like: Any, value: Any) -> Any:
    """The same number in every lane, as wide as `like`."""
    return like(like, like), lambda context, builder, sig, args: args[1]


@intrinsic
def any_lane(typingctx: Any, mask: Any) -> Any:
    """True when the mask holds in at least one lane."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = builder.bitcast(args[0], ir.IntType(mask.n))
        return builder.icmp_unsigned("!=", bits, bits.type(0))

    return types.boolean(mask), codegen


@intrinsic
def lowest_bit(typingctx: Any, bits: Any) -> Any:
    """Index of the lowest bit that is set."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.IntType(1)(1))

    return bits(bits), codegen


@intrinsic(prefer_literal=True)
def lanes(typingctx: Any, array: Any, n: Any) -> Any:
    """View a C array [..., n] of floats as an array [...] of lanes."""
    width = n.literal_value
    view = types.Array(Lane(array.dtype, width), array.ndim - 1, "C", aligned=False)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        source = context.make_array(array)(context, builder, args[0])
        out = context.make_array(view)(context, builder)
        size = context.get_constant(types.intp, width * array.dtype.bitwidth // 8)
        data = builder.bitcast(source.data, vector_type(view.dtype).as_pointer())
        shape = cgutils.unpack_tuple(builder, source.shape)[:-1]
        strides = cgutils.unpack_tuple(builder, source.strides)[:-1]
        populate_array(out, data, shape, strides, size, None)
        return out._getvalue()

    return view(array, types.literal(width)), codegen


@intrinsic(prefer_literal=True)
def local(typingctx: Any, like: Any, rows: Any, columns: Any) -> Any:
    """Uninitialised lanes [rows, columns] on the stack; registers once the loops unroll."""
    r, c = rows.literal_value, columns.literal_value
    kind = like.dtype
    array = types.Array(kind, 2, "C", aligned=False)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        out = context.make_array(array)(context, builder)
        data = cgutils.alloca_once(builder, vector_type(kind), size=r * c)
        size = kind.n * kind.dtype.bitwidth // 8

        def constant(value: int) -> Any:
            return context.get_constant(types.intp, value)

        strides = (constant(c * size), constant(size))
        populate_array(out, data, (constant(r), constant(c)), strides, constant(size), None)
        return out._getvalue()

    return array(like, types.literal(r), types.literal(c)), codegen


@intrinsic
def gather_square(typingctx: Any, array: Any, row: Any, column: Any) -> Any:
    """(a[i, j], a[i, j+1], a[i+1, j], a[i+1, j+1]) per lane; i, j are given as whole floats.

    Indices are brought into the array, so that not even NaN reads beyond it.
    """
    kind = row

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        source = context.make_array(array)(context, builder, args[0])
        height, width = cgutils.unpack_tuple(builder, source.shape)
        one = height.type(1)
        corners = [ir.Constant(vector_type(kind), ir.Undefined)] * 4
        for n in range(kind.n):
            at = ir.IntType(32)(n)
            i = _index(builder, builder.extract_element(args[1], at), builder.sub(height, one))
            j = _index(builder, builder.extract_element(args[2], at), builder.sub(width, one))
            base = builder.add(builder.mul(i, width), j)
            steps = (height.type(0), one, width, builder.add(width, one))
            for corner, step in enumerate(steps):
                value = builder.load(builder.gep(source.data, [builder.add(base, step)]))
                value = context.cast(builder, value, array.dtype, kind.dtype)
                corners[corner] = builder.insert_element(corners[corner], value, at)
        return context.make_tuple(builder, sig.return_type, corners)

    return types.UniTuple(kind, 4)(array, kind, kind), codegen


def _index(builder: Any, value: Any, count: Any) -> Any:
    """Return a float as an index in [0, count)."""
    bits = 64 if isinstance(value.type, ir.DoubleType) else 32
    callee = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(ir.IntType(64), [value.type]),
        f"llvm.fptosi.sat.i64.f{bits}",
    )
    index, zero = builder.call(callee, [value]), ir.IntType(64)(0)
    last = builder.sub(count, count.type(1))
    index = builder.select(builder.icmp_signed("<", index, last), index, last)
    return builder.select(builder.icmp_signed(">", index, zero), index, zero)
