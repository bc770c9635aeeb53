"""A robot with nothing but a laser, odometry and a goal; without ROS.

Scans become walls, moving circles and points for the controller, and a map of what was seen, over
which the planner plans.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from mme_ilqr_ros.control.controller import LocalController
from mme_ilqr_ros.control.look import look_distance
from mme_ilqr_ros.control.result import ControlResult, ControlStatus
from mme_ilqr_ros.control.safe_twist import Twist
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.geometry.pose_history import PoseHistory
from mme_ilqr_ros.perception.perception import Perception
from mme_ilqr_ros.perception.scan import Scan
from mme_ilqr_ros.perception.seen import Seen
from mme_ilqr_ros.planning.planner import GlobalPlanner
from mme_ilqr_ros.planning.replanner import Replanner
from mme_ilqr_ros.planning.result import PlanResult, PlanStatus
from mme_ilqr_ros.planning.settings import ReplanSettings
from mme_ilqr_ros.planning.unknown import UnknownPlanner

SPACING = 0.05  # [m] between the points of a plan that are looked at


class Navigator:
    """Drives one robot to one goal after another; everything is in the frame of its odometry.

    Where perception corrects the drift of the odometry, that frame is where the odometry began, and
    goals and map are in it.

    Args:
        controller: Makes the commands.
        settings: Of the controller.
        perception: Sees.
        planner: Plans over what was seen; None heads for the goal itself.
        replan: When to plan again.
        known: A map, where there is one.
        scan_timeout: Age of the newest scan from which the robot brakes [s].

    Attributes:
        perception: What was seen.
        path: The plan in force, or None.
        planned: The newest result of the planner, or None.
        seen: What the newest cycle saw, or None.
    """

    def __init__(
        self,
        controller: LocalController,
        settings: ControllerSettings,
        perception: Perception,
        planner: GlobalPlanner | None = None,
        replan: ReplanSettings | None = None,
        known: GridMap | None = None,
        scan_timeout: float = 0.5,
    ) -> None:
        self.perception = perception
        self.goal: Pose | None = None
        self.planned: PlanResult | None = None
        self.seen: Seen | None = None
        self._controller, self._settings, self._known = controller, settings, known
        self._planner = UnknownPlanner(planner) if planner is not None else None
        self._least = planner.settings.least_distance if planner is not None else 0.0
        self._replanner = Replanner(replan or ReplanSettings())
        self._scan_timeout = scan_timeout
        self._history = PoseHistory()
        self._state: RobotState | None = None

    @property
    def path(self) -> Path | None:
        """The plan in force."""
        return self._replanner.path

    def set_goal(self, goal: Pose | None) -> None:
        """Drive to another goal; None stops."""
        self.goal, self.planned = goal, None
        self._replanner.restart()

    def update(self, settings: ControllerSettings) -> None:
        """Use other dynamic settings of the controller from the next cycle on."""
        self._controller.update(settings)
        self._settings = settings

    def adopt(self, controller: LocalController, settings: ControllerSettings) -> None:
        """Go on with another controller; what was seen and planned stays."""
        self._controller, self._settings = controller, settings

    def take_odometry(self, stamp: float, state: RobotState) -> None:
        """Take the state that odometry measured at `stamp` [s]."""
        if self._history.add(stamp, state):
            self._state = state

    def take_scan(self, scan: Scan) -> str:
        """Take a scan; return why it was not used, in one line, or nothing."""
        return self.perception.take(scan, self._history)

    def command(self, now: float) -> ControlResult:
        """Run one cycle at time `now` [s]: plan if it is time, then control."""
        if self._state is None:
            nowhere = RobotState(0.0, 0.0, 0.0)
            return self._controller.compute_command(Situation(nowhere, None, now))
        seen, situation = self._look(now, self._state)
        self._plan(now, situation.state, seen)
        reason = self._reason_to_stop(now, seen)
        situation = replace(situation, goal=None if reason else self.goal, path=self.path)
        result = self._controller.compute_command(situation)
        if reason and result.status is ControlStatus.NO_GOAL:
            return replace(result, status=ControlStatus.STUCK, message=reason)
        return result

    def manoeuvre(self, now: float, wanted: Twist, words: str) -> ControlResult:
        """Run one cycle of a manoeuvre, as far as it is safe; see `LocalController.manoeuvre`."""
        state = self._state or RobotState(0.0, 0.0, 0.0)
        seen, situation = self._look(now, state)
        if not seen.stamp > -np.inf:
            wanted = (0.0, 0.0, 0.0)  # blind
        return self._controller.manoeuvre(wanted, situation, words)

    def _look(self, now: float, state: RobotState) -> tuple[Seen, Situation]:
        """Return what is seen now, and a situation of it without goal and plan."""
        state = self.perception.localised(state)
        reach = look_distance(self._settings, state)
        self.seen = seen = self.perception.seen(now, state, reach)
        around = (seen.circles, seen.walls)
        situation = Situation(
            state, None, now, None, *around, points=seen.points, unseen=seen.unseen
        )
        return seen, situation

    def _reason_to_stop(self, now: float, seen: Seen) -> str:
        """Return why the robot must not drive although it has a goal, or nothing."""
        if self.goal is None:
            return ""
        if not seen.stamp > -np.inf:
            return "no scan yet"
        if now - seen.stamp > self._scan_timeout:
            return f"scans stopped {now - seen.stamp:.1f} s ago"
        if self._is_unreachable:
            assert self.planned is not None
            return self.planned.message
        return ""

    @property
    def _is_unreachable(self) -> bool:
        """Whether all that was seen leaves no way to the goal."""
        planned = self.planned
        none = planned is not None and planned.status is PlanStatus.NO_VALID_PATH
        return none and self.path is None

    def _plan(self, now: float, state: RobotState, seen: Seen) -> None:
        """Plan when it is time, or when something stands on the plan in force."""
        if self._planner is None or self.goal is None:
            return
        if self.path is not None and stands_on(self.path, state, seen.walls, self._least):
            self._replanner.hasten()
        if not self._replanner.is_due(now):
            return
        ends = (state.x, state.y), (self.goal.x, self.goal.y)
        plan = partial(self._planner.plan, self.perception.grid(), *ends, self._known)
        self._replanner.update(now, *ends, plan)
        self.planned = self._replanner.latest


def stands_on(path: Path, state: RobotState, walls: DistanceField, least: float) -> bool:
    """Return True where what stands is nearer than `least` [m] to the plan ahead of the robot.

    Where the robot itself is that near, the plan leads it away from there, and only what comes
    after counts.
    """
    s = np.append(np.arange(0.0, path.length, SPACING), path.length)
    points = path.point_at(s)
    ahead = points[int(np.argmin(np.hypot(*(points - state.position).T))) :]
    near = walls.value(ahead) < least - walls.resolution
    first_free = int(np.argmin(near)) if not near.all() else len(near)
    return bool(near[first_free:].any())
