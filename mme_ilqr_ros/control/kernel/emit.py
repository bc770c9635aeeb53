"""Print a CasADi function as plain Python over scalars, for numba to compile.

`step(x, u) -> f` becomes `def step(in0, in1, out0)`, which reads in0[i], in1[i] and writes
out0[i] (out0[i, j] for a matrix). One statement per node of the expression graph.
"""

from __future__ import annotations

import casadi as ca

_BINARY = {
    ca.OP_ADD: "({0} + {1})",
    ca.OP_SUB: "({0} - {1})",
    ca.OP_MUL: "({0} * {1})",
    ca.OP_DIV: "({0} / {1})",
    ca.OP_POW: "({0} ** {1})",
    ca.OP_CONSTPOW: "({0} ** {1})",
    ca.OP_ATAN2: "math.atan2({0}, {1})",
    ca.OP_FMIN: "min({0}, {1})",
    ca.OP_FMAX: "max({0}, {1})",
    ca.OP_LT: "float({0} < {1})",
    ca.OP_LE: "float({0} <= {1})",
    ca.OP_EQ: "float({0} == {1})",
    ca.OP_NE: "float({0} != {1})",
    ca.OP_AND: "float({0} != 0.0 and {1} != 0.0)",
    ca.OP_OR: "float({0} != 0.0 or {1} != 0.0)",
    ca.OP_HYPOT: "math.hypot({0}, {1})",
    ca.OP_COPYSIGN: "math.copysign({0}, {1})",
    ca.OP_IF_ELSE_ZERO: "({1} if {0} != 0.0 else 0.0)",
}
_UNARY = {
    ca.OP_ASSIGN: "{0}",
    ca.OP_NEG: "(-{0})",
    ca.OP_SQ: "({0} * {0})",
    ca.OP_TWICE: "(2.0 * {0})",
    ca.OP_INV: "(1.0 / {0})",
    ca.OP_SQRT: "math.sqrt({0})",
    ca.OP_EXP: "math.exp({0})",
    ca.OP_LOG: "math.log({0})",
    ca.OP_SIN: "math.sin({0})",
    ca.OP_COS: "math.cos({0})",
    ca.OP_TAN: "math.tan({0})",
    ca.OP_ASIN: "math.asin({0})",
    ca.OP_ACOS: "math.acos({0})",
    ca.OP_ATAN: "math.atan({0})",
    ca.OP_SINH: "math.sinh({0})",
    ca.OP_COSH: "math.cosh({0})",
    ca.OP_TANH: "math.tanh({0})",
    ca.OP_FABS: "abs({0})",
    ca.OP_SIGN: "float(({0} > 0.0) - ({0} < 0.0))",
    ca.OP_NOT: "float({0} == 0.0)",
    ca.OP_LOG1P: "math.log1p({0})",
    ca.OP_EXPM1: "math.expm1({0})",
}


class EmitError(ValueError):
    """The function uses an operation that the printer does not know."""


def emit(function: ca.Function) -> str:
    """Return the Python source of a CasADi SX function with dense outputs.

    Raises:
        EmitError: An operation has no scalar Python counterpart here.
    """
    inputs = [f"in{i}" for i in range(function.n_in())]
    outputs = [f"out{i}" for i in range(function.n_out())]
    lines = [f"def {function.name()}({', '.join(inputs + outputs)}):"]
    for k in range(function.n_instructions()):
        lines.append("    " + _statement(function, k, inputs))
    return "\n".join(lines) + "\n"


def _statement(function: ca.Function, k: int, inputs: list[str]) -> str:
    operation = function.instruction_id(k)
    sources, targets = function.instruction_input(k), function.instruction_output(k)
    if operation == ca.OP_INPUT:
        return f"w{targets[0]} = {inputs[sources[0]]}[{sources[1]}]"
    if operation == ca.OP_OUTPUT:
        return f"{_output(function, targets)} = w{sources[0]}"
    if operation == ca.OP_CONST:
        return f"w{targets[0]} = {float(function.instruction_constant(k))!r}"
    pattern = _BINARY.get(operation) or _UNARY.get(operation)
    if pattern is None:
        raise EmitError(
            f"{function.name()}: CasADi operation number {operation} cannot be printed;"
            " write the model or cost with other operations"
        )
    return f"w{targets[0]} = {pattern.format(*(f'w{i}' for i in sources))}"


def _output(function: ca.Function, target: list[int]) -> str:
    rows, columns = function.size_out(target[0])
    if columns == 1:
        return f"out{target[0]}[{target[1]}]"
    return f"out{target[0]}[{target[1] % rows}, {target[1] // rows}]"
