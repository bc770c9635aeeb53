"""Scans become rays in the fixed frame."""

import math
from dataclasses import replace

import numpy as np
import pytest
from lidar_world import Laser, drive, straight, wall

from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.geometry.pose_history import PoseHistory
from mme_ilqr_ros.perception.points import disc, inside_polygon, scan_points
from mme_ilqr_ros.perception.scan import PointScan, Scan, angle_increment_of


def history_of(path, end, step=0.02):
    history = PoseHistory()
    for t in np.arange(0.0, end + 1e-9, step):
        history.add(float(t), path(t))
    return history


def standing(stamp=0.0):
    history = PoseHistory()
    history.add(stamp, RobotState(0.0, 0.0, 0.0))
    return history


def test_a_wall_seen_while_driving_and_turning_stays_a_line():
    path = straight(1.5, 1.5, (0.0, 0.0, -0.4))
    laser = Laser(720, math.pi, turn_time=0.1, mount=Pose(0.2, 0.1, 0.1))
    scan = laser.scan(path, 0.5, boxes=[wall(3.0, -9.0, 3.0, 9.0)])
    history = history_of(path, 0.8)
    off = []
    for seen in (scan, replace(scan, time_increment=0.0)):
        points = scan_points(seen, history, 10.0)
        assert points.hit.sum() > 300
        off.append(np.abs(points.ends[points.hit, 0] - 2.99).max())
    assert off[0] < 0.01
    assert off[1] > 0.1  # at once, the wall would bend


def test_rays_start_where_the_scanner_was():
    path = straight(2.0)
    scan = Laser(100, turn_time=0.1, mount=Pose(0.3, 0.0, 0.0)).scan(path, 1.0)
    points = scan_points(scan, history_of(path, 1.2), 4.0)
    assert points.origins[0] == pytest.approx([2.3, 0.0])
    assert points.origins[-1] == pytest.approx([2.3 + 0.2 * 0.99, 0.0])
    assert points.pose.x == pytest.approx(2.198)
    free = np.hypot(*(points.ends - points.origins).T)
    assert free == pytest.approx(4.0)  # nothing there: free up to what is asked


def test_what_says_nothing_is_neither_hit_nor_free():
    ranges = np.array([np.nan, np.inf, -np.inf, 0.01, 2.0, 10.0, 0.0])
    points = scan_points(Scan(ranges, 0.0, 0.1, 0.05, 10.0, 0.0), standing(), 10.0)
    assert points.valid.tolist() == [False, True, False, False, True, True, False]
    assert points.hit.tolist() == [False, False, False, False, True, False, False]


def test_points_of_a_cloud_are_a_scan_of_the_nearest_in_each_direction():
    angle = np.linspace(-3.0, 3.0, 50)
    near = 2.0 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    cloud = np.concatenate([1.7 * near, near, [[np.nan, 1.0], [0.0, 60.0]]])
    fan = PointScan(np.random.default_rng(0).permutation(cloud), 0.0).fan()
    points = scan_points(fan, standing(), 10.0)
    assert points.hit.sum() == points.valid.sum() == 50  # where no point is, nothing is known
    assert np.abs(np.hypot(*points.ends[points.hit].T) - 2.0).max() < 1e-9
    away = np.hypot(*(points.ends[points.hit][:, None] - near[None]).transpose(2, 0, 1))
    assert away.min(axis=1).max() < 2.0 * 0.5 * 2.0 * math.pi / 720 + 1e-9


@pytest.mark.parametrize(
    ("told", "count", "right", "warns"),
    [
        (2.0 * math.pi / 360, 360, 2.0 * math.pi / 360, False),  # the last ray is one short
        (2.0 * math.pi / 360, 361, 2.0 * math.pi / 360, False),
        (2.0 * math.pi / 180, 361, 2.0 * math.pi / 360, True),
    ],
)
def test_an_angle_from_ray_to_ray_that_cannot_be_is_noticed(told, count, right, warns):
    found, warning = angle_increment_of(-math.pi, math.pi, told, count)
    assert found == pytest.approx(right)
    assert bool(warning) == warns


def test_a_step_that_is_wrong_by_a_ray_is_noticed():
    step = math.radians(270.0) / 719
    low, high = -math.radians(135.0), math.radians(135.0)
    assert angle_increment_of(low, high, step, 720) == (step, "")
    found, warning = angle_increment_of(low, high, math.radians(270.0) / 720, 720)
    assert found == pytest.approx(step)
    assert "720 rays" in warning
    assert "correct the driver" in warning


def test_a_point_is_inside_a_polygon_or_not():
    shape = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0]])
    points = np.array([[1.0, 0.5], [1.9, 0.9], [2.1, 0.5], [-0.1, 0.5], [1.0, 1.1]])
    assert inside_polygon(points, shape).tolist() == [True, True, False, False, False]
    angle = np.linspace(0.0, 6.28, 50)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    assert inside_polygon(0.99 * circle, disc(1.0)).all()


def test_a_drive_in_a_test_takes_scans():
    """The helper of these tests must not hide that nothing was taken."""
    from mme_ilqr_ros.perception.perception import Perception
    from mme_ilqr_ros.perception.settings import PerceptionSettings

    perception = Perception(PerceptionSettings())
    _, lines = drive(
        perception, Laser(), straight(), 0.5, scene=lambda t: (None, [wall(3, -2, 3, 2)])
    )
    assert lines == []
    assert perception.stamp == pytest.approx(0.4)
