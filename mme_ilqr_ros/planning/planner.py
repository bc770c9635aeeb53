"""The global planner: a map, a start and a goal in; a checked path and the cost-to-go field out."""

from __future__ import annotations

import time
import weakref
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from mme_ilqr_ros.geometry.grid_map import GridMap, whole
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.cell_path import first_fault
from mme_ilqr_ros.planning.clearance_table import ClearanceTable
from mme_ilqr_ros.planning.cost_model import CostModel, load_cost_model, uniform_cost
from mme_ilqr_ros.planning.directed import edge_costs
from mme_ilqr_ros.planning.endpoints import Cell, Endpoints, check_joined, resolve
from mme_ilqr_ros.planning.field import (
    FieldError,
    blank_costs,
    follow,
    inner,
    solve_bordered,
    solve_edges,
    warm_up,
)
from mme_ilqr_ros.planning.habit_cost import HabitCost, KnownMap, LayerError
from mme_ilqr_ros.planning.metric_path import metric_path
from mme_ilqr_ros.planning.path_cost import PathCost
from mme_ilqr_ros.planning.prices import Prices
from mme_ilqr_ros.planning.result import PlanResult, PlanStatus, RefusedError
from mme_ilqr_ros.planning.settings import PlannerSettings
from mme_ilqr_ros.planning.solved_field import Beside, SolvedField
from mme_ilqr_ros.planning.terrain import Terrain
from mme_ilqr_ros.planning.weights import find_weights

__all__ = ["GlobalPlanner", "PlanResult", "PlanStatus", "PlannerSettings"]


