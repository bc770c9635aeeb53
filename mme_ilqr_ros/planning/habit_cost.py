"""The planner's cost with an owner's habits: today's cost times what they add.

    log cost = log clearance cost + places + pace at this hour + sum over layers of a table
             + (directed:) place across a corridor + direction at a place

Terms of places, pace and directions at places belong to the map of the drives; on another one they
are left out. The rest is a function of what is seen and carries over.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass

import numpy as np

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.grid_map import GridLayer, GridMap, Window
from mme_ilqr_ros.planning.clearance_table import ClearanceTable
from mme_ilqr_ros.planning.directed import across, along_axes
from mme_ilqr_ros.planning.habits import CLEAR_RADII, CLEARANCE_FEATURE, Habits, at_cells
from mme_ilqr_ros.planning.terrain import Terrain

MOST = 2.5
"""Largest logarithm by which habits raise the cost of a cell: no detour beyond 12 times."""


class LayerError(InputError):
    """The layers that habits are a function of are not there or do not fit; says which."""


@dataclass(frozen=True, eq=False)
class KnownMap:
    """The map that was driven on, where plans are made on other cells, such as those of evidence.

    Attributes:
        grid: The map as it came.
        seen: The same, seen from the frame of the cells that are planned on.
    """

    grid: GridMap
    seen: GridMap


class HabitCost:
    """From a terrain to the cost of its cells, with habits.

    Attributes:
        habits: What was learned.
        base: Today's cost, without them.
        hour: Of the day, UTC, whose pace applies; None for that of all day.
    """

    def __init__(self, habits: Habits, base: ClearanceTable) -> None:
        """Take what was learned and the cost that it is added to."""
        self.habits = habits
        self.base = base
        self.hour: int | None = None
        self._seen = _with_feature(base, habits.features.get(CLEARANCE_FEATURE))
        self._layers: dict[str, np.ndarray] = {}
        self._known: KnownMap | None = None
        self._factor: tuple[GridMap, bool, np.ndarray] | None = None

    def limited(self, largest: float) -> HabitCost:
        """Return it with today's cost limited, as `ClearanceTable.limited`."""
        model = HabitCost(self.habits, self.base.limited(largest))
        return model.at(self.hour).bound(self._layers, self._known)

    def at(self, hour: int | None) -> HabitCost:
        """Return the model at an hour of the day, UTC; None where it is not known."""
        model = copy(self)
        model.hour, model._factor = hour, None
        return model

    def bound(self, layers: Mapping[str, np.ndarray], known: KnownMap | None = None) -> HabitCost:
        """Return a model that reads these layers, [H, W] in [0, 1] by name; others are ignored.

        Args:
            layers: On the cells that are planned on.
            known: The map, where the cells that are planned on are not its own: the costs of places
                and of directions there are laid over them.
        """
        model = copy(self)
        model._known = known
        model._layers = {name: layers[name] for name in self.habits.layer_names if name in layers}
        model._factor = None
        return model

    def warning(self, grid: GridMap) -> str:
        """Return one line if the places learned do not apply to a map, else an empty text."""
        if not self._has_places and not self.habits.directions.any():
            return ""
        if self.habits.are_of(grid):
            return ""
        of = self.habits.fingerprint
        return (
            f"the costs of places were learned on another map ({of.shape[0]} x {of.shape[1]} cells"
            f" of {of.resolution:g} m) and are left out on this one ({grid.height} x {grid.width}"
            f" of {grid.resolution:g} m); what was learned of clearance and layers still applies"
        )

    def __call__(self, terrain: Terrain) -> np.ndarray:
        """Return the cost float64 [H, W] of the cells of a terrain.

        Raises:
            LayerError: A layer that the habits need is missing or does not fit the map.
        """
        return self._seen(terrain) * self.factor_on(terrain.grid)

    def sees(self, terrain: Terrain) -> int:
        """Return how far from a cell what stands counts for its cost [cells]."""
        return self._seen.sees(terrain)

    def fill(self, terrain: Terrain, window: Window, out: np.ndarray) -> None:
        """Write the cost of the cells of a window of a terrain to `out` float64 [h, w].

        Raises:
            LayerError: As of `__call__`.
        """
        self._seen.fill(terrain, window, out)
        out *= self.factor_on(terrain.grid)[window]

    def directed(self, terrain: Terrain, cost: np.ndarray) -> np.ndarray | None:
        """Return the directed cost [8, H, W] for costs of cells [H, W]; None without directions."""
        habits = self.habits
        if not habits.has_directions:
            return None
        grid = terrain.grid
        terms = np.zeros((8, *grid.shape))
        if habits.sides.any():
            places = across(grid.occupied, grid.resolution)
            knots = np.linspace(0.0, 1.0, len(habits.sides))
            terms += np.where(np.isnan(places), 0.0, np.interp(places, knots, habits.sides))
        if habits.directions.any() and self._are_of(grid):
            turned = 0.0 if self._known is None else self._known.seen.origin.yaw - grid.origin.yaw
            fields = [self._laid_on(grid, part) for part in habits.directions]
            terms += along_axes(np.stack(fields), turned)
        return cost * np.exp(np.minimum(terms, MOST))

    @property
    def applied(self) -> np.ndarray | None:
        """What `factor_on` returned last."""
        return None if self._factor is None else self._factor[2]

    def factor_on(self, grid: GridMap) -> np.ndarray:
        """Return by what places and layers multiply the cost of the cells of a map [H, W].

        Kept while the map has the same cells at the same place, and is of the same building.
        """
        kept, habits = self._factor, self.habits
        if kept is not None and kept[0] is grid:
            return kept[2]
        applies = self._has_places and self._are_of(grid)
        is_same = kept is not None and kept[0].fits(grid) and kept[0].origin == grid.origin
        if kept is not None and is_same and applies == kept[1]:
            self._factor = grid, applies, kept[2]
            return kept[2]
        terms = self._places_on(grid) if applies else np.zeros(grid.shape)
        for name in habits.layer_names:
            layer = self._layer(name, grid)
            table = habits.features[name]
            terms += np.interp(layer, np.linspace(0.0, 1.0, len(table)), table)
        factor = np.exp(np.clip(terms, -MOST, MOST))
        self._factor = grid, applies, factor
        return factor

    @property
    def _has_places(self) -> bool:
        """Whether anything that does not turn with the move belongs to places."""
        return bool(self.habits.places.any()) or self.habits.pace is not None

    def _are_of(self, grid: GridMap) -> bool:
        """Return whether the costs of places belong to a map, or to the known one."""
        return self.habits.are_of(grid if self._known is None else self._known.grid)

    def _places_on(self, grid: GridMap) -> np.ndarray:
        """Return the terms of places on the cells of a map [H, W]."""
        habits, known = self.habits, self._known
        terms = self._laid_on(grid, habits.places)
        if (pace := habits.pace) is not None:
            on = grid if known is None else known.grid
            at = at_cells(pace.at(self.hour), pace.block, on.shape, on.resolution)
            terms += self._seen_from(grid, at)
        return terms

    def _laid_on(self, grid: GridMap, blocks: np.ndarray) -> np.ndarray:
        """Return terms of blocks [h, w] of the map on the cells of another one [H, W]."""
        known = self._known
        return self._seen_from(
            grid, self.habits.on_cells(blocks, grid if known is None else known.grid)
        )

    def _seen_from(self, grid: GridMap, terms: np.ndarray) -> np.ndarray:
        """Return terms of the cells of the map on those that are planned on."""
        if self._known is None:
            return terms
        seen = self._known.seen
        return GridLayer(terms, seen.resolution, seen.origin).on(grid)[0]

    def _layer(self, name: str, grid: GridMap) -> np.ndarray:
        if name not in self._layers:
            bound = ", ".join(sorted(self._layers)) or "none"
            raise LayerError(f"the weights need the layer '{name}'; bound by name: {bound}")
        layer = self._layers[name]
        if layer.shape != grid.shape:
            raise LayerError(f"layer '{name}' has {layer.shape} cells, the map {grid.shape}")
        return layer


def _with_feature(base: ClearanceTable, table: np.ndarray | None) -> ClearanceTable:
    """Return today's table with a learned term of clearance added to its logarithm."""
    if table is None or not table.any():
        return base
    return base.plus(np.linspace(0.0, CLEAR_RADII, len(table)), table)
