"""Compile a numerical loop with numba, with its disk cache wherever one can be written."""

from __future__ import annotations

from collections.abc import Callable

from numba import njit


def compiled(function: Callable) -> Callable:
    """Return `function` compiled at its first call, cached on disk if any cache folder is writable.

    While it runs, other threads may.

    numba looks for a folder when a function is declared and raises where there is none (a package
    in a read-only place and a read-only home). The package must work there too, only slower to
    start; the environment variable NUMBA_CACHE_DIR names a folder to use.
    """
    try:
        return njit(cache=True, nogil=True)(function)
    except (RuntimeError, OSError):
        return njit(nogil=True)(function)


def inlined(function: Callable) -> Callable:
    """Return `function` for use in compiled functions, into which it is set in place of a call.

    For parts of a loop that run for so short a time that a call would be felt.
    """
    return njit(inline="always")(function)
