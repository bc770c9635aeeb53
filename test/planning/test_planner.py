"""The planner's behaviour on maps that are easy, odd, hard and impossible."""

import math

import numpy as np
import pytest

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings, PlanStatus
from mme_ilqr_ros.planning.weights import WeightsError

KINDS = ("id_vin", "dijkstra")
THIN = {"robot_radius": 0.0, "clearance_margin": 0.0, "straighten": False}


def planner(kind="id_vin", **values):
    return GlobalPlanner(PlannerSettings(kind=kind, **values))


def hall(origin=None, resolution=0.1):
    """An asymmetric hall of 30 x 50 cells with two walls that leave one gap each."""
    occupied = np.zeros((30, 50), dtype=bool)
    occupied[:22, 15] = True
    occupied[12:, 33] = True
    occupied[5, 20:30] = True
    return GridMap(occupied, resolution, origin or Pose(0.0, 0.0, 0.0))


def assert_clear(grid, path, radius):
    """Every point of the path keeps the distance `radius` from every occupied square."""
    points = path.point_at(np.arange(0.0, path.length, grid.resolution / 4))
    local = grid.origin.inverse().transform(points) / grid.resolution
    for row, column in np.argwhere(grid.occupied):
        nearest = np.clip(local, (column, row), (column + 1, row + 1))
        assert np.linalg.norm(local - nearest, axis=1).min() * grid.resolution >= radius - 1e-9


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("yaw", [0.0, 1.0, -2.5])
def test_a_path_through_an_asymmetric_map_with_a_turned_origin(kind, yaw):
    origin = Pose(3.0, -7.0, yaw)
    grid = hall(origin)
    start, goal = origin.transform((0.43, 0.31)), origin.transform((4.62, 2.77))
    result = planner(kind, robot_radius=0.15).plan(grid, start, goal)
    assert result.status is PlanStatus.SUCCEEDED
    assert not result.fallback_used
    np.testing.assert_array_equal(result.path.points[0], start)
    np.testing.assert_array_equal(result.path.points[-1], goal)
    assert result.length == result.path.length
    # Up past the first wall, down below the second, up again: the same in every frame.
    straight = hall()
    same = planner(kind, robot_radius=0.15).plan(straight, (0.43, 0.31), (4.62, 2.77))
    assert result.length == pytest.approx(same.length, rel=1e-9)
    assert 7.0 < same.length < 8.5
    assert_clear(straight, same.path, 0.15)


@pytest.mark.parametrize("kind", KINDS)
def test_cost_to_go_falls_along_the_path_and_is_the_length_for_uniform_cost(kind):
    grid = hall()
    result = planner(kind, **THIN).plan(grid, (0.45, 0.35), (4.65, 2.75))
    cells = grid.cell_at(result.path.points)
    field = result.cost_to_go.values
    values = field[cells[:, 0], cells[:, 1]]
    assert (np.diff(values) < 0).all()
    assert values[-1] == 0.0
    assert (field.dtype, field.shape) == (np.float32, grid.shape)
    assert np.isinf(field[grid.occupied]).all()
    assert result.cost_to_go.goal == pytest.approx((4.65, 2.75))
    assert result.residual <= 1e-9
    if kind == "dijkstra":
        assert values[0] == pytest.approx(result.length, rel=1e-6)


def test_the_learned_path_is_as_short_as_the_shortest():
    """A robot needs no training on its own map: weights from 15 x 15 mazes, 8 moves, 60 x 90."""
    rng = np.random.default_rng(4)
    grid = GridMap(rng.random((60, 90)) < 0.25, 0.05, Pose(0.0, 0.0, 0.0))
    learned, exact = planner(weights="shortest", **THIN), planner("dijkstra", **THIN)
    free = np.argwhere(~grid.occupied)
    compared = 0
    for start, goal in zip(free[::400], free[::-400], strict=True):
        ends = grid.centre_of(start), grid.centre_of(goal)
        a, b = learned.plan(grid, *ends), exact.plan(grid, *ends)
        assert a.status is b.status
        if a.status is PlanStatus.SUCCEEDED:
            assert not a.fallback_used
            assert a.length <= 1.01 * b.length + 1e-9
            compared += 1
    assert compared >= 5


