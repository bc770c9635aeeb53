from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time
from visualization_msgs.msg import Marker, MarkerArray

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.markers import (
    Candidates,
    candidate_markers,
    obstacle_markers,
    read_candidates,
    robot_markers,
    track_markers,
)
from mme_ilqr_ros.perception.track import Track


def candidates():
    rng = np.random.default_rng(3)
    return Candidates(
        lines=rng.normal(size=(3, 5, 2)),
        weights=np.array([0.2, 0.7, 0.1]),
        feasible=np.array([True, True, False]),
        chosen=1,
        switched=True,
    )


def test_a_line_per_mode_the_chosen_one_thick_the_infeasible_one_red():
    markers = candidate_markers(candidates(), Time(), "odom").markers[1:]
    assert [marker.type for marker in markers] == [Marker.LINE_STRIP] * 3
    assert markers[1].ns == "chosen"
    assert markers[1].scale.x > markers[0].scale.x
    assert markers[2].color.r > 0.8
    assert markers[2].color.g < 0.2


def test_the_heavier_mode_has_the_deeper_colour():
    pale, deep, _ = candidate_markers(candidates(), Time(), "odom").markers[1:]
    assert pale.color.a < deep.color.a
    assert pale.color.r > deep.color.r


def test_candidates_come_back_from_their_markers():
    drawn = candidates()
    read = read_candidates(candidate_markers(drawn, Time(), "odom"))
    assert np.allclose(read.lines, drawn.lines)
    assert np.allclose(read.weights, drawn.weights)
    assert read.feasible.tolist() == drawn.feasible.tolist()
    assert (read.chosen, read.switched) == (1, True)


def test_markers_without_a_chosen_line_are_no_candidates():
    assert read_candidates(MarkerArray()) is None
    assert read_candidates(obstacle_markers(np.zeros((1, 5)), Time(), "odom")) is None


def test_every_array_begins_by_clearing_the_one_before():
    for array in (
        candidate_markers(candidates(), Time(), "odom"),
        obstacle_markers(np.zeros((0, 5)), Time(), "odom"),
    ):
        assert array.markers[0].action == Marker.DELETEALL


def test_obstacles_are_cylinders_of_their_size_with_an_arrow_where_they_move():
    circles = np.array([[1.0, 2.0, 0.5, 0.0, 0.0], [3.0, 4.0, 0.25, 1.0, 0.0]])
    _, still, moving, arrow = obstacle_markers(circles, Time(), "odom").markers
    assert (still.type, still.scale.x) == (Marker.CYLINDER, 1.0)
    assert (moving.pose.position.x, moving.scale.y) == (3.0, 0.5)
    assert arrow.type == Marker.ARROW
    assert arrow.points[1].x - arrow.points[0].x == pytest.approx(1.0)


def test_the_robot_is_a_disc_of_its_radius():
    disc, heading = robot_markers(Pose(1.0, 2.0, 0.0), 0.2, (), Time(), "odom").markers
    assert disc.scale.x == pytest.approx(0.4)
    assert heading.type == Marker.ARROW


def test_a_footprint_is_shown_as_triangles_that_fill_it():
    corners = ((0.6, 0.3), (-0.6, 0.3), (-0.6, -0.3), (0.6, -0.3))
    body, heading = robot_markers(Pose(1.0, 2.0, 0.5), 0.67, corners, Time(), "odom").markers
    assert body.type == Marker.TRIANGLE_LIST
    assert body.pose.position.x == 1.0
    triangles = np.array([(p.x, p.y) for p in body.points]).reshape(-1, 3, 2)
    first, second = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    areas = 0.5 * (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
    assert areas.sum() == pytest.approx(1.2 * 0.6)
    assert heading.type == Marker.ARROW


def test_what_is_followed_is_drawn_where_it_is_moving_or_not():
    """Tracks are kept in a frame that has a pose in the one that is drawn in."""
    still = Track(7, 0.0, 1.0, 1.0, np.array([1.0, 0.0, 0.0, 0.0, 0.3]), np.eye(5), np.zeros(2))
    moving = replace(still, number=8, mean=np.array([0.0, 2.0, 1.0, 0.0, 0.2]), moving=True)
    pose = Pose(1.0, 0.0, np.pi / 2)
    drawn = track_markers([still, moving], pose, Time(), "odom").markers
    by_name = {(m.ns, m.id): m for m in drawn}
    disc = by_name["standing", 7]
    assert (disc.pose.position.x, disc.pose.position.y) == pytest.approx((1.0, 1.0))
    (arrow,) = [m for m in drawn if m.ns == "obstacle_velocities"]
    assert (arrow.points[0].x, arrow.points[0].y) == pytest.approx((-1.0, 0.0))
    assert (arrow.points[1].x, arrow.points[1].y) == pytest.approx((-1.0, 1.0))
    assert {m.text for m in drawn if m.ns == "numbers"} == {"7", "8"}
