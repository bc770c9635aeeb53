"""Distances to the points that were hit."""

import math

import numpy as np
from lidar_world import Laser, drive, straight, wall
from scipy.spatial import cKDTree

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.perception.evidence import Evidence
from mme_ilqr_ros.perception.perception import Perception
from mme_ilqr_ros.perception.points import ScanPoints
from mme_ilqr_ros.perception.settings import PerceptionSettings
from mme_ilqr_ros.perception.site_field import SiteField


def evidence_of(points, settings=None):
    """Return evidence of hits [N, 2] at once, each seen from a point just before it."""
    points = np.asarray(points, dtype=float)
    yes = np.ones(len(points), bool)
    origins = points - 0.01
    rays = ScanPoints(
        origins, points, yes, yes, np.full(len(points), 0.014), 0.0, 0.01, Pose(0.0, 0.0, 0.0)
    )
    evidence = Evidence(settings or PerceptionSettings())
    evidence.integrate(rays, yes, 0.0)
    return evidence


def test_the_field_is_the_distance_to_the_nearest_point():
    rng = np.random.default_rng(4)
    cells = rng.choice(np.arange(-60, 60), size=(400, 2))
    cells = np.unique(cells, axis=0)  # one point a cell, as they are kept
    points = (cells + rng.uniform(0.02, 0.98, cells.shape)) * 0.05
    field = SiteField(evidence_of(points), reach=0.8, skin=0.0)
    found = field.window(np.array([-50, -45]), np.array([50, 47]))
    rows, columns = np.mgrid[-50:51, -45:48]
    centres = np.stack([columns + 0.5, rows + 0.5], axis=-1) * 0.05
    true = np.minimum(cKDTree(points).query(centres)[0], 0.8)
    error = found.values - true
    assert found.values.shape == (101, 93)
    assert error.min() > -1e-5  # never nearer than the nearest
    assert np.mean(np.abs(error) > 0.005) < 0.05
    assert error.max() < 0.05


def test_the_window_does_not_depend_on_what_lies_at_its_edge():
    points = np.array([[1.0, 0.02], [-0.98, 0.4]])
    field = SiteField(evidence_of(points), reach=1.0, skin=0.01)
    small = field.window(np.array([-10, -10]), np.array([10, 10])).values
    large = field.window(np.array([-40, -40]), np.array([40, 40])).values
    assert np.abs(small - large[30:51, 30:51]).max() < 1e-6
    assert small.min() < 0.6


def test_where_nothing_was_hit_the_field_says_no_more_than_its_reach():
    values = SiteField(Evidence(PerceptionSettings()), 1.2, 0.01).window(
        np.array([0, 0]), np.array([9, 19])
    )
    assert values.values.shape == (10, 20)
    assert (values.values == 1.2).all()


def test_a_gap_is_as_wide_as_it_is():
    """Cells would tell it up to 5 cm narrower."""
    perception = Perception(PerceptionSettings(skin=0.0))
    edges = [wall(0.013, 0.387, 3.0, 0.387), wall(0.013, -0.351, 3.0, -0.351)]
    laser = Laser(720, noise=0.01)
    drive(
        perception, laser, straight(0.5, start=(-1.0, 0.0, 0.0)), 4.0, scene=lambda t: (None, edges)
    )
    middle = 0.5 * (0.377 - 0.341)
    walls = perception.seen(4.0, straight()(0.0), 1.0).walls
    places = np.stack([np.linspace(0.3, 2.5, 200), np.full(200, middle + 0.007)], axis=-1)
    found, _ = walls.value_and_gradient(places)
    half = 0.5 * (0.377 + 0.341)
    assert np.abs(np.median(found) - half) < 0.02
    assert found.max() < half + 0.02
    assert found.min() > half - 0.04
    assert math.isclose(walls.resolution, 0.05)
