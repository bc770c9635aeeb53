"""The planner's second map: a mask that cell costs depend on, brought into the map's frame."""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np
from nav_msgs.msg import OccupancyGrid
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.grid_map import GridLayer, GridMap
from mme_ilqr_ros.nodes.conversions import grid_layer
from mme_ilqr_ros.nodes.diagnostics import ThrottledWarnings
from mme_ilqr_ros.nodes.frames import Frames


class FilterMask:
    """The newest usable mask and its status in words.

    Attributes:
        status: For the diagnostics.
    """

    def __init__(
        self, frames: Frames, warnings: ThrottledWarnings, name: str = "filter_mask"
    ) -> None:
        """Start without a mask; its name is that of its topic."""
        self.status = "none yet"
        self._name = name
        self._frames, self._warnings = frames, warnings
        self._layer: GridLayer | None = None
        self._frame = ""
        # The same array as long as mask, map and frames stay: the planner keeps fields by it.
        self._laid = lru_cache(maxsize=1)(
            lambda layer, pose, grid: layer.transformed(pose).on(grid)
        )

    @property
    def has_come(self) -> bool:
        """Whether there is one."""
        return self._layer is not None

    def take(self, message: OccupancyGrid) -> bool:
        """Keep a mask; return whether it is usable."""
        otherwise = "this mask is not used"
        read = partial(grid_layer, name=self._name)
        layer = self._warnings.read(self._name, read, message, otherwise)
        if layer is not None:
            self._layer, self._frame = layer, message.header.frame_id
        return layer is not None

    def on(self, grid: GridMap, map_frame: str, tolerance: float) -> NDArray[np.float64] | None:
        """Return the mask on the map's cells [H, W] in [0, 1], or None where there is none.

        Args:
            grid: The map.
            map_frame: Its frame.
            tolerance: Age [s] from which a transform is too old.
        """
        key = f"mask {self._name}"
        if self._layer is None:
            self._warnings.warn(key, f"no {self._name} yet; planning without one")
            return None
        pose = self._frames.pose_in(map_frame, self._frame, tolerance)
        if pose is None:
            self.status = f"no transform from '{self._frame}' to '{map_frame}'"
            return None
        values, covered = self._laid(self._layer, pose, grid)
        self.status = f"covers {covered:.0%} of the map"
        if covered == 0.0:
            text = f"{self._name} covers nothing of the map; check its origin"
            self._warnings.warn(key, text)
            return None
        self._warnings.clear(key)
        return values
