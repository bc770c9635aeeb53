import numpy as np
import pytest

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.simulation.obstacles import Box, KeyframedDisc
from mme_ilqr_ros.simulation.robot import RobotSpec
from mme_ilqr_ros.simulation.shapes import (
    distance_to_box,
    distance_to_polygon,
    polygon_to_boxes,
    polygon_to_circles,
)
from mme_ilqr_ros.simulation.world import World, clearance_of

SQUARE = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
ARROW = np.array([[2.0, 0.0], [-1.0, 1.0], [0.0, 0.0], [-1.0, -1.0]])  # not convex


def outline(polygon, per_edge=400):
    share = np.linspace(0.0, 1.0, per_edge)[:, None, None]
    return (polygon + share * (np.roll(polygon, -1, axis=0) - polygon)).reshape(-1, 2)


def test_distances_to_a_square_by_hand():
    points = np.array([[3.0, 0.0], [2.0, 2.0], [0.0, 0.0], [0.5, 0.0], [1.0, 0.0]])
    expected = [2.0, np.sqrt(2.0), -1.0, -0.5, 0.0]
    for polygon in (SQUARE, SQUARE[::-1]):
        np.testing.assert_allclose(distance_to_polygon(points, polygon), expected, atol=1e-12)
    np.testing.assert_allclose(distance_to_box(points, np.ones(2)), expected, atol=1e-12)


def test_the_notch_of_a_polygon_is_outside():
    inside, notch = distance_to_polygon(np.array([[0.5, 0.0], [-0.5, 0.0]]), ARROW)
    assert inside < 0.0 < notch


@pytest.mark.parametrize("polygon", [SQUARE, ARROW])
def test_distance_to_a_polygon_is_that_to_its_outline(polygon):
    points = np.random.default_rng(0).uniform(-3.0, 3.0, (200, 2))
    sampled = np.hypot(*(points[:, None] - outline(polygon)).transpose(2, 0, 1)).min(axis=1)
    np.testing.assert_allclose(np.abs(distance_to_polygon(points, polygon)), sampled, atol=0.01)


def test_circles_touch_a_polygon_from_outside_and_inside():
    assert polygon_to_circles(SQUARE, np.array([[3.0, 0.0, 0.5]])) == pytest.approx(1.5)
    assert polygon_to_circles(SQUARE, np.array([[0.0, 0.0, 0.5]])) == pytest.approx(-1.5)
    assert polygon_to_circles(SQUARE, np.zeros((0, 5))) == np.inf


@pytest.mark.parametrize("polygon", [SQUARE, ARROW])
def test_polygon_to_boxes_agrees_with_sampled_outlines(polygon):
    rng = np.random.default_rng(1)
    half = np.array([0.7, 0.3])
    box = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]]) * half
    for _ in range(60):
        pose = Pose(*rng.uniform(-3.0, 3.0, 2), rng.uniform(-np.pi, np.pi))
        moved = pose.transform(polygon)
        got = polygon_to_boxes(moved, np.zeros((1, 2)), half)
        gaps = np.hypot(*(outline(moved, 80)[:, None] - outline(box, 80)).transpose(2, 0, 1))
        touching = (distance_to_polygon(outline(box, 80), moved) < 0.0).any() or (
            distance_to_box(outline(moved, 80), half) < 0.0
        ).any()
        if touching:
            assert got < 0.0
        elif gaps.min() > 0.02:
            assert got == pytest.approx(gaps.min(), abs=0.02)


def test_edges_that_cross_without_a_corner_inside_overlap():
    plank = np.array([[-5.0, 0.1], [-5.0, -0.1], [5.0, -0.1], [5.0, 0.1]])
    assert polygon_to_boxes(plank, np.zeros((1, 2)), np.array([0.3, 2.0])) < 0.0
    assert polygon_to_boxes(plank, np.array([[0.0, 2.2]]), np.array([0.3, 2.0])) > 0.0


def test_a_footprint_meets_cells_boxes_and_circles_at_the_same_distance():
    robot = RobotSpec.jackal()
    pose = Pose(0.0, 0.0, np.pi / 2.0)  # its front looks along y, so its side is at x = 0.2159
    occupied = np.zeros((40, 40), bool)
    occupied[:, 30] = True
    grid, free = (GridMap(cells, 0.1, Pose(-2.0, -2.0, 0.0)) for cells in (occupied, ~occupied & 0))
    wall = Box(Pose(1.0, 0.0, 0.0), (0.1, 4.0))
    worlds = {
        1.0 - 0.2159: World([], grid),
        0.95 - 0.2159: World([], free, boxes=(wall,)),
        0.9 - 0.2159: World([[1.1, 0.0, 0.2]], free),
    }
    for expected, world in worlds.items():
        assert clearance_of(robot, pose, world, 0.0) == pytest.approx(expected, abs=1e-9)
    disc = robot.as_disc(0.25)
    assert clearance_of(disc, pose, World([], free, boxes=(wall,)), 0.0) == pytest.approx(0.7)


def test_the_jackals_discs():
    robot = RobotSpec.jackal()
    assert robot.radius == pytest.approx(0.3334, abs=1e-4)
    assert robot.inscribed_radius == pytest.approx(0.2159)
    assert RobotSpec().inscribed_radius == 0.2


DISC = KeyframedDisc(
    0.5, np.array([0.0, 2.0, 3.0]), np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 1.0]]), 3.0
)


def test_a_disc_moves_straight_between_keyframes_with_its_true_velocity():
    np.testing.assert_allclose(DISC.at(1.0), [2.0, 0.0, 0.5, 2.0, 0.0])
    np.testing.assert_allclose(DISC.at(2.5), [4.0, 0.5, 0.5, 0.0, 1.0])
    np.testing.assert_allclose(DISC.at(0.0), [0.0, 0.0, 0.5, 2.0, 0.0])
    np.testing.assert_allclose(DISC.at(3.0), [4.0, 1.0, 0.5, 0.0, 0.0])


def test_a_disc_leaves_at_its_end_and_enters_again_when_the_robot_is_not_near():
    world = World([], GridMap.empty(1.0, 1.0, 0.5), discs=(DISC,))
    near, far = [1.9, 0.0], [2.1, 0.0]
    world.update(2.99, near)
    assert len(world.circles_at(2.99)) == 1
    world.update(3.01, near)
    assert len(world.circles_at(3.01)) == 0
    world.update(4.0, far)
    np.testing.assert_allclose(world.circles_at(4.5), [[1.0, 0.0, 0.5, 2.0, 0.0]])
    world.update(7.005, far)  # far in time: it goes round without a pause
    np.testing.assert_allclose(world.circles_at(7.5), [[1.0, 0.0, 0.5, 2.0, 0.0]])
