"""An endless corridor with pillars, and the robot that drives in it: the truth of the faults."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.pose import RobotState

WIDTH = 3.0  # m between the walls, which lie along x
SPACING, OUTSIDE, RADIUS = 2.5, 1.2, 0.2  # m: of the pillars, along x; off the middle; of each
RANGE_MIN, RANGE_MAX = 0.12, 8.0  # m
FASTER = 2.0  # m/s^2 by which the robot changes its speed
TURNS = 4.0  # rad/s^2

FloatArray = NDArray[np.float64]


def ranges(scanner: FloatArray, angles: FloatArray, noise: np.random.Generator) -> FloatArray:
    """Return what a scanner measures [B] in m with a noise of 1 cm; inf where nothing is near.

    Args:
        scanner: [B, 3] x, y, yaw of the scanner at every ray.
        angles: [B] in rad from its x axis.
        noise: Of the distances.
    """
    x, y, yaw = scanner.T
    dx, dy = np.cos(yaw + angles), np.sin(yaw + angles)
    with np.errstate(divide="ignore"):
        walls = np.where(dy > 0.0, 0.5 * WIDTH - y, 0.5 * WIDTH + y) / np.abs(dy)
    nearest = np.minimum(walls, _pillars(x, y, dx, dy))
    measured = nearest + 0.01 * noise.normal(size=len(angles))
    return np.where(nearest <= RANGE_MAX, measured, np.inf)


def _pillars(x: FloatArray, y: FloatArray, dx: FloatArray, dy: FloatArray) -> FloatArray:
    """Return the distance to the first pillar on each ray [B] in m, inf without one."""
    first = math.floor((x.min() - RANGE_MAX) / SPACING)
    nearest = np.full(len(dx), np.inf)
    for k in range(first, first + math.ceil(2.0 * RANGE_MAX / SPACING) + 2):
        for side in (-OUTSIDE, OUTSIDE):
            right, up = k * SPACING - x, side - y
            ahead, beside = right * dx + up * dy, right * dy - up * dx
            reached = (np.abs(beside) < RADIUS) & (ahead > 0.0)
            depth = np.sqrt(np.maximum(RADIUS**2 - beside**2, 0.0))
            nearest = np.where(reached, np.minimum(nearest, ahead - depth), nearest)
    return nearest


def distance(points: FloatArray) -> FloatArray:
    """Return how far points [N, 2] are from the nearest surface in m, on either side of it."""
    wall = np.abs(0.5 * WIDTH - np.abs(points[:, 1]))
    along = points[:, 0] - SPACING * np.rint(points[:, 0] / SPACING)
    pillar = np.hypot(along, np.abs(points[:, 1]) - OUTSIDE) - RADIUS
    return np.minimum(wall, np.abs(pillar))


def moved(state: RobotState, vx: float, wz: float, seconds: float) -> RobotState:
    """Return the robot a little later, told to drive at a speed [m/s] and to turn [rad/s]."""
    vx = state.vx + float(np.clip(vx - state.vx, -FASTER * seconds, FASTER * seconds))
    wz = state.wz + float(np.clip(wz - state.wz, -TURNS * seconds, TURNS * seconds))
    yaw = state.yaw + seconds * wz
    x = state.x + seconds * vx * math.cos(yaw)
    y = state.y + seconds * vx * math.sin(yaw)
    return RobotState(x, y, yaw, vx, wz)
