"""The drift of the odometry is found by the hits, as far as they tell it."""

import math

import numpy as np
import pytest
from lidar_world import Laser, drive, room, straight, wall

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.perception.matcher import match, share_at_sites
from mme_ilqr_ros.perception.perception import Perception
from mme_ilqr_ros.perception.settings import PerceptionSettings

SPEED, TURN = 0.8, 0.3
CIRCLES = np.array(
    [[4.5, 0.5, 0.3, 0, 0], [-4.0, 1.0, 0.2, 0, 0], [0.3, 2.5, 0.4, 0, 0], [-2.0, 7.5, 0.3, 0, 0]]
)
BOXES = room((-6.0, -3.0), (6.0, 9.0))


def scene(t):
    return CIRCLES, BOXES


def mapped():
    """Return what was seen from a standing robot, and a scan of it."""
    perception = Perception(PerceptionSettings(movers=False))
    path = straight(0.0)
    drive(perception, Laser(720, noise=0.01), path, 1.0, scene=scene)
    (points,) = perception.newest.values()
    return perception.evidence, points.ends[points.hit]


@pytest.mark.parametrize("off", [Pose(0.06, -0.04, 0.03), Pose(0.0, 0.1, -0.02), Pose(0, 0, 0.05)])
def test_a_scan_that_lies_off_is_brought_back(off):
    evidence, hits = mapped()
    found = match(evidence, off.transform(hits), np.array([off.x, off.y]), moved=3.0, turned=1.0)
    assert found.good
    back = found.motion.compose(off)
    assert math.hypot(back.x, back.y) < 0.005
    assert abs(back.yaw) < 0.001
    assert share_at_sites(evidence, hits) > 0.95
    assert share_at_sites(evidence, hits + 3.0) < 0.3


def test_along_a_bare_corridor_odometry_is_believed_and_across_it_the_scan():
    perception = Perception(PerceptionSettings(movers=False))
    corridor = [wall(-40.0, 1.0, 40.0, 1.0), wall(-40.0, -1.0, 40.0, -1.0)]
    drive(perception, Laser(720), straight(0.0), 1.0, scene=lambda t: (None, corridor))
    (points,) = perception.newest.values()
    hits = points.ends[points.hit & (np.abs(points.ends[:, 0]) < 6.0)]
    off = np.array([0.05, 0.05])
    found = match(perception.evidence, hits + off, off, moved=0.1, turned=0.0)
    assert found.good
    assert found.motion.y == pytest.approx(-0.05, abs=0.003)
    assert abs(found.motion.x) < 0.01


def test_where_nothing_is_known_nothing_is_corrected():
    evidence, hits = mapped()
    assert not match(evidence, hits + 30.0, np.array([30.0, 30.0]), 1.0, 1.0).good
    assert not match(evidence, hits[:5], np.zeros(2), 1.0, 1.0).good


@pytest.mark.parametrize(("corrects", "least", "most"), [(True, 0.0, 0.04), (False, 0.3, 9.0)])
def test_drift_of_odometry_is_corrected_round_after_round(corrects, least, most):
    """2 % and .01 rad/m over 22 m: two rounds and a half of a circle."""
    path, odometry = straight(SPEED, TURN), straight(1.02 * SPEED, TURN + 0.01 * SPEED)
    perception = Perception(PerceptionSettings(match=corrects, movers=False))
    laser = Laser(360, 1.5 * math.pi, noise=0.01)
    drive(perception, laser, path, 28.0, rate=5.0, odometry=odometry, scene=scene)
    true, found = path(28.0), perception.localised(odometry(28.0))
    error = math.hypot(found.x - true.x, found.y - true.y)
    assert least <= error <= most
    assert (perception.grid().occupied.sum() < 2500) == corrects  # every wall once


def test_what_moves_does_not_pull_the_map_along():
    path = straight(0.0)
    perception = Perception(PerceptionSettings(match=True))

    def crowd(t):
        walkers = np.array([[-3.0 + 1.2 * t, y, 0.3, 1.2, 0.0] for y in (-1.5, 1.5)])
        return walkers, BOXES

    drive(perception, Laser(360, noise=0.01), path, 5.0, scene=crowd)
    found = perception.localised(path(5.0))
    assert math.hypot(found.x, found.y) < 0.02
