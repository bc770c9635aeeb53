"""Drives with true circles, and what a scanner on the robot would have seen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.benchmark.drive import drive
from mme_ilqr_ros.benchmark.setup import Setup
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.geometry.pose_history import PoseHistory
from mme_ilqr_ros.perception.points import ScanPoints, scan_points
from mme_ilqr_ros.perception.scan import Scan
from mme_ilqr_ros.simulation.lidar import scan
from mme_ilqr_ros.simulation.scenario import Scenario

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Scanner:
    """The scanner: symmetric about straight ahead, at the robot's centre, all rays at once.

    Attributes:
        field_of_view: In rad.
        beams: Number of rays.
        range_max: In m.
        noise: Standard deviation of a distance [m].
        period: Between scans [s].
    """

    field_of_view: float
    beams: int = 720
    range_max: float = 10.0
    noise: float = 0.01
    period: float = 0.1


@dataclass(frozen=True, eq=False)
class Recording:
    """A drive.

    Attributes:
        scenario: The world.
        times: [S] of scans in s.
        poses: [S, 3] x, y, yaw of the robot then.
        circles: All true circles [M, 5] then, in a fixed order as long as none comes or goes.
    """

    scenario: Scenario
    times: FloatArray
    poses: FloatArray
    circles: list[FloatArray]

    def scans(self, scanner: Scanner, rng: np.random.Generator) -> Iterator[ScanPoints]:
        """Yield what the scanner sees."""
        history = PoseHistory()
        whole = scanner.field_of_view >= 2.0 * math.pi - 1e-9
        increment = scanner.field_of_view / (scanner.beams - (not whole))
        first = -0.5 * scanner.field_of_view
        angles = first + increment * np.arange(scanner.beams)
        world = self.scenario
        for time, pose, circles in zip(self.times, self.poses, self.circles, strict=True):
            history.add(time, RobotState(*pose))
            true = scan(Pose(*pose), angles, circles, world.grid, scanner.range_max, world.boxes)
            ranges = true + rng.normal(scale=scanner.noise, size=len(true))
            measured = Scan(ranges, first, increment, 0.05, scanner.range_max, float(time))
            yield scan_points(measured, history, scanner.range_max)


def record(scenario: Scenario, setup: Setup, seed: int, period: float) -> Recording:
    """Drive a world with true circles; look round every `period` s."""
    run = drive(scenario, setup, 0, seed).record
    times = np.array([time for time, _ in run.circles])
    due = np.unique(np.searchsorted(times, np.arange(0.0, times[-1], period) - 1e-6))
    states = run.states
    poses = states[np.searchsorted(states[:, 0], times[due] - 1e-9), 1:4]
    return Recording(scenario, times[due], poses, [run.circles[index][1] for index in due])
