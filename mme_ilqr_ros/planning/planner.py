"""The global planner: a map, a start and a goal in; a checked path and the cost-to-go field out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.cell_path import first_fault, metric_path
from mme_ilqr_ros.planning.clearance_table import ClearanceTable
from mme_ilqr_ros.planning.cost_model import (
    CostModel,
    load_cost_model,
    uniform_cost,
)
from mme_ilqr_ros.planning.directed import edge_costs
from mme_ilqr_ros.planning.endpoints import Cell, Endpoints, resolve
from mme_ilqr_ros.planning.field import (
    Field,
    FieldError,
    follow,
    solve_edges,
    solve_field,
    warm_up,
)
from mme_ilqr_ros.planning.habit_cost import HabitCost, KnownMap, LayerError
from mme_ilqr_ros.planning.path_cost import PathCost
from mme_ilqr_ros.planning.result import PlanResult, PlanStatus, RefusedError
from mme_ilqr_ros.planning.settings import PlannerSettings
from mme_ilqr_ros.planning.terrain import Terrain
from mme_ilqr_ros.planning.weights import find_weights

__all__ = ["GlobalPlanner", "PlanResult", "PlanStatus", "PlannerSettings"]

Beside = tuple[np.ndarray | None, np.ndarray | None]
"""What multiplies the cost of cells beside the map: a layer [H, W], and by direction [8, H, W]."""

_RESIDUAL_LIMIT = 1e-9  # relative to the largest value; float64 rounding is a thousand times less


@dataclass(frozen=True, eq=False)
class _Solved:
    """A field to one goal cell, kept for the next request, and its form for the result."""

    terrain: Terrain
    layer: np.ndarray | None
    directed: np.ndarray | None
    field: Field
    cost: np.ndarray  # [H, W] of cells or [8, H, W] directed, see `directed.py`
    cost_to_go: CostToGo

    def is_for(
        self, terrain: Terrain, layer: np.ndarray | None, directed: np.ndarray | None
    ) -> bool:
        """Whether it was solved for these very objects."""
        return self.terrain is terrain and self.layer is layer and self.directed is directed


class GlobalPlanner:
    """Plans paths on grid maps and keeps what the next request can use.

    The mask and the learned cost depend on the map alone and are kept while the same `GridMap`
    object comes in; a field depends on the goal too and is kept while both stay. When another map
    of the same shape comes for the same goal cell, the field is repaired where the costs differ.
    For use by one thread at a time.
    """

    def __init__(self, settings: PlannerSettings, cost_model: CostModel | None = None) -> None:
        """Make a planner.

        Args:
            settings: Parameters.
            cost_model: Cell cost in place of what `kind` and `weights` say.

        Raises:
            WeightsError: The weight file is missing, damaged or not one of ours.
        """
        self.settings = settings
        self._cost_model = cost_model
        if cost_model is None and settings.kind == "id_vin":
            model = load_cost_model(find_weights(settings.weights))
            if isinstance(model, (ClearanceTable, HabitCost)):
                model = model.limited(settings.max_detour)
            self._cost_model = model
        self._terrain: Terrain | None = None
        self._learned: tuple[Terrain, np.ndarray] | None = None  # the last cost and what it is of
        self._solved: dict[bool, _Solved] = {}

    @property
    def layer_names(self) -> tuple[str, ...]:
        """Names of the layers beside the map that the weights are a function of; see `bind`."""
        model = self._cost_model
        return model.habits.layer_names if isinstance(model, HabitCost) else ()

    def bind(self, layers: Mapping[str, np.ndarray], known: KnownMap | None = None) -> None:
        """Give the weights the layers that they need, [H, W] in [0, 1] by name, for this map.

        Others are ignored. Until all are there, a request is refused. Where plans are made on other
        cells than those of the map, `known` says where it lies.
        """
        if isinstance(self._cost_model, HabitCost):
            self._cost_model = self._cost_model.bound(layers, known)
            self._learned, self._solved = None, {}

    def warning(self, grid: GridMap) -> str:
        """Return one line if part of the weights does not apply to a map, else an empty text."""
        model = self._cost_model
        return model.warning(grid) if isinstance(model, HabitCost) else ""

    def warm_up(self) -> None:
        """Compile the solver (seconds the first time on a machine), so that no request has to."""
        occupied = np.zeros((7, 9), dtype=bool)
        occupied[2, 2:7] = True
        grid = GridMap(occupied, 1.0, Pose(0.0, 0.0, 0.0))
        # Straightening too: it may be asked for later.
        thin = PlannerSettings("dijkstra", robot_radius=0.0, clearance_margin=0.0, straighten=True)
        planner = GlobalPlanner(thin, self._cost_model)
        result = planner.plan(grid, (1.5, 1.5), (7.5, 5.5))
        if result.path is not None:
            result.cost_of(result.path)
        closed = replace(grid, occupied=np.tri(7, 9, 2, bool) ^ np.tri(7, 9, 0, bool))
        planner.plan(closed, (0.5, 6.5), (8.5, 0.5))  # refused, with the widest way
        warm_up()

    def plan(
        self,
        grid: GridMap,
        start: ArrayLike,
        goal: ArrayLike,
        *,
        tolerance: float | None = None,
        layer: np.ndarray | None = None,
        directed: np.ndarray | None = None,
    ) -> PlanResult:
        """Plan from `start` to `goal`, both (x, y) in the map frame [m].

        A start too close to an obstacle is led to the nearest free cell first. A blocked goal is
        replaced by the nearest cell within `tolerance` [m] (None: that of the settings) that can
        be reached, and the message says so. A `layer` [H, W] in [0, 1] multiplies the cost of the
        map's cells by 1 + `filter_mask_weight` * layer, `directed` [8, H, W] >= 1 what they cost
        in the direction of each move of `moves.STEPS`; what can be kept is kept while they are the
        same arrays. Never raises for a difficult world: what cannot be done is a status.
        """
        begun = time.perf_counter()
        for given, shape in ((layer, grid.shape), (directed, (8, *grid.shape))):
            if given is not None and given.shape != shape:
                text = f"the layer has {given.shape[-2:]} cells, the map {grid.shape}"
                return PlanResult(PlanStatus.INVALID_INPUT, text)
        beside = layer, directed
        tolerance = self.settings.tolerance if tolerance is None else tolerance
        try:
            terrain = self._terrain_of(grid)
            ends = resolve(terrain, start, goal, tolerance)
        except RefusedError as refused:
            return PlanResult(refused.status, str(refused))
        setup_time = time.perf_counter() - begun
        if self._cost_model is None:
            return self._search(terrain, beside, ends, learned=False, setup_time=setup_time)
        result = self._search(terrain, beside, ends, learned=True, setup_time=setup_time)
        if result.status in (PlanStatus.SUCCEEDED, PlanStatus.INVALID_INPUT):
            return result
        rescue = self._search(terrain, beside, ends, learned=False, setup_time=setup_time)
        message = f"{rescue.message}; by exact search, as the learned path failed: {result.message}"
        return replace(rescue, message=message, fallback_used=True)

    def blocked_at(self, grid: GridMap, points: np.ndarray) -> np.ndarray:
        """Return where a map has no room for the robot at points [N, 2] in its frame: bool [N].

        There is none outside the map either.
        """
        cells = grid.cell_at(points)
        inside = grid.contains(cells)
        rows, columns = np.where(inside[:, None], cells, 0).T
        return ~inside | self._terrain_of(grid).blocked[rows, columns]

    def _terrain_of(self, grid: GridMap) -> Terrain:
        """Return the mask of a map, the kept one while the map is the same object."""
        kept, settings = self._terrain, self.settings
        if kept is None or not kept.grid.fits(grid):
            kept = Terrain.build(grid, settings.least_distance, settings.allow_unknown)
        elif kept.grid is not grid:
            kept = kept.after(grid)
        self._terrain = kept
        return kept

    def _search(
        self,
        terrain: Terrain,
        beside: Beside,
        ends: Endpoints,
        *,
        learned: bool,
        setup_time: float,
    ) -> PlanResult:
        """Solve or reuse the field, follow it and check the path, on learned or uniform cost."""
        begun = time.perf_counter()
        try:
            solved = self._field_to(terrain, beside, ends.goal_cell, learned)
        except FieldError as error:
            return PlanResult(PlanStatus.NO_VALID_PATH, str(error))
        except LayerError as error:
            return PlanResult(PlanStatus.INVALID_INPUT, str(error))
        field, first = solved.field, ends.lead_end
        field_done = time.perf_counter()
        tail = follow(field, first).cells
        fault = _field_fault(field) or first_fault(tail, terrain.blocked, first, ends.goal_cell)
        result = PlanResult(
            PlanStatus.NO_VALID_PATH,
            f"the path fails its check: {fault}",
            cost_to_go=solved.cost_to_go,
            residual=field.residual,
            iterations=field.n_settled,
            field_time=setup_time + field_done - begun,
            path_time=time.perf_counter() - field_done,
        )
        if fault:
            return result
        lead, cost = ends.lead[:-1], solved.cost if self.settings.straighten else None
        cells = np.concatenate([lead, tail])
        apart = terrain.radius_in_cells > 0.5  # else the robot is within its cell
        path = metric_path(terrain.grid, cells, ends.start, ends.goal, len(lead), cost, apart=apart)
        cost_of = PathCost(terrain.grid, solved.cost, len(lead))
        return replace(
            result,
            status=PlanStatus.SUCCEEDED,
            message=f"path of {path.length:.2f} m" + (f"; {ends.note}" if ends.note else ""),
            path=path,
            length=path.length,
            cost_of=cost_of,
            path_time=time.perf_counter() - field_done,
        )

    def _field_to(
        self, terrain: Terrain, beside: Beside, goal_cell: Cell, learned: bool
    ) -> _Solved:
        """Return the field to a goal cell: the kept one, repaired where the map has changed."""
        (layer, directed), model = beside, self._cost_model
        kept = self._solved.get(learned)
        if kept is not None and kept.field.goal != goal_cell:
            kept = None
        if kept is not None and kept.is_for(terrain, layer, directed):
            return kept
        cost = self.cell_cost(terrain) if learned else uniform_cost(terrain)
        if terrain.grid.unknown.any():
            cost = cost * np.where(terrain.grid.unknown, self.settings.unknown_cost, 1.0)
        if layer is not None:
            cost = cost * (1.0 + self.settings.filter_mask_weight * layer)
        self._solved.pop(learned, None)  # a repair happens in its memory
        along = model.directed(terrain, cost) if isinstance(model, HabitCost) and learned else None
        if directed is not None:
            along = directed * (cost if along is None else along)
        if along is not None:  # a field of edges cannot be repaired
            field, cost = solve_edges(edge_costs(along), goal_cell), along
        elif kept is None or kept.field.flat_costs.ndim != 1 or kept.cost.shape != cost.shape:
            field = solve_field(cost, goal_cell, least_cost=1.0)
            cost = field.cost
        else:
            field = kept.field
            field.update(cost)
            cost = field.cost
        values = (field.values * terrain.grid.resolution).astype(np.float32)
        values.setflags(write=False)
        cost_to_go = CostToGo(values, terrain.grid.resolution, terrain.grid.origin, goal_cell)
        solved = _Solved(terrain, layer, directed, field, cost, cost_to_go)
        self._solved[learned] = solved
        return solved

    def cell_cost(self, terrain: Terrain, *, masked: bool = True) -> np.ndarray:
        """Return the cost of the cells [H, W] of a map on which everything is known.

        Args:
            terrain: Of the map. A learned cost is kept for the terrain that comes again, and that
                of clearance computed where the map differs only.
            masked: inf where blocked. Without it a learned cost shows what the model takes walls
                for; there is no unmasked uniform cost.
        """
        model, kept = self._cost_model, self._learned
        if model is None:
            return uniform_cost(terrain)
        if kept is None or kept[0] is not terrain:
            if kept is not None and isinstance(model, ClearanceTable):
                cost = model.after(terrain, *kept)
            else:
                cost = model(terrain)
            kept = self._learned = terrain, cost
        return np.where(terrain.blocked, np.inf, kept[1]) if masked else kept[1]


def _field_fault(field: Field) -> str | None:
    """Return what is wrong with the values themselves, if anything."""
    limit = _RESIDUAL_LIMIT * (1.0 + field.largest)
    if field.residual > limit:
        return f"the Bellman residual {field.residual:.1e} is above {limit:.1e}"
    return None
