"""The commands of a manoeuvre: a wanted velocity, as far as it is safe.

Plans are checked before they are driven; a manoeuvre has none. So the way to rest is looked at that
a command leads to: with the speed as it is measured until the command acts, then toward the
command, then braking on its curve. On it the robot's discs must keep the distance to walls and
circles that plans must keep, and where scans are used the command must pass the last gate as it is.
Of a velocity that is not safe a smaller share is tried, and at last the robot brakes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.commands import Commands
from mme_ilqr_ros.control.last_gate import LastGate, Passed
from mme_ilqr_ros.control.leeway import Leeway
from mme_ilqr_ros.control.robots import STEERING_SPEED, Robot
from mme_ilqr_ros.control.safety import ESCAPE, brake, distance_here, grown, stop_times
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.passable import discs_in, least_distance
from mme_ilqr_ros.geometry.pose import RobotState

Array = NDArray[np.float64]
Twist = tuple[float, float, float]
"""vx, vy [m/s] and wz [rad/s]."""

SHARES = (1.0, 0.6, 0.3, 0.15)
STEPS = 24  # of the way to rest
NO_ROOM = "no room to go on"


class SafeTwist:
    """Makes the commands of manoeuvres of one robot.

    Args:
        robot: The robot.
        commands: Knows the last command.
        gate: Its last gate.
    """

    def __init__(self, robot: Robot, commands: Commands, gate: LastGate) -> None:
        self._robot, self._commands, self._gate = robot, commands, gate
        model = robot.model
        self._kept, self._turning = list(model.kept_when_braking), list(model.turning)

    def update(self, settings: ControllerSettings) -> None:
        """Use other settings, in SI; see `own_units`."""
        self._settings = settings
        self._limits = self._robot.limits(settings)
        self._period = 1.0 / settings.controller_frequency
        self._discs = discs_in(settings)
        self._least = least_distance(settings.robot_radius, settings.clearance_margin)
        self._leeway = Leeway(ESCAPE, settings.robot_radius)

    def reset(self) -> None:
        """Forget how close the robot was."""
        self._leeway.reset()

    def command(self, wanted: Twist, situation: Situation) -> Passed:
        """Return the controls to command, and why they are not the wanted ones.

        Args:
            wanted: Velocity; what exceeds the limits is cut off.
            situation: Where the robot is and what stands in the way; its goal does not matter.
        """
        margin = self._settings.moving_margin_time
        wary = Situation(
            situation.state,
            None,
            situation.now,
            circles=grown(situation.circles, margin),
            walls=situation.walls,
        )
        held = self._commands.held(situation)
        here = distance_here(self._discs.centres(*_pose(situation.state)), wary)
        required = self._leeway.required(here, situation.state.position, self._least)
        watches, reason = self._gate.watches(situation), ""
        for share in SHARES if any(wanted) else ():
            controls = self._controls(wanted, share, held)
            if self._least_on(controls, held, wary) < required:
                reason = reason or NO_ROOM
            elif not watches:
                return Passed(controls, reason)
            else:
                passed = self._gate.let_pass(controls, held, situation)
                if not passed.reason:
                    return Passed(controls, reason)
                reason = reason or passed.reason
        braked = brake(held, self._limits, self._period, self._kept, self._turning)
        if watches:
            passed = self._gate.let_pass(braked, held, situation)
            return Passed(passed.controls, reason or passed.reason)
        return Passed(braked, reason)

    def _controls(self, wanted: Twist, share: float, held: Array) -> Array:
        """Return the reachable controls nearest to a share of a velocity."""
        vx, vy, wz = (share * value for value in wanted)
        # The steering angle can be told from a velocity that is fast enough.
        faster = max(1.0, 2.0 * STEERING_SPEED / abs(vx)) if vx and self._kept else 1.0
        state = RobotState(0.0, 0.0, 0.0, faster * vx, faster * wz, faster * vy)
        controls = np.array(self._robot.measured(state, held), float)
        speeds = [i for i in range(len(controls)) if i not in self._kept]
        controls[speeds] /= faster
        return self._limits.clip(controls, held, self._period)

    def _least_on(self, controls: Array, held: Array, situation: Situation) -> float:
        """Return the least distance of the discs' centres to walls and circles on the way to rest.

        Where the robot is does not count: only what it drives to.
        """
        state = situation.state
        poses, times = self._way_to_rest(state, controls)
        cos, sin = np.cos(poses[:, 2]), np.sin(poses[:, 2])
        x, y = self._discs.offsets.T[:, None]
        centres = np.stack(
            [
                poses[:, :1] + cos[:, None] * x - sin[:, None] * y,
                poses[:, 1:2] + sin[:, None] * x + cos[:, None] * y,
            ],
            axis=-1,
        )
        least = np.inf
        if situation.walls is not None:
            least = float(situation.walls.value_and_gradient(centres)[0].min())
        if len(circles := situation.circles):
            moved = circles[:, :2] + times[:, None, None] * circles[:, 3:]
            away = np.hypot(*np.moveaxis(centres[:, :, None] - moved[:, None], -1, 0))
            least = min(least, float((away - circles[:, 2]).min()))
        return least

    def _way_to_rest(self, state: RobotState, controls: Array) -> tuple[Array, Array]:
        """Return poses [N, 3] after now, and their times [N] in s, until the robot stands."""
        rates = self._limits.as_arrays()[2]
        each = stop_times(controls, rates, self._kept)
        stop_turning = float(each.max())
        each[self._turning] = 0.0
        stop = float(each.max())
        delay, period = 2.0 * self._settings.command_delay, self._period
        times = np.linspace(0.0, delay + period + max(stop, stop_turning), STEPS + 1)
        middle = 0.5 * (times[1:] + times[:-1])
        now = np.array([state.vx, state.vy, state.wz])
        then = np.array(self._robot.twist(controls))
        part = np.clip((middle - delay) / period, 0.0, 1.0)[:, None]
        twists = now + part * (then - now)
        braking = middle - delay - period
        for columns, duration in (((0, 1), stop), ((2,), stop_turning)):
            left = np.clip(1.0 - braking / max(duration, 1e-6), 0.0, 1.0)
            twists[:, columns] *= np.where(braking > 0.0, left, 1.0)[:, None]
        steps = np.diff(times)[:, None] * twists
        yaw = state.yaw + np.cumsum(steps[:, 2])
        heading = yaw - 0.5 * steps[:, 2]
        cos, sin = np.cos(heading), np.sin(heading)
        x = state.x + np.cumsum(cos * steps[:, 0] - sin * steps[:, 1])
        y = state.y + np.cumsum(sin * steps[:, 0] + cos * steps[:, 1])
        return np.column_stack([x, y, yaw]), times[1:]


def _pose(state: RobotState) -> tuple[float, float, float]:
    return state.x, state.y, state.yaw
