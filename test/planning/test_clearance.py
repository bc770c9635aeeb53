"""The cost from clearance: distances, the shipped table, and what it does to paths."""

import math

import numpy as np
import pytest
from scipy import ndimage

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.cost_model import ClearanceTable
from mme_ilqr_ros.planning.distances import squared_distance
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings
from mme_ilqr_ros.planning.weights import WeightsError, find_weights, read_weights

TENSORS = {
    "gaps": np.array([0.0, 0.5, 1.0, 2.0], dtype=np.float32),
    "steps": np.array([0.5, -1.0, -2.0], dtype=np.float32),
    "c_max": np.array(8.0, dtype=np.float32),
}


def shipped():
    return ClearanceTable(read_weights(find_weights("clearance")).tensors)


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (40, 53)])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 1.0])
@pytest.mark.parametrize("reach", [1, 4, 100])
def test_squared_distances_are_exact(shape, share, reach):
    occupied = np.random.default_rng(3).random(shape) < share
    expected = np.full(shape, float(reach))
    if occupied.any():
        expected = np.minimum(ndimage.distance_transform_edt(~occupied), reach)
    np.testing.assert_allclose(squared_distance(occupied, reach), expected**2, atol=1e-9)


def test_the_price_falls_with_the_gap_to_one():
    for model in (ClearanceTable(TENSORS), shipped()):
        price = model.at(np.linspace(-1.0, 10.0, 500))
        assert (np.diff(price) <= 0.0).all()
        assert price[-1] == 1.0
        assert price[0] == price.max() <= 8.0


def test_the_shipped_price_is_the_experts():
    """Never told: a quarter of the speed when touching, full speed two radii away."""
    gap = np.linspace(0.1, 4.0, 40)
    expert = 1.0 / (0.25 + 0.75 * np.clip(gap / 2.0, 0.0, 1.0))
    np.testing.assert_allclose(shipped().at(gap), expert, rtol=0.08)


def test_turning_or_mirroring_the_map_turns_or_mirrors_the_cost():
    occupied = np.random.default_rng(5).random((23, 31)) < 0.1
    model = shipped()
    cost = model.of_cells(occupied, 2.0)
    np.testing.assert_array_equal(model.of_cells(np.rot90(occupied), 2.0), np.rot90(cost))
    np.testing.assert_array_equal(model.of_cells(occupied[::-1], 2.0), cost[::-1])
    np.testing.assert_array_equal(model.of_cells(occupied.T, 2.0), cost.T)


def test_a_robot_twice_as_large_on_a_map_twice_as_fine_sees_nearly_the_same_prices():
    occupied = np.random.default_rng(6).random((40, 40)) < 0.02
    fine = np.kron(occupied, np.ones((2, 2), dtype=bool))
    model = shipped()
    coarse, doubled = model.of_cells(occupied, 3.0), model.of_cells(fine, 6.0)
    middle = 0.25 * (
        doubled[::2, ::2] + doubled[1::2, ::2] + doubled[::2, 1::2] + doubled[1::2, 1::2]
    )
    free = coarse < coarse.max()
    assert np.median(np.abs(middle[free] / coarse[free] - 1.0)) < 0.02


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(WeightsError, match="lack the tensor 'steps'"):
        ClearanceTable({k: v for k, v in TENSORS.items() if k != "steps"})
    with pytest.raises(WeightsError, match="shape"):
        ClearanceTable({**TENSORS, "steps": np.zeros(7)})
    with pytest.raises(WeightsError, match="ascend from 0"):
        ClearanceTable({**TENSORS, "gaps": np.array([0.0, 2.0, 1.0, 3.0])})


def two_ways(gap):
    """A wall with a gap of some width [m] straight ahead, and an open way round."""
    occupied = np.zeros((120, 160), dtype=bool)
    occupied[:90, 78:82] = True
    half = round(gap / 0.05 / 2)
    occupied[40 - half : 40 + half, 78:82] = False
    return GridMap(occupied, 0.05, Pose(0.0, 0.0, 0.0))


def path_of(weights, grid):
    planner = GlobalPlanner(PlannerSettings(robot_radius=0.2, weights=weights))
    result = planner.plan(grid, (2.0, 2.0), (6.0, 2.0))
    assert result.path is not None
    assert not result.fallback_used
    return result.path


def clearance_of(path: Path, grid):
    field = ndimage.distance_transform_edt(~grid.occupied) * grid.resolution
    cells = grid.cell_at(path.points)
    return field[cells[:, 0], cells[:, 1]]


def test_a_narrow_gap_is_dear_but_open():
    """The way round is more than four times as long as through any gap that is wide enough."""
    grid = two_ways(0.6)
    path = path_of("clearance", grid)
    assert path.length < 4.5
    sealed = GridMap(grid.occupied | two_ways(0.0).occupied, 0.05, Pose(0.0, 0.0, 0.0))
    assert path_of("clearance", sealed).length > 6.0


def test_the_middle_of_a_wide_gap_is_taken():
    grid = two_ways(1.6)
    kept, short = (clearance_of(path_of(w, grid), grid) for w in ("clearance", "shortest"))
    assert kept.min() > short.min() or math.isclose(kept.min(), 0.8, abs_tol=0.1)
    assert kept.min() > 0.6


def test_without_obstacles_the_way_is_straight():
    grid = GridMap(np.zeros((60, 100), dtype=bool), 0.05, Pose(0.0, 0.0, 0.0))
    planner = GlobalPlanner(PlannerSettings())
    assert planner.plan(grid, (0.5, 0.5), (4.5, 2.5)).length == pytest.approx(math.hypot(4, 2))