def test_no_gap_between_two_corners_is_used():
    """Two rooms that touch at a corner only: no path, whatever the robot's radius."""
    occupied = np.zeros((6, 6), dtype=bool)
    occupied[:3, 3:] = occupied[3:, :3] = True
    result = planner("dijkstra", **THIN).plan(
        GridMap(occupied, 1.0, Pose(0.0, 0.0, 0.0)), (0.5, 0.5), (5.5, 5.5)
    )
    assert result.status is PlanStatus.NO_VALID_PATH
    assert result.path is None
    assert "\n" not in result.message


def test_a_robot_too_wide_for_a_gap_gets_no_path():
    grid = hall()
    ends = (0.45, 0.35), (4.65, 2.75)
    assert planner(robot_radius=0.15).plan(grid, *ends).status is PlanStatus.SUCCEEDED
    wide = planner(robot_radius=0.3).plan(grid, *ends)  # 0.5 m between wall and shelf
    assert wide.status is PlanStatus.NO_VALID_PATH
    assert wide.path is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_start_inside_inflation_is_led_out(kind):
    grid = hall()
    start = (1.45, 0.55)  # in the cell beside the first wall
    result = planner(kind, robot_radius=0.25, clearance_margin=0.0).plan(grid, start, (0.45, 2.6))
    assert result.status is PlanStatus.SUCCEEDED
    assert "start is blocked" in result.message
    np.testing.assert_array_equal(result.path.points[0], start)
    occupied = grid.cell_at(result.path.point_at(np.arange(0.0, result.path.length, 0.02)))
    assert not grid.occupied[occupied[:, 0], occupied[:, 1]].any()
    # Away from the wall at once, then clear of it.
    assert result.path.points[1][0] < 1.45
    assert_clear(grid, type(result.path)(result.path.points[4:]), 0.25)


def marked(grid, rows, columns):
    """Return the map with a block of cells marked occupied."""
    occupied = grid.occupied.copy()
    occupied[rows, columns] = True
    return GridMap(occupied, grid.resolution, grid.origin)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 3, 5])
def test_a_start_marked_occupied_is_led_out_the_shortest_way(kind, size):
    """A trace, or somebody who stood beside the robot when the map was drawn."""
    empty = GridMap.empty(6.0, 4.0, 0.05)
    grid = marked(empty, slice(40, 40 + size), slice(40, 40 + size))
    start = (2.0 + 0.05 * size - 0.02, 2.0 + 0.05 * size - 0.02)  # in the last marked cell
    result = planner(kind).plan(grid, start, (5.0, 3.0))
    assert result.status is PlanStatus.SUCCEEDED
    assert "the start is in an obstacle of the map and leads out over" in result.message
    np.testing.assert_array_equal(result.path.points[0], start)
    cells = grid.cell_at(result.path.point_at(np.arange(0.0, result.path.length, 0.01)))
    on_marks = grid.occupied[cells[:, 0], cells[:, 1]]
    assert 0 < on_marks.sum() * 0.01 <= 0.08  # out of its own cell and through no other
    assert result.length < 1.2 * np.hypot(5.0 - start[0], 3.0 - start[1])


def test_a_start_in_a_wall_leaves_it_on_its_nearer_side_and_does_not_cross_it():
    occupied = np.zeros((60, 120), bool)
    occupied[:, 60:64] = True  # without a door
    grid = GridMap(occupied, 0.05, Pose(0.0, 0.0, 0.0))
    start = (3.02, 1.5)
    near = planner().plan(grid, start, (1.0, 1.0))
    assert near.status is PlanStatus.SUCCEEDED
    assert near.path.points[:, 0].max() <= start[0] + 1e-9
    assert planner().plan(grid, start, (5.0, 1.0)).status is PlanStatus.NO_VALID_PATH


def test_a_start_is_refused_where_nothing_free_is_within_reach_and_says_how_far_that_is():
    grid = marked(GridMap.empty(6.0, 4.0, 0.05), slice(0, 80), slice(40, 100))
    result = planner().plan(grid, (3.5, 2.0), (1.0, 2.0))
    assert result.status is PlanStatus.START_OCCUPIED
    assert "the start (3.50, 2.00) is in an obstacle and no cell within 0.80 m" in result.message
    assert "needs 0.44 m" in result.message


