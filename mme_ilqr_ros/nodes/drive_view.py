"""What the controller is doing and where it is on its way, for who gave the goal."""

from __future__ import annotations

import math

from rclpy.node import Node

from mme_ilqr_ros.control.result import ControlResult, ControlStatus
from mme_ilqr_ros.control.target import PathTarget
from mme_ilqr_ros.nodes.controller_inputs import Snapshot
from mme_ilqr_ros.nodes.conversions import pose_stamped
from mme_ilqr_ros.nodes.journey import Doing, Journey

NO_COMMAND = (ControlStatus.BLOCKED, ControlStatus.INVALID_INPUT)
BRAKED = 0.1  # m/s and rad/s below which a robot that is told to stand does so


class DriveView:
    """Keeps the last control cycle.

    Attributes:
        doing: What it came to.
    """

    def __init__(self, node: Node) -> None:
        """Begin before the first cycle."""
        self.doing = Doing(None, "", lacks_command=False)
        self._node = node
        self._last: tuple[ControlResult, Snapshot] | None = None
        self._road = PathTarget()  # to measure along plans

    def note(self, result: ControlResult, seen: Snapshot) -> None:
        """Keep a cycle."""
        self._last = result, seen
        lacks_command = bool(seen.missing) or result.status in NO_COMMAND
        self.doing = Doing(result.status, seen.missing or result.message, lacks_command)

    def halt(self, reason: str) -> None:
        """Note that no cycle could be run."""
        self.doing = Doing(None, reason, lacks_command=True)

    def rest(self) -> None:
        """Note that there is nothing to do."""
        self._last, self.doing = None, Doing(None, "", lacks_command=False)

    @property
    def is_braked(self) -> bool:
        """Whether the last command is zero, and the robot's speed nearly."""
        if self._last is None:
            return True
        result, state = self._last[0], self._last[1].situation.state
        is_driven = any((result.vx, result.vy, result.wz))
        return not is_driven and max(abs(state.vx), abs(state.vy), abs(state.wz)) < BRAKED

    def journey(self) -> Journey | None:
        """Return where the robot is and how far it has to go; None while that is not known."""
        if self._last is None:
            return None
        _, seen = self._last
        state, goal, path = seen.situation.state, seen.situation.goal, seen.situation.path
        rest = 0.0 if goal is None else math.hypot(goal.x - state.x, goal.y - state.y)
        if path is not None:
            rest, _ = self._road.rest(path, state.position, 0.0, None)
        stamp = self._node.get_clock().now().to_msg()
        pose = pose_stamped(state.pose, stamp, seen.frame)
        return Journey(pose, rest, math.hypot(state.vx, state.vy), 1)
