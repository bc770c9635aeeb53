import math

import numpy as np
import pytest

from mme_ilqr_ros.geometry.distance_field import DistanceField, build_distance_field
from mme_ilqr_ros.geometry.grid_map import GridMap, MapError
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.distances import inflate

ORIGIN = Pose(2.0, -3.0, 0.8)


def random_cells(shape, share, seed):
    return np.random.default_rng(seed).random(shape) < share


def centres(shape):
    return np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1).reshape(-1, 2)


def squares_to_centres(shape, blocked):
    """Distance in cells from every centre to the nearest blocked square, by looking at all."""
    gaps = np.abs(centres(shape)[:, None] - np.argwhere(blocked)[None])
    to_squares = np.hypot(*np.moveaxis(np.maximum(gaps - 0.5, 0.0), -1, 0))
    return to_squares.min(axis=1, initial=np.inf).reshape(shape)


@pytest.mark.parametrize(("shape", "share"), [((13, 29), 0.05), ((21, 8), 0.4), ((9, 9), 0.9)])
def test_the_field_equals_brute_force_over_all_pairs_of_centres(shape, share):
    blocked, resolution = random_cells(shape, share, 3), 0.1
    field = build_distance_field(blocked, resolution, ORIGIN, max_distance=1.5)
    pairs = np.linalg.norm(centres(shape)[:, None] - centres(shape)[None], axis=-1)
    flat = blocked.ravel()
    to_blocked = pairs[:, flat].min(axis=1) - 0.5
    to_free = pairs[:, ~flat].min(axis=1) - 0.5
    expected = np.clip(np.where(flat, -to_free, to_blocked) * resolution, -1.5, 1.5)
    np.testing.assert_allclose(field.values.ravel(), expected, atol=1e-12)


def test_the_face_is_exact_straight_on_and_never_overstated_by_more_than_0_21_cells():
    blocked = random_cells((30, 40), 0.02, 5)
    field = build_distance_field(blocked, 1.0, ORIGIN, max_distance=100.0)
    true = squares_to_centres(blocked.shape, blocked)
    excess = (field.values - true)[~blocked]
    assert excess.min() > -1e-12
    assert excess.max() <= np.sqrt(0.5) - 0.5 + 1e-12


@pytest.mark.parametrize("value", [False, True])
def test_all_free_and_all_blocked_maps_are_flat(value):
    field = build_distance_field(np.full((3, 5), value), 0.1, ORIGIN, max_distance=2.0)
    np.testing.assert_array_equal(field.values, -2.0 if value else 2.0)


def test_values_at_centres_are_the_samples():
    grid = GridMap(random_cells((11, 17), 0.2, 1), 0.05, ORIGIN)
    field = build_distance_field(grid.occupied, grid.resolution, grid.origin)
    value, _ = field.value_and_gradient(grid.centre_of(centres(grid.shape)))
    np.testing.assert_allclose(value, field.values.ravel(), atol=1e-9)


def test_the_gradient_is_the_derivative_of_the_value_also_on_a_turned_map():
    grid = GridMap(random_cells((20, 31), 0.05, 2), 0.1, ORIGIN)
    field = build_distance_field(grid.occupied, grid.resolution, grid.origin)
    rng = np.random.default_rng(4)
    # Stay away from the kinks half-way between cells: 0.1..0.9 of the way between two centres.
    cells = rng.integers(0, np.array(grid.shape) - 1, (300, 2)) + rng.uniform(0.1, 0.9, (300, 2))
    points, step = grid.centre_of(cells), 1e-6
    _, gradient = field.value_and_gradient(points)
    for axis, shift in enumerate(step * np.eye(2)):
        ahead, _ = field.value_and_gradient(points + shift)
        behind, _ = field.value_and_gradient(points - shift)
        np.testing.assert_allclose(gradient[:, axis], (ahead - behind) / (2 * step), atol=1e-6)


