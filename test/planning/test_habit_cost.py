"""Habits in the planner: their file, the map they belong to, layers by name, directions."""

from dataclasses import replace

import numpy as np
import pytest

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.directed import across, along_axes, edge_costs
from mme_ilqr_ros.planning.field import solve_edges, solve_field
from mme_ilqr_ros.planning.habits import Fingerprint, Habits, load_habits, occupied_share
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings, PlanStatus
from mme_ilqr_ros.planning.weights import WeightsError, save_weights

BLOCK = 0.2


def corridor():
    """A corridor of 2 m along x."""
    occupied = np.zeros((24, 120), dtype=bool)
    occupied[[0, 1, -2, -1]] = True
    return GridMap(occupied, 0.1, Pose(0.0, 0.0, 0.0))


def habits_on(grid, **terms):
    shape = occupied_share(grid, BLOCK).shape
    none = np.zeros(shape, dtype=np.float32)
    plain = Habits(
        Fingerprint.of(grid),
        occupied_share(grid, BLOCK),
        places=none,
        places_error=none + 0.5,
        block=BLOCK,
        features={},
        sides=np.zeros(5, dtype=np.float32),
        directions=np.stack([none] * 4),
        n_drives=3,
    )
    return replace(plain, **terms)


def planner(tmp_path, habits):
    habits.save(tmp_path / "h.safetensors")
    settings = PlannerSettings(robot_radius=0.2, weights=str(tmp_path / "h.safetensors"))
    return GlobalPlanner(settings)


KEEP_RIGHT = np.array([0.0, 0.0, 0.3, 1.2, 1.2], dtype=np.float32)


def test_a_file_brings_back_what_was_saved(tmp_path):
    grid = corridor()
    rng = np.random.default_rng(0)
    shape = occupied_share(grid, BLOCK).shape
    saved = habits_on(
        grid,
        places=rng.random(shape).astype(np.float32),
        features={"clearance": np.linspace(1, 0, 9, dtype=np.float32)},
        sides=KEEP_RIGHT,
    )
    saved.save(tmp_path / "h.safetensors")
    read = load_habits(tmp_path / "h.safetensors")
    assert read.fingerprint == saved.fingerprint
    assert (read.block, read.n_drives) == (saved.block, saved.n_drives)
    for name in ("walls", "places", "places_error", "sides", "directions"):
        np.testing.assert_array_equal(getattr(read, name), getattr(saved, name))
    np.testing.assert_array_equal(read.features["clearance"], saved.features["clearance"])


def test_a_file_of_another_kind_or_with_negative_terms_is_refused(tmp_path):
    save_weights(tmp_path / "w.safetensors", {"places": np.zeros((2, 2))}, {"kind": "clearance"})
    with pytest.raises(WeightsError, match="kind 'clearance'"):
        load_habits(tmp_path / "w.safetensors")
    bad = habits_on(corridor(), sides=-KEEP_RIGHT)
    bad.save(tmp_path / "b.safetensors")
    with pytest.raises(WeightsError, match="sides has negative"):
        load_habits(tmp_path / "b.safetensors")


def test_places_belong_to_their_map(tmp_path):
    grid = corridor()
    places = np.zeros(occupied_share(grid, BLOCK).shape, dtype=np.float32)
    places[:6] = 1.5
    plans = planner(tmp_path, habits_on(grid, places=places))
    assert plans.warning(grid) == ""
    ends = (1.0, 1.2), (11.0, 1.2)
    assert plans.plan(grid, *ends).path.points[:, 1].max() > 1.3  # away from what is disliked
    with_a_box = grid.occupied.copy()
    with_a_box[10:12, 60:62] = True
    assert plans.warning(GridMap(with_a_box, 0.1, grid.origin)) == ""  # still the same place
    other = GridMap(grid.occupied, 0.1, Pose(5.0, 0.0, 0.0))
    assert "left out on this one" in plans.warning(other)
    shipped = GlobalPlanner(PlannerSettings(robot_radius=0.2))
    moved = (6.0, 1.2), (16.0, 1.2)
    np.testing.assert_array_equal(
        plans.plan(other, *moved).path.points, shipped.plan(other, *moved).path.points
    )


