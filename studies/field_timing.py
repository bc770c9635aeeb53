"""Times of the exact field solver, its repair and its gradient, beside other solvers.

All of it runs in one thread, whose processor time is measured: what other programs do in between
does not count. They still take turns in the caches, so everything is measured in turn, round after
round, and ratios within one run mean more than milliseconds. The smallest of the rounds counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TypeVar

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.field import Field, follow, solve_edges, solve_field
from mme_ilqr_ros.planning.moves import LENGTHS, N_STRAIGHT, STEPS
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings
from mme_ilqr_ros.planning.terrain import Terrain
from studies.cell_gradient import cell_adjoint
from studies.indexed_heap import solve_by_heap

R = TypeVar("R")
DEAREST = 20.0  # cell costs are drawn from 1 to this
ROBOT_RADIUS = 0.2  # [m] by which the walls of a real floor grow
_SLOW = 5  # rounds of what takes long: other libraries, and edges


@dataclass(frozen=True, eq=False)
class TimedMap:
    """A map to solve.

    Attributes:
        name: For the row.
        cost: [H, W] in 1..DEAREST, inf where blocked.
        goal: Cell (row, column).
        box: Side of the square that appears and disappears, 1 m on a real floor [cells].
        grid: The floor before its walls grew, where there is one.
    """

    name: str
    cost: np.ndarray
    goal: tuple[int, int]
    box: int
    grid: GridMap | None = None


def random_map(rng: np.random.Generator, size: int = 256) -> TimedMap:
    """Return a square map with 30 % of its cells blocked at random."""
    blocked = rng.random((size, size)) < 0.3
    return _timed(f"random {size}", blocked, rng, 20)


def maze_map(rng: np.random.Generator, size: int = 255) -> TimedMap:
    """Return a maze with a tenth of its inner walls removed.

    Raises:
        InputError: torch is missing, with which the makers of mazes come.
    """
    try:
        from mme_ilqr_ros.training.tasks.mazes import generate_mazes
    except ImportError as error:
        hint = "pip install 'mme_ilqr_ros[train]', or give --maps and --only-maps"
        raise InputError(f"field: the generated maze needs torch; {hint}") from error
    maze = generate_mazes(1, size, rng, openness=0.0).occupied[0]
    maze[1:-1, 1:-1] &= rng.random((size - 2, size - 2)) >= 0.1
    return _timed(f"maze {size}", maze, rng, 20)


def hall_map(rng: np.random.Generator, shape: tuple[int, int] = (1006, 1674)) -> TimedMap:
    """Return a hall full of shelves: 1.4 million free cells at the usual size."""
    blocked = np.zeros(shape, dtype=bool)
    for row in range(20, shape[0] - 32, 40):
        for column in range(20, shape[1] - 80, 90):
            blocked[row : row + 12, column : column + 60] = True
    return _timed(f"hall {shape[0]}x{shape[1]}", blocked, rng, 20)


def floor_map(name: str, grid: GridMap, rng: np.random.Generator) -> TimedMap:
    """Return a real floor, its walls grown by a robot's radius."""
    blocked = Terrain.build(grid, ROBOT_RADIUS, allow_unknown=True).blocked
    timed = _timed(name, blocked, rng, max(1, round(1.0 / grid.resolution)))
    return replace(timed, grid=grid)


def _timed(name: str, blocked: np.ndarray, rng: np.random.Generator, box: int) -> TimedMap:
    """Return a map with random costs and its goal in the middle of the largest region."""
    cost = np.where(blocked, np.inf, rng.uniform(1.0, DEAREST, blocked.shape))
    terrain = Terrain.build(GridMap(blocked, 1.0, Pose(0.0, 0.0, 0.0)), 0.0, allow_unknown=True)
    sizes = np.bincount(terrain.region.ravel())
    sizes[0] = 0
    cells = np.argwhere(terrain.region == sizes.argmax())
    away = np.abs(cells - np.array(blocked.shape) / 2).sum(axis=1)
    row, column = cells[int(away.argmin())]
    return TimedMap(name, cost, (int(row), int(column)), box)


def time_field(timed: TimedMap, rounds: int, n_places: int, seed: int) -> dict[str, float]:
    """Return milliseconds of each part by name, and `cells`, the number of cells settled.

    Args:
        timed: The map.
        rounds: How often each part is measured; other libraries at most five times.
        n_places: Places at which a box appears and disappears, and queries.
        seed: Of places and gradients.
    """
    rng = np.random.default_rng(seed)
    gradient = rng.normal(size=timed.cost.shape)
    edges = edges_of(timed.cost)
    times: dict[str, list[float]] = {}

    def clocked(name: str, function: Callable[[], R]) -> R:
        spent, result = _clocked(function)
        times.setdefault(name, []).append(spent)
        return result

    for k in range(rounds + 1):  # the first one compiles
        field = clocked("solve", lambda: solve_field(timed.cost, timed.goal, least_cost=1.0))
        clocked("arrows", lambda f=field: f.arrows)
        field = solve_field(timed.cost, timed.goal, least_cost=1.0)
        clocked("gradient", lambda f=field: cell_adjoint(f, gradient))
        clocked("heap", lambda f=field: _by_heap(f))
        if k <= _SLOW:
            clocked("edges", lambda: solve_edges(edges, timed.goal))
            values = clocked("scipy", lambda: _by_scipy(timed.cost, timed.goal))
            np.testing.assert_allclose(values, field.values, rtol=1e-12)
            if find_spec("skimage"):
                clocked("skimage", lambda: _by_skimage(timed.cost, timed.goal))
    result = {name: min(spent[1:]) for name, spent in times.items()}
    result |= _time_changes(field, timed.box, n_places, rng)
    if timed.grid is not None:
        result |= _time_planner(timed, field, n_places, rng)
    return {"cells": field.n_settled, **result}


