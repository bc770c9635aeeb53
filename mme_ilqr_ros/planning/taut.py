"""Pull a polyline taut under a cost, like a string: its corners move, part, and go.

A greedy choice among the cells of a walk turns where a line is cut off, not where a way should
turn, and nothing off the walk can be chosen. So its corners are moved from cell to cell as long as
that makes the way cheaper; a corner that a straight line can do without goes, and one that is
better cut off is parted in two. Every step is a gain under the integral of the cost, so the way
never gets dearer, and stays on its side of what stands.
"""

from __future__ import annotations

import math

import numpy as np

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.planning.cell_path import is_apart, line_cost
from mme_ilqr_ros.planning.moves import STEPS

_GAIN = 1e-6  # of the cost of what is replaced: less is rounding
_FIRST_STEP = 8  # cells by which a corner is moved at first; then half of it, down to one
_ROUNDS = 12
_MOST_CROSSED = 60_000  # cells that are looked at in all, about 2 ms
_D_ROWS, _D_COLUMNS = STEPS[:, 0].copy(), STEPS[:, 1].copy()


def pull_taut(points: np.ndarray, cost: np.ndarray, apart: bool = False) -> np.ndarray:
    """Return a polyline [K, 2] with the ends of another one that costs no more.

    Args:
        points: [N, 2] as (row, column) in cells, where cell (i, j) covers [i, i+1) x [j, j+1).
        cost: As of `line_cost`, inf where blocked.
        apart: See `cell_path.straighten`; new lines keep apart from what is blocked.
    """
    if len(points) < 3:
        return points
    return _pulled(np.ascontiguousarray(points, dtype=np.float64), cost, apart, _MOST_CROSSED)


@compiled
def _pulled(points: np.ndarray, cost: np.ndarray, apart: bool, most: int) -> np.ndarray:
    """Return the polyline; see `pull_taut`."""
    n = len(points)
    room = 2 * n + 32
    corners, prices = np.empty((room, 2)), np.empty(room)  # prices[k]: from corner k to k + 1
    for k in range(n):
        corners[k] = points[k]
    for k in range(n - 1):
        prices[k] = line_cost(corners[k], corners[k + 1], cost)
    crossed = 0
    step = _FIRST_STEP
    for _ in range(_ROUNDS):
        gained = False
        k = 1
        while k < n - 1:
            if crossed > most:
                return corners[:n].copy()
            before, after = corners[k - 1].copy(), corners[k + 1].copy()
            now = prices[k - 1] + prices[k]
            crossed += _cells(before, after)
            direct = _price(before, after, cost, apart, now)
            if direct <= now * (1.0 + 1e-9):
                for i in range(k, n - 1):
                    corners[i], prices[i] = corners[i + 1], prices[i + 1]
                prices[k - 1] = direct
                n -= 1
                gained = True
                k = max(k - 1, 1)
                continue
            spent, moved = _move(corners, prices, k, step, cost, apart)
            crossed += spent
            gained |= moved
            if n + 1 < room:
                spent, parted = _part(corners, prices, k, n, cost, apart)
                crossed += spent
                n += parted
                gained |= parted
                k += parted
            k += 1
        if not gained and step == 1:
            break
        step = max(step // 2, 1)
    return corners[:n].copy()


@compiled
def _cells(start: np.ndarray, end: np.ndarray) -> int:
    """Return about how many cells a line crosses."""
    return int(abs(end[0] - start[0]) + abs(end[1] - start[1])) + 2


@compiled
def _price(start: np.ndarray, end: np.ndarray, cost: np.ndarray, apart: bool, most: float) -> float:
    """Return the integral along a line, inf where the line is not allowed or costs over `most`."""
    price = line_cost(start, end, cost)
    if price > most * (1.0 + 1e-9) or (apart and not is_apart(start, end, cost)):
        return np.inf
    return price


@compiled
def _move(
    corners: np.ndarray, prices: np.ndarray, k: int, step: int, cost: np.ndarray, apart: bool
) -> tuple[int, bool]:
    """Move a corner as long as that is a gain; return (cells looked at, whether it moved)."""
    before, after = corners[k - 1], corners[k + 1]
    crossed, moved = 0, False
    a, n_tried = 0, 0
    while n_tried < 8:
        now = prices[k - 1] + prices[k]
        there = np.empty(2)
        there[0] = math.floor(corners[k, 0]) + 0.5 + step * _D_ROWS[a]
        there[1] = math.floor(corners[k, 1]) + 0.5 + step * _D_COLUMNS[a]
        height, width = cost.shape[-2], cost.shape[-1]
        n_tried += 1
        if 0.0 < there[0] < height and 0.0 < there[1] < width:
            crossed += _cells(before, there)
            first = _price(before, there, cost, apart, now)
            if first < now:
                crossed += _cells(there, after)
                second = _price(there, after, cost, apart, now - first)
                if first + second < now * (1.0 - _GAIN):
                    corners[k, 0], corners[k, 1] = there[0], there[1]
                    prices[k - 1], prices[k] = first, second
                    moved, n_tried = True, 0
                    continue  # once more the same way
        a = (a + 1) % 8
    return crossed, moved


@compiled
def _part(
    corners: np.ndarray, prices: np.ndarray, k: int, n: int, cost: np.ndarray, apart: bool
) -> tuple[int, int]:
    """Cut a corner off where that is a gain; return (cells looked at, 1 if it is two now)."""
    crossed, now = 0, prices[k - 1] + prices[k]
    back, ahead = corners[k - 1] - corners[k], corners[k + 1] - corners[k]
    long_back, long_ahead = math.hypot(back[0], back[1]), math.hypot(ahead[0], ahead[1])
    cut = 0.5 * min(long_back, long_ahead)
    while cut >= 1.5:
        first, second = np.empty(2), np.empty(2)
        for i in range(2):
            first[i] = math.floor(corners[k, i] + back[i] * cut / long_back) + 0.5
            second[i] = math.floor(corners[k, i] + ahead[i] * cut / long_ahead) + 0.5
        crossed += _cells(corners[k - 1], first)
        one = _price(corners[k - 1], first, cost, apart, now)
        if one < now:
            crossed += _cells(first, second)
            two = _price(first, second, cost, apart, now - one)
            if one + two < now:
                crossed += _cells(second, corners[k + 1])
                three = _price(second, corners[k + 1], cost, apart, now - one - two)
                if one + two + three < now * (1.0 - _GAIN):
                    for i in range(n, k + 1, -1):
                        corners[i] = corners[i - 1]
                        prices[i] = prices[i - 1]
                    corners[k], corners[k + 1] = first, second
                    prices[k - 1], prices[k], prices[k + 1] = one, two, three
                    return crossed, 1
        cut *= 0.5
    return crossed, 0
