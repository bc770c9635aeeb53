"""Dijkstra's algorithm with an indexed binary heap, what the bucket queue is timed against."""

from __future__ import annotations

import numpy as np

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.planning.field.costs import D_COLUMNS, D_ROWS, U, move_cost


@compiled
def _sift_up(heap, place, values, i):
    """Move heap entry `i` up until its parent is not larger."""
    cell = heap[i]
    while i > 0:
        parent = (i - 1) // 2
        if values[heap[parent]] <= values[cell]:
            break
        heap[i] = heap[parent]
        place[heap[i]] = i
        i = parent
    heap[i] = cell
    place[cell] = i


@compiled
def _sift_down(heap, place, values, size):
    """Move the first heap entry down until no child is smaller."""
    cell = heap[0]
    i = 0
    while 2 * i + 1 < size:
        child = 2 * i + 1
        if child + 1 < size and values[heap[child + 1]] < values[heap[child]]:
            child += 1
        if values[heap[child]] >= values[cell]:
            break
        heap[i] = heap[child]
        place[heap[i]] = i
        i = child
    heap[i] = cell
    place[cell] = i


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
    n = len(values)
    place = np.full(n, -1, dtype=np.int32)  # position in the heap, -1 = never queued
    heap = np.empty(n, dtype=np.int32)
    order = np.empty(n, dtype=np.int32)
    values[goal] = 0.0
    heap[0] = goal
    place[goal] = 0
    size, settled = 1, 0
    while size > 0:
        cell = heap[0]
        order[settled] = cell
        settled += 1
        size -= 1
        if size > 0:
            heap[0] = heap[size]
            _sift_down(heap, place, values, size)
        for move in range(n_moves):
            other = cell - D_ROWS[move] * stride - D_COLUMNS[move]
            value = values[U(cell)] + move_cost(costs, stride, other, move)
            if value < values[U(other)]:
                values[other] = value
                if place[other] < 0:
                    heap[size] = other
                    place[other] = size
                    size += 1
                _sift_up(heap, place, values, place[other])
    return order[:settled]