def test_a_goal_in_a_wall_is_refused_without_tolerance():
    result = planner(tolerance=0.0).plan(hall(), (0.45, 0.35), (1.55, 0.55))
    assert result.status is PlanStatus.GOAL_OCCUPIED
    assert result.path is None
    assert "in an obstacle" in result.message


def test_a_goal_in_a_wall_ends_nearby_and_says_so():
    goal = np.array((1.55, 0.55))
    result = planner(tolerance=0.5).plan(hall(), (0.45, 0.35), goal)
    assert result.status is PlanStatus.SUCCEEDED
    away = np.linalg.norm(result.path.points[-1] - goal)
    assert 0.25 < away <= 0.5
    assert f"the path ends {away:.2f} m from it" in result.message
    strict = planner(tolerance=0.5).plan(hall(), (0.45, 0.35), goal, tolerance=0.1)
    assert strict.status is PlanStatus.GOAL_OCCUPIED


def test_the_replacement_of_a_goal_is_on_the_side_that_can_be_reached():
    occupied = np.zeros((20, 40), dtype=bool)
    occupied[:, 20] = True
    grid = GridMap(occupied, 0.1, Pose(0.0, 0.0, 0.0))
    # The goal is in the wall, nearer to the far side.
    result = planner("dijkstra", **THIN).plan(grid, (0.5, 0.5), (2.09, 1.0))
    assert result.status is PlanStatus.SUCCEEDED
    assert result.path.points[-1][0] < 2.0


@pytest.mark.parametrize(
    ("start", "goal", "status"),
    [
        ((-1.0, 1.0), (1.0, 1.0), PlanStatus.START_OUTSIDE_MAP),
        ((1.0, 1.0), (1.0, 3.01), PlanStatus.GOAL_OUTSIDE_MAP),
        ((math.nan, 1.0), (1.0, 1.0), PlanStatus.INVALID_INPUT),
        ((1.0, 1.0), (math.inf, 1.0), PlanStatus.INVALID_INPUT),
        ((1.0, 1.0, 0.0), (1.0, 1.0), PlanStatus.INVALID_INPUT),
        ((1.0, 1.0), "far", PlanStatus.INVALID_INPUT),
    ],
)
def test_unusable_points_get_a_status_and_one_line(start, goal, status):
    result = planner("dijkstra").plan(hall(), start, goal)
    assert result.status is status
    assert result.path is None
    assert result.message
    assert "\n" not in result.message
    assert result.status.value


def test_unknown_cells_are_crossed_or_not_by_setting():
    unknown = np.zeros((20, 40), dtype=bool)
    unknown[:, 18:22] = True
    grid = GridMap(np.zeros((20, 40), dtype=bool), 0.1, Pose(0.0, 0.0, 0.0), unknown)
    ends = (0.5, 0.5), (3.5, 1.5)
    assert planner(allow_unknown=True).plan(grid, *ends).status is PlanStatus.SUCCEEDED
    assert planner(allow_unknown=False).plan(grid, *ends).status is PlanStatus.NO_VALID_PATH


def floor_with_unknown(top):
    """A hall of 6 m x 4 m with unknown cells across its middle, up to a height [m]."""
    empty = GridMap.empty(6.0, 4.0, 0.05)
    unknown = np.zeros(empty.shape, bool)
    unknown[: round(top / 0.05), 40:80] = True
    return GridMap(empty.occupied, 0.05, empty.origin, unknown)


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_cells_cost_a_multiple_of_open_floor(kind):
    """Straight through 2 m of unknown, or round it: 4.0 m against 4.9 m."""
    grid, ends = floor_with_unknown(3.0), ((1.0, 1.0), (5.0, 1.0))
    shares = {}
    for cost in (1.0, 5.0):
        result = planner(kind, unknown_cost=cost).plan(grid, *ends)
        cells = grid.cell_at(result.path.point_at(np.linspace(0.0, result.length, 400)))
        shares[cost] = grid.unknown[cells[:, 0], cells[:, 1]].mean()
        assert result.length < 6.6
    assert shares[1.0] > 0.4
    assert shares[5.0] < 0.03
    through = planner(kind).plan(floor_with_unknown(4.0), *ends)  # no way round
    assert through.length == pytest.approx(4.0, rel=0.01)
    assert through.cost_to_go.values[20, 20] == pytest.approx(4.0 + 4.0 * 2.0, rel=0.02)


