import numpy as np
import pytest

from mme_ilqr_ros.geometry.circles import (
    CircleError,
    as_circles,
    clearance,
    nearest,
    no_circles,
    predict,
    told_first,
    transformed,
)
from mme_ilqr_ros.geometry.pose import Pose


def test_three_numbers_are_a_circle_at_rest():
    np.testing.assert_array_equal(as_circles([[1, 2, 0.5]]), [[1.0, 2.0, 0.5, 0.0, 0.0]])
    assert as_circles([]).shape == no_circles().shape == (0, 5)


def test_prediction_moves_centres_and_nothing_else():
    circles = as_circles([[0, 0, 1, 0.5, -1], [3, 3, 2, 0, 0]])
    later = predict(circles, 2.0)
    np.testing.assert_array_equal(later, [[1, -2, 1, 0.5, -1], [3, 3, 2, 0, 0]])
    assert predict(circles, np.zeros((4, 3))).shape == (4, 3, 2, 5)
    np.testing.assert_array_equal(predict(circles, [0.0, 2.0])[1], later)
    np.testing.assert_array_equal(circles[0, :2], 0.0)


def test_clearance_is_the_distance_to_the_nearest_edge():
    circles = as_circles([[0, 0, 1], [10, 0, 2]])
    np.testing.assert_allclose(clearance([[3, 4], [0, 0], [7, 0]], circles), [4.0, -1.0, 1.0])
    assert clearance([1.0, 1.0], no_circles()) == np.inf
    assert clearance(np.zeros((2, 3, 2)), circles).shape == (2, 3)


def test_clearance_does_not_depend_on_the_frame():
    rng = np.random.default_rng(0)
    circles = as_circles(np.abs(rng.normal(size=(6, 5))))
    points, pose = rng.normal(size=(20, 2)), Pose(1.0, 2.0, -2.2)
    there = clearance(pose.transform(points), transformed(circles, pose))
    np.testing.assert_allclose(there, clearance(points, circles), atol=1e-12)
    later = transformed(predict(circles, 1.5), pose)
    np.testing.assert_allclose(predict(transformed(circles, pose), 1.5), later, atol=1e-12)


def test_circles_are_a_copy_whatever_they_were():
    given = np.zeros((2, 5))
    as_circles(given)[0, 0] = 9.0
    assert given[0, 0] == 0.0


def test_the_nearest_circles_are_those_that_could_touch_a_point_soonest():
    circles = as_circles(
        [[9, 0, 8, 0, 0], [2, 0, 0.1, 0, 0], [5, 0, 0.1, -2, 0], [3, 0, 0.1, 0, 0]]
    )
    assert nearest(circles, [0.0, 0.0], 2, seconds=0.0)[:, 0].tolist() == [9.0, 2.0]
    assert nearest(circles, [0.0, 0.0], 2, seconds=2.0)[:, 0].tolist() == [9.0, 5.0]
    assert nearest(circles, [0.0, 0.0], 4, seconds=2.0) is circles


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([[1, 2]], "shape"),
        ([[1, 2, 0.5], [1, 2, -0.5]], "row 1"),
        ([[1, np.inf, 0.5]], "row 0"),
        ([[1, 2, 0.5], [1, 2]], "rows"),
        ([["a", 2, 0.5]], "rows"),
        ([[True, False, True]], "rows"),
        ([[0, 0, 1], [0, 1e9, 1]], "row 1: .* must lie within 1e\\+08 m"),
        ([[0, 0, 1, 0, 1e3]], "row 0 moves at 1e\\+03 m/s: must be at most 100 m/s"),
    ],
)
def test_bad_rows_are_refused(rows, word):
    with pytest.raises(CircleError, match=word):
        as_circles(rows)


def test_of_a_thing_that_is_told_and_seen_the_told_circle_counts():
    told = np.array([[0.0, 0.0, 0.3, 1.0, 0.0], [5.0, 0.0, 0.2, 0.0, 0.0]])
    same, other = [0.1, 0.1, 0.25, 0.8, 0.1], [0.0, 1.0, 0.3, 0.0, 0.5]
    both = told_first(told, np.array([same, other]))
    assert both.tolist() == [*told.tolist(), other]
    none = no_circles()
    assert told_first(none, np.array([same])).tolist() == [same]
    assert told_first(told, none).tolist() == told.tolist()
