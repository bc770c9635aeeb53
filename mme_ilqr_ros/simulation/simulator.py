"""The simulator: a robot in a world, stepped through time."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.simulation.lidar import Standing
from mme_ilqr_ros.simulation.odometry import Odometry
from mme_ilqr_ros.simulation.recent import Moment, RecentMoments
from mme_ilqr_ros.simulation.robot import CommandBuffer, Robot, RobotSpec
from mme_ilqr_ros.simulation.scanner import LaserScan, longest_turn, measure
from mme_ilqr_ros.simulation.scenario import Scenario
from mme_ilqr_ros.simulation.settings import SimulatorSettings
from mme_ilqr_ros.simulation.world import clearance_of

FloatArray = NDArray[np.float64]
LONGEST_STEP = 0.01  # s; at 1 m/s nothing thicker than 1 cm is jumped over


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
        self._odometry = Odometry(settings.odom_drift, rng)
        self._standing = Standing(scenario.grid, scenario.boxes)
        self._recent = RecentMoments(
            max(map(longest_turn, settings.scanners.values()), default=0.0)
        )
        self.reset()

    def reset(self, pose: Pose | None = None) -> None:
        """Put the robot at rest at `pose`, or at the start, and forget contacts and commands.

        Time runs on, so that a clock made from it never goes back and circles do not jump.
        """
        self._robot = Robot(
            self.scenario.robot, pose or self.scenario.start, self.settings.actuator_time_constant
        )
        self._commands.clear()
        self._odometry.reset(self.state.pose)
        self._recent.clear()
        self.collided = False
        self.min_clearance = math.inf
        self._check_contact()

    def change_robot(self, robot: RobotSpec) -> None:
        """Use other limits or another shape from now on; the robot drives on from where it is."""
        self.scenario = replace(self.scenario, robot=robot)
        self._robot.spec = robot

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
            self._move(dt / count)
            self.time = begin + dt * index / count
            self.world.update(self.time, self.state.position)
            self._check_contact()
        return self.state

    def _move(self, dt: float) -> None:
        """Let the robot drive for a short time, and keep in mind how."""
        before = self.state
        if not self.collided:
            self._robot.step(*self._commands.at(self.time), dt)
        vx, wz = 0.5 * (before.vx + self.state.vx), 0.5 * (before.wz + self.state.wz)
        if self._recent.kept > 0.0:
            self._recent.add(Moment(self.time, before.pose, vx, wz, self.circles()))
        self._odometry.add(vx, wz, dt)

    def measured_state(self) -> RobotState:
        """Measure the state once: by dead reckoning, with the drift and noise of the settings."""
        noise, known = self.settings.odom_noise, self._odometry.measure(self.state)
        stds = (noise.position_std, noise.position_std, noise.yaw_std, noise.vx_std, noise.wz_std)
        return RobotState(*(known.as_array() + self._rng.normal(scale=stds)).tolist())

    def measured_scan(self, scanner: str = "scan") -> LaserScan:
        """Measure one turn that ends now, with the noise and faults of the settings.

        Args:
            scanner: A name of `settings.scanners`.
        """
        spec = self.settings.scanners[scanner]
        now = Moment(self.time, self.state.pose, 0.0, 0.0, self.circles())
        return measure(spec, self._standing, self._recent, now, self._rng)

    def _check_contact(self) -> None:
        clearance = self.clearance
        self.min_clearance = min(self.min_clearance, clearance)
        if clearance < 0.0 and not self.collided:
            self.collided = True
            self._robot.halt()