def test_layers_are_bound_by_name_or_the_request_is_refused(tmp_path):
    grid = corridor()
    plans = planner(tmp_path, habits_on(grid, features={"wet": np.array([0.0, 2.0], np.float32)}))
    assert plans.layer_names == ("wet",)
    ends = (1.0, 1.2), (11.0, 1.2)
    refused = plans.plan(grid, *ends)
    assert refused.status is PlanStatus.INVALID_INPUT
    assert "needs the layer 'wet'" in refused.message or "need the layer 'wet'" in refused.message
    plans.bind({"wet": np.zeros((2, 2))})
    assert plans.plan(grid, *ends).status is PlanStatus.INVALID_INPUT
    wet = np.zeros(grid.shape)
    wet[:13, 40:80] = 1.0
    plans.bind({"wet": wet, "unused": wet})
    path = plans.plan(grid, *ends).path
    middle = np.abs(path.points[:, 0] - 6.0) < 1.0
    assert path.points[middle, 1].min() > 1.3


@pytest.mark.parametrize("turned", [False, True])
def test_a_robot_keeps_right_either_way(tmp_path, turned):
    grid = corridor()
    plans = planner(tmp_path, habits_on(grid, sides=KEEP_RIGHT))
    ends = [(1.0, 1.2), (11.0, 1.2)]
    result = plans.plan(grid, *(ends[::-1] if turned else ends))
    path = result.path
    middle = np.abs(path.points[:, 0] - 6.0) < 3.0
    y = path.points[middle, 1]
    assert (y > 1.2).all() if turned else (y < 1.2).all()
    # The straightened path costs no more than the field says, and more the other way round.
    assert result.cost_of(path) <= 1.001 * result.cost_to_go.values[12, 110 if turned else 10] + 0.2
    again = plans.plan(grid, *(ends[::-1] if turned else ends))
    np.testing.assert_array_equal(again.path.points, path.points)


def test_directions_at_places_lead_round(tmp_path):
    """Of two parallel corridors the one with traffic in this direction is taken."""
    occupied = np.zeros((40, 120), dtype=bool)
    occupied[[0, -1]] = occupied[:, [0, -1]] = True
    occupied[18:22, 15:105] = True
    grid = GridMap(occupied, 0.1, Pose(0.0, 0.0, 0.0))
    directions = np.zeros((4, *occupied_share(grid, BLOCK).shape), dtype=np.float32)
    directions[3, :10] = 2.0  # towards +x: not through the lower corridor
    directions[1, 10:] = 2.0  # towards -x: not through the upper one
    plans = planner(tmp_path, habits_on(grid, directions=directions))
    there = plans.plan(grid, (1.0, 2.0), (11.0, 2.0)).path
    back = plans.plan(grid, (11.0, 2.0), (1.0, 2.0)).path
    assert there.point_at(there.length / 2)[1] > 2.2
    assert back.point_at(back.length / 2)[1] < 1.8


def test_equal_directions_are_the_cost_of_cells():
    rng = np.random.default_rng(0)
    cost = np.where(rng.random((20, 30)) < 0.2, np.inf, rng.uniform(1.0, 4.0, (20, 30)))
    cost[3, 4] = 1.0
    directed = solve_edges(edge_costs(np.stack([cost] * 8)), (3, 4)).values
    np.testing.assert_allclose(directed, solve_field(cost, (3, 4)).values, rtol=1e-12)


def test_a_factor_by_direction_can_be_given_with_a_request():
    grid = corridor()
    plans = GlobalPlanner(PlannerSettings(robot_radius=0.2))
    factor = np.ones((8, *grid.shape))
    factor[:, :13] = 4.0
    path = plans.plan(grid, (1.0, 1.2), (11.0, 1.2), directed=factor).path
    assert path.points[:, 1].max() > 1.25
    refused = plans.plan(grid, (1.0, 1.2), (11.0, 1.2), directed=factor[:, 1:])
    assert refused.status is PlanStatus.INVALID_INPUT


def test_the_place_across_a_corridor_is_seen_from_the_direction_of_travel():
    grid = corridor()
    place = across(grid.occupied, grid.resolution)
    right, left = place[3, 5, 60], place[1, 5, 60]  # low y: the right side towards +x (+column)
    assert right < 0.25 < 0.75 < left
    assert right + left == pytest.approx(1.0)
    assert np.isnan(place[0, 5, 60])  # across the corridor there is no corridor


def test_half_axes_make_moves():
    terms = along_axes(np.array([1.0, 2.0, 3.0, 4.0]))
    np.testing.assert_allclose(terms[:4], [1.0, 2.0, 3.0, 4.0])
    np.testing.assert_allclose(terms[4], (1.0 + 2.0) / np.sqrt(2.0))
