"""From scans and odometry to what planner and controller take."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.geometry.pose_history import PoseHistory
from mme_ilqr_ros.perception.checks import ScanCheck
from mme_ilqr_ros.perception.evidence import Evidence
from mme_ilqr_ros.perception.near import points_near, stamp_body, unseen_near
from mme_ilqr_ros.perception.points import ScanPoints, disc, inside_polygon, scan_points
from mme_ilqr_ros.perception.scan import PointScan, Scan
from mme_ilqr_ros.perception.seen import Seen
from mme_ilqr_ros.perception.settings import PerceptionSettings
from mme_ilqr_ros.perception.site_field import SiteField
from mme_ilqr_ros.perception.stages import Stages
from mme_ilqr_ros.perception.track import Track
from mme_ilqr_ros.perception.tracker import Tracker

FloatArray = NDArray[np.float64]
TRAIL = 0.3  # [m] round what began to move, hits since it was first seen were its own


class Perception:
    """Takes scans; hands on walls, movers, points near the robot and a map.

    Attributes:
        settings: Its parameters.
        stages: How long each stage took.
        evidence: What stands and what is free.
        correction: The frame of the odometry in the frame of the map that is made; they are the
            same unless `settings.match` is set.
    """

    def __init__(self, settings: PerceptionSettings, body: ArrayLike | None = None) -> None:
        """Start with nothing known.

        Args:
            settings: Parameters.
            body: The robot's outline [K, 2] in its own frame in m; None: a disc of
                `settings.body_radius`.
        """
        self.settings = settings
        radius = settings.body_radius
        outline = disc(radius) if body is None and radius > 0.0 else body
        self._body = None if outline is None else np.asarray(outline, dtype=np.float64)
        self.stages = Stages()
        self.reset()

    def reset(self) -> None:
        """Forget everything that was seen."""
        settings = self.settings
        self.evidence = Evidence(settings)
        self.correction = Pose(0.0, 0.0, 0.0)
        self._fields = SiteField(self.evidence, settings.field_reach, settings.skin)
        self._check = ScanCheck(settings)
        self._tracker = Tracker(settings.tracks, settings.settled)
        self._newest: dict[Pose, ScanPoints] = {}
        self._standing: dict[Pose, FloatArray] = {}
        self._travel = 0.0
        self._last_pose: Pose | None = None
        self._walls: tuple[tuple[int, ...], DistanceField] | None = None
        self._count = 0

    @property
    def tracks(self) -> Sequence[Track]:
        """What is followed; those with `moving` move."""
        return self._tracker.tracks

    @property
    def stamp(self) -> float:
        """When the newest scan was measured [s]; -inf before the first."""
        return max((points.stamp for points in self._newest.values()), default=-math.inf)

    def localised(self, state: RobotState) -> RobotState:
        """Return a state given in the frame of the odometry in the frame of the map."""
        if not self.settings.match:
            return state
        pose = self.correction.compose(state.pose)
        return RobotState(pose.x, pose.y, pose.yaw, state.vx, state.wz, state.vy)

    def take(self, scan: Scan | PointScan, history: PoseHistory) -> str:
        """Learn from a scan; return why it, or a part of it, was not used, or an empty text."""
        fault, warning = self._check.look_at(scan, history)
        if fault:
            return fault
        with self.stages.time("points"):
            points = scan_points(scan, history, self.settings.clear_max, self.correction)
            self._leave_out(points)
            self._move_on(points.pose)
        use = np.ones(len(points.hit), bool)
        if self.settings.movers:
            with self.stages.time("tracks"):
                self._tracker.update(points)
                use = ~self._tracker.moving_hits
        with self.stages.time("integrate"):
            self.evidence.integrate(points, use, self._travel)
            for track in self._tracker.began:
                self.evidence.free(track.mean[:2], float(track.mean[4]) + TRAIL, track.born)
            if self._body is not None:
                stamp_body(self.evidence, points.pose.transform(self._body))
        self._newest[scan.mount] = points
        self._standing[scan.mount] = points.ends[points.hit & use]
        self._count += 1
        return warning

    def _leave_out(self, points: ScanPoints) -> None:
        """Leave out hits of the robot itself."""
        if self._body is None:
            return
        reach = float(np.hypot(*self._body.T).max())
        away = np.hypot(*(points.ends - (points.pose.x, points.pose.y)).T)
        near = np.nonzero(points.hit & (away <= reach))[0]
        if near.size:
            local = points.pose.inverse().transform(points.ends[near])
            own = near[inside_polygon(local, self._body)]
            points.hit[own] = points.valid[own] = False
            points.ranges[own] = np.inf

    def _move_on(self, pose: Pose) -> None:
        if self._last_pose is not None:
            last = self._last_pose
            self._travel += math.hypot(pose.x - last.x, pose.y - last.y)
        self._last_pose = pose

    def seen(self, now: float, state: RobotState, reach: float) -> Seen:
        """Return what a control cycle needs.

        Args:
            now: Time of `state` [s].
            state: The robot, see `localised`.
            reach: How far round the robot `points` and `unseen` are wanted [m].
        """
        with self.stages.time("field"):
            walls = self._walls_round(state)
        with self.stages.time("near"):
            centre = np.array([state.x, state.y])
            fresh = list(self._standing.values())
            points = points_near(self.evidence, centre, reach, fresh)
            unseen = unseen_near(self.evidence, centre, reach, now - self.settings.look_time)
        return Seen(walls, self.circles(now), points, unseen, self.stamp)

    def circles(self, now: float) -> FloatArray:
        """Return what moves [M, 5], where it is at a time [s] by its velocity."""
        return self._tracker.circles(now)

    def _walls_round(self, state: RobotState) -> DistanceField:
        size, half = (
            self.settings.resolution,
            round(self.settings.window / self.settings.resolution),
        )
        centre = np.floor(np.array([state.y, state.x]) / size).astype(np.int64)
        key = (self._count, int(centre[0]), int(centre[1]))
        if self._walls is None or self._walls[0] != key:
            self._walls = key, self._fields.window(centre - half, centre + half)
        return self._walls[1]

    def grid(self, cover: NDArray[np.float64] | None = None) -> GridMap:
        """Return what is known: occupied, free and unknown cells of all that was ever seen.

        Args:
            cover: [2, 2] corners x, y (low, high) that the map must hold too [m].
        """
        from mme_ilqr_ros.perception.near import copy_out

        low, high = self._rectangle(cover)
        evidence, seen = copy_out(self.evidence, low, high)
        occupied = evidence > 0
        return GridMap(
            occupied,
            self.settings.resolution,
            self.evidence.origin_of(low),
            (seen == 0) & ~occupied,
        )

    def clearance(self, cover: NDArray[np.float64] | None = None) -> DistanceField:
        """Return the distance to what stands in the same cells as `grid`."""
        return self._fields.window(*self._rectangle(cover))

    def _rectangle(
        self, cover: NDArray[np.float64] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        empty = self.evidence.tiles.cells.index.size == 0
        corners = []
        if not empty:
            corners = list(self.evidence.rectangle())
        if cover is not None:
            rows = np.floor(np.asarray(cover, dtype=np.float64)[:, ::-1] / self.settings.resolution)
            corners += [rows[0].astype(np.int64), rows[1].astype(np.int64)]
        if not corners:
            corners = [np.zeros(2, np.int64)]
        return np.min(corners, axis=0), np.max(corners, axis=0)

    def warm_up(self) -> None:
        """Compile everything, with a scan of its own; what was seen stays."""
        other = Perception(self.settings, self._body)
        history = PoseHistory()
        history.add(0.0, RobotState(0.0, 0.0, 0.0))
        ranges = np.full(90, 2.0)
        step = 2.0 * math.pi / 90
        for turn in range(12):
            history.add(0.1 * turn, RobotState(0.0, 0.0, 0.0))
            other.take(Scan(ranges, -math.pi, step, 0.05, 10.0, 0.1 * turn), history)
            other.seen(0.1 * turn, RobotState(0.0, 0.0, 0.0), 1.0)
        other.grid()
