"""The walls of a map stand where nothing was seen, and there only."""

import numpy as np
import pytest

from mme_ilqr_ros.geometry.distance_field import build_distance_field
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.perception.map_walls import MapWalls, nearer

CELL = 0.05
CORNER = Pose(-3.0, -3.0, 0.0)


def cells(x0=-3.0, y0=-3.0, side=120):
    return np.zeros((side, side), bool), Pose(x0, y0, 0.0)


def map_with_walls():
    """A map in a frame of its own, of two walls along y: at x = 1 and at x = -1."""
    occupied = np.zeros((60, 60), bool)
    occupied[:, 40] = occupied[:, 20] = True  # [1.0, 1.1] and [-1.0, -0.9]
    return GridMap(occupied, 0.1, Pose(-3.0, -3.0, 0.0))


def seen_half():
    """What was seen: all with x > 0, and it is free."""
    occupied, origin = cells()
    unknown = occupied.copy()
    unknown[:, :60] = True
    return GridMap(occupied, CELL, origin, unknown)


@pytest.mark.parametrize("pose", [Pose(0.0, 0.0, 0.0), Pose(0.4, -0.3, 0.2)])
def test_a_wall_that_was_not_seen_stands_and_one_seen_to_be_free_does_not(pose):
    field = MapWalls(map_with_walls(), True).unseen(pose, seen_half(), (0.0, 0.0), 2.5, 2.0)
    for y in (-0.5, 0.0, 0.5):
        near = pose.transform([[-0.95, y], [-0.5, y]])
        value, _ = field.value_and_gradient(near)
        assert value[0] < 0.03
        assert value[1] == pytest.approx(0.4, abs=CELL)
    free, _ = field.value_and_gradient(pose.transform([[1.05, 0.0]]))
    assert free[0] > 1.5


def test_where_all_was_seen_the_map_says_nothing():
    occupied, origin = cells()
    grid = GridMap(occupied, CELL, origin)
    here = Pose(0.0, 0.0, 0.0)
    assert MapWalls(map_with_walls(), True).unseen(here, grid, (0.0, 0.0), 2.5, 2.0) is None


def field_of(*blocked, origin=CORNER):
    grid = np.zeros((120, 120), bool)
    for row, column in blocked:
        grid[row, column] = True
    return build_distance_field(grid, CELL, origin, 2.0)


def test_of_two_fields_the_nearer_wall_counts_also_where_they_overlap_in_part():
    one, other = field_of((60, 60)), field_of((60, 20), origin=Pose(-1.0, -2.0, 0.0))
    both = nearer(one, other)
    points = np.random.default_rng(0).uniform(-0.9, 0.9, (200, 2))
    values = [field.value_and_gradient(points)[0] for field in (one, other, both)]
    # Linear between cells, the lesser of two is not quite the lesser in between.
    assert values[2] == pytest.approx(np.minimum(*values[:2]), abs=CELL)
    left, _ = both.value_and_gradient([[-2.0, 0.0]])  # where the other says nothing
    assert left == pytest.approx(one.value_and_gradient([[-2.0, 0.0]])[0])


def test_a_field_on_another_lattice_says_nothing():
    one = field_of((60, 60))
    for origin in (Pose(-3.0, -3.0, 0.1), Pose(-3.02, -3.0, 0.0)):
        assert nearer(one, field_of((60, 20), origin=origin)) is one
