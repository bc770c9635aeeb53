"""Short drives without a goal: wait, turn, drive on a heading, go back along what was driven.

Each is bounded in way and in time, and its commands are made safe by the controller. One that
is blocked for a while ends with that as its reason.
"""

from __future__ import annotations

import enum
import math
from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.controller import LocalController
from mme_ilqr_ros.control.result import ControlResult
from mme_ilqr_ros.control.safe_twist import Twist
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.pose import RobotState, difference

Array = NDArray[np.float64]

STANDING: Twist = (0.0, 0.0, 0.0)
NEAR = 0.02  # [m] from the end of a drive
NEAR_TURN = 0.03  # [rad] from the end of a turn
BLOCKED_TIME = 1.5  # [s] without room, after which a manoeuvre ends
BRAKING = 0.5  # share of the braking that a drive to its end counts on
AT_REST = 0.02  # [m/s] and [rad/s] that odometry may show of a robot that stands
SPARE = 5.0  # [s] that a manoeuvre may take beyond twice what its way takes
KEEPS_HEADING = 1.5  # [1/s] turn for a deviation from the heading
ASIDE = 0.6  # [rad] from where it drives, beyond which a robot turns to its way first
AHEAD = 1.5  # [radii] on the way, where a robot that goes back heads for
SLOW = 0.5  # share of the top speed at which a robot goes back
MOST_TURN = 2.0 * math.pi  # [rad] that it turns to its way, in all
FASTEST_BACK = 0.25  # [m/s]


class ManoeuvreEnd(enum.Enum):
    """How a manoeuvre ended."""

    DONE = "done"
    BLOCKED = "blocked"
    TIMED_OUT = "timed out"
    IMPOSSIBLE = "impossible"
    STOPPED = "stopped"


class Manoeuvre(ABC):
    """One of them, from its begin to rest.

    Attributes:
        end: How it ended; None while it runs. The robot may still brake then.
        reason: Why it ended so, for people; empty where it is done.
        travelled: Way driven [m], or angle turned [rad].
        elapsed: Time since its begin [s].
        allowance: Time after which it ends [s].
        words: What it does, for people.
    """

    def __init__(self, allowance: float, words: str) -> None:
        """Begin.

        Args:
            allowance: Time after which it ends [s].
            words: What it does, for people.
        """
        self.end: ManoeuvreEnd | None = None
        self.reason = ""
        self.travelled = self.elapsed = 0.0
        self.words = words
        self.allowance = allowance
        self._blocked_for = 0.0
        self._last: float | None = None
        self._is_braked = False

    @property
    def is_over(self) -> bool:
        """Whether it has ended and the robot stands."""
        return self.end is not None and self._is_braked

    def stop(self, end: ManoeuvreEnd, reason: str) -> None:
        """End it from outside, if it has not ended."""
        if self.end is None:
            self.end, self.reason = end, reason

    def step(self, controller: LocalController, situation: Situation) -> ControlResult:
        """Run one control cycle."""
        elapsed = 0.0 if self._last is None else situation.now - self._last
        elapsed = elapsed if 0.0 <= elapsed <= 1.0 else controller.period
        self._last = situation.now
        self.elapsed += elapsed
        wanted = STANDING
        if self.end is None and situation.state.is_finite():
            wanted = self._wanted(situation.state, controller.own_settings)
        if self.end is None and self.elapsed > self.allowance:
            self.stop(ManoeuvreEnd.TIMED_OUT, f"not done after {self.allowance:.1f} s")
            wanted = STANDING
        result = controller.manoeuvre(wanted, situation, self.words)
        stands = not any(abs(value) > AT_REST for value in (result.vx, result.vy, result.wz))
        blocked = bool(result.gate) and stands
        self._blocked_for = self._blocked_for + elapsed if blocked else 0.0
        if self._blocked_for > BLOCKED_TIME:
            self.stop(ManoeuvreEnd.BLOCKED, result.gate)
        state = situation.state
        self._is_braked = (
            stands and max(abs(state.vx), abs(state.vy), abs(state.wz)) < 2.0 * AT_REST
        )
        return result

    @abstractmethod
    def _wanted(self, state: RobotState, settings: ControllerSettings) -> Twist:
        """Return the velocity of this cycle; end it where it is done."""


