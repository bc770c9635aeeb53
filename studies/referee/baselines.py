"""Plain drivers beside ours, which see the newest scan and remember nothing."""

from __future__ import annotations

import math

import numpy as np

from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.circles import FloatArray
from mme_ilqr_ros.geometry.pose import Pose, RobotState, difference
from mme_ilqr_ros.perception.scan import Scan
from studies.peers.registry import PEERS
from studies.referee.driver import Driver, Point, Task

TURNS_FIRST = 0.8  # [rad] off the goal's direction, from where on it turns on the spot
POINT_RADIUS = 0.01  # [m] of the circle in the place of a hit
TOLERANCE_PART = 0.5  # a controller stops this far inside of what the referee counts as arrived


def hits(scan: Scan, pose: Pose) -> FloatArray:
    """Return the points [N, 2] that a scan hit, in the parent frame of the robot's pose."""
    ranges = scan.ranges
    hit = (ranges >= scan.range_min) & (ranges < scan.range_max)  # NaN and inf neither
    angles, reach = scan.angles[hit], ranges[hit, None]
    local = reach * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    return pose.transform(scan.mount.transform(local))


class Straight(Driver):
    """Turns to the goal, drives straight to it, and stops before what is in the way."""

    def command(self, scan: Scan, state: RobotState, goal: Point) -> tuple[float, float]:
        """See `Driver.command`."""
        robot = self.task.robot
        ahead = float(difference(math.atan2(goal[1] - state.y, goal[0] - state.x), state.yaw))
        turn = min(max(2.0 * ahead, -robot.wz_max), robot.wz_max)
        local = state.pose.inverse().transform(hits(scan, state.pose))
        reach = robot.radius + 0.1
        in_lane = local[(np.abs(local[:, 1]) < reach) & (local[:, 0] > 0.0)]
        free = float(in_lane[:, 0].min(initial=math.inf)) - reach
        room = min(free, math.hypot(goal[0] - state.x, goal[1] - state.y))
        fastest = math.sqrt(robot.ax_max * max(room, 0.0))  # half of what the brakes could hold
        self.message = "waiting before an obstacle" if free <= 0.0 else "driving"
        return (0.0 if abs(ahead) > TURNS_FIRST else min(robot.vx_max, fastest)), turn


class ScanPeer(Driver):
    """A local controller of the study `peers`, whose obstacles are the hits of the newest scan."""

    peer = ""

    @classmethod
    def missing(cls) -> str:
        """See `Driver.missing`."""
        return PEERS[cls.peer].missing()

    def __init__(self, task: Task, seed: int) -> None:
        super().__init__(task, seed)
        settings = ControllerSettings(
            robot_radius=task.robot.radius,
            xy_goal_tolerance=TOLERANCE_PART * task.tolerance,
            controller_frequency=1.0 / task.period,
            seed=seed,
            **task.robot.limits,
        )
        self._controller = PEERS[self.peer].make(settings)
        self._controller.warm_up()

    def command(self, scan: Scan, state: RobotState, goal: Point) -> tuple[float, float]:
        """See `Driver.command`."""
        points = hits(scan, state.pose)
        rest = np.zeros((len(points), 2))
        circles = np.hstack([points, np.full((len(points), 1), POINT_RADIUS), rest])
        there = Pose(goal[0], goal[1], 0.0)
        situation = Situation(state, there, scan.stamp, circles=circles)
        result = self._controller.compute_command(situation)
        self.message = result.message
        return result.vx, result.wz


class DynamicWindow(ScanPeer):
    """The dynamic window approach."""

    peer = "dwa"


class Mppi(ScanPeer):
    """Model predictive path integral control."""

    peer = "mppi"


BASELINES: dict[str, type[Driver]] = {"straight": Straight, "dwa": DynamicWindow, "mppi": Mppi}
