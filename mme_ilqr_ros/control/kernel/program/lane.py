"""The operations on lanes, on numpy arrays [..., LANES]: readable and slow.

`simd.py` offers the same names to numba. Tests compare the two.
"""

import time

import numpy as np

LANES = 8

vmin, vmax, select, any_lane = np.minimum, np.maximum, np.where, np.any
sqrt, absolute, exp, log = np.sqrt, np.abs, np.exp, np.log
sin, cos, tan, floor, power = np.sin, np.cos, np.tan, np.floor, np.power


def inline(function):
    """Mark a function that compiled code inlines."""
    return function


jit = inline  # an entry of the program: called from outside
plain = inline  # likewise, on numbers and with rounding as in numpy


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
