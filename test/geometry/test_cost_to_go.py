"""The planner's field as the controller tracks it: smooth, finite, and blind to what walls hide."""

import numpy as np
import pytest

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.pose import Pose

ORIGIN = Pose(2.0, -1.0, 0.7)


def field_of(values, resolution=1.0):
    return CostToGo(np.asarray(values, dtype=float), resolution, ORIGIN)


def thin_wall():
    """Two rooms of 4 x 4 cells, a wall of one cell between; behind it the goal is 50 m away."""
    values = np.full((4, 9), np.inf)
    values[:, :4] = np.arange(4.0)
    values[:, 5:] = 50.0 + np.arange(4.0)
    return values


def test_smoothing_lets_nothing_through_a_thin_wall():
    values = field_of(thin_wall()).smoothed(3.0).values
    assert values[:, :4].max() <= 3.0
    assert values[:, 5:].min() >= 50.0
    assert np.isinf(values[:, 4]).all()


def test_two_rooms_that_touch_at_a_corner_do_not_mix():
    values = np.full((4, 4), np.inf)
    values[:2, :2], values[2:, 2:] = 1.0, 100.0
    smooth = field_of(values).smoothed(2.0).values
    np.testing.assert_allclose(smooth[np.isfinite(values)], values[np.isfinite(values)])


def test_smoothing_keeps_a_plane_a_plane():
    plane = 0.1 * np.tile(np.arange(40.0), (40, 1))
    smooth = field_of(plane, 0.1).for_tracking().values
    assert smooth[:, 8:-8] == pytest.approx(plane[:, 8:-8], abs=1e-6)


def test_a_kink_becomes_a_curve():
    kink = 0.1 * np.abs(np.arange(-20.0, 21.0))
    smooth = field_of(np.tile(kink, (5, 1)), 0.1).for_tracking().values[2]
    assert np.abs(np.diff(smooth, 2)).max() < 0.6 * np.abs(np.diff(kink, 2)).max()


def test_filled_a_thin_wall_is_uphill_from_both_sides():
    filled = field_of(thin_wall()).filled().values
    assert np.isfinite(filled).all()
    assert (filled[:, 4] > filled[:, 5]).all()
    assert (filled[:, 4] > filled[:, 3]).all()


def test_where_no_path_leads_the_gradient_leads_back():
    values = np.array([[0.0, 1.0, np.inf, np.inf, np.inf]] * 3)
    filled = field_of(values).for_tracking().values  # cells wider than the filter
    assert (np.diff(filled[1, 1:]) >= 1.0).all()


def test_the_goal_is_the_cell_of_the_least_value_and_stays_that():
    field = field_of([[3.0, 2.0], [0.0, 1.0]], 0.5)
    assert field.goal == pytest.approx(ORIGIN.transform([0.25, 0.75]))
    assert field.for_tracking().goal_cell == field.goal_cell == (1, 0)
    pose = Pose(-1.0, 4.0, 2.0)
    assert field.transformed(pose).goal == pytest.approx(pose.transform(field.goal))


def test_the_highest_value_is_the_largest_finite_one():
    assert field_of(thin_wall()).highest == 53.0


def test_without_any_path_it_is_refused():
    with pytest.raises(ValueError, match="finite"):
        field_of(np.full((3, 3), np.inf))


def test_only_what_is_finite_everywhere_can_be_tracked():
    values = np.array([[0.0, 1.0, np.inf], [1.0, 1.4, np.inf]], np.float32)
    field = CostToGo(values, 0.1, Pose(0.0, 0.0, 0.0))
    assert not field.can_be_tracked
    ready = field.for_tracking()
    assert ready.can_be_tracked
    assert ready.transformed(Pose(1.0, 2.0, 0.5)).can_be_tracked
    assert field.highest == pytest.approx(1.4)
    assert ready.highest == ready.values.max()


@pytest.mark.parametrize(
    ("values", "resolution"),
    [
        (np.ones((2, 2), int), 0.1),
        ([[1.0]], 0.1),
        (np.full((2, 2), np.inf), 0.1),
        (np.ones((2, 2)), 0.0),
        (np.ones((2, 2)), 1e300),
    ],
)
def test_what_makes_no_cost_to_go_is_refused(values, resolution):
    with pytest.raises(InputError):
        CostToGo(values, resolution, Pose(0.0, 0.0, 0.0))
