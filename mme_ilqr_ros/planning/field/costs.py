"""How a field lies in memory, and what a move costs: one reading for cells and one for edges.

Fields are flat arrays with a closed border one cell wide. No move leads over the border, so the
inner loops need not ask where the map ends. Cell (i, j) of an [H, W] map is entry
(i + 1) (W + 2) + j + 1; a move adds a fixed offset to that.

The solvers are written once, for `costs` in either of two forms, and compiled for each:

    [n]     a cost per cell;  a move costs length (cost(p) + cost(q)) / 2 and must not cut corners
    [n, A]  a cost per edge;  costs[q, a] is the cost of arriving in q by move a

Edges are kept where they arrive, because a solver that settles q asks for just these: they lie
side by side in memory.
"""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.compiled import compiled, inlined
from mme_ilqr_ros.planning.moves import LENGTHS, STEPS

NO_MOVE = -1
"""In place of a move: there is none (the goal, and cells from which it cannot be reached)."""


def blank_costs(shape: tuple[int, int]) -> np.ndarray:
    """Return flat costs of cells [n] with their border, the cells to be filled in (see `inner`)."""
    costs = np.empty((shape[0] + 2, shape[1] + 2))
    costs[[0, -1]] = np.inf
    costs[:, [0, -1]] = np.inf
    return costs.reshape(-1)


def bordered(array: np.ndarray, border: float) -> np.ndarray:
    """Return the [H, W] array flat, with a border one cell wide."""
    height, width = array.shape
    out = np.empty((height + 2, width + 2), dtype=array.dtype)
    out[[0, -1]] = border
    out[:, [0, -1]] = border
    out[1:-1, 1:-1] = array
    return out.reshape(-1)


def inner(flat: np.ndarray, stride: int) -> np.ndarray:
    """Return the [H, W] view of a flat bordered array with rows of `stride` = W + 2 entries."""
    return flat.reshape(-1, stride)[1:-1, 1:-1]


def around(
    corner: tuple[int, int], changed: np.ndarray, shape: tuple[int, int], stride: int
) -> np.ndarray:
    """Return int64 [k] in flat form: the changed cells and their neighbours.

    The cost of a move depends on the cells it touches, and each of them is at most one cell from
    where the move begins.

    Args:
        corner: Cell (row, column) of the first entry of `changed`.
        changed: bool [h, w].
        shape: (H, W) of the map.
        stride: W + 2.
    """
    height, width = changed.shape
    touched = np.zeros((height + 2, width + 2), dtype=bool)
    for row in range(3):
        for column in range(3):
            touched[row : row + height, column : column + width] |= changed
    rows, columns = np.nonzero(touched)
    rows, columns = rows + corner[0], columns + corner[1]  # of the bordered grid
    inside = (rows > 0) & (rows <= shape[0]) & (columns > 0) & (columns <= shape[1])
    return (rows * stride + columns)[inside]


U = np.uintp
"""Indices made unsigned spare the compiled code the test for negative ones."""
HALF_LENGTHS = 0.5 * LENGTHS  # exact, so length x mean and half length x sum round alike
D_ROWS, D_COLUMNS = STEPS[:, 0].copy(), STEPS[:, 1].copy()
STRAIGHT, DIAGONAL = HALF_LENGTHS[0], HALF_LENGTHS[-1]
_INF = np.inf


@compiled
def move_cost(costs, stride, cell, move):
    """Return the cost of leaving `cell` by `move`, inf where that is not allowed."""
    a = U(move)
    row_step, column_step = D_ROWS[a] * stride, D_COLUMNS[a]
    other = U(cell + row_step + column_step)
    if costs.ndim == 1:
        cost = HALF_LENGTHS[a] * (costs[U(cell)] + costs[other])
        # For a straight move one of the corners is the cell and the other one its target.
        corners = costs[U(cell + row_step)] + costs[U(cell + column_step)]
        cost = cost if corners < _INF else _INF
    else:
        cost = costs[other, a]
    return cost