def _time_changes(
    field: Field, box: int, n_places: int, rng: np.random.Generator
) -> dict[str, float]:
    """Return the medians over places of what a box, and a query, take there."""
    reached = np.isfinite(field.values)
    places = np.argwhere(reached[:-box, :-box])
    places = places[rng.integers(len(places), size=n_places)]
    ahead = np.array(field.goal) - places
    places = places[((ahead < 0) | (ahead >= box)).any(axis=1)]  # not on the goal
    found = [_time_box(field, (row, column), box) for row, column in places.tolist()]
    return {name: float(np.median([times[name] for times in found])) for name in found[0]}


def _time_box(field: Field, corner: tuple[int, int], box: int) -> dict[str, float]:
    """Return the best of three: a box appears at a cell and disappears again; a query from it."""
    free = field.cost[corner[0] : corner[0] + box, corner[1] : corner[1] + box].copy()
    actions = {
        "query": lambda: follow(field, corner),
        "appears": lambda: field.repair(corner, np.full((box, box), np.inf)),
        "disappears": lambda: field.repair(corner, free),
    }
    best = dict.fromkeys(actions, np.inf)
    for _ in range(3):
        for name, action in actions.items():
            best[name] = min(best[name], _clocked(action)[0])
    return best


def _time_planner(
    timed: TimedMap, field: Field, n_places: int, rng: np.random.Generator
) -> dict[str, float]:
    """Return the medians over places of a first plan, and of one after a box appeared."""
    settings = PlannerSettings(robot_radius=ROBOT_RADIUS, clearance_margin=0.0)
    planner, grid, box = GlobalPlanner(settings), timed.grid, timed.box
    planner.warm_up()
    reached = np.argwhere(np.isfinite(field.values))
    start = grid.centre_of(reached[int(field.values[tuple(reached.T)].argmax())])
    goal = grid.centre_of(timed.goal)
    found: dict[str, list[float]] = {"plan": [], "replan": []}
    for row, column in reached[rng.integers(len(reached), size=n_places)].tolist():
        occupied = grid.occupied.copy()
        occupied[row : row + box, column : column + box] = True
        changed = replace(grid, occupied=occupied, unknown=grid.unknown & ~occupied)
        first, again = GlobalPlanner(settings), np.inf
        found["plan"].append(_clocked(lambda p=first: p.plan(grid, start, goal))[0])
        for _ in range(3):
            planner.plan(grid, start, goal)
            again = min(again, _clocked(lambda c=changed: planner.plan(c, start, goal))[0])
        found["replan"].append(again)
    return {name: float(np.median(values)) for name, values in found.items()}


def _clocked(function: Callable[[], R]) -> tuple[float, R]:
    """Return the milliseconds of processor time that a call takes, and what it returns."""
    begun = time.thread_time()
    result = function()
    return 1e3 * (time.thread_time() - begun), result


def edges_of(cost: np.ndarray) -> np.ndarray:
    """Return the costs of all moves [8, H, W] on costs of cells [H, W], inf where not allowed."""
    height, width = cost.shape
    padded = np.pad(cost, 1, constant_values=np.inf)

    def seen(d_row: int, d_column: int) -> np.ndarray:
        return padded[1 + d_row : 1 + d_row + height, 1 + d_column : 1 + d_column + width]

    edges = np.empty((len(STEPS), height, width))
    for a, (d_row, d_column) in enumerate(STEPS.tolist()):
        edges[a] = LENGTHS[a] * (0.5 * (cost + seen(d_row, d_column)))
        if a >= N_STRAIGHT:
            edges[a][np.isinf(seen(d_row, 0)) | np.isinf(seen(0, d_column))] = np.inf
    return edges


def _by_heap(field: Field) -> np.ndarray:
    values = np.full_like(field.flat_values, np.inf)
    solve_by_heap(field.flat_costs, field.stride, field.n_moves, field.goal_index, values)
    return values


def _by_scipy(cost: np.ndarray, goal: tuple[int, int]) -> np.ndarray:
    """Build the graph, then run Dijkstra's algorithm."""
    edges, width = edges_of(cost), cost.shape[1]
    move, row, column = np.nonzero(np.isfinite(edges))
    tail = row * width + column
    head = tail + STEPS[move, 0] * width + STEPS[move, 1]
    graph = csr_array((edges[move, row, column], (tail, head)), shape=(cost.size, cost.size))
    return dijkstra(graph, indices=goal[0] * width + goal[1]).reshape(cost.shape)


def _by_skimage(cost: np.ndarray, goal: tuple[int, int]) -> np.ndarray:
    """Run scikit-image's own Dijkstra, whose diagonals cut corners."""
    from skimage.graph import MCP_Geometric

    return MCP_Geometric(np.where(np.isinf(cost), -1.0, cost)).find_costs([goal])[0]
