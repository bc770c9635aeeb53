"""Windows of a map: rectangles of cells, as a pair of slices."""

from __future__ import annotations

import numpy as np

Window = tuple[slice, slice]


def box_of(mask: np.ndarray) -> Window:
    """Return the smallest window that holds all True cells of a [H, W] mask; there is one."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def grown(window: Window, margin: int, shape: tuple[int, int]) -> Window:
    """Return the window with a margin [cells] on all sides, as far as the map goes."""
    rows, columns = (
        slice(max(part.start - margin, 0), min(part.stop + margin, length))
        for part, length in zip(window, shape, strict=True)
    )
    return rows, columns


def within(window: Window, outer: Window) -> Window:
    """Return the place of a window in another one that holds it."""
    rows, columns = (
        slice(part.start - start.start, part.stop - start.start)
        for part, start in zip(window, outer, strict=True)
    )
    return rows, columns