class GlobalPlanner:
    """Plans paths on grid maps and keeps what the next request can use.

    The mask and the cost depend on the map alone and are kept while the same `GridMap` object comes
    in; a field depends on the goal too and is kept while both stay. When another map of the same
    shape comes for the same goal cell, the field is repaired where the costs differ. For use by one
    thread at a time.
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
        # By whether the cost is learned.
        self._prices = {True: Prices(self._cost_model, settings), False: Prices(None, settings)}
        self._solved: dict[bool, SolvedField] = {}
        self._ready: tuple[Terrain, np.ndarray | None, np.ndarray] | None = None  # by `prepare`
        self._handed_out: weakref.WeakSet[SolvedField] = weakref.WeakSet()

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
            self._price_anew(self._cost_model.bound(layers, known))

    def at_hour(self, hour: int | None) -> None:
        """Plan for an hour of the day, UTC; None where it is not known: for all day.

        Nothing changes but with weights that hold a pace by hour, when the hour does.
        """
        model = self._cost_model
        if isinstance(model, HabitCost) and model.habits.pace is not None and model.hour != hour:
            self._price_anew(model.at(hour))

    def _price_anew(self, model: CostModel) -> None:
        """Price cells by another model from now on; nothing that was priced before is of use."""
        self._cost_model, self._prices[True] = model, Prices(model, self.settings)
        self._solved, self._ready = {}, None

    def warning(self, grid: GridMap) -> str:
        """Return one line if part of the weights does not apply to a map, else an empty text."""
        model = self._cost_model
        return model.warning(grid) if isinstance(model, HabitCost) else ""

    def warm_up(self) -> None:
        """Compile the solver (seconds the first time on a machine), so that no request has to."""
        occupied = np.zeros((60, 60), dtype=bool)
        occupied[2, 2:7] = True
        grid = GridMap(occupied, 1.0, Pose(0.0, 0.0, 0.0))
        # Straightening too: it may be asked for later.
        small = PlannerSettings("dijkstra", robot_radius=0.6, clearance_margin=0.0, straighten=True)
        planner = GlobalPlanner(small, self._cost_model)
        result = planner.plan(grid, (1.5, 1.5), (7.5, 5.5), whole_field=False)
        if result.path is not None:
            result.cost_of(result.path)
        occupied[30, 30] = True
        planner.plan(replace(grid, occupied=occupied), (1.5, 1.5), (7.5, 5.5))
        closed = replace(grid, occupied=np.tri(60, 60, 2, bool) ^ np.tri(60, 60, 0, bool))
        planner.plan(closed, (0.5, 59.5), (59.5, 0.5))  # refused, with the widest way
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
        whole_field: bool = True,
    ) -> PlanResult:
        """Plan from `start` to `goal`, both (x, y) in the map frame [m].

        A start too close to an obstacle is led to the nearest free cell first. A blocked goal is
        replaced by the nearest cell within `tolerance` [m] (None: that of the settings) that can
        be reached, and the message says so. A `layer` [H, W] in [0, 1] multiplies the cost of the
        map's cells by 1 + `filter_mask_weight` * layer, `directed` [8, H, W] >= 1 what they cost
        in the direction of each move of `moves.STEPS`; what can be kept is kept while they are the
        same arrays. Without `whole_field` the field is solved only as far as the start; the
        result's `solved` goes on with it. Never raises for a difficult world: what cannot be done
        is a status.
        """
        begun = time.perf_counter()
        for given, shape in ((layer, grid.shape), (directed, (8, *grid.shape))):
            if given is not None and given.shape != shape:
                text = f"the layer has {given.shape[-2:]} cells, the map {grid.shape}"
                return PlanResult(PlanStatus.INVALID_INPUT, text)
        tolerance = self.settings.tolerance if tolerance is None else tolerance
        try:
            terrain = self._terrain_of(grid)
            ends = resolve(terrain, start, goal, tolerance)
            search = partial(self._search, terrain, (layer, directed), ends, whole_field, begun)
            if self._cost_model is None:
                return search(learned=False)
            result = search(learned=True)
            if result.status in (PlanStatus.SUCCEEDED, PlanStatus.INVALID_INPUT):
                return result
            rescue = search(learned=False)
        except RefusedError as refused:
            return PlanResult(refused.status, str(refused))
        message = f"{rescue.message}; by exact search, as the learned path failed: {result.message}"
        return replace(rescue, message=message, fallback_used=True)

    def prepare(self, grid: GridMap, layer: np.ndarray | None = None) -> None:
        """Do for a map what a plan needs whatever its start and goal, before there are any."""
        terrain, prices = self._terrain_of(grid), self._prices[self._cost_model is not None]
        if prices.is_local and not terrain.blocked.all():
            self._ready = terrain, layer, self._priced(terrain, layer, prices)

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
        whole_field: bool,
        begun: float,
        *,
        learned: bool,
    ) -> PlanResult:
        """Solve or reuse the field, follow it and check the path, on learned or uniform cost."""
        first = ends.lead_end
        try:
            solved = self._field_to(terrain, beside, ends.goal_cell, learned)
        except FieldError as error:
            return PlanResult(PlanStatus.NO_VALID_PATH, str(error))
        except LayerError as error:
            return PlanResult(PlanStatus.INVALID_INPUT, str(error))
        field = solved.field
        if field.settle(first) == np.inf:
            check_joined(terrain, ends)
        if whole_field:
            solved.advance()
        field_done = time.perf_counter()
        tail = follow(field, first).cells
        fault = solved.fault(tail) or first_fault(tail, terrain.blocked, first, ends.goal_cell)
        result = PlanResult(
            PlanStatus.NO_VALID_PATH,
            f"the path fails its check: {fault}",
            solved=solved,
            residual=solved.residual(tail),
            iterations=field.n_so_far,
            field_time=field_done - begun,
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
    ) -> SolvedField:
        """Return the field to a goal cell: the kept one, repaired where the map has changed.

        It may be solved no further than the goal.
        """
        kept = self._solved.pop(learned, None)
        if kept is not None and not kept.terrain.grid.fits(terrain.grid):
            kept = None
        if kept is not None and kept.is_for(terrain, beside):
            solved = kept
            if kept.field.goal != goal_cell:
                solved = SolvedField(terrain, beside, kept.field.toward(goal_cell), kept.along)
        elif kept is None or kept.field.goal != goal_cell or self._is_new(kept, terrain, beside):
            solved = self._new(terrain, beside, goal_cell, learned)
        else:
            solved = self._repaired(kept, terrain, beside, self._prices[learned])
        self._solved[learned] = solved
        self._handed_out.add(solved)
        return solved

    def _is_new(self, kept: SolvedField, terrain: Terrain, beside: Beside) -> bool:
        """Whether a field cannot be made by repair: of edges, or where other habits apply."""
        model = self._cost_model
        if kept.along is not None or beside[1] is not None:
            return True
        if not isinstance(model, HabitCost):
            return False
        applied, applies = model.applied, model.factor_on(terrain.grid)
        return model.habits.has_directions or applied is not applies

    def _new(self, terrain: Terrain, beside: Beside, goal_cell: Cell, learned: bool) -> SolvedField:
        (layer, directed), model = beside, self._cost_model
        ready, is_usual = self._ready, learned == (model is not None)
        if ready is not None and is_usual and ready[0] is terrain and ready[1] is layer:
            costs, self._ready = ready[2], None
        else:
            costs = self._priced(terrain, layer, self._prices[learned])
        cells = inner(costs, stride := terrain.grid.width + 2)
        along = model.directed(terrain, cells) if isinstance(model, HabitCost) and learned else None
        if directed is not None:
            along = directed * (cells if along is None else along)
        if along is None:
            field = solve_bordered(costs, stride, goal_cell, least_cost=1.0, until=goal_cell)
        else:
            field = solve_edges(edge_costs(along), goal_cell, until=goal_cell)
        return SolvedField(terrain, beside, field, along)

    @staticmethod
    def _priced(terrain: Terrain, layer: np.ndarray | None, prices: Prices) -> np.ndarray:
        """Return the costs of all cells, flat with their border."""
        costs, shape = blank_costs(terrain.grid.shape), terrain.grid.shape
        prices.fill(terrain, layer, whole(shape), inner(costs, shape[1] + 2))
        return costs

    def _repaired(
        self, kept: SolvedField, terrain: Terrain, beside: Beside, prices: Prices
    ) -> SolvedField:
        """Return a field for another terrain or layer, made in the memory of the kept one."""
        layer, field = beside[0], kept.field
        window = prices.window_of_changes(kept.terrain, kept.beside[0], terrain, layer)
        if window is not None:
            for other in self._handed_out:
                if other.field.flat_costs is field.flat_costs:
                    other.give_up()
            rows, columns = (part.stop - part.start for part in window)
            patch = inner(blank_costs((rows, columns)), columns + 2)
            prices.fill(terrain, layer, window, patch)
            field.repair((window[0].start, window[1].start), patch)
        return SolvedField(terrain, beside, field)

    def cell_cost(self, terrain: Terrain, *, masked: bool = True) -> np.ndarray:
        """Return the cost of the cells [H, W] of a map on which everything is known.

        Args:
            terrain: Of the map.
            masked: inf where blocked. Without it a learned cost shows what the model takes walls
                for; there is no unmasked uniform cost.
        """
        if self._cost_model is None:
            return uniform_cost(terrain)
        cost = self._prices[True].of_cells(terrain)
        return np.where(terrain.blocked, np.inf, cost) if masked else cost
