"""What the planner prices beside the map: the filter mask, the layers of the weights, lanes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from nav_msgs.msg import OccupancyGrid
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.diagnostics import ThrottledWarnings
from mme_ilqr_ros.nodes.filter_mask import FilterMask
from mme_ilqr_ros.nodes.frames import Frames
from mme_ilqr_ros.parameters.planner import PlannerNodeSettings
from mme_ilqr_ros.planning.habit_cost import KnownMap
from mme_ilqr_ros.planning.lanes import load_lanes
from mme_ilqr_ros.planning.planner import GlobalPlanner
from mme_ilqr_ros.planning.solved_field import Beside

MAP_LAYER = "map"
"""Name of the layer that is the map's own grey values."""


class BesideMap:
    """Layers and lanes as they came, and on the cells of a map as the planner takes them.

    Attributes:
        mask: The filter mask.
        layers: The layers that the weights need, by name: each the topic of its name.
    """

    def __init__(
        self,
        settings: PlannerNodeSettings,
        layer_names: Sequence[str],
        frames: Frames,
        warnings: ThrottledWarnings,
    ) -> None:
        """Read the lanes; layers come later.

        Raises:
            LanesError: The file of the lanes cannot be used.
        """
        self.mask = FilterMask(frames, warnings)
        self.layers = {name: FilterMask(frames, warnings, name) for name in layer_names}
        self._settings, self._frames, self._warnings = settings, frames, warnings
        file = settings.lanes_file
        self._lanes = load_lanes(Path(file).expanduser()) if file else None
        # The same array as long as map and frames stay: the planner keeps fields by it.
        self._laid = lru_cache(maxsize=1)(self._lay)
        self._bound: Sequence[object] | None = None  # what the weights were bound to last

    @property
    def lack(self) -> str:
        """A layer that the weights need and that has not come; empty for none."""
        return next((name for name, layer in self.layers.items() if not layer.has_come), "")

    def take_map(self, message: OccupancyGrid, grid: GridMap) -> None:
        """Keep the grey values of a map, if the weights need them; say which lanes lie off it."""
        if MAP_LAYER in self.layers:
            self.layers[MAP_LAYER].take(message)
        for name in self._lanes.off(grid) if self._lanes else ():
            self._warnings.warn_each(f"lanes_file: '{name}' lies off the map; it has no effect")

    def on(
        self, planner: GlobalPlanner, grid: GridMap, frame: str, known: KnownMap | None = None
    ) -> Beside:
        """Bind the layers of the weights to a map, and return the filter mask and lanes on it.

        Args:
            planner: Whose weights are bound; what lacks it refuses itself.
            grid: The map.
            frame: Its frame.
            known: As of `GlobalPlanner.bind`.
        """
        tolerance = self._settings.transform_tolerance
        values = [layer.on(grid, frame, tolerance) for layer in self.layers.values()]
        bound = (planner, known and known.seen, *values)
        if self._bound is None or not _are_same(self._bound, bound):
            found = zip(self.layers, values, strict=True)
            planner.bind({name: value for name, value in found if value is not None}, known)
            self._bound = bound
        mask = self.mask.on(grid, frame, tolerance) if self._settings.use_filter_mask else None
        return mask, self._lanes_on(grid, frame)

    def _lanes_on(self, grid: GridMap, frame: str) -> NDArray[np.float64] | None:
        if self._lanes is None:
            return None
        settings = self._settings
        pose = self._frames.pose_in(settings.global_frame, frame, settings.transform_tolerance)
        return None if pose is None else self._laid(pose, grid)

    def _lay(self, pose: Pose, grid: GridMap) -> NDArray[np.float64] | None:
        assert self._lanes is not None, "see `_lanes_on`"
        factor = self._lanes.on(grid.transformed(pose))
        return factor if (factor > 1.0).any() else None


def _are_same(one: Sequence[object], other: Sequence[object]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))
