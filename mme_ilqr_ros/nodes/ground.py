"""What the planner node plans on: a map, or what scanners saw over the map, if there is one."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from nav_msgs.msg import OccupancyGrid
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose, difference
from mme_ilqr_ros.nodes.beside_map import BesideMap
from mme_ilqr_ros.nodes.cdr import MapMessage
from mme_ilqr_ros.nodes.conversions import grid_map
from mme_ilqr_ros.nodes.diagnostics import ThrottledWarnings
from mme_ilqr_ros.nodes.frames import Frames
from mme_ilqr_ros.parameters.planner import PlannerNodeSettings
from mme_ilqr_ros.planning.habit_cost import KnownMap
from mme_ilqr_ros.planning.pace import hour_at
from mme_ilqr_ros.planning.planner import GlobalPlanner
from mme_ilqr_ros.planning.result import PlanResult
from mme_ilqr_ros.planning.solved_field import Beside
from mme_ilqr_ros.planning.unknown import UnknownPlanner, crosses, near_occupied

HERE = Pose(0.0, 0.0, 0.0)
SAME_YAW = 0.002  # [rad] by which the map may turn before it is laid anew: 2 cm in 10 m


class Ground:
    """The newest map, the newest evidence, and a planner on both; for use by one thread.

    Attributes:
        frame: In which is planned: that of the evidence where it is used, else the map's.
        beside: What is priced beside the map: masks and lanes.
    """

    def __init__(
        self, settings: PlannerNodeSettings, frames: Frames, warnings: ThrottledWarnings
    ) -> None:
        """Make a planner on nothing yet."""
        self.frame = settings.global_frame
        self._frames, self._warnings = frames, warnings
        self._map: GridMap | None = None
        self._map_frame = settings.global_frame
        self._seen: GridMap | None = None  # seen from the frame of its lattice
        self._lattice = HERE
        self._moved: tuple[GridMap, Pose, GridMap] | None = None
        self.use(settings)
        self.beside = BesideMap(settings, self._planner.layer_names, frames, warnings)

    def use(self, settings: PlannerNodeSettings) -> None:
        """Take over changed settings."""
        self._settings = settings
        self._planner = GlobalPlanner(settings)
        self._over_unknown = UnknownPlanner(self._planner)

    def warm_up(self) -> None:
        """Compile the planner."""
        self._planner.warm_up()

    @property
    def lack(self) -> str:
        """What is waited for before anything can be planned: evidence, map, a layer, or nothing."""
        if self._settings.use_evidence:
            return self.beside.lack if self._seen else "evidence"
        return self.beside.lack if self._map else "map"

    @property
    def has_map(self) -> bool:
        """Whether a map has come."""
        return self._map is not None

    def take_map(self, message: OccupancyGrid) -> str:
        """Keep a map; return what it is, empty where it is of no use."""
        grid = self._warnings.read("map", grid_map, message, "this map is not used")
        if grid is None:
            return ""
        self._map, self._map_frame = grid, message.header.frame_id or self._settings.global_frame
        if not self._settings.use_evidence:
            self.frame = self._map_frame
        self.beside.take_map(message, grid)
        if warning := self._planner.warning(grid):
            self._warnings.warn_each(warning)
        size = f"{grid.shape[1]} x {grid.shape[0]} cells, {grid.resolution:g} m each"
        return f"map of {size}, in '{self._map_frame}'"

    def take_evidence(self, message: MapMessage) -> bool:
        """Keep what was seen; return whether it is usable."""
        grid = self._warnings.read("evidence cells", grid_map, message, "this message is not used")
        if grid is None:
            return False
        self._lattice = _lattice(grid)
        self._seen = grid.transformed(self._lattice.inverse())
        self.frame = message.header.frame_id or self._settings.global_frame
        return True

    def blocks(self, path: Path) -> bool:
        """Return whether what was seen leaves no room for the robot somewhere on a path."""
        if self._seen is None:
            return False
        inside = path.transformed(self._lattice.inverse())
        return crosses(self._seen, inside, self._settings.least_distance)

    def blocked_at(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return at which points [N, 2] in `frame` there is no room; nothing may be lacking."""
        if self._seen is None:
            assert self._map is not None  # nothing is lacking
            return self._planner.blocked_at(self._map, points)
        inside = self._lattice.inverse().transform(points)
        return near_occupied(self._seen, inside, self._settings.least_distance)

    def plan(self, start: Pose, goal: Pose, tolerance: float | None) -> PlanResult:
        """Plan between two poses in `frame`; nothing may be lacking.

        The field is solved only as far as the path needs it; `PlanResult.solved` goes on.
        """
        ends = (start.x, start.y), (goal.x, goal.y)
        self._planner.at_hour(hour_at(self._frames.now()))
        if self._seen is None:
            assert self._map is not None  # nothing is lacking
            layer, directed = self._beside_on(self._map)
            return self._planner.plan(
                self._map,
                *ends,
                tolerance=tolerance,
                layer=layer,
                directed=directed,
                whole_field=False,
            )
        lattice, beside_on = self._lattice, self._beside_on
        first, last = lattice.inverse().transform(ends)
        result = self._over_unknown.plan(
            self._seen,
            first,
            last,
            self._known(),
            tolerance=tolerance,
            beside_on=beside_on,
            whole_field=False,
        )
        return result if lattice == HERE else _moved(result, lattice)

    def prepare(self) -> None:
        """Do for the map what a plan needs whatever its start and goal, before there are any."""
        has_layers = self._settings.use_filter_mask or self.beside.layers
        if self._seen is None and self._map is not None and not has_layers:
            self._planner.at_hour(hour_at(self._frames.now()))
            self._beside_on(self._map)  # weights that are bound later are priced once more
            self._planner.prepare(self._map)

    def _beside_on(self, grid: GridMap) -> Beside:
        """Return the filter mask and the lanes on the cells of a grid, each None without one."""
        if self._seen is None:
            return self.beside.on(self._planner, grid, self.frame)
        seen = self._known()
        known = None if self._map is None or seen is None else KnownMap(self._map, seen)
        return self.beside.on(self._planner, grid.transformed(self._lattice), self.frame, known)

    def _known(self) -> GridMap | None:
        """Return the map seen from `frame`; the same one until it has moved by half a cell."""
        if self._map is None:
            return None
        tolerance = self._settings.transform_tolerance
        pose = self._frames.pose_in(self.frame, self._map_frame, tolerance)
        kept = self._moved
        if pose is None:  # without the map for now: what was seen is enough to drive on
            return None
        pose = self._lattice.inverse().compose(pose)
        if kept is None or kept[0] is not self._map or not _is_near(pose, kept[1], self._map):
            kept = self._moved = self._map, pose, self._map.transformed(pose)
        return kept[2]


def _lattice(grid: GridMap) -> Pose:
    """Return a frame on whose lattice the cells of a grid lie.

    That of the message, but where odometry has jumped: the cells stay in their place.
    """
    corner = grid.origin.x / grid.resolution, grid.origin.y / grid.resolution
    is_whole = all(abs(c - round(c)) < 0.01 for c in corner)
    return HERE if grid.origin.yaw == 0.0 and is_whole else grid.origin


def _moved(result: PlanResult, pose: Pose) -> PlanResult:
    """Return a plan seen from a frame in which its own frame has a pose."""
    cost_of, path = result.cost_of, result.path
    back = pose.inverse()
    return replace(
        result,
        path=None if path is None else path.transformed(pose),
        moved=pose,
        cost_of=lambda other: cost_of(other.transformed(back)),
    )


def _is_near(a: Pose, b: Pose, grid: GridMap) -> bool:
    moved = math.hypot(a.x - b.x, a.y - b.y)
    return moved < 0.5 * grid.resolution and abs(float(difference(a.yaw, b.yaw))) < SAME_YAW
