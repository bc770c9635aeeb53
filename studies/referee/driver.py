"""What drives a robot in a referee's world, and how one is named on the command line."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.loading import load
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.perception.scan import Scan
from mme_ilqr_ros.simulation.robot import RobotSpec

Point = tuple[float, float]


@dataclass(frozen=True)
class Task:
    """What a driver knows before it starts; of the world it knows nothing.

    Attributes:
        robot: Shape and limits.
        start: Where the robot stands, in the frame of its odometry.
        way_points: Where it has to go, in order; the last one is the goal.
        tolerance: Distance in m at which the referee counts the goal as reached.
        passing: Distance in m at which it counts a way point before the goal as passed.
        period: Time in s from one command to the next.
        lidar_range: How far the lidar sees in m.
        distances: Least and wished distance in m from the robot's edge to what is in the way; None
            leaves it to the driver.
    """

    robot: RobotSpec
    start: Pose
    way_points: tuple[Point, ...]
    tolerance: float
    passing: float
    period: float
    lidar_range: float
    distances: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class View:
    """What a driver made of its scans, for a picture.

    Attributes:
        points: [N, 2] where it takes something to stand.
        circles: [M, 5] what it takes to move.
    """

    points: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    circles: NDArray[np.float64] = field(default_factory=no_circles)


class Driver(ABC):
    """A navigation stack: a scan, odometry and a goal in, a command out.

    A plug-in `module:Class` derives from it. It is made once for a run, and does there what takes
    long.

    Attributes:
        message: Its last word on what it is doing, for the table.
    """

    message = ""

    def __init__(self, task: Task, seed: int) -> None:
        self.task = task
        self.seed = seed

    @classmethod
    def missing(cls) -> str:
        """Return what to install before it can drive; empty where nothing lacks."""
        return ""

    @abstractmethod
    def command(self, scan: Scan, state: RobotState, goal: Point) -> tuple[float, float] | None:
        """Return the speed [m/s] and the turning rate [rad/s] until the next call; None: give up.

        Args:
            scan: The newest turn of the lidar; its stamp is now.
            state: Odometry; the referee lets it not drift.
            goal: The way point that is next.
        """

    def view(self) -> View:
        """Return what to draw of what it saw."""
        return View()


def _ours() -> type[Driver]:
    from studies.referee.ours import Ours

    return Ours


def _baseline(name: str) -> Callable[[], type[Driver]]:
    def kind() -> type[Driver]:
        from studies.referee import baselines

        return baselines.BASELINES[name]

    return kind


DRIVERS: dict[str, Callable[[], type[Driver]]] = {
    "mme_ilqr": _ours,
    "straight": _baseline("straight"),
    "dwa": _baseline("dwa"),
    "mppi": _baseline("mppi"),
}


def driver_of(name: str) -> type[Driver]:
    """Return the class of a driver: one of DRIVERS, or `module:Class`.

    Raises:
        InputError: There is none of this name, or it cannot be used.
    """
    if ":" not in name and name not in DRIVERS:
        raise InputError(f"--drivers {name}: there is {', '.join(DRIVERS)}, and module:Class")
    kind = load("--drivers", name, Driver) if ":" in name else DRIVERS[name]()
    if lack := kind.missing():
        raise InputError(f"--drivers {name}: {lack}")
    return kind