class Wait(Manoeuvre):
    """Stand for a while."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds, "waiting")

    def _wanted(self, state: RobotState, settings: ControllerSettings) -> Twist:
        if self.elapsed >= self.allowance:
            self.stop(ManoeuvreEnd.DONE, "")
        return STANDING


class Turn(Manoeuvre):
    """Turn on the spot; a car cannot.

    Args:
        angle: To turn by [rad], to the left where positive; may be more than a whole turn.
        speed: Turning rate [rad/s].
        allowance: Time [s]; None: derived.
    """

    def __init__(self, angle: float, speed: float, allowance: float | None = None) -> None:
        derived = 2.0 * abs(angle) / speed + SPARE
        super().__init__(derived if allowance is None else allowance, "turning")
        self._angle, self._speed, self._yaw = angle, speed, math.nan

    def _wanted(self, state: RobotState, settings: ControllerSettings) -> Twist:
        if settings.motion_model == "ackermann":
            self.stop(ManoeuvreEnd.IMPOSSIBLE, "a car cannot turn where it stands")
            return STANDING
        if math.isfinite(self._yaw):
            self.travelled += float(difference(state.yaw, self._yaw))
        self._yaw = state.yaw
        left = self._angle - self.travelled
        if left * self._angle <= 0.0 or abs(left) < NEAR_TURN:
            self.stop(ManoeuvreEnd.DONE, "")
            return STANDING
        speed = min(self._speed, math.sqrt(2.0 * BRAKING * settings.az_max * abs(left)))
        return 0.0, 0.0, math.copysign(speed, left)


class DriveStraight(Manoeuvre):
    """Drive ahead or back on the heading that the robot has.

    Args:
        distance: To drive [m]; negative: back.
        speed: In m/s.
        allowance: Time [s]; None: derived.
    """

    def __init__(self, distance: float, speed: float, allowance: float | None = None) -> None:
        words = "driving ahead" if distance > 0.0 else "backing up"
        derived = 2.0 * abs(distance) / speed + SPARE
        super().__init__(derived if allowance is None else allowance, words)
        self._distance, self._speed = distance, speed
        self._begin: RobotState | None = None

    def _wanted(self, state: RobotState, settings: ControllerSettings) -> Twist:
        begin = self._begin = self._begin or state
        if self._distance < 0.0 and settings.vx_min >= 0.0:
            self.stop(ManoeuvreEnd.IMPOSSIBLE, "vx_min = 0 lets the robot not reverse")
            return STANDING
        cos, sin = math.cos(begin.yaw), math.sin(begin.yaw)
        along = cos * (state.x - begin.x) + sin * (state.y - begin.y)
        self.travelled = abs(along)
        left = abs(self._distance) - math.copysign(1.0, self._distance) * along
        if left < NEAR:
            self.stop(ManoeuvreEnd.DONE, "")
            return STANDING
        speed = min(self._speed, math.sqrt(2.0 * BRAKING * settings.ax_max * left))
        off = float(difference(begin.yaw, state.yaw))
        return math.copysign(speed, self._distance), 0.0, KEEPS_HEADING * off


class Retreat(Manoeuvre):
    """Go back along a way: in reverse where the robot may, else turned round.

    Args:
        way: Places [N, 2] in m, from where the robot is.
        settings: In SI, see `own_units`.
    """

    def __init__(self, way: Array, settings: ControllerSettings) -> None:
        self._way, self._next = way, 0
        self._reverses = settings.vx_min < 0.0
        top = -settings.vx_min if self._reverses else settings.vx_max
        self._speed = min(SLOW * top, FASTEST_BACK) if top > 0.0 else FASTEST_BACK
        steps = np.hypot(*np.diff(way, axis=0).T)
        self._left = np.append(np.cumsum(steps[::-1])[::-1], 0.0)  # of the way at each place
        turning = MOST_TURN / settings.wz_max
        time = 2.0 * self._left[0] / self._speed + turning + SPARE
        super().__init__(float(time), "going back along what was driven")
        self._radius = settings.robot_radius
        self._turned, self._yaw = 0.0, math.nan

    def _wanted(self, state: RobotState, settings: ControllerSettings) -> Twist:
        here = state.position
        while self._next < len(self._way) - 1:  # passed: nearer to the one after
            now, after = self._way[self._next], self._way[self._next + 1]
            if math.dist(here, after) > math.dist(now, after):
                break
            self._next += 1
        left = float(self._left[self._next])
        self.travelled = float(self._left[0]) - left
        if left < NEAR or self._next == len(self._way) - 1:
            self.stop(ManoeuvreEnd.DONE, "")
            return STANDING
        target = self._ahead()
        bearing = math.atan2(target[1] - here[1], target[0] - here[0]) - state.yaw
        bearing = float(difference(bearing + (math.pi if self._reverses else 0.0), 0.0))
        speed = min(self._speed, math.sqrt(2.0 * BRAKING * settings.ax_max * left))
        turned = float(difference(state.yaw, self._yaw)) if math.isfinite(self._yaw) else 0.0
        self._turned, self._yaw = self._turned + abs(turned), math.nan
        if abs(bearing) > ASIDE and settings.motion_model != "ackermann":
            self._yaw = state.yaw
            if self._turned > MOST_TURN:
                self.stop(ManoeuvreEnd.BLOCKED, "the way back cannot be followed")
                return STANDING
            return 0.0, 0.0, math.copysign(0.5 * settings.wz_max, bearing)
        away = max(math.dist(here, target), 0.1 * self._radius)
        return (-speed if self._reverses else speed), 0.0, 2.0 * speed * math.sin(bearing) / away

    def _ahead(self) -> Array:
        """Return the place to head for [2]."""
        wanted = float(self._left[self._next]) - AHEAD * self._radius
        at = np.interp(max(wanted, 0.0), self._left[::-1], np.arange(len(self._left))[::-1])
        low = int(at)
        high = min(low + 1, len(self._way) - 1)
        return self._way[low] + (at - low) * (self._way[high] - self._way[low])
