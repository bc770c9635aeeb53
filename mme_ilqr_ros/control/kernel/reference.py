"""The lane functions on numpy arrays [..., n]: the same kernel text, readable step by step.

Everything that `lanes.py` offers to compiled code has its counterpart here, so the text that numba
compiles runs unchanged in plain Python. It is thousands of times slower, and it is what the tests
compare the compiled kernel with.
"""

from __future__ import annotations

import time

import numpy as np

vmin, vmax, select, any_lane = np.minimum, np.maximum, np.where, np.any
sqrt, absolute, exp, log = np.sqrt, np.abs, np.exp, np.log
sin, cos, tan, floor, power = np.sin, np.cos, np.tan, np.floor, np.power


def fill(like, value):
    """The same number in every lane, as wide as `like`."""
    return np.full_like(like, value)


def lanes(array, n):
    """An array [..., n] is an array [...] of lanes already."""
    return array


def local(like, rows, columns):
    """Uninitialised lanes [rows, columns] of the width of `like`."""
    return np.empty((rows, columns, like.shape[-1]), like.dtype)


def lowest_bit(bits):
    """Index of the lowest bit that is set."""
    return (bits & -bits).bit_length() - 1


def gather_square(array, row, column):
    """(a[i, j], a[i, j+1], a[i+1, j], a[i+1, j+1]) per lane, indices brought into the array."""
    i = np.clip(np.nan_to_num(row), 0, array.shape[0] - 2).astype(int)
    j = np.clip(np.nan_to_num(column), 0, array.shape[1] - 2).astype(int)
    return array[i, j], array[i, j + 1], array[i + 1, j], array[i + 1, j + 1]


def time_is_up(deadline):
    """True once the clock of `time.perf_counter` has passed `deadline` [s]."""
    return time.perf_counter() > deadline
