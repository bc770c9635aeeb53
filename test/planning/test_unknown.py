"""Planning where a part of the world is known: seen cells win, and unreachable is said."""

import numpy as np
import pytest

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings, PlanStatus
from mme_ilqr_ros.planning.unknown import UnknownPlanner, area, drawn, empty, fused, near_occupied

CELL = 0.1


def planner(**values):
    settings = {"kind": "dijkstra", "robot_radius": 0.2, "unknown_cost": 1.0, **values}
    return UnknownPlanner(GlobalPlanner(PlannerSettings(**settings)))


def seen_map(rows=40, columns=40, x=-2.0, y=-2.0, known=True):
    """Cells round the origin; free, or not known."""
    unknown = np.full((rows, columns), not known)
    return GridMap(np.zeros((rows, columns), bool), CELL, Pose(x, y, 0.0), unknown)


def with_wall(grid, corners):
    """Draw a rectangle x0, y0, x1, y1 [m] that was seen to be occupied."""
    occupied, unknown = grid.occupied.copy(), grid.unknown.copy()
    (r0, c0), (r1, c1) = grid.cell_at([corners[:2], corners[2:]])
    occupied[r0:r1, c0:c1], unknown[r0:r1, c0:c1] = True, False
    return GridMap(occupied, CELL, grid.origin, unknown)


def test_a_goal_far_outside_of_what_was_seen_is_planned_to_straight():
    result = planner().plan(seen_map(), (0.0, 0.0), (15.0, -8.0))
    assert result.status is PlanStatus.SUCCEEDED
    assert result.length == pytest.approx(17.0, abs=0.01)


def test_a_wall_wider_than_what_was_seen_is_passed_round_its_end():
    seen = with_wall(seen_map(), (1.0, -1.9, 1.2, 1.9))
    result = planner().plan(seen, (0.0, 0.0), (5.0, 0.0))
    assert result.status is PlanStatus.SUCCEEDED
    assert abs(result.path.points[:, 1]).max() > 1.9 + 0.2


def test_a_wall_that_reaches_the_edge_of_what_was_seen_does_not_close_the_world():
    seen = with_wall(seen_map(), (1.0, -2.0, 1.2, 2.0))
    assert planner().plan(seen, (0.0, 0.0), (5.0, 0.0)).path is not None


@pytest.mark.parametrize("goal", [(5.0, 0.0), (50.0, 40.0)])
def test_a_robot_that_is_walled_in_is_told_that_its_goal_is_unreachable(goal):
    seen = seen_map()
    for side in ((-1, -1, 1, -0.8), (-1, 0.8, 1, 1), (-1, -1, -0.8, 1), (0.8, -1, 1, 1)):
        seen = with_wall(seen, side)
    result = planner().plan(seen, (0.0, 0.0), goal)
    assert result.status is PlanStatus.NO_VALID_PATH
    assert result.message.startswith("unreachable: ")


def test_what_is_seen_wins_over_the_map_and_the_map_over_nothing():
    known = seen_map(60, 60, -3.0, -3.0)
    known = with_wall(known, (1.0, -2.9, 1.2, 2.9))
    seen = seen_map(10, 10, 0.7, -0.5)  # sees free floor in the middle of the mapped wall
    through = planner().plan(seen, (0.0, 0.0), (2.5, 0.0), known)
    assert through.length == pytest.approx(2.5, abs=0.01)
    nothing = seen_map(4, 4, -0.2, -0.2)
    assert planner().plan(nothing, (0.0, 0.0), (2.5, 0.0), known).length > 4.0
    wall = with_wall(seen_map(), (0.5, -1.0, 0.7, 1.0))
    free = seen_map(60, 60, -3.0, -3.0)
    assert planner().plan(wall, (0.0, 0.0), (2.5, 0.0), free).length > 2.7


def test_unknown_floor_is_crossed_only_where_it_saves_as_much_as_it_costs():
    known_way = seen_map(10, 60, -0.5, -0.5, known=False)
    unknown = known_way.unknown.copy()
    unknown[3:7] = False  # a lane of seen floor along y = 0
    lane = GridMap(known_way.occupied, CELL, known_way.origin, unknown)
    blocked = with_wall(lane, (2.0, -0.2, 2.2, 0.2))
    for price, most in ((1.0, 0.7), (8.0, 0.7)):
        path = planner(unknown_cost=price).plan(blocked, (0.0, 0.0), (4.5, 0.0)).path
        assert 0.3 < abs(path.points[:, 1]).max() < most
    cheap = planner(unknown_cost=1.0).plan(lane, (0.0, 0.0), (3.0, 3.0))
    dear = planner(unknown_cost=8.0).plan(lane, (0.0, 0.0), (3.0, 3.0))
    assert dear.length > cheap.length + 0.5


def test_the_area_grows_by_blocks_and_keeps_its_place_on_the_lattice():
    points = np.array([[0.0, 0.0], [5.0, 0.0]])
    box = area(seen_map(), points, 1.2, None)
    assert (box % 64 == 0).all()
    further = area(seen_map(), points + np.array([0.1, 0.0]), 1.2, None)
    np.testing.assert_array_equal(box, further)
    grid = fused(seen_map(), empty(box, CELL))
    for point in ((-1.95, -1.95), (1.95, 1.95)):
        assert not grid.unknown[tuple(grid.cell_at(point))]
    for point in ((-2.05, 0.0), (2.05, 0.0), (5.0, 0.0), (0.0, 2.05)):
        assert grid.unknown[tuple(grid.cell_at(point))]


@pytest.mark.parametrize("yaw", [0.0, 0.7])
@pytest.mark.parametrize("resolution", [0.04, 0.1, 0.25])
def test_a_map_of_other_cells_loses_nothing_that_stands(yaw, resolution):
    occupied = np.zeros((30, 30), bool)
    occupied[10, 3:27] = True
    known = GridMap(occupied, resolution, Pose(0.3, -0.2, yaw))
    corners = known.origin.transform(resolution * 30 * np.array([[0, 0], [1, 0], [1, 1], [0, 1]]))
    box = area(GridMap.empty(0.1, 0.1, CELL), corners, 1.0, known)
    grid = drawn(known, empty(box, CELL))
    along = known.origin.transform(
        [(resolution * s, resolution * 10.5) for s in np.arange(3.0, 27.0, 0.2)]
    )
    centres = grid.centre_of(np.argwhere(grid.occupied))
    away = np.abs(centres[None] - along[:, None]).max(axis=-1).min(axis=1)
    assert away.max() <= CELL + 1e-9
    assert grid.unknown[tuple(grid.cell_at(corners.min(axis=0) - 0.5))]


def test_a_goal_beyond_all_reason_is_refused_in_one_line():
    result = planner().plan(seen_map(), (0.0, 0.0), (1e5, 1e5))
    assert result.path is None
    assert "too far away" in result.message


def test_places_near_what_was_seen_are_told_from_others():
    grid = with_wall(seen_map(), [0.0, 0.0, 0.5, 0.5])
    points = np.array([(0.2, 0.2), (-0.2, 0.2), (-1.0, 0.2), (0.2, 0.2), (90.0, 0.0)])
    assert near_occupied(grid, points, 0.3).tolist() == [True, True, False, True, False]
