import math

import numpy as np
import pytest

from mme_ilqr_ros.geometry.circles import as_circles, no_circles
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.simulation.lidar import scan
from mme_ilqr_ros.simulation.obstacles import Box

FREE = GridMap.empty(1.0, 1.0, 0.1, Pose(-100.0, -100.0, 0.0))
ALL_ROUND = np.linspace(-math.pi, math.pi, 181)


def entry_into_boxes(pose, angles, grid):
    """Smallest slab-test entry over every occupied square: slow, exact, another method."""
    local = grid.origin.inverse().compose(pose)
    low = np.argwhere(grid.occupied)[:, ::-1] * grid.resolution
    bounds = np.stack([low, low + grid.resolution]) - [local.x, local.y]
    ranges = []
    for angle in local.yaw + angles:
        direction = np.array([math.cos(angle), math.sin(angle)])
        times = np.sort(bounds / direction, axis=0)
        enter, leave = times[0].max(axis=1), times[1].min(axis=1)
        hits = enter[(enter <= leave) & (leave >= 0.0)]
        ranges.append(max(hits.min(initial=np.inf), 0.0))
    return np.array(ranges)


@pytest.mark.parametrize("seed", range(6))
def test_rays_end_on_the_first_square_of_a_turned_map(seed):
    rng = np.random.default_rng(seed)
    origin = Pose(1.0, -2.0, rng.uniform(-3.0, 3.0))
    grid = GridMap(rng.random((37, 61)) < rng.choice([0.005, 0.05, 0.3]), 0.1, origin)
    for _ in range(5):
        place = origin.transform(rng.uniform([-2.0, -2.0], [8.0, 6.0]))
        pose, angles = Pose(*place, rng.uniform(-3.0, 3.0)), rng.uniform(-3.2, 3.2, 40)
        true = entry_into_boxes(pose, angles, grid)
        seen = scan(pose, angles, no_circles(), grid, 5.0)
        np.testing.assert_allclose(seen, np.where(true <= 5.0, true, np.inf), atol=1e-9)


def test_rays_along_the_axes_and_from_the_lines_of_the_grid():
    cells = np.zeros((9, 9), bool)
    cells[0, :] = cells[-1, :] = cells[:, 0] = cells[:, -1] = True  # a room from 1 to 8
    grid, angles = GridMap(cells, 1.0, Pose(0.0, 0.0, 0.0)), np.array([0, 1, 2, 3]) * math.pi / 2
    centre = scan(Pose(4.5, 4.5, 0.0), angles, no_circles(), grid, 20.0)
    np.testing.assert_allclose(centre, 3.5, atol=1e-12)
    on_lines = scan(Pose(3.0, 5.0, 0.0), angles, no_circles(), grid, 20.0)
    np.testing.assert_allclose(on_lines, [5.0, 3.0, 2.0, 4.0], atol=1e-12)


@pytest.mark.parametrize("across", [(1, 1), (-1, 1), (-1, -1), (1, -1)])
def test_a_ray_through_corners_does_not_slip_between_cells(across):
    direction, grid_side = math.atan2(across[1], across[0]), 0.05
    for away in range(1, 15):
        cells = np.zeros((41, 41), bool)
        cells[20 + away * across[1], 20 + away * across[0]] = True
        grid = GridMap(cells, grid_side, Pose(-1.0, -1.0, 0.0))
        middle = grid.centre_of([20, 20])
        for yaw in np.arange(8) * math.pi / 4:
            ray = np.array([direction - yaw])
            seen = scan(Pose(*middle, yaw), ray, no_circles(), grid, 5.0)
            assert seen[0] == pytest.approx((away - 0.5) * math.sqrt(2.0) * grid_side, abs=1e-9)


