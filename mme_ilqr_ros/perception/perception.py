"""From scans and odometry to what planner and controller take."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState, difference
from mme_ilqr_ros.geometry.pose_history import Jump, PoseHistory
from mme_ilqr_ros.perception.checks import ScanCheck, blind_fault, sees_something
from mme_ilqr_ros.perception.evidence import LET_GO_EVERY, Evidence
from mme_ilqr_ros.perception.lens import Lenses
from mme_ilqr_ros.perception.matcher import match, share_at_sites
from mme_ilqr_ros.perception.near import copy_out, points_near, unseen_near
from mme_ilqr_ros.perception.points import ScanPoints, disc, inside_polygon, scan_points
from mme_ilqr_ros.perception.rehearsal import turns
from mme_ilqr_ros.perception.scan import PointScan, Scan
from mme_ilqr_ros.perception.seen import Seen
from mme_ilqr_ros.perception.settings import PerceptionSettings
from mme_ilqr_ros.perception.site_field import SiteField
from mme_ilqr_ros.perception.stages import Stages
from mme_ilqr_ros.perception.track import Track
from mme_ilqr_ros.perception.tracker import Tracker

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
ORIGIN = Pose(0.0, 0.0, 0.0)
FAR = 50.0  # [m] in one step: memory grows with the square of what lies between
FITS = 0.3  # share of the hits at sites with which a jump is understood
TRAIL = 0.3  # [m] round what began to move, hits since it was first seen were its own


class Perception:
    """Takes scans; hands on walls, movers, points near the robot and a map.

    The map has a frame of its own, in which it stays whole when the odometry jumps or drifts. With
    `settings.match` everything is given and taken in that frame, see `localised`; else in the frame
    of the odometry.

    Attributes:
        settings: Its parameters.
        stages: How long each stage took.
        evidence: What stands and what is free.
        correction: The frame of the odometry in the frame of the map that is made.
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
        self._body_radius = 0.0 if self._body is None else float(np.hypot(*self._body.T).max())
        self.stages = Stages()
        self.reset()

    def reset(self) -> None:
        """Forget everything that was seen."""
        settings = self.settings
        self.correction = ORIGIN
        self._check = ScanCheck()
        self._lenses = Lenses(settings)
        self._tracker = Tracker(settings.tracks, settings.settled, settings.drift)
        self._history: PoseHistory | None = None
        self._jumped = -math.inf
        self._count = 0
        self._travel = 0.0
        self._begin_map()

    def forget(self) -> None:
        """Forget what was seen, but not what is known of scanners and odometry."""
        self._begin_map()

    def _begin_map(self) -> None:
        settings = self.settings
        self.evidence = Evidence(settings)
        self._fields = SiteField(self.evidence, settings.field_reach, settings.skin)
        self._tracker.reset()
        self._newest: dict[Pose, ScanPoints] = {}
        self._standing: dict[Pose, FloatArray] = {}
        self._pose: Pose | None = None
        self._walls: tuple[tuple[int, ...], DistanceField] | None = None

    @property
    def tracks(self) -> Sequence[Track]:
        """What is followed, in the frame of the map; those with `moving` move."""
        return self._tracker.tracks

    @property
    def stamp(self) -> float:
        """When the newest scan was measured [s]; -inf before the first, and after a jump."""
        if self._history is not None and self._history.jumps_since(self._jumped):
            return -math.inf  # until a scan says where the robot is
        return max((points.stamp for points in self._newest.values()), default=-math.inf)

    @property
    def newest(self) -> Mapping[Pose, ScanPoints]:
        """The newest scan of each scanner, by its mount, in the frame of the map."""
        return self._newest

    def localised(self, state: RobotState) -> RobotState:
        """Return a state of the odometry in the frame in which everything is given and taken."""
        return self._in_map(state) if self.settings.match else state

    def _in_map(self, state: RobotState) -> RobotState:
        pose = self.correction.compose(state.pose)
        return replace(state, x=pose.x, y=pose.y, yaw=pose.yaw)

    @property
    def _outside(self) -> Pose:
        """The frame of the map in the frame in which everything is given and taken."""
        inside = self.settings.match or self.correction == ORIGIN
        return ORIGIN if inside else self.correction.inverse()

    def take(self, scan: Scan | PointScan, history: PoseHistory) -> str:
        """Learn from a scan; return why it, or a part of it, was not used, or an empty text."""
        if self._check.went_back(scan):
            self.reset()
        self._history = history
        if fault := self._check.look_at(scan, history) or self._blind_fault(scan, history):
            return fault
        self._check.accept(scan)
        with self.stages.time("points"):
            message = self._explain_jumps(scan, history)
            points = scan_points(scan, history, self.settings.clear_max, self.correction)
            near, warning = self._leave_out(scan, points)
        points = self._matched(points)
        if fault := self._far_away(points):
            return fault
        use = ~near
        if self.settings.movers:
            with self.stages.time("tracks"):
                self._tracker.update(points)
                use &= ~self._tracker.moving_hits
        with self.stages.time("integrate"):
            self._integrate(points, use)
        self._newest[scan.mount] = points
        self._standing[scan.mount] = points.ends[points.hit & (use | near)]
        self._count += 1
        return message or warning

    def _far_away(self, points: ScanPoints) -> str:
        """Return why rays are not entered: odometry leads where no memory would reach.

        Where the robot is far from all that was seen, that is forgotten; the next scan is entered.
        """
        moved = float(np.ptp(points.origins, axis=0).max(initial=0.0))
        if not moved <= FAR:
            return f"odometry moves by {moved:.3g} m within a scan"
        if (away := self.evidence.distance_to(points.pose)) > FAR:
            self._begin_map()
            return f"odometry leads {away:.3g} m away from all that was seen, which is forgotten"
        return ""

    def _blind_fault(self, scan: Scan | PointScan, history: PoseHistory) -> str:
        if isinstance(scan, PointScan) or sees_something(scan):
            return ""
        pose = self.correction.compose(history.at(scan.stamp)).compose(scan.mount)
        return blind_fault(scan, pose, self.evidence, self.settings.settled)

    def _explain_jumps(self, scan: Scan | PointScan, history: PoseHistory) -> str:
        """Find out what jumped, robot or odometry, by what a scan sees; return a line about it."""
        message = ""
        for jump in history.jumps_since(self._jumped):
            if jump.stamp <= scan.stamp:
                self._jumped = jump.stamp
                message = self._explain(jump, scan, history)
        return message

    def _explain(self, jump: Jump, scan: Scan | PointScan, history: PoseHistory) -> str:
        back = self.correction.compose(jump.expected.compose(jump.told.inverse()))
        shares = []
        for correction in (self.correction, back):
            points = scan_points(scan, history, self.settings.clear_max, correction)
            shares.append(share_at_sites(self.evidence, points.ends[points.hit]))
        what = f"odometry jumped by {jump.distance:.2f} m: "
        if max(shares) < FITS:
            self._begin_map()
            return what + "scans do not tell where to, so the map is begun anew"
        if shares[1] >= shares[0]:
            self.correction = back
            return what + "scans say that the robot did not; the map stays where it was"
        return what + "scans say that the robot is there; the map stays"

    def _leave_out(self, scan: Scan | PointScan, points: ScanPoints) -> tuple[BoolArray, str]:
        """Leave out the robot itself and dirt; return [B] what is at the lens, and a warning."""
        near, warning = np.zeros(len(points.hit), bool), ""
        if isinstance(scan, Scan):
            near, dirt, warning = self._lenses.look_at(scan)
            points.leave_out(dirt)
        if self._body is not None:
            reach = self._body_radius + math.hypot(scan.mount.x, scan.mount.y)
            close = np.nonzero(points.ranges <= reach)[0]
            if close.size:
                local = points.pose.inverse().transform(points.ends[close])
                points.leave_out(close[inside_polygon(local, self._body)])
        return near & points.hit, warning

    def _matched(self, points: ScanPoints) -> ScanPoints:
        """Return the rays where they fit what was seen before, if that is wanted."""
        moved = turned = 0.0
        if (last := self._pose) is not None:
            moved = math.hypot(points.pose.x - last.x, points.pose.y - last.y)
            turned = abs(float(difference(points.pose.yaw, last.yaw)))
        self._travel += moved
        if self.settings.match and last is not None:
            with self.stages.time("match"):
                centre = np.array([points.pose.x, points.pose.y])
                found = match(self.evidence, points.ends[points.hit], centre, moved, turned)
                if found.good:
                    points = points.moved(found.motion)
                    self.correction = found.motion.compose(self.correction)
        self._pose = points.pose
        return points

    def _integrate(self, points: ScanPoints, use: BoolArray) -> None:
        """Enter a scan, free what movers left, and the robot's own place."""
        self.evidence.integrate(points, use, self._travel)
        for track in self._tracker.began:
            self.evidence.free(track.mean[:2], float(track.mean[4]) + TRAIL, track.born)
        if self._body is not None:
            self.evidence.free_now(points.pose.transform(self._body))

    def seen(self, now: float, state: RobotState, reach: float) -> Seen:
        """Return what a control cycle needs.

        Args:
            now: Time of `state` [s].
            state: The robot, see `localised`.
            reach: How far round the robot `points` and `unseen` are wanted [m].
        """
        outside, centre = self._outside, np.array([state.x, state.y])
        if outside != ORIGIN:
            centre = outside.inverse().transform(centre)
        with self.stages.time("field"):
            walls = self._walls_round(centre)
        with self.stages.time("near"):
            fresh = list(self._standing.values())
            points = points_near(self.evidence, centre, reach, fresh)
            unseen = unseen_near(self.evidence, centre, reach, now - self.settings.look_time)
        if outside != ORIGIN:
            walls = walls.transformed(outside)
            points, unseen = outside.transform(points), outside.transform(unseen)
        return Seen(walls, self.circles(now), points, unseen, self.stamp)

    def circles(self, now: float) -> FloatArray:
        """Return what moves [M, 5], where it is at a time [s] by its velocity."""
        circles = self._tracker.circles(now)
        if (outside := self._outside) != ORIGIN:
            circles[:, :2] = outside.transform(circles[:, :2])
            circles[:, 3:] = outside.rotate(circles[:, 3:])
        return circles

    def _walls_round(self, centre: FloatArray) -> DistanceField:
        size = self.settings.resolution
        half = round(self.settings.window / size)
        cell = np.floor(centre[::-1] / size).astype(np.int64)
        key = (self._count, int(cell[0]), int(cell[1]))
        if self._walls is None or self._walls[0] != key:
            self._walls = key, self._fields.window(cell - half, cell + half)
        return self._walls[1]

    def grid(self, cover: FloatArray | None = None) -> GridMap:
        """Return what is known: occupied, free and unknown cells of all that was ever seen.

        Args:
            cover: [2, 2] corners x, y (low, high) of what the map must hold too [m].
        """
        low, high = self._rectangle(cover)
        evidence, seen = copy_out(self.evidence, low, high)
        occupied, origin = evidence > 0, self._outside.compose(self.evidence.origin_of(low))
        return GridMap(occupied, self.settings.resolution, origin, (seen == 0) & ~occupied)

    def clearance(self, cover: FloatArray | None = None) -> DistanceField:
        """Return the distance to what stands in the same cells as `grid`."""
        return self._fields.window(*self._rectangle(cover)).transformed(self._outside)

    def _rectangle(self, cover: FloatArray | None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the first and last cell of all that was seen, and of `cover`."""
        corners = self.evidence.rectangle()
        if cover is not None:
            (left, low), (right, high) = np.asarray(cover, dtype=np.float64)
            rectangle = np.array([[left, low], [right, low], [right, high], [left, high]])
            inside = self._outside.inverse().transform(rectangle)[:, ::-1]
            corners += list(np.floor(inside / self.settings.resolution).astype(np.int64))
        corners = corners or [np.zeros(2, np.int64)]
        return np.min(corners, axis=0), np.max(corners, axis=0)

    def warm_up(self) -> None:
        """Compile everything, with scans of its own; what was seen stays."""
        other = Perception(replace(self.settings, match=True, movers=True), self._body)
        history = PoseHistory()
        for state, scan in turns(2 * LET_GO_EVERY):
            history.add(scan.stamp, state)
            other.take(scan, history)
            other.seen(scan.stamp, state, 1.0)
        other.grid()