def test_unknown_cells_are_not_obstacles_to_keep_away_from():
    """Only what is known to stand has clearance: unknown cells have their own price."""
    grid = floor_with_unknown(3.0)
    plans = planner()
    plans.plan(grid, (1.0, 1.0), (5.0, 3.5))
    cost = plans._solved[True].field.cost
    assert set(np.unique(cost)) == {1.0, 5.0}
    assert (cost[~grid.unknown] == 1.0).all()


def test_a_map_without_a_known_cell_is_said_to_have_none():
    nothing = np.zeros((8, 9), dtype=bool)
    grid = GridMap(nothing, 0.1, Pose(0.0, 0.0, 0.0), ~nothing)
    result = planner(allow_unknown=False).plan(grid, (0.2, 0.2), (0.7, 0.7))
    assert result.status is PlanStatus.INVALID_INPUT
    assert "no free cell" in result.message
    full = GridMap(~nothing, 0.1, Pose(0.0, 0.0, 0.0))
    assert planner().plan(full, (0.2, 0.2), (0.7, 0.7)).status is PlanStatus.INVALID_INPUT


def test_start_and_goal_in_one_cell():
    result = planner().plan(hall(), (0.52, 1.51), (0.58, 1.56))
    assert result.status is PlanStatus.SUCCEEDED
    np.testing.assert_allclose(result.path.points, [(0.52, 1.51), (0.58, 1.56)])
    same = planner().plan(hall(), (0.52, 1.51), (0.52, 1.51))
    assert same.status is PlanStatus.SUCCEEDED
    assert same.length == 0.0


@pytest.mark.parametrize("bad", [np.nan, -1.0, 0.0])
def test_exact_search_takes_over_from_a_bad_learned_cost(bad):
    grid = hall()
    broken = GlobalPlanner(
        PlannerSettings(), cost_model=lambda terrain: terrain.blocked * 0.0 + bad
    )
    result = broken.plan(grid, (0.45, 0.35), (4.65, 2.75))
    assert result.status is PlanStatus.SUCCEEDED
    assert result.fallback_used
    assert "exact search" in result.message
    exact = planner("dijkstra").plan(grid, (0.45, 0.35), (4.65, 2.75))
    np.testing.assert_array_equal(result.path.points, exact.path.points)


def test_a_learned_cost_is_followed():
    """Cost 50 in the lower half of an empty hall: the path goes round above it."""
    grid = GridMap(np.zeros((30, 50), dtype=bool), 0.1, Pose(0.0, 0.0, 0.0))

    def mud(terrain):
        cost = np.ones(terrain.blocked.shape)
        cost[:15, 20:30] = 50.0
        return cost

    path = GlobalPlanner(PlannerSettings(), cost_model=mud).plan(grid, (0.5, 0.5), (4.5, 0.5)).path
    cells = grid.cell_at(path.points)
    assert not ((cells[:, 0] < 15) & (cells[:, 1] >= 20) & (cells[:, 1] < 30)).any()


def test_what_can_be_kept_is_kept():
    calls = []

    def model(terrain):
        calls.append(1)
        return np.ones(terrain.blocked.shape)

    grid, keeper = hall(), GlobalPlanner(PlannerSettings(), cost_model=model)
    first = keeper.plan(grid, (0.45, 0.35), (4.65, 2.75))
    again = keeper.plan(grid, (0.45, 2.35), (4.65, 2.75))
    other_goal = keeper.plan(grid, (0.45, 0.35), (4.65, 0.75))
    assert again.cost_to_go is first.cost_to_go  # the same field serves any start
    assert other_goal.cost_to_go is not first.cost_to_go
    assert len(calls) == 1  # the cost depends on the map alone
    keeper.plan(hall(), (0.45, 0.35), (4.65, 2.75))
    assert len(calls) == 2


