"""Functions of lanes: root, logarithm, exponential, sine, and the clock.

Polynomials are good to double precision, so one text serves both precisions.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from mme_ilqr_ros.control.kernel.lanes import FLAGS, Lane, inline, select, vector_type


def _call_llvm(builder: Any, name: str, kind: Lane, args: Any) -> Any:
    vector = vector_type(kind)
    symbol = f"llvm.{name}.v{kind.n}f{kind.dtype.bitwidth}"
    signature_ = ir.FunctionType(vector, [vector] * len(args))
    callee = cgutils.get_or_insert_function(builder.module, signature_, symbol)
    return builder.call(callee, args, fastmath=FLAGS)


def _llvm_function(name: str) -> Any:
    @intrinsic
    def function(typingctx: Any, x: Any) -> Any:
        return x(x), lambda context, builder, sig, args: _call_llvm(builder, name, x, args)

    return function


sqrt, rint, absolute = _llvm_function("sqrt"), _llvm_function("rint"), _llvm_function("fabs")
exp = _llvm_function("exp")


@intrinsic
def power(typingctx: Any, x: Any, y: Any) -> Any:
    """Power x^y, lane by lane."""
    kind = x if isinstance(x, Lane) else y
    return kind(kind, kind), lambda context, builder, sig, args: _call_llvm(
        builder, "pow", kind, args
    )


@intrinsic
def mantissa_exponent(typingctx: Any, x: Any) -> Any:
    """(m, e) with x = m 2^e and m in [0.5, 1), for positive normal x."""
    wide = x.dtype is types.float64
    word = ir.IntType(64 if wide else 32)
    shift, bias = (52, 1022) if wide else (23, 126)
    keep = 0x800FFFFFFFFFFFFF if wide else 0x807FFFFF

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector = ir.VectorType(word, x.n)

        def constant(value: int) -> Any:
            return ir.Constant(vector, [value] * x.n)

        bits = builder.bitcast(args[0], vector)
        kept = builder.or_(builder.and_(bits, constant(keep)), constant(bias << shift))
        exponent = builder.sub(builder.lshr(bits, constant(shift)), constant(bias))
        parts = (
            builder.bitcast(kept, args[0].type),
            builder.sitofp(exponent, args[0].type),
        )
        return context.make_tuple(builder, sig.return_type, parts)

    return types.UniTuple(x, 2)(x), codegen


@inline
def log(x):
    """Natural logarithm of positive lanes: log m + e log 2, with m in [sqrt 1/2, sqrt 2).

    log m = 2 atanh((m - 1) / (m + 1)), by its series up to s^17; relative error below 1e-12.
    """
    m, e = mantissa_exponent(x)
    low = m < 0.7071067811865476
    m = select(low, m + m, m)
    e = select(low, e - 1.0, e)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    tail = 1.0 / 13 + z * (1.0 / 15 + z * (1.0 / 17))
    series = 1.0 / 3 + z * (1.0 / 5 + z * (1.0 / 7 + z * (1.0 / 9 + z * (1.0 / 11 + z * tail))))
    return (s + s) * (1.0 + z * series) + e * 0.6931471805599453


@inline
def _reduced(x):
    """(r, z, quarter) with x = r + quarter pi / 2, |r| <= pi / 4, z = r^2, quarter in 0..3."""
    q = rint(x * 0.6366197723675814)
    r = ((x - q * 1.5703125) - q * 4.837512969970703e-4) - q * 7.549789948768648e-8
    return r, r * r, q - 4.0 * rint(q * 0.25 - 0.375)


@inline
def _sine(r, z):
    high = -1.0 / 39916800 + z * (1.0 / 6227020800)
    inner = -1.0 / 5040 + z * (1.0 / 362880 + z * high)
    return r + r * z * (-1.0 / 6 + z * (1.0 / 120 + z * inner))


@inline
def _cosine(z):
    high = 1.0 / 479001600 - z * (1.0 / 87178291200)
    inner = 1.0 / 40320 + z * (-1.0 / 3628800 + z * high)
    return 1.0 + z * (-0.5 + z * (1.0 / 24 + z * (-1.0 / 720 + z * inner)))


@inline
def sin(x):
    """Sine by reduction to a quarter turn and its Taylor polynomial (error below 1e-12)."""
    r, z, quarter = _reduced(x)
    odd = absolute(absolute(quarter - 2.0) - 1.0) < 0.5
    value = select(odd, _cosine(z), _sine(r, z))
    return select(quarter > 1.5, -value, value)


@inline
def cos(x):
    """Cosine, likewise."""
    r, z, quarter = _reduced(x)
    odd = absolute(absolute(quarter - 2.0) - 1.0) < 0.5
    value = select(odd, _sine(r, z), _cosine(z))
    return select(absolute(quarter - 1.5) < 1.0, -value, value)


@inline
def tan(x):
    """Tangent as sine over cosine."""
    return sin(x) / cos(x)


@inline
def floor(x):
    """Largest whole number not above x."""
    near = rint(x)
    return select(near > x, near - 1.0, near)


_CLOCK_MONOTONIC = 1


@intrinsic
def time_is_up(typingctx: Any, deadline: Any) -> Any:
    """True once the monotonic clock (that of `time.perf_counter`) has passed `deadline` [s]."""
    word, real = ir.IntType(64), ir.DoubleType()
    clock = ir.FunctionType(ir.IntType(32), [ir.IntType(32), word.as_pointer()])

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        spec = cgutils.alloca_once(builder, word, size=2)  # whole seconds and nanoseconds
        callee = cgutils.get_or_insert_function(builder.module, clock, "clock_gettime")
        builder.call(callee, [ir.IntType(32)(_CLOCK_MONOTONIC), spec])
        seconds, rest = (builder.load(builder.gep(spec, [word(n)])) for n in range(2))
        nanoseconds = builder.fmul(builder.sitofp(rest, real), real(1e-9))
        now = builder.fadd(builder.sitofp(seconds, real), nanoseconds)
        return builder.fcmp_ordered(">", now, args[0])

    return types.boolean(types.float64), codegen
