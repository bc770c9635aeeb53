"""The planners under test, each as: blocked cells and a goal in, a best move for every cell out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.benchmark.plan.answer import Answer
from mme_ilqr_ros.benchmark.plan.maps import Cell, PlanMap
from mme_ilqr_ros.benchmark.usage import UsageError
from mme_ilqr_ros.planning.field import Field, solve_edges, solve_field
from mme_ilqr_ros.planning.moves import LENGTHS, N_STRAIGHT, STEPS
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings, uniform_cost
from mme_ilqr_ros.planning.weights import SHIPPED, SHORTEST, find_weights, load_weights

EXACT = "dijkstra"


class Planner(Protocol):
    """A planner under test."""

    is_learned: bool

    def solve(self, asked: PlanMap, goal: Cell) -> Answer:
        """Plan from everywhere on a map to a goal."""
        ...


class CompiledPlanner:
    """`GlobalPlanner`'s own cost and solver: exact on a uniform cost, or on a learned one."""

    def __init__(self, settings: PlannerSettings, masked: bool) -> None:
        self.is_learned = settings.kind != EXACT
        self._masked = masked or not self.is_learned
        self._planner = GlobalPlanner(settings)
        self._planner.warm_up()
        self._map: PlanMap | None = None

    def solve(self, asked: PlanMap, goal: Cell) -> Answer:
        """See `Planner.solve`; a map is priced once, and its time counted for every goal."""
        if self._map is not asked:
            begun = time.thread_time()
            self._cost = self._planner.cell_cost(asked.terrain, masked=self._masked)
            self._cost_time = time.thread_time() - begun
            self._map = asked
            if not self._masked:
                self._edges = edges_without_mask(self._cost, asked.n_moves)
        begun = time.thread_time()
        if self._masked:
            field = solve_field(self._cost, goal, asked.n_moves)
        else:
            field = solve_edges(self._edges, goal)
        seconds = self._cost_time + time.thread_time() - begun
        return Answer(field, goal, self._cost, seconds, 1, field.residual)


def edges_without_mask(cost: NDArray[np.float64], n_moves: int) -> NDArray[np.float64]:
    """Return the edge costs [A, H, W] of cells whose walls are known by their price alone.

    Not to cut corners needs a price too: a diagonal costs at least its length times the dearest
    of the two cells that it passes between. With a price of inf this is the rule of `moves.py`.
    """
    padded = np.pad(cost, 1, constant_values=np.inf)
    height, width = cost.shape

    def seen(row: int, column: int) -> NDArray[np.float64]:
        return padded[1 + row : 1 + row + height, 1 + column : 1 + column + width]

    edges = np.empty((n_moves, height, width))
    for move, (row, column) in enumerate(STEPS[:n_moves].tolist()):
        price = 0.5 * (cost + seen(row, column))
        if move >= N_STRAIGHT:
            price = np.maximum(price, np.maximum(seen(row, 0), seen(0, column)))
        edges[move] = LENGTHS[move] * price
    return edges


def best_field(asked: PlanMap, goal: Cell) -> Field:
    """Return the exact field on uniform cost: who can reach the goal, and over what length."""
    return solve_field(uniform_cost(asked.terrain), goal, asked.n_moves)


def make_planner(name: str, weights: str, masked: bool, device: str) -> Planner:
    """Return a planner by the name of the command line.

    `id_vin` is the structured planner of this package, or the one with a free kernel where the
    weight file is of that.

    Raises:
        UsageError: It is not there, or not with these options.
        WeightsError: Its weights cannot be used.
    """
    if name == EXACT:
        _check_device(name, device)
        return CompiledPlanner(PlannerSettings(kind=EXACT), masked)
    if name != "id_vin" and not weights:
        raise UsageError(f"--planner {name}: no weights of it are shipped; give --weights FILE")
    file = weights_file(weights)
    if name == "id_vin" and not _has_free_kernel(file):
        _check_device(name, device)
        return CompiledPlanner(PlannerSettings(kind="id_vin", weights=str(file)), masked)
    try:
        from studies.plan.family import FamilyPlanner
    except ImportError as error:
        raise UsageError(f"--planner {name}: needs torch; pip install torch") from error
    return FamilyPlanner(name, load_weights(file), masked, device)


def _check_device(name: str, device: str) -> None:
    if device != "cpu":
        raise UsageError(f"--device {device}: the compiled solver of {name} runs on the CPU only")


def _has_free_kernel(file: Path) -> bool:
    """Return whether a weight file is of a model that learns its iteration (`free_kernel.py`)."""
    return "n_estimates" in load_weights(file)


def weights_file(text: str) -> Path:
    """Return the weight file that `--weights` means: a shipped one by its name, or a file.

    Raises:
        UsageError: There is no such file.
    """
    file = find_weights(text or SHORTEST)
    if not file.is_file():
        raise UsageError(f"--weights {text}: is no file and none of {', '.join(SHIPPED)}")
    return file
