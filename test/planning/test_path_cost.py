"""What a path costs on a map, planned there or not."""

import math

import numpy as np
import pytest

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.path_cost import PathCost
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings

ORIGIN = Pose(1.0, -2.0, 0.7)


def path(*points):
    return Path(ORIGIN.transform(np.array(points)))


def priced(cost, n_lead=0):
    grid = GridMap(~np.isfinite(cost), 0.5, ORIGIN)
    return PathCost(grid, cost, n_lead)


def test_it_is_the_integral_of_the_cells_in_metres():
    cost = np.array([[1.0, 2.0, 4.0], [1.0, 1.0, 1.0]])
    assert priced(cost)(path((0.25, 0.25), (1.25, 0.25))) == pytest.approx(0.25 + 1.0 + 1.0)
    assert priced(cost)(path((0.25, 0.75), (1.25, 0.75))) == pytest.approx(1.0)
    assert priced(cost)(path((0.3, 0.3))) == 0.0


def test_a_path_that_is_blocked_or_leaves_the_map_costs_more_than_any():
    cost = np.array([[1.0, np.inf, 1.0], [1.0, 1.0, 1.0]])
    assert priced(cost)(path((0.25, 0.25), (1.25, 0.25))) == math.inf
    assert priced(cost)(path((0.75, 0.25), (1.25, 0.25))) == math.inf
    assert priced(cost)(path((1.25, 0.25), (0.75, 0.25))) == math.inf
    assert priced(cost)(path((0.25, 0.75), (9.0, 0.75))) == math.inf


def test_a_way_out_of_blocked_cells_counts_by_its_length_and_no_further_than_the_robot_needs_it():
    cost = np.array([[np.inf, 3.0, 3.0, 3.0]])
    out = path((0.25, 0.25), (0.75, 0.25), (1.25, 0.25))
    assert priced(cost, n_lead=1)(out) == pytest.approx(0.5 + 1.5)
    assert priced(cost)(out) == math.inf
    far = np.array([[np.inf, np.inf, np.inf, np.inf, np.inf, 1.0]])
    way = path(*((0.25 + 0.5 * k, 0.25) for k in range(6)))
    assert priced(far, n_lead=1)(way) == math.inf


@pytest.mark.parametrize("straighten", [False, True])
def test_a_plan_costs_what_its_field_says(straighten):
    occupied = np.zeros((80, 120), bool)
    occupied[20:60, 50:60] = occupied[40:44, 90:] = True
    grid = GridMap(occupied, 0.05, ORIGIN)
    planner = GlobalPlanner(PlannerSettings(straighten=straighten))
    start, goal = ORIGIN.transform(np.array([[0.525, 1.725], [5.525, 2.825]]))
    result = planner.plan(grid, start, goal)
    row, column = grid.cell_at(start)
    value = float(result.cost_to_go.values[row, column])
    if straighten:
        assert 0.9 * value < result.cost_of(result.path) < value
    else:
        assert result.cost_of(result.path) == pytest.approx(value, rel=1e-6)
