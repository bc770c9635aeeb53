"""The inputs of one control cycle."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose, RobotState


@dataclass(frozen=True, eq=False)
class Situation:
    """Where the robot is, where it shall go, and what stands in the way, in one frame.

    Attributes:
        state: Measured pose and velocity.
        goal: Where to go; None stops the robot.
        now: Time of the measurement [s]; only differences matter.
        path: Plan to follow; None heads for the goal itself.
        circles: Obstacles as they are now: x, y, radius, vx, vy [M, 5].
        walls: Distance field of the map, or None.
        cost_to_go: The planner's field to the same goal, ready to track. With it the robot follows
            the field's gradient, and not a point of the path.
    """

    state: RobotState
    goal: Pose | None
    now: float
    path: Path | None = None
    circles: NDArray[np.float64] = field(default_factory=no_circles)
    walls: DistanceField | None = None
    cost_to_go: CostToGo | None = None

    def is_finite(self) -> bool:
        """Return True when state, goal, time and circles are finite numbers."""
        goal = self.goal
        numbers = (self.now,) if goal is None else (self.now, goal.x, goal.y, goal.yaw)
        finite = self.state.is_finite() and all(map(math.isfinite, numbers))
        return finite and bool(np.isfinite(self.circles).all())
