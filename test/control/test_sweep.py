"""The swept shape, against a brute force that takes a thousand steps a second."""

import math

import numpy as np
import pytest

from mme_ilqr_ros.control.sweep import (
    FINE,
    first_that_passes,
    shape_gap,
    sweep_slack,
    with_most_slack,
)
from mme_ilqr_ros.simulation.shapes import distance_to_polygon

BOX = np.array([[0.3, -0.2], [0.25, 0.2], [-0.3, 0.2], [-0.4, 0.0], [-0.3, -0.2]])
SHAPES = {"disc": (np.zeros((1, 2)), 0.2), "polygon": (BOX, 0.0), "grown": (BOX, 0.05)}
STEP = 1e-3


def gaps(shape, points):
    corners, radius = shape
    if len(corners) == 1:
        return np.hypot(*(points - corners[0]).T) - radius
    return distance_to_polygon(points, corners) - radius


def brute_slack(twists, times, shape, rows):
    """Least slack at every millisecond until rest."""
    delay, period, hold, stop, stop_turning = times
    t = STEP * np.arange(math.ceil(times[[0, 1, 2, 4]].sum() / STEP) + 1)
    into = t + 0.5 * STEP - delay - period
    ramp = np.clip(into / period + 1.0, 0.0, 1.0)[:, None]
    speeds = (1.0 - ramp) * twists[0] + ramp * twists[1]
    braking = np.maximum(into - hold, 0.0)[:, None]
    for columns, duration in (([0, 1], stop), ([2], stop_turning)):
        speeds[:, columns] *= np.clip(1.0 - braking / duration, 0.0, None)
    turns = STEP * speeds[:, 2]
    yaw = np.cumsum(turns) - turns
    way = STEP * (speeds[:, 0] + 1j * speeds[:, 1]) * np.exp(1j * (yaw + 0.5 * turns))
    place = np.cumsum(way) - way
    least = math.inf
    for x, y, radius, vx, vy, need in rows:
        local = (x + 1j * y + t * (vx + 1j * vy) - place) * np.exp(-1j * yaw)
        away = gaps(shape, np.column_stack([local.real, local.imag]))
        least = min(least, away.min() - radius - need)
    return least


def random_case(rng, shape):
    twists = rng.uniform([-0.5, -0.5, -2.0], [2.0, 0.5, 2.0], (2, 3))
    stop = rng.uniform(0.05, 0.8)
    hold = rng.choice([0.0, 0.3])
    times = np.array([rng.uniform(0.0, 0.1), 0.1, hold, stop, stop + rng.uniform(0.0, 0.3)])
    rows = np.zeros((8, 6))
    rows[:, :2] = rng.uniform(-1.5, 1.5, (8, 2))
    rows[:4, 2] = rng.uniform(0.0, 0.3, 4)
    rows[:4, 3:5] = rng.uniform(-1.0, 1.0, (4, 2))
    rows[:, 5] = np.minimum(0.02, gaps(shape, rows[:, :2]) - rows[:, 2] - 0.002)
    return twists, times, rows


@pytest.mark.parametrize("name", SHAPES)
def test_the_slack_is_that_of_a_brute_force(name):
    """The smallest where it is negative; where nothing comes too near, its sign."""
    rng, seen = np.random.default_rng(7), []
    for _ in range(60):
        twists, times, rows = random_case(rng, SHAPES[name])
        found, row, when = sweep_slack(twists, times, *SHAPES[name], rows, -math.inf)
        truth = brute_slack(twists, times, SHAPES[name], rows)
        assert found >= truth - 0.5 * FINE
        if truth < -1e-3:
            assert found == pytest.approx(truth, abs=0.5 * FINE)
            assert 0 <= row < 8
            assert 0.0 <= when <= times[[0, 1, 2, 4]].sum() + 1e-9
        elif truth > 1e-3:
            assert found >= 0.0
        seen.append(truth < 0.0)
    assert 10 < sum(seen) < 50


@pytest.mark.parametrize("name", SHAPES)
def test_the_gap_of_a_point_is_exact_outside_and_inside(name):
    points = np.random.default_rng(1).uniform(-0.6, 0.6, (300, 2))
    corners, radius = SHAPES[name]
    found = [shape_gap(corners, radius, *point) for point in points]
    np.testing.assert_allclose(found, gaps(SHAPES[name], points), atol=1e-12)
    assert min(found) < -0.05 < 0.1 < max(found)


def test_the_first_command_that_passes_is_taken_and_the_one_with_most_slack_told():
    rows = np.array([[0.5, 0.0, 0.0, 0.0, 0.0, 0.02]])
    twists = np.zeros((3, 2, 3))
    twists[:, :, 0] = np.array([1.4, 1.2, 0.5])[:, None]
    times = np.tile([0.05, 0.1, 0.0, 0.2, 0.2], (3, 1))
    whole, shape = np.tile([0, 1], (3, 1)), SHAPES["disc"]
    assert first_that_passes(twists, times, whole, *shape, rows) == 2
    assert first_that_passes(twists[:2], times[:2], whole[:2], *shape, rows) == -1
    assert with_most_slack(twists[:2], times[:2], *shape, rows) == 1
    assert with_most_slack(twists, times, *shape, rows) == 2
    none = np.zeros((3, 2), np.int64)  # commands that need not look at anything
    assert first_that_passes(twists, times, none, *shape, rows) == 0


def test_who_would_be_hit_while_it_stops_may_drive_on_out_of_the_way():
    """A disc crosses from the left, behind the robot if that drives on."""
    rows = np.array([[0.0, 0.85, 0.3, 0.0, -1.0, 0.02]])
    twists, times = np.zeros((1, 2, 3)), np.array([[0.05, 0.1, 0.0, 0.4, 0.4]])
    twists[:, :, 0] = 1.0
    shape = SHAPES["disc"]
    assert sweep_slack(twists[0], times[0], *shape, rows, 0.0)[0] < 0.0
    moving, standing = np.array([[1, 1]]), np.array([[0, 1]])
    assert first_that_passes(twists, times, moving, *shape, rows) == 0
    assert first_that_passes(twists, times, standing, *shape, rows) == -1
    wall = np.array([[0.9, 0.0, 0.0, 0.0, 0.0, 0.02]])  # but not toward what stands
    both = np.concatenate([rows, wall])
    assert first_that_passes(twists, times, np.array([[1, 2]]), *shape, both) == -1
