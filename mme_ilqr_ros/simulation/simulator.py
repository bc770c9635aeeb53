"""The simulator: a robot in a world, stepped through time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.simulation.lidar import scan
from mme_ilqr_ros.simulation.robot import CommandBuffer, Robot
from mme_ilqr_ros.simulation.scenario import Scenario
from mme_ilqr_ros.simulation.settings import ScanSettings, SimulatorSettings
from mme_ilqr_ros.simulation.world import clearance_of

FloatArray = NDArray[np.float64]
LONGEST_STEP = 0.01  # s; at 1 m/s nothing thicker than 1 cm is jumped over


@dataclass(frozen=True, eq=False)
class LaserScan:
    """One turn of the scanner, in the robot's frame.

    Attributes:
        angle_min: Direction of the first ray in rad.
        angle_increment: Angle from one ray to the next in rad.
        range_min: Nearest measurable distance in m.
        range_max: Furthest measurable distance in m.
        ranges: [B] distances in m, infinite where nothing was hit.
    """

    angle_min: float
    angle_increment: float
    range_min: float
    range_max: float
    ranges: FloatArray


class Simulator:
    """Steps a scenario: commands in, states and measurements out.

    Every step of at most 10 ms is checked for contact. Contact is final: the robot stands where it
    touched until `reset`.

    Attributes:
        scenario: What is driven.
        settings: What the robot is made of.
        world: The obstacles.
        time: Simulated time in s since the start; it never goes back.
        collided: True once the robot has touched something.
        min_clearance: Smallest distance in m so far from the robot's edge to anything.
    """

    def __init__(
        self, scenario: Scenario, settings: SimulatorSettings, rng: np.random.Generator
    ) -> None:
        """Put the robot at the scenario's start; `rng` makes all noise."""
        self.scenario = scenario
        self.settings = settings
        self.world = scenario.world()
        self.time = 0.0
        self._rng = rng
        self._commands = CommandBuffer(settings.command_delay, settings.cmd_vel_timeout)
        self.reset()

    def reset(self, pose: Pose | None = None) -> None:
        """Put the robot at rest at `pose`, or at the start, and forget contacts and commands.

        Time runs on, so that a clock made from it never goes back and circles do not jump.
        """
        self._robot = Robot(
            self.scenario.robot, pose or self.scenario.start, self.settings.actuator_time_constant
        )
        self._commands.clear()
        self.collided = False
        self.min_clearance = math.inf
        self._check_contact()

    @property
    def state(self) -> RobotState:
        """The true state, in the map frame."""
        return self._robot.state

    @property
    def clearance(self) -> float:
        """Distance in m from the robot's edge to the nearest thing now; below 0 when it touches."""
        return clearance_of(self.scenario.robot, self.state.pose, self.world, self.time)

    def circles(self) -> FloatArray:
        """Return all circles [M, 5] as they are now."""
        return self.world.circles_at(self.time)

    def command(self, vx: float, wz: float) -> bool:
        """Take a velocity command in m/s and rad/s.

        Returns:
            False when it was not finite; then it counts as a command to stop.
        """
        finite = math.isfinite(vx) and math.isfinite(wz)
        self._commands.put(self.time, *((vx, wz) if finite else (0.0, 0.0)))
        return finite

    def step(self, dt: float) -> RobotState:
        """Let `dt` seconds pass and return the true state."""
        count = max(math.ceil(dt / LONGEST_STEP - 1e-9), 1)
        begin = self.time
        for index in range(1, count + 1):
            if not self.collided:
                self._robot.step(*self._commands.at(self.time), dt / count)
            self.time = begin + dt * index / count
            self.world.update(self.time, self.state.position)
            self._check_contact()
        return self.state

    def measured_state(self) -> RobotState:
        """Measure the state once, with the noise of the settings."""
        noise = self.settings.odom_noise
        stds = (noise.position_std, noise.position_std, noise.yaw_std, noise.vx_std, noise.wz_std)
        return RobotState(*(self.state.as_array() + self._rng.normal(scale=stds)).tolist())

    def measured_scan(self) -> LaserScan:
        """Measure the surroundings once, with the noise of the settings."""
        spec = self.settings.scan
        first, increment = _fan(spec)
        angles = first + increment * np.arange(spec.beams, dtype=np.float64)
        world = (self.circles(), self.scenario.grid, spec.range_max, self.scenario.boxes)
        true = scan(self.state.pose, angles, *world)
        noisy = true + self._rng.normal(scale=spec.noise_std, size=spec.beams)
        ranges = np.where(np.isinf(true), true, np.clip(noisy, spec.range_min, spec.range_max))
        return LaserScan(first, increment, spec.range_min, spec.range_max, ranges)

    def _check_contact(self) -> None:
        clearance = self.clearance
        self.min_clearance = min(self.min_clearance, clearance)
        if clearance < 0.0 and not self.collided:
            self.collided = True
            self._robot.halt()


def _fan(spec: ScanSettings) -> tuple[float, float]:
    """Return the direction of the first ray and the angle between rays, in rad."""
    full_turn = spec.field_of_view >= 2.0 * math.pi - 1e-9
    steps = spec.beams if full_turn else max(spec.beams - 1, 1)
    return -0.5 * spec.field_of_view, spec.field_of_view / steps