@compiled
def best_move(costs, stride, values, n_moves, cell):
    """Return (value, move) of the best move of `cell`, the first of equals; (inf, -1) for none."""
    if costs.ndim == 1:  # known when this is compiled
        best, move = best_of_cells(costs, U(stride), values, n_moves == 8, U(cell))
    else:
        best, move = np.inf, -1
        for a in range(n_moves):
            other = U(cell + D_ROWS[a] * stride + D_COLUMNS[a])
            value = values[other] + costs[other, U(a)]
            better = value < best
            best = value if better else best
            move = a if better else move
    return best, move


@inlined
def best_of_cells(cost, w, values, diagonals, p):
    """`best_move` for costs of cells, without branches; stride `w` and cell `p` are unsigned."""
    one = U(1)
    up, down, left, right = p - w, p + w, p - one, p + one
    own, c_up, c_down, c_left, c_right = cost[p], cost[up], cost[down], cost[left], cost[right]
    # A sum is finite where both corners are free.
    up_left, down_left = diagonals & (c_up + c_left < _INF), diagonals & (c_down + c_left < _INF)
    down_right = diagonals & (c_down + c_right < _INF)
    up_right = diagonals & (c_up + c_right < _INF)
    best, arrow = np.inf, -1
    for value, allowed, move in (
        (values[up] + STRAIGHT * (own + c_up), True, 0),
        (values[left] + STRAIGHT * (own + c_left), True, 1),
        (values[down] + STRAIGHT * (own + c_down), True, 2),
        (values[right] + STRAIGHT * (own + c_right), True, 3),
        (values[up - one] + DIAGONAL * (own + cost[up - one]), up_left, 4),
        (values[down - one] + DIAGONAL * (own + cost[down - one]), down_left, 5),
        (values[down + one] + DIAGONAL * (own + cost[down + one]), down_right, 6),
        (values[up + one] + DIAGONAL * (own + cost[up + one]), up_right, 7),
    ):
        better = (value < best) & allowed
        best = value if better else best
        arrow = move if better else arrow
    return best, arrow


def arriving(edge_cost: np.ndarray) -> np.ndarray:
    """Return costs [n, A] for edge costs [A, H, W] given where the edges leave."""
    n_moves, height, width = edge_cost.shape
    costs = np.full((height + 2, width + 2, n_moves), np.inf)
    for a, (row, column) in enumerate(STEPS[:n_moves].tolist()):
        costs[1 + row : 1 + row + height, 1 + column : 1 + column + width, a] = edge_cost[a]
    costs[[0, -1]] = np.inf  # edges that lead off the map
    costs[:, [0, -1]] = np.inf
    return costs.reshape(-1, n_moves)


def leaving(costs: np.ndarray, stride: int) -> np.ndarray:
    """Return edge costs [A, H, W] where they leave: the inverse of `arriving`."""
    shifts = (STEPS[:, 0] * stride + STEPS[:, 1])[: costs.shape[1]].tolist()
    return np.stack([inner(np.roll(costs[:, a], -s), stride) for a, s in enumerate(shifts)])


@compiled
def extremes(costs):
    """Return (least, largest finite) of flat costs, the least 0 if any is not > 0 or NaN.

    Positive floats are ordered like their bit patterns, and of integers the compiler makes vector
    minima and maxima.
    """
    bits = costs.view(np.int64)
    infinite = np.array([np.inf]).view(np.int64)[0]
    least, largest, odd = infinite, np.int64(0), np.int64(0)
    for i in range(bits.size):
        b = bits[i]
        least = min(least, b)
        odd = max(odd, b)
        largest = max(largest, b if b < infinite else 0)
    if odd > infinite:  # NaN
        least = np.int64(0)
    found = np.array([max(least, 0), largest]).view(np.float64)
    return found[0], found[1]


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
