"""A problem's printed stage functions and the kernel's program, run on torch tensors.

The statements that numba compiles for lanes of modes are elementwise, so they run unchanged on
tensors of any shape: one call takes a stage function of all modes at all stages. Inputs are
sequences of components; outputs are dictionaries, so that a constant stays a number and nothing is
copied.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import numpy as np
import torch
from torch import Tensor

from mme_ilqr_ros.control.kernel.build import import_over
from mme_ilqr_ros.control.kernel.emit import emit
from mme_ilqr_ros.control.kernel.program import solve
from mme_ilqr_ros.control.problem import Problem

PRINTED = ("step", "step_jacobian", "stage_cost", "stage_quadratic")
PRINTED += ("terminal_cost", "terminal_quadratic")
OF_SOLVE = ("ARMIJO", "LINE_SEARCH_STEPS", "SHORTER", "LONGER", "CONVERGED", "REG_MAX", "REG_FIRST")
OF_SOLVE += ("REG_MIN", "SETTLED")
Number = Tensor | float


def load_texts(problem: Problem, dtype: torch.dtype) -> SimpleNamespace:
    """Return a problem's stage functions and the program's barrier, as functions of tensors."""
    lane, stage = ModuleType("lane"), ModuleType("stage")
    vars(lane).update(lane_functions(dtype))
    names, symbols = lane_functions(dtype), problem.functions()
    for name in PRINTED:
        _run(_without_zeros(emit(symbols[name])), name, names)
    obstacles = import_over("obstacles", lane, stage)
    constants = {name: getattr(solve, name) for name in OF_SOLVE}
    return SimpleNamespace(**{**names, **vars(obstacles), **constants})


def _run(source: str, name: str, names: dict) -> None:
    exec(compile(source, f"<batched {name}>", "exec"), names)  # our own text, not a user's


def _without_zeros(source: str) -> str:
    """Return the text without the additions of zero that widen numbers to lanes.

    Tensors broadcast by themselves, and each addition would be one more operation to launch.
    """
    source = re.sub(r"(in\d+\[[\d, ]+\]) \+ zero\b", r"\1", source)
    return re.sub(r"= zero \+ ", "= ", source)


def lane_functions(dtype: torch.dtype) -> dict:
    """Return the operations of `program/lane.py`, by name; numbers may stand for equal lanes."""

    def fill(like: Number, value: Number) -> Number:
        return value

    def select(mask: Tensor, yes: Number, no: Number) -> Tensor:
        if not isinstance(yes, Tensor) and not isinstance(no, Tensor):
            yes = torch.full((), yes, dtype=dtype, device=mask.device)
        return torch.where(mask, yes, no)

    return {
        "np": np,
        "jit": _as_it_is,
        "inline": _as_it_is,
        "fill": fill,
        "select": select,
        "any_lane": lambda mask: bool(mask.any()),
        "lowest_bit": lambda bits: (bits & -bits).bit_length() - 1,
        "gather_square": gather_square,
        "vmin": _either(torch.minimum, torch.clamp_max, min),
        "vmax": _either(torch.maximum, torch.clamp_min, max),
        "absolute": abs,
        "power": pow,
        **{
            name: _of_one(getattr(torch, name), getattr(math, name))
            for name in ("sqrt", "exp", "log", "sin", "cos", "tan", "floor")
        },
    }


def _as_it_is(function: Callable) -> Callable:
    return function


def _of_one(of_tensor: Callable, of_number: Callable) -> Callable:
    return lambda v: of_tensor(v) if isinstance(v, Tensor) else of_number(v)


def _either(of_tensors: Callable, with_number: Callable, of_numbers: Callable) -> Callable:
    """Return the smaller (or larger) of two, each a tensor or a number."""

    def chosen(a: Number, b: Number) -> Number:
        if not isinstance(a, Tensor):
            a, b = b, a
        if not isinstance(a, Tensor):
            return of_numbers(a, b)
        return of_tensors(a, b) if isinstance(b, Tensor) else with_number(a, b)

    return chosen


def gather_square(array: Tensor, row: Tensor, column: Tensor) -> tuple[Tensor, ...]:
    """Return (a[i, j], a[i, j+1], a[i+1, j], a[i+1, j+1]), indices brought into the array."""
    rows, columns = array.shape
    i = torch.nan_to_num(row).clamp(0, rows - 2).long()
    j = torch.nan_to_num(column).clamp(0, columns - 2).long()
    flat, at = array.reshape(-1), i * columns + j
    return flat[at], flat[at + 1], flat[at + columns], flat[at + columns + 1]
