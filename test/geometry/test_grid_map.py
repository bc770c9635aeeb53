import math

import numpy as np
import pytest

from mme_ilqr_ros.geometry.grid_map import GridMap, MapError
from mme_ilqr_ros.geometry.pose import Pose

ORIGINS = [Pose(0.0, 0.0, 0.0), Pose(-10.0, 3.0, 0.0), Pose(2.0, 3.0, 1.0), Pose(0.5, -7.0, -2.6)]
SHAPES = [(1, 1), (3, 17), (40, 9)]


def random_grid(shape, origin, seed=0, resolution=0.05):
    kinds = np.random.default_rng(seed).choice([0, 100, -1], size=shape, p=[0.7, 0.2, 0.1])
    return GridMap.from_occupancy(kinds.astype(np.int8), resolution, origin)


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_cell_holds_its_own_centre(shape, origin):
    grid = random_grid(shape, origin)
    cells = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    np.testing.assert_array_equal(grid.cell_at(grid.centre_of(cells)), cells)
    assert grid.contains(cells).all()


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_point_is_never_further_than_half_a_diagonal_from_its_centre(origin):
    grid = random_grid((12, 30), origin)
    points = np.random.default_rng(3).uniform(-20.0, 20.0, (500, 2))
    gap = np.linalg.norm(grid.centre_of(grid.cell_at(points)) - points, axis=-1)
    assert gap.max() <= grid.resolution * math.sqrt(0.5) + 1e-9


def test_row_is_y_and_column_is_x():
    grid = GridMap.empty(4.0, 2.0, 0.5, Pose(-1.0, 10.0, 0.0))
    assert grid.shape == (4, 8)
    np.testing.assert_array_equal(grid.cell_at([-0.9, 11.9]), [3, 0])
    np.testing.assert_array_equal(grid.cell_at([2.9, 10.1]), [0, 7])
    np.testing.assert_allclose(grid.centre_of([0, 0]), [-0.75, 10.25])


def test_outside_and_not_finite_points_are_not_contained():
    grid = GridMap.empty(1.0, 1.0, 0.1)
    points = [[-0.01, 0.5], [0.5, 1.01], [np.nan, 0.5], [np.inf, 0.5], [1e300, 0.5]]
    assert not grid.contains(grid.cell_at(points)).any()


@pytest.mark.parametrize("shape", SHAPES)
def test_occupancy_numbers_survive_a_round_trip(shape):
    grid = random_grid(shape, ORIGINS[2], seed=5)
    again = GridMap.from_occupancy(grid.to_occupancy(), grid.resolution, grid.origin)
    np.testing.assert_array_equal(again.occupied, grid.occupied)
    np.testing.assert_array_equal(again.unknown, grid.unknown)
    assert grid.to_occupancy().dtype == np.int8


def test_threshold_and_strange_numbers():
    grid = GridMap.from_occupancy(np.array([[0, 64, 65, 100, -1, 120]]), 1.0, ORIGINS[0])
    np.testing.assert_array_equal(grid.occupied[0], [0, 0, 1, 1, 0, 0])
    np.testing.assert_array_equal(grid.unknown[0], [0, 0, 0, 0, 1, 1])


def test_unknown_cells_block_only_when_asked_to():
    grid = GridMap.from_occupancy(np.array([[0, 100, -1]]), 1.0, ORIGINS[0])
    np.testing.assert_array_equal(grid.blocked(unknown_is_free=True)[0], [0, 1, 0])
    np.testing.assert_array_equal(grid.blocked(unknown_is_free=False)[0], [0, 1, 1])


def test_a_map_seen_from_another_frame_has_the_same_cells_in_other_places():
    grid, pose = random_grid((5, 8), ORIGINS[2]), Pose(3.0, -1.0, 0.4)
    seen = grid.transformed(pose)
    points = np.random.default_rng(1).uniform(0.0, 4.0, (50, 2))
    np.testing.assert_array_equal(seen.cell_at(pose.transform(points)), grid.cell_at(points))
    np.testing.assert_array_equal(seen.occupied, grid.occupied)


def test_a_map_cannot_be_changed_through_its_arrays():
    cells = np.zeros((2, 2), bool)
    grid = GridMap(cells, 1.0, ORIGINS[0])
    cells[0, 0] = True
    assert not grid.occupied.any()
    with pytest.raises(ValueError, match="read-only"):
        grid.occupied[0, 0] = True


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: GridMap(np.zeros((0, 3)), 1.0, ORIGINS[0]), "occupied"),
        (lambda: GridMap(np.zeros(5), 1.0, ORIGINS[0]), "occupied"),
        (lambda: GridMap(np.zeros((2, 2)), 0.0, ORIGINS[0]), "resolution"),
        (lambda: GridMap(np.zeros((2, 2)), math.nan, ORIGINS[0]), "resolution"),
        (lambda: GridMap(np.zeros((2, 2)), 1.0, Pose(math.inf, 0.0, 0.0)), "origin"),
        (lambda: GridMap(np.zeros((2, 2)), 1.0, ORIGINS[0], np.zeros((2, 3))), "unknown"),
        (lambda: GridMap(np.ones((2, 2)), 1.0, ORIGINS[0], np.ones((2, 2))), "both"),
        (lambda: GridMap.empty(1.0, -1.0, 0.1), "size"),
        (lambda: GridMap.empty(1.0, 1.0, 0.0), "resolution"),
    ],
)
def test_a_bad_map_is_refused_in_one_line(make, word):
    with pytest.raises(MapError, match=word) as caught:
        make()
    assert "\n" not in str(caught.value)
