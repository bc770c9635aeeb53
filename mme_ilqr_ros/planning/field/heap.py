"""Dijkstra's algorithm with a binary heap: the plain solver, for costs of any range.

The bucket queue (`spread.py`) computes the same values, bit by bit, several times as fast; but it
needs a bucket for each step between the least and the largest cost of a move. This one is for costs
that lie too far apart, and for tests.
"""

from __future__ import annotations

import heapq

import numpy as np

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.planning.field.costs import D_COLUMNS, D_ROWS, U, move_cost


@compiled
def solve_by_heap(costs, stride, n_moves, goal, values):
    """Settle all cells from which the flat cell `goal` can be reached.

    Args:
        costs: [n] or [n, A], see `costs.py`.
        stride: Entries of a row.
        n_moves: 4 or 8.
        goal: Index of the goal.
        values: [n] filled with inf; gets the cost-to-go.

    Returns:
        int32 [k] settled cells, ascending in value.
    """
    order = np.empty(len(values), dtype=np.int32)
    is_settled = np.zeros(len(values), dtype=np.bool_)
    n_settled = 0
    values[goal] = 0.0
    queue = [(0.0, goal)]
    while len(queue) > 0:
        value, cell = heapq.heappop(queue)
        if is_settled[cell]:  # it was queued again at a lower value
            continue
        is_settled[cell] = True
        order[n_settled] = cell
        n_settled += 1
        for move in range(n_moves):
            other = cell - D_ROWS[move] * stride - D_COLUMNS[move]
            offer = value + move_cost(costs, stride, other, move)
            if offer < values[U(other)]:
                values[other] = offer
                heapq.heappush(queue, (offer, other))
    return order[:n_settled]
