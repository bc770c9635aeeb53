import math

import numpy as np
import pytest

from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.simulation.obstacles import Shuttle
from mme_ilqr_ros.simulation.world import World

FREE = GridMap.empty(1.0, 1.0, 0.1)


def random_grid(seed, share=0.05):
    cells = np.random.default_rng(seed).random((30, 47)) < share
    return GridMap(cells, 0.1, Pose(1.0, -2.0, 0.8))


def distance_to_squares(point, grid):
    """From the corners of every square in the world: distance to a convex polygon."""
    best = math.inf
    for cell in np.argwhere(grid.occupied):
        centre = grid.centre_of(cell)
        axes = [grid.origin.rotate(axis) for axis in np.eye(2)]
        offset = [float(np.dot(np.asarray(point) - centre, axis)) for axis in axes]
        half = 0.5 * grid.resolution
        nearest = [min(max(value, -half), half) for value in offset]
        best = min(best, math.hypot(offset[0] - nearest[0], offset[1] - nearest[1]))
    return best


@pytest.mark.parametrize("seed", range(4))
def test_clearance_equals_brute_force_over_every_square_and_circle(seed):
    rng, grid = np.random.default_rng(seed), random_grid(seed)
    circles = np.hstack([rng.uniform(-2.0, 4.0, (5, 2)), rng.uniform(0.1, 0.4, (5, 1))])
    world = World(circles, grid)
    for point in rng.uniform(-4.0, 6.0, (60, 2)):
        to_circles = min(math.dist(point, (x, y)) - r for x, y, r in circles)
        expected = min(to_circles, distance_to_squares(point, grid))
        assert world.clearance(point, 0.0) == pytest.approx(expected, abs=1e-9)


def test_a_dense_map_has_no_wrong_neighbour():
    grid, rng = random_grid(9, share=0.5), np.random.default_rng(1)
    world = World([], grid)
    for point in grid.origin.transform(rng.uniform(0.0, 3.0, (100, 2))):
        assert world.clearance(point, 0.0) == pytest.approx(
            distance_to_squares(point, grid), abs=1e-9
        )


def test_face_corner_and_inside_of_one_square():
    cells = np.zeros((3, 3), bool)
    cells[1, 1] = True  # the square from (1, 1) to (2, 2)
    world = World([], GridMap(cells, 1.0, Pose(0.0, 0.0, 0.0)))
    assert world.clearance([3.5, 1.2], 0.0) == 1.5
    assert world.clearance([5.0, 6.0], 0.0) == 5.0
    assert world.clearance([1.3, 1.9], 0.0) == 0.0


def test_unknown_cells_hold_nothing_and_an_empty_world_is_infinitely_wide():
    unknown = GridMap(np.zeros((3, 3)), 1.0, Pose(0.0, 0.0, 0.0), np.ones((3, 3)))
    assert World(no_circles(), unknown).clearance([1.0, 1.0], 0.0) == math.inf


def test_circles_move_at_constant_velocity():
    world = World([[0.0, 0.0, 0.5, 1.0, -2.0]], FREE)
    np.testing.assert_allclose(world.circles_at(3.0), [[3.0, -6.0, 0.5, 1.0, -2.0]])
    assert world.clearance([3.0, -4.0], 3.0) == pytest.approx(1.5)


def test_a_shuttle_turns_round_at_both_ends():
    shuttle = Shuttle(0.3, (1.0, 0.0), (1.0, 2.0), 0.5)  # one way takes 4 s
    np.testing.assert_allclose(shuttle.at(0.0), [1.0, 0.0, 0.3, 0.0, 0.5])
    np.testing.assert_allclose(shuttle.at(3.0), [1.0, 1.5, 0.3, 0.0, 0.5])
    np.testing.assert_allclose(shuttle.at(5.0), [1.0, 1.5, 0.3, 0.0, -0.5])
    np.testing.assert_allclose(shuttle.at(9.0), [1.0, 0.5, 0.3, 0.0, 0.5])


def test_the_velocity_of_a_shuttle_is_the_derivative_of_its_place():
    shuttle, step = Shuttle(0.3, (-1.0, 0.5), (2.0, -1.7), 0.4), 1e-6
    for t in np.random.default_rng(2).uniform(0.0, 60.0, 200):
        change = (shuttle.at(t + step)[:2] - shuttle.at(t - step)[:2]) / (2.0 * step)
        np.testing.assert_allclose(shuttle.at(t)[3:], change, atol=1e-6)
        assert np.hypot(*shuttle.at(t)[3:]) == pytest.approx(0.4)


def test_shuttles_count_for_clearance():
    world = World([], FREE, (Shuttle(0.3, (1.0, 0.0), (1.0, 2.0), 0.5),))
    assert world.circles_at(0.0).shape == (1, 5)
    assert world.clearance([1.0, 1.0], 0.0) == pytest.approx(0.7)
    assert world.clearance([1.0, 1.0], 2.0) == pytest.approx(-0.3)
