"""Compile a numerical loop with numba, and keep the result on disk; see `compile_cache`."""

from __future__ import annotations

from collections.abc import Callable

from numba import njit

from mme_ilqr_ros.compile_cache import kept_on_disk


def compiled(function: Callable) -> Callable:
    """Return `function` compiled at its first call, or loaded where that was done before.

    While it runs, other threads may. Copy arrays in it by loops: the first `a[i:j] = b` of a
    process takes numba two seconds to compile, for the text of the error that it might raise.
    """
    return kept_on_disk(njit(nogil=True)(function))


def inlined(function: Callable) -> Callable:
    """Return `function` for use in compiled functions, into which it is set in place of a call.

    For parts of a loop that run for so short a time that a call would be felt.
    """
    return njit(inline="always")(function)
