"""When is a new plan worth leaving the one in force?

Two ways round an obstacle are often nearly as long. A planner that starts anew every second then
goes back and forth between them, and the robot with it; so the plan in force has a bonus.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mme_ilqr_ros.geometry.path import Path

SPACING = 0.05  # [m] between the points of the plan that are looked at


def is_worth_switching(
    current: Path, new: Path, position: ArrayLike, margin: float, corridor: float
) -> bool:
    """Return True when the robot should leave its plan for a new one on the same map.

    Args:
        current: The plan in force.
        new: A plan from the robot to the same goal.
        position: The robot [2].
        margin: Share by which the new plan must be shorter than what is left of the old one.
        corridor: Distance from the old plan at which it is given up in any case [m].
    """
    s = np.append(np.arange(0.0, current.length, SPACING), current.length)
    distances = np.hypot(*(current.point_at(s) - np.asarray(position)).T)
    nearest = int(np.argmin(distances))
    left = distances[nearest] + current.length - s[nearest]
    return bool(distances[nearest] > corridor or new.length < (1.0 - margin) * left)
