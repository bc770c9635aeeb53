"""The planners under test: a map and a goal in, a path from any start out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.benchmark.plan.maps import Cell, PlanMap
from mme_ilqr_ros.parameters.planner import weights_file
from mme_ilqr_ros.planning.cost_model import CostModel
from mme_ilqr_ros.planning.field import Field, follow, solve_field
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings, uniform_cost

EXACT = "dijkstra"


@dataclass(frozen=True, eq=False)
class Answer:
    """What a planner knows of one goal.

    Attributes:
        walk: From a start to the cells [N, 2] of a path to the goal, or to where the planner leads.
        arrows: Returns the best move of each cell, int8 [H, W], -1 for none.
        values: Cost-to-go [H, W] under the planner's own cost, or None.
        cost: Cost of the cells [H, W], or None.
        field_time: From blocked cells to what it knows [s], the cost of the cells included. One
            thread's processor time, which on an idle machine is the time that passes.
        sweeps: Passes over the map; the compiled solver settles each cell once.
        residual: Of the planner's own equation.
    """

    walk: Callable[[Cell], NDArray[np.int64]]
    arrows: Callable[[], NDArray[np.int8]]
    values: NDArray[np.float64] | None
    cost: NDArray[np.float64] | None
    field_time: float
    sweeps: int
    residual: float


class Planner(Protocol):
    """A planner under test."""

    is_learned: bool

    def solve(self, asked: PlanMap, goal: Cell) -> Answer:
        """Plan from everywhere on a map to a goal."""
        ...


class CompiledPlanner:
    """`GlobalPlanner`'s own cost and solver: exact on uniform cost, or on a cost of the cells.

    Args:
        settings: Of the planner.
        cost_model: In place of the one that the settings name.
    """

    def __init__(self, settings: PlannerSettings, cost_model: CostModel | None = None) -> None:
        self.is_learned = settings.kind != EXACT
        self._planner = GlobalPlanner(settings, cost_model)
        self._planner.warm_up()
        self._map: PlanMap | None = None

    def solve(self, asked: PlanMap, goal: Cell) -> Answer:
        """See `Planner.solve`; cell costs are evaluated once a map, and counted for every goal."""
        if self._map is not asked:
            begun = time.thread_time()
            self._cost = self.cell_cost(asked)
            self._cost_time = time.thread_time() - begun
            self._map = asked
        begun = time.thread_time()
        field = self.field_of(asked, self._cost, goal)
        seconds = self._cost_time + time.thread_time() - begun
        return Answer(
            lambda start: follow(field, start).cells,
            lambda: field.arrows,
            field.values,
            self._cost,
            seconds,
            sweeps=1,
            residual=field.residual,
        )

    def cell_cost(self, asked: PlanMap) -> NDArray[np.float64]:
        """Return the cost of each cell [H, W]."""
        return self._planner.cell_cost(asked.terrain, masked=True)

    def field_of(self, asked: PlanMap, cost: NDArray[np.float64], goal: Cell) -> Field:
        """Return the cost-to-go field to a goal."""
        return solve_field(cost, goal, asked.n_moves)


def best_field(asked: PlanMap, goal: Cell) -> Field:
    """Return the exact field on uniform cost: who can reach the goal, and over what length."""
    return solve_field(uniform_cost(asked.terrain), goal, asked.n_moves)


def make_planner(name: str, weights: str) -> Planner:
    """Return `dijkstra`, or `id_vin` with a weight file.

    Raises:
        InputError: The weights cannot be used.
    """
    if name == EXACT:
        return CompiledPlanner(PlannerSettings(kind=EXACT))
    return CompiledPlanner(PlannerSettings(kind=name, weights=str(weights_file(weights))))
