"""What is looked at before a solver starts, so that its inner loops need not."""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.planning.field.costs import extremes


class FieldError(ValueError):
    """The costs or the goal cannot carry a value field."""


def checked_goal(goal: tuple[int, int], shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the goal as two ints that lie on a map of `shape`.

    Raises:
        FieldError: They do not.
    """
    row, column = int(goal[0]), int(goal[1])
    if len(shape) != 2 or not (0 <= row < shape[0] and 0 <= column < shape[1]):
        raise FieldError(f"goal cell {(row, column)} lies outside the cost map {shape}")
    return row, column


def checked_range(costs: np.ndarray, of: str) -> tuple[float, float]:
    """Return the least (inf for none) and the largest finite cost (0 for none).

    Raises:
        FieldError: One is not > 0, or NaN; the message says costs of what.
    """
    least, largest = extremes(costs.reshape(-1))
    if not least > 0.0:
        raise FieldError(f"every {of} cost must be > 0 (inf = blocked)")
    return least, largest


def check_goal_stays_free(
    goal: tuple[int, int], corner: tuple[int, int], patch: np.ndarray
) -> None:
    """Raise FieldError where a patch of costs [h, w] with its first entry at `corner` blocks it."""
    row, column = goal[0] - corner[0], goal[1] - corner[1]
    if 0 <= row < patch.shape[0] and 0 <= column < patch.shape[1] and patch[row, column] == np.inf:
        raise FieldError(f"goal cell {goal} is blocked")


def checked_window(cost: np.ndarray, corner: tuple[int, int], shape: tuple[int, ...]) -> np.ndarray:
    """Return the window of `shape` of a map [H, W], as a view.

    Raises:
        FieldError: It is no window or does not lie on the map.
    """
    row, column = int(corner[0]), int(corner[1])
    fits = len(shape) == 2 and row >= 0 and column >= 0
    if not (fits and row + shape[0] <= cost.shape[0] and column + shape[1] <= cost.shape[1]):
        raise FieldError(f"a window {shape} at cell {(row, column)} is not on the map {cost.shape}")
    return cost[row : row + shape[0], column : column + shape[1]]