def test_before_a_wall_the_distance_is_exact_and_the_gradient_points_away():
    blocked = np.zeros((10, 20), bool)
    blocked[:, 15:] = True  # a wall from x = 1.5 on
    field = build_distance_field(blocked, 0.1, Pose(0.0, 0.0, 0.0))
    value, gradient = field.value_and_gradient([[0.3, 0.55], [1.21, 0.42]])
    np.testing.assert_allclose(value, [1.2, 0.29], atol=1e-12)
    np.testing.assert_allclose(gradient, [[-1.0, 0.0], [-1.0, 0.0]], atol=1e-12)


def test_outside_the_map_nothing_is_known_and_nothing_pulls():
    field = build_distance_field(np.ones((4, 4), bool), 0.5, Pose(0.0, 0.0, 0.0), max_distance=2.0)
    value, gradient = field.value_and_gradient(
        [[-0.1, 1.0], [1.0, 2.1], [np.nan, 1.0], [np.inf, 1.0]]
    )
    np.testing.assert_array_equal(value, 2.0)
    np.testing.assert_array_equal(gradient, 0.0)


def test_the_border_band_holds_the_value_of_the_outermost_centres():
    blocked = np.zeros((6, 6), bool)
    blocked[2, 5] = True
    field = build_distance_field(blocked, 1.0, Pose(0.0, 0.0, 0.0), max_distance=9.0)
    value, gradient = field.value_and_gradient([[0.1, 2.5], [0.5, 2.5]])
    assert value[0] == value[1] == 4.5
    assert gradient[0, 0] == 0.0


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (6, 1)])
def test_one_cell_wide_maps_work(shape):
    field = build_distance_field(np.zeros(shape, bool), 0.1, ORIGIN)
    value, gradient = field.value_and_gradient(ORIGIN.transform([0.05, 0.05]))
    assert value == 2.0
    np.testing.assert_array_equal(gradient, 0.0)


@pytest.mark.parametrize("radius", [0.0, 0.03, 0.05, 0.09, 0.1, 0.22, 0.35, 5.0])
def test_inflation_marks_exactly_the_centres_where_the_disc_touches_a_square(radius):
    blocked, resolution = random_cells((25, 33), 0.02, 9), 0.1
    true = squares_to_centres(blocked.shape, blocked) * resolution
    np.testing.assert_array_equal(inflate(blocked, resolution, radius), (true < radius) | blocked)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"values": np.ones(9)}, "shape"),
        ({"values": np.ones((0, 9))}, "shape"),
        ({"values": np.ones((9, 9), int)}, "int64"),
        ({"values": None}, "object"),
        ({"resolution": 0.0}, "resolution = 0.0: must be above 0 m"),
        ({"resolution": 5e-324}, "resolution"),
        ({"resolution": "0.05"}, "must be numbers"),
        ({"origin": Pose(math.nan, 0.0, 0.0)}, "origin"),
        ({"max_distance": math.inf}, "max_distance"),
    ],
)
def test_what_makes_no_field_is_refused(changes, word):
    facts = {"values": np.ones((9, 9)), "resolution": 0.1, "origin": Pose(0, 0, 0)}
    with pytest.raises(MapError, match=word):
        DistanceField(**{**facts, "max_distance": 2.0, **changes})


def test_a_field_knows_whether_it_is_sound_wherever_it_is_seen_from():
    field = DistanceField(np.ones((9, 9)), 0.1, Pose(0.0, 0.0, 0.0), 2.0)
    moved = field.transformed(Pose(1.0, 2.0, math.pi / 2))
    assert field.is_sound
    assert moved.is_sound
    assert moved.origin == Pose(1.0, 2.0, math.pi / 2)
    for bad in (math.nan, math.inf, -1e300):
        values = np.ones((9, 9))
        values[4, 4] = bad
        assert not DistanceField(values, 0.1, Pose(0.0, 0.0, 0.0), 2.0).is_sound
    with pytest.raises(MapError, match="origin"):
        field.transformed(Pose(math.inf, 0.0, 0.0))
