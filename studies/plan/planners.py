"""The planners of the study: those of the package, hand-written costs, and the learned family.

Two costs are typed in as baselines for the learned ones: `walls` charges an occupied cell 1e5 and a
free one 1, which is one bit of input, and `formula` is the expert's cost of clearance from which
the weights `clearance` were learned.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.benchmark.plan.maps import Cell, PlanMap
from mme_ilqr_ros.benchmark.plan.planners import EXACT, CompiledPlanner, Planner
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.parameters.planner import weights_file
from mme_ilqr_ros.planning.cost_model import CostModel
from mme_ilqr_ros.planning.distances import squared_distance
from mme_ilqr_ros.planning.field import Field, solve_edges
from mme_ilqr_ros.planning.moves import LENGTHS, N_STRAIGHT, STEPS
from mme_ilqr_ros.planning.planner import PlannerSettings
from mme_ilqr_ros.planning.terrain import Terrain
from mme_ilqr_ros.planning.weights import read_weights

WALLS, FORMULA = "walls", "formula"
FAMILY = ("vin", "id_gppn", "gppn", "id_symvin", "symvin")
PLANNERS = ("id_vin", *FAMILY, EXACT, WALLS, FORMULA)
OCCUPIED_COST = 1e5
TOUCHING_SPEED, FREE_CLEARANCE = 0.25, 2.0  # of full speed; [robot radii] from which on it is full


class UnmaskedPlanner(CompiledPlanner):
    """A planner whose map does not close occupied cells: only their cost can say so."""

    def cell_cost(self, asked: PlanMap) -> NDArray[np.float64]:
        """Return the cost of each cell [H, W], finite everywhere."""
        cost = self._planner.cell_cost(asked.terrain, masked=False)
        self._edges = edges_without_mask(cost, asked.n_moves)
        return cost

    def field_of(self, asked: PlanMap, cost: NDArray[np.float64], goal: Cell) -> Field:
        """Return the cost-to-go field to a goal."""
        return solve_edges(self._edges, goal)


def edges_without_mask(cost: NDArray[np.float64], n_moves: int) -> NDArray[np.float64]:
    """Return the edge costs [A, H, W] of cells whose walls are known by their cost alone.

    Not to cut corners needs a cost too: a diagonal costs at least its length times the larger cost
    of the two cells that it passes between. With a cost of inf this is the rule of `moves.py`.
    """
    padded = np.pad(cost, 1, constant_values=np.inf)
    height, width = cost.shape

    def seen(row: int, column: int) -> NDArray[np.float64]:
        return padded[1 + row : 1 + row + height, 1 + column : 1 + column + width]

    edges = np.empty((n_moves, height, width))
    for move, (row, column) in enumerate(STEPS[:n_moves].tolist()):
        between = 0.5 * (cost + seen(row, column))
        if move >= N_STRAIGHT:
            between = np.maximum(between, np.maximum(seen(row, 0), seen(0, column)))
        edges[move] = LENGTHS[move] * between
    return edges


def wall_cost(terrain: Terrain) -> NDArray[np.float64]:
    """Return 1e5 where a cell is blocked, else 1: [H, W]."""
    return np.where(terrain.blocked, OCCUPIED_COST, 1.0)


def formula_cost(terrain: Terrain) -> NDArray[np.float64]:
    """Return the expert's time per length [H, W]: 4 at contact, 1 from two robot radii on.

    A robot without a radius is two radii away from everything.
    """
    radius = terrain.radius / terrain.grid.resolution
    if radius <= 0.0:
        return np.ones(terrain.blocked.shape)
    reach = int(np.ceil((1.0 + FREE_CLEARANCE) * radius + 0.5))
    distance = np.sqrt(squared_distance(terrain.grid.occupied, reach))
    clearance = (distance - 0.5 - radius) / radius
    speed = np.interp(clearance, (0.0, FREE_CLEARANCE), (TOUCHING_SPEED, 1.0))
    return 1.0 / speed


BASELINES: dict[str, CostModel] = {WALLS: wall_cost, FORMULA: formula_cost}


def make_planner(name: str, weights: str, masked: bool, device: str) -> Planner:
    """Return a planner by the name of the command line.

    `id_vin` is the structured planner of the package, or the one with a free kernel where the
    weight file is of that.

    Raises:
        InputError: It is not there, or not with these options.
    """
    if name in (EXACT, *BASELINES):
        return _compiled(PlannerSettings(kind=EXACT), masked or name == EXACT, device, name)
    if name != "id_vin" and not weights:
        raise InputError(f"--planner {name}: no weights of it are shipped; give --weights FILE")
    file = weights_file(weights)
    if name == "id_vin" and not _has_free_kernel(file):
        settings = PlannerSettings(kind=name, weights=str(file), max_detour=100.0)  # as learned
        return _compiled(settings, masked, device, name)
    try:
        from studies.plan.family import FamilyPlanner  # loads torch
    except ModuleNotFoundError as error:
        raise InputError(f"--planner {name}: {error.name} is missing; pip install torch") from error
    return FamilyPlanner(name, read_weights(file).tensors, masked, device)


def _compiled(settings: PlannerSettings, masked: bool, device: str, name: str) -> Planner:
    if device != "cpu":
        raise InputError(f"--device {device}: the compiled solver of {name} runs on the CPU only")
    kind = CompiledPlanner if masked else UnmaskedPlanner
    return kind(settings, BASELINES.get(name))


def _has_free_kernel(file: Path) -> bool:
    """Return whether a weight file is of a model that learns its iteration (`free_kernel.py`)."""
    return "n_estimates" in read_weights(file).tensors