def test_circles_are_hit_where_geometry_says():
    # A chord 0.3 beside the centre of a circle of radius 0.5: 5 - sqrt(0.25 - 0.09) = 4.6.
    circles = as_circles([[5.0, 0.3, 0.5], [9.0, 0.0, 0.5], [-3.0, 0.0, 1.0]])
    seen = scan(Pose(0.0, 0.0, 0.0), np.array([0.0, math.pi, 1.5]), circles, FREE, 20.0)
    np.testing.assert_allclose(seen, [4.6, 2.0, np.inf], atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_every_hit_lies_on_an_edge_and_nothing_lies_before_it(seed):
    rng = np.random.default_rng(seed)
    circles = as_circles(np.hstack([rng.uniform(-6, 6, (12, 2)), rng.uniform(0.1, 0.6, (12, 1))]))
    circles = circles[np.hypot(circles[:, 0], circles[:, 1]) > circles[:, 2]]
    seen = scan(Pose(0.0, 0.0, 0.7), ALL_ROUND, circles, FREE, 8.0)
    rays = np.stack([np.cos(0.7 + ALL_ROUND), np.sin(0.7 + ALL_ROUND)], axis=-1)
    for distance, ray in zip(seen, rays, strict=True):
        way = np.linspace(0.0, min(distance, 8.0), 2000)[:, None] * ray
        gaps = np.linalg.norm(way[:, None] - circles[:, :2], axis=-1) - circles[:, 2]
        assert gaps.min() > -1e-9
        if np.isfinite(distance):
            assert gaps[-1].min() == pytest.approx(0.0, abs=1e-9)


def test_the_nearer_of_circle_and_wall_counts():
    cells = np.zeros((10, 50), bool)
    cells[:, 30] = True  # a wall from x = 3.0 on
    grid, pose = GridMap(cells, 0.1, Pose(0.0, -0.5, 0.0)), Pose(0.05, 0.0, 0.0)
    ahead = np.array([0.0])
    assert scan(pose, ahead, no_circles(), grid, 9.0) == pytest.approx([2.95])
    assert scan(pose, ahead, as_circles([[2.0, 0.0, 0.5]]), grid, 9.0) == pytest.approx([1.45])
    assert scan(pose, ahead, as_circles([[4.0, 0.0, 0.5]]), grid, 9.0) == pytest.approx([2.95])


def test_range_ends_and_insides():
    circles = as_circles([[5.0, 0.0, 1.0]])
    ahead = np.array([0.0])
    assert scan(Pose(0.0, 0.0, 0.0), ahead, circles, FREE, 3.99)[0] == np.inf
    assert scan(Pose(0.0, 0.0, 0.0), ahead, circles, FREE, 4.0)[0] == 4.0
    assert scan(Pose(5.5, 0.0, 0.0), ahead, circles, FREE, 4.0)[0] == 0.0
    solid = GridMap(np.ones((3, 3)), 1.0, Pose(0.0, 0.0, 0.0))
    np.testing.assert_array_equal(scan(Pose(1.5, 1.5, 0.0), ALL_ROUND, no_circles(), solid, 5.0), 0)


def test_unknown_cells_are_seen_through():
    unknown = GridMap(np.zeros((5, 5)), 1.0, Pose(0.0, 0.0, 0.0), np.ones((5, 5)))
    assert np.isinf(scan(Pose(2.0, 2.0, 0.0), ALL_ROUND, no_circles(), unknown, 9.0)).all()


@pytest.mark.parametrize("turned", [0.0, 0.4, -2.0])
def test_a_mirror_shows_what_stands_before_it_behind_it(turned):
    """The face of the mirror is the line x = 2; a circle at (x, y) appears at (4 - x, y)."""
    world = Pose(0.3, -0.2, turned)
    middle = world.compose(Pose(2.5, 0.0, 0.0))
    circle = np.array([[*world.transform([1.0, 1.2]), 0.3, 0.0, 0.0]])
    image = np.array([[*world.transform([3.0, 1.2]), 0.3, 0.0, 0.0]])
    pose, angles = world, np.linspace(0.2, 0.6, 41)
    mirror = [Box(middle, (1.0, 6.0), mirror=True)]
    seen = scan(pose, angles, circle, FREE, 8.0, mirror)
    as_if = scan(pose, angles, image, FREE, 8.0)
    hit = np.isfinite(as_if)
    assert hit.sum() > 5
    np.testing.assert_allclose(seen[hit], as_if[hit], atol=1e-9)
    assert (seen[~hit & (angles < 0.5)] > 8.0).all()
    plain = scan(pose, angles, circle, FREE, 8.0, [Box(middle, (1.0, 6.0))])
    np.testing.assert_allclose(plain[:20], 2.0 / np.cos(angles[:20]), atol=1e-9)
