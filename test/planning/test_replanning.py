"""A planner that keeps its field when the map changes, against one that has never planned."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.cost_model import load_cost_model
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings, PlanStatus
from mme_ilqr_ros.planning.prices import Prices
from mme_ilqr_ros.planning.terrain import Terrain
from mme_ilqr_ros.planning.weights import find_weights

ORIGIN = Pose(-1.0, 2.0, 0.3)


def random_map(rng, shape=(50, 70)):
    """Return occupied and unknown cells with room to drive."""
    occupied = np.zeros(shape, dtype=bool)
    for _ in range(12):
        row, column = rng.integers((0, 0), np.array(shape) - 5)
        occupied[row : row + rng.integers(1, 5), column : column + rng.integers(1, 5)] = True
    return occupied, rng.random(shape) < 0.02


def changed_map(rng, occupied):
    """A box appears or disappears."""
    changed = occupied.copy()
    row, column = rng.integers((0, 0), np.array(occupied.shape) - 4)
    changed[row : row + 4, column : column + 4] = rng.random() < 0.6
    return changed


def grid_map(occupied, unknown):
    return GridMap(occupied, 0.1, ORIGIN, unknown & ~occupied)


@pytest.mark.parametrize("allow_unknown", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_a_changed_terrain_equals_a_built_one(seed, allow_unknown):
    rng = np.random.default_rng(seed)
    occupied, unknown = random_map(rng)
    radius = float(rng.choice([0.0, 0.12, 0.33]))
    model = load_cost_model(find_weights("clearance"))
    terrain = Terrain.build(grid_map(occupied, unknown), radius, allow_unknown)
    cost = model(terrain)
    for _ in range(5):
        occupied = changed_map(rng, occupied)
        unknown = changed_map(rng, unknown) if rng.random() < 0.5 else unknown
        grid = grid_map(occupied, unknown)
        after, built = (
            terrain.after(grid),
            Terrain.build(grid, radius, allow_unknown),
        )
        assert after.grid is grid
        np.testing.assert_array_equal(after.blocked, built.blocked)
        np.testing.assert_array_equal(after.region, built.region)
        window = after.window_of_changes(terrain.grid, model.sees(after))
        if window is not None:
            cost = cost.copy()
            model.fill(after, window, cost[window])
        np.testing.assert_array_equal(cost, model(built))
        terrain = after


PLANNERS = (
    {"kind": "dijkstra"},
    {"weights": "clearance"},
    {"weights": "shortest", "allow_unknown": False},
)


@pytest.mark.parametrize("chosen", PLANNERS, ids=lambda chosen: next(iter(chosen.values())))
@pytest.mark.parametrize("seed", range(6))
def test_replanning_equals_planning_for_the_first_time(seed, chosen):
    rng = np.random.default_rng(seed)
    settings = PlannerSettings(robot_radius=0.15, clearance_margin=0.15, **chosen)
    kept = GlobalPlanner(settings)
    occupied, unknown = random_map(rng)
    start, goal = ORIGIN.transform([[0.55, 0.35], [6.45, 4.55]])
    reached = 0
    for _ in range(8):
        occupied = changed_map(rng, occupied)
        grid = grid_map(occupied, unknown)
        result = kept.plan(grid, start, goal)
        fresh = GlobalPlanner(settings).plan(grid, start, goal)
        assert result.status is fresh.status
        assert result.message == fresh.message
        if fresh.status is PlanStatus.SUCCEEDED:
            reached += 1
            np.testing.assert_array_equal(result.cost_to_go.values, fresh.cost_to_go.values)
            np.testing.assert_array_equal(result.path.points, fresh.path.points)
            assert result.residual == fresh.residual
            assert result.iterations == fresh.iterations
    assert reached > 0


def test_a_result_stays_what_it_was_when_the_field_is_repaired():
    rng = np.random.default_rng(3)
    planner = GlobalPlanner(PlannerSettings(kind="dijkstra"))
    occupied, unknown = random_map(rng)
    grid = grid_map(occupied, unknown)
    start, goal = ORIGIN.transform([[0.55, 0.35], [6.45, 4.55]])
    before = planner.plan(grid, start, goal)
    values = before.cost_to_go.values.copy()
    after = planner.plan(grid_map(changed_map(rng, occupied), unknown), start, goal)
    assert not np.array_equal(after.cost_to_go.values, values)
    np.testing.assert_array_equal(before.cost_to_go.values, values)


@pytest.mark.parametrize("chosen", PLANNERS, ids=lambda chosen: next(iter(chosen.values())))
def test_a_plan_without_the_whole_field_is_the_same_and_the_field_can_follow(chosen):
    rng = np.random.default_rng(7)
    settings = PlannerSettings(robot_radius=0.15, clearance_margin=0.15, **chosen)
    kept, (occupied, unknown) = GlobalPlanner(settings), random_map(rng)
    start, *goals = ORIGIN.transform([[0.55, 0.35], [2.45, 1.55], [6.45, 4.55]])
    for k in range(8):
        occupied = changed_map(rng, occupied)
        grid, goal = grid_map(occupied, unknown), goals[k % 3 == 2]
        partial = kept.plan(grid, start, goal, whole_field=False)
        whole = GlobalPlanner(settings).plan(grid, start, goal)
        assert (partial.status, partial.message) == (whole.status, whole.message)
        if whole.path is not None:
            np.testing.assert_array_equal(partial.path.points, whole.path.points)
            assert partial.iterations <= whole.iterations
            if k % 2:  # else it is still partial when the map changes
                assert partial.solved.advance()
                expected = whole.cost_to_go.values
                np.testing.assert_array_equal(partial.cost_to_go.values, expected)


@pytest.mark.parametrize("chosen", PLANNERS, ids=lambda chosen: next(iter(chosen.values())))
def test_what_is_prepared_before_there_is_a_goal_changes_no_plan(chosen, monkeypatch):
    settings = PlannerSettings(robot_radius=0.15, clearance_margin=0.15, **chosen)
    rng = np.random.default_rng(4)
    occupied, unknown = random_map(rng)
    maps = grid_map(occupied, unknown), grid_map(changed_map(rng, occupied), unknown)
    start, goal = ORIGIN.transform([[0.55, 0.35], [6.45, 4.55]])
    planner, fills, fill = GlobalPlanner(settings), [], Prices.fill
    monkeypatch.setattr(Prices, "fill", lambda *given: fills.append(1) or fill(*given))
    for grid in maps:
        planner.prepare(grid)
        n_before = len(fills)
        prepared = planner.plan(grid, start, goal)
        if grid is maps[0]:
            assert len(fills) == n_before
        fresh = GlobalPlanner(settings).plan(grid, start, goal)
        assert prepared.message == fresh.message
        np.testing.assert_array_equal(prepared.cost_to_go.values, fresh.cost_to_go.values)
    planner.prepare(grid_map(np.ones_like(occupied), unknown))  # no free cell: nothing to prepare


def test_a_field_that_was_not_whole_when_its_memory_was_used_again_says_nothing():
    rng = np.random.default_rng(3)
    planner = GlobalPlanner(PlannerSettings(kind="dijkstra"))
    occupied, unknown = random_map(rng)
    start, goal, other = ORIGIN.transform([[0.55, 0.35], [2.45, 1.55], [6.45, 4.55]])
    grid = grid_map(occupied, unknown)
    first = planner.plan(grid, start, goal, whole_field=False)
    assert first.cost_to_go is None
    second = planner.plan(grid, start, other, whole_field=False)  # on the same costs
    planner.plan(grid_map(changed_map(rng, occupied), unknown), start, other, whole_field=False)
    for result in (first, second):
        assert result.solved.advance()
        assert result.cost_to_go is None


def test_another_shape_is_another_map():
    planner = GlobalPlanner(PlannerSettings(kind="dijkstra", robot_radius=0.0))
    for shape in ((20, 30), (30, 20)):
        grid = GridMap(np.zeros(shape, dtype=bool), 0.1, Pose(0.0, 0.0, 0.0))
        result = planner.plan(grid, (0.15, 0.15), (1.85, 1.85))
        assert result.cost_to_go.values.shape == shape


WARM = """
import gc
import numpy as np
from numba.core.dispatcher import Dispatcher
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.cost_model import load_cost_model
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings

def compiled():
    found = [d for d in gc.get_objects() if isinstance(d, Dispatcher)]
    return {(d.py_func.__module__, d.py_func.__name__, s) for d in found for s in d.signatures}

planner = GlobalPlanner(PlannerSettings())
planner.warm_up()
before = compiled()
assert before
occupied = np.zeros((60, 60), dtype=bool)
for box in ((20, 30), (40, 10)):
    occupied[box[0] : box[0] + 3, box[1] : box[1] + 3] = True
    grid = GridMap(occupied.copy(), 0.1, Pose(0.0, 0.0, 0.0))
    result = planner.plan(grid, (0.55, 0.55), (5.5, 5.5))
    assert result.cost_of(result.path) > 0.0
occupied[30, :28] = occupied[30, 30:] = True  # and a gap that is too narrow
narrow = GridMap(occupied, 0.1, Pose(0.0, 0.0, 0.0))
assert "too narrow" in planner.plan(narrow, (0.55, 0.55), (5.5, 5.5)).message
print(sorted(compiled() - before, key=str))
"""


def test_nothing_compiles_in_a_request_after_the_warm_up():
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", WARM], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
