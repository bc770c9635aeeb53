"""Print a CasADi function as plain Python over lanes, for numba to compile.

`step(x, u) -> f` becomes `def step(in0, in1, out0)`, which reads in0[i], in1[i] and writes
out0[i] (in0[i, j] or out0[i, j] for a matrix). One statement per node of the expression graph; the
module that receives the text imports the operations of `program/lane.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import casadi as ca

_OPERATIONS = {
    ca.OP_ASSIGN: "{0}",
    ca.OP_ADD: "{0} + {1}",
    ca.OP_SUB: "{0} - {1}",
    ca.OP_MUL: "{0} * {1}",
    ca.OP_DIV: "{0} / {1}",
    ca.OP_NEG: "-{0}",
    ca.OP_SQ: "{0} * {0}",
    ca.OP_TWICE: "{0} + {0}",
    ca.OP_INV: "1.0 / {0}",
    ca.OP_POW: "power({0}, {1})",
    ca.OP_CONSTPOW: "power({0}, {1})",
    ca.OP_FMIN: "vmin({0}, {1})",
    ca.OP_FMAX: "vmax({0}, {1})",
    ca.OP_LT: "select({0} < {1}, one, zero)",
    ca.OP_LE: "select({0} <= {1}, one, zero)",
    ca.OP_NOT: "select(absolute({0}) > 0.0, zero, one)",
    ca.OP_AND: "absolute({0} * {1})",
    ca.OP_OR: "vmax(absolute({0}), absolute({1}))",
    ca.OP_IF_ELSE_ZERO: "select(absolute({0}) > 0.0, {1} + zero, zero)",
    ca.OP_SIGN: "select({0} > 0.0, one, zero) - select({0} < 0.0, one, zero)",
    ca.OP_FABS: "absolute({0})",
    ca.OP_SQRT: "sqrt({0})",
    ca.OP_EXP: "exp({0})",
    ca.OP_LOG: "log({0})",
    ca.OP_SIN: "sin({0})",
    ca.OP_COS: "cos({0})",
    ca.OP_TAN: "tan({0})",
    ca.OP_TANH: "1.0 - 2.0 / (exp({0} + {0}) + 1.0)",
    ca.OP_HYPOT: "sqrt({0} * {0} + {1} * {1})",
}
OFFERED = (
    "+ - * / ** sqrt exp log sin cos tan tanh fabs fmin fmax sign hypot < <= and or not if_else"
)


class EmitError(ValueError):
    """The function uses an operation that the printer does not know."""


def emit(function: ca.Function, numbers: Sequence[int] = ()) -> str:
    """Return the Python source of a CasADi SX function with dense outputs.

    Its first input must be an array of lanes; any other may hold plain numbers.

    Args:
        function: What to print.
        numbers: Inputs that are one number and no array.

    Raises:
        EmitError: An operation has no counterpart on lanes.
    """
    names = [f"in{i}" for i in range(function.n_in())]
    names += [f"out{i}" for i in range(function.n_out())]
    first = _place("in0", function.size_in(0), 0)
    lines = [
        f"def {function.name()}({', '.join(names)}):",
        f"    zero, one = fill({first}, 0.0), fill({first}, 1.0)",
    ]
    lines += [f"    {line}" for line in _statements(function, numbers)]
    return "\n".join(lines) + "\n"


def emit_switched(
    always: ca.Function, optional: ca.Function, switch: int, numbers: Sequence[int] = ()
) -> str:
    """Return the Python source of a function with a part that is skipped where it adds nothing.

    Args:
        always: The function without that part.
        optional: What the part adds to the outputs, with the same first inputs.
        switch: Index of a number in the third input, above 0 where the part is needed.
        numbers: Inputs of `always` that are one number and no array.

    Raises:
        EmitError: An operation has no counterpart on lanes.
    """
    lines = [f"if in2[{switch}] > 0.0:", *(f"    {line}" for line in _additions(optional))]
    return emit(always, numbers) + "".join(f"    {line}\n" for line in lines)


def _additions(function: ca.Function) -> Iterator[str]:
    """Yield statements that add to the outputs, except those that would add zero."""
    zeros: set[str] = set()
    for line in _statements(function, ()):
        target, _, value = line.partition(" = ")
        if not target.startswith("out"):
            (zeros.add if value == "zero + 0.0" else zeros.discard)(target)
            yield line
        elif value not in zeros:
            yield f"{target} = {target} + {value}"


def _statements(function: ca.Function, numbers: Sequence[int]) -> list[str]:
    return [_statement(function, k, numbers) for k in range(function.n_instructions())]


def _statement(function: ca.Function, k: int, numbers: Sequence[int]) -> str:
    operation = function.instruction_id(k)
    sources, targets = function.instruction_input(k), function.instruction_output(k)
    if operation == ca.OP_INPUT:
        name = f"in{sources[0]}"
        is_number = sources[0] in numbers
        place = name if is_number else _place(name, function.size_in(sources[0]), sources[1])
        return f"w{targets[0]} = {place} + zero"
    if operation == ca.OP_OUTPUT:
        place = _place(f"out{targets[0]}", function.size_out(targets[0]), targets[1])
        return f"{place} = w{sources[0]}"
    if operation == ca.OP_CONST:
        return f"w{targets[0]} = zero + {float(function.instruction_constant(k))!r}"
    if operation not in _OPERATIONS:
        raise EmitError(
            f"{function.name()}: CasADi operation number {operation} cannot be compiled;"
            f" write the model or cost with {OFFERED}"
        )
    return f"w{targets[0]} = {_OPERATIONS[operation].format(*(f'w{i}' for i in sources))}"


def _place(name: str, size: tuple[int, int], index: int) -> str:
    """Return the element of a dense matrix in column-major order, vectors by one index."""
    rows, columns = size
    return f"{name}[{index}]" if columns == 1 else f"{name}[{index % rows}, {index // rows}]"
