"""The plant: a differential drive that keeps its limits, behind a delay of its commands."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mme_ilqr_ros.geometry.pose import Pose, RobotState, wrap
from mme_ilqr_ros.simulation.shapes import distance_to_polygon

CENTRED = Pose(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class RobotSpec:
    """Shape and limits of a robot: a disc, or a polygon when it has a footprint.

    Attributes:
        radius: Radius in m of the disc, or of the smallest one round the footprint.
        vx_min: Lowest forward speed in m/s; 0 for a robot that must not reverse.
        vx_max: Highest forward speed in m/s.
        wz_max: Highest turning rate in rad/s, to either side.
        ax_max: Highest change of speed in m/s^2, up or down.
        az_max: Highest change of turning rate in rad/s^2.
        footprint: Corners (x, y) in m in the robot's frame, in order; empty for a disc.
        file: ROS parameter file that describes the robot, scanners included; empty without one.
        scanners: Topic and place in the robot's frame of each laser scanner.
    """

    radius: float = 0.2
    vx_min: float = 0.0
    vx_max: float = 1.0
    wz_max: float = 1.5
    ax_max: float = 2.5
    az_max: float = 5.0
    footprint: tuple[tuple[float, float], ...] = ()
    file: str = ""
    scanners: tuple[tuple[str, Pose], ...] = (("scan", CENTRED),)

    @classmethod
    def jackal(cls) -> RobotSpec:
        """Return the Clearpath Jackal as it drives in the BARN and DynaBARN worlds."""
        corners = ((0.254, 0.2159), (0.254, -0.2159), (-0.254, -0.2159), (-0.254, 0.2159))
        return cls(radius_round(corners), -0.5, 2.0, 3.0, 3.0, 6.0, corners)

    @property
    def inscribed_radius(self) -> float:
        """Radius in m of the largest disc round the robot's centre inside its shape."""
        if not self.footprint:
            return self.radius
        centre = np.zeros((1, 2))
        return max(0.0, -float(distance_to_polygon(centre, np.array(self.footprint))[0]))

    @property
    def limits(self) -> dict[str, float]:
        """Speed and acceleration limits by the names that the controller's parameters have."""
        names = ("vx_min", "vx_max", "wz_max", "ax_max", "az_max")
        return {name: getattr(self, name) for name in names}

    def as_disc(self, radius: float) -> RobotSpec:
        """Return a robot with the same limits and the shape of a disc."""
        return replace(self, radius=radius, footprint=())


def radius_round(corners: Sequence[tuple[float, float]]) -> float:
    """Return the radius in m of the smallest disc round the origin that holds all corners."""
    return max(math.hypot(x, y) for x, y in corners)


class Robot:
    """Drives: clamps the command, lags, accelerates within limits, rolls on an arc."""

    def __init__(self, spec: RobotSpec, pose: Pose, time_constant: float = 0.0) -> None:
        """Stand still at `pose`; `time_constant` in s is the first-order lag of both actuators."""
        self.spec = spec
        self.time_constant = time_constant
        self.state = RobotState(pose.x, pose.y, pose.yaw)

    def step(self, vx: float, wz: float, dt: float) -> RobotState:
        """Follow a velocity command for a short time.

        Args:
            vx: Commanded forward speed in m/s, finite.
            wz: Commanded turning rate in rad/s, finite.
            dt: Time in s, short: speed changes linearly in it and the arc uses the mean.

        Returns:
            The new state.
        """
        spec, old = self.spec, self.state
        vx = min(max(vx, spec.vx_min), spec.vx_max)
        wz = min(max(wz, -spec.wz_max), spec.wz_max)
        new_vx = self._approach(old.vx, vx, spec.ax_max * dt, dt)
        new_wz = self._approach(old.wz, wz, spec.az_max * dt, dt)
        pose = roll(old.pose, 0.5 * (old.vx + new_vx), 0.5 * (old.wz + new_wz), dt)
        self.state = RobotState(pose.x, pose.y, pose.yaw, new_vx, new_wz)
        return self.state

    def halt(self) -> None:
        """Lose all speed at once, as against an obstacle."""
        self.state = RobotState(self.state.x, self.state.y, self.state.yaw)

    def _approach(self, value: float, target: float, largest_change: float, dt: float) -> float:
        if self.time_constant > 0.0:  # the exact step response of dv/dt = (target - v) / tau
            target += (value - target) * math.exp(-dt / self.time_constant)
        if abs(target - value) <= largest_change:
            return target  # not value + (target - value), which could miss a limit by rounding
        return value + math.copysign(largest_change, target - value)


def roll(pose: Pose, vx: float, wz: float, dt: float) -> Pose:
    """Move a pose along the circular arc of constant speeds; exact for any `dt`.

    The chord of an arc of length v dt that turns by w dt has length v dt sinc(w dt / 2) and points
    half-way between the two headings.
    """
    turn = wz * dt
    chord = vx * dt * float(np.sinc(0.5 * turn / np.pi))
    heading = pose.yaw + 0.5 * turn
    x = pose.x + chord * math.cos(heading)
    y = pose.y + chord * math.sin(heading)
    return Pose(x, y, float(wrap(pose.yaw + turn)))


class CommandBuffer:
    """Delays velocity commands and drops to zero when no new one comes."""

    def __init__(self, delay: float, timeout: float) -> None:
        """Make an empty buffer.

        Args:
            delay: Time in s from a command to its effect.
            timeout: Time in s without a new command after which the command is zero; 0 for
                never.
        """
        self.delay = delay
        self.timeout = timeout
        self._waiting: deque[tuple[float, float, float]] = deque()
        self._last = (-float("inf"), 0.0, 0.0)

    def put(self, now: float, vx: float, wz: float) -> None:
        """Take a command in m/s and rad/s at time `now` in s; times must not go back."""
        self._waiting.append((now + self.delay, vx, wz))

    def at(self, now: float) -> tuple[float, float]:
        """Return the command (vx, wz) that reaches the wheels at time `now` in s."""
        # Stamps are sums of steps: the slack keeps a rounding error from costing a whole step.
        while self._waiting and self._waiting[0][0] <= now + 1e-9:
            self._last = self._waiting.popleft()
        came, vx, wz = self._last
        if self.timeout > 0.0 and now - came > self.timeout + 1e-9:
            return 0.0, 0.0
        return vx, wz

    def clear(self) -> None:
        """Forget every command."""
        self._waiting.clear()
        self._last = (-float("inf"), 0.0, 0.0)
