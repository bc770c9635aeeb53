"""A laser scanner on a robot: which rays it sends, when, and what it makes of their hits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.pose import Pose, difference
from mme_ilqr_ros.simulation.lidar import Standing
from mme_ilqr_ros.simulation.recent import Moment, RecentMoments
from mme_ilqr_ros.simulation.settings import ScanSettings

FloatArray = NDArray[np.float64]
DIRT_RANGE = 0.1  # m
CENTRED = Pose(0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class LaserScan:
    """One turn of a scanner, in its own frame.

    Attributes:
        angle_min: Direction of the first ray in rad.
        angle_increment: Angle from one ray to the next in rad.
        range_min: Nearest measurable distance in m.
        range_max: Furthest measurable distance in m.
        ranges: [B] distances in m, infinite where nothing was hit.
        stamp: Time of the first ray in s.
        time_increment: Time from one ray to the next in s, as the scanner says it.
        mount: The scanner in the robot's frame.
    """

    angle_min: float
    angle_increment: float
    range_min: float
    range_max: float
    ranges: FloatArray
    stamp: float = 0.0
    time_increment: float = 0.0
    mount: Pose = CENTRED


def measure(
    spec: ScanSettings,
    standing: Standing,
    recent: RecentMoments,
    now: Moment,
    rng: np.random.Generator,
) -> LaserScan:
    """Measure one turn that ends now: every ray from where the robot was when it was sent.

    Args:
        spec: The scanner.
        standing: What does not move.
        recent: The steps that the turn took.
        now: The robot and the circles as they are.
        rng: Makes all noise.
    """
    increment, first = spec.step, -0.5 * spec.field_of_view
    count = np.arange(spec.beams, dtype=np.float64)
    angles = first + increment * count
    pace = spec.time_increment * (1.0 + spec.faults.spin_error)
    times = now.begin - pace * count[::-1]
    true = np.empty(spec.beams)
    for part, moment in recent.at(times, now):
        ages = np.maximum(times[part] - moment.begin, 0.0)
        rays = _mounted(moment.poses(ages), spec.mount), angles[part], ages
        true[part] = standing.hits(*rays, moment.circles, spec.range_max)
    noisy = true + rng.normal(scale=spec.noise_std, size=spec.beams)
    ranges = np.where(np.isinf(true), true, np.clip(noisy, spec.range_min, spec.range_max))
    _spoil(ranges, angles, spec, rng)
    limits, stamp = (spec.range_min, spec.range_max), float(times[0])
    return LaserScan(first, increment, *limits, ranges, stamp, spec.time_increment, spec.mount)


def longest_turn(spec: ScanSettings) -> float:
    """Return how long in s a scanner measures at most."""
    return spec.rotation_time * (1.0 + max(spec.faults.spin_error, 0.0))


def _mounted(robot: FloatArray, mount: Pose) -> FloatArray:
    """Return poses [B, 3] of a scanner from those of the robot."""
    x, y, yaw = robot.T
    cos, sin = np.cos(yaw), np.sin(yaw)
    ahead, left = cos * mount.x - sin * mount.y, sin * mount.x + cos * mount.y
    return np.stack([x + ahead, y + left, yaw + mount.yaw], axis=-1)


def _spoil(
    ranges: FloatArray, angles: FloatArray, spec: ScanSettings, rng: np.random.Generator
) -> None:
    """Put the scanner's faults into its ranges [B]."""
    faults = spec.faults
    if faults.dropout > 0.0:
        empty = math.nan if faults.dropout_value == "nan" else math.inf
        ranges[rng.random(len(ranges)) < faults.dropout] = empty
    if faults.dirt_width > 0.0:
        aside = np.abs(difference(angles, faults.dirt_direction))
        ranges[aside <= 0.5 * faults.dirt_width] = max(DIRT_RANGE, spec.range_min)
