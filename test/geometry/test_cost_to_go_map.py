"""Value and gradient of a cost to go: exact on planes, continuous, and blind to what walls hide."""

import numpy as np
import pytest

from mme_ilqr_ros.geometry.cost_to_go import CostToGoMap
from mme_ilqr_ros.geometry.pose import Pose

ORIGIN = Pose(2.0, -1.0, 0.7)


def map_of(values, resolution=0.5, origin=ORIGIN):
    return CostToGoMap(np.asarray(values, dtype=float), resolution, origin)


def centres(field):
    rows, columns = np.indices(field.values.shape)
    local = np.stack([columns + 0.5, rows + 0.5], axis=-1) * field.resolution
    return field.origin.transform(local)


def thin_wall():
    """Two rooms of 4 x 4 cells, a wall of one cell between; behind it the goal is 50 m away."""
    values = np.full((4, 9), np.inf)
    values[:, :4] = np.arange(4.0)
    values[:, 5:] = 50.0 + np.arange(4.0)
    return values


def test_at_cell_centres_it_is_the_value():
    rng = np.random.default_rng(0)
    values = np.where(rng.random((6, 8)) < 0.3, np.inf, rng.random((6, 8)))
    field = map_of(values)
    value, _ = field.value_and_gradient(centres(field))
    free = np.isfinite(values)
    assert value[free] == pytest.approx(values[free])
    assert np.isfinite(value).all()


def test_a_plane_has_its_own_gradient_through_a_turned_origin():
    rows, columns = np.indices((6, 8))
    field = map_of(0.5 * (3.0 * columns - 2.0 * rows))  # 3 and -2 per metre
    points = ORIGIN.transform(np.random.default_rng(1).uniform([0.3, 0.3], [3.7, 2.7], (50, 2)))
    _, gradient = field.value_and_gradient(points)
    assert gradient == pytest.approx(np.tile(ORIGIN.rotate([3.0, -2.0]), (50, 1)))


def test_the_gradient_is_that_of_the_value():
    rng = np.random.default_rng(2)
    field = map_of(np.where(rng.random((9, 9)) < 0.25, np.inf, 5.0 * rng.random((9, 9))))
    points = ORIGIN.transform(rng.uniform(-0.5, 5.0, (400, 2)))
    step = 1e-6
    differences = np.stack(
        [
            (field.value_and_gradient(points + d)[0] - field.value_and_gradient(points - d)[0])
            / (2.0 * step)
            for d in (np.array([step, 0.0]), np.array([0.0, step]))
        ],
        axis=-1,
    )
    _, gradient = field.value_and_gradient(points)
    # Kinks lie on lines between centres; a difference across one proves nothing.
    agree = np.abs(gradient - differences).max(axis=-1) < 1e-4
    assert agree.mean() > 0.99


def test_a_thin_wall_lets_nothing_through():
    field = map_of(thin_wall(), 1.0, Pose(0.0, 0.0, 0.0))
    x = np.linspace(0.01, 3.999, 100)
    value, gradient = field.value_and_gradient(np.stack([x, np.full(100, 1.7)], axis=-1))
    assert value.max() <= 3.0  # what its own side holds
    assert np.abs(gradient[:, 0]).max() <= 1.0 + 1e-12
    behind, _ = field.value_and_gradient([5.001, 1.7])
    assert behind == pytest.approx(50.0)


def test_smoothing_lets_nothing_through_a_thin_wall_and_keeps_a_plane():
    field = map_of(thin_wall(), 1.0, Pose(0.0, 0.0, 0.0)).smoothed(3.0)
    assert field.values[:, :4].max() <= 3.0
    assert field.values[:, 5:].min() >= 50.0
    assert np.isinf(field.values[:, 4]).all()
    plane = np.tile(np.arange(60.0), (20, 1))
    smooth = map_of(plane, 1.0).smoothed(3.0).values
    assert smooth[:, 15:-15] == pytest.approx(plane[:, 15:-15], abs=1e-3)


def test_two_rooms_that_touch_at_a_corner_do_not_mix():
    values = np.full((4, 4), np.inf)
    values[:2, :2], values[2:, 2:] = 1.0, 100.0
    field = map_of(values, 1.0, Pose(0.0, 0.0, 0.0))
    assert field.value_and_gradient([1.99, 1.99])[0] == 1.0
    assert field.value_and_gradient([2.01, 2.01])[0] == 100.0
    assert field.smoothed(2.0).values[0, 0] == 1.0


def test_between_cells_with_a_way_it_does_not_jump():
    rng = np.random.default_rng(3)
    values = np.where(rng.random((8, 8)) < 0.3, np.inf, 5.0 * rng.random((8, 8)))
    values[4, 2:6] = [1.0, 4.0, 2.0, 3.0]
    field = map_of(values, 1.0, Pose(0.0, 0.0, 0.0))
    x = np.arange(2.5, 5.5, 1e-4)
    for y in (4.1, 4.5, 4.9):
        value, _ = field.value_and_gradient(np.stack([x, np.full(len(x), y)], axis=-1))
        assert np.abs(np.diff(value)).max() < 1e-2


def test_where_no_way_leads_the_slope_leads_back():
    field = map_of([[0.0, 1.0, np.inf, np.inf, np.inf]] * 3, 1.0, Pose(0.0, 0.0, 0.0))
    value, gradient = field.value_and_gradient([[3.5, 1.5], [7.0, 1.5], [1.5, -2.0]])
    assert value == pytest.approx([1.0 + 1.5, 1.0 + 5.0, 1.0 + 2.0])
    assert gradient == pytest.approx(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, -1.0]]))


def test_filled_a_thin_wall_is_uphill_from_both_sides():
    filled = map_of(thin_wall(), 1.0).filled()
    assert np.isfinite(filled).all()
    assert (filled[:, 4] > filled[:, 5]).all()
    assert (filled[:, 4] > filled[:, 3]).all()


def test_the_goal_is_the_cell_of_the_least_value():
    assert map_of([[3.0, 2.0], [0.0, 1.0]]).goal == pytest.approx(ORIGIN.transform([0.25, 0.75]))


def test_without_any_way_it_is_refused():
    with pytest.raises(ValueError, match="finite"):
        map_of(np.full((3, 3), np.inf))
