"""Compile a numerical loop with numba, and keep the result on disk; see `compile_cache`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit

from mme_ilqr_ros.compile_cache import kept_on_disk


def compiled(function: Callable) -> Callable:
    """Return `function` compiled at its first call, or loaded where that was done before.

    While it runs, other threads may. Copy arrays in it by loops: the first `a[i:j] = b` of a
    process takes numba two seconds to compile, for the text of the error that it might raise.
    """
    return kept_on_disk(njit(nogil=True)(function))


def plain(array: np.ndarray) -> np.ndarray:
    """Return an array as compiled loops know it: in one piece and writable; a copy if it is not.

    For each kind of array a loop is compiled once more, which no request should have to wait for.
    """
    return array if array.flags.c_contiguous and array.flags.writeable else array.copy()


def inlined(function: Callable) -> Callable:
    """Return `function` for use in compiled functions, into which it is set in place of a call.

    For parts of a loop that run for so short a time that a call would be felt.
    """
    return njit(inline="always")(function)