def test_the_same_request_gives_the_same_path():
    a = planner().plan(hall(), (0.45, 0.35), (4.65, 2.75)).path.points
    b = planner().plan(hall(), (0.45, 0.35), (4.65, 2.75)).path.points
    np.testing.assert_array_equal(a, b)


def test_a_missing_weight_file_is_named():
    with pytest.raises(WeightsError, match=r"nowhere\.safetensors: cannot read"):
        planner(weights="nowhere.safetensors")


def test_warm_up_compiles_and_forgets():
    warm = planner()
    warm.warm_up()
    assert warm.plan(hall(), (0.45, 0.35), (4.65, 2.75)).field_time < 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_straight_lines_are_shorter_than_staircases_and_as_safe(kind):
    grid, ends = hall(), ((0.43, 0.31), (4.62, 2.77))
    stairs = planner(kind, robot_radius=0.15, straighten=False).plan(grid, *ends).path
    straight = planner(kind, robot_radius=0.15, straighten=True).plan(grid, *ends).path
    assert straight.length < 0.99 * stairs.length
    assert np.diff(straight.arc_length).max() <= 0.1 + 1e-9
    cells = grid.cell_at(straight.point_at(np.arange(0.0, straight.length, 0.01)))
    walls = ~np.isfinite(planner(kind, robot_radius=0.15).plan(grid, *ends).cost_to_go.values)
    assert not walls[cells[:, 0], cells[:, 1]].any()


@pytest.mark.parametrize("seed", range(40))
def test_any_world_gets_a_status_and_a_path_is_always_legal(seed):
    rng = np.random.default_rng(seed)
    shape = rng.integers(1, 40, size=2)
    occupied = rng.random(shape) < rng.choice([0.0, 0.05, 0.2, 0.5, 1.0])
    unknown = ~occupied & (rng.random(shape) < rng.choice([0.0, 0.1, 1.0]))
    origin = Pose(*rng.uniform(-10, 10, size=3))
    grid = GridMap(occupied, float(rng.choice([0.05, 0.1, 1.0])), origin, unknown)
    extent = np.array(shape[::-1]) * grid.resolution
    start, goal = origin.transform(rng.uniform(-0.02, 1.02, size=(2, 2)) * extent)
    settings = {
        "kind": str(rng.choice(KINDS)),
        "robot_radius": float(rng.uniform(0.0, 2.0) * grid.resolution),
        "clearance_margin": 0.0,
        "allow_unknown": bool(rng.random() < 0.5),
        "straighten": bool(rng.random() < 0.5),
    }
    result = planner(**settings).plan(grid, start, goal)
    assert isinstance(result.status, PlanStatus)
    assert result.message
    if result.status is PlanStatus.SUCCEEDED:
        assert not result.fallback_used
        np.testing.assert_array_equal(result.path.points[0], start)
        cells = grid.cell_at(
            result.path.point_at(np.arange(0.0, result.path.length, grid.resolution / 20))
        )
        assert grid.contains(cells).all()
        if not occupied[tuple(cells[0])]:
            assert not occupied[cells[:, 0], cells[:, 1]].any()
    else:
        assert result.path is None


def test_a_layer_makes_a_detour_worth_its_while_and_nothing_else():
    grid = GridMap.empty(6.0, 4.0, 0.1)
    slow = np.zeros(grid.shape)
    slow[:30, 25:35] = 1.0  # from wall to 3 m
    plans = planner("dijkstra", robot_radius=0.0, clearance_margin=0.0, filter_mask_weight=4.0)
    ends = (1.05, 2.05), (4.95, 2.05)
    straight = plans.plan(grid, *ends)
    round_it = plans.plan(grid, *ends, layer=slow)
    assert straight.path.points[:, 1].max() < 2.2
    assert round_it.path.points[:, 1].max() > 2.95
    assert round_it.cost_to_go.values[20, 10] > straight.cost_to_go.values[20, 10]
    assert plans.plan(grid, *ends, layer=slow).cost_to_go is round_it.cost_to_go  # kept
    again = plans.plan(grid, *ends)
    assert (again.cost_to_go.values == straight.cost_to_go.values).all()
    refused = plans.plan(grid, *ends, layer=slow[:-1])
    assert refused.status is PlanStatus.INVALID_INPUT
    assert "the layer has (39, 60) cells, the map (40, 60)" in refused.message
